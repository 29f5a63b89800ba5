#!/usr/bin/perl
# popper and the real poptls, which popper starts, and openssl as the client:
# STLS and TLS from the start, as tcpserver and as inetd start it, and a log-in
# by a certificate.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use IO::Select;
use IO::Socket::INET;
use IPC::Open2;
use Mbox;
use Pop;
use Test::More;
use Tls;

plan skip_all => 'needs openssl' if system('openssl version >/dev/null 2>&1');
my $host = Pop->new;
my $dir = $host->{dir};
my $tls = Tls->new;
my $cert = $tls->cert('ec');
my $mine = "$dir/alice.pem";
system("cd $dir && umask 077 && openssl req -x509 -newkey ec -pkeyopt " .
    'ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=alice -keyout key.pem ' .
    '-out ca.pem -batch 2>/dev/null && cat key.pem ca.pem >alice.pem') == 0 or die;
$host->spool('alice', Mbox::message(1));

# A session of an openssl: what it prints are popper's lines.
sub session {
	my ($how, $inetd, @args) = @_;
	my $port = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1')
	    or die "listen: $!";
	my $client = open2(my $from, my $to, 'sh', '-c',
	    'exec "$@" 2>/dev/null', 'sh', 'openssl', 's_client', '-connect',
	    '127.0.0.1:' . $port->sockport, '-quiet', '-no_ign_eof',
	    '-servername', 'mail.test', '-CAfile', $cert,
	    '-verify_return_error', ($how eq 'stls' ? qw(-starttls pop3) : ()),
	    @args);
	my $c = $port->accept or die;
	my $pid = fork;
	if ($pid == 0) {
		open STDIN, '<&', $c;
		open STDOUT, '>&', $c;
		open STDERR, '>>', $host->{log};
		open STDERR, '>&', $c if $inetd;
		%ENV = (ASAN_OPTIONS => $ENV{ASAN_OPTIONS} || '',
		    $inetd ? () : (TCPREMOTEIP => '192.0.2.1'));
		exec $Pop::POPPER, '-f', $host->{conf}, '-t', "$dir/trace";
	}
	close $c;
	return { pid => $pid, client => $client, from => $from, to => $to };
}
sub line {
	my ($s) = @_;
	die "nothing comes\n"
	    unless IO::Select->new($s->{from})->can_read($Pop::PATIENCE);
	my $l = readline $s->{from};
	return defined $l ? $l =~ s/\r\n\z//r : '';
}
# openssl takes a Q in front for its own end.
sub cmd {
	my ($s, $text) = @_;
	syswrite $s->{to}, "$text\r\n";
	return line($s);
}
sub end {
	my ($s) = @_;
	close $s->{to};
	close $s->{from};
	waitpid $s->{pid}, 0;
	my $code = $? >> 8;
	waitpid $s->{client}, 0;
	return $code;
}

for my $how ('stls', 'alternate-port') {
	for my $inetd (0, 1) {
		my $name = $how . ($inetd ? ', inetd' : '');
		$host->configure("set tls-support = $how\n" .
		    "set tls-server-cert-file = $cert\nset debug\n" .
		    "set clear-text-password = tls\nset statistics\n");
		unlink "$dir/trace";
		my $s = session($how, $inetd);
		like(line($s), qr/^\+OK .*<.*>$/, "$name: the greeting")
		    if $how ne 'stls';
		like(cmd($s, 'USER alice'), qr/^\+OK/, "$name: USER");
		like(cmd($s, 'PASS secret'), qr/^\+OK alice has 1/,
		    "$name: PASS");
		like(cmd($s, 'quit'), qr/^\+OK/, "$name: QUIT");
		is(end($s), 0, "$name: the end");
		my $log = Pop::slurp("$dir/trace");
		like($log, qr/TLS: TLSv1\.2, ECDHE-ECDSA-/, "$name: the cipher");
		like($log, $inetd ? qr/Stats: alice.* 127\.0\.0\.1$/m :
		    qr/Stats: alice.* 192\.0\.2\.1$/m, "$name: the address");
	}
	$host->configure("set tls-support = $how\n" .
	    "set tls-server-cert-file = $cert\nset tls-client-name = cn\n" .
	    "set tls-client-ca-file = $dir/ca.pem\nset tls-client-required\n");
	unlink "$dir/trace";
	my $s = session($how, 0, '-cert', $mine);
	line($s) if $how ne 'stls';
	like(cmd($s, 'AUTH EXTERNAL ='), qr/^\+OK alice has 1/,
	    "$how: by a certificate");
	cmd($s, 'quit');
	is(end($s), 0, "$how: the end");
	like(Pop::slurp("$dir/trace"),
	    qr/Certificate of the client of "alice": CN=alice$/m,
	    "$how: which is in the log");
}
done_testing;
