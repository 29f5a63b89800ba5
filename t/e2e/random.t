#!/usr/bin/perl
# Sessions by chance, against a model: which messages there are, in order,
# what is in them, and that an id that was told stays.  RANDOM_SEED and
# RANDOM_SESSIONS (a mode) choose other ones.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Modes;
use Pop;
use Test::More;

my $SEED = $ENV{RANDOM_SEED} || 1939;
my $SESSIONS = $ENV{RANDOM_SESSIONS} || 60;
# what these sessions wait for is the disk, if there is one
$ENV{TMPDIR} = '/dev/shm' if -d '/dev/shm' && -w _;

my $number = 0;
my @field = (sub { "X-UIDL: stored-$number\n" }, sub { "X-UIDL: a b\n" },
    sub { "X-UIDL: folded\n $number\n" }, sub { "Status: RO\n" },
    sub { "Status: O\n" }, sub { "STATUS:\n U\n" }, sub { "X-Status: A\n" },
    sub { "Content-Length: 7\n" }, sub { "X-UID: $number\n" },
    sub { "To: you\n" }, sub { "To: " . 'x' x 2000 . "\n" }, sub { "Junk\n" });
my @line = ("text\n", "\n", ".\n", "..\n", ">From x\n", "From me to you\n",
    "Status: RO\n", 'y' x 3000 . "\n");

sub pick {
	return $_[int rand @_];
}

# A message as an agent delivers it, and what a client gets of it, without
# the fields that sessions write.
sub message {
	$number++;
	my @head = map { pick(@field)->() } 1 .. rand 4;
	splice @head, rand(@head + 1), 0, "Subject: $number\n";
	my $body = join '', map { pick(@line) } 1 .. rand 6;
	$body x= 2000 if rand(40) < 1;
	my $mbox = "From a\@b Thu Jan  1 00:00:00 1970\n" .
	    join('', @head) . "\n$body";
	# a header without a body may end the spool as it is
	$mbox .= "\n" if $body ne '' || rand() < 0.5;
	$mbox =~ s/\n/\r\n/g if rand() < 0.2;
	my $sent = join('', grep { !/^(?:X-UIDL|Status|Content-Length):/i }
	    @head) . "\n$body";
	$sent =~ s/\n/\r\n/g;
	return { mbox => $mbox, sent => $sent };
}

sub plain {
	my ($text) = @_;
	my ($head, $body) = $text =~ /\A(.*?\r\n)(\r\n.*)\z/s or return $text;
	$head =~ s/^(?:Status|X-UIDL):.*\r\n(?:[ \t].*\r\n)*//img;
	return $head . $body;
}

# One session; what is wrong, if anything.
sub session {
	my ($host, $have) = @_;
	my $s = $host->login('alice');
	my ($n, $octets) = $s->cmd('STAT') =~ /^\+OK (\d+) (\d+)/;
	return "$n messages, not " . @$have if $n != @$have;
	my (undef, $list) = $s->multi('LIST');
	my @size = $list =~ /^\d+ (\d+)\r$/mg;
	my %told;
	if (rand() < 0.6) {
		my (undef, $uidl) = $s->multi('UIDL');
		my @id = $uidl =~ /^\d+ (\S+)\r$/mg;
		my %seen;
		for my $i (0 .. $#$have) {
			my $was = $have->[$i]{id};
			return "the id of $i was $was, is $id[$i]"
			    if defined $was && $was ne $id[$i];
			return "two have $id[$i]" if $seen{ $id[$i] }++;
			$told{$i} = $id[$i];
		}
	}
	my @gone = grep { rand() < 0.15 } 0 .. $#$have;
	@gone = (0 .. $#$have) if rand(20) < 1;
	for my $i (grep { rand() < 0.3 } 0 .. $#$have) {
		my (undef, $got) = $s->message('RETR ' . ($i + 1));
		return "size of $i" if length $got != $size[$i];
		return "message $i is: $got" if plain($got) ne
		    $have->[$i]{sent};
		my ($id) = $got =~ /\A.*?^X-UIDL: (\S+)\r\n/ms;
		return "$i was told to be $told{$i}, is sent as $id"
		    if defined $told{$i} && $told{$i} ne $id;
	}
	$s->cmd('DELE ' . ($_ + 1)) for @gone;
	my @came = map { message() } 1 .. rand 3;
	$host->deliver('alice', $_->{mbox}) for @came;
	push @$have, @came;
	my $end = rand;
	if ($end < 0.7) {
		my $bye = $s->quit;
		return "QUIT: $bye" if $bye !~ /^\+OK/;
		$have->[$_]{id} = $told{$_} for keys %told;
		my %gone = map { $_ => 1 } @gone;
		@$have = @$have[grep { !$gone{$_} } 0 .. $#$have];
	} elsif ($end < 0.85) {
		$s->wait_end;
	} else {
		kill 'KILL', $s->{pid};
		$s->wait_end;
	}
	return undef;
}

for my $mode (@Modes::modes) {
	srand $SEED;
	my $host = Pop->new(conf => $mode->{conf});
	my @have = map { message() } 1 .. 5;
	$host->spool('alice', join '', map { $_->{mbox} } @have);
	my $wrong;
	my $i = 0;
	while ($i < $SESSIONS && !defined $wrong) {
		$i++;
		$wrong = eval { session($host, \@have) };
		$wrong = "died: $@" if $@;
		if (@have > 60) {
			my $s = $host->login('alice');
			$s->cmd("DELE $_") for 1 .. 40;
			$s->quit;
			splice @have, 0, 40;
		}
	}
	is($wrong, undef, "$mode->{name}: $i sessions by chance, seed $SEED")
	    or diag($host->log_text);
}
done_testing;
