#!/usr/bin/perl
# The disk is full after N octets: for each N at which something else happens
# nothing is lost and what QUIT says is true, also when the next session finds
# the disk full, too.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Crash;
use Modes;
use Test::More;
use Time::HiRes qw(time);

my $EACH = 64; # up to here every N; then those beside the end of a write

my $cannot = Crash::cannot();
plan skip_all => $cannot if $cannot;
my @modes = Modes::mine();
plan skip_all => 'each mode has a file of its own' unless @modes;
for my $mode (@modes) {
	my $c = Crash->new($mode);
	my ($start, $n) = (time, 0);
	for ($c->dialogues) {
		my ($name, $gone, $abort) = @$_;
		for my $during (0, 1) {
			my $what = "$mode->{name}: $name" .
			    ($during ? ', mail during it' : '');
			my @how = (gone => $gone, abort => $abort,
			    during => $during);
			$c->fresh;
			my $before = $c->folder;
			$c->session(@how, record => 1);
			my $cut = PowerCut->new($before,
			    Pop::slurp($c->{record}));
			my @grow = @{ $cut->{growth} || [] };
			my $whole = $grow[-1] || 0;
			my %at = map { $_ => 1 } 0 .. $EACH,
			    (map { ($_ - 1, $_, $_ + 1) } @grow),
			    # what is reserved counts, and shows in no size
			    map { int($whole * $_ / 8) } 1 .. 15;
			my @at = sort { $a <=> $b } keys %at;
			my @wrong = map { full($c, $gone, $_, @how) } @at;
			$n += @at;
			splice @wrong, 12;
			is_deeply(\@wrong, [], "$what: " . @at .
			    " sizes of the disk up to $at[-1]");
			# the whole is enough, if pids are as long
			$c->fresh;
			my $did = $c->session(@how,
			    env => { FAULT_SPACE => 2 * $whole + 16 });
			like($did->{said}, qr/^\+OK/, "$what: enough")
			    unless $abort;
		}
	}
	note sprintf '%s: %d sizes, %d judged, %.1f s', $mode->{name}, $n,
	    $c->{asked}, time - $start;
}

sub full {
	my ($c, $gone, $space, @how) = @_;
	my @wrong;
	$c->fresh;
	my $did = $c->session(@how, env => { FAULT_SPACE => $space });
	my $state = $c->folder;
	$state->{age} = 0;
	my $bad = Crash::judge($did, $gone, $c->found);
	push @wrong, "after $space octets: $bad" if defined $bad;
	PowerCut::lay($state, $c->{dir});
	$c->session(env => { FAULT_SPACE => 0 });
	$bad = Crash::judge($did, $gone, $c->found);
	push @wrong, "after $space octets, and still full: $bad"
	    if defined $bad;
	return @wrong;
}
done_testing;
