#!/usr/bin/perl
# What a scanner sees of a service with TLS: sslscan for versions, suites and old
# faults, openssl for curves and the server's own order, and hellos written by
# hand for compression.  With keys of both kinds, at once and by STLS.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Clients;
use IO::Socket::INET;
use Pop;
use Test::More;

plan skip_all => 'no sslscan' unless Clients::have('sslscan');
my $c = Clients->new;
my $dir = "$c->{dir}/tls";
my %tls = $c->tls;
Clients::mkcert(qw(-t rsa2048 cert), $dir, 'rsa.localhost');
my $rsa = "tls-server-cert-file = \"$dir/rsa.localhost.pem\"";
my %port = (ECDSA => \%tls, RSA => {
	'at once' => $c->serve_tls('tls-support = alternate-port', $rsa),
	STLS => $c->serve_tls('tls-support = stls', $rsa) });

# Attributes of the elements of this name.
sub elements {
	my ($xml, $name) = @_;
	return map { my $e = $_; +{ $e =~ /([\w-]+)="([^"]*)"/g } }
	    $xml =~ /<$name ([^>]*?)\/?>/g;
}

# Scans a port: XML, and what only the text tells.
sub scan {
	my ($port, @args) = @_;
	my $file = $c->file('scan.xml');
	# groups it finds only in servers that send a record for each message,
	# and waits for those
	my ($code, $out) = $c->run(qw(sslscan --no-colour --no-groups),
	    "--xml=$file", @args, "127.0.0.1:$port");
	is($code, 0, 'sslscan') or diag($out);
	my $xml = Pop::slurp($file);
	return ($xml, $out);
}

sub enabled {
	my ($xml) = @_;
	return [map { "$_->{type} $_->{version}" } grep { $_->{enabled} }
	    elements($xml, 'protocol')];
}

# The suites, the best one first.
sub suites {
	my ($xml) = @_;
	my @all = elements($xml, 'cipher');
	is($all[0]{status}, 'preferred', 'the server has an order');
	return [map { "$_->{sslversion} $_->{cipher}" } @all];
}

for my $kind ('ECDSA', 'RSA') {
	# which is the best one depends on the processor
	my @aead = map { "TLSv1.2 ECDHE-$kind-$_" } 'AES128-GCM-SHA256',
	    'AES256-GCM-SHA384', 'CHACHA20-POLY1305';
	for my $how ('at once', 'STLS') {
		my ($xml, $text) = scan($port{$kind}{$how},
		    qw(--show-certificate --show-sigs),
		    $how eq 'STLS' ? '--starttls-pop3' : ());
		my $name = "$kind, $how";
		is(scalar(elements($xml, 'protocol')), 6, "$name: six versions");
		is_deeply(enabled($xml), ['tls 1.2'], "$name: only TLS 1.2");
		is_deeply([sort @{ suites($xml) }], \@aead,
		    "$name: ECDHE and AEAD only");
		is_deeply([elements($xml, 'renegotiation')],
		    [{ supported => 0, secure => 0 }],
		    "$name: no renegotiation");
		is_deeply([map { $_->{vulnerable} }
		    elements($xml, 'heartbleed')], [0], "$name: no Heartbleed");
		like($text, qr/^Server supports TLS Fallback SCSV$/m,
		    "$name: TLS_FALLBACK_SCSV");
		my @key = map { $_->{type} . ($_->{bits} // '') }
		    elements($xml, 'pk');
		is_deeply(\@key, $kind eq 'RSA' ? ['RSA2048', 'RSA2048'] :
		    ['EC', 'EC128'], "$name: the key");
		like($xml, qr/<self-signed>false<.*<expired>false</s,
		    "$name: the certificate");
		my @hashes = map { /_(md5|sha\d+)$/ } map { $_->{name} }
		    elements($xml, 'connection-signature-algorithm');
		note("$name: signs with @hashes");
		ok((grep { $_ eq 'sha256' } @hashes) &&
		    !(grep { $_ eq 'md5' } @hashes),
		    "$name: signs with SHA-256, never with MD5");
	}
}

# openssl's client with nothing to say.
sub s_client {
	my ($port, @args) = @_;
	return ($c->run(qw(openssl s_client -tls1_2 -connect),
	    "127.0.0.1:$port", @args))[1];
}

for my $kind ('ECDSA', 'RSA') {
	my $port = $port{$kind}{'at once'};
	for my $row (['X25519', 'X25519'], ['P-256', 'ECDH, prime256v1'],
	    ['P-384', 'ECDH, secp384r1']) {
		my ($curve, $want) = @$row;
		like(s_client($port, '-groups', $curve),
		    qr/^Server Temp Key: $want,/m, "$kind: $curve");
	}
	for my $curve (qw(P-521 X448)) {
		like(s_client($port, '-groups', $curve),
		    qr/alert handshake failure/, "$kind: no $curve");
	}
	# the same, whatever the client wants most
	my @suite = map { s_client($port, '-cipher', $_) =~
	    /^New, TLSv1.2, Cipher is (\S+)/m } "ECDHE-$kind-AES256-GCM-SHA384:" .
	    "ECDHE-$kind-AES128-GCM-SHA256", "ECDHE-$kind-AES128-GCM-SHA256:" .
	    "ECDHE-$kind-AES256-GCM-SHA384";
	is_deeply(\@suite, [("ECDHE-$kind-AES128-GCM-SHA256") x 2],
	    "$kind: the server's order counts");
	like(s_client($port), qr/^Secure Renegotiation IS supported/m,
	    "$kind: RFC 5746");
}

# A ClientHello with these methods of compression: the type of the record that
# answers it, and its text.
sub hello {
	my ($port, @methods) = @_;
	my $curves = pack 'n n/a*', 10, pack 'n/a*', pack 'n', 23;
	my $hashes = pack 'n n/a*', 13, pack 'n/a*', pack 'n', 0x0403;
	my $hello = pack 'n a32 C/a* n/a* C/a* n/a*', 0x303, 'r' x 32, '',
	    pack('n', 0xc02b), pack('C*', @methods), $curves . $hashes;
	my $s = IO::Socket::INET->new("127.0.0.1:$port") or die;
	syswrite $s, pack 'C n n/a*', 22, 0x303,
	    pack('N', 1 << 24 | length $hello) . $hello;
	my $got = '';
	until (length $got >= 5 && length $got >= 5 + unpack 'x3n', $got) {
		IO::Select->new($s)->can_read($Pop::PATIENCE)
		    && sysread $s, $got, 4096, length $got or last;
	}
	return unpack 'C x2 n/a*', $got;
}
{
	my ($type, $text) = hello($tls{'at once'}, 1, 0);
	is($type, 22, 'a client with DEFLATE: a ServerHello');
	is(unpack('x38 C/x x2 C', $text), 0, 'without compression');
	($type, $text) = hello($tls{'at once'}, 1);
	is($type, 21, 'a client that insists: an alert');
}

# The scanner does see old versions and fallbacks, where they are allowed.
{
	my $old = $c->serve_tls('tls-support = alternate-port',
	    'tls-version = TLSv1', $rsa);
	my ($xml, $text) = scan($old);
	is_deeply(enabled($xml), ['tls 1.0', 'tls 1.1', 'tls 1.2'],
	    'tls-version = TLSv1: three versions');
	my @other = grep { !/ ECDHE-RSA-(?:AES|CHACHA20)/ } @{ suites($xml) };
	is_deeply(\@other, [], 'ECDHE with AES or ChaCha20 only');
	like($text, qr/^Server supports TLS Fallback SCSV$/m,
	    'TLS_FALLBACK_SCSV');
	like(($c->run(qw(openssl s_client -fallback_scsv -tls1_1 -cipher
	    DEFAULT@SECLEVEL=0 -connect), "127.0.0.1:$old"))[1],
	    qr/alert inappropriate fallback/, 'a fallback is refused');
}
done_testing;
