#!/usr/bin/perl
# The power goes at each point of a session: of all states of the disk that a
# file system may leave then, the next session finds each message once, those
# that were deleted only all together, and after +OK nothing but what was kept.
# POWERCUT_MAX is how many states are looked at of one dialogue; 0: all.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Crash;
use Modes;
use Test::More;
use Time::HiRes qw(time);

my $MAX = defined $ENV{POWERCUT_MAX} ? $ENV{POWERCUT_MAX} : 2000;

# Every n-th, so that there are at most $MAX.
sub some {
	my ($states) = @_;
	return @$states if !$MAX || @$states <= $MAX;
	my $step = @$states / $MAX;
	return map { $states->[$_ * $step] } 0 .. $MAX - 1;
}

my $cannot = Crash::cannot();
plan skip_all => $cannot if $cannot;
for my $mode (Modes::mine()) {
	my $c = Crash->new($mode);
	my ($start, $all, $looked) = (time, 0, 0);
	for my $row (@Crash::dialogues) {
		my ($name, $gone, $abort) = @$row;
		for my $during (0, 1) {
			my $what = "$mode->{name}: $name" .
			    ($during ? ', mail during it' : '');
			$c->fresh;
			my $before = $c->folder;
			my $did = $c->session(gone => $gone, abort => $abort,
			    during => $during, record => 1);
			my $end = PowerCut::digest($c->folder);
			is(Crash::judge($did, $gone, $c->found), undef, $what);
			my $cut = PowerCut->new($before,
			    Pop::slurp($c->{record}));
			# a call that was not seen would make all else vain
			is($cut->whole, "$end $end", "$what: replayed");
			my $states = $cut->states(at => \&Crash::at);
			my @some = some($states);
			$all += @$states;
			$looked += @some;
			my @wrong = $c->wrong($gone, @some);
			is_deeply(\@wrong, [], "$what: " .
			    @{ $cut->{ops} } . ' operations, ' . @some .
			    (@some < @$states ? ' of ' . @$states : '') .
			    ' states');
		}
	}
	note sprintf '%s: %d of %d states, %d sessions, %.1f s',
	    $mode->{name}, $looked, $all, $c->{asked}, time - $start;
}

done_testing;
