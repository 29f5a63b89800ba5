#!/usr/bin/perl
# poptls-cache: what the program that it becomes finds; wrong use.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use File::Temp qw(tempdir);
use POSIX ();
use Pop;
use Test::More;

my $cache = "$Pop::BUILD/poptls-cache";
my $dir = tempdir('popper-test.XXXXXX', TMPDIR => 1, CLEANUP => 1);
my $F_GET_SEALS = 1034;
my $SEALS = 1 | 2 | 4;	# F_SEAL_SEAL, _SHRINK, _GROW

# Its words go to fd 9, because others may be closed; perl opens those, so sh
# looks first.
my $program = Pop::spew("$dir/program", <<"END", 0755);
#!/bin/sh
std=std
for n in 0 1 2; do
	[ ! -e /proc/\$\$/fd/\$n ] || std=\$std\$n
done
exec $^X $dir/look \$std "\$@"
END
Pop::spew("$dir/look", <<"END");
open my \$to, '>>&=', 9 or exit 3;
my \$fd = \$ENV{POPTLS_CACHE};
open my \$file, '+<&=', \$fd or exit 4;
my \@open = grep { readlink("/proc/self/fd/\$_") =~ /memfd/ }
    map { m{([0-9]+)\$} } glob '/proc/self/fd/*';
syswrite \$to, join(' ', \$\$, \$fd, fcntl(\$file, $F_GET_SEALS, 0), -s \$file,
    join(',', \@open), \@ARGV) . "\\n";
exit 42;
END

# Runs it with these fds closed.  Its exit code, pid, log, and the words.
sub run {
	my ($closed, @args) = @_;
	unlink "$dir/said", "$dir/log";
	my $pid = fork // die "fork: $!";
	if ($pid == 0) {
		open my $said, '>', "$dir/said" or die;
		POSIX::dup2(fileno $said, 9);
		open my $log, '>', "$dir/log" or die;
		POSIX::dup2(fileno $log, 2);
		close $said;
		close $log;
		POSIX::close($_) for @$closed, 3 .. 8;
		{ no warnings; exec $cache, @args; }
		POSIX::_exit(127);
	}
	waitpid $pid, 0;
	my $said = -e "$dir/said" ? Pop::slurp("$dir/said") : '';
	chomp $said;
	return ($? >> 8, $pid, Pop::slurp("$dir/log"), split / /, $said);
}

for my $closed ([], [0], [1], [2], [0, 1], [0, 1, 2]) {
	my ($code, $pid, $log, @said) = run($closed, $program, '-n', '5');
	my $kept = join '', grep { my $n = $_; !grep { $_ == $n } @$closed }
	    0 .. 2;
	is($code, 42, "[@$closed] the program's exit code");
	is($said[0], $pid, 'the same process');
	cmp_ok($said[1], '>=', 3, 'a number above 2');
	is($said[2] & $SEALS, $SEALS, 'of fixed size');
	is($said[3], 512 + 20000 * 128, 'with 20000 places');
	is($said[4], $said[1], 'open once');
	is($said[5], "std$kept", 'what was closed is closed');
	is("@said[6 .. $#said]", '-n 5', 'its own arguments');
	is($log, '', 'nothing is logged');
}
for my $case ([1, 512 + 4 * 128], [4, 512 + 4 * 128], [5, 512 + 8 * 128],
    [1000000, 512 + 128000000]) {
	my ($code, undef, undef, @said) = run([], '-n', $case->[0], $program);
	is("$code $said[3]", "42 $case->[1]", "-n $case->[0]");
}
{
	local $ENV{POPTLS_CACHE} = 0;
	local $ENV{PATH} = "$dir:$ENV{PATH}";
	my ($code, undef, undef, @said) = run([], '-t', '86400', 'program');
	is($code, 42, 'by PATH');
	cmp_ok($said[1], '>=', 3, 'an outer POPTLS_CACHE counts no more');
}
for my $args ([], ['-n', 5], ['-n', 0, 'true'], ['-n', 1000001, 'true'],
    ['-n', '5x', 'true'], ['-n', -1, 'true'], ['-n', '', 'true'],
    ['-t', 0, 'true'], ['-t', 86401, 'true'], ['-x', 'true'], ['-n']) {
	my ($code, undef, $log) = run([], @$args);
	is($code, 100, "poptls-cache @$args");
	like($log, qr/\Apoptls-cache\[\d+\]: .*usage: poptls-cache .*\n\z/,
	    'says how it is used');
}
my ($code, undef, $log) = run([], "$dir/none");
is($code, 111, 'no such program');
like($log, qr{\Apoptls-cache\[\d+\]: Unable to run \Q$dir\E/none: },
    'says so');
done_testing;
