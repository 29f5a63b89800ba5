#!/usr/bin/perl
# The shim of the crash tests, with a perl that is told what to do: faults,
# short writes and a full disk, and a record from which the folder can be made
# again.
use strict;
use warnings;
use Errno qw(EIO ENOSPC);
use File::Temp qw(tempdir);
use FindBin;
use lib "$FindBin::Bin/../lib";
use Crash;
use Test::More;

my $cannot = Crash::cannot();
plan skip_all => $cannot if $cannot;
my $top = tempdir('popper-test.XXXXXX', TMPDIR => 1, CLEANUP => 1);
my $dir = "$top/dir";
mkdir $dir or die;

# What a program in the folder prints.
sub run {
	my ($program, %env) = @_;
	my $pid = open my $from, '-|';
	die unless defined $pid;
	if ($pid == 0) {
		chdir $dir or die;
		%ENV = (PATH => $ENV{PATH}, LD_PRELOAD => $Crash::SHIM, %env);
		exec 'perl', '-MFcntl', '-e', <<'END' . $program or die;
sub file { sysopen my $f, $_[0], $_[1] || O_RDWR | O_CREAT, 0644 or die; $f }
sub put {
	my ($f, $n, $at) = @_;
	sysseek $f, $at, 0 if defined $at;
	my $k = syswrite $f, chr(97 + $x++) x $n;
	print defined $k ? $k : $! + 0, ' ';
}
END
	}
	my $said = do { local $/; <$from> };
	close $from;
	$said =~ s/ $//;
	return $said;
}

sub clear { unlink glob "$dir/* $dir/.[a-z]*" }

is(run('$f = file("a"); put($f, 10); put($f, 10)', FAULT_SPACE => 14),
    '10 4', 'a disk with room for 14');
is(-s "$dir/a", 14, '14 octets');
is(run('$f = file("a"); put($f, 10, 4); put($f, 1); put(file("b"), 1)',
    FAULT_SPACE => 0), '10 ' . ENOSPC . ' ' . ENOSPC,
    'what is there can be written over');
is(run('$f = file("a"); truncate $f, 0; put($f, 9); put($f, 9)',
    FAULT_SPACE => 10), '9 1', 'what is cut off is gone');
is(run('$f = file("a", O_WRONLY | O_APPEND); put($f, 9, 0)',
    FAULT_SPACE => 3), '3', 'appended');
clear();
is(run('$f = file("a"); put($f, 9) for 1 .. 3', FAULT_SHORT => 1,
    FAULT_AT => 3), '9 4 9', 'one is short');
is(run('$f = file("a"); put($f, 9) for 1 .. 3', FAULT_SHORT => 1,
    FAULT_AT => 3, FAULT_STAY => 1), '9 4 4', 'short from then on');
is(run('$f = file("a"); put($f, 9) for 1 .. 3', FAULT_AT => 3,
    FAULT_ERRNO => EIO), '9 ' . EIO . ' 9', 'one fails');
my $names = 'file("a"); file("b"); print rename("a", "c") ? "yes " : "no ",
    link("b", "d") ? "yes " : "no ", unlink("d") ? "yes " : "no "';
is(run($names, FAULT_AT => 3, FAULT_ERRNO => EIO), 'no yes yes', 'rename');
clear();
is(run($names, FAULT_AT => 4, FAULT_ERRNO => EIO, FAULT_STAY => 1),
    'yes no no', 'from link on');
clear();
is(run($names, FAULT_AT => 1, FAULT_ERRNO => EIO, FAULT_ONLY => 'linkat'),
    'yes yes yes', 'only another call');
run('file("x"); unlink "x"; put(file("a"), 3)', FAULT_AT => 3);
ok(!-e "$dir/a" && !-e "$dir/x", 'killed before the third');

# A record makes the same folder again.
clear();
Pop::spew("$dir/alice", "old mail\n" x 100, 0660);
Pop::spew("$dir/other", "other\n", 0644);
my $before = PowerCut::look($dir);
run('$f = file("alice"); put($f, 50, 100); truncate $f, 500;
    put($f, 10, 600); $g = file("new", O_RDWR | O_CREAT | O_EXCL);
    put($g, 700); truncate $g, 100; truncate $g, 300; chmod 0600, $g;
    $h = file("alice", O_WRONLY | O_APPEND); put($h, 33, 5);
    link "new", "twin"; rename "new", "other"; unlink "twin";
    $i = file("gone"); put($i, 5); unlink "gone"; put($i, 5);
    $k = file("again"); put($k, 12); link "again", "again2";
    file("other", O_WRONLY | O_TRUNC); put(file("other"), 3);
    open my $l, ">", "/dev/null"; put($l, 3); chmod 0640, "alice"',
    RECORD => "$top/record");
my $sum = PowerCut::digest(PowerCut::look($dir));
my $cut = PowerCut->new($before, Pop::slurp("$top/record"));
is($cut->whole, "$sum $sum", 'replayed');
my ($state) = $cut->pessimistic(scalar @{ $cut->{ops} }, {});
PowerCut::lay({ %$state, age => 0 }, $dir);
is(PowerCut::digest(PowerCut::look($dir)), $sum, 'and laid down');
cmp_ok(@{ $cut->{growth} }, '==', 7, 'seven calls need room');
done_testing;
