#!/usr/bin/perl
# STLS (RFC 2595), and TLS from the start, behind a wrapper that the test plays:
# what is on offer when, what of the clear text counts afterwards, and wrappers
# that tell half, nonsense, or nothing.
use strict;
use warnings;
use Digest::MD5 qw(md5_hex);
use FindBin;
use lib "$FindBin::Bin/../lib";
use Mbox;
use MIME::Base64 qw(encode_base64);
use Pop;
use Socket;
use Test::More;
use Wrapper;

my $host = Pop->new(users => [qw(alice bob)]);
my $dir = $host->{dir};
$host->spool('alice', join '', map { Mbox::message($_) } 1 .. 3);
my $TLS_ON = '-ERR TLS is on already.';
my $NO_TLS = '-ERR TLS is not on offer here.';

sub conf {
	$host->configure(join '', map { "set $_\n" } @_);
}
sub capa {
	my ($s) = @_;
	my (undef, $capa) = $s->multi('CAPA');
	return { map { (split)[0] => 1 } split /\r\n/, $capa };
}
# The log of what $do does.
sub logged {
	my ($do) = @_;
	my $before = length $host->log_text;
	$do->();
	return substr $host->log_text, $before;
}

# Offered, begun, and used.
{
	my ($s, $w) = Wrapper->connect($host);
	ok(capa($s)->{STLS}, 'CAPA has STLS');
	is($s->cmd('STLS now'), '-ERR Too many arguments for the stls command.',
	    'STLS takes no argument');
	is($s->cmd('STLS'), '+OK Begin TLS negotiation.', 'STLS');
	is($w->asked, 'Y', 'the wrapper is to begin, and to tell');
	my ($stamp) = $s->{greeting} =~ /(<.*>)/;
	$w->tell($s);
	is($w->clear, '', 'nothing more in the clear, and the socket is free');
	ok(!capa($s)->{STLS}, 'CAPA has STLS no more');
	is($s->cmd('STLS'), $TLS_ON, 'STLS again');
	like($s->cmd('APOP alice ' . md5_hex($stamp . 'tanstaaf')),
	    qr/^\+OK alice has 3 visible/, "APOP, with the greeting's stamp");
	ok(!capa($s)->{STLS}, 'nor has that of a user');
	is($s->cmd('STLS'), '-ERR The stls command is not valid at this point ' .
	    'of the session.', 'nor can he have it');
	my %is = map { $_ => (stat "/proc/$s->{pid}/fd/$_")[1] } 0, 1;
	is($is{0}, $is{1}, 'fds 0 and 1 are one socket');
	is(scalar(grep { -S "/proc/$s->{pid}/fd/$_" } 3 .. 63), 0,
	    'and there is no other');
	like(($s->message('RETR 2'))[1], qr/^Subject/m, 'mail');
	like($s->quit, qr/^\+OK/, 'QUIT');
}

# A client that does without: log-in closes what the wrapper waits with.
{
	my ($s, $w) = Wrapper->connect($host);
	$s->cmd('USER alice');
	like($s->cmd('PASS secret'), qr/^\+OK/, 'no STLS');
	is($w->asked, '', 'the wrapper sees its end');
	is(sysread($w->{data}, my $d, 1), 0, 'and that of the data');
	is($s->cmd('STLS'), '-ERR The stls command is not valid at this point ' .
	    'of the session.', 'STLS of a user');
	ok(!capa($s)->{STLS}, 'who does not have it');
	$s->quit;
}

# Nothing that was said in the clear counts.
{
	my ($s, $w) = Wrapper->connect($host);
	$s->cmd('USER alice');
	$w->stls($s);
	is($s->cmd('PASS secret'), '-ERR Give the user name first.',
	    'a USER before STLS is forgotten');
	$s->quit;

	($s, $w) = Wrapper->connect($host);
	$s->put("CAPA\r\nSTLS\r\nUSER alice\r\nPASS secret\r\nQUIT\r\n");
	is($w->asked, 'Y', 'more commands behind STLS');
	1 until ($s->line || '') =~ /Begin TLS/;
	$w->tell($s);
	is($s->cmd('PASS secret'), '-ERR Give the user name first.',
	    'they are thrown away');
	is($w->clear . $s->{buf}, '', 'and get no reply');
	$s->quit;

	($s, $w) = Wrapper->connect($host);
	$s->put("STLS\r\nUSER al");
	$s->line;
	$w->asked;
	$w->tell($s);
	is($s->cmd('ice'), '-ERR Unknown command: "ice".', 'half a command');
	$s->quit;

	($s, $w) = Wrapper->connect($host);
	like($s->cmd('AUTH NONE'), qr/^-ERR/, 'a mechanism') for 1, 2;
	$w->stls($s);
	like($s->cmd('AUTH NONE'), qr/^-ERR/, 'the third one');
	like($s->rest, qr/signing off/, 'is the last');
	is($s->wait_end, 1, 'with exit code 1');
}

# Read ahead, behind TLS, and a log-in that is refused.
{
	my ($s, $w) = Wrapper->connect($host);
	$w->stls($s);
	$s->put("USER alice\r\nPASS secret\r\nSTAT\r\nQUIT\r\n");
	like($s->rest, qr/^\+OK Pass.*^\+OK alice.*^\+OK 3 \d+\r\n\+OK/ms,
	    'pipelined');
	($s, $w) = Wrapper->connect($host);
	$w->stls($s);
	$s->cmd('USER alice');
	like($s->cmd('PASS wrong'), qr/^-ERR \[AUTH\]/, 'refused');
	like($s->rest, qr/signing off/, 'and told');
}

# What the options make of it.
{
	for my $rule (qw(tls ssl)) {
		conf("clear-text-password = $rule");
		my ($s, $w) = Wrapper->connect($host);
		ok(!capa($s)->{USER}, "$rule: no USER in the clear");
		like($s->cmd('AUTH PLAIN'), qr/^-ERR .*in the clear/,
		    "$rule: nor PLAIN");
		$w->stls($s);
		my (undef, $capa) = $s->multi('CAPA');
		like($capa, qr/^SASL .*PLAIN.*^USER/ms, "$rule: with TLS");
		like($s->cmd('AUTH PLAIN ' . encode_base64("\0alice\0secret",
		    '')), qr/^\+OK alice/, "$rule: PLAIN with TLS");
		$s->quit;
		($s, $w) = Wrapper->connect($host);
		like($s->cmd('USER alice'), qr/^-ERR The mechanism USER sends/,
		    "$rule: before the password is sent in the clear");
		$s = $host->connect(env => { %Wrapper::TLS });
		$s->cmd('USER alice');
		like($s->cmd('PASS secret'), qr/^\+OK alice/,
		    "$rule: TLS from the start");
		$s->quit;
	}
	conf('tls-support = none');
	my ($s, $w) = Wrapper->connect($host);
	ok(!capa($s)->{STLS}, 'none: CAPA has no STLS');
	is($s->cmd('STLS'), $NO_TLS, 'none: it is not on offer');
	$s->cmd('USER alice');
	like($s->cmd('PASS secret'), qr/^\+OK/, 'none: but the rest');
	$s->quit;
	conf('tls-support = stls');
	($s, $w) = Wrapper->connect($host);
	ok(capa($s)->{STLS}, 'stls: CAPA has it');
	$s->quit;
	$s = $host->connect(env => { %Wrapper::TLS });
	ok(!capa($s)->{STLS}, 'stls: TLS from the start is fine');
	$s->quit;
	conf();
	$s = $host->connect;
	ok(!capa($s)->{STLS}, 'no wrapper: CAPA has no STLS');
	is($s->cmd('STLS'), $NO_TLS, 'no wrapper: it is not on offer');
	$s->quit;
}

# chunky-writes = tls: packets tell where a write ends.
for my $row (['tls', 1, 2], ['ssl', 1, 2], ['never', 2, 2], ['always', 1, 1]) {
	my ($value, $tls, $clear) = @$row;
	conf("chunky-writes = $value");
	my $count = sub {
		my ($sock) = @_;
		syswrite $sock, "CAPA\r\nUSER alice\r\n";
		my ($n, $all) = (0, '');
		while ($all !~ /^\+OK Pass/m) {
			sysread $sock, $all, 4096, length $all or last;
			$n++;
		}
		return $n;
	};
	my ($s, $w) = Wrapper->connect($host, type => SOCK_SEQPACKET,
	    data_type => SOCK_SEQPACKET);
	is($count->($s->{sock}), $clear, "$value: in the clear: $clear");
	$w->stls($s);
	is($count->($w->{data}), $tls, "$value: behind TLS: $tls");
}

# TLS from the start, by a wrapper that has begun.
{
	conf('debug', 'log-login');
	my $s;
	my $log = logged(sub {
		$s = $host->connect(env => { %Wrapper::TLS,
			SSL_CIPHER => "AES\n\"x" });
		ok(!capa($s)->{STLS}, 'at once: CAPA has no STLS');
		is($s->cmd('STLS'), $TLS_ON, 'at once: STLS');
		$s->quit;
	});
	like($log, qr/^popper\[\d+\]: TLS: TLSv1\.2, AES\?\?x$/m,
	    'debug: protocol and cipher');
	conf();
	$s = $host->connect(env => { %Wrapper::TLS, SSL_PROTOCOL => '' });
	is($s->cmd('STLS'), $NO_TLS, 'an empty SSL_PROTOCOL is no TLS');
	$s->quit;
}

# A certificate of the client's is told once, at log-in.
for my $row (['SUCCESS', 'O=Example,CN=bob"', 'O=Example,CN=bob?'],
    ['NONE', 'CN=bob', undef], ['FAILED', 'CN=bob', undef],
    ['SUCCESS', 'CN=' . 'x' x 900, 'CN=' . 'x' x 396]) {
	my ($verify, $subject, $want) = @$row;
	my %cert = (SSL_CLIENT_VERIFY => $verify, SSL_CLIENT_S_DN => $subject);
	for my $how ('STLS', 'at once') {
		my $log = logged(sub {
			my ($s, $w);
			if ($how eq 'STLS') {
				($s, $w) = Wrapper->connect($host);
				$w->stls($s, %cert);
			} else {
				$s = $host->connect(env => { %Wrapper::TLS,
					%cert });
			}
			$s->cmd('USER alice');
			$s->cmd('PASS secret');
			$s->quit;
		});
		my @told = $log =~
		    /^popper\[\d+\]: Certificate of the client of "alice": (.*)$/mg;
		is_deeply(\@told, [defined $want ? $want : ()],
		    "$how, $verify: the subject");
		is(scalar(() = $log =~ /\n/g), scalar @told,
		    "$how, $verify: and nothing else");
	}
}
# From the clear environment it is none.
for ({}, { SSL_CLIENT_S_DN => 'CN=bob' }) {
	my $log = logged(sub {
		my ($s, $w) = Wrapper->connect($host, env => {
			SSL_CLIENT_VERIFY => 'SUCCESS',
			SSL_CLIENT_S_DN => 'CN=bob' });
		local %Wrapper::TLS = %Wrapper::TLS;
		delete $Wrapper::TLS{SSL_CLIENT_VERIFY};
		$w->stls($s, %$_);
		$s->cmd('USER alice');
		$s->cmd('PASS secret');
		$s->quit;
	});
	is($log, '', 'what the environment had of a certificate before TLS');
}

# Wrappers that tell half.
my $file = do { open my $fh, '<', '/dev/null'; $fh };
for my $row (['no control', qr/no SSLCTLFD/, SSLCTLFD => undef],
    ['no read', qr/no SSLREADFD/, SSLREADFD => undef],
    ['no write', qr/no SSLWRITEFD/, SSLWRITEFD => undef],
    ['not open', qr/SSLREADFD \(999\) is not/, SSLREADFD => 999],
    ['no number', qr/SSLCTLFD \(3x\?\) is not/, SSLCTLFD => "3x\n"],
    ['a sign', qr/SSLCTLFD \(\+3\) is not/, SSLCTLFD => '+3'],
    ['empty', qr/SSLCTLFD \(\) is not/, SSLCTLFD => ''],
    ['large', qr/SSLCTLFD \(4294967299\) is not/, SSLCTLFD => 4294967299],
    ['large, too', qr/SSLCTLFD \(4294967295\) is not/, SSLCTLFD => 4294967295],
    ['the client', qr/SSLWRITEFD \(1\) is not/, SSLWRITEFD => 1],
    ['the log', qr/SSLCTLFD \(2\) is not/, SSLCTLFD => 2],
    ['both', qr/TLS is on .* and that it is not/, %Wrapper::TLS]) {
	my ($name, $want, %env) = @$row;
	my $s;
	my $log = logged(sub {
		($s) = Wrapper->connect($host, env => \%env);
		is($s->{greeting}, '-ERR [SYS/PERM] Unable to process ' .
		    'configuration file.', "$name: refused");
		is($s->rest, '', "$name: and ended");
		is($s->wait_end, 100, "$name: with 100");
	});
	like($log, qr/\Apopper\[\d+\]: The TLS wrapper.*$want.*\n\z/,
	    "$name: one line says what is wrong");
}

# Wrappers that do not answer as they should: the session is over.
my $good = Wrapper::strings(%Wrapper::TLS);
my $cut = substr $good, 0, -1;
my @bad = (['nothing', '', qr/handshake failed/],
    ['half', $cut, qr/handshake failed/],
    ['half a variable', substr($good, 0, 9), qr/handshake failed/],
    ['no variables', "\0", qr/did not tell SSL_PROTOCOL/],
    ['an empty protocol', "SSL_PROTOCOL=\0\0", qr/did not tell SSL_PROTOCOL/],
    ['another one', "SSL_CIPHER=x\0\0", qr/did not tell SSL_PROTOCOL/],
    ['no equals sign', "SSL_PROTOCOL\0\0", qr/no list of variables/],
    ['no name', "=x\0$good", qr/no list of variables/],
    ['a blank', "a b=x\0$good", qr/no list of variables/],
    ['something behind it', "${good}x=y\0\0", qr/no list of variables/],
    ['65 variables', ("x=y\0" x 62) . $good, qr/no list of variables/],
    ['garbage', join('', map { chr(255 - $_ % 255) } 1 .. 600) . "\0",
	qr/no list of variables/],
    ['8 KiB', 'x=' . 'y' x 8190, qr/told too much/],
    ['a long list', 'x=' . 'y' x 8190 . "\0$good", qr/told too much/]);
for my $how ('STLS', 'alternate-port') {
	conf($how eq 'STLS' ? () : 'tls-support = alternate-port');
	for my $row (@bad) {
		my ($name, $tell, $want) = @$row;
		my $clear;
		my $log = logged(sub {
			my ($s, $w) = Wrapper->connect($host,
			    silent => $how ne 'STLS');
			$s->put("STLS\r\n") if $how eq 'STLS';
			$w->asked;
			syswrite $w->{control}, $tell;
			shutdown $w->{control}, 1;
			$clear = $s->rest;
			is(sysread($w->{data}, my $d, 9), 0,
			    "$how, $name: nothing to the data");
			is($s->wait_end, 0, "$how, $name: the end");
		});
		is($clear, $how eq 'STLS' ? "+OK Begin TLS negotiation.\r\n" : '',
		    "$how, $name: nothing more in the clear");
		like($log, qr/\Apopper\[\d+\]: No TLS with 192\.0\.2\.1 \(192\.0\.2\.1\): .*$want.*\n\z/,
		    "$how, $name: one line says why");
	}
	conf('timeout = 1', $how eq 'STLS' ? () :
	    'tls-support = alternate-port');
	my $log = logged(sub {
		my ($s, $w) = Wrapper->connect($host, silent => $how ne 'STLS');
		$s->put("STLS\r\n") if $how eq 'STLS';
		$w->asked;
		syswrite $w->{control}, $cut;
		unlike($s->rest, qr/ERR/, "$how, silent: no word");
		is($s->wait_end, 0, "$how, silent: the end");
	});
	like($log, qr/\A.*: The handshake took too long\n\z/,
	    "$how, silent: one line says why");
}
# A signal while the handshake is waited for is no fault of the client's.
for (['TERM', qr/SIGTERM flagged/], ['HUP', qr/flagged: SIGHUP/]) {
	my ($name, $want) = @$_;
	conf();
	my $log = logged(sub {
		my ($s, $w) = Wrapper->connect($host);
		$s->cmd('STLS');
		$w->asked;
		kill $name, $s->{pid};
		# popper has had it when the connection is shut
		$s->rest;
		close $w->{control};
		$s->wait_end;
	});
	like($log, qr/\Apopper\[\d+\]: \(null\) at 192\.0\.2\.1 \(192\.0\.2\.1\): -ERR POP hangup \(.*$want\)\n\z/,
	    "SIG$name in the handshake: one line says so");
}
# 64 are fine, and the last octets may come one by one.
{
	conf();
	my ($s, $w) = Wrapper->connect($host);
	$s->cmd('STLS');
	$w->asked;
	syswrite $w->{control}, $_
	    for 'x=' . 'y' x 4000 . "\0", "x=\0" x 56, split //, $cut;
	$w->tell($s, x => 'y');
	like($s->cmd('USER alice'), qr/^\+OK/, '64 variables, in pieces');
	$s->quit;
}

# alternate-port, and a wrapper that waits: popper has it begin.
{
	conf('tls-support = alternate-port', 'clear-text-password = tls');
	my ($s, $w) = Wrapper->connect($host, silent => 1);
	is($w->asked, 'Y', 'alternate-port: before the greeting');
	$w->tell($s);
	like($s->line, qr/^\+OK .*<.*>$/, 'alternate-port: the greeting');
	is($w->clear, '', 'alternate-port: nothing in the clear');
	is($s->cmd('STLS'), $TLS_ON, 'alternate-port: STLS');
	$s->cmd('USER alice');
	like($s->cmd('PASS secret'), qr/^\+OK/, 'alternate-port: log-in');
	$s->quit;
}

# Two pipes in place of a socket, as other wrappers have them.
{
	conf();
	pipe my $read, my $to or die;
	pipe my $from, my $write or die;
	my ($s, $w) = Wrapper->connect($host, env => {});
	$s->quit;
	($w->{control}, my $control) = Wrapper::pair();
	$s = $host->connect(keep => [$control, $read, $write], env => {
		SSLCTLFD => fileno $control, SSLREADFD => fileno $read,
		SSLWRITEFD => fileno $write });
	close $_ for $control, $read, $write;
	$s->cmd('STLS');
	$w->asked;
	$w->{data} = $from;
	$w->tell($s);
	syswrite $to, "USER alice\r\nPASS secret\r\nRETR 1\r\nQUIT\r\n";
	like($s->rest, qr/^\+OK alice has.*^Subject.*^\+OK Pop server/ms,
	    'two pipes');
	is($s->wait_end, 0, 'two pipes: the end');
}

# An end that TLS did not have: no update.  popper's read fails because the
# wrapper has left what was for it unread.
for my $row (['cut', 1, 3], ['closed', 0, 2]) {
	my ($name, $unread, $left) = @$row;
	conf('update-on-abort');
	$host->spool('alice', join '', map { Mbox::message($_) } 1 .. 3);
	my ($s, $w) = Wrapper->connect($host);
	$w->stls($s);
	$s->cmd('USER alice');
	$s->cmd('PASS secret');
	$s->cmd('DELE 1');
	$s->put("NOOP\r\n") if $unread;
	if ($unread) {
		IO::Select->new($s->{sock})->can_read($Pop::PATIENCE);
	}
	$s->wait_end;
	my $is = () = $host->spool('alice') =~ /^From /mg;
	is($is, $left, "$name: $left messages are left");
}

# inetd: the client's socket is fd 2, too.
{
	$host->configure("set tracefile = $dir/trace\nset debug\n");
	my ($s, $w) = Wrapper->connect($host, stderr_socket => 1);
	$w->stls($s);
	is($w->clear, '', 'inetd: nothing in the clear, and the socket is free');
	$s->cmd('USER alice');
	like($s->cmd('PASS secret'), qr/^\+OK/, 'inetd: log-in');
	is(readlink "/proc/$s->{pid}/fd/2", '/dev/null', 'inetd: fd 2');
	$s->quit;
	like(Pop::slurp("$dir/trace"), qr/TLS: TLSv1\.2, ECDHE-/,
	    'debug: protocol and cipher after STLS');
}

# A checkpassword program gets nothing of the wrapper's.
SKIP: {
	skip 'needs root', 2 unless $host->{root};
	Pop::spew("$dir/check", <<"END", 0755);
#!/bin/sh
{ for f in /proc/self/fd/[3-9]*; do [ -S \$f ] && echo socket; done
  env | grep SSL; echo end; } >"$dir/seen"
exit 1
END
	conf("checkpassword = $dir/check");
	for my $tls (0, 1) {
		my ($s, $w) = Wrapper->connect($host);
		$w->stls($s) if $tls;
		$s->cmd('USER carol');
		$s->cmd('PASS secret');
		is(Pop::slurp("$dir/seen"), "end\n",
		    "a program: nothing of the wrapper's ($tls)");
	}
}
done_testing;
