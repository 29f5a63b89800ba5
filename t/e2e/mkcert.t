#!/usr/bin/perl
# mkcert: what it makes stands OpenSSL's strict checks, is for the names and the
# use that were asked for, and never takes the place of something else.
use strict;
use warnings;
use File::Temp qw(tempdir);
use FindBin;
use lib "$FindBin::Bin/../lib";
use Pop;
use Test::More;

plan skip_all => 'openssl is not installed' if system 'openssl version >/dev/null';
umask 022;
my $dir = tempdir('popper-mkcert.XXXXXX', TMPDIR => 1, CLEANUP => 1);
my $out;

sub mkcert {
	my $pid = open(my $from, '-|') // die;
	if (!$pid) {
		open STDERR, '>&', \*STDOUT;
		exec "$Pop::TOP/scripts/mkcert", @_;
	}
	local $/;
	$out = <$from>;
	close $from;
	return $? >> 8;
}
sub openssl { scalar `openssl $_[0] 2>&1` }
sub mode { sprintf '%o', (stat $_[0])[2] & 07777 }
sub strict {
	my ($ca, $file, $more) = @_;
	return openssl("verify -x509_strict -CAfile $ca $more $file");
}

my %kind = (p256 => qr/prime256v1/, p384 => qr/secp384r1/,
    rsa2048 => qr/Public-Key: \(2048 bit\)/,
    rsa3072 => qr/Public-Key: \(3072 bit\)/);
my %serial;
for my $type ('', sort keys %kind) {
	my $d = "$dir/" . ($type || 'default');
	my @t = $type ? ('-t', $type) : ();
	is(mkcert(@t, 'ca', $d), 0, "a CA ($type)");
	is(mode("$d/ca.key"), '600', 'its key is secret');
	is(mode("$d/ca.pem"), '644', 'its certificate is not');
	unlike(Pop::slurp("$d/ca.pem"), qr/PRIVATE/, 'and has no key');
	like(openssl("x509 -noout -text -in $d/ca.pem"),
	    qr/CA:TRUE, pathlen:0\s.*Certificate Sign, CRL Sign/s, 'what it may');

	my $file = "$d/mail.example.org.pem";
	is(mkcert(@t, 'cert', $d, 'mail.example.org', 'localhost', '127.0.0.1',
	    '::1', 'localhost'), 0, 'a certificate');
	is(mode($file), '600', 'with its key, so it is secret');
	for ('hostname mail.example.org', 'hostname localhost', 'ip 127.0.0.1',
	    'ip ::1') {
		is(strict("$d/ca.pem", $file, "-purpose sslserver -verify_$_"),
		    "$file: OK\n", $_);
	}
	isnt(strict("$d/ca.pem", $file, '-verify_hostname example.org'),
	    "$file: OK\n", 'for no other name');
	isnt(strict("$d/ca.pem", $file, '-purpose sslclient'), "$file: OK\n",
	    'and no client');
	is(openssl("x509 -noout -pubkey -in $file"),
	    openssl("pkey -pubout -in $file"), 'the key is that of it');
	my $text = openssl("x509 -noout -text -in $file");
	like($text, $kind{$type || 'p256'}, 'of the kind that was asked for');
	is(() = $text =~ /DNS:localhost/g, 1, 'each name once');
	$serial{$text =~ /Serial Number:\s+(\S+)/ ? $1 : ''}++;
	like(openssl("x509 -noout -checkend " . 824 * 86400 . " -in $file"),
	    qr/will not expire/, '825 days');
	like(openssl("x509 -noout -checkend " . 826 * 86400 . " -in $file"),
	    qr/will expire/, 'and no more');

	is(mkcert(@t, 'client', $d, 'bob@example.org'), 0, 'a client');
	$file = "$d/bob\@example.org.pem";
	is(strict("$d/ca.pem", $file,
	    '-purpose sslclient -verify_email bob@example.org'),
	    "$file: OK\n", 'who is bob');
	isnt(strict("$d/ca.pem", $file, '-purpose sslserver'), "$file: OK\n",
	    'and no server');
	like(openssl("x509 -noout -subject -in $file"),
	    qr/CN = bob\@example\.org, emailAddress = bob\@example\.org$/,
	    'his subject');

	is(mkcert(@t, 'self', "$d/self.pem", 'localhost', '127.0.0.1'), 0,
	    'one that is signed by itself');
	is(mode("$d/self.pem"), '600', 'with its key');
	is(strict("$d/self.pem", "$d/self.pem",
	    '-purpose sslserver -verify_ip 127.0.0.1'), "$d/self.pem: OK\n",
	    'is what it trusts');

	is(mkcert(@t, 'request', "$d/r", 'mail.example.org', 'pop.example.org'),
	    0, 'a request');
	is(mode("$d/r.key"), '600', 'its key');
	my $csr = openssl("req -noout -text -verify -in $d/r.csr");
	like($csr, qr/request self-signature verify OK/, 'is signed');
	like($csr, qr/DNS:mail\.example\.org, DNS:pop\.example\.org/, 'names');
	like($out, qr{^    set tls-private-key-file = \Q$d\E/r\.key$}m,
	    'what to do with the answer');
	is(join(' ', glob "$d/.??*"), '', 'nothing is left over');
}
is(scalar keys %serial, 5, 'serial numbers differ');

my $d = "$dir/default";
is(mkcert('-d', 30, 'cert', $d, '*.example.org'), 0, 'a wildcard');
is(strict("$d/ca.pem", "$d/_.example.org.pem",
    '-verify_hostname pop.example.org'), "$d/_.example.org.pem: OK\n",
    'has a name that a folder of names takes');
like(openssl("x509 -noout -checkend " . 31 * 86400 .
    " -in $d/_.example.org.pem"), qr/will expire/, '30 days');

# Whatever is there stays.
my %before = map { $_ => Pop::slurp($_) } glob "$d/*";
symlink "$d/nowhere", "$d/dangling.pem";
for (['ca', $d], ['cert', $d, 'mail.example.org'], ['client', $d,
    'bob@example.org'], ['self', "$d/self.pem", 'localhost'],
    ['request', "$d/r", 'localhost'], ['self', "$d/dangling.pem", 'localhost'],
    ['self', "$d/ca.key", 'localhost']) {
	is(mkcert(@$_), 111, "$_->[0] replaces nothing");
	like($out, qr/ is there already, and is left alone$/, 'and says so');
}
unlink "$d/dangling.pem";
is_deeply({ map { $_ => Pop::slurp($_) } glob "$d/*" }, \%before, 'all is there');
my @racer = map {
	my $pid = fork // die;
	if (!$pid) {
		open STDERR, '>', '/dev/null';
		open STDOUT, '>', '/dev/null';
		exec "$Pop::TOP/scripts/mkcert", 'self', "$dir/race.pem", 'localhost';
	}
	$pid;
} 1 .. 4;
my @won = grep { waitpid $_, 0; $? == 0 } @racer;
is(scalar @won, 1, 'of four at once one makes it');
is(openssl("x509 -noout -pubkey -in $dir/race.pem"),
    openssl("pkey -pubout -in $dir/race.pem"), 'whole');

# What cannot be.
for my $name ('', 'a b', 'a/b', '../x', 'a..b', '.a', '-a', 'a.', '*', '*.*.a',
    'a.*', "a\nb", 'm\xfcller', 'a:1', '1.2', "x'y", ('a.' x 33) . 'b') {
	is(mkcert('cert', $d, $name), 100, "no host: '$name'" =~ s/\n/\\n/r);
	is(mkcert('self', "$dir/no.pem", 'localhost', $name), 100, 'nor another')
	    if length $name < 64;
}
is(mkcert('self', "$dir/no.pem", 'localhost', '1.2.3.400'), 111, 'no address');
for my $name ('', 'a b', 'a/b', '.a', "a\nb", 'a=b', 'x' x 65) {
	is(mkcert('client', $d, $name), 100, "no user: '$name'" =~ s/\n/\\n/r);
}
for (['-t', 'rsa1024', 'ca', "$dir/no"], ['-t', 'p521', 'ca', "$dir/no"],
    ['-d', 0, 'ca', "$dir/no"], ['-d', '1x', 'ca', "$dir/no"], [], ['ca'],
    ['ca', $d, 'x'], ['make', $d], ['-x', 'ca', $d], ['cert', $d], ['self', 'x'],
    ['client', $d], ['request', 'x']) {
	is(mkcert(@$_), 100, "wrong use: @$_");
	like($out, qr/^usage: mkcert /m, 'the usage');
}
is(mkcert('cert', $dir, 'a.example.org'), 111, 'no CA');
like($out, qr{\Q$dir\E/ca\.pem cannot be read: mkcert ca \Q$dir\E makes it},
    'and how to make one');
is(mkcert('-d', 10, 'ca', "$dir/short"), 0, 'a CA for ten days');
is(mkcert('cert', "$dir/short", 'a.example.org'), 111, 'cannot sign for more');
like($out, qr/ does not last for 825 days/, 'and says why');
is(mkcert('-d', 9, 'cert', "$dir/short", 'a.example.org'), 0, 'but for nine');
ok(!-e "$dir/no.pem" && !-e "$dir/no", 'nothing was made in between');
is(join(' ', glob("$d/.??* $dir/.??*")), '', 'nothing is left over');
done_testing;
