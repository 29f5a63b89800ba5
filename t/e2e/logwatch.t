#!/usr/bin/perl
# Debian's logwatch counts what its report about Qpopper has, in lines that the
# real programs wrote: of syslog, old and new, and of multilog.
use strict;
use warnings;
use File::Path qw(make_path);
use FindBin;
use lib "$FindBin::Bin/../lib";
use Mbox;
use MIME::Base64;
use Pop;
use POSIX qw(strftime);
use Test::More;
use Unpacked;

my $root = Unpacked::root('logwatch');
plan skip_all => 'the package logwatch cannot be had' unless $root;

# noon, so that all is today
my $east = 12 - (gmtime)[2];
$ENV{TZ} = sprintf 'TST%d', -$east;
POSIX::tzset();

my $conf = "set log-login\nset statistics\nset timing\n";
my $host = Pop->new(users => [qw(alice bob carol)], conf => $conf);
my $dir = $host->{dir};
my $ours = "$Pop::TOP/contrib/logwatch";

# logwatch with its folders below one of the test's
my $base = "$root/usr/share/logwatch";
my $etc = "$dir/etc";
make_path("$etc/conf/services", "$etc/conf/logfiles", "$dir/tmp", "$dir/logs",
    "$dir/none");
my $program = Pop::slurp("$root/usr/sbin/logwatch");
$program =~ s{^(my \$BaseDir = )"/usr/share/logwatch"}{$1"$base"}m or die;
$program =~ s{^(my \$ConfigDir = )"/etc/logwatch"}{$1"$etc"}m or die;
$program =~ s{"/var/cache/logwatch"}{"$dir/tmp"} or die;
Pop::spew("$dir/logwatch", $program);

# What it says of the logs in a folder, and of multilog's.
sub report {
	my ($folder) = @_;
	my $how = '--service in.qpopper --detail high --range today';
	my $text = `perl $dir/logwatch $how --output stdout --logdir $folder 2>&1`;
	die "logwatch failed: $text" unless $? == 0;
	return $text;
}

# The report as counts.
sub counts {
	my ($text) = @_;
	my %n = (plain => {}, apop => {}, stats => {}, failed => {}, other => {});
	my $in = '';
	for (split /\n ?/, $text) {
		if (/^(Plaintext Conn|APOP Conn|User Stat|Failed Log|\*\*Unm)/) {
			$in = { P => 'plain', A => 'apop', U => 'stats',
			    F => 'failed', '*' => 'other' }->{substr $1, 0, 1};
		} elsif ($in =~ /^(?:plain|apop)$/ && /^   (\d+) from (\S+)$/) {
			$n{$in}{$2} = $1;
		} elsif ($in eq 'stats' && /^\w+(?:[ |]+\d+){5}[ |]+$/) {
			my ($who, @n) = split /[ |]+/;
			$n{stats}{$who} = "@n";
		} elsif ($in eq 'failed' && /^  (\S+): (\d+) time/) {
			$n{failed}{$1} = $2;
		} elsif ($in eq 'other' && /^   (.*): (\d+) Time\(s\)$/) {
			$n{other}{$1} = $2;
		}
	}
	return \%n;
}

my %want = (plain => {}, apop => {}, failed => {}, stats => {}, other => {});
my %stats;

# A session of this user that deletes so many messages of those he has.
sub session {
	my ($user, $ip, $how, $deletes) = @_;
	my $s = $host->connect(env => { TCPREMOTEIP => $ip,
	    TCPREMOTEHOST => 'client.example.org' });
	if ($how eq 'apop') {
		like($s->apop($user, 'tanstaaf'), qr/^\+OK/, "APOP of $user");
		$want{apop}{$user}++;
	} elsif ($how eq 'plain') {
		like($s->cmd('AUTH PLAIN ' . encode_base64("\0$user\0secret", '')),
		    qr/^\+OK/, "AUTH PLAIN of $user");
	} else {
		$s->cmd("USER $user");
		like($s->cmd('PASS secret'), qr/^\+OK/, "PASS of $user");
	}
	$want{plain}{$ip}++;
	my (undef, $list) = $s->multi('LIST');
	my @size = $list =~ /^\d+ (\d+)\r$/mg;
	my $stats = $stats{$user} ||= [ 0, 0, 0, 0, 0 ];
	$stats->[0]++;
	for (1 .. $deletes) {
		like($s->cmd("DELE $_"), qr/^\+OK/, "DELE $_");
		$stats->[1]++;
		$stats->[2] += shift @size;
	}
	$stats->[3] = @size;
	$stats->[4] = 0;
	$stats->[4] += $_ for @size;
	return $s;
}

my @failed;
sub failed {
	my ($user, @say) = @_;
	my $s = $host->connect;
	$s->put("$_\r\n") for @say;
	push @failed, $s;
	$want{failed}{$user}++;
}

for (qw(alice bob carol)) {
	$host->spool($_, join '', map {
		Mbox::message($_, 'x' x 70 . "\n" . "y\n" x ($_ * 1000)) } 1 .. 5);
}
session('alice', '192.0.2.1', 'pass', 2)->quit;
session('alice', '192.0.2.1', 'pass', 1)->quit;
session('alice', '2001:db8::7', 'plain', 0)->quit;
session('bob', '192.0.2.2', 'apop', 5)->quit;
session('bob', '192.0.2.1', 'apop', 0)->quit;
session('carol', '192.0.2.3', 'pass', 0)->quit;
# one that is refused while another one is open, and one that vanishes
my $open = session('carol', '192.0.2.3', 'apop', 1);
{
	my $s = $host->connect;
	$s->cmd('USER carol');
	like($s->cmd('PASS secret'), qr/^-ERR \[IN-USE\]/, 'in use');
	$s->rest;
	$s->wait_end;
}
$open->quit;
my $gone = session('carol', '192.0.2.3', 'pass', 0);
$gone->wait_end;
my $normal = $host->log_text;

failed('alice', 'USER alice', 'PASS wrong') for 1, 2;
failed('nemo', 'USER nemo', 'PASS wrong');
failed('bob', 'APOP bob ' . '0' x 32);
failed('carol', 'AUTH PLAIN ' . encode_base64("\0carol\0wrong", ''));
for (@failed) {
	$_->rest;
	$_->wait_end;
}

# what logwatch does not know: client's errors, a probe, a time-out
my $s = session('alice', '192.0.2.1', 'pass', 0);
like($s->cmd('RETR 99'), qr/^-ERR/, 'RETR 99');
like($s->cmd('FOO'), qr/^-ERR/, 'FOO');
$s->quit;
$host->connect->wait_end;
$s = $host->connect;
$s->cmd('USER alice');
$s->wait_end;
$host->configure("${conf}set timeout = 1\n");
$s = $host->connect;
$s->rest;
$s->wait_end;

$want{stats} = { map { my @n = @{ $stats{$_} };
	$_ => join ' ', @n[0, 1], int($n[2] / 1024), $n[3], int($n[4] / 1024)
    } keys %stats };
$want{stats}{TOTALS} = do {
	my @t = (0) x 5;
	for my $n (values %stats) {
		$t[$_] += $n->[$_] for 0 .. 4;
	}
	join ' ', @t[0, 1], int($t[2] / 1024), $t[3], int($t[4] / 1024);
};
my $us = '192.0.2.1 (192.0.2.1)';
$want{other} = {
	"alice at $us: -ERR Message 99 does not exist." => 1,
	"alice at $us: -ERR Unknown command: \"foo\"." => 1,
	"Possible probe of account alice from host $us" => 1,
	"Timeout (1 secs) during nw read from (null) at $us" => 1,
	"(null) at $us: -ERR POP timeout" => 1,
	'Log-in of alice refused: the proof is wrong' => 2,
	'Log-in of nemo refused: no such user' => 1,
	'Log-in of bob refused: the proof is wrong' => 1,
	'Log-in of carol refused: the proof is wrong' => 1,
};

my $log = $host->log_text;
my $foreign = "poplimit[7]: 192.0.2.9 has 1 sessions already: refused\n" .
    "dovecot[8]: Stats: dave 1 2 3 4 h 192.0.2.9\n" .
    "login[9]: popper[1]: Stats: dave 1 2 3 4 h 192.0.2.9\n";
my %head = (
	syslog => strftime('%b %e %H:%M:%S mail ', localtime),
	rfc3339 => strftime('%Y-%m-%dT%H:%M:%S.123456', localtime) .
	    sprintf('%+03d:00 mail ', $east),
);

# as Debian has it: names of programs are in.qpopper and qpopper
make_path("$dir/logs/debian");
Pop::spew("$dir/logs/debian/mail.log", $log =~ s/^popper/$head{syslog}qpopper/mgr);
is_deeply(counts(report("$dir/logs/debian")), \%want,
    "Debian's configuration, with its name of the program");

# with ours
system('cp', "$ours/services/in.qpopper.conf", "$etc/conf/services") == 0 or die;
my $main = "$dir/service/qpopper/log/main";
make_path("$dir/service/qpopper/log");
$conf = Pop::slurp("$ours/logfiles/popper.conf");
is($conf =~ s{/etc/popper/}{$dir/}g, 4, 'its logs');
Pop::spew("$etc/conf/logfiles/popper.conf", $conf);
for (sort keys %head) {
	make_path("$dir/logs/$_");
	Pop::spew("$dir/logs/$_/mail.log", "$foreign$log" =~ s/^/$head{$_}/mgr .
	    strftime('%b %e %H:%M:%S mail ', localtime time - 86400) .
	    "popper[1]: Stats: erin 1 2 3 4 h 192.0.2.9\n");
	is_deeply(counts(report("$dir/logs/$_")), \%want, $_);
}

# multilog's, in several files
open my $to, '|-', 'multilog', 't', 's4096', $main or die;
print $to "$foreign$log";
close $to;
cmp_ok(scalar(() = glob "$main/\@*.s"), '>', 0, 'multilog has begun a new file');
is_deeply(counts(report("$dir/none")), \%want, 'multilog');
# nothing twice, nothing left out
is_deeply(counts(report("$dir/logs/syslog"))->{failed},
    { map { $_ => 2 * $want{failed}{$_} } keys %{ $want{failed} } },
    'both together');

system('rm', '-r', $main);
open $to, '|-', 'multilog', 't', $main or die;
print $to $normal;
close $to;
my $quiet = counts(report("$dir/none"));
is(delete $quiet->{stats}{carol}, '3 1 3 4 41', 'a normal day')
    or diag(explain($quiet));
is_deeply($quiet->{other}, {}, 'has no line that logwatch does not know');
done_testing;
