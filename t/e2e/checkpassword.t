#!/usr/bin/perl
# The option checkpassword: programs with that interface, good and bad ones,
# written for the test; each runs popid when it is content.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Mbox;
use Pop;
use Sasl;
use Test::More;
use Time::HiRes qw(time);

plan skip_all => 'needs root' if $> != 0;

my $host = Pop->new(users => ['virtual']);
my $dir = $host->{dir};
my ($uid, $gid) = @{$host}{qw(uid gid)};

# program NAME, WHAT IT DOES: it has $user, $password, $stamp and @ARGV.
sub program {
	my ($name, $does) = @_;
	return Pop::spew("$dir/$name", <<"END", 0755);
#!/usr/bin/perl
use strict;
open my \$in, '<&=', 3 or exit 2;
local \$/;
my (\$user, \$password, \$stamp) = split /\\0/, <\$in>;
close \$in;
sub become {
	my (\$uid, \$gid, \$home) = \@_;
	\$( = \$gid;
	\$) = "\$gid \$gid";
	(\$<, \$>) = (\$uid, \$uid);
	\@ENV{qw(USER HOME SHELL)} = (\$user, \$home, '/bin/sh');
	exec \$ARGV[-1];
}
$does
END
}

program('good', <<"END");
exit 1 if \$user ne 'dora' || \$password ne 'open sesame';
become($uid, $gid, '$dir/home');
END
program('open', <<"END");
# what it was given, and what it was not
opendir my \$d, '/proc/self/fd';
open my \$f, '>', "$dir/seen";
print \$f "fds ", join(' ', sort grep { readlink "/proc/self/fd/\$_" }
    grep { /^[0-9]+\$/ } readdir \$d), "\\n";
print \$f "env \$_=\$ENV{\$_}\\n" for sort keys %ENV;
print \$f "stamp \$stamp\\nargs \@ARGV\\n";
close \$f;
become($uid, $gid, '$dir/home');
END
program('root', 'become(0, 0, "/root");');
program('low', 'become(5, 5, "/");');
program('busy', 'exit 111;');
program('misused', 'exit 2;');
program('silent', 'exit 0;');
program('liar', 'print "uid 0\ngid 0\nuser x\nhome /\nuid 1\n"; exit 0;');
program('loud', 'print "x" x 100000; exit 0;');
program('killed', 'kill 9, $$;');
program('any-case', <<"END");
\$user = lc \$user;
become($uid, $gid, '$dir/home');
END
# a helper of its own keeps standard output open, and stays
program('helper', <<"END");
if (fork == 0) {
	open my \$f, '>', '$dir/helper-pid';
	print \$f \$\$;
	close \$f;
	sleep 600;
}
select undef, undef, undef, 0.01 until -s '$dir/helper-pid';
become($uid, $gid, '$dir/home');
END
program('no-home', "\$user = ''; become($uid, $gid, '');");

sub with {
	my ($program, $more) = @_;
	$host->configure("set checkpassword = \"$program\"\n" .
	    "set program-dir = \"$Pop::BUILD\"\n" . ($more || ''));
}

sub gone {
	my ($pid) = @_;
	my $end = time + $Pop::PATIENCE;
	while (kill(0, $pid) && time < $end) {
		select undef, undef, undef, 0.02;
	}
	return !kill 0, $pid;
}

$host->spool('dora', Mbox::message(1));
with("$dir/good");
my $s = $host->connect;
$s->cmd('USER dora');
like($s->cmd('PASS open sesame'), qr/^\+OK dora has 1 visible/, 'PASS');
like(Pop::slurp("/proc/$s->{pid}/status"), qr/^Uid:\t$uid\t$uid\t$uid\t/m,
    'the session is who the program said');
$s->quit;
$s = $host->connect;
like(plain($s, 'dora', 'open sesame'), qr/^\+OK dora/, 'PLAIN');
$s->quit;

# A row: program, user, password, reply, what the log has.
my $no = qr/^-ERR \[AUTH\] Password supplied for/;
my $temp = qr/^-ERR \[SYS\/TEMP\]/;
my @row = (['good', 'dora', 'open', $no, 'the proof is wrong'],
    ['good', 'else', 'open sesame', $no, 'the proof is wrong'],
    ['any-case', 'DORA', 'x', $no, 'checkpassword has another name'],
    ['root', 'dora', 'x', $no, 'a uid of block-uid or below'],
    ['low', 'dora', 'x', $no, 'a uid of block-uid or below'],
    ['busy', 'dora', 'x', $temp, 'busy failed with exit code 111'],
    ['misused', 'dora', 'x', $temp, 'misused failed with exit code 2'],
    ['silent', 'dora', 'x', $temp, 'silent did not run'],
    ['liar', 'dora', 'x', $temp, 'liar did not run'],
    ['loud', 'dora', 'x', $temp, 'No use was to be had of'],
    ['killed', 'dora', 'x', $temp, 'killed was ended by signal 9'],
    ['no-home', 'dora', 'x', $temp, 'no-home failed with exit code 111'],
    ['not-there', 'dora', 'x', $temp, 'not-there failed with exit code 127'],
    ['good a b c d e f g h i j k l m n', 'dora', 'x', $temp,
	'has too many words']);
# all of them wait at the same time
for (@row) {
	my ($program, $user, $password) = @$_;
	with("$dir/$program");
	my $by_pass = $host->connect;
	$by_pass->cmd("USER $user");
	$by_pass->put("PASS $password\r\n");
	my $by_plain = $host->connect;
	$by_plain->put('AUTH PLAIN ' . b64("\0$user\0$password") . "\r\n");
	push @$_, $by_pass, $by_plain;
}
for (@row) {
	my ($program, $user, undef, $want, $why, @by) = @$_;
	for my $by (@by) {
		like($by->line, $want, $program);
		my ($said) = $host->log_text =~
		    /^popper\[$by->{pid}\]: Log-in of $user refused: (.*)$/m;
		like($said, qr/\Q$why\E/, "$program: the log");
	}
}

# A starter that ignores SIGCHLD: a no stays one, and is in the log.
with("$dir/good");
$s = $host->connect(before => ['perl', '-e', '$SIG{CHLD} = "IGNORE";
    exec @ARGV', '--'], env => { TCPREMOTEIP => '192.0.2.66' });
$s->cmd('USER dora');
like($s->cmd('PASS wrong'), $no, 'SIGCHLD is ignored');
$s->wait_end;
like($host->log_text,
    qr/\[AUTH\] Failed attempted login to dora from host \(192\.0\.2\.66\)/,
    'SIGCHLD is ignored: the log');

# What it gets: words of its own, fd 3, nothing of the client's.
with("$dir/open -a  word", "reset check-password-expired\n");
$s = $host->connect(env => { SECRET => 'x', LD_PRELOAD => '' });
my ($stamp) = $s->{greeting} =~ /(<.*>)/;
$s->cmd('USER dora');
like($s->cmd('PASS x'), qr/^\+OK/, 'a program with words');
$s->quit;
my $seen = Pop::slurp("$dir/seen");
like($seen, qr/^stamp \Q$stamp\E$/m, 'the stamp');
like($seen, qr{^args -a word \Q$Pop::BUILD\E/popid$}m, 'popid behind them');
is_deeply([$seen =~ /^env (\w+)/mg],
    [qw(PATH POPPER_EXPIRED PROTO TCPREMOTEIP)], 'the environment');
my ($fds) = $seen =~ /^fds (.*)$/m;
unlike($fds, qr/socket/, 'no fd of the client');

# A virtual user is not the program's business, nor is APOP.
with("$dir/root");
$s = $host->login('virtual');
ok(1, 'a virtual user has his own secret');
$s->quit;
$s = $host->connect;
like($s->apop('virtual', 'tanstaaf'), qr/^\+OK/, 'APOP');
$s->quit;

# What a program leaves behind is not waited for, and does not stay.
with("$dir/helper");
my $start = time;
$s = $host->connect;
$s->cmd('USER dora');
like($s->cmd('PASS x'), qr/^\+OK/, 'a program that leaves a helper');
cmp_ok(time - $start, '<', 20, 'is not waited for');
ok(gone(Pop::slurp("$dir/helper-pid")), 'and its helper is gone');
$s->quit;

# One that hangs is killed with its session.
program('slow', "open my \$f, '>', '$dir/slow-pid'; print \$f \$\$; " .
    'close $f; sleep 600;');
with("$dir/slow");
$s = $host->connect;
$s->cmd('USER dora');
$s->put("PASS x\r\n");
my $end = time + $Pop::PATIENCE;
until (-s "$dir/slow-pid" || time > $end) {
	select undef, undef, undef, 0.02;
}
my $slow = Pop::slurp("$dir/slow-pid");
ok(kill(0, $slow), 'a slow program');
my ($checker) = `ps -o pid= --ppid $s->{pid}` =~ /(\d+)\s*\z/;
kill 'KILL', $checker;
ok(gone($slow), 'is gone with its checker');
like($s->line, $temp, 'and the client may come again');
done_testing;
