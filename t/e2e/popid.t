#!/usr/bin/perl
# popid behind a checkpassword program, and what it refuses to print.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use File::Temp qw(tempdir);
use PamHost;
use Pop;
use Test::More;

my $dir = tempdir('popper-test.XXXXXX', TMPDIR => 1, CLEANUP => 1);
chmod 0755, $dir;
my $root = $> == 0;
my $uid = $root ? 1879000221 : $>;
my $gid = $root ? 1879000222 : $) + 0;

# as http://cr.yp.to/checkpwd/interface.html says, for one user
my $check = Pop::spew("$dir/checkpassword", <<"END", 0755);
#!$^X
open my \$fd, '<&=', 3 or exit 2;
my (\$user, \$pass) = split /\\0/, join '', <\$fd>;
close \$fd;
exit 1 unless \$user eq 'alice' && \$pass eq 'secret';
if (\$> == 0) {
	\$) = "$gid $gid";
	\$( = $gid;
	(\$<, \$>) = ($uid, $uid);
}
\@ENV{qw(USER HOME SHELL)} = (\$user, '/home/alice', '/bin/sh');
exec \@ARGV;
exit 111;
END

my ($code, $out, $err) =
    PamHost::run("alice\0secret\0Y0\0", [$check, $PamHost::POPID]);
is($code, 0, 'exit code');
is($out, "uid $uid\ngid $gid\nuser alice\nhome /home/alice\n", 'four lines');
is($err, '', 'nothing else');
($code, $out) =
    PamHost::run("alice\0wrong\0Y0\0", [$check, $PamHost::POPID]);
is("$code $out", '1 ', 'a wrong password: it does not run');

for (['no USER', HOME => '/'], ['no HOME', USER => 'a'],
    ['an empty USER', USER => '', HOME => '/'],
    ['a line end in USER', USER => "a\nuid 0", HOME => '/'],
    ['a line end in HOME', USER => 'a', HOME => "/\nuid 0"],
    ['a DEL', USER => "a\x7f", HOME => '/'],
    ['a long USER', USER => 'a' x 256, HOME => '/'],
    ['a long HOME', USER => 'a', HOME => '/' x 256]) {
	my ($what, %env) = @$_;
	($code, $out, $err) = PamHost::run(undef, [$PamHost::POPID], %env);
	is("$code $out", '111 ', $what);
	like($err, qr/^popid: (USER|HOME) .*\n\z/, "$what: why");
}
($code, $out) = PamHost::run(undef, [$PamHost::POPID], USER => 'a' x 255,
    HOME => '/' x 255);
is($code, 0, '255 octets');
like($out, qr{\A.*\n.*\nuser a{255}\nhome /{255}\n\z}, 'and all of them');
($code, $out) = PamHost::run(undef, [$PamHost::POPID, 'x'], USER => 'a',
    HOME => '/');
is("$code $out", '100 ', 'an argument');
($code) = PamHost::run(undef, ['sh', '-c', 'exec "$0" >/dev/full',
    $PamHost::POPID], USER => 'a', HOME => '/');
is($code, 111, 'a full disk');

# one write: the reader may not see half of it
if (system('strace -V >/dev/null 2>&1') == 0) {
	(undef, undef, $err) = PamHost::run(undef, ['strace', '-e',
	    'trace=write,writev', $PamHost::POPID], USER => 'a', HOME => '/');
	my @writes = $err =~ /^(writev?)\(1,/mg;
	is("@writes", 'write', 'one write');
}

SKIP: {
	skip 'needs root', 2 unless $root;
	# set-uid to root in another user's hands
	system('cp', $PamHost::POPID, "$dir/popid");
	chmod 04755, "$dir/popid";
	skip 'no set-uid programs here', 2 if system('setpriv',
	    '--reuid=65534', 'sh', '-c', 'findmnt -no OPTIONS -T "$0" |
		grep -q nosuid', $dir) == 0;
	($code, $out, $err) = PamHost::run(undef, ['setpriv', "--reuid=$uid",
	    "$dir/popid"], USER => 'a', HOME => '/');
	is("$code $out", '111 ', 'real and effective uid differ');
	like($err, qr/differ/, 'and it says so');
}
done_testing;
