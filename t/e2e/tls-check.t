#!/usr/bin/perl
# poptls --check: keys and chains in all forms that are good, and each fault
# by its file, with what to do.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Certs;
use File::Temp qw(tempdir);
use MIME::Base64;
use Pop;
use Test::More;

my $poptls = "$Pop::BUILD/poptls";
my $dir = tempdir('popper-tls.XXXXXX', TMPDIR => 1, CLEANUP => 1);
my $c = Certs->new($dir);
mkdir "$dir/empty" or die $!;
chmod 0755, "$dir/empty";
my $SERVER = 'subjectAltName=DNS:mail.example.org,DNS:*.example.net';
my $CA = 'basicConstraints=critical,CA:TRUE';

# check(OPTION...): exit code, what is good, what is not.
sub check {
	my @args = @_;
	my $err = "$dir/err";
	my $pid = fork;
	defined $pid or die "fork: $!";
	if ($pid == 0) {
		chdir $dir or die;
		open STDOUT, '>', "$dir/out" or die;
		open STDERR, '>', $err or die;
		exec $poptls, '--check', '-e', "$dir/empty", @args or die "$poptls: $!\n";
	}
	waitpid $pid, 0;
	return ($? >> 8 | ($? & 127) << 8, Pop::slurp("$dir/out"),
	    Pop::slurp($err));
}

# One line of praise, and nothing else.
sub good {
	my ($what, $like, @args) = @_;
	my ($code, $out, $err) = check(@args);
	is("$code $err", '0 ', "$what: good");
	like($out, $like, "$what: told");
}

# One fault, which names the file: nobody can have TLS.
sub bad {
	fault(100, @_);
}

# The same, but clients can have it; they may not like it.
sub odd {
	fault(1, @_);
}

sub fault {
	my ($want, $what, $file, $like, @args) = @_;
	my ($code, $out, $err) = check(@args);
	is($code, $want, "$what: exit code");
	like($err, qr/\Apoptls: [^\n]*\Q$file\E[^\n]*\n\z/, "$what: the file");
	like($err, $like, "$what: why");
	is($out, '', "$what: no praise");
}

# It can be used, but one line says what should not stay so.
sub warned {
	my ($what, $file, $like, @args) = @_;
	my ($code, $out, $err) = check(@args);
	is($code, 0, "$what: exit code");
	like($err, qr/\Apoptls: warning: \Q$file\E: [^\n]*\n\z/,
	    "$what: the file");
	like($err, $like, "$what: why");
}

$c->key("$_.key") for qw(root between mail other old);
$c->cert('root', ext => $CA, subject => '/O=Example/CN=Root');
$c->cert('between', by => 'root', ext => $CA, subject => '/CN=Between');
$c->cert('mail', by => 'between', ext => $SERVER, md => 'sha512');

# Forms of keys.
my %form = (
	'P-256' => ['P-256'],
	'P-384' => ['P-384'],
	'RSA 2048' => ['RSA', 'rsa_keygen_bits:2048'],
	'RSA 4096' => ['RSA', 'rsa_keygen_bits:4096'],
);
for my $form (sort keys %form) {
	(my $name = lc $form) =~ tr/ /-/;
	my $word = $form =~ /RSA/ ? "$form bits" : "EC $form";
	my $date = qr/20\d\d-\d\d-\d\d \d\d:\d\d UTC/;
	my $praise = qr/\A$name\S*: CN=$name, $word, until $date, for /;
	$c->key("$name.key", @{$form{$form}});
	$c->cert($name, ext => $SERVER);
	good($form, $praise, '-c', "$name.crt", '-k', "$name.key");
	$c->join_files("$name.pem", "$name.key", "$name.crt");
	good("$form in one file", $praise, '-c', "$name.pem");
	$c->openssl($form =~ /RSA/ ? ('rsa', '-traditional') : 'ec',
	    '-in', "$name.key", '-out', "$name.old");
	good("$form, traditional", $praise, '-c', "$name.crt",
	    '-k', "$name.old");
}
$c->openssl('ecparam', '-name', 'prime256v1', '-out', 'params');
$c->openssl('ec', '-in', 'mail.key', '-out', 'mail.old');
$c->join_files('chain', 'mail.crt', 'between.crt');
my $praise = qr/: CN=mail, EC P-256, until .* for mail.example.org/;
for (['key behind', 'chain', 'mail.key'],
    ['key between', 'mail.crt', 'mail.key', 'between.crt'],
    ['EC PARAMETERS', 'params', 'mail.old', 'chain']) {
	my ($what, @parts) = @$_;
	$c->join_files('one.pem', @parts);
	good($what, $praise, '-c', 'one.pem');
}
(my $crlf = Pop::slurp("$dir/one.pem")) =~ s/\n/\r\n/g;
good('CRLF', qr/, for mail.example.org \*.example.net\n\z/, '-c', $c->spew('crlf.pem', $crlf));
my $text = Pop::slurp("$dir/one.pem");
$text =~ s/(^-----BEGIN)/Bag Attributes\n    x: -----y\nsubject=\n$1/mg;
good('text', $praise, '-c', $c->spew('text.pem', "$text\nEnd"));
(my $wide = Pop::slurp("$dir/one.pem")) =~
    s/([A-Za-z0-9+\/])\n(?=[A-Za-z0-9+\/=])/$1/g;
good('long lines', $praise, '-c', $c->spew('wide.pem', $wide));
good('blanks', $praise, '-c', $c->spew('blank.pem', $wide =~ s/$/ \t/mgr));
$c->join_files('many', 'mail.key', 'other.key');
good('the chain has other keys', $praise, '-c',
    $c->join_files('keys.pem', 'chain', 'many'), '-k', 'mail.key');
good('the key has other certificates', $praise, '-c', 'chain',
    '-k', $c->join_files('certs.pem', 'root.crt', 'mail.key'));

# Encrypted keys, which are not asked for.
my $unlock = qr/encrypted.*tls-unlock\(8\).*tls-passphrase/;
$c->openssl('pkcs8', '-topk8', '-in', 'mail.key', '-out', 'mail.enc8',
    '-passout', 'pass:secret');
$c->openssl('ec', '-aes128', '-in', 'mail.key', '-out', 'mail.enc',
    '-passout', 'pass:secret');
bad("encrypted ($_)", $_, $unlock, '-c', 'chain', '-k', $_)
    for qw(mail.enc mail.enc8);
bad('encrypted, in the chain', 'enc.pem', $unlock, '-c',
    $c->join_files('enc.pem', 'mail.enc', 'chain'));

# Keys of other kinds.
for (['P-521', qr/curve P-521.*P-256/, 'P-521'],
    ['secp256k1', qr/curve secp256k1/, 'secp256k1'],
    ['unknown curve', qr/curve 1\.3\.36\.3\.3\.2\.8\.1\.1\.5,/,
	'brainpoolP224r1'],
    ['explicit', qr/its numbers/, 'EC', 'ec_paramgen_curve:P-256',
	'ec_param_enc:explicit'],
    ['Ed25519', qr/of the kind Ed25519/, 'ED25519'],
    ['RSA-PSS', qr/of the kind RSA-PSS/, 'RSA-PSS', 'rsa_keygen_bits:2048'],
    ['RSA 1024', qr/1024 bits.*2048/, 'RSA', 'rsa_keygen_bits:1024'],
    ['RSA 2047', qr/2047 bits.*2048/, 'RSA', 'rsa_keygen_bits:2047'],
    ['three primes', qr/two primes/, 'RSA', 'rsa_keygen_bits:2048',
	'rsa_keygen_primes:3']) {
	my ($what, $why, @kind) = @$_;
	$c->key('kind.key', @kind);
	bad($what, 'kind.key', $why, '-c', 'chain', '-k', 'kind.key');
}
$c->spew('ssh.key', "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n" .
    "-----END OPENSSH PRIVATE KEY-----\n");
bad('OpenSSH', 'ssh.key', qr/OPENSSH PRIVATE KEY/, '-c', 'chain', '-k',
    'ssh.key');

# Files that are something else.
my $one = Pop::slurp("$dir/one.pem");
$c->openssl('x509', '-in', 'mail.crt', '-outform', 'DER', '-out', 'der');
$c->openssl('crl2pkcs7', '-nocrl', '-certfile', 'mail.crt', '-out', 'p7');
$c->openssl('x509', '-in', 'mail.crt', '-trustout', '-addtrust', 'serverAuth',
    '-out', 'trusted');
$c->openssl('pkey', '-in', 'mail.key', '-pubout', '-out', 'pub');
bad('DER', 'der', qr/DER.*openssl x509/, '-c', 'der');
bad('PKCS#7', 'p7', qr/PKCS7.*openssl pkcs7/, '-c', 'p7');
bad('trusted', 'trusted', qr/TRUSTED CERTIFICATE.*openssl x509/, '-c',
    'trusted');
bad('request', 'mail.csr', qr/CERTIFICATE REQUEST.*authority/, '-c',
    'mail.csr');
bad('public key', 'pub', qr/no private key, but a PUBLIC KEY/, '-c', 'chain',
    '-k', 'pub');
bad('no key', 'chain', qr/no private key, but a CERTIFICATE/, '-c', 'chain');
bad('no certificate', 'mail.key', qr/no certificate, but a PRIVATE KEY/, '-c',
    'mail.key');
bad('two keys', 'many', qr/2 private keys.*leave only/, '-c', 'chain', '-k',
    'many');
bad('no file', 'nowhere', qr/No such file/, '-c', 'nowhere');
bad('a folder', '.', qr/not a regular file/, '-c', '.');
bad($_->[0], 'x.pem', $_->[2], '-c', $c->spew('x.pem', $_->[1])) for
    (['empty', '', qr/empty.*PEM/],
    ['prose', "hello\n", qr/no certificate.*nothing else/],
    ['a NUL', "$one\0", qr/no text/],
    ['cut in the key', substr($one, 0, 250), qr/EC PRIVATE KEY.*no END/],
    ['cut in a certificate', substr($one, 0, length($one) - 100),
	qr/CERTIFICATE that begins in line 2\d has no END/],
    ['no END', $one =~ s/^-----END CERT.*?\n//mr, qr/CERTIFICATE.* no END/],
    ['another END', $one =~ s/END CERT/END X509 CERT/r, qr/END of another/],
    ['not base64', $one =~ s/^MI/M!/mr, qr/not base64/],
    ['a character less', $one =~ s/^MI/M/mr, qr/not base64/],
    ['an empty object', $one =~ s/(BEGIN CERT.*?\n).*?(?=---)/$1/sr,
	qr/not base64/],
    ['large', "\n" x 131073, qr/more than 131072 octets/],
    ['long', Pop::slurp("$dir/mail.crt") x 11, qr/more than 10 cert/]);
bad('a key that is cut', 'y.key', qr/damaged/, '-c', 'chain', '-k',
    $c->spew('y.key', Pop::slurp("$dir/mail.key") =~ s/.{16}\n-----END/\n-----END/sr));

# Rights.
# mode, exit code
for ([0644, 100], [0604, 100], [0600, 0], [0400, 0],
    [0640, $> == 0 ? 0 : 100]) {
	my ($mode, $want) = @$_;
	my $octal = sprintf '%04o', $mode;
	chmod $mode, "$dir/one.pem";
	my ($code, $out, $err) = check('-c', 'one.pem');
	is($code, $want, "a key of mode $octal");
	like($err, qr/\Apoptls: one.pem: .*mode $octal.*chmod 0600/, 'why')
	    if $want;
	($code) = check('-c', 'one.pem', '-k', 'mail.key');
	is($code, $want, "mode $octal: also if another key is used");
}
chmod 0600, "$dir/one.pem";
chmod 0644, "$dir/chain";
good('all may read certificates', $praise, '-c', 'chain', '-k', 'mail.key');
chmod 0664, "$dir/chain";
bad('others may write', 'chain', qr/changed by others/, '-c', 'chain', '-k',
    'mail.key');
chmod 0600, "$dir/chain";
SKIP: {
	skip 'not root', 5 if $> != 0;
	chown 1879000231, -1, "$dir/mail.old";
	bad('another owner', 'mail.old', qr/changed by others/, '-c', 'chain',
	    '-k', 'mail.old');
	chown 0, -1, "$dir/mail.old";
	my ($code, $out, $err);
	($code, $out, $err) = check('-c', '/dev/null');
	is($code, 100, 'no regular file');
}

# What does not fit together.
bad('another key', 'other.key', qr/mail\) is not for the private key of/,
    '-c', 'chain', '-k', 'other.key');
$c->join_files('turned', 'between.crt', 'mail.crt');
my ($code, $out, $err) = check('-c', 'turned', '-k', 'mail.key');
is($code, 100, 'the wrong order: exit code');
like($err, qr/Between\) is not for the private key/, 'the key');
like($err, qr/2 \(CN=mail\) is not the issuer's of certificate 1 .*CN=Root/,
    'and the issuer');
$c->key('twin.key');
$c->cert('twin', by => 'root', ext => $CA, subject => '/CN=Between');
odd('an issuer of the same name', 'twins',
    qr/1 \(CN=mail\) was not signed with the key of certificate 2/, '-c',
    $c->join_files('twins', 'mail.crt', 'twin.crt'), '-k', 'mail.key');
# one octet of what was signed is another
for my $by ('between', 'rca') {
	if ($by eq 'rca') {
		rename "$dir/rsa-2048.key", "$dir/rca.key";
		$c->cert('rca', by => 'root', ext => $CA);
	}
	$c->cert('old', by => $by, ext => $SERVER);
	good("signed by $by", qr/CN=old/, '-c',
	    $c->join_files('signed', 'old.crt', "$by.crt"), '-k', 'old.key');
	$c->openssl('x509', '-in', 'old.crt', '-outform', 'DER', '-out', 'der');
	my $der = Pop::slurp("$dir/der") =~ s/old/odd/r;
	$c->spew('odd.crt', "-----BEGIN CERTIFICATE-----\n" .
	    encode_base64($der) . "-----END CERTIFICATE-----\n");
	odd("changed, by $by", 'odd', qr/1 \(CN=odd\) was not signed with the/,
	    '-c', $c->join_files('odd', 'odd.crt', "$by.crt"), '-k', 'old.key');
}
$c->cert('other', by => 'between', ext => $SERVER);
odd('a stranger', 'gap', qr/2 \(CN=other\) is not the issuer's of .*CN=Between/,
    '-c', $c->join_files('gap', 'mail.crt', 'other.crt'), '-k', 'mail.key');
$c->cert('old', by => 'other', ext => $SERVER);
odd('an issuer that is none', 'none', qr/2 \(CN=other\) is not that of an auth/,
    '-c', $c->join_files('none', 'old.crt', 'other.crt', 'between.crt'),
    '-k', 'old.key');
for (['began', qr/not good before 2090-01-01 00:00 UTC/,
	from => '20900101000000Z', until => '20910101000000Z'],
    ['ended', qr/good until 2020-02-29 23:59 UTC: renew/,
	from => '190101000000Z', until => '200229235959Z'],
    ['purpose', qr/extendedKeyUsage/,
	ext => "$SERVER\nextendedKeyUsage=clientAuth"],
    ['usage', qr/keyUsage without digitalSignature/,
	ext => "$SERVER\nkeyUsage=keyEncipherment"]) {
	my ($what, $why, @how) = @$_;
	$c->cert('old', by => 'between', ext => $SERVER, @how);
	odd($what, 'old.crt', $why, '-c', 'old.crt', '-k', 'old.key');
}
$c->key('ed.key', 'ED25519');
$c->cert('ed', ext => $SERVER, md => 'null');
bad("another kind's certificate", 'ed.crt', qr/key of the kind Ed25519/, '-c',
    'ed.crt', '-k', 'mail.key');
bad('suites', 'chain', qr/key is EC.*suites/, '-c', 'chain', '-k', 'mail.key',
    '-p', 'ECDHE-RSA-AES128-GCM-SHA256');
good('suites of its kind', $praise, '-c', 'chain', '-k', 'mail.key', '-p',
    'ECDHE-ECDSA-AES128-GCM-SHA256');
($code, $out, $err) = check('-c', 'chain', '-k', 'mail.key', '-p', 'FOO');
is($code, 100, 'a suite that nobody knows');
($code, $out, $err) = check('-c', 'chain', '-k', 'mail.key', '-v', 'TLSv1',
    '-p', 'HIGH');
is($code, 0, 'an old version without a suite');
like($err, qr/\Apoptls: warning: -v: TLSv1 has no suite [^\n]*\n\z/, 'is told');


# Warnings.
for (['soon', qr/good until 20.*renew/, days => 13],
    ['no SAN', qr/no subjectAltName/, ext => ''],
    ['SHA-1', qr/signed with SHA-1/, md => 'sha1'],
    ['an issuer to be had', qr/put that of CN=Between behind it/,
	ext => "$SERVER\nauthorityInfoAccess=caIssuers;URI:http://x.example/"],
    ) {
	my ($what, $why, @how) = @$_;
	$c->cert('old', by => 'between', ext => $SERVER, @how);
	warned($what, 'old.crt', $why, '-c', 'old.crt', '-k', 'old.key');
}
warned('a root', 'rooted', qr/3 \(CN=Root,O=Example\) is a root.*leave it out/,
    '-c', $c->join_files('rooted', 'chain', 'root.crt'), '-k', 'mail.key');
$c->cert('ed', by => 'root', ext => $CA);
$c->cert('old', by => 'ed', ext => $SERVER, md => 'null');
warned('a signature that is not known', 'ed', qr/of a kind that poptls/,
    '-c', $c->join_files('ed', 'old.crt', 'ed.crt'), '-k', 'old.key');

# More names.
mkdir "$dir/names", 0755;
mkdir "$dir/names/$_", 0755 for qw(Mail.example.org empty.example.org);
$c->join_files('names/Mail.example.org/fullchain.pem', 'chain');
$c->join_files('names/Mail.example.org/privkey.pem', 'mail.key');
$c->join_files('names/_.example.net.pem', 'one.pem');
$c->join_files('names/a.example.net.pem', 'one.pem');
$c->spew('names/README', "text\n");
$c->spew('names/.hidden.pem', "text\n");
my @names = ('-c', 'one.pem', '-n', 'names');
($code, $out, $err) = check(@names);
is("$code $err", '0 ', 'a folder of names');
is(join(' ', sort map { s/:.*//r } split /\n/, $out),
    'names/Mail.example.org/fullchain.pem names/_.example.net.pem ' .
    'names/a.example.net.pem one.pem', 'each is told');
unlink "$dir/names/Mail.example.org/privkey.pem";
for (['mail.example.org.pem', qr/names: it has the name mail.example.org more/],
    ['_.example.org.pem', qr/not for _.example.org, which is the entry's/],
    ['a.b.example.net.pem', qr/not for a.b.example.net, which is the/]) {
	my ($file, $why) = @$_;
	$c->join_files('names/Mail.example.org/privkey.pem', 'mail.key');
	$c->join_files("names/$file", 'one.pem');
	($code, $out, $err) = check(@names);
	like("$code $err", qr/\A1 poptls: [^\n]*\n\z/, "$file: a fault");
	like($err, $why, "$file: which");
	unlink "$dir/names/$file";
}
$c->spew("names/w$_.example.net.pem", '') for 1 .. 3;
unlink "$dir/names/Mail.example.org/privkey.pem";
($code, $out, $err) = check(@names);
is($err =~ tr/\n//, 4, 'every entry that is wrong is told');
is($code, 1, 'none of them keeps other clients from TLS');
like($err, qr{Mail.example.org/privkey.pem: No such file}, 'half a folder');
is($out =~ tr/\n//, 3, 'and those that are good');

# Authorities of clients.
my @ca = ('-c', 'chain', '-k', 'mail.key', '-a');
($code, $out, $err) = check(@ca,
    $c->join_files('cas', 'root.crt', 'between.crt'));
is("$code $err", '0 ', 'authorities');
like($out, qr/^cas: 2 that sign/m, 'how many');
$c->key('weak.key', 'RSA', 'rsa_keygen_bits:1024');
$c->cert('weak', ext => $CA);
for (['no authority', qr/2 \(CN=mail\) is no authority's/, 'root.crt',
	'mail.crt'],
    ['none', qr/no certificate/, 'mail.key'],
    ['of another kind', qr/1 \(CN=ed\) has a key that is not/, 'ed.crt'],
    ['weak', qr/1 \(CN=weak\) has a key that is not RSA of 2048/, 'weak.crt']) {
	my ($what, $why, @parts) = @$_;
	($code, $out, $err) = check(@ca, $c->join_files('cas', @parts));
	is($code, 100, "$what: exit code");
	like($err, qr/\Apoptls: cas: [^\n]*\n\z/, "$what: the file");
	like($err, $why, "$what: why");
}

SKIP: {
	skip 'only root gives the engine another root', 2 if $> != 0;
	Pop::spew("$dir/empty/file", '');
	($code, $out, $err) = check('-c', 'chain', '-k', 'mail.key');
	is($code, 100, 'a root with a file in it');
	like($err, qr/\Apoptls: [^\n]*empty has to be empty[^\n]*\n\z/,
	    'and that is told');
	unlink "$dir/empty/file";
}
done_testing();
