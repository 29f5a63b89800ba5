#!/usr/bin/perl
# The power goes at each point of popuidl -m and -a: of all states of the disk
# that a file system may leave then, the next session finds the mail that was
# given in front of what was there, or nothing of it; once popuidl has said
# that it is there, it is.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Crash;
use Modes;
use Test::More;

my $cannot = Crash::cannot();
plan skip_all => $cannot if $cannot;
my ($mode) = grep { $_->{name} eq 'normal' } @Modes::modes;
my $c = Crash->new($mode);
my @given = (1, 2);
my $in = Pop::spew("$c->{host}{dir}/in", join '', @{ $c->{mail} }{@given});

# How it was run, and what was there before.
for (['-a', 3 .. 5], ['-m']) {
	my ($how, @there) = @$_;
	$c->{all} = join '', @{ $c->{mail} }{@there};
	$c->fresh;
	my $before = $c->folder;
	Pop::spew($c->{record}, '', 0666);
	is(system("LD_PRELOAD=$Crash::SHIM RECORD=$c->{record} " .
	    "$Pop::BUILD/t/popuidl -f $c->{host}{conf} $how alice <$in " .
	    '>/dev/null'), 0, "$how: done");
	my $end = PowerCut::digest($c->folder);
	my $cut = PowerCut->new($before, Pop::slurp($c->{record}));
	is($cut->whole, "$end $end", "$how: replayed");
	my $ops = @{ $cut->{ops} };
	my $states = $cut->states(at => sub { @_ == $ops ? 'done' : '' });
	my @jobs = map { (["$_->{sum} $_->{age} 0", $_, 0],
	    ["$_->{sum} $_->{age} 1", $_, 1]) } @$states;
	$c->ask_all(\@jobs);
	my (@wrong, %seen);
	for (@jobs) {
		my ($sum, $state, $more) = @$_;
		my $found = $c->{seen}{$sum};
		my @more = $more ? Crash::AFTER : ();
		my %may = (join(' ', @there, @more) => 'before',
		    join(' ', @given, @there, @more) => 'after');
		for my $at (sort keys %{ $state->{need} }) {
			my $is = $may{$found} || 'wrong';
			$seen{$is}++;
			push @wrong, "$state->{need}{$at}: $found"
			    if $is eq 'wrong' || $at && $is ne 'after';
		}
	}
	splice @wrong, 12;
	is_deeply(\@wrong, [], "$how: $ops operations, " . @$states . ' states');
	ok($seen{before} && $seen{after}, "$how: before and after it");
}
done_testing;
