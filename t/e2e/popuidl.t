#!/usr/bin/perl
# popuidl: messages have the unique-ids that a list gives, and no other octet
# of them changes; a list that does not fit changes nothing; mail that is
# given is put into the spool as a whole; and so it is if it is killed.
use strict;
use warnings;
use Errno qw(EINTR EIO ENOSPC);
use FindBin;
use lib "$FindBin::Bin/../lib";
use Mbox;
use Pop;
use Test::More;

my $host;
my $said;

# Runs it with this input: its exit code; $said is what it said.
sub popuidl {
	my ($in, @args) = @_;
	my $file = Pop::spew("$host->{dir}/in", $in);
	$said = `$Pop::BUILD/popuidl -f $host->{conf} @args 2>&1 <$file`;
	return $? >> 8;
}

sub ids {
	my $s = $host->login('alice');
	my ($status, $text) = $s->multi('UIDL');
	$s->quit;
	return join ' ', $text =~ /^\d+ (\S+)\r$/mg;
}

my $long = 'x' x 70;
my $mail = Mbox::message(1) . Mbox::message(2, undef, "X-UIDL: old\n" .
    "Status: RO\nX-UIDL: other\n") . Mbox::message(3, "\n.\n\n") .
    Mbox::message(4, undef, "X-UIDL: stays\n");
for my $set ('', "reset update-status-headers\n", "set server-mode\nset update-status-headers\n",
    "set fast-update\nset update-status-headers\n") {
	my $name = $set =~ s/(?<!re)set (\S+)\n/$1 /gr || 'defaults ';
	$host = Pop->new(conf => $set);
	$host->spool('alice', $mail);
	# server mode has a cache now
	like(ids(), qr/ old \S+ stays$/, "$name: as it was");
	is(popuidl("1 one 51\r\n2 $long\n3 old\n4\n", 'alice'), 0,
	    "$name: a list") or diag $said;
	is($said, "alice: 4 messages, unique-ids of 3 written\n", "$name: said");
	is(ids(), "one $long old stays", "$name: these are the ids");
	my $spool = $host->spool('alice');
	is(() = $spool =~ /^X-UIDL: /mg, 4, "$name: one in each header");
	is($spool =~ s/^(?:X-UIDL|Status): .*\n//mgr,
	    $mail =~ s/^(?:X-UIDL|Status): .*\n//mgr,
	    "$name: nothing else changed");
	my @at = (stat "$host->{dir}/spool/alice")[1, 4, 5];
	is_deeply([$at[1], $at[2]], [$host->{uid}, $host->{gid}],
	    "$name: the owner and the group are the same");
	is(popuidl("1 one\n2 $long\n3 old\n4 stays\n", 'alice'), 0,
	    "$name: again") or diag $said;
	like($said, qr/unique-ids of 0 written/, "$name: nothing to do");
	is_deeply([map { m{([^/]*)$} } glob "$host->{dir}/spool/{.alice*,alice.*}"],
	    $set =~ /server/ ? ['.alice.cache'] : [], "$name: nothing is left");
}

$host = Pop->new(conf => "reset update-status-headers\n");
$host->spool('alice', $mail);
my $y = 'y' x 71;
for (["1 a\n2 b\n3 c\n", qr/has 3 messages, and the maildrop 4/],
    ["1 a\n2 b\n3 c\n4 d\n5 e\n", qr/line 5: the maildrop has only 4/],
    ["1 a\n3 b\n2 c\n4 d\n", qr/line 2: here has to be message 2/],
    ["1 a\n2 b\n3 a\n4 d\n", qr/line 3: a message before this one has/],
    ["1 a\n2\n3 old\n4 d\n", qr/line 3: a message before this one has/],
    ["1 a\n2 b\n3 $y\n4 d\n", qr/line 3: "y+" can be no unique-id/],
    ["1 a\n2 \xe4\n3 c\n4 d\n", qr/line 2: "\?" can be no unique-id/],
    ["1 a\n2 b 50\n3 c\n4 d\n", qr/line 2: message 2 has 51 to \d+ octets/],
    ["1 a 52\n2 b\n3 c\n4 d\n", qr/line 1: message 1 has 51 to 51 octets/],
    ["1 a 5x\n2 b\n3 c\n4 d\n", qr/line 1: the octets are no number/],
    ["+OK\n1 a\n2 b\n3 c\n4 d\n", qr/line 1: here has to be message 1/],
    ["1 a b c\n2 b\n3 c\n4 d\n", qr/line 1: a line is/],
    ["\n", qr/line 1: a line is/], ["1 a\0\n", qr/line 1: it has a NUL/]) {
	my ($list, $why) = @$_;
	is(popuidl($list, 'alice'), 1, "refused: $why");
	like($said, $why, 'and said why');
	is($host->spool('alice'), $mail, 'nothing changed');
}
is(popuidl('', 'bob'), 100, 'nobody');
is(popuidl('', '-w', 'alice'), 0, 'who is alice?');
is($said, "$host->{uid}:$host->{gid}:$host->{dir}/home:" .
    "$host->{dir}/spool/alice\n", 'and where is her mail?');
is(popuidl('', '-u', "$host->{uid}:$host->{gid}:/x:$host->{dir}/spool/x",
    '-w', 'bob'), 0, 'bob is told');
like($said, qr{^\d+:\d+:/x:.*/spool/x$}, 'and is he');
is(popuidl('', '-u', 'x', 'bob'), 100, 'or not');
is(popuidl('', '-x'), 100, 'no such option');

my $s = $host->login('alice');
is(popuidl("1 a\n", 'alice'), 111, 'during a session');
$s->quit;

# a header that nothing can be added to
$host->spool('alice', Mbox::message(1) . Mbox::message(2) =~ s/\n\n.*/\n/sr);
is(popuidl("1 a\n2 b\n", 'alice'), 0, 'no empty line behind a header');
is($said, "popuidl: alice: 1 messages have no empty line behind their " .
    "header: they get new ids\nalice: 2 messages, unique-ids of 1 written\n",
    'is no reason to refuse the others');
like(ids(), qr/^a \S{20}$/, 'it gets a new id');
$host->spool('alice', $mail);

# mail
my $more = Mbox::message(8, undef, "X-UIDL: acht\n") . Mbox::message(9);
is(popuidl($more, '-m', 'alice'), 1, 'there is mail');
is($host->spool('alice'), $mail, 'and that is left alone');
is(popuidl($more, '-a', 'alice'), 0, 'in front of it');
is($said, "alice: 2 messages put into the maildrop\n", 'said');
is($host->spool('alice'), $more . $mail, 'there it is');
is(popuidl($more, '-a', 'alice'), 1, 'once');
like($said, qr/begins with this mail already/, 'and it says so');
is(popuidl("no mail\n", '-a', 'alice'), 1, 'this is none');
is(popuidl("\1\1\1\1\nFrom: x\n\n\1\1\1\1\n", '-a', 'alice'), 1, 'nor MMDF');
is($host->spool('alice'), $more . $mail, 'nothing changed');
for my $other ("\1\1\1\1\nFrom: x\n\nx\n\1\1\1\1\n", "garbage\n\nof somebody\n") {
	$host->spool('alice', $other);
	is(popuidl($more, '-a', 'alice'), 1, 'not in front of what is no mbox');
	like($said, qr/is no mbox, so no mail can be put/, 'it says why');
	is($host->spool('alice'), $other, 'and leaves it alone');
}
unlink "$host->{dir}/spool/alice";
is(popuidl($more, '-m', 'alice'), 0, 'a new spool');
is($host->spool('alice'), $more, 'is that');
my @st = stat "$host->{dir}/spool/alice";
is(sprintf('%o %d %d', $st[2] & 07777, @st[4, 5]),
    "660 $host->{uid} $host->{gid}", 'as agents make it');
is(popuidl('', '-m', 'alice'), 1, 'and another one');
Pop::spew("$host->{dir}/spool/alice", '');
is(popuidl($more, '-m', 'alice'), 0, 'an empty spool');
is($host->spool('alice'), $more, 'takes it');

# mail comes while mail is given, and there was no spool
unlink "$host->{dir}/spool/alice";
open my $to, '|-', "$Pop::BUILD/popuidl -f $host->{conf} -m alice " .
    ">$host->{dir}/said 2>&1" or die;
my $end = time + $Pop::PATIENCE;
select undef, undef, undef, 0.01 until -e "$host->{dir}/spool/alice" &&
    !-e "$host->{dir}/spool/alice.lock" || time > $end;
$host->deliver('alice', $mail);
print $to $more;
ok(close $to, 'mail comes') or diag Pop::slurp("$host->{dir}/said");
is($host->spool('alice'), $more . $mail, 'and is behind the rest');

# popuidl -a with a fault: its exit code.
sub hit {
	my ($before, $in, %env) = @_;
	unlink glob "$host->{dir}/spool/.alice.* $host->{dir}/spool/*";
	unlink "$host->{dir}/count";
	$host->spool('alice', $before);
	my $file = Pop::spew("$host->{dir}/in", $in);
	local %ENV = (%ENV, LD_PRELOAD => "$Pop::BUILD/t/faults.so",
	    FAULT_COUNT => "$host->{dir}/count", %env);
	$said = `$Pop::BUILD/t/popuidl -f $host->{conf} -a alice 2>&1 <$file`;
	return $? >> 8;
}

# Whatever fails, it is in the spool if the exit code says so, and else not.
sub failing {
	my ($name, $before, $in, %env) = @_;
	my (@wrong, %seen);
	for my $at (1 .. 200) {
		my $code = hit($before, $in, %env, FAULT_AT => $at);
		my ($n) = split /\n/, Pop::slurp("$host->{dir}/count");
		last if $n < $at;
		my $later = $said =~ /do not give it again/;
		eval { $host->login('alice')->quit };
		my $got = $host->spool('alice');
		$seen{$code}++;
		push @wrong, "call $at: exit $code, $said $@" if $@;
		push @wrong, "call $at: exit $code, $said" if $got ne
		    ($code == 0 ? $in . $before : $before) || $later && $code;
	}
	is_deeply(\@wrong, [], "$name: done or not, as it says");
	ok($seen{0} && ($seen{111} || $env{FAULT_SHORT} ||
	    $env{FAULT_ERRNO} == EINTR), "$name: both were seen");
}

# A disk with room for so many octets: nobody is locked out.
sub full {
	my ($before, $in) = @_;
	my (@wrong, $room);
	my $step = length($in) / 8;
	for ($room = 0; $room < 4 * length "$in$before"; $room += $step) {
		my $code = hit($before, $in, FAULT_SPACE => int $room);
		last if $code == 0;
		push @wrong, "$room octets: exit $code, " . $said
		    if $code != 111 || $host->spool('alice') ne $before ||
		    -s "$host->{dir}/spool/.alice.pop";
	}
	is_deeply(\@wrong, [], 'a full disk: nothing is done');
	is($host->spool('alice'), $in . $before, "with $room octets all is");
}

# Killed before each call that changes a file, it has done all or nothing.
sub killed {
	my ($name, $in, $before, $after, @args) = @_;
	my $file = Pop::spew("$host->{dir}/in", $in);
	my %seen = (before => 0, after => 0);
	for my $at (1 .. 200) {
		unlink glob "$host->{dir}/spool/.alice.* $host->{dir}/spool/*";
		$host->spool('alice', $before);
		unlink "$host->{dir}/count";
		system("LD_PRELOAD=$Pop::BUILD/t/faults.so FAULT_AT=$at " .
		    "FAULT_COUNT=$host->{dir}/count $Pop::BUILD/t/popuidl " .
		    "-f $host->{conf} @args alice <$file >/dev/null 2>&1");
		last if -s "$host->{dir}/count";
		my $s = $host->login('alice');
		$s->quit;
		my $got = $host->spool('alice');
		my ($what) = $got eq $before ? 'before' :
		    $got eq $after ? 'after' : ();
		if (!$what) {
			fail("$name: killed before call $at");
			diag $got;
			return;
		}
		$seen{$what}++;
	}
	ok($seen{before} > 2 && $seen{after} > 2,
	    "$name: killed before $seen{before} calls, and behind $seen{after}");
}
SKIP: {
	skip 'a sanitizer', 16 if $Pop::BUILD =~ /asan$/;
	my $plain = Mbox::message(1) . Mbox::message(2);
	$host = Pop->new(conf => "reset update-status-headers\n");
	$host->spool('alice', $plain);
	popuidl("1 a\n2 b\n", 'alice');
	my $with = $host->spool('alice');
	killed('a list', "1 a\n2 b\n", $plain, $with);
	killed('mail', $more, $plain, $more . $plain, '-a');
	failing('EIO', $plain, $more, FAULT_ERRNO => EIO);
	failing('EIO from', $plain, $more, FAULT_ERRNO => EIO, FAULT_STAY => 1);
	failing('ENOSPC', $plain, $more, FAULT_ERRNO => ENOSPC);
	failing('EINTR', $plain, $more, FAULT_ERRNO => EINTR);
	failing('half', $plain, $more, FAULT_SHORT => 1);
	failing('ENOSPC from', $plain, $more, FAULT_ERRNO => ENOSPC, FAULT_STAY => 1);
	full($plain, $more x 20);
}
done_testing;
