#!/usr/bin/perl
# A client that vanishes, with no FIN and no RST, frees its maildrop within
# half a minute.  Server and clients have a network namespace each, made by
# the test, and the cable between them is pulled.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use IO::Socket::INET;
use Mbox;
use POSIX ();
use Pop;
use Socket;
use Test::More;
use Time::HiRes qw(time);

# more than the 30 s that popper has, because a loaded machine is no failure
my $LIMIT = 45;
my $PORT = 1100;
my $SERVER = '192.0.2.1';

# Inside a namespace this file is run again:
#     vanished.t session ADDRESS USER LINE ...
# logs in, sends the lines, says what the last reply was and waits unreading.
if (@ARGV && shift eq 'session') {
	my ($address, $user, @lines) = @ARGV;
	my $sock = IO::Socket::INET->new(Proto => 'tcp') or die;
	# what is not read stays in the server
	setsockopt $sock, SOL_SOCKET, SO_RCVBUF, 4096 or die;
	connect $sock, pack_sockaddr_in $PORT, inet_aton $address or die $!;
	$sock->autoflush(1);
	<$sock>;
	my $reply;
	for ("USER $user", 'PASS secret', @lines) {
		print $sock "$_\r\n";
		$reply = <$sock>;
	}
	$| = 1;
	print $reply if defined $reply;
	POSIX::pause() if $lines[-1] ne 'QUIT';
	# not the end of the test
	POSIX::_exit(0);
}

sub ip {
	return system("ip @_ >/dev/null 2>&1") == 0;
}

my (@made, @pids, @outs);
my $main = $$;
END {
	if ($$ == $main) {
		local $?;
		kill 'KILL', @pids;
		waitpid $_, 0 for @pids;
		ip("netns del $_") for @made;
	}
}

sub make_net {
	return 0 unless $> == 0;
	for my $end ('s', 'c') {
		ip("netns add popper-$$-$end") or return 0;
		push @made, "popper-$$-$end";
	}
	my ($s, $c) = map { "-n $_" } @made;
	return ip("$s link add s type veth peer name c " .
	    "address 02:00:00:00:00:02 netns $made[1]") &&
	    ip("$s addr add $SERVER/24 dev s") && ip("$s link set lo up") &&
	    ip("$s link set s up") && ip("$c addr add 192.0.2.2/24 dev c") &&
	    ip("$c link set c up") &&
	    # packets vanish, and nobody says that there is no such host
	    ip("$s neigh replace 192.0.2.2 lladdr 02:00:00:00:00:02 dev s " .
	    'nud permanent');
}

# A program in a namespace: its pid, and what it says.
sub in_ns {
	my ($name, @cmd) = @_;
	my $pid = open my $out, '-|';
	die "fork: $!" unless defined $pid;
	if ($pid == 0) {
		exec 'ip', 'netns', 'exec', $name, @cmd;
	}
	return ($pid, $out);
}

# A session that goes on, from the clients' side: the reply to the last line.
sub start {
	my ($user, @lines) = @_;
	my ($pid, $out) = in_ns($made[1], $^X, $0, 'session', $SERVER, $user,
	    @lines);
	push @pids, $pid;
	my $reply = <$out>;
	# to close it would wait for the session
	push @outs, $out;
	return $reply;
}

# A session from the server's side: what QUIT says, nothing if it was busy.
sub try {
	my ($user, $line) = @_;
	my $start = time;
	my ($pid, $out) = in_ns($made[0], $^X, $0, 'session', '127.0.0.1',
	    $user, $line, 'QUIT');
	my $reply = <$out>;
	close $out;
	return ($reply, time - $start);
}

plan skip_all => 'no network namespaces with veth here' unless make_net();

my @users = ('idle', 'deleting', 'reading');
# the spools are compared
my $host = Pop->new(users => [@users],
    conf => "reset update-status-headers\n");
my $small = join '', map { Mbox::message($_) } 1 .. 3;
my $big = $small . Mbox::message(4, ('x' x 76 . "\n") x 400_000);
$host->spool($_, $_ eq 'reading' ? $big : $small) for @users;

my $tcpserver = fork;
die "fork: $!" unless defined $tcpserver;
if ($tcpserver == 0) {
	open STDOUT, '>>', $host->{log};
	open STDERR, '>>', $host->{log};
	$ENV{ASAN_OPTIONS} ||= '';
	exec 'ip', 'netns', 'exec', $made[0], 'tcpserver', '-HRD', '-l',
	    'mail.test', '0', $PORT, $Pop::POPPER, '-f', $host->{conf}
	    or POSIX::_exit(127);
}
push @pids, $tcpserver;
my $end = time + $Pop::PATIENCE;
until (`ip netns exec $made[0] ss -Hltn 2>/dev/null` =~ /:$PORT /) {
	die 'no server' if time > $end;
	select undef, undef, undef, 0.05;
}

like(start('idle', 'NOOP'), qr/^\+OK/, 'one client is idle');
like(start('deleting', 'DELE 1'), qr/^\+OK/, 'one has deleted');
like(start('reading', 'RETR 4'), qr/^\+OK/, 'one is sent a big message');
ip("-n $made[1] link set c down") or die;
my $pulled = time;
for my $user (@users) {
	my ($reply, $took) = try($user, 'NOOP');
	ok(!defined $reply, "$user: in use");
	cmp_ok($took, '<', 3, "$user: and told at once");
}
is(scalar(() = $host->log_text =~ /another session is open/g), 3,
    'and the log says so');

my %free;
while (keys %free < @users && time < $pulled + $LIMIT) {
	for my $user (grep { !$free{$_} } @users) {
		my ($reply) = try($user, 'NOOP');
		$free{$user} = time - $pulled if defined $reply;
	}
	select undef, undef, undef, 0.5;
}
for my $user (@users) {
	ok($free{$user}, "$user: free again in time") or next;
	diag(sprintf '%s: after %.1f s', $user, $free{$user});
	is($host->spool($user), $user eq 'reading' ? $big : $small,
	    "$user: all mail is there");
}
$end = time + $Pop::PATIENCE;
my $left;
do {
	$left = `ps -o pid= --ppid $tcpserver`;
	select undef, undef, undef, 0.05 if $left;
} until !$left || time > $end;
is($left, '', 'no process is left');
opendir my $dh, "$host->{dir}/spool" or die;
is_deeply([sort grep { !/^\.\.?\z/ } readdir $dh], [sort @users],
    'no lock is left');
done_testing;
