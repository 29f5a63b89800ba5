#!/usr/bin/perl
# poptls: what a program is told, what the engine has, and how TLS is asked
# for.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Pop;
use Socket;
use Test::More;
use Tls;

my $tls = Tls->new;
my $root = $> == 0;
my %old = map { $_ => 'inherited' } qw(SSLCTLFD SSLREADFD SSLWRITEFD SSL_PROTOCOL
    SSL_CIPHER SSL_SERVER_NAME SSL_CLIENT_VERIFY SSL_CLIENT_S_DN SSLX);
my $ENV = 'join "\n", map { "$_=$ENV{$_}" } sort grep { /^SSL|TCP|PROTO|POPTLS/ } keys %ENV';

sub socket_of {
	my ($pid, $fd) = @_;
	return readlink "/proc/$pid/fd/$fd";
}

sub fds_of {
	my ($pid) = @_;
	opendir my $d, "/proc/$pid/fd" or die "$pid: $!";
	return sort { $a <=> $b } grep { /^\d/ } readdir $d;
}

# Whether octets are in a process's memory.
sub memory_has {
	my ($pid, $octets) = @_;
	open my $mem, '<:raw', "/proc/$pid/mem" or die "$pid: $!";
	for (split /\n/, Pop::slurp("/proc/$pid/maps")) {
		/^([0-9a-f]+)-([0-9a-f]+) r.*?(\[v\w+\])?$/ or next;
		next if $3;
		no warnings 'portable';
		my ($from, $to) = (hex $1, hex $2);
		sysseek $mem, $from, 0 or next;
		defined sysread $mem, my $text, $to - $from or next;
		return 1 if index($text, $octets) >= 0;
	}
	return 0;
}

sub at_once {
	my $c = $tls->start(env => { %old, TCPREMOTEIP => '192.0.2.7' });
	my $client = $c->shaken(host => 'mail.test');
	is($c->ask($ENV), join("\n", 'SSL_CIPHER=ECDHE-ECDSA-AES128-GCM-SHA256',
	    'SSL_CIPHER_USEKEYSIZE=128', 'SSL_CLIENT_VERIFY=NONE',
	    'SSL_PROTOCOL=TLSv1.2', 'SSL_SERVER_NAME=mail.test',
	    'SSL_SESSION_RESUMED=Initial', 'SSL_TLS_SNI_SERVERNAME=mail.test',
	    'TCPREMOTEIP=192.0.2.7'), 'what a program is told, and nothing old');
	is($c->ask('$$'), $c->{pid}, "the program has poptls's pid");
	is($c->ask('fds()'), "0 1 2 $c->{puppet}", 'and no fds but those for it');
	$client->put("hello\n");
	is($c->ask('take(0, 6)'), "more:hello\n", "the client's octets");
	$c->ask('put(1, "welcome\n")');
	is($client->get(8), "welcome\n", "and the program's");
	return $c;
}

sub confined {
	my ($c) = @_;
	my $pid = $c->engine;
	my $st = Pop::slurp("/proc/$pid/status");
	my ($uid) = $st =~ /^Uid:\t(\d+)/m;
	like($st, qr/^NoNewPrivs:\t1$/m, 'the engine can gain no privileges');
	SKIP: {
		skip 'needs root', 7 unless $root;
		like($st, qr/^Uid:\t(\d+)\t\1\t\1\t\1$/m, 'it has one uid');
		cmp_ok($uid, '>', 100_000_000, 'which is nobody else\'s');
		like($st, qr/^Groups:\t(?:$uid)? ?$/m, 'and no other groups');
		like($st, qr/^CapPrm:\t0+$/m, 'and no capabilities');
		is((stat "/proc/$pid/status")[4], 0, 'it is not dumpable');
		is(readlink "/proc/$pid/root", "$tls->{dir}/empty",
		    'its root is the empty folder');
		my $two = $tls->start;
		$two->shaken;
		isnt((split ' ', (Pop::slurp('/proc/' . $two->engine . '/status') =~
		    /^Uid:\t(.*)/m)[0])[0], $uid, 'another one has another uid');
	}
	SKIP: {
		skip 'not with a sanitizer', 1 if $Tls::ASAN;
		like($st, qr/^Seccomp:\t2$/m, 'a filter of system calls holds it');
	}
	# nobody else can look at what is not dumpable
	return unless $root;
	my @fds = fds_of($pid);
	is(scalar @fds, 5, 'it has five files open') or diag "@fds";
	is(socket_of($pid, 0), socket_of($pid, 1), 'the client');
	is(socket_of($pid, 2), $c->{log}, 'the log');
	is(scalar(grep { socket_of($pid, $_) =~ /^socket/ } @fds[3, 4]), 2,
	    'and two sockets of the program\'s');
}

sub key_is_away {
	my ($after) = @_;
	# execve(2) makes all clean: poptls itself is looked at before it
	my $c = $tls->start;
	my $client = $c->client;
	$client->step;
	$client->wire($client->records);
	$client->feed;
	my $key = Pop::slurp($tls->cert('ec'));
	my $der = `openssl pkey -in $tls->{dir}/ec.pem -outform DER`;
	my ($scalar) = $der =~ /\x02\x01\x01\x04\x20(.{32})/s or die;
	my ($text) = $key =~ /PRIVATE KEY-----\n(.{40})/ or die;
	is(memory_has($c->engine, $scalar), 1, 'the engine has the key');
	is(memory_has($c->{pid}, $scalar), 0, 'poptls beside it never had it');
	is(memory_has($c->{pid}, $text), 0, 'nor the text of its file');
	is(memory_has($after->{pid}, $_), 0, 'nor has the program') for $scalar, $text;
}

sub names {
	my $c = $tls->start(env => { TCPREMOTEIP => '192.0.2.7' });
	$c->shaken(host => "a'b\"c\n\e`d\\\xe9\$(e)");
	is($c->ask('$ENV{SSL_SERVER_NAME}'), 'a?b?c???d??$(e)',
	    'a hostile name is made safe');
	$c = $tls->start;
	$c->shaken;
	my $env = $c->ask($ENV);
	unlike($env, qr/NAME/, 'a client who names no host');
	my ($port, $ip) = sockaddr_in(getsockname $c->{sock});
	like($env, qr/^PROTO=TCP$/m, 'without tcpserver: PROTO');
	like($env, qr/^TCPREMOTEIP=127\.0\.0\.1$/m, 'TCPREMOTEIP');
	like($env, qr/^TCPREMOTEPORT=$port$/m, 'TCPREMOTEPORT');
}

# By IPv4 to a socket of IPv6.
sub mapped {
	my $any = pack_sockaddr_in6(0, Socket::IN6ADDR_ANY);
	SKIP: {
		my $l;
		skip 'no IPv6', 1 unless socket($l, PF_INET6, SOCK_STREAM, 0) &&
		    setsockopt($l, Socket::IPPROTO_IPV6, Socket::IPV6_V6ONLY, 0) &&
		    bind($l, $any) && listen($l, 1);
		my ($port) = unpack_sockaddr_in6(getsockname $l);
		socket(my $ours, PF_INET, SOCK_STREAM, 0) or die;
		connect $ours, sockaddr_in($port, INADDR_LOOPBACK) or die;
		accept my $theirs, $l or die;
		my $c = $tls->start(socket => $theirs);
		$c->{sock} = $ours;
		$c->shaken;
		is($c->ask('$ENV{TCPREMOTEIP}'), '127.0.0.1', 'IPv4 in IPv6 is IPv4');
	}
}

# POPTLS_CACHE with a number that no file has, and poptls's own would get.
sub no_cache {
	# so the puppet's number is no low one
	my @hold = map { open my $f, '<', '/dev/null' or die; $f } 3 .. 10;
	for my $n (3 .. 8) {
		my $c = $tls->start(program => ['cat'], env => { POPTLS_CACHE => $n });
		cmp_ok($c->{puppet}, '>', 8, "$n is closed") if $n == 3;
		my $client = $c->shaken;
		$c->engine;
		$client->put("hello\n");
		is($client->get(6), "hello\n", "POPTLS_CACHE=$n: octets there and back");
		$client->wire($client->notify);
		is($c->code, 0, 'the program sees the end');
		$client->fin;
		ok($c->engine_gone, 'and the engine goes');
		like($c->log_text, qr/\Apoptls\[\d+\]: [^\n]*POPTLS_CACHE[^\n]*\n\z/,
		    'one line in the log');
	}
}

# An entry of -n that cannot be used is told, and all others can.
sub bad_name {
	mkdir "$tls->{dir}/names", 0755 or die;
	Pop::spew("$tls->{dir}/names/bad.test.pem", '', 0600);
	my $c = $tls->start(args => ['-n', "$tls->{dir}/names"]);
	$c->shaken(host => 'bad.test');
	is($c->ask('$ENV{SSL_SERVER_NAME}'), 'bad.test',
	    'with one bad name in the folder there is TLS');
	like($c->log_text, qr/\Apoptls\[\d+\]: [^\n]*bad\.test\.pem[^\n]*\n\z/,
	    'and one line in the log');
}

sub inetd {
	my $c = $tls->start(stderr_socket => 1, program =>
	    ['sh', '-c', 'echo stray >&2; echo plain']);
	my $client = $c->shaken;
	is($client->rest, "plain\n", 'as inetd starts it: fd 2 is not the client');
}

sub config {
	my ($what, $code, $text, @args) = @_;
	my $c = $tls->start(args => \@args);
	my $client = $c->client;
	ok(!$client->handshake, "$what: no TLS");
	is($c->code, $code, "exit code $code");
	like($c->log_text, qr/\Apoptls\[\d+\]: [^\n]*$text[^\n]*\n\z/, 'one line that says why');
}

# On request: asks, and returns what the program is told.
sub request {
	my ($c, $octet, %o) = @_;
	$c->ask("put(\$ENV{SSLCTLFD}, '$octet')");
	$c->shaken(%o);
	return;
}

sub on_request {
	my $c = $tls->start(args => ['-s'], env => \%old);
	my @fd = map { $c->ask("\$ENV{$_}") } qw(SSLCTLFD SSLREADFD SSLWRITEFD);
	is(join(' ', @fd), join(' ', grep { /^\d+$/ } @fd), 'on request: three numbers');
	is($c->ask('join " ", grep { /^SSL/ } sort keys %ENV'), 'SSLCTLFD SSLREADFD SSLWRITEFD',
	    'and nothing old');
	is($c->ask('fds()'), join(' ', sort { $a <=> $b } 0 .. 2, $c->{puppet}, @fd),
	    'the program has these, and no others');
	my @engine = fds_of($c->engine);
	is(scalar @engine, 6, 'the engine has six files open') or diag "@engine";
	syswrite $c->{sock}, "clear\n";
	is($c->ask('take(0, 6)'), "more:clear\n", 'clear octets from the client');
	$c->ask('put(1, "go on\n")');
	sysread $c->{sock}, my $text, 100;
	is($text, "go on\n", 'and to him');
	request($c, 'Y', host => 'mail.test');
	my $told = $c->ask("take($fd[0], 10000)");
	is($told, 'EOF:' . join("\0", 'SSL_PROTOCOL=TLSv1.2',
	    'SSL_CIPHER=ECDHE-ECDSA-AES128-GCM-SHA256', 'SSL_CIPHER_USEKEYSIZE=128',
	    'SSL_SESSION_RESUMED=Initial', 'SSL_SERVER_NAME=mail.test',
	    'SSL_TLS_SNI_SERVERNAME=mail.test', 'SSL_CLIENT_VERIFY=NONE', '', ''),
	    'Y: it is told all, and then the end');
	$c->{client}->put('secret');
	is($c->ask("take($fd[1], 6)"), 'more:secret', 'octets from the client');
	$c->ask("put($fd[2], 'words')");
	is($c->{client}->get(5), 'words', 'and to him');
	is($c->ask("put($fd[0], 'Y')"), 'Broken pipe', 'it cannot ask again');
	is($c->log_text, '', 'nothing in the log');
}

sub silent_request {
	my $c = $tls->start(args => ['-s']);
	request($c, 'y');
	is($c->ask('take($ENV{SSLCTLFD}, 100)'), 'EOF:', 'y: it is told nothing');
	$c->{client}->put('secret');
	is($c->ask('take($ENV{SSLREADFD}, 6)'), 'more:secret', 'but has TLS');
	$c = $tls->start(args => ['-s']);
	$c->ask('put($ENV{SSLCTLFD}, "YY")');
	$c->shaken;
	like($c->ask('take($ENV{SSLCTLFD}, 10000)'), qr/:SSL_PROTOCOL=.*\0\0\z/s,
	    'who asks twice at once is answered once');
	$c->{client}->put('secret');
	is($c->ask('take($ENV{SSLREADFD}, 6)'), 'more:secret', 'and has TLS');
}

sub never {
	my ($what, $code) = @_;
	my $c = $tls->start(args => ['-s']);
	$c->engine;
	$c->tell($code);
	ok($c->engine_gone, "the engine goes when the program $what");
	is($c->log_text, '', 'without a word');
}

sub failed_request {
	my $c = $tls->start(args => ['-s']);
	$c->ask('put($ENV{SSLCTLFD}, "Y")');
	syswrite $c->{sock}, "STAT\r\nQUIT\r\n";
	my $told = $c->ask('take($ENV{SSLCTLFD}, 10000)');
	like($told, qr/^(?:EOF|Connection reset by peer):\z/, 'a failed handshake: told by the end');
	is($c->ask('take($ENV{SSLREADFD}, 10)'), 'Connection reset by peer:',
	    'and there is nothing to read');
	like($c->log_text, qr/\Apoptls\[\d+\]: TLS handshake with 127\.0\.0\.1 failed: [^\n]*\n\z/,
	    'one line in the log');
}

my $c = at_once();
confined($c);
key_is_away($c) if $root && !$Tls::ASAN;
is($c->log_text, '', 'nothing in the log');
names();
mapped();
no_cache();
bad_name();
inetd();
config('an unknown word in -p', 100, 'NOSUCHWORD', '-p', 'NOSUCHWORD');
config('SSLv3', 100, 'SSLv3', '-v', 'SSLv3');
config('no certificate', 111, '/nonexistent', '-c', '/nonexistent');
on_request();
silent_request();
never('ends', 'exit 0');
never('closes the socket', 'POSIX::close($ENV{SSLCTLFD})');
never('asks for something else', 'put($ENV{SSLCTLFD}, "x")');
failed_request();
done_testing;
