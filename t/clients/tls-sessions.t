#!/usr/bin/perl
# openssl s_client, Python's poplib and Net::POP3 by TLS, at once and by STLS;
# passwords that only TLS may have; and clients that leave without a word.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Clients;
use IO::Socket::INET;
use Mbox;
use Net::POP3;
use Pop;
use Test::More;

my $c = Clients->new;
my $host = $c->{host};
my $home = $c->{home};
my %tls = $c->tls('clear-text-password = tls');
my @body = (@Clients::HARD, Clients::large(), Clients::small(20));
my $all = Clients::mbox(@body);
my $n = @body;

# Messages of a reply to RETR, and of what the server added to them.
sub bare {
	my (@messages) = @_;
	return map { s/\r\n/\n/gr =~ s/\A.*?\n\n//sr } @messages;
}

for my $how ('at once', 'STLS') {
	my @openssl = (qw(openssl s_client -ign_eof -connect),
	    "localhost:$tls{$how}", '-verify_return_error',
	    $how eq 'STLS' ? qw(-starttls pop3) : ());
	$host->spool('alice', $all);
	$c->file('STDIN', join '', map { "$_\r\n" } 'CAPA', 'USER alice',
	    'PASS secret', (map { "RETR $_" } 1 .. $n), 'DELE 2', 'QUIT');
	my ($code, $out) = $c->run(@openssl, '-CAfile', $tls{ca},
	    qw(-verify_hostname localhost));
	is($code, 0, "openssl, $how: it works") or diag($out);
	like($out, qr/^Verification: OK\r?$/m, "$how: the certificate is good");
	like($out, qr/^Verified peername: localhost$/m, "$how: as is the name");
	like($out, qr/^New, TLSv1.2, Cipher is ECDHE-ECDSA-/m, "$how: TLS 1.2");
	my @got = $out =~ /^\+OK \d+ octets\r\n(.*?)^\.\r$/msg;
	s/^\.//mg for @got;
	Clients::same("openssl, $how", [bare(@got)], \@body);
	is($c->logged, '', "$how: nothing in the log");
	for (['another CA', qw(-verify_hostname localhost -CAfile),
	    $tls{other}], ['another name', qw(-verify_hostname localhost.test
	    -CAfile), $tls{ca}]) {
		my ($name, @args) = @$_;
		($code, $out) = $c->run(@openssl, @args);
		is($code, 1, "openssl, $how, refused: $name") or diag($out);
		unlike($out, qr/^\+OK alice/m, 'and without a log-in');
	}
	unlink "$home/STDIN";
	my @left = $host->spool('alice') =~ /^Subject: number (\d+)$/mg;
	is_deeply(\@left, [1, 3 .. $n], "openssl, $how: one is deleted");
}

# Gets and deletes all; with or without QUIT at the end.
my $python = $c->file('fetch.py', <<'END');
import poplib, ssl, sys
how, port, ca, server, quit = sys.argv[1:]
context = ssl.create_default_context(cafile=ca)
if how == "STLS":
    pop = poplib.POP3(server, int(port))
    assert "STLS" in pop.capa() and "USER" not in pop.capa()
    pop.stls(context)
    assert "STLS" not in pop.capa() and "USER" in pop.capa()
else:
    pop = poplib.POP3_SSL(server, int(port), context=context)
pop.user("alice")
pop.pass_("secret")
for i in range(1, pop.stat()[0] + 1):
    sys.stdout.buffer.write(b"\r\n".join(pop.retr(i)[1]) + b"\r\n\0")
    pop.dele(i)
if quit == "QUIT":
    pop.quit()
END
SKIP: {
	skip 'no python3', 18 unless Clients::have('python3');
	for my $how ('at once', 'STLS') {
		$host->spool('alice', $all);
		my @args = ('python3', $python, $how, $tls{$how});
		my ($code, $out) = $c->run(@args, $tls{other}, 'localhost',
		    'QUIT');
		like($out, qr/CERTIFICATE_VERIFY_FAILED.*local issuer/,
		    "poplib, $how, refused: another CA");
		($code, $out) = $c->run(@args, $tls{ca}, '127.0.0.1', 'QUIT');
		like($out, qr/CERTIFICATE_VERIFY_FAILED.*IP address mismatch/,
		    "poplib, $how, refused: another name");
		# without QUIT nothing is deleted
		for my $quit ('no', 'QUIT') {
			($code, $out) = $c->run(@args, $tls{ca}, 'localhost',
			    $quit);
			is($code, 0, "poplib, $how, $quit") or diag($out);
			Clients::same("poplib, $how, $quit",
			    [bare(split /\0/, $out)], \@body);
			my $left = () = $host->spool('alice') =~ /^From s/mg;
			is($left, $quit eq 'no' ? $n : 0,
			    "poplib, $how, $quit: and deletes them");
			# it never sends close_notify, so what poptls sees of
			# the end behind QUIT is a matter of chance
			like($c->logged, qr/^poptls\[\d+\]: TLS connection .* was cut off$/m,
			    'cut off') if $quit eq 'no';
		}
	}
}

for my $how ('at once', 'STLS') {
	$host->spool('alice', $all);
	my $session = sub {
		my ($server, $ca) = @_;
		my %ssl = (SSL_ca_file => $ca, SSL_verify_mode => 1,
		    SSL_verifycn_scheme => 'pop3');
		my %args = (Port => $tls{$how}, Timeout => 30);
		return Net::POP3->new($server, %args, SSL => 1, %ssl)
		    if $how ne 'STLS';
		my $pop = Net::POP3->new($server, %args);
		return $pop->starttls(%ssl) && $pop;
	};
	ok(!$session->('localhost', $tls{other}),
	    "Net::POP3, $how, refused: another CA");
	ok(!$session->('127.0.0.1', $tls{ca}),
	    "Net::POP3, $how, refused: another name");
	my $pop = $session->('localhost', $tls{ca});
	is($pop->login('alice', 'secret'), $n, "Net::POP3, $how: log-in");
	my @got = map { join '', @{ $pop->get($_) } } 1 .. $n;
	Clients::same("Net::POP3, $how", [bare(@got)], \@body);
	$pop->delete($_) for 1 .. $n;
	$pop->quit;
	$c->over;
	is($host->spool('alice'), '', "Net::POP3, $how: and deletes them");
}

# In the clear: no password, whether it is offered or not.
{
	my $s = sub {
		my $sock = IO::Socket::INET->new("127.0.0.1:$tls{STLS}");
		my $s = bless { sock => $sock, code => 0, buf => '', raw => '' },
		    'Pop::Session';
		$s->line;
		return $s;
	};
	my $session = $s->();
	my (undef, $capa) = $session->multi('CAPA');
	like($capa, qr/^STLS\r$/m, 'in the clear: STLS');
	unlike($capa, qr/^USER|PLAIN/m, 'in the clear: no USER, and no PLAIN');
	$session->cmd('USER alice');
	like($session->cmd('PASS secret'), qr/^-ERR/, 'nor is it taken');
	$session = $s->();
	like($session->cmd('AUTH PLAIN AGFsaWNlAHNlY3JldA=='), qr/^-ERR/,
	    'nor PLAIN');
	$session = undef;
	$c->over;
}
done_testing;
