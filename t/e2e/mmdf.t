#!/usr/bin/perl
# MMDF spools: what is read of them, and what a deletion leaves.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Mbox;
use Modes;
use Pop;
use Test::More;

my $MARK = "\1\1\1\1\n";
my $FROM = "From a\@b Thu Jan  1 00:00:00 1970\n";
my @text = map { "Subject: $_\n\nbody $_\n" } 0 .. 3;
# what stands before and behind the text of each message
my @case = (
	['MMDF', map +[$MARK, $MARK], @text],
	['with From_ lines', map +["$MARK$FROM", $MARK], @text],
	['nothing at the end', (map +[$MARK, $MARK], 1 .. 3), [$MARK, '']],
	['not closed', [$MARK, ''], ["$MARK$FROM", $MARK], [$MARK, ''],
	    [$MARK, $MARK]],
	['a gap', [$MARK, "$MARK\n\n"], ["$MARK$FROM", "$MARK\n"],
	    [$MARK, $MARK], [$MARK, $MARK]],
	['opened twice', [$MARK, $MARK], [$MARK x 2, $MARK],
	    [$MARK, $MARK], [$MARK, $MARK]],
	['mbox behind it', [$MARK, $MARK], map +[$FROM, "\n"], 1 .. 3],
);
my $host;

# The messages that a session finds: their text, without the fields that an
# update writes, and their ids.
sub read_all {
	my ($name, @delete) = @_;
	my $s = $host->login('alice');
	my (undef, $list) = $s->multi('LIST');
	my (@got, @id);
	for (split /\r\n/, $list) {
		my ($i, $size) = split / /;
		my (undef, $got) = $s->message("RETR $i");
		is(length $got, $size, "$name: size of $i");
		push @id, $got =~ s/^X-UIDL: (\S+)\r\n//m ? $1 : 'none';
		$got =~ s/^Status: \S+\r\n//m;
		$got =~ s/\r\n/\n/g;
		push @got, $got;
	}
	like($s->cmd("DELE $_"), qr/^\+OK/, "$name: DELE") for @delete;
	like($s->quit, qr/^\+OK/, "$name: QUIT");
	return (\@got, \@id);
}

sub without_one {
	my ($name, $spool, $gone) = @_;
	$host->spool('alice', $spool);
	my ($got, $id) = read_all($name, $gone + 1);
	is_deeply($got, \@text, "$name: all messages");
	my @want = @text;
	splice @want, $gone, 1;
	splice @$id, $gone, 1;
	my ($left, $left_id) = read_all("$name, less $gone");
	is_deeply($left, \@want, "$name: without $gone");
	is_deeply($left_id, $id, "$name: ids without $gone");
}

for my $mode (@Modes::modes) {
	$host = Pop->new(conf => $mode->{conf});
	for my $case (@case) {
		my ($name, @around) = @$case;
		my $spool = join '', map {
			$around[$_][0] . $text[$_] . $around[$_][1] } 0 .. 3;
		without_one("$mode->{name}: $name", $spool, $_) for 0 .. 3;
	}

	# Everything deleted leaves nothing, and mail of either kind may come.
	$host->spool('alice', $MARK . $text[0] . $MARK);
	read_all("$mode->{name}: the only one", 1);
	is($host->spool('alice'), '', "$mode->{name}: an empty spool");
	$host->deliver('alice', $FROM . $text[1] . "\n");
	my ($got) = read_all("$mode->{name}: mbox now");
	is_deeply($got, [$text[1]], "$mode->{name}: mbox in what was MMDF");
}
done_testing;
