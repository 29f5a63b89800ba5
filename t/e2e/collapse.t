#!/usr/bin/perl
# Updates that take whole blocks out of the middle of the spool: what is there
# afterwards, to the octet, and when it is done otherwise.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Crash;
use Test::More;

my $cannot = Crash::cannot();
plan skip_all => $cannot if $cannot;
$Pop::POPPER = "$Pop::BUILD/t/popper-collapse";
my $host = Pop->new(conf => "set server-mode\n");
my $file = "$host->{dir}/spool/alice";
my $record = "$host->{dir}/record";
my $BLOCK = (stat $host->{dir})[11];
my $FROM = "From a\@example.org Mon Nov  2 08:15:01 2026\n";
my $PAD = qr/(?:^X-UIDL: *\r?\n)+/m;

# A message of so many octets, with its separator.
sub message {
	my ($i, $octets, $header) = @_;
	my $text = $FROM . ($header // "Subject: number $i\n") . "\n";
	my $left = $octets - 1 - length $text;
	die "$octets are too few" if $left < 1;
	my $body = substr "$i abcdefghijklmnopqrstuvwxyz 01234567\n" x
	    ($left / 30 + 1), 0, $left - 1;
	return "$text$body\n\n";
}

# All messages of a session: ids, sizes and octets.
sub look {
	my ($s) = @_;
	my (undef, $ids) = $s->multi('UIDL');
	my (undef, $sizes) = $s->multi('LIST');
	my @got;
	for my $id (split /\r\n/, $ids) {
		my ($i, $uid) = split ' ', $id;
		my ($size) = $sizes =~ /^$i (\d+)/m;
		push @got, [$uid, $size, ($s->message("RETR $i"))[1]];
	}
	return @got;
}

# What the session changed the spool with: takes, writes, cuts.
sub changes {
	my $data = Pop::slurp($record);
	my ($at, %n) = (0);
	my $id = join ':', (stat $file)[0, 1];
	while ($at < length $data) {
		my ($kind, $n, @n) = unpack 'L2 Q8', substr $data, $at, 72;
		$at += 72 + $n;
		push @{ $n{ chr $kind } }, [@n[6, 7], $n]
		    if "$n[0]:$n[1]" eq $id;
	}
	return %n;
}

# delete NAME, MESSAGES, NUMBERS, %opt: what is left is the same to a client,
# and in the file but for the padding.  take: that it was done so, or not.
sub deletes {
	my ($name, $mail, $gone, %opt) = @_;
	my %gone = map { $_ => 1 } @$gone;
	my @kept = grep { !$gone{$_} } 1 .. @$mail;
	unlink $record, glob "$host->{dir}/spool/.alice*";
	$host->spool('alice', join '', @$mail);
	my $s = $host->login('alice');
	my @was = look($s);
	$s->quit;
	Pop::spew($record, '', 0666);
	$s = $host->login('alice',
	    env => { LD_PRELOAD => $Crash::SHIM, RECORD => $record });
	$s->cmd("DELE $_") for @$gone;
	$host->deliver('alice', $opt{during}) if $opt{during};
	like($s->quit, qr/^\+OK/, "$name: QUIT");
	my %did = changes();
	is(scalar @{ $did{k} || [] }, $opt{take}, "$name: blocks taken out");
	my $octets = 0;
	$octets += $_->[2] for @{ $did{w} || [] };
	cmp_ok($octets, '<', 3 * $BLOCK + 1100, "$name: little is written")
	    if $opt{take};
	my $want = join '', @{$mail}[map { $_ - 1 } @kept];
	my $got = Pop::slurp($file);
	if ($opt{take}) {
		$got =~ s/(^From .*\n)$PAD/$1/m ? pass("$name: padded")
		    : fail("$name: no padding");
		$want =~ s/(^From .*\n)$PAD/$1/m;
	} elsif (!$opt{fields}) {
		$got =~ s/^(?:X-UIDL|Status): .*\r?\n//mg;
		$want =~ s/^(?:X-UIDL|Status): .*\r?\n//mg;
	}
	ok($got eq $want . ($opt{during} || ''), "$name: the spool");
	ok(!grep({ -e "$host->{dir}/spool/$_" } qw(.alice.pop alice.lock)),
	    "$name: no more files");
	$s = $host->login('alice');
	my @now = look($s);
	$s->quit;
	is(scalar @now, @kept + ($opt{during} ? 1 : 0), "$name: messages");
	@was = @was[map { $_ - 1 } @kept];
	# mail that moves gets a Status
	for ($opt{take} ? () : (@was, @now)) {
		$_->[1] = 0;
		$_->[2] =~ s/^Status: .*\n//mg;
	}
	is_deeply([@now[0 .. $#kept]], \@was, "$name: ids, sizes, octets");
}

my @m = map { message($_, 300 + 50 * $_) } 1 .. 9;
my $long = message(5, 3 * $BLOCK);
my @some = (@m[0 .. 3], $long, @m[5 .. 8]);
deletes('in the middle', \@some, [5], take => 1);
deletes('new mail', \@some, [5], take => 1, during => message(77, 9000));
deletes('a run', [@m[0, 1], (message(3, 2000)) x 5, @m[3 .. 8]], [3 .. 7],
    take => 1);
deletes('at the start', [$long, @m], [1], take => 1);
deletes('a very long one', [@m, message(5, 300 * $BLOCK + 5), @m], [10],
    take => 1);
# each place in a block where the run can begin, and where it can end
for my $front (100, $BLOCK - 1, $BLOCK, $BLOCK + 1) {
	for my $n ($BLOCK + 8, $BLOCK + 100, 2 * $BLOCK - 1, 2 * $BLOCK,
	    2 * $BLOCK + 7, 2 * $BLOCK + 8) {
		my @mail = (message(1, $front), message(2, $n), @m);
		# what does not fit is moved as ever
		my $up = (-$front) % $BLOCK;
		my $len = int(($n - 8) / $BLOCK) * $BLOCK;
		$len -= $BLOCK if $front + $up + $len >
		    $front + $n + length $FROM;
		deletes("$n behind $front", \@mail, [2],
		    take => $len > 0 ? 1 : 0);
	}
}

# The message behind it.
sub before {
	my ($name, $header, %opt) = @_;
	deletes($name, [@m[0, 1], $long, message(4, 600, $header), @m], [3],
	    take => 1, %opt);
}
before('an id that is stored', "X-UIDL: stored-id\nSubject: x\n");
before('an empty id', "X-UIDL:\nSubject: x\n");
before('a long field', 'Subject: ' . 'x' x 300 . "\n");
before('no fields', '');
before('a field that goes on', " what is this\nSubject: x\n", take => 0);
my $from = 'From ' . 'a' x 900 . substr $FROM, 6;
deletes('a long From_ line', [@m[0, 1], $long, $m[2] =~ s/\AFrom .*\n/$from/r,
    @m[3 .. 8]], [3], take => 1);
deletes('no empty line', [@m[0, 1], $long, "${FROM}Subject: a\n" .
    "To: b\n" x 300], [3], take => 0);
my @crlf = map { s/\n/\r\n/gr } @some;
deletes('CRLF', \@crlf, [5], take => 1);
like($host->spool('alice'), qr/^X-UIDL: +\r\n/m, 'CRLF in the padding');
deletes('CRLF but for From_ lines', [map { s/^(From .*)\r/$1/mr } @crlf], [5],
    take => 1);

# When it is not done so.
deletes('two runs', \@some, [2, 5], take => 0);
deletes('a short one', \@some, [3], take => 0);
deletes('the last', [@m, $long], [10], take => 0);
deletes('little behind it', [@m[0 .. 3], $long, $m[0]], [5], take => 0);
deletes('all', \@some, [1 .. 9], take => 0);
my $mark = "\1\1\1\1\n";
deletes('MMDF', [map { $mark . s/\n\z//r . $mark } @some], [5], take => 0);
$host->configure("set server-mode\nreset update-status-headers\n");
deletes('no headers are written', \@some, [5], take => 0, fields => 1);
$host->configure("set server-mode\n");

# The file is an mbox for others, too.
SKIP: {
	my $python = (grep { -x } map { "$_/python3" } split /:/, $ENV{PATH})[0]
	    or skip 'no python3', 1;
	deletes('for Python', \@some, [5], take => 1);
	my $said = `$python -c 'import mailbox, sys
for m in mailbox.mbox(sys.argv[1]): print(m["Subject"], len(m.get_payload()))' $file`;
	is($said, join('', map {
		my ($subject, $body) =
		    $some[$_]=~ /^Subject: (.*)\n\n(.*)\n\z/ms;
		"$subject " . length($body) . "\n" } 0 .. 3, 5 .. 8),
	    'Python reads it');
}

# Again and again, and what a spool that has holes is.
my @many = map { message($_, 3000 + 20 * $_) } 1 .. 60;
$host->spool('alice', join '', @many);
my $wrong = 0;
for my $round (1 .. 12) {
	my $s = $host->login('alice');
	my @was = look($s);
	my $from = 1 + $round * 7 % (@was - 6);
	my @gone = ($from .. $from + 3);
	$s->cmd("DELE $_") for @gone;
	$s->quit;
	$s = $host->login('alice', env => { LD_PRELOAD => $Crash::SHIM });
	splice @was, $from - 1, 4;
	my @now = look($s);
	$wrong++ unless @now == @was &&
	    !grep { "@{ $now[$_] }" ne "@{ $was[$_] }" } 0 .. $#now;
	$s->quit;
}
is($wrong, 0, 'again and again');
open my $fh, '>:raw', $file or die;
print $fh join '', @some, $FROM, "A: hole\n\n";
seek $fh, 20 * $BLOCK, 1;
print $fh "\n\n", $m[8];
close $fh;
Pop::spew($record, '', 0666);
unlink glob "$host->{dir}/spool/.alice*";
my $s = $host->login('alice',
    env => { LD_PRELOAD => $Crash::SHIM, RECORD => $record });
$s->cmd('DELE 5');
$s->quit;
my %did = changes();
is(scalar @{ $did{k} || [] }, 0, 'a spool with holes is moved');
done_testing;
