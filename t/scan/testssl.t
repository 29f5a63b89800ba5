#!/usr/bin/perl
# What testssl.sh finds in a service with TLS: nothing that is bad, but for what
# is listed here with a reason.  make tls-check runs it; it takes a minute.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Clients;
use JSON::PP qw(decode_json);
use Pop;
use Test::More;

plan skip_all => 'no testssl' unless Clients::have('testssl');

# Findings that are bad or unknown to testssl, and not to us.
my %KNOWN = (
	# Debian's openssl has no GOST, which nobody here speaks
	engine_problem => 'WARN',
	# the test's CA, as any that mkcert makes, has neither CRL nor OCSP
	cert_revocation => 'HIGH',
);

my $c = Clients->new;
my %tls = $c->tls;
my $rsa = "$c->{dir}/tls/127.0.0.1.pem";
Clients::mkcert(qw(-t rsa2048 cert), "$c->{dir}/tls", '127.0.0.1', 'localhost');

# Starts testssl on a port; the name tells the scans apart.
sub start {
	my ($name, $port, @args) = @_;
	my $pid = fork // die "fork: $!";
	if ($pid == 0) {
		chdir $c->{home};
		open STDIN, '<', '/dev/null';
		open STDOUT, '>', "$c->{dir}/$name.out";
		open STDERR, '>&', \*STDOUT;
		exec qw(testssl --quiet --color 0 --warnings batch --nodns none
		    --ip 127.0.0.1 --add-ca), $tls{ca}, '--jsonfile',
		    "$c->{dir}/$name.json", @args, "localhost:$port" or
		    POSIX::_exit(127);
	}
	return { name => $name, pid => $pid };
}

# Its findings, by their names, when it is ready.
sub findings {
	my ($scan) = @_;
	waitpid $scan->{pid}, 0;
	my $text = Pop::slurp("$c->{dir}/$scan->{name}.json");
	my $list = eval { decode_json($text) } or
	    diag(Pop::slurp("$c->{dir}/$scan->{name}.out"));
	ok($list, "$scan->{name}: testssl tells what it found");
	return map { $_->{id} => $_ } @{ $list || [] };
}

my @all = qw(-p -P -f -U -s -S);
my @rsa = "tls-server-cert-file = \"$rsa\"";
my @scans = (start('at-once', $tls{'at once'}, @all),
    start('stls', $c->serve_tls('tls-support = stls', @rsa),
	qw(--starttls pop3), @all),
    start('old', $c->serve_tls('tls-support = alternate-port',
	'tls-version = TLSv1', @rsa), '-p'));
for my $scan (@scans[0, 1]) {
	my %found = findings($scan);
	is(($found{$_} || {})->{severity}, 'OK', "$scan->{name}: $_")
	    for qw(TLS1_2 PFS cipher_order heartbleed CCS secure_renego
	    secure_client_renego cert_chain_of_trust cert_trust fallback_SCSV
	    LUCKY13 BEAST SWEET32 ROBOT);
	my @bad = map { "$_->{id} $_->{severity}: $_->{finding}" }
	    grep { $_->{severity} !~ /^(?:OK|INFO|DEBUG|LOW)$/ &&
	    $_->{severity} ne ($KNOWN{ $_->{id} } // '') } values %found;
	is_deeply(\@bad, [], "$scan->{name}: nothing bad in " .
	    keys(%found) . ' findings');
	note("$_: $found{$_}{severity}, $found{$_}{finding}")
	    for grep { $found{$_}{severity} !~ /^(?:OK|INFO|DEBUG)$/ }
	    sort keys %found;
}

# It would have found something.
my %old = findings($scans[2]);
is($old{$_}{severity}, 'LOW', "old: $_ is found") for 'TLS1', 'TLS1_1';
done_testing;
