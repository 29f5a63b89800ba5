#!/usr/bin/perl
# poptls: which versions, suites and keys, as real clients of OpenSSL and odd
# ones see it.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use IPC::Open3;
use Pop;
use Socket;
use Test::More;
use Tls;

my $tls = Tls->new;
my $LINE = qr/\Apoptls\[\d+\]: TLS handshake with 127\.0\.0\.1 failed: [^\n]*\n\z/;

# A hello that says: what it comes to, as "SUITE VERSION", or "".
sub hello {
	my ($c, %o) = @_;
	my $client = $c->client(%o);
	return '' unless $client->handshake;
	return join ' ', Net::SSLeay::get_cipher($client->{ssl}),
	    Net::SSLeay::get_version($client->{ssl});
}

sub good {
	my ($what, $expected, $args, %o) = @_;
	my $cert = delete $o{cert} || $tls->cert('ec');
	my $c = $tls->start(args => $args, cert => $cert);
	is(hello($c, %o), $expected, $what) or diag $c->log_text;
	is($c->ask('"$ENV{SSL_CIPHER} $ENV{SSL_PROTOCOL}"'), $expected,
	    'and the program is told so');
}

sub refused {
	my ($what, $args, %o) = @_;
	my $cert = delete $o{cert} || $tls->cert('ec');
	my $c = $tls->start(args => $args, cert => $cert);
	is(hello($c, %o), '', "$what: refused");
	# OpenSSL looks at the alert's version first
	like($c->{client}{error}, qr/alert|wrong version/, 'with an alert');
	$c->{client}->fin;
	is($c->code, 1, 'exit code 1');
	like($c->log_text, $LINE, 'one line');
}

# openssl s_client: all that it says, to these lines.
sub s_client {
	my ($c_args, $input, @args) = @_;
	# it connects by itself
	socket(my $l, PF_INET, SOCK_STREAM, 0) or die;
	bind $l, sockaddr_in(0, INADDR_LOOPBACK) or die;
	listen $l, 1 or die;
	my ($port) = sockaddr_in getsockname $l;
	my $pid = open3(my $in, my $out, undef, 'timeout', $Pop::PATIENCE, 'openssl',
	    's_client', '-connect', "127.0.0.1:$port", @args);
	accept my $theirs, $l or die;
	my $c = $tls->start(socket => $theirs, %$c_args);
	close $theirs;
	print $in $input;
	$in->flush;
	my $said = '';
	while (sysread $out, my $part, 65536) {
		$said .= $part;
	}
	close $in;
	waitpid $pid, 0;
	return ($said, $c);
}

my $CAT = { program => ['sh', '-c', 'read line; echo "<$line>"'] };
my ($said, $c) = s_client($CAT, "hello\n", '-tls1_2', '-quiet');
like($said, qr/^<hello>$/m, 'openssl s_client');
is($c->code, 0, 'the program ends');
is($c->log_text, '', 'nothing in the log');
($said, $c) = s_client($CAT, "hello\n", '-tls1_3', '-quiet');
like($said, qr/alert (?:protocol version|handshake failure)/, 'TLS 1.3 alone is refused');
like($c->log_text, $LINE, 'one line');
($said, $c) = s_client($CAT, "hello\n", '-quiet');
like($said, qr/^<hello>$/m, 'who has both speaks 1.2');
($said, $c) = s_client({ program => ['cat'] },
    "R\n", '-tls1_2');
like($said, qr/RENEGOTIATING/, 'a client who wants new keys');
like($said, qr/no renegotiation/, 'is told that there are none');

my ($AES, $EAES) = map { "ECDHE-$_-AES128-GCM-SHA256" } 'RSA', 'ECDSA';
my $OLD = 'ALL:@SECLEVEL=0';
my $rsa = $tls->cert('rsa');
good('RSA-2048', "$AES TLSv1.2", [], cert => $rsa);
good('P-384', "$EAES TLSv1.2", [], cert => $tls->cert('p384'));
good("the server's order counts", "$EAES TLSv1.2", [], ciphers =>
    "ECDHE-ECDSA-CHACHA20-POLY1305:$EAES");
good('-p has an order', 'ECDHE-ECDSA-CHACHA20-POLY1305 TLSv1.2',
    ['-p', "CHACHA20:$EAES"], ciphers => "$EAES:ECDHE-ECDSA-CHACHA20-POLY1305");
good('-p can name CBC', 'ECDHE-ECDSA-AES128-SHA256 TLSv1.2',
    ['-p', 'ECDHE-ECDSA-AES128-SHA256']);
refused("TLS $_", [], version => "TLSv$_", ciphers => $OLD) for 1, 1.1;
refused('TLS 1.0 with -v TLSv1.1', ['-v', 'TLSv1.1'], version => 'TLSv1',
    ciphers => $OLD);
good("$_ with -v TLSv1", "ECDHE-ECDSA-AES128-SHA $_", ['-v', 'TLSv1'],
    version => $_, ciphers => $OLD) for 'TLSv1', 'TLSv1.1';
good("$_ with RSA", "ECDHE-RSA-AES128-SHA $_", ['-v', 'TLSv1'],
    version => $_, ciphers => $OLD, cert => $rsa) for 'TLSv1', 'TLSv1.1';
good('TLS 1.2 stays as good with -v TLSv1', "$EAES TLSv1.2", ['-v', 'TLSv1']);
refused('RSA key exchange', [], ciphers => 'AES128-GCM-SHA256', cert => $rsa);
refused('DHE', [], ciphers => 'DHE-RSA-AES128-GCM-SHA256', cert => $rsa);
refused('CBC', [], ciphers => 'ECDHE-ECDSA-AES128-SHA256');
refused("suites of another key", [], ciphers => $AES);
refused('what -p leaves out', ['-p', 'CHACHA20'], ciphers => $EAES);

# Sessions: an abandoned handshake spoils none, and a hello that cannot be kept
# for another name costs no time.
sub resumed {
	my ($c, %o) = @_;
	my $client = $c->shaken(%o);
	return ($client, $c->ask('$ENV{SSL_SESSION_RESUMED}'));
}

sub sessions {
	my $from = $tls->start(before => ["$Pop::BUILD/poptls-cache"],
	    args => ['-s']);
	my ($pid, $fd) = ($from->engine);
	for (glob "/proc/$pid/fd/*") {
		$fd = $_ if (readlink // '') =~ /memfd/;
	}
	open my $file, '+<', $fd or die 'no file of sessions';
	my %with = (env => { POPTLS_CACHE => 3 },
	    before => ['sh', '-c', "exec 3<>$fd; exec \"\$@\"", 'sh']);
	my ($client, $how) = resumed($tls->start(%with), host => 'mail.test');
	is($how, 'Initial', 'a first session');
	my $session = Net::SSLeay::get1_session($client->{ssl});
	my %again = (host => 'mail.test', session => $session);
	for my $end ('fin', 'reset') {
		my $c = $tls->start(%with);
		$client = $c->client(%again);
		$client->step;
		$client->wire($client->records);
		$client->feed;
		$client->$end;
		cmp_ok($c->code, '>', 0, "who resumes, and is cut off by $end");
		(undef, $how) = resumed($tls->start(%with), %again);
		is($how, 'Resumed', 'can come again');
	}
	(undef, $how) = resumed($tls->start(%with), %again, host => 'other.test');
	is($how, 'Initial', 'but not for another name');
	long_hello(\%with);
}

# Seconds of the processor that all have used who have ended.
sub used {
	my @times = times;
	return $times[2] + $times[3];
}

# One that is longer than what is kept: refused for another name.
sub long_hello {
	my ($with) = @_;
	my $alpn = join ',', map { $_ x 200 } 'a' .. 'z';
	my $file = "$tls->{dir}/session";
	my %run = (%$with, program => ['sh', '-c', 'echo "<$SSL_SESSION_RESUMED>"']);
	my @args = ('-tls1_2', '-ign_eof', '-servername');
	my ($said, $c) = s_client(\%run, '', @args, 'mail.test', '-sess_out', $file);
	like($said, qr/<Initial>/, 'a session for a long hello');
	push @args, '-sess_in', $file, '-alpn', $alpn;
	splice @args, 3, 0, 'mail.test';
	($said, $c) = s_client(\%run, '', @args);
	like($said, qr/<Resumed>/, 'which resumes it');
	$args[3] = 'other.test';
	my $before = used();
	($said, $c) = s_client(\%run, '', @args);
	unlike($said, qr/<\w+>/, 'but not for another name');
	cmp_ok($c->code, '>', 0, 'the program is not started');
	cmp_ok(used() - $before, '<', 0.25, 'and nobody waits in a loop');
	like($c->log_text, $LINE, 'one line');
	unlike($c->log_text, qr/error 0/, 'the line says something');
}

sessions();
done_testing;
