#!/usr/bin/perl
# A session is killed before each of its file-changing calls in turn, and each
# of them fails in turn: no message is lost or there twice, the next session
# waits for nothing, and what QUIT said is true.  The session after a crash is
# killed at each of its calls, too, and they fail.
# CRASH_MAX is how many different folders a crash leaves get that treatment,
# in one dialogue; 0: all.
use strict;
use warnings;
use Errno qw(ENOSPC EDQUOT EIO EINTR EOPNOTSUPP);
use FindBin;
use lib "$FindBin::Bin/../lib";
use Crash;
use Modes;
use Test::More;
use Time::HiRes qw(time);

my $MAX = defined $ENV{CRASH_MAX} ? $ENV{CRASH_MAX} : 4;
my @faults = (['killed'],
    (map { (["errno $_ at", FAULT_ERRNO => $_],
	["errno $_ from", FAULT_ERRNO => $_, FAULT_STAY => 1]) }
	ENOSPC, EDQUOT, EIO),
    ["errno ${\ EINTR} at", FAULT_ERRNO => EINTR],
    ["errno ${\ EINTR} from", FAULT_ERRNO => EINTR, FAULT_STAY => 1],
    ['half of the octets at', FAULT_SHORT => 1],
    ['half of the octets from', FAULT_SHORT => 1, FAULT_STAY => 1]);
my @again = @faults[0, 2, 5];

my $c;
my $sessions = 0;

sub say_fault {
	my ($fault, $at, $call) = @_;
	return "$fault->[0] call $at ($call)";
}

# What a fault makes of one dialogue at call $at.
sub hit {
	my ($fault, $at, @how) = @_;
	my (undef, %env) = @$fault;
	$sessions++;
	return $c->session(@how, env => { FAULT_AT => $at, %env });
}

# What the session after this one finds when the one between is hit at each of
# its calls: rows of what was done, and what was found.
my %recovered;
sub recovered {
	my ($state) = @_;
	my $sum = PowerCut::digest($state);
	return @{ $recovered{$sum} } if $recovered{$sum};
	my @rows;
	PowerCut::lay($state, $c->{dir});
	$c->session;
	my @calls = $c->calls;
	for my $fault (@again) {
		for my $at (1 .. @calls) {
			PowerCut::lay($state, $c->{dir});
			hit($fault, $at);
			$c->deliver(Crash::LATER);
			push @rows, [say_fault($fault, $at, $calls[$at - 1]),
			    $c->found];
		}
	}
	$recovered{$sum} = \@rows;
	return @rows;
}

# One dialogue: every fault at every call.
sub dialogue {
	my ($what, $gone, @how) = @_;
	$c->fresh;
	my $did = $c->session(@how);
	my @calls = $c->calls;
	is(Crash::judge($did, $gone, $c->found), undef,
	    "$what: whole, " . @calls . ' calls');
	my (%left, %later, %seen);
	for my $fault (@faults) {
		my @wrong;
		for my $at (1 .. @calls) {
			my $text = say_fault($fault, $at, $calls[$at - 1]);
			$c->fresh;
			$did = hit($fault, $at, @how);
			my $killed = $fault->[0] eq 'killed';
			# mail comes before anybody has looked again
			$c->deliver(Crash::AFTER) if $killed;
			my $state = $c->folder;
			my $sum = PowerCut::digest($state);
			my $bad = Crash::judge($did, $gone, $c->found($sum),
			    $killed ? Crash::AFTER : ());
			push @wrong, "$text: $bad" if defined $bad;
			$state->{age} = 0;
			push @{ $later{$sum} }, [$text, $did,
			    $killed ? Crash::AFTER : ()];
			$left{$sum} ||= $state;
		}
		is_deeply(\@wrong, [], "$what: $fault->[0] each call");
	}
	again($what, $gone, \%left, \%later);
}

# The same for what these faults have left.
sub again {
	my ($what, $gone, $left, $later) = @_;
	my @sums = sort keys %$left;
	my $step = !$MAX || @sums <= $MAX ? 1 : @sums / $MAX;
	my @wrong;
	my $n = 0;
	for (my $i = 0; $i < @sums; $i += $step) {
		my $sum = $sums[$i];
		$n++;
		for my $row (recovered($left->{$sum})) {
			for (@{ $later->{$sum} }) {
				my ($text, $did, @more) = @$_;
				my $bad = Crash::judge($did, $gone, $row->[1],
				    @more, Crash::LATER);
				next unless defined $bad;
				push @wrong,
				    "$text, then $row->[0]: $bad";
				last;
			}
		}
	}
	splice @wrong, 12;
	is_deeply(\@wrong, [], "$what: and the next session, too; $n of " .
	    @sums . ' folders');
}

my $cannot = Crash::cannot();
plan skip_all => $cannot if $cannot;
my @modes = Modes::mine();
plan skip_all => 'each mode has a file of its own' unless @modes;
for my $mode (@modes) {
	$c = Crash->new($mode);
	%recovered = ();
	$sessions = 0;
	my $start = time;
	for ($c->dialogues) {
		my ($name, $gone, $abort) = @$_;
		for my $during (0, 1) {
			dialogue("$mode->{name}: $name" .
			    ($during ? ', mail during it' : ''), $gone,
			    gone => $gone, abort => $abort,
			    during => $during);
		}
	}
	# A file system that cannot do these by itself is worked on all the same.
	my @how = (gone => [3]);
	for my $only (qw(copy_file_range fallocate)) {
		$c->fresh;
		$c->session(@how);
		my @calls = $c->calls;
		my @wrong;
		for my $at (1 .. @calls) {
			$c->fresh;
			my $did = hit(['', FAULT_ERRNO => EOPNOTSUPP,
			    FAULT_STAY => 1, FAULT_ONLY => $only], $at, @how);
			push @wrong, $did->{said}
			    unless $did->{said} =~ /^\+OK/;
			my $bad = Crash::judge($did, [3], $c->found);
			push @wrong, $bad if defined $bad;
		}
		is_deeply(\@wrong, [], "$mode->{name}: without $only");
	}
	note sprintf '%s: %d sessions with a fault, %d judged, %.1f s',
	    $mode->{name}, $sessions, $c->{asked}, time - $start;
}
done_testing;
