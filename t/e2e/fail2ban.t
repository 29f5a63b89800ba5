#!/usr/bin/perl
# The filter for fail2ban, with Debian's own fail2ban-regex, on lines that the
# real programs wrote: every failure counts for the address that it came from,
# and for none that a client can make up.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Pop;
use Test::More;
use Unpacked;

my $filter = "$Pop::TOP/contrib/fail2ban/popper.conf";
plan skip_all => 'no python3' if system('python3 -c "" 2>/dev/null') != 0;
my $root = Unpacked::root('fail2ban');
plan skip_all => 'the package fail2ban cannot be had' unless $root;

# The addresses that it finds in a file, sorted, and how many times.
sub found {
	my ($file, $mode) = @_;
	local $ENV{PYTHONPATH} = "$root/usr/lib/python3/dist-packages";
	local $ENV{PYTHONDONTWRITEBYTECODE} = 1;
	open my $out, '-|', 'python3', "$root/usr/bin/fail2ban-regex", '-c',
	    "$root/etc/fail2ban", '-o', 'ip', $file, "$filter$mode" or die;
	my %n;
	while (<$out>) {
		chomp;
		$n{$_}++;
	}
	close $out or die 'fail2ban-regex failed';
	return \%n;
}

my $host = Pop->new(users => ['alice']);
my $forged = '1.2.3.4';
my $line = '[AUTH] Failed attempted login to x from host (1.2.3.4) 1.2.3.4';
my @open;
my $n = 0;
my %want;

# A client that has this name and address, says this, and counts or not.
sub client {
	my ($counts, $name, @say) = @_;
	my $ip = $n++ % 3 == 2 ? sprintf('2001:db8::%x', $n) : "192.0.2.$n";
	my $s = $host->connect(env => { TCPREMOTEIP => $ip,
	    TCPREMOTEHOST => $name });
	$s->put("$_\r\n") for @say;
	push @open, $s;
	$want{$ip} = $counts if $counts;
	return $ip;
}

my $plain = client(1, 'client.example.org', 'USER alice', 'PASS wrong');
client(1, 'client.example.org', 'USER nobody', 'PASS wrong');
client(1, 'client.example.org', 'APOP alice ' . '0' x 32);
client(1, undef, 'USER alice', 'PASS wrong');
client(1, 'client.example.org', 'USER alice', 'QUIT');
# names that try to be an address
client(1, "x) $forged", 'USER alice', 'PASS wrong');
client(1, "evil (x) $forged\n$line", 'USER alice', 'PASS wrong');
client(1, "evil ($forged)", 'USER alice', 'QUIT');
client(1, $line, 'USER alice', 'QUIT');
client(1, 'client.example.org', "USER from_host_($forged)_$forged",
    'PASS wrong');
client(1, 'client.example.org', "USER [AUTH]", 'PASS wrong');
client(1, 'client.example.org', "USER $forged", 'PASS x');
client(1, 'client.example.org', "USER ($forged)", 'QUIT');
# nothing of this is a failure, and no line of it can look so
client(0, 'client.example.org', "USER x from host ($forged) $forged", 'QUIT');
client(0, 'client.example.org', "USER x\tfrom\thost\t($forged)\t$forged",
    'QUIT');
client(0, $line, $line, 'QUIT');
client(0, 'client.example.org', "USER \r$line\n$line", $line, 'QUIT');
client(0, "\n\@400000006553f10000000000 popper[1]: $line", 'QUIT');
client(0, 'client.example.org', 'QUIT');
client(0, 'client.example.org', 'USER alice', 'PASS secret', 'QUIT');
client(0, 'client.example.org', "USER alice", "PASS secret", $line, 'QUIT');
is(scalar keys %want, 13, 'thirteen that count');
for (@open) {
	$_->rest;
	$_->wait_end;
}

# One that fails again counts again.
for (1, 2) {
	my $s = $host->connect(env => { TCPREMOTEIP => $plain });
	$s->cmd('USER alice');
	$s->put("QUIT\r\n");
	$s->rest;
	$s->wait_end;
	$want{$plain}++;
}

# poplimit's refusals
{
	my @before = ("$Pop::BUILD/poplimit", '-n', 1, '-d',
	    "$host->{dir}/run");
	my %there = (TCPREMOTEIP => '198.51.100.7');
	my $s = $host->connect(before => \@before, env => \%there);
	like($host->connect(before => \@before, env => \%there)->{greeting},
	    qr/^-ERR \[SYS\/TEMP\] Too many/, 'poplimit refuses') for 1, 2;
	like($host->connect(before => \@before, silent => 0,
	    env => { TCPREMOTEIP => $line })->{greeting}, qr/^-ERR/,
	    'and what is no address');
	$s->quit;
}

# poppassd, whose program refuses old passwords and says why
{
	my $ip = 'a';
	mkdir "$host->{dir}/empty", 0755;
	my $end = ': the old one was refused';
	my @tail = ("$end", "$end: why", ': cannot tell now');
	my @pids;
	# by exit code: whether it counts
	for my $case ([1, 'client.example.org', 'alice', 1, 'no: such (user)'],
	    [1, 'client.example.org', 'alice', 1, ''],
	    [1, undef, "x)$forged", 1, 'x) refused'],
	    (map { [1, "x) $forged$_", 'alice', 1, 'why'],
		[0, "x) $forged$_", 'alice', 111, 'why'] } @tail),
	    [0, 'client.example.org', 'alice', 111, 'no disk'],
	    [1, "\n\@400000006553f10000000000 poppassd[1]: password of \"x\" " .
		"not changed from (x) $forged$end", 'alice', 1, 'why']) {
		my ($counts, $name, $user, $code, $why) = @$case;
		my $from = $ip++ eq 'c' ? '2001:db8::f00d' : sprintf
		    '203.0.113.%d', 1 + @pids;
		my $pid = fork // die;
		if (!$pid) {
			%ENV = (PATH => $ENV{PATH}, TCPREMOTEIP => $from,
			    ASAN_OPTIONS => $ENV{ASAN_OPTIONS} || '');
			$ENV{TCPREMOTEHOST} = $name if defined $name;
			open STDERR, '>>', $host->{log} or die;
			exec 'sh', '-c', 'printf "user $1\npass x\n" |
			    "$0" -e "$2" sh -c "echo \"$3\" >&2; exit $4" |
			    grep -q "^[45]00 "', "$Pop::BUILD/poppassd", $user,
			    "$host->{dir}/empty", $why, $code;
		}
		push @pids, $pid;
		$want{$from} = 1 if $counts;
	}
	is(join(' ', map { waitpid $_, 0; $? } @pids), join(' ', (0) x @pids),
	    'poppassd refuses');
}
my $log = $host->log_text;
like($log, qr/\Q$forged\E/, 'the log has the address that was made up');

# multilog's stamps, as the service has them
my $main = "$host->{dir}/main";
open my $to, '|-', 'multilog', 't', $main or die;
print $to $log;
close $to;
like(Pop::slurp("$main/current"), qr/^\@[0-9a-f]{24} popper\[\d+\]: /,
    'TAI64N');
is_deeply(found("$main/current", ''), \%want, 'log-ins and probes');
is_deeply(found("$main/current", '[mode=limit]'), { '198.51.100.7' => 2 },
    'refusals of poplimit');

# syslog, old and new, and a trace file
for (['syslog', POSIX::strftime('%b %e %H:%M:%S mail ', localtime)],
    ['rfc3339', POSIX::strftime('%Y-%m-%dT%H:%M:%S.123456+00:00 mail.test ',
	gmtime)],
    ['trace', POSIX::strftime('%b %e %H:%M:%S ', localtime)]) {
	my ($name, $head) = @$_;
	Pop::spew("$host->{dir}/$name", $log =~ s/^/$head/mgr);
	is_deeply(found("$host->{dir}/$name", ''), \%want, "$name");
	is_deeply(found("$host->{dir}/$name", '[mode=limit]'),
	    { '198.51.100.7' => 2 }, "$name: refusals of poplimit");
}

# a trace file that popper wrote itself
{
	my $trace = "$host->{dir}/tracefile";
	$host->configure("set tracefile = $trace\n");
	for (1, 2) {
		my $s = $host->connect(env => { TCPREMOTEIP => '192.0.2.98' });
		$s->cmd('USER alice');
		$s->put("QUIT\r\n");
		$s->rest;
		$s->wait_end;
	}
	like(Pop::slurp($trace), qr/^\w{3} [ \d]\d [\d:]{8} popper\[\d+\]: P/m,
	    'a trace file');
	is_deeply(found($trace, ''), { '192.0.2.98' => 2 }, 'and its lines');
}

# after lines that were lost
Pop::spew("$host->{dir}/lost", "Nov 22 14:00:00 mail popper[1]: (3 lines " .
    "lost) [AUTH] Failed attempted login to a from host (h) 192.0.2.99\n");
is_deeply(found("$host->{dir}/lost", ''), { '192.0.2.99' => 1 },
    'behind lost lines');

# The jails are read, with the filter in its place.
my $etc = "$host->{dir}/fail2ban";
system('cp', '-R', "$root/etc/fail2ban", $etc) == 0 or die;
system('cp', $filter, "$etc/filter.d/popper.conf");
my $jail = Pop::slurp("$Pop::TOP/contrib/fail2ban/popper-jail.conf");
$jail =~ s/^logpath = .*/logpath = $main\/current/mg;
$jail =~ s/^enabled = false/enabled = true/mg;
Pop::spew("$etc/jail.d/popper.conf", $jail);
Pop::spew("$etc/jail.d/defaults-debian.conf", '');
{
	local $ENV{PYTHONPATH} = "$root/usr/lib/python3/dist-packages";
	local $ENV{PYTHONDONTWRITEBYTECODE} = 1;
	my $got = `python3 $root/usr/bin/fail2ban-client -c $etc --dp 2>&1`;
	is($?, 0, 'the jails can be read') or diag($got);
	like($got, qr/'popper', 'maxretry', 10\b/, 'popper');
	like($got, qr/'poppassd', 'maxretry', 10\b/, 'poppassd');
	like($got, qr/'popper-limit', 'maxretry', 200\b/, 'popper-limit');
	like($got, qr/'set', 'popper', 'addlogpath', '\Q$main\E\/current'/,
	    'its log');
	like($got, qr/'set', 'popper-limit', 'addfailregex', '[^\n]*poplimit/,
	    'its mode');
}
done_testing;
