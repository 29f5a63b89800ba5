#!/usr/bin/perl
# popauth: who may change what, as root, set-uid root, and set-uid to the pop
# owner; what it takes and refuses; what unfriendly callers can do to it.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Pop;
use Popauth;
use POSIX ();
use Test::More;

Popauth::enter();
my ($cdb, $pop) = ($Popauth::CDB, "$Popauth::CDB/pop");
my %uid = %Popauth::UID;
my $plain = Popauth::program();
my $suid = Popauth::program('root');

# one that waits for the lock in vain, in a folder of its own, meanwhile
my $busy = "$Popauth::DIR/busy";
mkdir $busy;
Pop::spew("$busy/secrets", "a:{apop}x\n", 0600);
my $waits = Popauth::start($plain, [qw(-user a new)], n => '.busy',
    before => ['unshare', '-m', 'sh', '-ec', 'mount --bind "$0" ' . $cdb .
    '; exec flock ' . $cdb . '/.lock "$@"', $busy]);

sub is_run {
	my ($what, $want, $words, %opt) = @_;
	my ($code, $out, $err) = Popauth::run($opt{program} // $plain, $words,
	    %opt);
	is($code, $want, "$what: exit code") or diag "$out$err";
	like($out, $opt{out} // qr/\A\z/, "$what: output");
	like($err, $opt{err} // ($want ? qr/\Apopauth: .*\n\z/ : qr/\A\z/),
	    "$what: errors");
}
sub mode { return sprintf '%o %d', (stat $_[0])[2] & 07777, (stat _)[4] }

# --- words ---
is_run('-help', 0, ['-help'], out => qr/\Ausage: popauth /);
is_run('-version', 0, ['-version'], out => qr/\Apopauth \(version [\d.]+\)$/);
is_run('-trace', 100, ['-trace', "$Popauth::DIR/t"],
    err => qr/-trace is refused: /);
ok(! -e "$Popauth::DIR/t", '-trace: no file');
is_run("@$_", 100, $_, err => qr/\Ausage: /) for ['-x'], ['-user'], ['-delete'],
    ['-user', 'a', 'b', 'c'], ['-init', '-force'], ['-list', 'a', 'b'],
    ['alice'], [''], ['-change', 'a'];

# --- root, and the folder cdb ---
is_run('not made yet', 100, ['-user', 'alice'], input => "x\n",
    err => qr/root has to run popauth -init/);
is_run('-init', 0, ['-init'], out => qr{^\Q$cdb\E/secrets was made$});
is(mode("$cdb/$_"), '600 0', "$_: mode and owner") for qw(secrets secrets.cdb);
is_run('-init again', 1, ['-init']);
is_run('-init -safe', 0, ['-init', '-safe'], out => qr/is there$/);
is_run('root itself', 100, [], input => "x\n");
is_run('a first one', 0, [qw(-user alice)], input => "wonder land\n");
ok(Popauth::knows('alice', 'wonder land'), 'a first one: both secrets');
ok(Popauth::agrees(), 'and rebuild-cdb builds the same');
is_run('for a script', 0, [qw(-user bob builder)],
    err => qr/\Apopauth: warning: everybody can see.*\n\z/);
ok(Popauth::knows('bob', 'builder'), 'for a script: both');
is_run('list', 0, ['-list'],
    out => qr/\Aalice apop scram-sha-256\nbob apop scram-sha-256\n\z/);
is_run('list ALL', 0, ['-list', 'ALL'], out => qr/^alice .*\nbob /);
is_run('list bob', 0, ['-list', 'bob'], out => qr/\Abob apop \S+\n\z/);
is_run('list nobody', 1, ['-list', 'carol'],
    err => qr{There is no secret of carol in \Q$cdb\E/secrets$});
for (['-list'], ['-help'], ['-version']) {
	is_run("@$_, a full standard output", 111, $_, before => ['sh', '-c',
	    'exec "$0" "$@" >/dev/full'],
	    err => qr/Unable to write to standard output/);
}
is_run('-init again', 1, ['-init']);
ok(Popauth::knows('bob', 'builder'), '-init again: they are there');

my $before = Popauth::source();
for (['empty', "\n", qr/at least one/], ['nothing', '', qr/Nothing was given/],
    ['long', 'x' x 256 . "\n", qr/too long|at most 255/],
    ['very long', 'x' x 5000 . "\n", qr/too long/],
    ['a tab', "a\tb\n", qr/only ASCII/], ['CR', "a\r\n", qr/only ASCII/],
    ['UTF-8', "\xc3\xa4\n", qr/only ASCII/], ['DEL', "a\177\n", qr/only ASCII/],
    ['a NUL', "a\0b\n", qr/only ASCII/]) {
	is_run($_->[0], 1, [qw(-user bob)], input => $_->[1], err => $_->[2]);
}
is_run('long, as a word', 1, [qw(-user bob), 'x' x 256],
    err => qr/at most 255/);
is_run("name " . s/[^ -~]/?/gr, 1, ['-user', $_], input => "x\n", err => qr/cannot be the name/)
    for '', '../x', 'a b', 'a:b', '.a', '#a', 'a.lock', 'x' x 64, "a\nb", "\xe4";
is(Popauth::source(), $before, 'nothing of that was taken');
for (' ', ' lead', 'trail ', ':{apop}x', '#', '->', 'x' x 255, '~' . "'\"`\\%s") {
	is_run("password $_", 0, [qw(-user bob)], input => $_);
	ok(Popauth::knows('bob', $_), "$_: is there");
}
ok(Popauth::agrees(), 'rebuild-cdb builds the same');
my $salt = `cdb -q $cdb/secrets.cdb k`;
like($salt, qr/\A[0-9a-f]{64}\z/, 'the salt of unknown users');
is_run('delete', 0, [qw(-delete bob)]);
unlike(Popauth::source(), qr/bob/, 'delete: the source');
unlike(Popauth::dump_of(), qr/bob/, 'delete: the CDB');
is_run('delete nobody', 1, [qw(-delete bob)],
    err => qr{There is no secret in \Q$cdb\E/secrets$});
is(`cdb -q $cdb/secrets.cdb k`, $salt, 'the salt has stayed');

my $key = 'dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=';
# --- remarks, other lines, wrong lines ---
my $text = "# one\n\n  # two \xff\ncarol:{crypt}\$1\$x\$yyyyyyyyyyyy\n" .
    "dave:{apop} old \nbob:{apop}b\n\t\n# no end";
Pop::spew("$cdb/secrets", $text, 0600);
is_run('a change', 0, [qw(-user dave)], input => "new\n");
my ($two) = Popauth::source() =~ /^(dave:\{scram.*\n)/m;
is(Popauth::source(), $text =~ s/^dave.*\n/dave:{apop}new\n$two/mr,
    'all else stands where it stood');
ok(Popauth::agrees(), 'rebuild-cdb builds the same');
is_run('list', 0, ['-list'], out =>
    qr/\Abob apop\ncarol crypt\ndave apop scram-sha-256\n\z/);
Pop::spew("$cdb/secrets", Popauth::source() . "\neve:{scram-sha-256}1000000:" .
    'AAAA' x 21 . "AA==\$$key:$key\nfay:{scram-sha-256}007:AAA=\$$key:$key", 0600);
is_run('verifiers of others', 0, [qw(-user dave)], input => "new\n");
ok(Popauth::agrees(), 'verifiers of others: rebuild-cdb builds the same');
is_run('delete keeps a hash', 1, [qw(-delete carol)]);
for (["x\n", 1, 'a line is'], ["#\nx:{apop}y\nx:{apop}z\n", 3, 'this stands'],
    ["x:{apop}\n", 1, 'the secret has'], ["x:{crypt}y\n", 1, 'this is no'],
    ["x:{scram-sha-256}4096:AA==\n", 1, 'a verifier is'],
    ["../x:{apop}\t\n", 1, 'only printable'], ['x' x 1001, 1, 'a line has'],
    ["../x:{apop}y\n", 1, ''], (map { ["x:{scram-sha-256}$_\n", 1,
	'a verifier is'] } "0:AA==\$$key:$key", "1000001:AA==\$$key:$key",
	"1:\$$key:$key", "1:AB==\$$key:$key", "1:AAA\$$key:$key",
	'1:' . 'AAAA' x 22 . "\$$key:$key", "1:AA==\$$key:$key ",
	"1:AA==\$$key:" . ($key =~ s/Q=$/R=/r))) {
	my ($bad, $line, $why) = @$_;
	Pop::spew("$cdb/secrets", $bad, 0600);
	is_run("wrong: $why", 100, [qw(-user bob x)],
	    err => qr/^popauth: \Q$cdb\E\/secrets:$line: $why/m);
	is(Popauth::source(), $bad, 'it was left alone');
	like(`$Popauth::REBUILD 2>&1`, qr/^\Q$cdb\E\/secrets:$line: $why/,
	    'rebuild-cdb says the same');
}
unlink "$cdb/secrets";
for (['a link', sub { symlink '/etc/passwd', "$cdb/secrets" }],
    ['a FIFO', sub { POSIX::mkfifo("$cdb/secrets", 0600) }],
    ['a folder', sub { mkdir "$cdb/secrets" }],
    ['of others', sub { Pop::spew("$cdb/secrets", '', 0620) }],
    ["a user's", sub { Pop::spew("$cdb/secrets", '', 0600);
	chown 1, 1, "$cdb/secrets" }]) {
	$_->[1]->();
	is_run("secrets is $_->[0]", 100, [qw(-user bob)], input => 'x');
	rmdir "$cdb/secrets" or unlink "$cdb/secrets";
}

# --- for a program ---
Popauth::fresh();
is_run('-init', 0, ['-init'], out => qr/made/);
is_run('alice', 0, [qw(-user alice)], input => 'first');
is_run('-change', 0, ['-change'], change => "alice\0first\0second\0");
ok(Popauth::knows('alice', 'second'), '-change');
is_run('-change, old wrong', 1, ['-change'], change => "alice\0first\0x\0");
is_run('-change, check', 0, ['-change'], change => "alice\0second\0\0");
is_run('-change, check, wrong', 1, ['-change'], change => "alice\0no\0\0");
is_run('-change, nobody', 1, ['-change'], change => "bob\0x\0y\0",
    err => qr{There is no secret in \Q$cdb\E/secrets$});
is_run('-change, a reason that is lost', 111, ['-change'],
    change => "alice\0second\0\xe4\0", wild => sub {
	open STDOUT, '>', '/dev/full' }, err => qr/Unable to write/);
is_run('-change, no name', 1, ['-change'], change => "../x\0x\0y\0");
is_run('-change, new is bad', 1, ['-change'], change => "alice\0second\0\xe4\0",
    out => qr/\AA password has .*\n\z/);
is_run('-change: ' . s/\0/|/gr, 100, ['-change'], change => $_)
    for '', 'alice', "alice\0", "alice\0second\0", "alice\0second\0x",
    "alice\0second\0x\0y\0", "alice\0second\0x\0\0", 'x' x 1025,
    "alice\0second\0" . 'y' x 1011 . "\0";
is_run('-change, no fd', 100, ['-change'],
    wild => sub { POSIX::close(3) });
ok(Popauth::knows('alice', 'second'), '-change: as it was');

# --- an ordinary user ---
my @alice = (uid => $uid{alice}, program => $suid);
is_run('without set-uid', 1, $_, uid => $uid{alice}, input => "x\n",
    err => qr/not set-uid/)
    for [], ['-list'], [qw(-user alice)], ['-init'], ['-change'];
is_run('old and new', 0, [], @alice, input => "second\nthird\n");
ok(Popauth::knows('alice', 'third'), 'old and new');
is(mode("$cdb/$_"), '600 0', "$_: mode and owner") for qw(secrets secrets.cdb);
is_run('old is wrong', 1, [], @alice, input => "second\nfourth\n",
    err => qr/old password is wrong/);
is_run('no old', 1, [], @alice, input => "fourth\n");
is_run('-user oneself, no old', 1, [qw(-user alice fourth)], @alice,
    err => qr/Nothing was given: the old password has to be the first/);
is_run('-user oneself, no new', 1, [], @alice, input => "third\n",
    err => qr/Nothing was given: the new password comes behind/);
is_run('delete, no old', 1, [qw(-delete alice)], @alice,
    err => qr/the old password has to be the first line/);
is_run('delete, wrong', 1, [qw(-delete alice)], @alice, input => "x\n");
is_run("another's: @$_", 1, $_, @alice, input => "x\ny\n",
    env => { USER => 'bob', LOGNAME => 'bob', HOME => '/x' },
    err => qr/only for yourself|Only root/) for [qw(-user bob)],
    [qw(-delete bob)], [qw(-list bob)], [qw(-list ALL)], [qw(-user root)],
    ['-init'], ['-init', '-safe'], ['-change'];
ok(Popauth::knows('alice', 'third'), 'nothing has changed');
is_run('the environment is not believed', 0, ['-list'], @alice,
    env => { USER => 'bob', LOGNAME => 'bob' }, out => qr/\Aalice /);
is_run('delete', 0, [qw(-delete alice)], @alice, input => "third\n");
is_run('adds itself', 0, [], @alice, input => "fifth\n");
ok(Popauth::knows('alice', 'fifth'), 'adds itself');
is_run('two names', 1, [], program => $suid, uid => $uid{twin}, input => 'x',
    err => qr/Several accounts/);
is_run('one of them', 0, [qw(-user other)], program => $suid,
    uid => $uid{twin}, input => 'x');
is_run('no account', 1, [], program => $suid, uid => 1879000399, input => 'x');
is_run('a low uid', 1, [], program => $suid, uid => 10, input => 'x',
    err => qr/not served/);
Pop::spew("$cdb/users", "alice:77:77:/\nbob:$uid{bob}:77:/\n", 0644);
system($Popauth::REBUILD);
is_run('a virtual user of that name', 1, ['-list'], @alice);
is_run('who is the same', 0, [], program => $suid, uid => $uid{bob},
    input => 'me');
unlink "$cdb/users";
system($Popauth::REBUILD);
chmod 0600, "$cdb/users.cdb";
my $wears = Popauth::program('pop');
my @pop = (program => $wears);
mkdir $pop, 0700;
chown $uid{pop}, -1, $pop;
is_run('users.cdb cannot be read', 111, [], @pop, uid => $uid{alice},
    input => 'x', err => qr/root has to make users, allow and deny readable/);
rmdir $pop;
chmod 0644, "$cdb/users.cdb";

# --- unfriendly callers ---
my $code;
my @limit = ('prlimit', '--fsize=0', '--nofile=6', '--cpu=60');
# a container may have taken this right of root's
my $lifts = !system "prlimit --fsize=9 prlimit --fsize=10 true 2>/dev/null";
($code) = Popauth::run($suid, [], @alice, input => "fifth\nsixth\n",
    before => [@limit]);
is($code, $lifts ? 0 : 111, 'limits do not bind root');
ok(Popauth::knows('alice', $lifts ? 'sixth' : 'fifth'), 'limits: whole');
is_run('back again', 0, [qw(-user alice)], input => "sixth\n");
is_run('slow on purpose', 0, [], @alice, input => "sixth\nfifth\n",
    before => ['nice', '-n', '19']);
for my $closed ([0], [1], [2], [0, 1, 2]) {
	my $n = "fds closed: @$closed";
	Popauth::run($suid, ['-user', 'alice'], uid => $uid{alice},
	    input => "fifth\nfifth\n",
	    wild => sub { POSIX::close($_) for @$closed });
	ok(Popauth::knows('alice', 'fifth'), $n);
	ok(Popauth::agrees(), "$n: nothing strange in it");
}
is_run('signals as they should not be', 0, [], @alice,
    input => "fifth\nsixth\n", wild => sub {
	$SIG{$_} = 'IGNORE' for qw(CHLD XFSZ TERM);
	POSIX::sigprocmask(POSIX::SIG_BLOCK,
	    POSIX::SigSet->new(1 .. 31));
    });
Popauth::run($suid, [], uid => $uid{alice},
    input => "sixth\nseventh\n", before => ['sh', '-c',
    'exec "$0" "$@" >/dev/full 2>&1'] );
ok(Popauth::knows('alice', 'seventh'), 'a full standard output');
my $env = join '', map { chr(65 + $_ % 26) } 1 .. 50000;
is_run('a large environment', 0, ['-list'], @alice,
    env => { LD_PRELOAD => '/nowhere.so', IFS => '/', PATH => '.',
	map { ("V$_" => $env) } 1 .. 10 }, out => qr/\Aalice /);
# a process that waits for input holds no lock, and shows nothing
pipe(my $from, my $to) or die;
my $slow = Popauth::start($suid, [], uid => $uid{alice}, n => '.slow',
    wild => sub { open STDIN, '<&', $from });
is_run('while another one thinks', 0, [qw(-user bob)], input => "x\n");
kill 'KILL', $slow;
waitpid $slow, 0;
chmod 0777, $cdb;
is_run('a folder that all can write to', 100, [qw(-user bob)], input => "x\n");
chmod 0755, $cdb;

# --- on a terminal ---
my $t = Popauth::on_tty($suid, [], $uid{alice});
ok(Popauth::sees($t, qr/Old password: \z/), 'the old one is asked for');
is(Popauth::echoes($t), 0, 'without echo');
Popauth::types($t, "seventh\n");
ok(Popauth::sees($t, qr/New password: \z/), 'and the new one');
Popauth::types($t, "on a tty\n");
ok(Popauth::sees($t, qr/Again: \z/), 'twice');
Popauth::types($t, "on a tty\n");
is(Popauth::ended($t), 0, 'it is done');
ok(Popauth::sees($t, qr/alice: changed/), 'and said');
unlike($t->{all}, qr/seventh|on a tty/, 'nothing was shown');
is(Popauth::echoes($t), 1, 'echo is on again');
ok(Popauth::knows('alice', 'on a tty'), 'changed');
$t = Popauth::on_tty($plain, [qw(-user alice)]);
Popauth::sees($t, qr/New password: \z/);
Popauth::types($t, "one\n");
Popauth::sees($t, qr/Again: \z/);
Popauth::types($t, "other\n");
is(Popauth::ended($t), 1, 'two that differ');
ok(Popauth::sees($t, qr/differ/), 'are told');
for (['INT', "\cC"], ['QUIT', "\c\\"], ['TERM'], ['HUP']) {
	my ($name, $key) = @$_;
	$t = Popauth::on_tty($suid, [], $uid{alice});
	Popauth::sees($t, qr/Old password: \z/);
	$key ? Popauth::types($t, $key) : kill $name, $t->{pid};
	like(Popauth::ended($t), qr/^signal /, "SIG$name ends it");
	is(Popauth::echoes($t), 1, "SIG$name: echo is on again");
}
# a shell with job control sees it stop, with echo on, and it asks again
$t = Popauth::on_tty('/bin/sh', ['-c', "set -m; $plain -user alice; " .
    'stty -a | grep -o -w -e "-*echo"; echo stopped; fg']);
Popauth::sees($t, qr/New password: \z/);
Popauth::types($t, "\cZ");
ok(Popauth::sees($t, qr/^echo\r?\nstopped.*New password: \z/ms),
    'Ctrl-Z: echo is on, and off again');
is(Popauth::echoes($t), 0, 'Ctrl-Z: without echo after it');
Popauth::types($t, "on a tty\n");
Popauth::sees($t, qr/Again: \z/);
Popauth::types($t, "on a tty\n");
is(Popauth::ended($t), 0, 'Ctrl-Z: it goes on');
# in the background it ends, and is not stopped
$t = Popauth::on_tty('/bin/sh', ['-c', "set -m; $plain -user alice & " .
    'wait $!; echo code $?']);
ok(Popauth::sees($t, qr/from the background.*^code 111\r?$/ms),
    'in the background: an error');
is(Popauth::ended($t), 0, 'in the background: the end');
# one that is stopped goes on there, and ends
$t = Popauth::on_tty('/bin/sh', ['-c', "set -m; $plain -user alice; " .
    'bg; wait %1; echo code $?']);
Popauth::sees($t, qr/New password: \z/);
Popauth::types($t, "\cZ");
ok(Popauth::sees($t, qr/from the background.*^code 111\r?$/ms),
    'stopped, and sent there');
Popauth::ended($t);
$t = Popauth::on_tty($plain, ['-init']);
Popauth::sees($t, qr/yes or no\)\? \z/);
Popauth::types($t, "no\n");
is(Popauth::ended($t), 1, '-init, no');
ok(Popauth::knows('alice', 'on a tty'), '-init, no: as it was');
$t = Popauth::on_tty($plain, ['-init']);
Popauth::sees($t, qr/yes or no\)\? \z/);
Popauth::types($t, "yes\n");
is(Popauth::ended($t), 0, '-init, yes');
is(Popauth::source(), '', '-init, yes: all is forgotten');
ok(Popauth::agrees(), '-init, yes: in the CDB, too');

# --- set-uid to the pop owner ---
Popauth::fresh();
is_run('pop: not made yet', 100, [], @pop, uid => $uid{alice}, input => 'x',
    err => qr/root has to run popauth -init/);
is_run('pop: -init by a user', 100, ['-init'], @pop, uid => $uid{alice});
mkdir "$cdb/.pop.new";			# as a kill leaves it
is_run('pop: -init', 0, ['-init'], @pop, out => qr{/pop/secrets was made});
is(mode($pop), "700 $uid{pop}", 'pop: mode and owner');
is_run('pop: -init again', 1, ['-init'], @pop);
is_run('pop: -init -safe', 0, ['-init', '-safe'], @pop, out => qr/is there/);
is_run('pop: adds itself', 0, [], @pop, uid => $uid{alice}, input => "one\n");
ok(Popauth::knows('alice', 'one', $pop), 'pop: adds itself');
is_run('pop: old and new', 0, [], @pop, uid => $uid{alice},
    input => "one\ntwo\n");
is_run('pop: old is wrong', 1, [], @pop, uid => $uid{alice},
    input => "one\nthree\n");
is_run("pop: another's", 1, [qw(-user bob)], @pop, uid => $uid{alice},
    input => "x\n");
is_run('pop: root', 0, [qw(-user bob)], @pop, input => "by root\n");
is_run('pop: root, no set-uid', 0, [qw(-user carol)], input => "by root\n");
is_run('pop: the owner', 0, [qw(-user dave)], @pop, uid => $uid{pop},
    input => "by pop\n");
is_run('pop: the owner, no set-uid', 0, [qw(-user bob)], uid => $uid{pop},
    input => "by pop\n");
is_run('pop: the owner lists', 0, ['-list'], uid => $uid{pop},
    out => qr/\Aalice .*\nbob .*\ncarol .*\ndave .*\n\z/);
is_run('pop: -change', 0, ['-change'], change => "bob\0by pop\0next\0");
ok(Popauth::knows('bob', 'next', $pop), 'pop: -change');
is_run('pop: set-uid root', 0, [qw(-user other)], program => $suid,
    uid => $uid{twin}, input => "mine\n");
ok(Popauth::knows('other', 'mine', $pop), 'pop: set-uid root');
ok(Popauth::knows('alice', 'two', $pop), 'pop: all of them');
is(mode("$pop/$_"), "600 $uid{pop}", "pop: $_")
    for qw(secrets secrets.cdb .lock);
ok(Popauth::agrees($pop), 'pop: rebuild-cdb builds the same');
is(mode("$pop/$_"), "600 $uid{pop}", "pop: $_, rebuilt")
    for qw(secrets secrets.cdb .lock);
ok(! -e "$cdb/secrets", 'pop: nothing beside it');
my $was = Popauth::dump_of($pop);
for my $how (['--fsize=0'], ['--fsize=100'], ['--nofile=4']) {
	my ($c, $o, $e) = Popauth::run($wears, [], uid => $uid{alice},
	    input => "two\nthree\n", before => ['prlimit', @$how]);
	is($c, 111, "pop: @$how: exit code") or diag $e;
	ok(Popauth::knows('alice', 'two', $pop), "pop: @$how: as it was");
	is(Popauth::dump_of($pop), $was, "pop: @$how: nothing has changed");
	is_deeply([sort map { s{.*/}{}r } glob "$pop/.[a-z]*"], ['.lock'],
	    "pop: @$how: nothing is left");
}
chmod 0755, $pop;
is_run('pop: open to others', 100, [], @pop, uid => $uid{alice}, input => 'x');
chmod 0700, $pop;
chown $uid{bob}, -1, $pop;
is_run("pop: another one's", 100, [], @pop, uid => $uid{alice}, input => 'x',
    err => qr/set-uid to uid $uid{pop}, but .* belongs to uid $uid{bob}/);
chown $uid{pop}, -1, $pop;
rename $pop, "$cdb/away";
symlink "$cdb/away", $pop;
is_run('pop: a link', 100, [], @pop, input => 'x');

# --- secrets of before, beside pop ---
Popauth::fresh();
Pop::spew("$cdb/secrets", "# alice:{apop}x\nalice:{apop}of root\n" .
    "bob:{crypt}1234567890123\nbob:{scram-sha-256}1:AA==\$$key:$key\n", 0600);
is_run('beside: -init', 0, ['-init'], @pop, out => qr/was made/,
    err => qr{lines of \Q$cdb\E/secrets go on to count});
is_run('beside: adds itself', 0, [], @pop, uid => $uid{alice}, input => "x\n");
is_run('beside: deletes itself', 0, [qw(-delete alice)], @pop,
    uid => $uid{alice}, input => "x\n",
    err => qr{if there is a secret of alice in \Q$cdb\E/secrets, it counts});
is_run("beside: $_", 1, [$_, 'alice'],
    err => qr{There is no secret .*in \Q$pop\E/secrets$}) for qw(-list -delete);
my ($move) = Pop::slurp("$Pop::TOP/man/popauth.8") =~
    /beside\.\nAs root:\n\.Bd [^\n]*\n(.*?)\n\.Ed/s;
$move =~ s/\\\(ha/^/g;
$move =~ s/\\e/\\/g;
$move =~ s/^rebuild-cdb/$Popauth::REBUILD/mg;
is(system('sh', '-ec', $move), 0, 'beside: the commands of popauth(8)')
    or diag $move;
is(Popauth::source(), "# alice:{apop}x\nbob:{crypt}1234567890123\n",
    'beside: what stays');
is(Popauth::source($pop), "alice:{apop}of root\n" .
    "bob:{scram-sha-256}1:AA==\$$key:$key\n", 'beside: what was moved');
is(mode("$cdb/secrets"), '600 0', 'beside: mode and owner');
is(mode("$pop/secrets"), "600 $uid{pop}", 'beside: in pop, too');
is(`cdb -q $pop/secrets.cdb aalice`, 'of root', 'beside: in its CDB');
is(`cdb -q $cdb/secrets.cdb aalice`, '', "beside: and not in root's");

# --- an installation that is not root's ---
Popauth::fresh();
chown $uid{bob}, -1, $cdb;
is_run('a folder of his own', 0, ['-init'], uid => $uid{bob}, out => qr/made/);
is_run('his own, a user', 0, [qw(-user x)], uid => $uid{bob}, input => "y\n");
is_run("his own, another one's", 100, [qw(-user x)], uid => $uid{alice},
    input => "y\n");
is_run('his own, set-uid root', 100, [qw(-user x)], uid => $uid{bob},
    program => $suid, input => "y\n");
is_run('his own, root', 100, [qw(-user x)], input => "y\n");

# --- two at once ---
Popauth::fresh();
is_run('-init', 0, ['-init'], out => qr/made/);
my @pids = map { Popauth::start($plain, ['-user', "u$_"], input => "p$_\n",
    n => ".$_") } 1 .. 12;
push @pids, map { my $pid = fork // die;
    if (!$pid) { exec $Popauth::REBUILD or POSIX::_exit(127) } $pid } 1 .. 3;
is(join(' ', map { waitpid $_, 0; $? } @pids), join(' ', (0) x 15),
    'twelve at once, and rebuild-cdb');
is(scalar(grep { Popauth::knows("u$_", "p$_") } 1 .. 12), 12, 'all are there');
ok(Popauth::agrees(), 'all are in the CDB');

waitpid $waits, 0;
is($? >> 8, 111, 'the lock was not to be had');
like(Pop::slurp("$Popauth::DIR/err.busy"), qr/being changed by another program/,
    'and this was said');
is(Pop::slurp("$busy/secrets"), "a:{apop}x\n", 'nothing was changed');
done_testing;
