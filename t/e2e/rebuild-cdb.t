#!/usr/bin/perl
# Sources of the CDBs with each kind of mistake: told with file and line, and
# the CDB that is there stays as it is.
use strict;
use warnings;
use File::Temp qw(tempdir);
use FindBin;
use lib "$FindBin::Bin/../lib";
use Pop;
use Test::More;

my $dir = tempdir('popper-cdb.XXXXXX', TMPDIR => 1, CLEANUP => 1);
my %good = (
	access => "# all\n127.:allow\n10.1.2-9.:deny\n192.0.2.7:allow,A=\"b c\"," .
	    "D=/e/\n=host.example:deny\nwho\@1.2.3.4:deny\n2001:db8::1:allow\n" .
	    "1.2.3.4-9:deny\n:allow\n",
	secrets => "alice:{apop}a secret: with {all}\nalice:{crypt}$Pop::HASH\n",
	users => "alice:1001:100:/home/alice\nbob:1:0:/b:/var/mail/bob\n",
	allow => "alice\n", deny => "mallory\n",
);

sub rebuild {
	my (%change) = @_;
	my %now = (%good, %change);
	for (keys %now) {
		unlink "$dir/$_";
		Pop::spew("$dir/$_", $now{$_}, 0600);
	}
	my $said = `$Pop::TOP/scripts/rebuild-cdb $dir 2>&1`;
	return ($? >> 8, $said);
}
sub built {
	return join '', map { Pop::slurp("$dir/$_.cdb") }
	    qw(access secrets users);
}

my ($code, $said) = rebuild();
is("$code $said", '0 ', 'good sources');
my $before = built();
is(sprintf('%o', (stat "$dir/secrets.cdb")[2] & 07777), '600',
    "secrets are the owner's only");
is(`cdb -q $dir/secrets.cdb aalice`, 'a secret: with {all}', 'an APOP secret');
is(`cdb -q $dir/users.cdb ubob`, '1:0:/b:/var/mail/bob', 'a user');
is(`cdb -q $dir/users.cdb ymallory`, '', 'not allowed');
is(`cdb -q $dir/users.cdb nmallory`, '1', 'denied');

for (['secrets', "alice\n", 1], ['secrets', "\n#\nalice:secret\n", 3],
    ['secrets', "alice:{md5}x\n", 1], ['secrets', "alice:{apop}\n", 1],
    ['secrets', "../a:{apop}x\n", 1], ['secrets', ".a:{apop}x\n", 1],
    ['secrets', "a%s:{apop}x\n", 1], ['secrets', "a.lock:{apop}x\n", 1],
    ['secrets', "a:{crypt}short\n", 1], ['secrets', "a:{apop}x\r\n", 1],
    ['secrets', "a:{apop}\xe4\n", 1], ['secrets', "a:{apop}x\0y\n", 1],
    ['secrets', "a:{apop}x\na:{apop}y\n", 2],
    ['secrets', 'a:{apop}' . 'x' x 512 . "\n", 1],
    ['secrets', 'a' x 64 . ":{apop}x\n", 1],
    ['users', "a:0:0:/h\n", 1], ['users', "a:1\n", 1],
    ['users', "a:-1:1:/h\n", 1], ['users', "a:1x:1:/h\n", 1],
    ['users', "a:4294967295:1:/h\n", 1], ['users', "a:1:4294967295:/h\n", 1],
    ['users', "a:1:1:home\n", 1], ['users', "a:1:1:/h:mail\n", 1],
    ['users', "a:1:1:/h:/m:x\n", 1], ['users', "a:1:1:/h:/m/\n", 1],
    ['users', "a:1:1:/h\nb:1:1:/h\na:1:1:/h\n", 3],
    ['allow', "a b\n", 1], ['deny', "x\n../y\n", 2],
    ['access', "10.0.0.0/8:allow\n", 1], ['access', "[::1]:allow\n", 1],
    ['access', "10.0.0:deny\n", 1], ['access', "1.2.3.4.:deny\n", 1],
    ['access', "300.1.:deny\n", 1], ['access', "9-1.:deny\n", 1],
    ['access', "5.5-:deny\n", 1], ['access', "10.0.0.*:deny\n", 1],
    ['access', " 10.:deny\n", 1], ['access', "host.example:deny\n", 1],
    ['access', ":allow\n127.:alow\n", 2], ['access', "127.\n", 1],
    ['access', "127.:allow,X=\"a\n", 1], ['access', "127.:allow,X\n", 1]) {
	my ($file, $text, $line) = @$_;
	($code, $said) = rebuild($file => $text);
	(my $shown = substr $text, 0, 40) =~ s/([^ -~])/sprintf '\\x%02x', ord $1/ge;
	is($code, 100, "$file: $shown");
	like($said, qr/^\Q$dir\/$file:$line\E: \S/m, "$file: $shown: where");
	is(built(), $before, "$file: $shown: as it was");
}

# A source that is not there is empty; one that cannot be read is a mistake.
unlink "$dir/secrets";
symlink '/nonexistent/secrets', "$dir/secrets";
$said = `$Pop::TOP/scripts/rebuild-cdb $dir 2>&1`;
is($? >> 8, 100, 'a dangling link');
is(built(), $before, 'a dangling link: as it was');
unlink "$dir/secrets";
mkdir "$dir/secrets";
$said = `$Pop::TOP/scripts/rebuild-cdb $dir 2>&1`;
is($? >> 8, 100, 'a folder');
is(built(), $before, 'a folder: as it was');
rmdir "$dir/secrets";
rebuild();
unlink "$dir/secrets";
is(system("$Pop::TOP/scripts/rebuild-cdb", $dir), 0, 'no secrets');
is(`cdb -q $dir/secrets.cdb aalice`, '', 'are none');
is((system("$Pop::TOP/scripts/rebuild-cdb /nonexistent 2>/dev/null"))[0] >> 8,
    100, 'no folder');
opendir(my $dh, $dir) or die;
is_deeply([sort grep { !/^\.\.?$/ } readdir $dh],
    [sort '.lock', qw(access access.cdb allow deny secrets.cdb users users.cdb)],
    'no temporary file is left');
done_testing;
