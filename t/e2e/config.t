#!/usr/bin/perl
# The command line, configuration files, users' files, and what is printed.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Mbox;
use Pop;
use Test::More;

my $host = Pop->new;
my $dir = $host->{dir};
$host->spool('alice', Mbox::message(1));

# The exit code, standard output and standard error of popper itself.
sub popper {
	my (@args) = @_;
	my $pid = fork;
	if ($pid == 0) {
		open STDOUT, '>', "$dir/out";
		open STDERR, '>', "$dir/err";
		exec $Pop::POPPER, @args;
	}
	waitpid $pid, 0;
	return ($? >> 8, Pop::slurp("$dir/out"), Pop::slurp("$dir/err"));
}

sub conf {
	my ($name, $text) = @_;
	return Pop::spew("$dir/$name", $text, 0644);
}

# K04, K74: files in the order given, a file's file where it stands.
conf('common', "set timeout = 33 # for both\nset statistics\n");
conf('one', "set timeout = 11\nset config-file = $dir/common\n" .
    "reset statistics\n");
my ($code, $out, $err) = popper('--print-config', '-f', "$dir/one");
is($code, 0, 'print-config');
like($out, qr/^set timeout = 33\t# \Q$dir\E\/common:1$/m, 'chained file');
like($out, qr/^set statistics = false\t# \Q$dir\E\/one:3$/m, 'after it');
like($out, qr/^set server-mode = false\t# built in/m, 'built in');
($code, $out) = popper('--print-config', '-T5', '-f', "$dir/one", '-sS',
    '-e', 'login_delay=7,expire=never', '-R');
like($out, qr/^set timeout = 33\t/m, 'a later file wins over -T');
like($out, qr/^set statistics = true\t# command line$/m, 'a later -s wins');
like($out, qr/^set server-mode = true\t# command line/m, 'letters in a row');
like($out, qr/^set announce-login-delay = 7\t/m, '-e');
like($out, qr/^set reverse-lookup = false\t/m, '-R is reset');
($code, $out) = popper('--print-config', '-f', "$dir/one", '-T', '5');
like($out, qr/^set timeout = 5\t# command line$/m, 'a later -T wins');

# What is printed is a configuration with the same effect.
conf('printed', $out);
my ($code2, $out2) = popper('--print-config', '-f', "$dir/printed");
is($code2, 0, 'print-config can be read');
s/^#.*\n//mg, s/\t#.*//mg for $out, $out2;
is($out2, $out, 'and means the same');

# Who looks at a file wants to know all that is wrong in it.
conf('many', <<"END");
set foo
set timeout = 0
set statistics
set config-file = $dir/more
set bulldir = /b
set tls-options = 0x800
END
conf('more', "set shy = maybe\nset timing\nset config-file = $dir/more\n");
($code, undef, $err) = popper('--check-config', '-k', '-Z', '-T', 'x',
    '-f', "$dir/many", 'word', '-e', 'expire=x', '-s');
is($code, 100, 'many mistakes');
like($err, qr/^(?:popper: (?:command|\Q$dir\E).*\n){100}popper: and more\n\z/,
    'a file that names itself: a hundred are told');
conf('more', "set shy = maybe\nset timing\n");
($code, $out, $err) = popper('--check-config', '-k', '-Z', '-T', 'x',
    '-f', "$dir/many", 'word', '-e', 'expire=x', '-sd');
is($code, 100, 'fewer mistakes');
my @like = (qr/command line: option kerberos: there is no Kerberos in this/,
    qr/command line: there is no -Z; see popper --help/,
    qr/command line: option timeout: needs an integer from 1 to 86400 \(x\)/,
    qr/\Q$dir\E\/many:1: there is no option of this name.*\(foo\)/,
    qr/\Q$dir\E\/many:2: option timeout: needs an integer from 1 to 86400 /,
    qr/\Q$dir\E\/more:1: option shy: .*\(maybe\)/,
    qr/\Q$dir\E\/many:5: option bulldir: there are no bulletins in this ver/,
    qr/command line: "word" is no option; an address .* before all options/,
    qr/command line -e: option announce-expire: needs never, or an integer/);
my @err = split /\n/, $err;
is(scalar @err, scalar @like, 'each mistake is told, and nothing else');
like($err[$_], qr/^popper: $like[$_]/, "mistake $_") for 0 .. $#like;
is($out, '', 'nothing else is printed');
($code, undef, $err) = popper('--check-config', '-f', "$dir/common",
    '-f', conf('void', "set tls-options = 0x800\n"));
is($code, 0, 'an option without a meaning is no mistake');
like($err, qr/^popper: \Q$dir\E\/void:1: option tls-options means nothing/,
    'and is told');
($code, undef, $err) = popper('--check-config', '-f',
    conf('paths', "set auth-file = $dir/none\nset spool-dir = $dir\n" .
	"set checkpassword = \"$dir/no more\"\n"));
is($code, 0, 'a path that is not there yet is no mistake');
like($err, qr/^popper: \Q$dir\E\/paths:1: option auth-file names what is not there now: \Q$dir\E\/none: No such file .*\npopper: \Q$dir\E\/paths:3: option checkpassword names .*\/no: .*\n\z/,
    'and is told');
for (['-v'], ['-V'], ['-s', '-V'], ['-sv', '-T', '5'], ['--version']) {
	($code, $out) = popper(@$_);
	is("$code $out", "0 popper (version $1)\n", "@$_")
	    if $out =~ /version ([0-9.]+)/ or fail("@$_: $out");
}

# K02: the file, the line, the option, and what to do.
for (["set timeout = 12x\n", qr{\Q$dir\E/bad:1: option timeout: .*12x}],
    ["\n\nset timeuot = 1\n", qr{bad:3: there is no option of this name.*timeuot}],
    ["set shy = maybe\n", qr{bad:1: option shy: .*maybe}],
    ["set clear-text-password = often\n",
	qr{bad:1: option clear-text-password: is none of default never}],
    ["reset timeout\n", qr{bad:1: reset is for Boolean.*timeout}],
    ["set spool-dir = \"/x\n", qr{bad:1: a quote is not closed.*spool-dir}],
    ["set config-file = $dir/none\n", qr{Unable to open \Q$dir\E/none}]) {
	my ($text, $want) = @$_;
	conf('bad', $text);
	($code, undef, $err) = popper('--check-config', '-f', "$dir/bad");
	is($code, 100, "check-config refuses $text");
	like($err, $want, 'and says why');
	my $s = $host->connect(args => ['-f', "$dir/bad"]);
	is($s->{greeting},
	    '-ERR [SYS/PERM] Unable to process configuration file.',
	    'the session is refused');
	is($s->rest, '', 'and ends');
	is($s->wait_end, 100, 'with 100');
	like($host->log_text, $want, 'the log says why');
}
is((popper('--check-config', '-f', "$dir/one"))[0], 0, 'check-config');
is((popper('-j'))[0], 100, 'an unknown letter');
is((popper('-T'))[0], 100, 'a missing argument');
is((popper('--check-config', '8110'))[0], 0, 'where to listen');
is((popper('--check-config', '-s', '8110'))[0], 100, 'and only as the first');
like((popper('--version'))[1], qr/^popper \(version [0-9.]+\)$/, '--version');
like((popper('-v'))[1], qr/^popper \(version [0-9.]+\)$/, '-v');
like((popper('-V'))[1], qr/^popper \(version [0-9.]+\)$/, '-V');
like((popper('--help'))[1], qr/-T  timeout/, '--help');

# K69: a file that others can write to is no configuration.
conf('open', "set shy\n");
chmod 0666, "$dir/open";
($code, undef, $err) = popper('--check-config', '-f', "$dir/open");
is($code, 100, 'a file for all to write is refused');
like($err, qr{\Q$dir\E/open .*can be changed by others}, 'by name');

# K71: tracefile and debug act from the line where they stand.
conf('traced', "set tracefile = $dir/trace\nset debug\nset timeout = x\n");
my $s = $host->connect(args => ['-f', "$dir/traced"]);
$s->wait_end;
like(Pop::slurp("$dir/trace"), qr{traced:3: option timeout},
    'the error stands in the trace file');
like(Pop::slurp("$dir/trace"), qr{traced:2: option debug is set},
    'and what came before it');

# C28: arguments joined or apart, under any name.
($code, $out) = popper(qw(--print-config -T600 -p2 -elogin_delay=3 -yLOCAL1));
my ($code3, $out3) = popper(qw(--print-config -T 600 -p 2 -e login_delay=3 -y
    local1));
is("$code $code3", '0 0', 'joined, and apart');
is($out, $out3, 'are the same');
like($out, qr/^set $_\t/m, $_) for 'timeout = 600',
    'clear-text-password = always', 'announce-login-delay = 3',
    'log-facility = local1';

# C29: -d and -t act from where they stand.
for (['-d first', ['-d', '-s'], 1, 1], ['-d last', ['-s', '-d'], 0, 1],
    ['-t and -d first', ['-t', "$dir/first", '-d', '-s'], 1, 0],
    ['-t and -d last', ['-s', '-t', "$dir/first", '-d'], 0, 0]) {
	my ($what, $args, $shown, $in_log) = @$_;
	Pop::spew($host->{log}, '', 0644);
	unlink "$dir/first";
	my $t = $host->connect(args => $args);
	$t->quit;
	my $trace = Pop::slurp("$dir/first");
	my $text = $in_log ? $host->log_text : $trace;
	like($text, qr/option debug is set/, "$what: debug");
	$shown ? like($text, qr/option statistics is set/, "$what: the rest")
	    : unlike($text, qr/option statistics/, "$what: not what was before");
	is($in_log ? $trace : $host->log_text, $in_log ? undef : '',
	    "$what: nothing elsewhere");
}

# L11: -t alone moves the log, with details unless debug is reset behind it.
for my $quiet (0, 1) {
	Pop::spew($host->{log}, '', 0644);
	conf('quiet', "reset debug\n");
	my $t = $host->connect(args => ['-t', "$dir/alone$quiet",
	    $quiet ? ('-f', "$dir/quiet") : ()]);
	$t->cmd('FOO');
	$t->quit;
	my $trace = Pop::slurp("$dir/alone$quiet");
	my @line = $trace =~ /popper\[\d+\]: (.*)/g;
	my @error = grep { /-ERR Unknown command: "foo"/ } @line;
	is(scalar @error, 1, '-t: a line of the log');
	$quiet ? is_deeply([grep { !/option/ } @line], \@error, '-t: no other')
	    : ok((grep { /\(null\): quit/ } @line), '-t: and details');
	is($host->log_text, '', '-t: nothing elsewhere');
}

# K71: it is for its owner only, and no link leads to it.
for my $args (['-t', "$dir/owned"],
    ['-f', conf('owned.conf', "set tracefile = $dir/owned\n")]) {
	unlink "$dir/owned";
	my $t = $host->connect(args => $args,
	    before => ['sh', '-c', 'umask 0; exec "$0" "$@"']);
	$t->quit;
	is(sprintf('%04o', (stat "$dir/owned")[2] & 07777), '0600',
	    'mode of a trace file');
	unlink "$dir/owned";
	Pop::spew("$dir/target", "mine\n", 0600);
	symlink "$dir/target", "$dir/owned" or die;
	$t = $host->connect(args => $args);
	is($t->{greeting},
	    '-ERR [SYS/PERM] Unable to process configuration file.',
	    'a trace file that is a link is refused');
	$t->wait_end;
	is(Pop::slurp("$dir/target"), "mine\n", 'and nothing written there');
}

# K68: what forbids XTND XMIT is taken, what asks for it is refused.
for (["reset xtnd-xmit\n"], ["set xtnd-xmit = false\n"], ['', '-x']) {
	my ($text, @args) = @$_;
	conf('xmit', $text);
	like((popper('--print-config', '-f', "$dir/xmit", @args))[1],
	    qr/^# xtnd-xmit = false\t/m, "xtnd-xmit: $text@args");
}

# What is not there yet is refused by name, by letter and in a file, unless it
# asks for nothing; and what there is instead is told.
my %LATER = (bulletins => qr/there are no bulletins in this version: remove/,
    kerberos => qr/there is no Kerberos in this version: remove the option; PAM/,
    drac => qr/there is no notice to a DRAC host in this version: .*SMTP AUTH/,
    xmit => qr/there is no XTND XMIT in this version: .*clients send by SMTP/);
for ([bulletins => 'bulldir', '/b', '-b'],
    [bulletins => 'group-bulletins', 'true'],
    [bulletins => 'bulldb-max-tries', 9],
    [bulletins => 'bulldb-nonfatal', 'true', '-B'],
    [bulletins => 'max-bulletins', 0], [bulletins => 'bulldb', '/b'],
    [bulletins => 'popbulldir', '/b'],
    [drac => 'drac-host', 'localhost', '-D'],
    [kerberos => 'kerberos', 'true', '-k'],
    [kerberos => 'kerberos-service', 'pop', '-K'],
    [kerberos => 'any-kerberos-principal', 'true'],
    [kerberos => 'ksockinst', 'true'], [kerberos => 'kuserok', 'true'],
    [xmit => 'mail-command', '/usr/lib/sendmail'],
    [xmit => 'xtnd-xmit', 'true']) {
	my ($what, $name, $value, $letter) = @$_;
	conf('later', "set $name = $value\n");
	my @bool = $value eq 'true' ? () : $value;
	for (['-f', "$dir/later"], $letter ? [$letter, @bool] : ()) {
		($code, undef, $err) = popper('--check-config', @$_);
		is($code, 100, "@$_: refused");
		like($err, qr/option $name: $LATER{$what}/, "@$_: by name");
		my $t = $host->connect(args => $_);
		like($t->{greeting}, qr{^-ERR \[SYS/PERM\] }, "@$_: no session");
		$t->wait_end;
	}
}
for (['bulldb-max-tries', 75], ['bulldb-nonfatal', 'false'],
    ['max-bulletins', 1], ['mail-command', '/usr/sbin/sendmail'],
    ['kerberos-service', 'rcmd'], ['kerberos', 0]) {
	conf('idle', "set $_->[0] = $_->[1]\n");
	($code, $out) = popper('--print-config', '-f', "$dir/idle");
	is($code, 0, "$_->[0]: its default is taken");
	like($out, qr/^# $_->[0] = .*\t# .*idle:1, no effect yet$/m, 'as such');
}
conf('none', "set rpop\n");
($code, undef, $err) = popper('--check-config', '-f', "$dir/none");
is($code, 100, 'RPOP is refused');
like($err, qr/there is no option of this name/, 'it is no option');
# -M means nothing.
is((popper('--print-config', '-M'))[1], (popper('--print-config'))[1], '-M');

# K76: the FAQ's own number.
conf('hex', "set tls-options = 0x00000800\n");
like((popper('--print-config', '-f', "$dir/hex"))[1],
    qr/^set tls-options = 2048\t/m, 'hexadecimal');

# -u and -U: read after log-in, the home file first, and no restricted option.
my @user = ("$dir/home/.qpopper-options",
    "$dir/spool/.alice.qpopper-options");
sub option_files {
	my ($home, $spool) = @_;
	unlink @user;
	if (defined $home) {
		Pop::spew($user[0], $home, 0644);
		chown $host->{uid}, $host->{gid}, $user[0] if $host->{root};
	}
	Pop::spew($user[1], $spool, 0644) if defined $spool;
	return session_with('-u', '-U');
}
# The reply to a log-in, and to CAPA.
sub session_with {
	my $t = $host->connect(args => [@_]);
	$t->cmd('USER alice');
	my $reply = $t->cmd('PASS secret');
	my (undef, $capa) = $reply =~ /^\+OK/ ? $t->multi('CAPA') : ('', '');
	$t->rest if $t->put("QUIT\r\n");
	$t->wait_end;
	return ($reply, $capa);
}
my ($reply, $capa) = option_files("set announce-expire = 3\n", undef);
like($capa, qr/^EXPIRE 3\r$/m, 'home file');
for my $args ([], ['-U']) {
	($reply, $capa) = session_with(@$args);
	like($capa, qr/^EXPIRE NEVER\r$/m, "home file: not with (@$args)");
}
my $good = "set announce-expire = 3\n";
($reply, $capa) = option_files($good . '#' x (65536 - length $good), undef);
like($reply, qr/^-ERR/, 'home file: a line that is too long');
my $full = $good . "#23456789abcde\n" x 4367;
$full .= '#' x (65535 - length $full) . "\n";
($reply, $capa) = option_files($full, undef);
like($capa, qr/^EXPIRE 3\r$/m, 'home file: 64 KiB');
($reply, $capa) = option_files("$full\n", undef);
like($reply, qr/^-ERR \[SYS\/PERM\]/, 'home file: one more is refused');
like($host->log_text, qr{\Q$user[0]\E is not a regular file of at most 64 KiB},
    'and the log says so');
SKIP: {
	skip "root's file in the spool folder needs root", 21
	    unless $host->{root};
	($reply, $capa) = option_files("set announce-expire = 3\n",
	    "set announce-expire = 4\n");
	like($capa, qr/^EXPIRE 4\r$/m, 'spool file after it');
	($reply) = option_files(undef, "set shy\n");
	like($reply, qr/^-ERR \[SYS\/PERM\]/, 'spool file: restricted');
	($reply) = option_files(undef, "set debug\n");
	like($reply, qr/^\+OK/, 'spool file: debug is allowed');
	option_files(undef, "set announce-expire = 4\n");
	for my $args ([], ['-u']) {
		($reply, $capa) = session_with(@$args);
		like($capa, qr/^EXPIRE NEVER\r$/m,
		    "spool file: not with (@$args)");
	}
	# each for one reason
	for (["the user's", $host->{uid}, 0644, 0],
	    ['for its group to write', 0, 0664, 0],
	    ['for all to write', 0, 0646, 0],
	    ['with a second link', 0, 0644, 1]) {
		my ($what, $uid, $mode, $more) = @$_;
		unlink $user[1];
		Pop::spew($user[1], "set announce-expire = 9\n", $mode);
		chown $uid, -1, $user[1];
		link $user[1], "$dir/spool/second" or die if $more;
		Pop::spew($host->{log}, '', 0644);
		($reply, $capa) = session_with('-U');
		like($capa, qr/^EXPIRE NEVER\r$/m,
		    "a spool file that is $what does not count");
		like($host->log_text, qr/\.alice\.qpopper-options .*is not read/,
		    'and the log says so');
	}
	unlink $user[1], "$dir/spool/second";
	# what the spool folder's file names is opened as the user
	mkdir "$dir/closed", 0700 or die;
	conf('closed/conf', "set announce-expire = 8\n");
	for my $line ("set tracefile = $dir/closed/trace",
	    "set config-file = $dir/closed/conf") {
		($reply) = option_files(undef, "$line\n");
		like($reply, qr/^-ERR \[SYS\/PERM\]/, "spool file: no $line");
		like($host->log_text, qr/Permission denied/, 'and why');
		Pop::spew($host->{log}, '', 0644);
	}
	($reply) = option_files(undef, "set tracefile = $dir/home/trace\n");
	is((stat "$dir/home/trace")[4], $host->{uid}, "the user's trace file");
	my $own = conf('home/conf', "set announce-expire = 8\nset debug\n");
	chown $host->{uid}, $host->{gid}, $own;
	($reply, $capa) = option_files(undef, "set config-file = $own\n");
	like($capa, qr/^EXPIRE 8\r$/m, 'his own file');
	# it is the user who reads the one in the home
	Pop::spew($user[0], "set announce-expire = 9\n", 0600);
	($reply) = session_with('-u');
	like($reply, qr/^-ERR \[SYS\/PERM\]/,
	    'a home file that only root can read');
	like($host->log_text, qr{open \Q$user[0]\E: Permission denied},
	    'is not read, and the log says so');
}
for my $line ('set clear-text-password = always', 'set bulldir = /tmp',
    "set tracefile = $dir/mine", "set config-file = $dir/one", 'set shy',
    'set spool-dir = /', 'set debug', 'set timeout = 86400') {
	($reply) = option_files("$line\n", undef);
	is($reply, '-ERR [SYS/PERM] Unable to process configuration file.',
	    "home file: $line is refused");
}
like($host->log_text, qr{home/\.qpopper-options:1: option bulldir: is restricted},
    'with file, line and option in the log');
ok(!-e "$dir/mine", 'a trace file of the user was not made');
# What Qpopper let users set, and is not there: no reason to keep them out.
for my $place ($host->{root} ? (0, 1) : 0) {
	my @text = (undef, undef);
	$text[$place] = "set max-bulletins = 3\nset bulldb-nonfatal\n" .
	    "set announce-expire = 9\n" . "set max-bulletins = 4\n" x 30;
	$text[$place] .= "set bulldir = /b\nset bulldb-max-retries = 9\n"
	    if $place == 1;
	Pop::spew($host->{log}, '', 0644);
	($reply, $capa) = option_files(@text);
	like($reply, qr/^\+OK/, "a user's file: bulletins are passed over");
	like($capa, qr/^EXPIRE 9\r$/m, 'and the rest counts');
	like($host->log_text,
	    qr/qpopper-options:2: option bulldb-nonfatal: there are no .*\(passed over\)$/m,
	    'which the log tells');
	is((() = $host->log_text =~ /passed over/g), 20, 'twenty times at most');
}
($reply) = option_files("set max-bulletins = x\n", undef);
like($reply, qr/^-ERR \[SYS\/PERM\]/, 'a wrong value of it is a mistake');
# C32: nobody but the user has the file read, and not before log-in.
{
	Pop::spew($user[0], "set shy\n", 0644);
	chown $host->{uid}, $host->{gid}, $user[0] if $host->{root};
	my $t = $host->connect(args => ['-u', '-U']);
	like($t->{greeting}, qr/^\+OK popper/, 'a wrong home file: greeting');
	$t->multi('CAPA');
	$t->cmd('USER alice');
	like($t->cmd('PASS wrong'), qr/^-ERR \[AUTH\]/,
	    'and a wrong password is only that');
	$t->wait_end;
}
# What the link leads to would be taken.
unlink @user;
Pop::spew("$dir/good", "set announce-expire = 5\n", 0644);
rename "$dir/good", $user[0];
($reply, $capa) = session_with('-u');
like($capa, qr/^EXPIRE 5\r$/m, 'a home file');
rename $user[0], "$dir/good";
symlink "$dir/good", $user[0];
($reply) = session_with('-u');
like($reply, qr/^-ERR \[SYS\/PERM\]/, 'a home file that is a link is refused');
done_testing;
