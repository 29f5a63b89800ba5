#!/usr/bin/perl
# tls-unlock: keys of every form are decrypted, whole or not at all, and the
# pass phrase is seen nowhere.
use strict;
use warnings;
use File::Temp qw(tempdir);
use FindBin;
use POSIX ();
use lib "$FindBin::Bin/../lib";
use Pop;
use Popauth;
use Test::More;

plan skip_all => 'openssl is not installed' if system 'openssl version >/dev/null';
umask 022;
my $dir = tempdir('popper-unlock.XXXXXX', TMPDIR => 1, CLEANUP => 1);
chmod 0755, $dir;
my ($bin, $run, $conf) = ("$dir/bin", "$dir/run", "$dir/conf");
mkdir $bin;
symlink $Pop::POPPER, "$bin/popper";
symlink "$Pop::TOP/scripts/tls-unlock", "$bin/tls-unlock";
# all that the configuration file allows in a value, but one kind of quotes
my $phrase = q{ a$(b) "c"\\n 'd #e=%s };
my $out;

sub run {
	my ($input, @command) = @_;
	Pop::spew("$dir/in", $input);
	my $pid = open(my $from, '-|') // die;
	if (!$pid) {
		open STDIN, '<', "$dir/in";
		open STDERR, '>&', \*STDOUT;
		exec @command;
	}
	local $/;
	$out = <$from>;
	close $from;
	return $? >> 8 || $?;
}
sub unlock { run('', @_, "$bin/tls-unlock", '-d', $run, '-f', $conf) }
sub configure {
	my ($text, $mode) = @_;
	Pop::spew($conf, $text);
	chmod $mode || 0600, $conf;
}
sub options { "set tls-passphrase = `$phrase`\n" . join '', map { "$_\n" } @_ }
sub mode { sprintf '%o', (lstat $_[0])[2] & 07777 }
sub copy_of { "$run/keys/" . $_[0] =~ s{/}{:}gr }

# Keys, by openssl from a file that has the pass phrase.
Pop::spew("$dir/phrase", "$phrase\n", 0600);
my $ssl = "-passout file:$dir/phrase 2>&1";
mkdir "$dir/tls";
my %made = (
	'ec' => "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out",
	'rsa' => "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out",
);
for my $k (sort keys %made) {
	system("openssl $made{$k} $dir/$k 2>/dev/null") == 0 or die;
}
`openssl req -x509 -new -key $dir/ec -subj /CN=x -config /dev/null -addext subjectAltName=DNS:x -out $dir/cert`;
my %form = (
	'pkcs8' => "openssl pkey -in $dir/ec -aes256 -out FILE $ssl",
	'ec' => "openssl ec -in $dir/ec -aes128 -out FILE $ssl",
	'rsa' => "openssl rsa -in $dir/rsa -traditional -aes128 -out FILE $ssl",
	'des3' => "openssl rsa -in $dir/rsa -traditional -des3 -out FILE $ssl",
	'pkcs12' => "openssl pkcs12 -export -inkey $dir/ec -in $dir/cert " .
	    "-out FILE $ssl",
	'identity' => "{ cat $dir/cert; openssl pkey -in $dir/ec -aes256 $ssl; " .
	    "} >FILE",
	'reversed' => "{ openssl pkey -in $dir/ec -aes256 $ssl; cat $dir/cert; " .
	    "} >FILE",
	'open' => "cp $dir/ec FILE",
);
for my $form (sort keys %form) {
	my $file = "$dir/tls/a $form.pem";
	my $make = $form{$form} =~ s/FILE/'$file'/gr;
	my $said = `$make`;
	is($?, 0, "$form: made") or diag $said;
	chmod 0600, $file;
	utime 1_600_000_000, 1_600_000_000, $file;
	configure(options(qq{set tls-identity-file = "$file"}));
	is(unlock(), 0, "$form: decrypted");
	is($out, '', 'without a word');
	my $copy = copy_of($file);
	my $ref = $form =~ /rsa|des3/ ? 'rsa' : 'ec';
	is(Pop::slurp($copy), scalar `openssl pkey -in $dir/$ref`, 'to PKCS#8');
	is(mode($copy), '600', "nobody else's");
	is((stat $copy)[9], 1_600_000_000, "with the key's time");
}
is(mode($run), '700', 'the folders are, too');
is(mode("$run/keys"), '700', 'both');

# Which file it is.
my ($key, $file) = ("$dir/tls/key", "$dir/tls/a identity.pem");
system 'cp', "$dir/tls/a pkcs8.pem", $key;
my @where = (qq{set tls-server-cert-file = "$file"},
    "set tls-private-key-file = $key");
configure(options(@where));
is(unlock(), 0, 'two files');
ok(-e copy_of($key), 'it is that of the key');
configure(options($where[0]));
unlink copy_of($file);
is(unlock(), 0, 'one for both');
ok(-e copy_of($file), 'it has the key');
configure("@where[0, 0]\n" =~ s/ set/\nset/r);
is(unlock(), 0, 'no pass phrase');
is($out, '', 'nothing to do');
Pop::spew("$dir/secret", options($where[1]), 0600);
configure("set config-file = $dir/secret\n", 0644);
unlink copy_of($key);
is(unlock(), 0, 'the pass phrase in a file of its own');
ok(-e copy_of($key), 'is found');

# What is refused.
sub refused {
	my ($code, $want, $what) = @_;
	is(unlock(), $code, $what);
	like($out, $want, 'and told');
	unlike($out, qr/\Q$phrase\E/, 'without the pass phrase');
}
for my $mode (0644, 0604) {
	chmod $mode, "$dir/secret";
	refused(100, qr{\Q$dir\E/secret.* read by others}, sprintf 'mode %o', $mode);
}
chmod 0640, "$dir/secret";
if ($> == 0) {
	is(unlock(), 0, 'root may share it with his group');
	chown 0, 1879000401, "$dir/secret";
}
refused(100, qr{/secret.* read by others}, 'and with no other one');
configure(options("set tls-private-key-file = tls/key"));
refused(100, qr/has to be an absolute/, 'a relative path');
configure(options("set tls-private-key-file = '$dir/a:b'"));
refused(100, qr/no ":"/, 'a path with a colon');
configure(options());
refused(100, qr/no tls-private-key-file/, 'no key is named');
configure(options("set tls-private-key-file = $dir/none"));
refused(111, qr{\Q$dir\E/none}, 'no key is there');
POSIX::mkfifo("$dir/fifo", 0600) or die;
configure(options("set tls-private-key-file = $dir/fifo"));
is(unlock('timeout', 10), 100, 'a FIFO');
like($out, qr{\Q$dir\E/fifo is no regular file}, 'is no key');
configure("set x = y\n");
refused(100, qr/conf:1: /, 'a configuration that is wrong');
configure(options("set tls-private-key-file = $key"));
chmod 0666, $key;
refused(100, qr/\Q$key\E \(mode 666\) can be changed/, 'a key of everybody');
chmod 0600, $key;
chmod 0770, "$run/keys";
refused(100, qr{/keys \(mode 770\) can be changed}, 'a folder of others');
chmod 0700, "$run/keys";
is(run('', "$bin/tls-unlock", '-d', "$dir/no/run", '-f', $conf), 111,
    'no folder to make one in');
is(run('', "$bin/tls-unlock", @$_), 100, "wrong use: @$_")
    for [], ['-f', $conf, 'x'], ['-k', $key], ['-o', $key],
    ['-f', $conf, '-k', $key, '-o', 'x'], ['-x'];

# The older copy stays if anything fails.
my $copy = copy_of($key);
is(unlock(), 0, 'a copy');
my $good = Pop::slurp($copy);
configure(options("set tls-private-key-file = $key") =~ s/%s/%S/r);
refused(100, qr/the pass phrase is wrong/, 'a wrong pass phrase');
is(Pop::slurp($copy), $good, 'the copy stays');
configure(options("set tls-private-key-file = $key"));
my $text = Pop::slurp($key);
for ('', substr($text, 0, length($text) / 2), $text =~ s/\nM/\nN/r,
    "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n") {
	Pop::spew($key, $_);
	refused(100, qr/no private key/, 'not a key');
	is(Pop::slurp($copy), $good, 'the copy stays');
}
Pop::spew($key, $text);
mkdir "$dir/stub";
# the script is the parent of the shell that openssl runs in
my $script = "sed -n 's/^PPid:.//p' /proc/\$PPID/status";
for my $last ('exit 1', 'exit 0', "kill -9 \$($script)", "kill \$($script)") {
	Pop::spew("$dir/stub/openssl", <<"END", 0755);
#!/bin/sh
while [ "\$1" != -out ]; do shift; done
printf -- '-----BEGIN PRIVATE KEY-----\\nMI' >"\$2"
[ "$last" = 'exit 0' ] && : >"\$2"
$last
END
	isnt(unlock('env', "PATH=$dir/stub:$ENV{PATH}"), 0, "openssl: $last");
	is(Pop::slurp($copy), $good, 'the copy stays');
	is(scalar(() = glob "$run/keys/.unlock.*"), $last =~ /-9/ ? 1 : 0,
	    'what is left over');
	is(unlock(), 0, 'again');
	is(scalar(() = glob "$run/keys/.unlock.*"), 0, 'nothing');
}

# Two services start at once.
my @both = map {
	my $pid = fork // die;
	exec "$bin/tls-unlock", '-d', $run, '-f', $conf if !$pid;
	$pid;
} 1 .. 4;
is(scalar(grep { waitpid $_, 0; $? } @both), 0, 'four at once');
is(Pop::slurp($copy), $good, 'and the copy is right');

# By hand.
my $made = "$dir/made";
is(run("$phrase\nmore\n", "$bin/tls-unlock", '-k', $key, '-o', $made), 0,
    'the pass phrase from standard input');
is(Pop::slurp($made), $good, 'is the right one');
is(mode($made), '600', 'a secret');
is(run("wrong\n", "$bin/tls-unlock", '-k', $key, '-o', $made), 100, 'a wrong one');
is(run('', "$bin/tls-unlock", '-k', $key, '-o', $made), 100, 'none');
is(Pop::slurp($made), $good, 'the copy stays');
symlink $key, "$dir/link";
for ($key, "$dir/link") {
	is(run("$phrase\n", "$bin/tls-unlock", '-k', $key, '-o', $_), 100,
	    'not over the key itself');
}
is(Pop::slurp($key), $text, 'which stays');
unlink $made;
my $t = Popauth::on_tty("$bin/tls-unlock", ['-k', $key, '-o', $made]);
ok(Popauth::sees($t, qr/Pass phrase of .*: \z/), 'asked for on a terminal');
is(Popauth::echoes($t), 0, 'without echo');
Popauth::types($t, "$phrase\n");
is(Popauth::ended($t), 0, 'and taken');
is(Popauth::echoes($t), 1, 'echo is on again');
is(Pop::slurp($made), $good, 'it is right');
unlink $made;
$t = Popauth::on_tty("$bin/tls-unlock", ['-k', $key, '-o', $made]);
Popauth::sees($t, qr/Pass phrase of .*: \z/);
Popauth::types($t, "\cC");
is(Popauth::ended($t), 111, 'Ctrl-C');
is(Popauth::echoes($t), 1, 'echo is on again');
is(scalar(() = glob "$dir/mad? $dir/.unlock.*"), 0, 'makes nothing');

# What popper looks for is there, and poptls can use it.
SKIP: {
	my @in = ('unshare', '-m', 'sh', '-ec',
	    '{ mount -t tmpfs tmpfs "$0"; } 2>/dev/null; exec "$@"');
	skip 'needs root and a mount namespace', 5
	    if $> || system @in, '/run', 'true';
	my $id = "$dir/tls/a identity.pem";
	configure(options("set tls-support = stls",
	    qq{set tls-identity-file = "$id"}));
	Pop::spew("$dir/chain", <<'END', 0755);
cd "$1"
bin/popper --print-tls -f conf && exit 1
bin/tls-unlock -f conf || exit
tls=$(bin/popper --print-tls -f conf) || exit
eval "set -- $tls"
poptls=$1
shift
mkdir -m 755 empty
"$poptls" --check -e empty "$@" || exit
touch 'tls/a identity.pem'
bin/popper --print-tls -f conf && exit 1
exit 0
END
	is(run('', @in, '/run', 'sh', "$dir/chain", $dir), 0, 'the whole chain');
	my @said = split /\n/, $out;
	is(scalar @said, 3, 'three lines');
	like($said[0], qr/no decrypted copy of the key: run tls-unlock/,
	    'popper misses it');
	like($said[1], qr/^\Q$id\E: CN=x, EC P-256/, 'poptls can use it');
	like($said[2], qr/copy is of another key: run tls-unlock/,
	    'and popper knows when not');
}

# No program is given it by its arguments or environment, also if this has the
# names of the script's own variables.
SKIP: {
	skip 'needs strace', 2
	    if system 'strace -o /dev/null true 2>/dev/null';
	is(unlock(qw(env phrase=x config=x key=x strace), '-f', '-v', '-s', 10000, '-e', 'trace=execve', '-o',
	    "$dir/trace"), 0, 'under strace');
	my $calls = Pop::slurp("$dir/trace");
	like($calls, qr/openssl.*-passin.*\bHOME=|openssl.*-passin.*\bPATH=/,
	    'it sees arguments and environment');
	# a failure must not write all of the environment
	ok($calls !~ qr/\Qa\E\$\(b\)/, 'the pass phrase is not in them');
}
done_testing;
