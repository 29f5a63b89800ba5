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
	    "D=/e/\n=host.example:deny\nwho\@1.2.3.4:deny\n2001:db8::1:allow\n2001:db8::deny\n::1:allow\n" .
	    "2001:db8:1:2:3:4:5:6:deny\nfe80::allow\n" .
	    "1.2.3.4-9:deny\n:allow\n",
	secrets => "alice:{apop}a secret: with {all}\nalice:{crypt}$Pop::HASH\n",
	users => "alice:1001:100:/home/alice\nbob:1:0:/b:/var/mail/bob\n",
	allow => "alice\n", deny => "mallory\n",
);

my $key = 'dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=';

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

# Two that wait for a lock in vain, meanwhile.
my $uid = $> ? $> : 1879000401;
my %waits;
for my $lock ('.lock', 'pop/.lock') {
	my $there = tempdir('popper-cdb.XXXXXX', TMPDIR => 1, CLEANUP => 1);
	chmod 0755, $there;
	mkdir "$there/pop", 0700;
	Pop::spew("$there/$_", "a:{apop}x\n", 0600) for 'secrets', 'pop/secrets';
	Pop::spew("$there/pop/.lock", '', 0600);
	chown $uid, -1, map { "$there/$_" } 'pop', 'pop/secrets', 'pop/.lock';
	my $pid = fork // die;
	if (!$pid) {
		open STDERR, '>', "$there/said" or die;
		exec 'flock', "$there/$lock", "$Pop::TOP/scripts/rebuild-cdb",
		    $there;
	}
	$waits{$lock} = { dir => $there, pid => $pid };
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
    ['secrets', '#' x 1001, 1], (map { ['secrets', "#\na:{scram-sha-256}$_\n", 2] }
	'x', "0:AA==\$$key:$key", "1000001:AA==\$$key:$key",
	"-1:AA==\$$key:$key", ":AA==\$$key:$key", "1x:AA==\$$key:$key",
	"1:\$$key:$key", "1:AB==\$$key:$key", "1:AAA\$$key:$key",
	"1:A===\$$key:$key", '1:' . 'AAAA' x 22 . "\$$key:$key",
	"1:AA=A\$$key:$key", "1:AA==\$$key", "1:AA==\$$key:$key:",
	"1:AA==\$$key:$key ", "1:AA==\$$key:AAAA$key",
	"1:AA==\$AA==:$key", "1:AA==$key:$key",
	"1:AA==\$$key:" . ($key =~ s/Q=$/R=/r),
	"1:AA==\$$key:" . 'A' x 44),
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
    (map { ['access', "$_:deny\n", 1] } '2001:DB8::1', '2001:0db8::1',
	'2001:db8', '2001:db8:0:0:0:0:0:1', '2001:db8:1'),
    ['access', ":allow\n127.:allow\n:deny\n", 3],
    ['access', "10.:allow\n\n10.:allow,A=\"b\"\n", 3],
    ['access', ":allow\n127.:alow\n", 2], ['access', "127.\n", 1],
    ['access', "127.:allow,X=\"a\n", 1], ['access', "127.:allow,X\n", 1]) {
	my ($file, $text, $line) = @$_;
	($code, $said) = rebuild($file => $text);
	(my $shown = substr $text, 0, 40) =~ s/([^ -~])/sprintf '\\x%02x', ord $1/ge;
	is($code, 100, "$file: $shown");
	like($said, qr/^\Q$dir\/$file:$line\E: \S/m, "$file: $shown: where");
	is(built(), $before, "$file: $shown: as it was");
}

# Verifiers that are right, and what can be announced.
for (["1:AA==\$$key:$key"], ["1000000:" . 'AAAA' x 21 . "AA==\$$key:$key"],
    ["4096:W22ZaJ0SNY7soEsUEjb6gQ==\$$key:$key"], ["007:AAA=\$$key:$key"]) {
	my ($v) = @$_;
	is_deeply([rebuild(secrets => "a:{scram-sha-256}$v\n")], [0, ''],
	    "a verifier: $v");
	is(`cdb -q $dir/secrets.cdb sa`, $v, "it is there: $v");
}
for (["\n", ''], ["a:{apop}x\n", 'apop'],
    ["a:{scram-sha-256}1:AA==\$$key:$key\n", 'scram'],
    ["a:{scram-sha-256}1:AA==\$$key:$key\nb:{apop}x", 'apop scram'],
    ["a:{crypt}1234567890123\n", '']) {
	rebuild(secrets => $_->[0]);
	is(`cdb -q $dir/secrets.cdb m; echo \$?`, "$_->[1]0\n", "m: $_->[1]");
}

# The salt of unknown users is kept, and made where there is none.
my $salt = `cdb -q $dir/secrets.cdb k`;
like($salt, qr/\A[0-9a-f]{64}\z/, 'a salt');
rebuild(secrets => "a:{apop}other\n");
is(`cdb -q $dir/secrets.cdb k`, $salt, 'is kept');
for (['of an older CDB', "+2,1:aa->x\n\n"], ['a bad one', "+1,3:k->a'b\n\n"],
    ['a short one', "+1,3:k->abc\n\n"]) {
	Pop::spew("$dir/records", $_->[1]);
	system("cdb -c $dir/secrets.cdb $dir/records");
	is_deeply([rebuild()], [0, ''], "a salt: $_->[0]");
	like(`cdb -q $dir/secrets.cdb k`, qr/\A[0-9a-f]{64}\z/,
	    "a salt: $_->[0]");
	isnt(`cdb -q $dir/secrets.cdb k`, $salt, "a salt: $_->[0]: new");
}
unlink "$dir/records";

# The list of who is allowed.
rebuild(allow => "alice \t\n# x\n", deny => "mallory  \n");
is(`cdb -q $dir/users.cdb yalice`, '1', 'blanks behind a name are cut');
is(`cdb -q $dir/users.cdb nmallory`, '1', 'in deny, too');
is(`cdb -q $dir/users.cdb y`, '1', 'there is an allow list');
rebuild(allow => '');
is(`cdb -q $dir/users.cdb y`, '1', 'also if it is empty');
is(mode('users.cdb'), '600', 'users.cdb is as secret as its sources');
chmod 0644, map { "$dir/$_" } qw(users allow deny);
unlink "$dir/allow";
system("$Pop::TOP/scripts/rebuild-cdb", $dir);
is(`cdb -q $dir/users.cdb y`, '', 'there is no allow list');
is(mode('users.cdb'), '644', 'users.cdb is as open as its sources');
sub mode { return sprintf '%o', (stat "$dir/$_[0]")[2] & 07777 }

# cdb/pop: built by its owner, who gains nothing.
mkdir "$dir/pop", 0700;
Pop::spew("$dir/pop/secrets", "a:{apop}x\n", 0600);
chown $uid, -1, "$dir/pop", "$dir/pop/secrets";
chmod 0755, $dir;
is_deeply([rebuild()], [0, ''], 'pop');
is(`cdb -q $dir/pop/secrets.cdb aa`, 'x', 'pop: a secret');
is(`cdb -q $dir/pop/secrets.cdb m`, 'apop', 'pop: m');
is(mode('pop/secrets.cdb'), '600', 'pop: mode');
is((stat "$dir/pop/secrets.cdb")[4], $uid, 'pop: owner');
Pop::spew("$dir/pop/secrets", "\nb:{crypt}1234567890123\n", 0600);
($code, $said) = rebuild();
is($code, 100, 'pop: no {crypt}');
my $marked = $> ? '' : "pop's owner says: ";
like($said, qr/^$marked\Q$dir\E\/pop\/secrets:2: \{crypt\} cannot/m,
    'pop: where');
is(`cdb -q $dir/pop/secrets.cdb aa`, 'x', 'pop: as it was');
SKIP: {
	skip 'not root', 13 if $>;
	unlike($said, qr/^(?!pop's owner says: )/m, 'pop: each line is marked');
	# what its owner could take from the processes that run as him
	mkdir "$dir/bin";
	Pop::spew("$dir/bin/s6-applyuidgid", "#!/bin/sh\n" .
	    "ls -l /proc/\$\$/fd >$dir/fds\n" .
	    'PATH=${PATH#*:} exec s6-applyuidgid "$@"', 0755);
	Pop::spew("$dir/pop/secrets", "\n" x 3000 . "x\n" x 3000, 0600);
	{
		local $ENV{PATH} = "$dir/bin:$ENV{PATH}";
		my @call = ('bash', '-c',
		    'exec "$@" 5</etc/shadow 9</etc/shadow 77</etc/shadow 2>&1',
		    'bash', "$Pop::TOP/scripts/rebuild-cdb", $dir);
		open my $from, '-|', @call or die;
		$said = join '', <$from>;
		close $from;
	}
	is($? >> 8, 100, 'pop: many wrong lines');
	my $fds = Pop::slurp("$dir/fds") // '';
	like($fds, qr{ 2 -> pipe:}, 'pop: what its processes have open');
	unlike($fds, qr{ -> (?!/dev/null$|pipe:|$dir/(?:bin/|fds$)|\Q$Pop::TOP\E)\S}m,
	    "pop: nothing of the caller's");
	cmp_ok(length $said =~ s/^\Q$marked\E//mgr, '<=', 10000,
	    'pop: its owner says so much and no more');
	like($said, qr/^$marked\Q$dir\E\/pop\/secrets:3001: /m,
	    'pop: the beginning');
	system('rm', '-r', "$dir/bin", "$dir/fds");
	Pop::spew("$dir/private", "a:{apop}private\n", 0600);
	unlink "$dir/pop/secrets";
	symlink "$dir/private", "$dir/pop/secrets";
	($code, $said) = rebuild();
	is($code, 100, "pop: a link to root's");
	unlike($said, qr/private:|\e/, 'pop: tells nothing of it');
	unlink "$dir/pop/secrets", "$dir/pop/secrets.cdb";
	Pop::spew("$dir/pop/secrets", "a:{apop}x\n", 0600);
	chown $uid, -1, "$dir/pop/secrets";
	for my $planted ('.secrets.cdb.in', '.secrets.cdb.tmp', '.lock') {
		unlink "$dir/pop/$planted";
		symlink "$dir/private", "$dir/pop/$planted";
		rebuild();
		is(Pop::slurp("$dir/private"), "a:{apop}private\n",
		    "pop: $planted is a link");
		unlink "$dir/pop/$planted";
	}
	unlink "$dir/private";
	rename "$dir/pop", "$dir/away";
	symlink "$dir/away", "$dir/pop";
	($code, $said) = rebuild();
	is($code, 100, 'pop is a link itself');
	is($said, "$dir/pop is no folder\n", 'and this is told');
	unlink "$dir/pop";
	rename "$dir/away", "$dir/pop";
}
system('rm', '-rf', "$dir/pop");
rebuild();
$before = built();

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
for my $lock (sort keys %waits) {
	my $w = $waits{$lock};
	waitpid $w->{pid}, 0;
	is($? >> 8, 111, "$lock is held: 111");
	like(Pop::slurp("$w->{dir}/said"),
	    qr{\Q$w->{dir}/$lock\E could not be had}, "$lock: and why");
	is(-e "$w->{dir}/pop/secrets.cdb", undef, "$lock: nothing was built");
}
opendir(my $dh, $dir) or die;
is_deeply([sort grep { !/^\.\.?$/ } readdir $dh],
    [sort '.lock', qw(access access.cdb allow deny secrets.cdb users users.cdb)],
    'no temporary file is left');
done_testing;
