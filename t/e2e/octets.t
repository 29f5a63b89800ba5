#!/usr/bin/perl
# Sizes are exact to the octet, in STAT, LIST, RETR and what is really sent,
# and bodies come as they were delivered.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Mbox;
use Pop;
use Test::More;

my @case = (
	['plain', "a\nb\n"],
	['dots', ".\n..\n.x\n.\n"],
	['empty body', ''],
	['From lines', "From nobody\nfoo\n\nFrom here on\n>From quoted\n"],
	['blank lines at the end', "x\n\n\n\n"],
	['only blank lines', "\n\n"],
	['8 bit', "\xe4\xf6\xfc\xdf \xff\xfe\n"],
	['CRLF', "one\r\ntwo\r\n.\r\n"],
	['CR inside', "one\rtwo\r\r\n"],
	['a long line', ('x' x 70000) . "\n"],
	['dots and long', '.' . ('y' x 140000) . "\n.\n"],
	['many lines', join('', map { "line $_\n" } 1 .. 30000)],
	['stored fields', "b\n", "X-UIDL: abc\nContent-Length: 2\nStatus: RO\n"],
	['folded stored field', "b\n", "Content-Length: 2\n folded\nX-A: b\n"],
);
my $host = Pop->new;
$host->spool('alice', join '', map {
	Mbox::message($_ + 1, $case[$_][1], $case[$_][2]) } 0 .. $#case);
my $s = $host->login('alice');
my ($stat) = $s->cmd('STAT') =~ /^\+OK \d+ (\d+)$/;
my (undef, $list) = $s->multi('LIST');
my @size = $list =~ /^\d+ (\d+)\r$/mg;
is(scalar @size, scalar @case, 'as many messages');
my (undef, $uidl) = $s->multi('UIDL');
my @uid = $uidl =~ /^\d+ (\S+)\r$/mg;
my %seen;
is(scalar(grep { !$seen{$_}++ } @uid), scalar @case, 'ids differ');
my $sum = 0;
for my $i (0 .. $#case) {
	my ($name, $body, $header) = @{ $case[$i] };
	my ($status, $got) = $s->message('RETR ' . ($i + 1));
	is(length $got, $size[$i], "$name: as long as LIST says");
	like($status, qr/^\+OK $size[$i] octets/, "$name: and RETR");
	$sum += length $got;
	ok($got =~ s/^X-UIDL: (\S+)\r\n//m && $1 eq $uid[$i],
	    "$name: X-UIDL");
	my $want = Mbox::sent($i + 1, $body, $header);
	$want =~ s/Content-Length: 2\r\n folded\r\n// if $name =~ /folded/;
	$want =~ s/\n folded\r\n/\n/ if $name =~ /folded/;
	ok($got eq $want, "$name: as delivered") or
	    diag(substr $got, 0, 300);
	my ($top_status, $top) = $s->message('TOP ' . ($i + 1) . ' 999999');
	is(length $top, $size[$i], "$name: TOP of all of it");
}
is($sum, $stat, 'STAT is the sum');
is($s->quit, '+OK Pop server at mail.test signing off.', 'QUIT');

# NULs are never sent, and no size is changed by them.
$host->spool('alice', Mbox::message(1, "a\0b\0\n\0\n"));
$s = $host->login('alice');
($stat) = $s->cmd('STAT') =~ /^\+OK 1 (\d+)$/;
my (undef, $got) = $s->message('RETR 1');
is(length $got, $stat, 'NUL: exact');
unlike($got, qr/\0/, 'NUL: not sent');
$s->quit;

# A last line without its end, and a message that is only a header.
for (['no last newline', "From a\@b Mon Nov  2 08:15:01 2026\nA: b\n\nx",
	"A: b\r\n\r\nx\r\n"],
    ['header only', "From a\@b Mon Nov  2 08:15:01 2026\nA: b\n",
	"A: b\r\n\r\n"],
    ['header cut off', "From a\@b Mon Nov  2 08:15:01 2026\nA: b",
	"A: b\r\n\r\n"],
    ['From_ line only', "From a\@b Mon Nov  2 08:15:01 2026\n", "\r\n"],
    ['CRLF spool', "From a\@b Mon Nov  2 08:15:01 2026\r\nA: b\r\n\r\nx\r\n\r\n",
	"A: b\r\n\r\nx\r\n"],
    ['leading empty line', "\nFrom a\@b Mon Nov  2 08:15:01 2026\nA: b\n\nx\n\n",
	"A: b\r\n\r\nx\r\n"]) {
	my ($name, $text, $want) = @$_;
	$host->spool('alice', $text);
	$s = $host->login('alice');
	my ($size) = $s->cmd('LIST 1') =~ /^\+OK 1 (\d+)$/;
	(undef, $got) = $s->message('RETR 1');
	is(length $got, $size, "$name: exact");
	$got =~ s/^X-UIDL: \S+\r\n//m;
	is($got, $want, "$name: whole");
	$s->quit;
}

# Without the option, Content-Length is not believed: a From_ line behind an empty
# line begins a message, and a body ends at the next one.
for my $length (0, 13, 60, 1000) {
	$host->spool('alice', "From a\@b Thu Jan  1 00:00:00 1970\nA: b\n" .
	    "Content-Length: $length\n\none\n\n" .
	    "From c\@d Thu Jan  1 00:00:00 1970\ntwo\n\n");
	my $t = $host->login('alice');
	like($t->cmd('STAT'), qr/^\+OK 2 /, "Content-Length: $length");
	like(($t->message('RETR 1'))[1], qr/\r\n\r\none\r\n\z/,
	    "Content-Length: $length: what there is");
	$t->quit;
}

# Ids stay the same over sessions, deletions and Status changes.
$host->spool('alice', join '', map { Mbox::message($_) } 1 .. 80);
$s = $host->login('alice');
(undef, $uidl) = $s->multi('UIDL');
$s->cmd('DELE 40');
$s->quit;
my @before = map { /^\d+ (\S+)/ } split /\r\n/, $uidl;
splice @before, 39, 1;
$s = $host->login('alice');
(undef, $uidl) = $s->multi('UIDL');
is_deeply([map { /^\d+ (\S+)/ } split /\r\n/, $uidl], \@before,
    'ids after a deletion');
$s->quit;

# Equal messages have different ids, the same ones in every session.
$host->spool('alice', Mbox::message(1) x 100);
my @runs = map {
	my $t = $host->login('alice');
	my (undef, $u) = $t->multi('UIDL');
	$t->quit;
	$u;
} 1 .. 2;
is($runs[0], $runs[1], 'ids of equal messages are stable');
%seen = ();
is(scalar(grep { !$seen{$_}++ } $runs[0] =~ /^\d+ (\S+)\r$/mg), 100,
    'and all different');
done_testing;
