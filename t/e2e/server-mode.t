#!/usr/bin/perl
# Server mode: mail stays in the spool, and a deletion writes what follows it
# and nothing else.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Crash;
use Mbox;
use Pop;
use Test::More;
use Time::HiRes ();

my $MIB = 1 << 20;
my $FROM = "From a\@b Thu Jan  1 00:00:00 1970\n";
my $PLAIN = "reset update-status-headers\n";
my ($host, $file);

sub start {
	my ($more) = @_;
	$host = Pop->new(conf => "set server-mode\n" . ($more || ''));
	$file = "$host->{dir}/spool/alice";
}

# All that shows that a file was touched.
sub look {
	return join ' ', (Time::HiRes::stat($file))[0 .. 5, 7, 9, 10, 12];
}

# A session that deletes these, and what happened to the spool: rows of "write"
# or "size", and the offset.  Without the shim it is not known.
my $cannot = Crash::cannot();
my $can_record = !$cannot;
sub deleting {
	my ($name, $gone, $during) = @_;
	my $record = "$host->{dir}/record";
	my $inode = (stat $file)[1];
	Pop::spew($record, '', 0666);
	my $s = $host->login('alice', env => $can_record ?
	    { LD_PRELOAD => $Crash::SHIM, RECORD => $record } : {});
	$s->cmd("DELE $_") for @$gone;
	$during->($s) if $during;
	like($s->quit, qr/^\+OK/, "$name: QUIT");
	my @st = stat $file;
	is($st[1], $inode, "$name: the same file");
	my $text = Pop::slurp($record);
	my ($at, @did) = (0);
	while ($at < length $text) {
		# struct record_head of t/shim/shim.h
		my ($kind, $n, $dev, $ino, @n) = unpack 'L2 Q8',
		    substr $text, $at, 72;
		$at += 72 + $n;
		next unless $ino == $inode && $dev == $st[0];
		push @did, ['write', $n[4]] if chr $kind eq 'w';
		push @did, ['size', $n[4]] if chr $kind eq 't';
	}
	return @did;
}

# The octets are these, and nothing below an offset was written.
sub in_place {
	my ($name, $text, $gone, $want, $from, %opt) = @_;
	$host->spool('alice', $text);
	my @did = deleting($name, $gone, $opt{during});
	ok($host->spool('alice') eq $want, "$name: octets");
	SKIP: {
		skip $cannot, 2 unless $can_record;
		is_deeply([grep { $_->[0] eq 'write' && $_->[1] < $from } @did],
		    [], "$name: no write below the first deletion");
		is_deeply([@did], [['size', length $want]],
		    "$name: only cut off") if $opt{cut};
		ok(!(grep { $_->[0] eq 'size' &&
		    $_->[1] != length $want } @did), "$name: its size")
		    unless $opt{cut};
	}
}

# Nothing deleted: not touched at all.
my @m = map { Mbox::message($_, "text $_\n" x (3 * $_)) } 1 .. 8;
my $all = join '', @m;
my $new = Mbox::message(9);
my ($before, $s);
for my $conf ($PLAIN, '') {
	my $fields = $conf ? 'no fields' : 'fields';
	start($conf);
	$host->spool('alice', $all);
	$before = look();
	for my $do (sub { }, sub { $_[0]->multi('RETR 2') },
	    sub { $_[0]->multi('UIDL') }, sub { $_[0]->multi('TOP 3 1') },
	    sub { $_[0]->cmd('DELE 3'); $_[0]->cmd('RSET') }) {
		my $s = $host->login('alice');
		$do->($s);
		$s->quit;
		is(look(), $before, "$fields: nothing deleted: not touched");
	}
	for my $signal ('KILL', 'TERM') {
		my $s = $host->login('alice');
		$s->cmd('DELE 3');
		kill $signal, $s->{pid};
		$s->wait_end;
		is(look(), $before, "$fields: $signal: not touched");
	}
	$s = $host->login('alice');
	$s->cmd('DELE 3');
	$s->wait_end;
	is(look(), $before, "$fields: gone without QUIT: not touched");
	$s = $host->login('alice');
	like($s->cmd('STAT'), qr/^\+OK 8 /, "$fields: and all is there");
	$host->deliver('alice', $new);
	$before = look();
	$s->quit;
	is(look(), $before, "$fields: new mail: not touched");
}

# With fields, where they have room; what does not move is as it was.
sub plain {
	return $_[0] =~ s/^(?:Status|X-UIDL): .*\n//mgr;
}
for my $gone ([3], [1], [7], [2, 5], [1 .. 7]) {
	$host->spool('alice', $all);
	$s = $host->login('alice');
	$s->multi('UIDL');
	$s->multi('RETR 8');
	$s->cmd("DELE $_") for @$gone;
	$s->quit;
	my %gone = map { $_ => 1 } @$gone;
	my $got = $host->spool('alice');
	my $still = join '', @m[0 .. $gone->[0] - 2];
	is(substr($got, 0, length $still), $still,
	    "fields, @$gone: what is in front");
	is(plain($got), join('', map { $m[$_ - 1] }
	    grep { !$gone{$_} } 1 .. 8), "fields, @$gone: octets");
	like($got, qr/\nX-UIDL: \S{20}\nStatus: (?:RO|U)\n\n/,
	    "fields, @$gone: written");
}

start($PLAIN);
my $first = length $m[0];
in_place('the first', $all, [1], join('', @m[1 .. 7]), 0);
in_place('the second', $all, [2], join('', @m[0, 2 .. 7]), $first);
in_place('in the middle', $all, [4], join('', @m[0 .. 2, 4 .. 7]),
    length join '', @m[0 .. 2]);
in_place('some', $all, [3, 5, 6], join('', @m[0, 1, 3, 6, 7]),
    length join '', @m[0, 1]);
my $six = join '', @m[0 .. 5];
in_place('the last', $all, [7, 8], $six, length $six, cut => 1);
in_place('all', $all, [1 .. 8], '', 0, cut => 1);
in_place('all, empty lines in front', "\n\n$all", [1 .. 8], '', 0, cut => 1);
in_place('the first, an empty line in front', "\n$all", [1],
    join('', "\n", @m[1 .. 7]), 1);
my $more = sub { $host->deliver('alice', $new) };
in_place('in the middle, new mail', $all, [4],
    join('', @m[0 .. 2, 4 .. 7], $new), length join('', @m[0 .. 2]),
    during => $more);
in_place('the last, new mail', $all, [8], join('', @m[0 .. 6], $new),
    length join('', @m[0 .. 6]), during => $more);
in_place('all, new mail', $all, [1 .. 8], $new, 0, during => $more);
in_place('new mail without its last line end', $all, [2],
    join('', @m[0, 2 .. 7], "${FROM}\nx"), $first,
    during => sub { $host->deliver('alice', "${FROM}\nx") });

# The shortest messages there are.
my $tiny = "From 4 Jan 94 10:23\n\n";
for my $n (1, 2, 3000) {
	my $rest = join '', map { Mbox::message($_) } 1 .. $n;
	in_place("a tiny one before $n", $tiny . $rest, [1], $rest, 0);
	in_place("a tiny one behind $n", $rest . $tiny, [$n + 1], $rest,
	    length $rest, cut => 1);
	in_place("one of tiny ones before $n", $tiny x 3 . $rest, [2],
	    $tiny x 2 . $rest, length $tiny);
}
in_place('tiny ones', $tiny x 50, [1 .. 49], $tiny, 0);
in_place('a tiny one before a tiny one', $tiny x 2, [1], $tiny, 0);

# MMDF has shorter ones.
my $MARK = "\1\1\1\1\n";
for my $n (1, 3, 3000) {
	my $rest = join '', map { "$MARK$_\n$MARK" } 1 .. $n;
	$host->spool('alice', "${MARK}x\n$MARK$rest");
	$s = $host->login('alice');
	$s->cmd('DELE 1');
	like($s->quit, qr/^\+OK/, "MMDF, before $n: QUIT");
	ok($host->spool('alice') eq $rest, "MMDF, before $n: octets");
}

# Large spools, which move by windows.
my $line = join('', 'a' .. 'z', 0 .. 9) . "\n";
my $k = 0;
sub large {
	my ($octets) = @_;
	$k++;
	return Mbox::message($k, join '', map { "$k $_ $line" }
	    1 .. $octets / 45);
}
my @large = map { large($_ * $MIB) } 10, 7, 0.1, 9, 4;
my $large = join '', @large;
in_place('10 MB in front', $large, [1], join('', @large[1 .. 4]), 0);
in_place('100 kB in the middle', $large, [3], join('', @large[0, 1, 3, 4]),
    length join('', @large[0, 1]));
in_place('a tiny one in front of 30 MB', $tiny . $large, [1], $large, 0);
in_place('two of 30 MB, new mail', $tiny . $large, [1, 4],
    join('', @large[0, 1, 3, 4], $new), 0, during => $more);
my @many = map { Mbox::message($_, "$_ $line" x ($_ % 50)) } 1 .. 4000;
in_place('every other of many', join('', @many),
    [grep { $_ % 2 } 1 .. 4000],
    join('', @many[grep { $_ % 2 } 0 .. 3999]), 0);

# Offsets of more than 32 bits, without that many octets on disk.
SKIP: {
	skip 'no /dev/shm for a hole', 4 unless -d '/dev/shm' && -w _;
	local $ENV{TMPDIR} = '/dev/shm';
	start();
	open my $fh, '>:raw', $file or die "$file: $!";
	print $fh $FROM, "A: hole\n\n";
	seek $fh, 4_400_000_000, 1;
	my @ten = map { "${FROM}A: $_\n\nbody $_\n\n" } 1 .. 10;
	my $front = tell($fh) + 2;
	print $fh "\n\n", @ten;
	close $fh or die $!;
	chmod 0660, $file;
	chown $host->{uid}, $host->{gid}, $file if $host->{root};
	my @did = deleting('over 4 GiB', [6]);
	open $fh, '<:raw', $file or die $!;
	seek $fh, $front, 0;
	my $got = do { local $/; <$fh> };
	is(plain($got), join('', @ten[0 .. 3, 5 .. 9]),
	    'over 4 GiB: what is behind the hole');
	cmp_ok((stat $file)[12], '<', 1000, 'over 4 GiB: still a hole');
	my $from = $front + length join '', @ten[0 .. 3];
	is_deeply([grep { $_->[1] < $from } @did], [],
	    'over 4 GiB: nothing in front is written');
	unlink $file;
}
# Commands from a file that can be written to: it is not taken for a journal.
$host->spool('alice', Mbox::message(1));
my $words = "USER alice\r\nPASS secret\r\nDELE 1\r\nQUIT\r\n";
my $typed = Pop::spew("$host->{dir}/words", $words, 0666);
{
	local $ENV{TCPREMOTEIP} = '192.0.2.1';
	my $said = `$Pop::POPPER -f $host->{conf} 0<>$typed 2>>$host->{log}`;
	like($said, qr/has been deleted.*signing off/s, 'commands from a file');
}
is($host->spool('alice'), '', 'commands from a file: the spool');
is(Pop::slurp($typed), $words, 'commands from a file: it stays as it is');

done_testing;
