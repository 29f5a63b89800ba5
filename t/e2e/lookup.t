#!/usr/bin/perl
# Warnings of clients' names: what resolves and what does not, and that the
# process which looks is nobody's burden.  The test goes on in namespaces with
# an /etc/hosts, an /etc/resolv.conf and a name server of its own.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Cwd qw(abs_path);
use File::Temp qw(tempdir);
use IO::Socket::INET;
use Mbox;
use Pop;
use Socket;
use Test::More;
use Time::HiRes qw(time);

my $INSIDE = 'POPPER_TEST_NAMES';
my $sanitized = $Pop::BUILD =~ /asan/;
plan skip_all => 'needs root' if $> != 0;
unless ($ENV{$INSIDE}) {
	plan skip_all => 'no namespaces'
	    if system('unshare -mn ip link set lo up 2>/dev/null') != 0;
	my $etc = tempdir('popper-names.XXXXXX', TMPDIR => 1, CLEANUP => 1);
	chmod 0755, $etc;
	Pop::spew("$etc/hosts", "127.0.0.1 localhost\n" .
	    "192.0.2.1 listed.test\n192.0.2.9 moved.test\n", 0644);
	Pop::spew("$etc/resolv.conf", "nameserver 127.0.0.1\noptions timeout:5 attempts:1\n", 0644);
	$ENV{$INSIDE} = $etc;
	system('unshare', '-mn', 'sh', '-ec', <<'END', $^X, abs_path($0));
ip link set lo up
for f in hosts resolv.conf; do mount --bind "$POPPER_TEST_NAMES/$f" "/etc/$f"; done
exec "$0" "$1"
END
	exit $? >> 8;
}

# The name server: each name has the addresses of its row, or none; one that
# is not in the table gets no answer.
my %zone = (
	'good.test' => ['192.0.2.1'],
	'two.test' => ['192.0.2.7', '192.0.2.1'],
	'other.test' => ['192.0.2.7', '192.0.2.8'],
	'six.test' => ['2001:db8::1'],
	'none.test' => undef,
);
my $dns = IO::Socket::INET->new(Proto => 'udp', LocalAddr => '127.0.0.1',
    LocalPort => 53) or die "name server: $!";
my $server = fork;
if ($server == 0) {
	while (defined(my $from = recv $dns, my $query, 512, 0)) {
		my ($id, $rest) = unpack 'n x10 a*', $query;
		my $name = '';
		my $at = 0;
		while (my $n = ord substr $rest, $at, 1) {
			$name .= ($name eq '' ? '' : '.') . substr $rest, $at + 1, $n;
			$at += $n + 1;
		}
		my $question = substr $rest, 0, $at + 5;
		my ($type) = unpack 'n', substr $rest, $at + 1;
		next unless exists $zone{$name};
		my @answers = grep { length $_ == ($type == 28 ? 16 : 4) } map {
			/:/ ? Socket::inet_pton(AF_INET6, $_) : inet_aton $_
		} @{ $zone{$name} || [] };
		send $dns, pack('n6', $id, defined $zone{$name} ? 0x8180 : 0x8183, 1,
		    scalar @answers, 0, 0) . $question . join('', map {
			pack 'n n n N n/a*', 0xc00c, $type, 1, 60, $_ } @answers),
		    0, $from;
	}
	POSIX::_exit(0);
}
close $dns;
END {
	local $?;
	if ($ENV{$INSIDE} && defined $server && $server) {
		kill 'KILL', $server;
		waitpid $server, 0;
	}
}

my $host = Pop->new(conf => "set reverse-lookup\n");
$host->spool('alice', Mbox::message(1));

# What looks names up for a client of this address, once he is logged in; its
# first title is that of the process that forked it.
sub look_ups {
	my ($ip) = @_;
	return grep {
		my $title = Pop::slurp("/proc/$_/cmdline");
		defined $title &&
		    $title =~ /\Apopper: (?!\S+ at ).*\(\Q$ip\E\): /s
	} map { m{/proc/(\d+)} } glob '/proc/[1-9]*';
}
sub until_true {
	my ($what, $patience) = @_;
	my $end = time + ($patience || $Pop::PATIENCE);
	until ($what->()) {
		return 0 if time > $end;
		select undef, undef, undef, 0.01;
	}
	return 1;
}
# The warnings that a session gave, when nobody looks any more.
sub warnings_of {
	my ($env, @args) = @_;
	my $before = length $host->log_text;
	my $s = $host->login('alice', env => $env, args => \@args);
	until_true(sub { !look_ups($env->{TCPREMOTEIP} || '192.0.2.1') })
	    or fail('it ends');
	$s->quit;
	return substr $host->log_text, $before;
}

my $unknown = sub { qr/^popper\[\d+\]: Client at "\Q$_[0]\E" resolves to an unknown host name "\Q$_[1]\E"\n\z/ };
for (['listed.test', '192.0.2.1', qr/\A\z/, 'in /etc/hosts'],
    ['moved.test', '192.0.2.1', qr/\Apopper\[\d+\]: Client at "192.0.2.1" resolves to the host name "moved.test", which has other addresses\n\z/, 'in /etc/hosts with another address'],
    ['good.test', '192.0.2.1', qr/\A\z/, 'that has this address'],
    ['two.test', '192.0.2.1', qr/\A\z/, 'that has this address, too'],
    ['good.test', '::ffff:192.0.2.1', qr/\A\z/, 'IPv4 in IPv6'],
    ['six.test', '2001:db8::1', qr/\A\z/, 'IPv6'],
    ['six.test', '2001:db8:0:0::1', qr/\A\z/, 'IPv6, written otherwise'],
    ['other.test', '192.0.2.1', qr/\Apopper\[\d+\]: Client at "192.0.2.1" resolves to the host name "other.test", which has other addresses\n\z/, 'with other addresses'],
    ['six.test', '192.0.2.1', qr/has other addresses\n\z/, 'with one of IPv6 only'],
    ['none.test', '192.0.2.1', $unknown->('192.0.2.1', 'none.test'), 'that is not there'],
    ['192.0.2.1', '192.0.2.1', $unknown->('192.0.2.1', '192.0.2.1'), 'that is an address'],
    ["x y'\n", '192.0.2.1', $unknown->('192.0.2.1', 'x y??'), 'that cannot be one']) {
	my ($name, $ip, $want, $what) = @$_;
	like(warnings_of({ TCPREMOTEIP => $ip, TCPREMOTEHOST => $name }), $want,
	    "a name $what");
}
like(warnings_of({}), qr/\Apopper\[\d+\]: Unable to get canonical name of client 192\.0\.2\.1: \S.*\n\z/, 'no name');
like(warnings_of({ TCPREMOTEHOST => '' }), qr/Unable to get canonical name/, 'an empty name');

# Nobody looked names up: nothing to warn of.
is(warnings_of({ TCPREMOTEHOST => 'none.test' }, '-R'), '', '-R');
is(warnings_of({}, '-R'), '', '-R and no name');
is(warnings_of({ TCPREMOTEIP => undef, TCPREMOTEHOST => 'none.test' }), '',
    'without TCPREMOTEIP, as under inetd');

# A name server that says nothing holds nobody up.  What waits for it has
# nothing of ours, and ends with us.
sub waiting {
	my ($ip, @before) = @_;
	my %env = (TCPREMOTEHOST => 'silent.test', TCPREMOTEIP => $ip);
	my $s = $host->login('alice', env => \%env, before => \@before);
	my @pids;
	until_true(sub { @pids = look_ups($ip);
		@pids && (Pop::slurp("/proc/$pids[0]/status") || '') =~ /^Seccomp:\t2/m
		    || $sanitized && @pids }) or fail('it waits');
	return ($s, $pids[0]);
}
my ($s, $pid) = waiting('192.0.2.21');
my $status = Pop::slurp("/proc/$pid/status");
my ($uid) = $status =~ /^Uid:\t(\d+)\t\1\t\1\t\1$/m;
is($uid, 0x70000000 + $pid, 'a uid of its own');
like($status, qr/^Gid:\t$uid\t$uid\t$uid\t$uid$/m, 'a group of its own');
like($status, qr/^NoNewPrivs:\t1$/m, 'no new privileges');
like($status, qr/^CapPrm:\t0+$/m, 'no capabilities');
unlike($status, qr/^PPid:\t$s->{pid}$/m, 'it is no child of the session');
my @fds = map { readlink } glob "/proc/$pid/fd/*";
my @client = grep { /^socket/ } map { readlink } glob "/proc/$s->{pid}/fd/[01]";
is(scalar @client, 2, 'the session has the client') or diag "@client";
ok(!grep({ my $fd = $_; grep { $_ eq $fd } @client } @fds),
    'and the look-up has not') or diag "@fds";
cmp_ok(scalar @fds, '<=', 4, 'it has the log, the pipe and its own');
is($s->cmd('NOOP'), '+OK ', 'the session goes on');
my $begin = time;
kill 'KILL', $s->{pid};
waitpid $s->{pid}, 0;
$s->{code} = 0;
ok(until_true(sub { !kill 0, $pid }, 3), 'it ends with a session that was killed');
# whatever popper's starter ignores, or has blocked: SIGALRM and SIGIO
my @blocked = ('perl', '-MPOSIX', '-e', 'sigprocmask(SIG_BLOCK,
    POSIX::SigSet->new(14, 29)); exec @ARGV', '--');
my @ignored = ('perl', '-e', '@SIG{qw(ALRM IO CHLD)} = ("IGNORE") x 3;
    exec @ARGV', '--');
($s, $pid) = waiting('192.0.2.22', @blocked);
$s->quit;
ok(until_true(sub { !kill 0, $pid }, 3), 'and with one that ended');
cmp_ok(time - $begin, '<', 4, 'before it would have ended by itself');

($s, $pid) = waiting('192.0.2.23', @ignored);
no warnings "portable";
my ($blocked, $ignored) = map { hex } Pop::slurp("/proc/$pid/status") =~
    /^Sig(?:Blk|Ign):\t([0-9a-f]+)$/mg;
is($blocked, 0, 'no signal is blocked');
is($ignored & (1 << 13 | 1 << 28), 0, 'and those that end it are not ignored');
ok(until_true(sub { !kill 0, $pid }, 12), 'it ends by itself');
is($s->cmd('NOOP'), '+OK ', 'and the session does not');
like($host->log_text, qr/Unable to look up the host name "silent\.test" of the client at "192\.0\.2\.23": \S/,
    'with a line that says so');
$s->quit;
done_testing;
