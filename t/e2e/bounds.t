#!/usr/bin/perl
# What a session needs does not grow with the spool: memory has a bound,
# whatever lies in it, and time grows in proportion.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Pop;
use Test::More;

my $MIB = 1 << 20;
my $PEAK = 16 * $MIB;
# a sanitizer has memory of its own
my $ASAN = $Pop::BUILD =~ m{/asan$};
my $FROM = "From a\@b Thu Jan  1 00:00:00 1970\n";
$Pop::PATIENCE = 300;
my $host = Pop->new(conf => "set server-mode = true\nset timeout = 300\n");
my $file = "$host->{dir}/spool/alice";

# A spool of what the code prints.
sub spool {
	my ($print) = @_;
	open my $fh, '>:raw', $file or die "$file: $!";
	$print->($fh);
	close $fh or die "$file: $!";
	chmod 0660, $file;
	chown $host->{uid}, $host->{gid}, $file if $host->{root};
}

# The most memory that the session has had so far.
sub peak {
	my ($s) = @_;
	my $text = Pop::slurp("/proc/$s->{pid}/status") || '';
	$s->{peak} = $1 * 1024 if $text =~ /^VmHWM:\s+(\d+) kB/m;
	return $s->{peak};
}

# Octets of a multi-line reply, given to the code in pieces and not kept.
sub stream {
	my ($s, $text, $take) = @_;
	my $status = $s->cmd($text);
	die "$text: $status\n" unless $status =~ /^\+OK/;
	my ($octets, $tail) = (0, "\r\n");
	while (1) {
		$octets += length $s->{buf};
		$take->($s->{buf}) if $take;
		$tail = substr $tail . $s->{buf}, -5;
		$s->{buf} = $s->{raw} = '';
		last if $tail =~ /\A(?:.*\r\n)?\.\r\n\z/s;
		$s->fill or die "$text: cut off\n";
	}
	return $octets - 3;
}

# QUIT, with an eye on memory while it updates.
sub quit {
	my ($s) = @_;
	$s->put("QUIT\r\n");
	my $sel = IO::Select->new($s->{sock});
	peak($s) until $sel->can_read(0.005);
	my $reply = $s->line;
	$s->rest;
	$s->wait_end;
	return $reply;
}

# A session that does what the code says: its seconds of CPU time, all
# processes and the update with them.
sub session {
	my ($name, $does) = @_;
	my @before = times;
	my $s = $host->login('alice');
	$does->($s);
	peak($s);
	like(quit($s), qr/^\+OK/, "$name: QUIT");
	my @after = times;
	SKIP: {
		skip 'sanitized', 1 if $ASAN;
		cmp_ok($s->{peak}, '<=', $PEAK, "$name: memory");
	}
	my $cpu = $after[2] + $after[3] - $before[2] - $before[3];
	note sprintf '%s: peak %d KiB, %.2f s', $name, $s->{peak} / 1024, $cpu;
	return $cpu;
}

# Twice as much must take less than three times as long.
sub linear {
	my ($name, $n, $make, $does) = @_;
	my @cpu = map {
		my $k = $_;
		spool(sub { $make->($_[0], $k) });
		session("$name, $k", sub { $does->($_[0], $k) });
	} $n, 2 * $n;
	# clock ticks are coarse
	cmp_ok($cpu[1], '<=', 3 * $cpu[0] + 0.5, "$name: time is linear");
}

# One message, read in every way there is.
sub read_one {
	my ($s, $k) = @_;
	my ($size) = $s->cmd('LIST 1') =~ /^\+OK 1 (\d+)$/;
	is(stream($s, 'RETR 1'), $size, "RETR of $k");
	cmp_ok(stream($s, 'TOP 1 1'), '<=', $size, "TOP of $k");
}

# N octets of one line, without its end.
sub long {
	my ($fh, $n) = @_;
	my $part = 'x' x 100_000;
	print $fh $part for 1 .. $n / 100_000;
}

linear('header lines', 50_000, sub {
	my ($fh, $n) = @_;
	print $fh $FROM, map({ "X-H$_: a\n" } 1 .. $n), "\nx\n\n";
}, \&read_one);
linear('octets of header', 2_500_000, sub {
	my ($fh, $n) = @_;
	print $fh $FROM, "To: a\n", map({ ' ' . 'x' x 98 . "\n" }
	    1 .. $n / 100), "\nx\n\n";
}, \&read_one);
linear('octets in a body line', 50_000_000, sub {
	my ($fh, $n) = @_;
	print $fh $FROM, "A: b\n\n";
	long($fh, $n);
	print $fh "\n\n";
}, \&read_one);
linear('octets in a header line', 50_000_000, sub {
	my ($fh, $n) = @_;
	print $fh $FROM, "A: b\nSubject: ";
	long($fh, $n);
	print $fh "\n\nx\n\n";
}, \&read_one);

# How many different ids there are.
sub ids {
	my ($s) = @_;
	my %seen;
	my $rest = '';
	stream($s, 'UIDL', sub {
		$rest .= $_[0];
		$seen{$1} = 1 while $rest =~ /\G\d+ (\S+)\r\n/gc;
		$rest = substr $rest, pos($rest) || 0;
	});
	return scalar keys %seen;
}

sub many {
	my ($s, $n) = @_;
	my ($size) = $s->cmd("LIST $n") =~ /^\+OK $n (\d+)$/;
	cmp_ok(stream($s, 'LIST'), '>', 5 * $n, "LIST of $n");
	is(ids($s), $n, "$n ids, all different");
	is(stream($s, "RETR $n"), $size, "RETR of $n");
	for (my $i = 1; $i <= $n; $i += $n / 100) {
		$s->put("DELE $i\r\n");
		$s->line =~ /^\+OK/ or die "DELE $i";
	}
}

linear('messages', 500_000, sub {
	my ($fh, $n) = @_;
	print $fh "${FROM}A: $_\n\nx\n\n" for 1 .. $n;
}, \&many);
my $s = $host->login('alice');
like($s->cmd('STAT'), qr/^\+OK 999900 /, '100 of 1000000 are deleted');
$s->quit;
linear('equal messages', 100_000, sub {
	my ($fh, $n) = @_;
	print $fh "${FROM}A: b\n\nx\n\n" for 1 .. $n;
}, \&many);

# Offsets and sizes of more than 32 bits, without that many octets on disk.
my $HOLE = 4_400_000_000;
# where holes cost no memory either
$ENV{TMPDIR} = '/dev/shm' if -w '/dev/shm';
$host = Pop->new(conf => "set server-mode = true\nset timeout = 300\n");
$file = "$host->{dir}/spool/alice";
spool(sub {
	my ($fh) = @_;
	print $fh $FROM, "A: hole\n\n";
	seek $fh, $HOLE, 1;
	print $fh "\n\n", map { "${FROM}A: $_\n\nbody $_\n\n" } 1 .. 10;
});
cmp_ok((stat $file)[12], '<', 1000, 'the spool is a hole');
session('over 4 GiB', sub {
	my ($s) = @_;
	my ($stat) = $s->cmd('STAT') =~ /^\+OK 11 (\d+)$/;
	my $sum = 0;
	my (undef, $list) = $s->multi('LIST');
	my @size = $list =~ /^\d+ (\d+)\r$/mg;
	$sum += $_ for @size;
	is($sum, $stat, 'over 4 GiB: STAT is the sum of LIST');
	# A: hole, X-UIDL, the empty line, and the line of NULs
	is($size[0], 9 + 30 + 2 + $HOLE + 2, 'over 4 GiB: the size of all');
	for my $i (2, 10, 11) {
		my (undef, $got) = $s->message("RETR $i");
		is(length $got, $size[$i - 1], "over 4 GiB: size of $i");
		$got =~ s/^X-UIDL: \S+\r\n//m;
		my $k = $i - 1;
		is($got, "A: $k\r\n\r\nbody $k\r\n", "over 4 GiB: RETR $i");
	}
	is(ids($s), 11, 'over 4 GiB: ids');
	cmp_ok(stream($s, 'TOP 1 0'), '==', 41, 'over 4 GiB: TOP 1 0');
});
done_testing;
