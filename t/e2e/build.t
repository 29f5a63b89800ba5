#!/usr/bin/perl
# Other ways to build: with another compiler, with a BANNER, and what clean and
# realclean leave.  It is done in a copy of what a build needs.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use File::Temp qw(tempdir);
use Pop;
use Test::More;

plan skip_all => 'built with a sanitizer elsewhere' if $Pop::BUILD =~ /asan/;

my $tree = tempdir('popper-test.XXXXXX', TMPDIR => 1, CLEANUP => 1);
system('cp', '-R', (map { "$Pop::TOP/$_" } qw(Makefile src scripts)),
    $tree) == 0 or die 'cp';
# not those of the make that runs the tests
delete @ENV{qw(MAKEFLAGS MAKEOVERRIDES MFLAGS MAKELEVEL)};

# The exit code of make, and all it said.
sub make {
	my (@words) = @_;
	open my $fh, '-|', 'sh', '-c', 'exec make -C "$0" "$@" 2>&1', $tree,
	    @words or die "make: $!";
	local $/;
	my $said = <$fh>;
	close $fh;
	return ($? >> 8, $said);
}

sub files {
	opendir my $dh, $tree or die;
	return [sort grep { !/^\./ } readdir $dh];
}
my $clean = files();

# quick ones: what is tested is that it can be built
my @quick = ('-j2', 'CFLAGS=-O0', 'HARDEN=-fPIE');
my @programs = qw(popper popauth poppassd poplimit poptls);
for my $cc ('cc', 'clang') {
	SKIP: {
		skip "no $cc", 4 if system("command -v $cc >/dev/null 2>&1");
		my ($code, $said) = make(@quick, "CC=$cc");
		is($code, 0, "CC=$cc") or diag($said);
		unlike($said, qr/warning:/, "CC=$cc: no warning");
		is_deeply([grep { !-x "$tree/build/$_" } @programs], [],
		    "CC=$cc: every program");
		like(`$tree/build/popper --version`, qr/^popper \(version /,
		    "CC=$cc: it runs");
	}
}

# BANNER: what is announced, and what is logged.
my ($code, $said) = make(@quick, 'BANNER=-example.1', 'build/popper');
is($code, 0, 'BANNER') or diag($said);
{
	local $Pop::POPPER = "$tree/build/popper";
	my $host = Pop->new(conf => "set log-login\n");
	my $s = $host->login('alice');
	like($s->{greeting},
	    qr/^\+OK popper \(version [0-9.]+-example\.1\) at mail\.test /,
	    'BANNER: the greeting');
	my (undef, $capa) = $s->multi('CAPA');
	like($capa, qr/^IMPLEMENTATION popper-[0-9.]+-example\.1\r$/m,
	    'BANNER: CAPA');
	$s->quit;
	like($host->log_text, qr/: \(v[0-9.]+\) POP login by user "alice"/,
	    'BANNER: the log has digits and dots only');
	$host->configure("set shy\n");
	$s = $host->connect;
	unlike($s->{greeting}, qr/example/, 'BANNER: shy does not tell it');
	unlike(($s->multi('CAPA'))[1], qr/example/, 'BANNER: nor its CAPA');
	$s->quit;
}
for my $wrong ('a b', 'a"b', "a'b", 'a\\b', 'a)', 'x' x 33) {
	isnt((make(@quick, "BANNER=$wrong", 'build/popper'))[0], 0,
	    "BANNER=$wrong is refused");
}

for my $target ('clean', 'realclean') {
	mkdir "$tree/build";
	is((make($target))[0], 0, $target);
	is_deeply(files(), $clean, "$target: as it came");
}
done_testing;
