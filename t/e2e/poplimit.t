#!/usr/bin/perl
# poplimit: so many sessions of an address at once, whatever ends them, and
# however many come together.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use File::Temp qw(tempdir);
use IO::Socket::INET;
use Pop;
use Test::More;
use Time::HiRes qw(time);

my $limit = "$Pop::BUILD/poplimit";
my $dir = tempdir('popper-test.XXXXXX', TMPDIR => 1, CLEANUP => 1);
my $slots = "$dir/run/slots";
my $full = "-ERR [SYS/TEMP] Too many connections from your address, " .
    "try again later.\r\n";

# What a session of this address runs: it says "in" and lives until its input
# ends.  Returns its pid, what it says, and the other end of its input.
sub start {
	my ($ip, @args) = @_;
	my @run = grep { ref } @args;
	@args = grep { !ref } @args;
	pipe my $in, my $hold or die;
	pipe my $out, my $say or die;
	my $pid = fork;
	die "fork: $!" unless defined $pid;
	if ($pid == 0) {
		close $hold;
		close $out;
		$ENV{TCPREMOTEIP} = $ip;
		delete $ENV{TCPREMOTEIP} unless defined $ip;
		open STDIN, '<&', $in;
		open STDOUT, '>&', $say;
		open STDERR, '>>', "$dir/log";
		{ no warnings; exec $limit, @args, @run ? @{ $run[0] } :
		    ('sh', '-c', 'echo in; read -r line'); }
		POSIX::_exit(127);
	}
	return { pid => $pid, out => $out, hold => $hold };
}

sub said {
	my ($s) = @_;
	my $out = $s->{out};
	return $s->{said} = <$out>;
}

sub end {
	my ($s) = @_;
	close $s->{hold};
	waitpid $s->{pid}, 0;
	return $? >> 8;
}

sub logged {
	my $text = Pop::slurp("$dir/log");
	unlink "$dir/log";
	return defined $text ? $text : '';
}

# Is there room for one more of two?
sub room {
	my ($ip, @more) = @_;
	my $s = start($ip, '-n', 2, '-d', "$dir/run", @more);
	my $said = said($s);
	my $code = end($s);
	return defined $said && $said eq "in\n" && $code == 1 ? 1 : 0;
}

my @two = map { start('192.0.2.1', '-n', 2, '-d', "$dir/run") } 1, 2;
is_deeply([map { said($_) } @two], ["in\n", "in\n"], 'two of two');
is((stat "$dir/run")[2] & 07777, 0700, 'the folder was made');
is((stat $slots)[2] & 07777, 0600, 'and the file');
my $third = start('192.0.2.1', '-n', 2, '-d', "$dir/run");
is(said($third), $full, 'the third is told');
is(end($third), 1, 'and ends with 1');
is(logged(), "poplimit[$third->{pid}]: 192.0.2.1 has 2 sessions already: " .
    "refused\n", 'one line in the log');
$third = start('192.0.2.1', '-q', '-n', 2, '-d', "$dir/run");
is(said($third), undef, '-q says nothing to the client');
is(end($third), 1, 'and ends with 1, too');
like(logged(), qr/refused\n\z/, 'the log has it');
ok(room('192.0.2.2'), 'another address has its own');
ok(!room('::ffff:192.0.2.1'), 'IPv4 that is mapped counts as IPv4');
ok(!room('::ffff:c000:201'), 'however it is written');
ok(room('::192.0.2.1'), 'this is none');
kill 'KILL', $two[0]{pid};
waitpid $two[0]{pid}, 0;
ok(room('192.0.2.1'), 'one that was killed counts no more');
is(-s $slots, 0, 'the file stays empty');

# A child that has what its parent had counts on.
my $parent = start('192.0.2.1', '-n', 2, '-d', "$dir/run",
    ['sh', '-c', 'exec 9<&0; (echo in; read -r line) <&9 & wait']);
is(said($parent), "in\n", 'a session with a child');
kill 'KILL', $parent->{pid};
waitpid $parent->{pid}, 0;
ok(!room('192.0.2.1'), 'whose child goes on');
close $parent->{hold};
close $parent->{out};
my $until = time + $Pop::PATIENCE;
select undef, undef, undef, 0.02 until room('192.0.2.1') || time > $until;
ok(room('192.0.2.1'), 'until it ends');
end($two[1]);

# IPv6: a /64 is one.
my @six = map { start($_, '-n', 2, '-d', "$dir/run") } '2001:db8:1:2::1',
    '2001:db8:1:2:ffff:ffff:ffff:ffff';
is_deeply([map { said($_) } @six], ["in\n", "in\n"], 'two of a /64');
ok(!room('2001:DB8:1:2:0:0:3:4'), 'a third of it');
ok(room('2001:db8:1:3::1'), 'one beside it');
ok(room('2001:db8:0:2::1'), 'another one');
ok(room('32.1.13.184'), 'IPv4 with the same octets');
end($_) for @six;
@six = map { start("fe80::$_%eth$_", '-n', 2, '-d', "$dir/run") } 1, 2;
is_deeply([map { said($_) } @six], ["in\n", "in\n"], 'an address with a zone');
ok(!room('fe80::9'), 'is counted without');
end($_) for @six;

# The loopback is one.
my @loop = map { start($_, '-n', 2, '-d', "$dir/run") } '127.0.0.1',
    '127.255.1.2';
is_deeply([map { said($_) } @loop], ["in\n", "in\n"], 'two of the loopback');
ok(!room('127.0.0.3'), 'a third of it');
ok(!room('::ffff:127.9.9.9'), 'and mapped');
ok(room($_), "$_ is none of it") for '126.255.255.255', '128.0.0.0', '::1';
end($_) for @loop;

# Where no address ends another one begins.
for my $n (1, 1000) {
	my @s = map { start($_, '-n', $n, '-d', "$dir/run") } '10.0.0.255',
	    '10.0.1.0', '0.0.0.0', '255.255.255.255';
	is_deeply([map { said($_) } @s], [("in\n") x 4], "-n $n");
	end($_) for @s;
}

# Two hundred at once.
my @many = map { start('192.0.2.9', '-n', 10, '-d', "$dir/run") } 1 .. 200;
said($_) for @many;
is(scalar(grep { $_->{said} eq "in\n" } @many), 10, 'ten of two hundred');
is(scalar(grep { $_->{said} eq $full } @many), 190, 'and all others refused');
end($_) for @many;
@many = map { start('192.0.2.9', '-n', 10, '-d', "$dir/run",
    ['sh', '-c', "echo + >>$dir/count; echo - >>$dir/count"]) } 1 .. 200;
end($_) for @many;
my ($now, $most) = (0, 0);
for (split /\n/, Pop::slurp("$dir/count")) {
	$now += $_ eq '+' ? 1 : -1;
	$most = $now if $now > $most;
}
is($now, 0, 'two hundred that come and go');
cmp_ok($most, '<=', 10, "never more than ten: $most");
logged();

# Wrong use.
for (['-n 0', '-n', 0, '-d', $dir], ['-n 1001', '-n', 1001],
    ['-n x', '-n', 'x'], ['-n -1', '-n', '-1'], ['no -n', '-d', $dir],
    ['an unknown option', '-x', '-n', 1]) {
	my ($what, @args) = @$_;
	my $s = start('192.0.2.1', @args);
	is(said($s), undef, "$what: nothing is run");
	is(end($s), 100, "$what: 100");
	like(logged(), qr/^poplimit\[\d+\]: .*usage: poplimit/, 'and why');
}
my $s = start('192.0.2.1', '-n', 1, '-d', "$dir/run", []);
is(said($s), undef, 'no program');
is(end($s), 100, 'no program: 100');
logged();

# What cannot be counted is refused.
sub refused {
	my ($what, $why, $ip, @args) = @_;
	my $t = start($ip, '-n', 1, @args);
	like(said($t), qr/^-ERR \[SYS\/PERM\] .*\r\n\z/, "$what: -ERR");
	is(end($t), 111, "$what: 111");
	like(logged(), $why, "$what: the log says why");
	$t = start($ip, '-q', '-n', 1, @args);
	is(said($t), undef, "$what: nothing with -q");
	is(end($t), 111, "$what: 111 with -q");
	logged();
}
for my $ip ('', 'unknown', '1.2.3', '1.2.3.4.5', '1.2.3.4 ', '::g', "1\n2",
    '192.0.2.1%lo/') {
	refused("\"$ip\"", qr/is no address: refused$/, $ip, '-d', "$dir/run");
}
refused('no address', qr/"the client" is no address/, undef, '-d', "$dir/run");
refused('no folder', qr{Unable to open or make \Q$dir/a/b\E: }, '192.0.2.1',
    '-d', "$dir/a/b");
refused('a file for a folder', qr/Not a directory/, '192.0.2.1', '-d',
    "$dir/count");
mkdir "$dir/open";
chmod 0777, "$dir/open";
refused('a folder of all', qr/can be changed by others/, '192.0.2.1', '-d',
    "$dir/open");
mkdir "$dir/link", 0700;
Pop::spew("$dir/target", '');
symlink "$dir/target", "$dir/link/slots";
refused('a symbolic link', qr/is a symbolic link/, '192.0.2.1', '-d',
    "$dir/link");
unlink "$dir/link/slots";
link "$dir/target", "$dir/link/slots";
refused('a second link', qr/has more than one link/, '192.0.2.1', '-d',
    "$dir/link");
unlink "$dir/link/slots";
mkdir "$dir/link/slots";
refused('a folder for a file', qr/is not a regular file/, '192.0.2.1', '-d',
    "$dir/link");
refused('no program', qr{Unable to run /nonexistent: }, '192.0.2.1', '-d',
    "$dir/run", ['/nonexistent']);
SKIP: {
	skip 'needs root', 5 unless $> == 0;
	chown 1879000201, -1, "$dir/target";
	rmdir "$dir/link/slots";
	unlink "$dir/link/slots";
	rename "$dir/target", "$dir/link/slots";
	refused("another's file", qr/belongs to somebody else/, '192.0.2.1',
	    '-d', "$dir/link");
}

# fd 2 that was closed does not become the file of slots.
$s = start('192.0.2.1', '-n', 1, '-d', "$dir/run",
    ['sh', '-c', 'ls -l /proc/$$/fd']);
my $out = $s->{out};
my @fds = grep { /slots/ } <$out>;
end($s);
like("@fds", qr/ ([3-9]|\d\d) -> \Q$slots\E$/, 'one fd, above 2');
is(scalar @fds, 1, 'and no other');
pipe my $list, my $to or die;
my $pid = fork;
if ($pid == 0) {
	POSIX::close($_) for 0, 2;
	POSIX::dup2(fileno $to, 1);
	$ENV{TCPREMOTEIP} = '192.0.2.1';
	{ no warnings; exec $limit, '-n', 1, '-d', "$dir/run", 'sh', '-c',
	    'ls -l /proc/$$/fd'; }
	POSIX::_exit(127);
}
close $to;
@fds = <$list>;
waitpid $pid, 0;
ok(!(grep { / [012] -> .*slots/ } @fds), 'with fds 0 and 2 closed')
    or diag(@fds);

# popper behind it: the slot lasts as long as the session, before log-in and
# after it, and no longer.
my $host = Pop->new(users => ['alice', 'bob']);
my @before = ($limit, '-n', 2, '-d', "$host->{dir}/run");
$host->spool('alice', '');
my $front = $host->connect(before => \@before);
like($front->{greeting}, qr/^\+OK popper/, 'a session that is not logged in');
my $in = $host->login('alice', before => \@before);
is($host->connect(before => \@before)->{greeting} . "\r\n", $full,
    'and one that is: the third is refused');
like($host->connect(before => \@before,
    env => { TCPREMOTEIP => '192.0.2.7' })->{greeting}, qr/^\+OK/,
    'another address');
my ($child) = split ' ', Pop::slurp(
    "/proc/$front->{pid}/task/$front->{pid}/children");
ok(!(grep { (readlink || '') =~ /slots$/ } glob "/proc/$child/fd/*"),
    'the front does not have it');
$in->quit;
my $next = $host->login('bob', before => \@before);
like($next->{welcome}, qr/^\+OK/, 'after QUIT there is room');
kill 'KILL', $front->{pid};
waitpid $front->{pid}, 0;
like($host->connect(before => \@before)->{greeting}, qr/^\+OK/,
    'after a kill, too');
$next->quit;

# A real listener, and addresses from the socket, not from the environment.
pipe my $reader, my $writer or die;
my $server = fork;
if ($server == 0) {
	open STDOUT, '>&', $writer;
	open STDERR, '>>', $host->{log};
	exec qw(tcpserver -1HRD -l mail.test 127.0.0.1 0), qw(env -u TCPREMOTEIP),
	    @before, $Pop::POPPER, '-f', $host->{conf};
}
close $writer;
chomp(my $port = <$reader>);
my $main = $$;
END {
	if ($server && $$ == $main) {
		local $?;
		kill 'TERM', $server;
		waitpid $server, 0;
	}
}
my @client = map { IO::Socket::INET->new(PeerAddr => '127.0.0.1',
    PeerPort => $port) or die } 1, 2;
like($_->getline, qr/^\+OK/, 'under tcpserver') for @client;
my $more = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port);
is($more->getline, $full, 'and one too many');
is($more->getline, undef, 'is closed');
like($host->log_text, qr/^poplimit\[\d+\]: 127\.0\.0\.1 has 2 sessions/m,
    'the address of the socket');
$more = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port,
    LocalAddr => '127.0.0.2');
is($more->getline, $full, 'also from another one of the loopback');
print { $client[0] } "QUIT\r\n";
1 while $client[0]->getline;
$until = time + $Pop::PATIENCE;
my $again;
do {
	my $c = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
	    PeerPort => $port);
	$again = $c->getline;
} until $again =~ /^\+OK/ || time > $until;
like($again, qr/^\+OK/, 'and who left makes room');
done_testing;
