#!/usr/bin/perl
# MMDF spools of all mixtures, by chance: what an update leaves are the same
# other messages, with their ids, and mail that comes, in whichever form, is one
# more.  RANDOM_SEED and RANDOM_SESSIONS (a mode) choose other ones.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Modes;
use Pop;
use Test::More;

my $SEED = $ENV{RANDOM_SEED} || 1985;
my $SESSIONS = $ENV{RANDOM_SESSIONS} || 150;
$ENV{TMPDIR} = '/dev/shm' if -d '/dev/shm' && -w _;
my $MARK = "\1\1\1\1\n";
my $number = 0;

sub pick {
	return $_[int rand @_];
}

sub from {
	$number++;
	return "From a$number\@b Thu Jan  1 00:00:00 1970\n";
}

sub text {
	$number++;
	return "Subject: $number\n\nbody $number\n";
}

my @piece = (sub { $MARK }, sub { $MARK }, sub { $MARK x 2 }, sub { "\1x\n" },
	sub { "\n" }, sub { "\n" }, \&from, sub { "\n" . from() . text() },
	\&text, sub { "line " . $number++ . "\n" }, sub { "\r\n" });

# What agents leave, as it is, and the text of it: of MMDF with and without a
# From_ line; of mbox with the empty line behind it, or only before it, where
# it is missing.
sub agent {
	my ($spool, $mmdf) = @_;
	my $text = text();
	my $before = $spool =~ /(?:\A|\n\n)\z/ ? '' : "\n";
	my @form = map { $before . from() . $text . $_ } '', "\n";
	push @form, "$MARK$text$MARK", $MARK . from() . $text . $MARK if $mmdf;
	return (pick(@form), $text);
}

# Ends as agents leave it.
sub mixture {
	my $spool = $MARK . join '', map { pick(@piece)->() } 1 .. rand 12;
	return $spool . $MARK . text() . $MARK .
	    pick('', from() . text(), from() . text() . "\n");
}

sub all {
	my ($s) = @_;
	my (undef, $list) = $s->multi('UIDL');
	my @got;
	for (split /\r\n/, $list) {
		my ($i, $id) = split / /;
		my (undef, $text) = $s->message("RETR $i");
		my ($head, $body) = $text =~ /\A(.*?\r\n|)(\r\n.*)\z/s;
		$head =~ s/^(?:Status|X-UIDL):.*\r\n//mg;
		push @got, "$id $head$body";
	}
	return @got;
}

# Three sessions of a spool; what is wrong, if anything.
sub spool {
	my ($host) = @_;
	my $want;
	$host->spool('alice', mixture());
	for my $session (1 .. 3) {
		my $before = $host->spool('alice');
		my $s = $host->login('alice');
		my @all = all($s);
		my $new = defined $want && @all > @$want ? $all[-1] : '';
		$new =~ s/\S+ //;
		$new =~ s/\r\n/\n/g;
		return "$before\nhas " . join("\n--\n", @all) . "\nnot " .
		    join("\n--\n", @$want, $host->{came}) if defined $want &&
		    join('', @all) ne join('', @$want, @all[@$want .. $#all]) ||
		    defined $want && $new ne $host->{came};
		my @gone = grep { rand() < 0.5 } 0 .. $#all;
		my %gone = map { $_ => 1 } @gone;
		$s->cmd('DELE ' . ($_ + 1)) for @gone;
		$want = [@all[grep { !$gone{$_} } 0 .. $#all]];
		(my $mail, $host->{came}) = rand() < 0.7 ? agent($host->spool('alice') // '',
			!@$want || $before =~ /\A\x01/) : ('', '');
		$host->deliver('alice', $mail);
		my $bye = $s->quit;
		return "QUIT: $bye" if $bye !~ /^\+OK/;
	}
	return undef;
}

for my $mode (@Modes::modes) {
	for my $fields ('', "reset update-status-headers\n") {
		srand $SEED;
		my $host = Pop->new(conf => $mode->{conf} . $fields);
		my $wrong;
		my $i = 0;
		$wrong = eval { spool($host) } // ($@ ne '' ? "died: $@" : undef)
		    while $i++ < $SESSIONS / 3 && !defined $wrong;
		is($wrong && $wrong =~ tr/\001/@/r, undef,
		    "$mode->{name}: spool $i by chance, seed $SEED");
	}
}
done_testing;
