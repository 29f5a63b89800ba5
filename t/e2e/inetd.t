#!/usr/bin/perl
# As inetd starts it: the client's socket on 0, 1 and 2, and no environment.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use IO::Socket::INET;
use Mbox;
use Pop;
use Socket qw(IPPROTO_TCP TCP_NODELAY SOL_SOCKET SO_KEEPALIVE);
use Test::More;

my $host = Pop->new;
$host->configure("set tracefile = $host->{dir}/trace\nset statistics\n");
$host->spool('alice', join '', map { Mbox::message($_) } 1 .. 3);
my $listen = IO::Socket::INET->new(Listen => 5, LocalAddr => '127.0.0.1')
    or die "listen: $!";

# One connection as inetd hands it over: our end, its end, the pid.
sub inetd {
	my $ours = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
	    PeerPort => $listen->sockport) or die "connect: $!";
	my $theirs = $listen->accept or die "accept: $!";
	my $pid = fork;
	if ($pid == 0) {
		%ENV = (ASAN_OPTIONS => $ENV{ASAN_OPTIONS} || '');
		open STDIN, '<&', $theirs;
		open STDOUT, '>&', $theirs;
		open STDERR, '>&', $theirs;
		close $_ for $ours, $theirs, $listen;
		exec { $Pop::POPPER } 'qpopper', '-f', $host->{conf};
	}
	my $s = bless { sock => $ours, pid => $pid, buf => '', raw => '' },
	    'Pop::Session';
	$s->{greeting} = $s->line;
	return ($s, $theirs);
}

my ($s, $theirs) = inetd();
like($s->{greeting}, qr/^\+OK popper .* at \S+ starting\.  <\d+\.\d+\@\S+>$/,
    'a greeting with a name and a stamp of its own');
# a vanished client is noticed in half a minute
is(unpack('i', getsockopt $theirs, IPPROTO_TCP, TCP_NODELAY), 1, 'no delay');
is(unpack('i', getsockopt $theirs, SOL_SOCKET, SO_KEEPALIVE), 1, 'keep-alive');
is(unpack('i', getsockopt $theirs, IPPROTO_TCP, 18), 30000, 'user time-out');
is(unpack('i', getsockopt $theirs, IPPROTO_TCP, 4), 15, 'idle');
is(unpack('i', getsockopt $theirs, IPPROTO_TCP, 5), 5, 'interval');
is(unpack('i', getsockopt $theirs, IPPROTO_TCP, 6), 3, 'count');
close $theirs;
$s->cmd('USER alice');
like($s->cmd('PASS secret'), qr/^\+OK alice has 3/, 'log-in');
$s->quit;
like(Pop::slurp("$host->{dir}/trace"),
    qr/Stats: alice 0 0 3 \d+ 127\.0\.0\.1 127\.0\.0\.1$/m,
    'the client is found by getpeername');
unlike($s->{raw}, qr/^(?!\+OK|-ERR)./m, 'no log line went to the client');

# A reset in the middle of a reply: no update, and the process ends.
my $body = ('x' x 70 . "\n") x 100000;
$host->spool('alice', my $big = join '', map { Mbox::message($_, $body) } 1 .. 3);
$host->configure("set tracefile = $host->{dir}/trace\nset update-on-abort\n");
($s, $theirs) = inetd();
close $theirs;
$s->cmd('USER alice');
$s->cmd('PASS secret');
$s->cmd('DELE 1');
$s->put("RETR 2\r\n");
$s->line;
setsockopt $s->{sock}, SOL_SOCKET, Socket::SO_LINGER(), pack 'ii', 1, 0;
$s->wait_end;
ok($host->spool('alice') eq $big, 'a reset connection is no update');
done_testing;
