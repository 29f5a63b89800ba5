#!/usr/bin/perl
# Ends that are no QUIT: what the log says of each, and what becomes of the
# mail.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Errno qw(ECONNRESET);
use IO::Socket::INET;
use Mbox;
use Pop;
use Socket;
use Test::More;

my $host = Pop->new;
my $mail = join '', map { Mbox::message($_) } 1 .. 3;
my $where = 'at 192.0.2.1 \(192.0.2.1\)';
my $hup = qr/POP hangup \(SIGHUP or SIGPIPE flagged: SIGHUP\)/;
my $term = qr/POP hangup \(SIGTERM flagged\)/;

sub new_lines {
	my ($from) = @_;
	return substr $host->log_text, $from;
}
# A session that is at work, and what it left: its lines, and the spool.
sub ended {
	my ($go, %opt) = @_;
	my $from = length $host->log_text;
	$host->spool('alice', $opt{mail} || $mail);
	my $s = $opt{before} ? $host->connect : $host->login('alice');
	$s->cmd('DELE 1') unless $opt{before};
	$go->($s);
	$s->rest if $s->{sock};
	my $code = $s->wait_end;
	return (new_lines($from), $host->spool('alice'), $code, $s);
}
sub messages {
	my ($spool) = @_;
	return scalar(() = $spool =~ /^From /mg);
}

# After log-in: the signals, the end of the client, and half a line.
for my $mode ('', "set server-mode\n", "set fast-update\n") {
	for ([0, 3], [1, 2]) {
		my ($abort, $left) = @$_;
		my $what = ($mode || 'normal mode') . ", update-on-abort $abort";
		$what =~ tr/\n//d;
		$host->configure($mode .
		    ($abort ? "set update-on-abort\n" : ''));
		my ($lines, $spool, $code) = ended(sub { kill 'HUP', $_[0]{pid} });
		like($lines, qr/\Apopper\[\d+\]: alice $where: -ERR $hup\n\z/,
		    "SIGHUP: one line, $what");
		is(messages($spool), $left, 'and the mail');
		is($code, 0, 'and the exit code');
		is((() = glob "$host->{dir}/spool/.a*.pop"), 0, 'no lock stays');

		($lines, $spool) = ended(sub { kill 'TERM', $_[0]{pid} });
		like($lines, qr/\Apopper\[\d+\]: alice $where: -ERR $term\n\z/,
		    "SIGTERM: one line, $what");
		is(messages($spool), 3, 'and no update');

		($lines, $spool) = ended(sub { shutdown $_[0]{sock}, 1 });
		like($lines,
		    qr/\Apopper\[\d+\]: alice $where: -ERR POP EOF or I\/O Error \(0\)\n\z/,
		    "end of file, $what");
		is(messages($spool), $left, 'and the mail');

		($lines, $spool) = ended(sub { $_[0]->put('QUI');
			shutdown $_[0]{sock}, 1 });
		like($lines, qr/ -ERR POP EOF or I\/O Error \(0\)\n\z/,
		    "half a line, $what");
		is(messages($spool), 3, 'and no update');
	}
}

# What had been sent behind the last command is not done after a signal, and
# nothing is deleted whose octets did not go out.
$host->configure("set update-on-abort\n");
my $breath = "RETR 1\r\nDELE 1\r\nRETR 2\r\nDELE 2\r\nQUIT\r\n";
for (['TERM'], ['HUP'], ['TERM', 'HUP'], ['HUP', 'TERM'], []) {
	my @signals = @$_;
	my ($lines, $spool) = ended(sub {
		my ($s) = @_;
		kill 'STOP', $s->{pid};
		$s->put($breath);
		kill $_, $s->{pid} for @signals;
		@signals ? kill 'CONT', $s->{pid}
		    : shutdown $s->{sock}, 1;
		kill 'CONT', $s->{pid};
	});
	# what SIGHUP finds deleted is that, as at an end of file
	my $least = !@signals ? 1 : "@signals" eq 'HUP' ? 2 : 3;
	cmp_ok(messages($spool), '>=', $least, "one breath, then @signals")
	    or diag($lines);
}
# A session that waits for an agent's lock while its client goes.
for my $how ('TERM', 'HUP', 'close') {
	$host->spool('alice', $mail);
	my $from = length $host->log_text;
	Pop::spew("$host->{dir}/spool/alice.lock", "1\n");
	my $s = $host->connect;
	$s->cmd('USER alice');
	$s->put("PASS secret\r\n$breath");
	my $end = time + $Pop::PATIENCE;
	until (-e "$host->{dir}/spool/.alice.pop" || time > $end) {
		select undef, undef, undef, 0.02;
	}
	ok(-e "$host->{dir}/spool/.alice.pop", 'it waits for the lock');
	$how eq 'close' ? close delete $s->{sock} : kill $how, $s->{pid};
	unlink "$host->{dir}/spool/alice.lock";
	$s->rest if $s->{sock};
	$s->wait_end;
	is(messages($host->spool('alice')), 3, "$how: all mail is there")
	    or diag(new_lines($from));
}
$host->configure('');

# A client who goes while he is written to.
$host->configure("set update-on-abort\n");
my $body = ('x' x 70 . "\n") x 60000;
my $big = join '', map { Mbox::message($_, $body) } 1 .. 3;
my ($lines, $spool) = ended(sub {
	$_[0]->put("RETR 2\r\n");
	$_[0]->line;
	close delete $_[0]{sock};
}, mail => $big);
like($lines, qr/\Apopper\[\d+\]: alice $where: -ERR POP hangup \(SIGHUP or SIGPIPE flagged: SIGPIPE\)\n\z/,
    'a write to nobody');
ok($spool eq $big, 'is no update');
($lines, $spool) = ended(sub {
	$_[0]->put("RETR 2\r\n");
	$_[0]->line;
	kill 'HUP', $_[0]{pid};
}, mail => $big);
like($lines, qr/\A.* -ERR $hup\n\z/, 'SIGHUP inside a reply');
ok($spool eq $big, 'is no update');

# Before log-in, with and without a name; the front and its group get it, too.
for my $group (0, 1) {
	for my $sig (['HUP', $hup], ['TERM', $term]) {
		for my $user ('', 'alice') {
			($lines) = ended(sub {
				$_[0]->cmd("USER $user") if $user;
				my $pid = $_[0]{pid};
				my @pids = split ' ',
				    Pop::slurp("/proc/$pid/task/$pid/children");
				is(scalar @pids, 1, 'there is a front');
				kill $sig->[0], $group ? @pids : (), $pid;
			}, before => 1);
			my $who = $user || '\(null\)';
			like($lines, qr/\Apopper\[\d+\]: $who $where: -ERR $sig->[1]\n\z/,
			    "SIG$sig->[0] before log-in, $who, front too: $group");
		}
	}
}
($lines) = ended(sub { shutdown $_[0]{sock}, 1 }, before => 1);
like($lines, qr/\A.*\(null\) $where: -ERR POP EOF or I\/O Error \(0\)\n\z/,
    'end of file before log-in');

# What the service ignores stays so.
{
	local $SIG{HUP} = 'IGNORE';
	my $s = $host->login('alice');
	kill 'HUP', $s->{pid};
	is($s->cmd('NOOP'), '+OK ', 'a SIGHUP that was ignored stays so');
	$s->quit;
}

# A reset is told by its number, on TCP, and as the front tells it, too.
my $listen = IO::Socket::INET->new(Listen => 5, LocalAddr => '127.0.0.1')
    or die "listen: $!";
for my $login (0, 1) {
	my $from = length $host->log_text;
	my $ours = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
	    PeerPort => $listen->sockport) or die "connect: $!";
	my $theirs = $listen->accept or die "accept: $!";
	my $pid = fork;
	if ($pid == 0) {
		%ENV = (TCPREMOTEIP => '192.0.2.1', TCPLOCALHOST => 'mail.test',
		    ASAN_OPTIONS => $ENV{ASAN_OPTIONS} || '');
		open STDIN, '<&', $theirs;
		open STDOUT, '>&', $theirs;
		open STDERR, '>>', $host->{log};
		exec $Pop::POPPER, '-f', $host->{conf};
	}
	close $theirs;
	my $s = bless { sock => $ours, pid => $pid, buf => '', raw => '' },
	    'Pop::Session';
	$s->line;
	if ($login) {
		$s->cmd('USER alice');
		$s->cmd('PASS secret');
	}
	setsockopt $ours, SOL_SOCKET, Socket::SO_LINGER(), pack 'ii', 1, 0;
	$s->wait_end;
	like(new_lines($from),
	    qr/^popper\[$pid\]: \S+ $where: -ERR POP EOF or I\/O Error \(${\ECONNRESET}\)$/m,
	    'a reset ' . ($login ? 'after' : 'before') . ' log-in');
}
done_testing;
