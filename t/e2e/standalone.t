#!/usr/bin/perl
# Qpopper's stand-alone mode: a first argument that says where to listen makes
# popper become tcpserver.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use IO::Select;
use IO::Socket::IP;
use Mbox;
use Pop;
use Test::More;
use Time::HiRes qw(time);
use Tls;

plan skip_all => "a sanitizer needs more than a session's 64 MB"
    if $Pop::BUILD =~ /asan/;
my ($tcpserver) = grep { -x } map { "$_/tcpserver" } split /:/, $ENV{PATH};
plan skip_all => 'needs tcpserver'
    unless $tcpserver;

my $host = Pop->new(conf => "set statistics\nreset reverse-lookup\n");
my $dir = $host->{dir};
my $access = "$dir/cdb/access.cdb";
unlink $access;
$host->spool('alice', Mbox::message(1));
my $main = $$;
my %listening;	# by pid: the one that tcpserver has

sub end_listener {
	my ($pid) = @_;
	local ($?, $!);
	kill 'TERM', $pid;
	waitpid $pid, 0;
	delete $listening{$pid};
}
END {
	if ($$ == $main) {
		end_listener($_) for keys %listening;
	}
}

# popper with these words, as a shell starts it.
sub popper {
	my ($env, @words) = @_;
	my $pid = fork // die "fork: $!";
	return $pid if $pid;
	%ENV = (PATH => $ENV{PATH}, HOST => 'mail.test', RUN => "$dir/run",
	    %$env);
	open STDIN, '<', '/dev/null';
	open STDOUT, '>', "$dir/out";
	open STDERR, '>>', $host->{log};
	POSIX::close($_) for split ' ', delete $ENV{CLOSED} || '';
	{ no warnings; exec $Pop::POPPER, @words; }
	POSIX::_exit(127);
}

# Exit code and what was said.
sub told {
	my ($env, @words) = @_;
	Pop::spew($host->{log}, '');
	my $pid = popper($env, @words);
	my $end = time + $Pop::PATIENCE;
	my $done;
	until (($done = waitpid $pid, POSIX::WNOHANG()) || time > $end) {
		select undef, undef, undef, 0.01;
	}
	if (!$done) {
		kill 'KILL', $pid;
		waitpid $pid, 0;
	}
	return ($done ? $? >> 8 : 'it goes on', $host->log_text);
}

sub free_port {
	return IO::Socket::IP->new(Listen => 1, LocalHost => '127.0.0.1')
	    ->sockport;
}

# Known without a connection, which would be a session.
sub listens {
	my ($port) = @_;
	my $line = sprintf ':%04X [0-9A-F]+:0000 0A ', $port;
	return grep { (Pop::slurp("/proc/net/$_") || '') =~ $line } 'tcp', 'tcp6';
}

# Until it listens: port and pid; where has PORT in it.
sub listener {
	my ($where, $env, @args) = @_;
	for (1 .. 5) {
		my $port = free_port();
		my $pid = popper($env, $where =~ s/PORT/$port/r, '-f',
		    $host->{conf}, @args);
		$listening{$pid} = 1;
		my $end = time + $Pop::PATIENCE;
		while (time < $end) {
			return ($port, $pid) if listens($port);
			# somebody else was quicker
			last if waitpid($pid, POSIX::WNOHANG()) == $pid;
			select undef, undef, undef, 0.02;
		}
		end_listener($pid);
	}
	die "nothing listens\n" . $host->log_text;
}

sub client {
	my ($port, $to) = @_;
	my $sock = IO::Socket::IP->new(PeerHost => $to || '127.0.0.1',
	    PeerPort => $port) or return undef;
	my $s = bless { sock => $sock, code => 0, buf => '', raw => '' },
	    'Pop::Session';
	$s->{greeting} = $s->line;
	return $s;
}
sub cmdline {
	my ($pid) = @_;
	return [split /\0/, Pop::slurp("/proc/$pid/cmdline")];
}
my $poplimit = "$Pop::BUILD/poplimit";

# A port alone: the words that Qpopper had, on all addresses.
{
	my ($port, $pid) = listener('PORT', {}, '-S');
	is_deeply(cmdline($pid), [$tcpserver, qw(-HRD -l mail.test -c 40 0),
	    $port, $poplimit, '-n', 10, '-d', "$dir/run", $Pop::POPPER, '-f',
	    $host->{conf}, '-S'], 'popper PORT -S is tcpserver');
	my ($limit) = Pop::slurp("/proc/$pid/limits") =~ /^Max data size +(\d+)/m;
	is($limit, 64 << 20, 'with 64 MiB of memory for each process');
	my $s = client($port);
	like($s->{greeting}, qr/^\+OK popper .* at mail\.test starting/,
	    'its greeting');
	$s->cmd('USER alice');
	like($s->cmd('PASS secret'), qr/^\+OK alice has 1/, 'log-in');
	like($s->cmd('QUIT'), qr/^\+OK/, 'QUIT');
	ok($host->log_like(qr/Stats: alice 0 0 1 \d+ 127\.0\.0\.1 127\.0\.0\.1$/m),
	    'the client');
	is(-s "$dir/run/slots", 0, 'sessions are counted');
	end_listener($pid);
}

# An address, and limits of the environment.
{
	my ($port, $pid) = listener('127.0.0.1:PORT', { LIMIT => 3,
	    PERHOST => 2 });
	my $line = join ' ', @{ cmdline($pid) };
	like($line, qr/ -c 3 127\.0\.0\.1 $port /, '127.0.0.1:PORT');
	my @s = map { client($port) } 1 .. 2;
	like($_->{greeting}, qr/^\+OK/, 'a session') for @s;
	like(client($port)->{greeting}, qr/^-ERR \[SYS\/TEMP\] Too many/,
	    'one too many for its address');
	end_listener($pid);
	ok(!listens($port),
	    'it ends by a signal');
	like($_->cmd('NOOP'), qr/^-ERR/, 'and sessions go on') for @s;

	($port, $pid) = listener('127.0.0.1:PORT', { LIMIT => 1,
	    PERHOST => 0 });
	unlike(Pop::slurp("/proc/$pid/cmdline"), qr/poplimit/, 'no poplimit');
	my $one = client($port);
	my $late = IO::Socket::IP->new(PeerHost => '127.0.0.1',
	    PeerPort => $port);
	ok(!IO::Select->new($late)->can_read(0.3), 'the limit: one waits');
	$one->cmd('QUIT');
	ok(IO::Select->new($late)->can_read($Pop::PATIENCE), 'till one ends');
	end_listener($pid);
}

# Started with fds closed: none of them becomes the socket that listens.
for my $closed ('0', '1', '0 1', '0 1 2', '2') {
	my ($port, $pid) = listener('127.0.0.1:PORT', { CLOSED => $closed,
	    PERHOST => 0 });
	like(client($port)->{greeting}, qr/^\+OK/, "closed: $closed");
	end_listener($pid);
}

# What a TLS wrapper tells, left in the environment: there is no TLS all the same.
{
	$host->configure("set clear-text-password = tls\n" .
	    "reset reverse-lookup\n");
	my %stray = (SSL_CLIENT_VERIFY => 'SUCCESS', SSL_CIPHER => 'x',
	    SSL_CLIENT_S_DN => 'x', SSL_CLIENT_S_DN_CN => 'alice',
	    SSL_CLIENT_S_DN_Email => 'x', POPPER_TLS_STARTED => 1);
	for ({ SSL_PROTOCOL => 'TLSv1.2' },
	    { SSLCTLFD => 7, SSLREADFD => 8, SSLWRITEFD => 9 }) {
		my ($port, $pid) = listener('127.0.0.1:PORT', { %stray, %$_ });
		unlike(Pop::slurp("/proc/$pid/environ"), qr/SSL|_TLS/,
		    join(' ', sort keys %$_) . ': not handed on');
		my $s = client($port);
		like($s->cmd('USER alice'), qr/^-ERR .* in the clear/,
		    'and nobody is taken to have TLS');
		end_listener($pid);
	}
	$host->configure("set statistics\nreset reverse-lookup\n");
}

# access.cdb
{
	Pop::spew("$dir/cdb/access", "127.:deny\n");
	system("$Pop::TOP/scripts/rebuild-cdb", "$dir/cdb") == 0 or die;
	my ($port, $pid) = listener('127.0.0.1:PORT', {});
	like(join(' ', @{ cmdline($pid) }), qr/ -x \Q$access\E /, 'access.cdb');
	is(client($port)->{greeting}, undef, 'keeps its rules');
	Pop::spew("$dir/cdb/access", "127.:allow\n");
	system("$Pop::TOP/scripts/rebuild-cdb", "$dir/cdb") == 0 or die;
	like(client($port)->{greeting}, qr/^\+OK/, 'and the ones of today');
	end_listener($pid);
	unlink $access;
}

# IPv6, where the machine and this tcpserver have it.
SKIP: {
	skip 'this machine has no ::1', 3
	    unless IO::Socket::IP->new(Listen => 1, LocalHost => '::1');
	my $able = `timeout 1 tcpserver -1 ::1 0 true 2>&1`;
	skip "tcpserver has no IPv6: $able", 3 unless $able =~ /^\d+$/m;
	my ($port, $pid) = listener('[::1]:PORT', {});
	my $s = client($port, '::1');
	$s->cmd('USER alice');
	like($s->cmd('PASS secret'), qr/^\+OK alice has 1/, '[::1]:PORT');
	$s->cmd('QUIT');
	ok($host->log_like(qr/Stats: alice .* ::1 ::1$/m), 'the client');
	ok(!IO::Socket::IP->new(PeerHost => '127.0.0.1', PeerPort => $port),
	    'and nowhere else');
	end_listener($pid);
}

# TLS from the start: the popper below does not get the first word.
{
	my $tls = Tls->new;
	my $cert = $tls->cert('ec');
	$host->configure("set tls-server-cert-file = $cert\n" .
	    "reset reverse-lookup\n");
	my ($port, $pid) = listener('127.0.0.1:PORT', { CACHE => 5 }, '-l', 2);
	my $line = join ' ', @{ cmdline($pid) };
	like($line, qr/\Q$poplimit\E -q -n 10 /, 'poplimit says nothing');
	like(Pop::slurp("/proc/$pid/environ"), qr/^(?:.*\0)?POPTLS_CACHE=/s,
	    'poptls-cache was before it') or diag $line;
	my $c = Tls::Client->new(IO::Socket::IP->new(PeerHost => '127.0.0.1',
	    PeerPort => $port), host => 'mail.test');
	ok($c->handshake, 'TLS') or diag("$c->{error}\n" . $host->log_text);
	$c->put("QUIT\r\n");
	$c->rest;
	like($c->{plain}, qr/^\+OK popper .*\r\n\+OK /, 'and a session');
	end_listener($pid);
	$host->configure("set statistics\nreset reverse-lookup\n");
}

# What is wrong is told at the start, and not to clients.
for (['an option', ['8110', '-Z'], qr/there is no -Z/],
    ['a file', ['8110', '-f', "$dir/none"], qr{\Q$dir/none\E}],
    ['no certificate', ['8110', '-l', 2], qr/needs a certificate/],
    ['a name', ['localhost:8110'], qr/names are not looked up/],
    ['a port', ['70000', '-S'], qr/1 to 65535/],
    ['a second word', ['8110', '-S', '8111'], qr/"8111"/],
    ['-t before it', ['8110', '-t', "$dir/trace", '-Z'], qr/no -Z/]) {
	my ($name, $words, $why) = @$_;
	my ($code, $said) = told({}, @$words);
	is($code, 100, "$name: exit code");
	like($said, $why, "$name: why");
	is(Pop::slurp("$dir/out"), '', "$name: nothing for a client");
}
like(Pop::slurp("$dir/trace"), qr/no -Z/, 'the trace file has it, too');
for (['LIMIT', 0], ['LIMIT', 'x'], ['PERHOST', 1001], ['PERHOST', '-1']) {
	my ($name, $value) = @$_;
	my ($code, $said) = told({ $name => $value }, '8110');
	is($code, 100, "$name=$value");
	like($said, qr/$name in the environment is "\Q$value\E"/, 'why');
}
for ('/nowhere', '.', '') {
	my ($code, $said) = told({ PATH => "$_:$dir" }, '8110');
	is($code, 100, "PATH is $_");
	like($said, qr/needs tcpserver .* install ucspi-tcp/, 'why');
}
{
	my $code = system "$Pop::POPPER --check-config 8110 -S -f $host->{conf}";
	is($code, 0, '--check-config takes the whole line');
}

{
	my ($code, $said) = told({ PATH => "/no\e[2J\nwhere" }, '8110');
	like($said, qr{folders \(/no\?\[2J\?where\)}, 'PATH is printed safely');
}

# Names are looked up, if they are, so that they are true.
{
	mkdir "$dir/bin";
	# a folder is no program
	mkdir $_ for "$dir/folder", "$dir/folder/tcpserver";
	Pop::spew("$dir/bin/tcpserver",
	    "#!/bin/sh\nprintf '%s|' \"\$0\" \"\$@\" >&2\n", 0755);
	my %env = (PATH => "$dir/folder:$dir/bin:$ENV{PATH}", HOST => 'h', PERHOST => 0);
	for (['-U', 'hpRD'], ['-R', 'HRD']) {
		my ($code, $said) = told(\%env, '192.0.2.1', $_->[0]);
		is($said, "$dir/bin/tcpserver|-$_->[1]|-l|h|-c|40|192.0.2.1|" .
		    "110|$Pop::POPPER|$_->[0]|", "popper 192.0.2.1 $_->[0]");
	}
	# a name of ours, where the environment has none
	my ($code, $said) = told({ %env, HOST => '' }, '8110');
	like($said, qr/\|-l\|[-\w.]+\|-c\|/, 'our name is looked up once');
	# installed without poplimit
	mkdir "$dir/sbin";
	system('cp', $Pop::POPPER, "$dir/sbin/popper") == 0 or die;
	local $Pop::POPPER = "$dir/sbin/popper";
	($code, $said) = told({ %env, PERHOST => '' }, '8110');
	like($said, qr{\|0\|8110\|\Q$dir\E/sbin/popper\|$}, 'no poplimit there');
	($code, $said) = told({ %env, PERHOST => 5 }, '8110');
	is($code, 100, 'and it was asked for');
	like($said, qr{PERHOST is set: unable to run \Q$dir\E/sbin/poplimit},
	    'why');
}

# Behind a tcpserver it is a mistake, and no second one is started.
sub connection {
	my ($reset) = @_;
	my $server = IO::Socket::IP->new(Listen => 1, LocalHost => '127.0.0.1');
	my $ours = IO::Socket::IP->new(PeerHost => '127.0.0.1',
	    PeerPort => $server->sockport);
	my $theirs = $server->accept;
	return ($ours, $theirs) unless $reset;
	setsockopt $ours, SOL_SOCKET, SO_LINGER, pack 'ii', 1, 0;
	close $ours;
	# until it is there
	IO::Select->new($theirs)->can_read($Pop::PATIENCE);
	return (undef, $theirs);
}
for (['a client', {}, connection()],
    ['a client that has gone', {}, connection(1)],
    ['a TLS wrapper', { SSL_PROTOCOL => 'TLSv1.2', PROTO => 'TCP',
	    TCPREMOTEIP => '192.0.2.1' },
	IO::Socket->socketpair(AF_UNIX, SOCK_STREAM, 0)],
    ['a wrapper that tells nothing', {},
	IO::Socket->socketpair(AF_UNIX, SOCK_STREAM, 0)],
    ['a wrapper with pipes', { TCPREMOTEIP => '192.0.2.1' }, undef, undef]) {
	my ($name, $env, $ours, $theirs) = @$_;
	Pop::spew($host->{log}, '');
	pipe my $from, my $to or die;
	my $pid = fork // die;
	if ($pid == 0) {
		%ENV = (PATH => "$dir/bin", %$env);
		open STDIN, '<&', $theirs || $from;
		open STDOUT, '>&', $theirs || $to;
		open STDERR, '>>', $host->{log};
		exec $Pop::POPPER, '8110', '-S';
	}
	close $_ for grep { defined } $theirs, $to;
	my $said = $ours || (!$theirs && $from);
	is(join('', <$said>), "-ERR [SYS/PERM] Unable to process configuration " .
	    "file.\r\n", "$name is told that something is wrong") if $said;
	waitpid $pid, 0;
	is($? >> 8, 100, "$name: the exit code");
	like($host->log_text, qr/"8110": .*somebody listens already/,
	    "$name: the log has why");
}
done_testing;
