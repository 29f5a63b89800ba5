#!/usr/bin/perl
# The power goes at each point of a session: of all states of the disk that a
# file system may leave then, the next session finds each message once, those
# that were deleted only all together, and after +OK nothing but what was kept.
# POWERCUT_MAX is how many states are looked at of one dialogue, and of a
# second cut in it; 0: all.
# From POWERCUT_AGAIN of them the power goes once more, while the next session
# mends what it found.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Crash;
use Modes;
use Test::More;
use Time::HiRes qw(time);

my $MAX = defined $ENV{POWERCUT_MAX} ? $ENV{POWERCUT_MAX} : 2000;
my $AGAIN = defined $ENV{POWERCUT_AGAIN} ? $ENV{POWERCUT_AGAIN} : 4;
my $MAX_AGAIN = defined $ENV{POWERCUT_MAX} ? $MAX : 250;

# Every n-th, so that there are at most $max.
sub some {
	my ($max, @states) = @_;
	return @states if !$max || @states <= $max;
	my $step = @states / $max;
	return map { $states[$_ * $step] } 0 .. $max - 1;
}

# States after a second cut, in the session that follows the first; first of
# all where that session finds more than a spool.
sub second {
	my ($c, @states) = @_;
	my @more = grep { keys %{ $_->{names} } > 1 } @states;
	my @first = some($AGAIN, @more ? @more : @states);
	my @list;
	for my $state (@first) {
		PowerCut::lay($state, $c->{dir});
		my $before = $c->folder;
		$c->session(record => 1);
		my $cut = PowerCut->new($before, Pop::slurp($c->{record}));
		for my $next (@{ $cut->states }) {
			# what is left of the first is no younger now
			$next->{age} ||= $state->{age};
			my $why = $next->{need}{''};
			$next->{need} = { map {
				$_ => "$state->{need}{$_}; then $why"
			} keys %{ $state->{need} } };
			push @list, $next;
		}
	}
	return some($MAX_AGAIN, @list);
}

my $cannot = Crash::cannot();
plan skip_all => $cannot if $cannot;
my @modes = Modes::mine();
plan skip_all => 'each mode has a file of its own' unless @modes;
for my $mode (@modes) {
	my $c = Crash->new($mode);
	my ($start, $all, $looked, $again) = (time, 0, 0, 0);
	for my $row ($c->dialogues) {
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
			my @some = some($MAX, @$states);
			$all += @$states;
			$looked += @some;
			my @wrong = $c->wrong($gone, @some);
			is_deeply(\@wrong, [], "$what: " .
			    @{ $cut->{ops} } . ' operations, ' . @some .
			    (@some < @$states ? ' of ' . @$states : '') .
			    ' states');
			@some = second($c, @$states) or next;
			$again += @some;
			@wrong = $c->wrong($gone, @some);
			is_deeply(\@wrong, [], "$what: cut again: " . @some .
			    ' states');
		}
	}
	note sprintf '%s: %d of %d states, %d of a second cut, %d sessions, ' .
	    '%.1f s', $mode->{name}, $looked, $all, $again, $c->{asked},
	    time - $start;
}

done_testing;
