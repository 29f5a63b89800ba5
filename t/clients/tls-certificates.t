#!/usr/bin/perl
# Clients with certificates: curl, mpop and openssl show theirs, have to, and
# log in by it, at once and by STLS.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Clients;
use Mbox;
use Pop;
use Test::More;

plan skip_all => 'no curl' unless Clients::have('curl');
my $c = Clients->new(users => ['alice', 'bob']);
my $host = $c->{host};
my $home = $c->{home};
my $people = "$c->{dir}/people";
Clients::mkcert('ca', $people);
Clients::mkcert('client', $people, 'alice');
Clients::mkcert(qw(-t rsa2048 client), $people, 'bob');
my %tls = $c->tls("tls-client-ca-file = \"$people/ca.pem\"");
# one that the server's CA has signed, and this service does not know
Clients::mkcert('client', "$c->{dir}/tls", 'alice');
my %file = (alice => "$people/alice.pem", bob => "$people/bob.pem",
    unknown => "$c->{dir}/tls/alice.pem");
$file{$_} = $c->file("$_.pem", Pop::slurp($file{$_})) for keys %file;
my %port = (optional => { %tls });
for my $how (['at once', 'alternate-port'], ['STLS', 'stls']) {
	my @support = "tls-support = $how->[1]";
	$port{required}{$how->[0]} = $c->serve_tls(@support,
	    'tls-client-required');
	$port{external}{$how->[0]} = $c->serve_tls(@support,
	    'tls-client-name = cn', 'clear-text-password = never');
}
$host->spool($_, Mbox::message(1, "mail of $_\n")) for 'alice', 'bob';

for my $how ('at once', 'STLS') {
	my $curl = sub {
		my ($service, $name, @args) = @_;
		my $url = ($how eq 'STLS' ? 'pop3' : 'pop3s') .
		    "://localhost:$port{$service}{$how}/1";
		return $c->run(qw(curl -sS --ssl-reqd --cacert), $tls{ca},
		    $name ? ('--cert', $file{$name}) : (), @args, $url);
	};
	my $refused = sub {
		my ($why, $service, $name) = @_;
		my ($code, $out) = $curl->($service, $name,
		    qw(-u alice:tanstaaf));
		isnt($code, 0, "$service, $how, refused: " .
		    ($name // 'no certificate')) or diag($out);
		like($c->logged, qr/^poptls\[\d+\]: TLS handshake with 127\.0\.0\.1 failed: $why/m,
		    'which the log says');
		unlike($c->logged, qr/Certificate of/, 'and nothing else');
	};

	# it is in the log, and proves nothing
	for my $service ('optional', 'required') {
		for my $name ('alice', 'bob') {
			my ($code, $out) = $curl->($service, $name,
			    qw(-u alice:tanstaaf));
			is($code, 0, "$service, $how: certificate of $name")
			    or diag($out);
			like($out, qr/^mail of alice\r$/m, 'mail');
			is($c->logged =~ s/\[\d+\]//r, 'popper: Certificate of ' .
			    "the client of \"alice\": CN=$name\n", 'the log');
		}
		$refused->(qr/the client's certificate is (?:of no CA|not good)/,
		    $service, 'unknown');
	}
	my ($code, $out) = $curl->('optional', undef, qw(-u alice:tanstaaf));
	is($code, 0, "optional, $how: none") or diag($out);
	is($c->logged, '', 'nothing in the log');
	$refused->(qr/the client has no certificate/, 'required', undef);
	($code, $out) = $curl->('optional', 'alice',
	    qw(--login-options AUTH=EXTERNAL -u alice:));
	is($code, 67, "optional, $how: it is no log-in");

	# AUTH EXTERNAL
	for my $name ('alice', 'bob') {
		($code, $out) = $curl->('external', $name,
		    qw(--login-options AUTH=EXTERNAL -u), "$name:");
		is($code, 0, "external, $how: $name") or diag($out);
		like($out, qr/^mail of $name\r$/m, 'mail');
	}
	($code, $out) = $curl->('external', 'bob',
	    qw(--login-options AUTH=EXTERNAL -u alice:));
	is($code, 67, "external, $how: bob is not alice") or diag($out);
	($code, $out) = $curl->('external', undef,
	    qw(--login-options AUTH=EXTERNAL -u alice:));
	is($code, 67, "external, $how: no certificate") or diag($out);

	SKIP: {
		skip 'no mpop', 2 unless Clients::have('mpop');
		unlink "$home/uidls";
		my $starttls = $how eq 'STLS' ? 'on' : 'off';
		$c->file('got');
		$c->file('mpoprc', <<"END");
account default
host localhost
port $port{external}{$how}
user bob
auth external
tls on
tls_starttls $starttls
tls_trust_file $tls{ca}
tls_cert_file $file{bob}
tls_key_file $file{bob}
keep on
uidls_file $home/uidls
delivery mbox $home/got
END
		($code, $out) = $c->run('mpop', '-C', "$home/mpoprc", '-Q');
		is($code, 0, "mpop, $how: EXTERNAL") or diag($out);
		is_deeply([Clients::bodies(Pop::slurp("$home/got"))],
		    ["mail of bob\n"], 'mail');
	}

	# nobody has to be named
	$c->file('STDIN', "AUTH EXTERNAL =\r\nSTAT\r\nQUIT\r\n");
	($code, $out) = $c->run(qw(openssl s_client -ign_eof -connect),
	    "localhost:$port{external}{$how}", '-CAfile', $tls{ca},
	    '-verify_return_error', '-cert', $file{alice}, '-key', $file{alice},
	    $how eq 'STLS' ? qw(-starttls pop3) : ());
	unlink "$home/STDIN";
	is($code, 0, "openssl, $how") or diag($out);
	like($out, qr/\+OK alice has 1/, 'EXTERNAL without a name');
	like($out, qr/^Acceptable client certificate CA names\r?\nCN = CA of /m,
	    'the server tells whose certificates it takes');
}
done_testing;
