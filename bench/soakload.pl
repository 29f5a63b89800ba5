#!/usr/bin/perl
# A mail host's day, compressed: soakload.pl PORT SPOOLDIR LOGDIR SECONDS
# USERS POLLS PID
# u0 to u(USERS-1) poll POLLS times each within SECONDS, as many sessions at
# once as there are workers; of twenty polls one fetches and deletes the
# oldest message, and of a hundred one does and then hangs up.  An agent
# delivers as much as is deleted.  Every message has a number, from which its
# text can be told, so that at the end each was fetched and deleted once or is
# in its spool, in the order of delivery.  PID is the server, whose memory and
# descriptors are looked at.
use strict;
use warnings;
use Digest::MD5 'md5_hex';
use Fcntl qw(F_SETLKW F_WRLCK SEEK_END SEEK_SET);
use IO::Socket::INET;
use List::Util 'shuffle';
use Time::HiRes qw(sleep time);

my ($port, $spool, $logs, $seconds, $users, $polls, $server) = @ARGV;
die "soakload: see its first lines\n" unless $server;
my $workers = 8;
my $first = 5;		# messages that lie there at the beginning
my $delete = 0.05;
my $hangup = 0.01;

# From 200 octets to 20 KB, most of them small.
sub body {
	my ($n) = @_;
	my $seed = md5_hex("message $n");
	my $lines = 3 + hex(substr $seed, 0, 2) ** 2 / 256;
	return join '', map { md5_hex("$seed $_") . md5_hex("$_ $seed") . "\n" }
	    1 .. $lines;
}

sub head {
	my ($n) = @_;
	return "From: sender\@example.org\nSubject: soak $n\n" .
	    "Message-ID: <$n\@example.org>\n";
}

# --- delivery

# As most agents do: the dot-lock, then fcntl, then what is to be appended.
sub deliver {
	my ($user, $n) = @_;
	my ($path, $mine) = ("$spool/$user", "$spool/$user.$$");
	my $text = 'From sender@example.org Mon Jan  1 00:00:00 2024' . "\n" .
	    head($n) . "\n" . body($n) . "\n";
	my $flock = pack 's s x![q] q q i x![q]', F_WRLCK, SEEK_SET, 0, 0, 0;

	open my $lock, '>', $mine or die "$mine: $!";
	close $lock;
	sleep 0.01 until link $mine, "$path.lock";
	unlink $mine;
	open my $out, '>>', $path or die "$path: $!";
	fcntl $out, F_SETLKW, $flock or die "$path: fcntl: $!";
	seek $out, 0, SEEK_END;
	(syswrite($out, $text) || 0) == length $text or die "$path: $!";
	close $out or die "$path: $!";
	unlink "$path.lock" or die "$path.lock: $!";
}

sub agent {
	my ($begin) = @_;
	my $count = int $users * $polls * $delete;
	my $n = $users * $first;
	my @order;

	open my $log, '>', "$logs/delivered" or die $!;
	for my $i (1 .. $count) {
		@order = shuffle 0 .. $users - 1 unless @order;
		my $user = 'u' . pop @order;
		pause($begin + $i * $seconds / $count);
		deliver($user, ++$n);
		syswrite $log, "$user $n\n";
	}
}

sub pause {
	my $left = $_[0] - time;
	sleep $left if $left > 0;
}

# --- polls

# One line, without its end; dies if it is not +OK.
sub reply {
	my ($s) = @_;
	my $line = <$s>;

	die "the connection ended\n" unless defined $line;
	die $line unless $line =~ s/^(\+OK.*)\r\n\z/$1/s;
	return $line;
}

sub say_to {
	my ($s, $command) = @_;
	print $s "$command\r\n" or die "$command: $!\n";
	return reply($s);
}

sub lines {
	my ($s) = @_;
	my @lines;

	while (defined(my $line = <$s>)) {
		return @lines if $line eq ".\r\n";
		$line =~ s/\r\n\z//;
		push @lines, $line;
	}
	die "the connection ended in a reply\n";
}

# The number of the first message, all of which must be as it was delivered.
sub fetch {
	my ($s) = @_;

	say_to($s, 'RETR 1');
	my $text = join '', map { "$_\n" } lines($s);
	$text =~ s/^(Status|X-UIDL):.*\n//mg;
	my ($n) = $text =~ /^Subject: soak ([0-9]+)$/m
	    or die "RETR: a message that nobody sent\n";
	$text eq head($n) . "\n" . body($n)
	    or die "RETR: message $n is not what was sent\n";
	return $n;
}

# $ids is what UIDL said last, without what was deleted; it is a beginning of
# what it says now.
sub poll_once {
	my ($user, $ids, $what, $log) = @_;
	my $s = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
	    PeerPort => $port, Timeout => 60) or die "connect: $!\n";
	my $n;

	reply($s);
	say_to($s, "USER $user");
	say_to($s, 'PASS pw');
	my ($count) = say_to($s, 'STAT') =~ /^\+OK ([0-9]+) /;
	say_to($s, 'UIDL');
	my @now = map { (split ' ')[1] } lines($s);
	die "UIDL and STAT differ\n" if @now != $count;
	for my $i (0 .. $#$ids) {
		die "UIDL: a message went away, or another id\n"
		    if ($now[$i] || '') ne $ids->[$i];
	}
	@$ids = @now;
	if ($what ne 'look' && $count > 0) {
		$n = fetch($s);
		say_to($s, 'DELE 1');
		shift @$ids unless $what eq 'hang up';
	}
	if ($what eq 'hang up') {
		# the next session must not meet this one
		$s->shutdown(1);
		$n = 0;
	} else {
		say_to($s, 'QUIT');
	}
	syswrite $log, "$user $n\n" if $n;
	die "something behind the last answer\n" if defined(<$s>);
}

sub worker {
	my ($number, $begin) = @_;
	my @mine = grep { $_ % $workers == $number } 0 .. $users - 1;
	my $count = @mine * $polls;
	my (%ids, @order, $late);
	my ($longest, $done, $failed) = (0, 0, 0);

	srand 1000 + $number;
	open my $log, '>', "$logs/fetched.$number" or die $!;
	while ($done < $count) {
		@order = shuffle @mine unless @order;
		my $user = 'u' . pop @order;
		my $chance = rand;
		my $what = $chance < $delete ? 'delete' :
		    $chance < $delete + $hangup ? 'hang up' : 'look';
		pause($begin + $done++ * $seconds / $count);
		my $start = time;
		eval { poll_once($user, $ids{$user} ||= [], $what, $log); 1 }
		    or $failed++, warn "$user: $@";
		$longest = time - $start if time - $start > $longest;
	}
	$late = time - $begin - $seconds;
	open my $sum, '>', "$logs/worker.$number" or die $!;
	print $sum "$done $failed $longest $late\n";
}

# --- the server

sub slurp {
	my ($path) = @_;
	open my $fh, '<', $path or return '';
	local $/;
	return <$fh> // '';
}

# Its resident KB and open descriptors.
sub look {
	my ($rss) = slurp("/proc/$server/status") =~ /^VmRSS:\s*([0-9]+)/m;
	my @fds = glob "/proc/$server/fd/*";
	return ($rss || 0, scalar @fds);
}

# How many processes it has, and how many of them are zombies.
sub children {
	my ($count, $zombies) = (0, 0);
	for my $stat (glob '/proc/[0-9]*/stat') {
		my ($state, $group) =
		    slurp($stat) =~ /\) (\S) [0-9]+ ([0-9]+) / or next;
		next if $group != $server;
		$count++;
		$zombies++ if $state eq 'Z';
	}
	return ($count - 1, $zombies);
}

# KB of a session that waits.
sub idle_session {
	my ($user) = @_;
	my $s = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
	    PeerPort => $port, Timeout => 60) or die "connect: $!\n";
	my $kb = 0;

	reply($s);
	say_to($s, "USER $user");
	say_to($s, 'PASS pw');
	sleep 0.5;
	for my $stat (glob '/proc/[0-9]*/stat') {
		my ($pid) = $stat =~ /([0-9]+)/;
		my ($group) = slurp($stat) =~ /\) \S [0-9]+ ([0-9]+) / or next;
		next if $group != $server || $pid == $server;
		$kb += $1 if slurp("/proc/$pid/smaps_rollup") =~
		    /^Pss:\s*([0-9]+)/m;
	}
	say_to($s, 'QUIT');
	return $kb;
}

# --- the account

# The numbers in a spool.
sub numbers {
	my ($user) = @_;
	return slurp("$spool/$user") =~ /^Subject: soak ([0-9]+)$/mg;
}

my @faults;

sub check {
	my ($good, $text) = @_;
	push @faults, $text unless $good;
}

# Each message was delivered, and fetched or is there, and in order.
sub account {
	my (%delivered, %fetched);
	my ($sent, $gone, $left) = (0, 0, 0);

	for my $u (0 .. $users - 1) {
		$delivered{"u$u"} =
		    [map { $u * $first + $_ } 1 .. $first];
	}
	push @{$delivered{(split)[0]}}, (split)[1]
	    for split /\n/, slurp("$logs/delivered");
	for my $number (0 .. $workers - 1) {
		push @{$fetched{(split)[0]}}, (split)[1]
		    for split /\n/, slurp("$logs/fetched.$number");
	}
	for my $user (map { "u$_" } 0 .. $users - 1) {
		my @got = @{$fetched{$user} || []};
		my @here = numbers($user);
		$sent += @{$delivered{$user}};
		$gone += @got;
		$left += @here;
		check("@{$delivered{$user}}" eq join(' ', @got, @here),
		    "$user: delivered @{$delivered{$user}}; fetched @got; " .
		    "there @here");
	}
	print "messages: $sent delivered, $gone fetched and deleted, ",
	    "$left in the spools\n";
}

sub sessions {
	my ($count, $failed, $longest, $late) = (0, 0, 0, 0);

	for my $number (0 .. $workers - 1) {
		my ($n, $f, $l, $behind) =
		    split ' ', slurp("$logs/worker.$number") || '0 1 0 0';
		$count += $n;
		$failed += $f;
		$longest = $l if $l > $longest;
		$late = $behind if $behind > $late;
	}
	printf "sessions: %d, %d failed, longest %.2f s, ended %.1f s late\n",
	    $count, $failed, $longest, $late;
	check($failed == 0, "$failed sessions failed");
	check($count == $users * $polls, 'sessions are missing');
}

sub left_behind {
	my @others = grep { !/^(u[0-9]+|\.u[0-9]+\.cache|\.\.?)$/ } do {
		opendir my $dir, $spool or die "$spool: $!";
		readdir $dir;
	};
	print 'files left in the spool folder: ', scalar @others, "\n";
	check(!@others, "left in the spool folder: @others");
}

$| = 1;
for my $u (0 .. $users - 1) {
	deliver("u$u", $u * $first + $_) for 1 .. $first;
	chown 20000 + $u, scalar getgrnam('mail'), "$spool/u$u";
	chmod 0660, "$spool/u$u";
}
# a first session each, for caches and the server's own start
for my $u (0 .. $users - 1) {
	open my $null, '>', '/dev/null' or die $!;
	poll_once("u$u", [], 'look', $null);
}
my $idle_before = idle_session('u0');
sleep 1;
my ($rss, $fds) = look();
my $begin = time + 1;
my %running;
for my $number (0 .. $workers) {
	my $pid = fork // die "fork: $!";
	if ($pid == 0) {
		$number < $workers ? worker($number, $begin) : agent($begin);
		exit 0;
	}
	$running{$pid} = 1;
}
my ($most, $zombies) = (0, 0);
my $next = $begin;
while (%running) {
	pause($next += $seconds / 60);
	my ($n, $z) = children();
	$most = $n if $n > $most;
	$zombies = $z if $z > $zombies;
	for my $pid (keys %running) {
		next unless waitpid $pid, 1;
		check($? == 0, "a worker or the agent failed");
		delete $running{$pid};
	}
}
my $idle_after = idle_session('u0');
sleep 1;
my ($rss_after, $fds_after) = look();
my ($n, $z) = children();
sessions();
account();
left_behind();
print "tcpserver: $rss KB and $fds descriptors before, ",
    "$rss_after KB and $fds_after after\n";
print "an idle session: $idle_before KB before, $idle_after KB after\n";
print "processes at once: $most at most; zombies $zombies at most\n";
check($rss_after <= $rss * 1.1 + 100, 'the server has grown');
check($fds_after <= $fds, 'descriptors were left open');
check($idle_after <= $idle_before * 1.2 + 50, 'sessions have grown');
check($n == 0, "$n processes are left, $z of them zombies");
print "FAULT: $_\n" for @faults;
print @faults ? "soak: failed\n" : "soak: passed\n";
exit(@faults ? 1 : 0);
