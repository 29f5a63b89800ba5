#!/usr/bin/perl
# curl, by TLS at once and by STLS: every octet of every message, what it
# deletes, and when it has to refuse.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Clients;
use Mbox;
use Pop;
use Test::More;

plan skip_all => 'no curl' unless Clients::have('curl');
my $c = Clients->new;
my $host = $c->{host};
my %tls = $c->tls;
my $plain = $c->serve;
my @body = (@Clients::HARD, Clients::large(), Clients::small(500));
my $all = Clients::mbox(@body);
my $n = @body;

# Runs curl as alice; the certificate has to be of this authority.
sub curl {
	my ($ca, @args) = @_;
	return $c->run(qw(curl -sS -u alice:tanstaaf --cacert), $ca, @args);
}

for my $how ('at once', 'STLS') {
	my @how = $how eq 'STLS' ? '--ssl-reqd' : ();
	my $scheme = $how eq 'STLS' ? 'pop3' : 'pop3s';
	my $url = "$scheme://localhost:$tls{$how}/";
	$host->spool('alice', $all);

	my ($code, $out) = curl($tls{ca}, @how, $url);
	is($code, 0, "$how: list") or diag($out);
	is(scalar(() = $out =~ /^\d+ \d+\r$/mg), $n, "$how: LIST");
	# all of it in one session
	($code, $out) = curl($tls{ca}, @how, "$url\[1-$n]", '-o',
	    "$c->{home}/got.#1");
	is($code, 0, "$how: retrieve") or diag($out);
	my @wrong = grep {
		my $got = Pop::slurp("$c->{home}/got.$_") // '';
		$got =~ s/^(?:X-UIDL|Status):.*\n//mg;
		$got ne Mbox::sent($_, $body[$_ - 1]);
	} 1 .. $n;
	is_deeply(\@wrong, [], "$how: every octet of $n messages");
	is($c->logged, '', "$how: nothing in the log");

	($code, $out) = curl($tls{ca}, @how, qw(-l -X DELE), "${url}2");
	is($code, 0, "$how: DELE") or diag($out);
	my @left = $host->spool('alice') =~ /^Subject: number (\d+)$/mg;
	is_deeply(\@left, [1, 3 .. $n], "$how: the others are left");

	# what curl has to refuse
	my $ip = $url =~ s/localhost/127.0.0.1/r;
	for (['another CA', 60, $tls{other}, $url],
	    ['another name', 60, $tls{ca}, $ip],
	    ['TLS 1.1', 35, $tls{ca}, '--tls-max', '1.1', $url],
	    ['only TLS 1.3', 35, $tls{ca}, '--tlsv1.3', $url],
	    ['a wrong password', 67, $tls{ca}, qw(-u alice:wrong), $url]) {
		my ($name, $want, @args) = @$_;
		($code, $out) = curl($args[0], @how, @args[1 .. $#args]);
		is($code, $want, "$how, refused: $name") or diag($out);
	}
}

my ($code, $out) = curl($tls{ca}, '--ssl-reqd', "pop3://localhost:$plain/");
is($code, 64, 'STLS is required, and not there') or diag($out);
unlike($out . $c->logged, qr/alice/, 'no log-in is tried');
done_testing;
