#!/usr/bin/perl
# MMDF spools: what is read of them, and what a deletion leaves.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Crash;
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
	['^A lines of any form', ["\1\n", "\1\n"],
	    ["\1 from here\r\n$FROM", "\1\1\1\1\1\n"],
	    ["\1\xff" . 'x' x 3000 . "\n", "\1 end\n"], [$MARK, "\1 last"]],
	['one ^A line between two', (map +["\1 $_\n", ''], 1 .. 3),
	    ["\1\n", "\1\n"]],
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

# Mail that comes during a session, and after one that was killed: nothing is
# put between ^A lines, and they stay as they are.
sub arrives {
	my ($mode, $open, $close) = @_;
	my $name = "$mode->{name}, mail arrives: " . $close =~ s/\W+/_/gr;
	my ($first, $second, $new) = map { "$open$_$close" } @text;
	$host->spool('alice', $first . $second);
	my $s = $host->login('alice');
	$s->cmd('DELE 1');
	$host->deliver('alice', $new);
	like($s->quit, qr/^\+OK/, "$name: QUIT");
	is($host->spool('alice'), $second . $new, "$name: octets");
	$s = $host->login('alice');
	kill 'KILL', $s->{pid};
	$s->wait_end;
	$host->deliver('alice', $first);
	$s = $host->login('alice');
	like($s->cmd('STAT'), qr/^\+OK 3 /, "$name: after a kill all is there");
	$s->quit;
	is($host->spool('alice'), $second . $new . $first, "$name: in order");
}

# A ^A line that is text of an mbox message ends nothing: new mail gets its
# empty line.
sub text_at_end {
	my ($mode) = @_;
	my @mbox = map { "$FROM$_" } @text;
	for my $line ("\1 x\n", $MARK) {
		$host->spool('alice', "$mbox[0]\n$mbox[1]$line");
		my $s = $host->login('alice');
		$s->cmd('DELE 1');
		$host->deliver('alice', "$mbox[2]\n");
		$s->quit;
		is($host->spool('alice'), "$mbox[1]$line\n$mbox[2]\n",
		    "$mode->{name}: behind a ^A line of mbox");
	}
}

# Mail that comes behind a message without its ^A line: both stay as they are.
# In server mode an agent of mbox would add to it by itself.
sub not_closed {
	my ($mode) = @_;
	my $server = $mode->{conf} =~ /server/;
	for my $new ("$MARK$text[2]$MARK", $server ? () : "$FROM$text[2]\n") {
		for my $last ($text[1], $text[1] =~ s/\n\z//r, "$text[1]\n") {
			next if $server && $last !~ /\n\z/;
			my $name = "$mode->{name}: behind one not closed";
			my $second = "$MARK$last";
			$host->spool('alice', "$MARK$text[0]$MARK$second");
			my ($had, $id) = read_all($name);
			my $s = $host->login('alice');
			$host->deliver('alice', $new);
			$s->quit;
			my ($got, $now) = read_all("$name, it comes");
			is_deeply($got, [@$had, $text[2]], "$name: texts");
			is_deeply([@$now[0, 1]], $id, "$name: ids");
		}
	}
}

# A text with a ^A line makes messages of mbox in the spool: if they come to be
# the first ones it stays MMDF, and they swallow nothing.
sub forged {
	my ($mode) = @_;
	my $evil = "Subject: evil\n\n\1 x\n$FROM$text[1]\n$FROM$text[2]";
	$host->spool('alice', join '', map { "$MARK$_$MARK" } $text[0], $evil,
	    $text[3]);
	read_all("$mode->{name}: forged", 1, 2);
	$host->deliver('alice', "$MARK$text[0]$MARK");
	my ($got) = read_all("$mode->{name}: forged, less two", 1, 2);
	is_deeply($got, [@text[1, 2, 3, 0]], "$mode->{name}: all others");
	($got) = read_all("$mode->{name}: forged, less all of it");
	is_deeply($got, [@text[3, 0]], "$mode->{name}: without it");
}

# In MMDF one that is within a message begins another one, and no octet is
# lost.
sub inside {
	my ($mode) = @_;
	$host->spool('alice', "$MARK$text[0]\1\1\nmore\n\nof it\n$MARK" .
	    "$MARK$text[1]$MARK");
	my ($got) = read_all("$mode->{name}: inside", 1);
	is_deeply($got, [$text[0], "more\n\nof it\n", $text[1]],
	    "$mode->{name}: a ^A line within a message");
	is($host->spool('alice'), "\1\1\nmore\n\nof it\n$MARK" .
	    "$MARK$text[1]$MARK", "$mode->{name}: and without its beginning");
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

	$host = Pop->new(
	    conf => "$mode->{conf}reset update-status-headers\n");
	arrives($mode, $MARK, $MARK);
	arrives($mode, "\1\r\n", "\1 end of it\r\n");
	inside($mode);
	not_closed($mode);
	forged($mode);
	text_at_end($mode) unless $mode->{conf} =~ /server/;
}

# Killed at each call, nothing is lost.
SKIP: {
	my $cannot = Crash::cannot();
	skip $cannot, 4 if $cannot;
	for my $mode (grep { $_->{name} =~ /^(?:normal|server)$/ }
	    @Modes::modes) {
		my $c = Crash->new({ %$mode,
		    wrap => sub { "\1 begins\n" . $_[0] =~ s/\n\z//r .
			"\1\1 ends\n" } });
		for my $gone ([3], [5]) {
			is_deeply([$c->killed($gone, during => 1)], [],
			    "$mode->{name}, @$gone deleted: killed");
		}
	}
}
done_testing;
