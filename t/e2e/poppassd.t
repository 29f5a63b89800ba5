#!/usr/bin/perl
# poppassd: the dialogue, with a program that plays the one that changes; and
# as root behind tcpserver, with poppam and a shadow file of its own.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use File::Temp qw(tempdir);
use IO::Socket::INET;
use PamHost;
use Pop;
use Socket;
use Test::More;
use Time::HiRes qw(time);

my $missing = PamHost::missing();
PamHost::enter() unless $missing;
my $POPPASSD = "$Pop::BUILD/poppassd";
my $dir = tempdir('popper-test.XXXXXX', TMPDIR => 1, CLEANUP => 1);
chmod 0755, $dir;
mkdir "$dir/empty", 0755;
my $log = "$dir/log";
my $NOT_NOW = '500 Not now: user, pass, newpass, quit.';

# What changes: what it is to do is the user's name.
my $play = Pop::spew("$dir/play", <<"END", 0755);
#!$^X
open my \$fd, '<&=', 3 or exit 100;
my (\$user, \$old, \$new, \@more) = split /\\0/, join('', <\$fd>), -1;
open my \$to, '>>', '$dir/seen';
my \@fds = grep { -e "/proc/\$\$/fd/\$_" } 0 .. 9;
syswrite \$to, join('|', \$user, \$old, \$new, scalar(\@more), join(' ', map {
	"\$_=\$ENV{\$_}" } sort keys %ENV), readlink '/proc/self/fd/0',
	"\@ARGV") . "\\n";
exit 1 if \$old ne 'secret word';
exit 0 if \$new eq '';
\$| = 1;
if (\$new eq 'short') { print "It is \\"too\\" short\\x07\\nand more\\n"; exit 1 }
exit 1 if \$new eq 'silent';
if (\$new eq 'temp') { print STDERR "no disk\\n"; exit 111 }
kill 'KILL', \$\$ if \$new eq 'killed';
if (\$new eq 'slow') { system 'sleep 100 & echo \$! >$dir/slow; wait' }
if (\$new eq 'leaves') { system 'sleep 100 & echo \$! >$dir/leaves' }
print 'x' x 100000 if \$new eq 'much';
exit 0;
END

# A session on a socket pair: args of poppassd before the program.
sub session {
	my (%opt) = @_;
	socketpair(my $ours, my $theirs, AF_UNIX, SOCK_STREAM, PF_UNSPEC)
	    or die "socketpair: $!";
	my $pid = fork;
	die "fork: $!" unless defined $pid;
	if ($pid == 0) {
		%ENV = (PATH => $ENV{PATH}, TCPLOCALHOST => 'mail.test',
		    ASAN_OPTIONS => $ENV{ASAN_OPTIONS} || '',
		    TCPREMOTEIP => '192.0.2.1', SECRET => 'of the service');
		open STDIN, '<&', $theirs or die;
		open STDOUT, '>&', $theirs or die;
		open STDERR, '>>', $log or die;
		close $ours;
		close $theirs;
		no warnings;
		exec $POPPASSD, '-e', "$dir/empty", @{ $opt{args} || [] },
		    @{ $opt{program} || [$play, 'a'] };
		POSIX::_exit(127);
	}
	close $theirs;
	my $s = bless { sock => $ours, pid => $pid, buf => '', raw => '' },
	    'Pop::Session';
	$s->{greeting} = $s->line unless $opt{silent};
	return $s;
}

sub has_log {
	my ($re) = @_;
	my $end = time + $Pop::PATIENCE;
	until ((Pop::slurp($log) || '') =~ $re) {
		return 0 if time > $end;
		select undef, undef, undef, 0.02;
	}
	return 1;
}

sub checked {
	my (%opt) = @_;
	my $s = session(%opt);
	$s->cmd('user joe');
	$s->cmd('pass secret word');
	return $s;
}

my $s = session();
like($s->{greeting}, qr/^200 mail\.test poppassd \(version [0-9.]+\) hello, who are you\?$/,
    'greeting');
is($s->cmd('USER joe'), '200 Your password, please.', 'user');
is($s->cmd('pass secret word'), '200 Your new password, please.', 'pass');
is($s->cmd("newPass \tnew  one "), '200 Password changed, thank you.',
    'newpass');
is($s->cmd('newpass again'), $NOT_NOW, 'once');
is($s->cmd('user other'), '500 The user is known already.', 'one user');
is($s->cmd('quit'), '200 Bye.', 'quit');
is($s->rest, '', 'and that is the end');
is($s->wait_end, 0, 'exit code');
ok(has_log(qr/^poppassd\[\d+\]: password of "joe" changed from \(192\.0\.2\.1\) 192\.0\.2\.1$/m),
    'the log');
my @seen = split /\n/, Pop::slurp("$dir/seen");
my $env = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin ' .
    'TCPREMOTEIP=192.0.2.1|/dev/null|a';
is_deeply(\@seen, ["joe|secret word||1|$env",
    "joe|secret word|\tnew  one |1|$env"], 'what the program was given');

# Wrong order, and what is no command.
$s = session(args => ['-n', 'other.test']);
like($s->{greeting}, qr/^200 other\.test /, '-n');
is($s->cmd('pass secret word'), $NOT_NOW, 'pass before user');
is($s->cmd('newpass x'), $NOT_NOW, 'newpass before user');
is($s->cmd('user ../joe'), '500 That can be no user\'s name.', 'a bad name');
is($s->cmd('pass secret word'), $NOT_NOW, 'pass after a bad name');
is($s->cmd('user'), '500 That can be no user\'s name.', 'no name');
is($s->cmd('user joe blow'), '500 That can be no user\'s name.', 'two names');
is($s->cmd('user someone-else'), '200 Your password, please.', 'no word of who is');
is($s->cmd('user joe'), '200 Your password, please.', 'a better name');
is($s->cmd('newpass x'), $NOT_NOW, 'newpass before pass');
like($s->cmd($_), qr/^500 /, 'no command: ' . substr($_, 0, 10))
    for '', 'help', 'userjoe', "user joe\0", "us\rer joe", ' user joe',
    'user ' . 'x' x 70, 'pass', 'pass ', 'pass ' . 'x' x 256,
    'x' x 511, 'pass ' . 'x' x 600, 'x' x 100000;
$s->cmd('user joe');
is($s->cmd('pass secret word'), '200 Your new password, please.',
    'it goes on after all that');
like($s->cmd($_), qr/^500 /, 'no new password: ' . substr($_, 0, 10))
    for 'newpass', 'newpass ', 'newpass ' . 'x' x 256, 'pass secret word';
is($s->cmd('newpass ' . 'x' x 255), '200 Password changed, thank you.',
    '255 octets');
is($s->cmd('QUIT'), '200 Bye.', 'QUIT');

# Everything in one packet, and octet by octet.
my @all = ('user joe', 'pass secret word', 'newpass x', 'quit');
$s = session();
$s->put(join '', map { "$_\r\n" } @all);
my $whole = $s->rest;
is($whole, "200 Your password, please.\r\n200 Your new password, please.\r\n" .
    "200 Password changed, thank you.\r\n200 Bye.\r\n", 'in one packet');
$s = session();
for (split //, join '', map { "$_\n" } @all) {
	$s->put($_);
}
is($s->rest, $whole, 'octet by octet, and LF alone');

# A wrong old password, and a user that is not there, all at once so that the
# machine's load is the same: one text, one time, and the end.
my @s = map { session() } 1 .. 4;
$s[$_]->cmd($_ & 1 ? 'user joe' : 'user nobody-here') for 0 .. 3;
my $start = time;
$_->put("pass wrong\r\nnewpass x\r\n") for @s;
is($_->rest, "500 Old password is incorrect.\r\n", 'a wrong old password')
    for @s;
my $took = time - $start;
cmp_ok($took, '>', 1.0, 'after a second and a bit');
is($s[0]->wait_end, 1, 'exit code of a refusal');
ok(has_log(qr/password of "nobody-here" not changed from \(192\.0\.2\.1\) 192\.0\.2\.1: the old one was refused$/m),
    'in the log, too');

# What the program can say.
$s = checked();
is($s->cmd('newpass short'), '500 It is ?too? short?', "the program's line");
is($s->cmd('newpass silent'), '500 New password is refused.', 'or ours');
is($s->cmd('newpass good'), '200 Password changed, thank you.', 'and again');
$s = checked();
$s->cmd('newpass silent') for 1 .. 2;
is($s->cmd('newpass silent'), '500 New password is refused.', 'three times');
is($s->rest, '', 'are enough');
is($s->wait_end, 1, 'exit code of that');
my $TEMP = '400 Not possible at present, try again later.';
$s = checked();
is($s->cmd('newpass temp'), $TEMP, 'ended with 111');
ok(has_log(qr/"joe" not changed from .*: cannot tell now: the program ended with 111: no disk$/m),
    'the log has what it said');
is($s->cmd('newpass killed'), $TEMP, 'killed');
ok(has_log(qr/cannot tell now: the program was ended by signal 9$/m),
    'and by what');
is($s->cmd('newpass much'), '200 Password changed, thank you.', 'much output');
$s = session(program => ["$dir/none"]);
$s->cmd('user joe');
is($s->cmd('pass secret word'), $TEMP, 'no program');
is($s->rest, '', 'ends the session');
ok(has_log(qr{cannot run \Q$dir\E/none: }), 'and the log names it');

# Time: a program that hangs, one that leaves something behind, a client.
sub is_gone {
	my ($file) = @_;
	my ($pid) = (Pop::slurp("$dir/$file") || '') =~ /(\d+)/ or return 0;
	my $end = time + $Pop::PATIENCE;
	while ((Pop::slurp("/proc/$pid/stat") || ') Z') !~ /\) [ZX]/) {
		return 0 if time > $end;
		select undef, undef, undef, 0.02;
	}
	return 1;
}
$s = checked(args => ['-w', 2]);
$start = time;
is($s->cmd('newpass slow'), $TEMP, 'a program that hangs');
cmp_ok(time - $start, '>', 1.9, 'gets its time');
ok(is_gone('slow'), 'and is killed with all it started');
ok(has_log(qr/cannot tell now: the program took too long$/m), 'in the log');
$s = checked();
is($s->cmd('newpass leaves'), '200 Password changed, thank you.',
    'one that leaves something behind');
ok(is_gone('leaves'), 'leaves nothing');
$s = session(args => ['-t', 1]);
is($s->rest, '', 'a silent client');
is($s->wait_end, 0, 'is cut off');
ok(has_log(qr/Timeout \(1 secs\) during nw read/), 'in the log');
$s = session(args => ['-t', 1]);
$start = time;
while (time - $start < $Pop::PATIENCE) {
	last unless $s->put("x\r\n") && defined eval { $s->line };
	select undef, undef, undef, 0.2;
}
cmp_ok(time - $start, '<', 10, 'a busy one, too');
cmp_ok(time - $start, '>', 1.5, 'after twice the time');

# Clients that vanish, at every point.
for my $n (0 .. $#all) {
	$s = session();
	$s->cmd($_) for @all[0 .. $n - 1];
	$s->put(substr $all[$n], 0, 3);
	is($s->wait_end, 0, "a client that vanishes in $all[$n]");
}

# Wrong use.
for ([], ['-t'], ['-t', 0, 'x'], ['-t', 'x', 'x'], ['-w', 100000, 'x'],
    ['-x', 'x']) {
	is(system("$POPPASSD @$_ 2>>$log") >> 8, 100, "usage: @$_");
}
unlike(Pop::slurp($log), qr/secret|wrong|new  one|octet/,
    'no password in the log');

if ($missing) {
	diag("poppam behind tcpserver: $missing");
	done_testing;
	exit;
}

# The front's confinement.
$s = checked();
my ($front) = split ' ', Pop::slurp("/proc/$s->{pid}/task/$s->{pid}/children");
my $st = Pop::slurp("/proc/$front/status");
my ($own) = $st =~ /^Uid:\t(\d+)\t\1\t\1\t\1$/m;
cmp_ok($own, '>=', 0x70000000, 'front: a uid of its own');
like($st, qr/^Gid:\t$own\t$own\t$own\t$own$/m, 'front: and a gid');
like($st, qr/^Groups:\s*$/m, 'front: no groups');
like($st, qr/^NoNewPrivs:\t1$/m, 'front: no new privileges');
like($st, qr/^CapEff:\t0+$/m, 'front: no capabilities');
like($st, qr/^Seccomp:\t2$/m, 'front: a filter') if $Pop::BUILD !~ /asan/;
is(readlink("/proc/$front/root"), "$dir/empty", 'front: an empty root');
opendir(my $dh, "/proc/$front/fd") or die;
is(scalar(grep { /^\d+$/ } readdir $dh), 3,
    'front: the client and the monitor, no other fd');
$s->cmd('quit');
Pop::spew("$dir/empty/file", '');
$s = session(silent => 1);
is($s->rest, '', 'no session without an empty folder');
is($s->wait_end, 1, 'exit code of that');
ok(has_log(qr{is \Q$dir\E/empty an empty folder}), 'and the log says so');
unlink "$dir/empty/file";

# Real passwords, behind tcpserver.
my $uid = 1879000241;
my $host = PamHost->new(['sys1', $uid], ['sys2', $uid + 1],
    ['old', $uid + 2, changed => 50, max => 10], ['low', 7], ['zero', 0]);
$host->service('pop3', "auth required pam_unix.so\n",
    "account required pam_unix.so\n",
    "password required pam_unix.so sha512 minlen=8\n",
    "session required pam_permit.so\n");
# the service as it is shipped, but for its settings
sub script {
	my ($name, $text) = @_;
	Pop::spew("$dir/bin/$name", "#!/bin/sh\n$text", 0755);
}
mkdir "$dir/$_" for qw(bin cdb);
Pop::spew("$dir/cdb/access", "127.:allow\n:deny\n");
system("$Pop::TOP/scripts/rebuild-cdb", "$dir/cdb") == 0 or die 'rebuild-cdb';
script('poppassd', "exec $POPPASSD -e $dir/empty \"\$@\"\n");
script('poplimit', "exec $Pop::BUILD/poplimit \"\$@\"\n");
# a sanitizer needs more memory, and no leaks of PAM's; the environment is clean
script('poppam', 'exec env ASAN_OPTIONS=detect_leaks=0 ' .
    "$PamHost::POPPAM \"\$@\"\n");
script('s6-softlimit', "shift 2\nexec \"\$@\"\n") if $Pop::BUILD =~ /asan/;
system('cp', '-R', "$Pop::TOP/service/poppassd", "$dir/service");
my $free = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1) or die;
my $port = $free->sockport;
close $free;
my $settings = Pop::slurp("$dir/service/settings");
my %set = (PORT => $port, HOST => 'mail.test', CDB => "$dir/cdb",
    RUN => "$dir/run", BIN => "$dir/bin", LIB => "$dir/bin");
$settings =~ s/^$_=[^\t\n]*/$_=$set{$_}/m or die $_ for keys %set;
Pop::spew("$dir/service/settings", $settings);
my $server = fork;
if ($server == 0) {
	open STDIN, '<', '/dev/null';
	open STDOUT, '>>', $log;
	chdir "$dir/service";
	$ENV{PATH} = "$dir/bin:$ENV{PATH}";
	no warnings;
	exec './run';
	POSIX::_exit(127);
}
my $main = $$;
END {
	local $?;
	kill 'TERM', $server if $server && $$ == $main;
}

sub net {
	my $end = time + $Pop::PATIENCE;
	my $sock;
	# it may be about to listen
	until ($sock = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
	    PeerPort => $port)) {
		die "connect: $!" if time > $end;
		select undef, undef, undef, 0.02;
	}
	my $n = bless { sock => $sock, code => 0, buf => '', raw => '' },
	    'Pop::Session';
	$n->{greeting} = $n->line;
	return $n;
}

sub logs_in {
	my ($user, $password) = @_;
	my ($code) = PamHost::run("$user\0$password\0Y0\0",
	    [$PamHost::POPPAM, $PamHost::POPID]);
	return $code == 0;
}

$s = net();
like($s->{greeting}, qr/^200 mail\.test poppassd/, 'over the network');
is(-s "$dir/run-poppassd/slots", 0, 'sessions are counted');
$s->cmd('user sys1');
is($s->cmd('pass secret'), '200 Your new password, please.', 'old password');
like($s->cmd('newpass short'), qr/^500 You must choose a longer password/,
    "PAM's reason");
ok(logs_in('sys1', 'secret'), 'nothing has changed');
is($s->cmd('newpass longer than short'), '200 Password changed, thank you.',
    'a longer one');
is($s->cmd('quit'), '200 Bye.', 'and quit');
ok(logs_in('sys1', 'longer than short'), 'log-in with the new one');
ok(!logs_in('sys1', 'secret'), 'and not with the old one');
ok(has_log(qr/"sys1" changed from \(127\.0\.0\.1\) 127\.0\.0\.1$/m), 'the log');

my @refused = map { [$_, net()] } qw(sys1 low zero nobody-here);
for (@refused) {
	is($_->[1]->cmd("user $_->[0]"), '200 Your password, please.', $_->[0]);
	$_->[1]->put("pass secret\r\n");
}
is($_->[1]->rest, "500 Old password is incorrect.\r\n", "$_->[0]: refused")
    for @refused;
ok(has_log(qr/"low" not changed from .*: the old one was refused: uid 10 or below$/m),
    'the log has the reason');
$s = net();
$s->put("user old\r\npass secret\r\nnewpass young again\r\nquit\r\n");
like($s->rest, qr/^200 Password changed/m, 'a password that is too old');
ok(logs_in('old', 'young again'), 'is renewed');

# Two at once for one user, and two users: each change counts whole.
my @two = map { [$_, net()] } qw(first-one1 second-one2);
$_->[1]->put("user sys2\r\npass secret\r\nnewpass $_->[0]\r\n") for @two;
push @two, ['third-one3', net()];
$two[2][1]->put("user sys1\r\npass longer than short\r\nnewpass third-one3\r\n");
for (@two) {
	my $n = $_->[1];
	my $last;
	while (defined(my $l = $n->line)) {
		$last = $l;
		last if $l =~ /^[45]|changed/;
	}
	$_->[2] = $last =~ /changed/;
}
ok($two[0][2] || $two[1][2], 'two at once: one of them, at least');
ok($two[2][2], 'and another user');
my @in = grep { $_->[2] && logs_in('sys2', $_->[0]) } @two[0, 1];
is(scalar @in, 1, 'and one of their passwords is the new one');
ok(logs_in('sys1', 'third-one3'), "the other user's, too");

# Clients that vanish after each line, with no other session open: the old or the new one is right.
@two = @in = ();
my ($now, $next) = ('third-one3', 'changed0001');
for my $lines (1 .. 4) {
	$s = net();
	my @say = ('user sys1', "pass $now", "newpass $next", 'quit');
	$s->put(join '', map { "$_\r\n" } @say[0 .. $lines - 1]);
	close $s->{sock};
	# the last session is over when no process of it is left
	my $end = time + $Pop::PATIENCE;
	while (Pop::slurp("/proc/$server/task/$server/children") ne '') {
		last if time > $end;
		select undef, undef, undef, 0.02;
	}
	my @good = grep { logs_in('sys1', $_) } $now, $next;
	is(scalar @good, 1, "vanished after $lines lines: one password");
	is($good[0], $now, 'the old one') if $lines < 3;
	$now = $good[0];
	$next++;
}
# The other program that changes: secrets of popauth's.
mkdir $_ for '/etc/popper', '/etc/popper/cdb';
my $popauth = "$Pop::BUILD/popauth";
is(system("$popauth -init >/dev/null && " .
    "echo first-one1 | $popauth -user sys2 >/dev/null"), 0, 'popauth');
$s = session(program => [$popauth, '-change']);
$s->cmd('user sys2');
is($s->cmd('pass first-one1'), '200 Your new password, please.',
    'popauth: the old one');
like($s->cmd("newpass \xe4"), qr/^500 A password has /, 'popauth: its reason');
is($s->cmd('newpass second-one2'), '200 Password changed, thank you.',
    'popauth: changed');
$s->cmd('quit');
my %good = map {
	my ($code) = PamHost::run("sys2\0$_\0\0", [$popauth, '-change']);
	$_ => $code
} qw(first-one1 second-one2);
is_deeply(\%good, { 'first-one1' => 1, 'second-one2' => 0 },
    'popauth: the new one is right');
is(system('pwck -qr >/dev/null 2>&1') >> 8 & ~2, 0, 'shadow is whole');
done_testing;
