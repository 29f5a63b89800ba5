#!/usr/bin/perl
# poppam with real modules and a shadow file of its own: who gets in, as whom,
# and how a password is changed.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Mbox;
use PamHost;
use Pop;
use Test::More;
use Time::HiRes qw(time);

my $why = PamHost::missing();
plan skip_all => $why if $why;
PamHost::enter();

my $uid = 1879000231;
my $host = PamHost->new(['sys1', $uid], ['sys2', $uid + 1],
    ['locked', $uid + 2, hash => "!$Pop::HASH"],
    ['empty', $uid + 3, hash => ''],
    ['gone', $uid + 4, expire => -1],
    ['old', $uid + 5, changed => 50, max => 10],
    ['young', $uid + 6, min => 10],
    ['low', 7], ['zero', 0], ['file1', $uid + 8, no_shadow => 1]);
my $dir = $host->{dir};
PamHost::add('/etc/group', "extra:x:1879000299:sys1\n");
my @unix = ("auth required pam_unix.so nullok\n",
    "account required pam_unix.so\n",
    "password required pam_unix.so sha512 minlen=8\n",
    "session required pam_permit.so\n");
$host->service('pop3', @unix);

# Runs poppam with the words and this on fd 3, and looks at what the log got.
sub poppam {
	my ($given, $words, %env) = @_;
	my ($code, $out, $err) = PamHost::run($given,
	    [$PamHost::POPPAM, @$words], %env);
	my @lines = split /^/, $err;
	ok(!grep({ !/^(poppam|usage): ?.*\n\z/ } $lines[0] || "usage: \n") &&
	    $err !~ /\b(secret|wrong|changed1)\b/, 'the log') or diag($err);
	return ($code, $out, $err);
}

sub login {
	my ($user, $password, $service, %env) = @_;
	return poppam("$user\0$password\0Y0\0",
	    [$service ? ('-s', $service) : (), $PamHost::POPID], %env);
}

my ($code, $out, $err) = login('sys1', 'secret');
is($code, 0, 'log-in');
is($out, "uid $uid\ngid $uid\nuser sys1\nhome $dir\n", 'and popid tells');
is($err, '', 'and nothing is logged');

for (['sys1', 'wrong', 1, 'Authentication failure'],
    ['nobody-here', 'secret', 1, '.'],
    ['locked', 'secret', 1, 'Authentication failure'],
    ['empty', '', 1, 'the password is empty'],
    ['empty', 'x', 1, '.'],
    ['gone', 'secret', 1, 'expired'],
    ['old', 'secret', 1, 'Authentication token is no longer valid'],
    ['zero', 'secret', 1, 'uid 0'],
    ['', 'secret', 1, 'no user'], ['../sys1', 'secret', 1, 'no user'],
    ["sys1\nx", 'secret', 1, 'no user']) {
	my ($user, $password, $want, $text) = @$_;
	($code, $out, $err) = login($user, $password);
	is("$code $out", "$want ", "\"$user\" is refused");
	like($err, qr/\Apoppam: .*$text.*\n\z/, "\"$user\": one line says why");
}
($code) = login('low', 'secret');
is($code, 0, 'low uids are for popper to refuse');

# POPPER_EXPIRED
($code) = login('old', 'secret', undef, POPPER_EXPIRED => 'allow');
is($code, 0, 'POPPER_EXPIRED: an old password will do');
($code) = login('gone', 'secret', undef, POPPER_EXPIRED => 'allow');
is($code, 1, 'but not for an account that is over');
($code) = login('old', 'secret', undef, POPPER_EXPIRED => 'yes');
is($code, 1, 'and it has to be the word');

# What the program gets.
my $show = Pop::spew("$dir/show", <<'END', 0755);
#!/bin/sh
sed -n 's/^\([UG]id:\|CapEff:\)\t/\1/p' /proc/$$/status
echo groups: $(id -G)
for fd in 0 1 2 3 4 5 6 7 8 9; do
	[ ! -e /proc/$$/fd/$fd ] || echo "fd $fd"
done
echo "$USER $HOME $SHELL $TCPREMOTEIP $*"
END
($code, $out) = poppam("sys1\0secret\0Y0\0", [$show, 'a', '-s']);
like($out, qr/^Uid:$uid\t$uid\t$uid\t/m, 'program: the uid');
like($out, qr/^Gid:$uid\t$uid\t$uid\t/m, 'program: the gid');
like($out, qr/^CapEff:0+$/m, 'program: no capabilities');
like($out, qr/^groups: $uid 1879000299$/m, "program: the user's groups");
like($out, qr{^sys1 \Q$dir\E /bin/sh 192\.0\.2\.1 a -s$}m,
    'program: environment and arguments');
# the shell reads its script by a higher one
is(join(' ', $out =~ /^fd (\d)$/mg), '0 1 2', 'program: fds');
($code, $out) = PamHost::run("sys1\0secret\0Y0\0", ['sh', '-c',
    'exec "$@" 7<"$0"', '/etc/shadow', $PamHost::POPPAM, $show]);
is(join(' ', $out =~ /^fd (\d)$/mg), '0 1 2', 'program: nothing of root\'s');
($code, undef, $err) = poppam("sys1\0secret\0Y0\0", ["$dir/none"]);
is($code, 111, 'no program');
like($err, qr{Unable to run \Q$dir\E/none}, 'and it is named');

# Other modules, and what the service's file says.
my %rest = map { $_ => "$_ required pam_permit.so\n" }
    qw(account password session);
my @rest = @rest{qw(account password session)};
$host->service('deny', "auth required pam_deny.so\n", @rest);
$host->service('permit', "auth required pam_permit.so\n", @rest);
$host->service('closed', "auth required pam_permit.so\n",
    "account required pam_deny.so\n", $rest{session});
$host->service('none', "auth required /no/such/module.so\n", @rest);
$host->service('noaccount', "auth required pam_unix.so\n",
    "account required /no/such/module.so\n", $rest{session});
$host->service('nosession', "auth required pam_unix.so\n", $rest{account},
    "session required pam_deny.so\n");
for (['deny', 1], ['permit', 0], ['closed', 1], ['none', 111],
    ['noaccount', 111], ['nosession', 111], ['missing', 111],
    # by which a file of any name could be read
    ['../pam.d/permit', 100], ['permit/', 100], ['Permit', 100], ['', 100],
    ['.hidden', 100]) {
	my ($service, $want) = @$_;
	($code, $out, $err) = poppam("sys1\0secret\0Y0\0",
	    ['-s', $service, $PamHost::POPID]);
	is($code, $want, "service \"$service\"");
	is($out, '', "service \"$service\": nobody is told of") if $want;
}
(undef, undef, $err) = login('sys1', 'secret', 'missing');
like($err, qr{There is no /etc/pam\.d/missing}, 'the missing file is named');

# A module that asks by itself is answered, and a second one is not.
$host->service('asks', my $asks = "auth required pam_stress.so\n", @rest);
$host->service('both', $asks x 2, @rest);
($code) = login('sys1', 'secret', 'asks');
is($code, 0, 'a module that asks');
($code, $out, $err) = login('sys1', 'secret', 'both');
is("$code $out", '111 ', 'two of them');
like($err, qr/Conversation error/, 'and the log says so');

# The example that is shipped, with Debian's common files.
SKIP: {
	skip 'not Debian', 4 unless -e '/etc/pam.d/common-password';
	$host->service('shipped', Pop::slurp("$Pop::TOP/service/pam.d-pop3"));
	($code) = login('sys2', 'secret', 'shipped');
	is($code, 0, 'the example');
	($code) = login('sys2', 'wrong', 'shipped');
	is($code, 1, 'the example: a wrong password');
}

# popper's checker asks it.
my $mail = Pop->new(conf => "set checkpassword = \"$PamHost::POPPAM\"\n" .
    "set program-dir = \"$Pop::BUILD\"\n");
my %uid = (sys1 => $uid, old => $uid + 5);
for my $user (sort keys %uid) {
	Pop::spew("$mail->{dir}/spool/$user", Mbox::message(1), 0660);
	chown $uid{$user}, $mail->{gid}, "$mail->{dir}/spool/$user";
}
sub pop3 {
	my ($user, $password) = @_;
	my $s = $mail->connect;
	$s->cmd("USER $user");
	my $reply = $s->cmd("PASS $password");
	my $st = Pop::slurp("/proc/$s->{pid}/status") || '';
	return ($reply, $reply =~ /^\+/ && $st =~ /^Uid:\t(\d+)/m ? $1 : 0);
}
my ($reply, $is) = pop3('sys1', 'secret');
like($reply, qr/^\+OK sys1 has 1 visible/, 'popper logs in by PAM');
is($is, $uid, 'as the user');
($reply) = pop3('sys1', 'wrong');
like($reply, qr/^-ERR \[AUTH\]/, 'popper refuses by PAM');
($reply) = pop3('old', 'secret');
like($reply, qr/^-ERR \[AUTH\]/, 'and an old password');
ok($mail->log_like(qr/poppam: Account of old refused/), 'the log has why');
$mail->configure("set checkpassword = \"$PamHost::POPPAM\"\n" .
    "set program-dir = \"$Pop::BUILD\"\nreset check-password-expired\n");
($reply) = pop3('old', 'secret');
like($reply, qr/^\+OK/, 'unless check-password-expired is off');
$mail->configure("set checkpassword = \"$PamHost::POPPAM -s missing\"\n" .
    "set program-dir = \"$Pop::BUILD\"\n");
($reply) = pop3('sys1', 'secret');
like($reply, qr{^-ERR \[SYS/TEMP\]}, 'what cannot be told is no refusal');

# What modules see, in which order; and no delay of theirs counts.
my $note = Pop::spew("$dir/note", <<"END", 0755);
#!/bin/sh
echo "\$PAM_TYPE \$PAM_USER \$PAM_RHOST \$PAM_TTY \$PAM_SERVICE" >>$dir/notes
END
$host->service('noted', "auth optional pam_faildelay.so delay=60000000\n",
    "auth required pam_unix.so\n",
    "auth optional pam_exec.so quiet $note\n",
    "account required pam_unix.so\n",
    "account optional pam_exec.so quiet $note\n",
    "session required pam_exec.so quiet $note\n");
($code) = login('sys1', 'secret', 'noted');
is($code, 0, 'pam_exec');
is(Pop::slurp("$dir/notes"), join('', map {
	"$_ sys1 192.0.2.1 popper noted\n" }
	qw(auth account open_session close_session)),
    'host, tty, service, and a session that is closed again');
my $start = time;
($code) = login('sys1', 'wrong', 'noted');
is($code, 1, 'pam_faildelay');
cmp_ok(time - $start, '<', 30, 'does not delay');

# Users of a module that are in no shadow file.
SKIP: {
	my $pwdfile = PamHost::pwdfile();
	skip 'pam_pwdfile cannot be had', 8 unless $pwdfile;
	Pop::spew("$dir/pwdfile", "file1:$Pop::HASH\nvirtual:$Pop::HASH\n",
	    0600);
	$host->service('file', "auth required $pwdfile pwdfile=$dir/pwdfile\n",
	    @rest);
	($code, $out) = login('file1', 'secret', 'file');
	is($code, 0, 'pam_pwdfile');
	like($out, qr/^uid ${\($uid + 8)}$/m, 'with the uid of passwd');
	($code) = login('file1', 'wrong', 'file');
	is($code, 1, 'pam_pwdfile: a wrong password');
	($code, undef, $err) = login('virtual', 'secret', 'file');
	is($code, 1, 'without an entry in passwd');
	like($err, qr/has no entry in passwd/, 'and the log says so');
}

# Wrong use.
my $ok = "sys1\0secret\0Y0\0";
for (['no program', $ok, []], ['a program and -c', $ok, ['-c', 'x']],
    ['an unknown letter', $ok, ['-x', 'x']],
    ['no fd 3', undef, ['true']], ['nothing', '', ['true']],
    ['no NUL', 'sys1', ['true']], ['one string', "sys1\0secret", ['true']],
    ['too much', $ok . 'x' x 1024, ['true']],
    ['-c and two strings', "sys1\0secret\0", ['-c']]) {
	my ($what, $given, $words) = @$_;
	($code, $out) = poppam($given, $words);
	is("$code $out", '100 ', $what);
}
($code) = poppam("sys1\0secret\0", ['true']);
is($code, 0, 'no time stamp');
($code) = poppam($ok . 'x' x (1023 - length $ok), ['true']);
is($code, 0, 'more than is asked for');
system('cp', $PamHost::POPPAM, "$dir/poppam");
my @nobody = ('setpriv', '--reuid=65534', '--regid=65534', '--clear-groups');
($code, undef, $err) = PamHost::run($ok, [@nobody, "$dir/poppam", 'true']);
is($code, 100, 'not without root');
chmod 04755, "$dir/poppam";
($code, undef, $err) = PamHost::run($ok, [@nobody, "$dir/poppam", 'true']);
is($code, 100, 'not set-uid');

# Changes.
sub change {
	my ($user, $old, $new, @service) = @_;
	return poppam("$user\0$old\0$new\0", ['-c', @service]);
}
my $shadow = Pop::slurp('/etc/shadow');
for (['sys1', 'secret', '', 0], ['sys1', 'wrong', '', 1],
    ['old', 'secret', '', 0],
    ['sys1', 'wrong', 'changed1', 1], ['nobody-here', 'secret', 'changed1', 1],
    ['locked', 'secret', 'changed1', 1], ['empty', '', 'changed1', 1],
    ['gone', 'secret', 'changed1', 1], ['low', 'secret', 'changed1', 1],
    ['low', 'secret', '', 1], ['zero', 'secret', 'changed1', 1],
    ['sys1', 'secret', 'secret', 1], ['sys1', 'secret', 'short', 1],
    ['young', 'secret', 'changed1', 1],
    ['sys1', 'secret', 'changed1', 1, '-s', 'deny'],
    ['sys1', 'secret', 'changed1', 111, '-s', 'missing']) {
	my ($user, $old, $new, $want, @service) = @$_;
	($code, $out, $err) = change($user, $old, $new, @service);
	is($code, $want, "$user: \"$old\" to \"$new\" @service");
	like($out, $new eq 'short' ? qr/\AYou must choose a longer .*\n\z/ :
	    $user eq 'young' ? qr/\AYou must wait longer .*\n\z/ :
	    qr/\A(The password has not been changed\.\n)?\z/, 'and the user hears');
}
is(Pop::slurp('/etc/shadow'), $shadow, 'nothing has changed');
$host->service('nochange', @unix[0, 1, 3],
    "password required /no/such/module.so\n");
($code) = change('sys1', 'secret', 'changed1', '-s', 'nochange');
is($code, 111, 'a module for changes that is not there');
$host->service('never', @unix[0, 1, 3], "password required pam_deny.so\n");
($code) = change('sys1', 'secret', 'changed1', '-s', 'never');
is($code, 1, 'pam_deny');
is(Pop::slurp('/etc/shadow'), $shadow, 'still nothing has changed');

my $mode = (stat '/etc/shadow')[2];
($code, $out) = change('sys1', 'secret', 'a changed1 one');
is("$code $out", '0 ', 'changed');
($code) = login('sys1', 'a changed1 one');
is($code, 0, 'the new password');
($code) = login('sys1', 'secret');
is($code, 1, 'not the old one');
($code) = login('sys2', 'secret');
is($code, 0, "others' stay");
is((stat '/etc/shadow')[2], $mode, 'the mode of shadow');
like(Pop::slurp('/etc/shadow'), qr/^sys1:\$6\$/m, 'as the service says');
is(Pop::slurp('/etc/shadow') =~ s/^sys1:.*\n//mr, $shadow =~ s/^sys1:.*\n//mr,
    'no other line is another');
($code) = change('old', 'secret', 'changed1');
is($code, 0, 'one that was too old is changed');
($code) = login('old', 'changed1');
is($code, 0, 'and is young again');
done_testing;
