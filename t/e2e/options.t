#!/usr/bin/perl
# Options of the maildrop that have no test of their own, in every mode.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use IO::Select;
use Mbox;
use Modes;
use Pop;
use Test::More;

my $PLAIN = "reset update-status-headers\n";
my @m = map { Mbox::message($_) } 1 .. 5;
my $all = join '', @m;
my ($host, $dir, $mode, $name, $s);

sub start {
	($mode, my $what, my $conf) = @_;
	$name = "$mode->{name}, $what";
	$host = Pop->new(conf => $mode->{conf} . $conf);
	$dir = "$host->{dir}/spool";
	$host->spool('alice', $all);
}

sub session {
	my (@cmd) = @_;
	$s = $host->login('alice');
	for (@cmd) {
		my ($status) = /^(?:RETR|TOP|UIDL$|LIST$)/ ? $s->multi($_)
		    : $s->cmd($_);
		like($status, qr/^\+OK/, "$name: $_");
	}
	like($s->quit, qr/^\+OK/, "$name: QUIT");
}

sub spool_is {
	my ($want, $what) = @_;
	is($host->spool('alice'), $want, "$name: $what");
}

sub only {
	my (@want) = @_;
	opendir(my $dh, $dir) or die;
	# the cache may be there or not
	is_deeply([sort grep { !/^\.(?:\.?|alice\.cache)$/ } readdir $dh],
	    [sort @want], "$name: files");
}

sub ids {
	my $t = $host->login('alice');
	my (undef, $uidl) = $t->multi('UIDL');
	$t->quit;
	return [$uidl =~ /^\d+ (\S+)\r$/mg];
}

# auto-delete: what was retrieved goes.
for (@Modes::modes) {
	start($_, 'auto-delete', "${PLAIN}set auto-delete\n");
	$s = $host->login('alice');
	my (undef, $capa) = $s->multi('CAPA');
	like($capa, qr/^EXPIRE 0\r$/m, "$name: CAPA");
	$s->quit;
	session('TOP 1 99', 'UIDL', 'LIST');
	spool_is($all, 'TOP deletes nothing');
	session('RETR 2');
	spool_is(join('', @m[0, 2 .. 4]), 'RETR does');
	session('RETR 1', 'RSET');
	spool_is(join('', @m[2 .. 4]), 'RSET is no help');
	session('RETR 2', 'DELE 1', 'RSET');
	spool_is(join('', @m[2, 4]), 'DELE can be undone');
	session('RETR 1', 'DELE 1', 'DELE 2');
	spool_is('', 'DELE and RETR');
	only('alice');
	$host->spool('alice', $all);
	$s = $host->login('alice');
	$s->multi('RETR 1');
	$s->wait_end;
	ok($host->log_like(qr/POP EOF/), "$name: gone without QUIT");
	$s = $host->login('alice');
	like($s->cmd('STAT'), qr/^\+OK 5 /, "$name: then nothing goes");
	$s->quit;
	# by the user's own file
	start($_, 'auto-delete of the user',
	    "${PLAIN}set user-options\n");
	Pop::spew("$host->{dir}/home/.qpopper-options",
	    "set auto-delete\n", 0644);
	chown $host->{uid}, $host->{gid},
	    "$host->{dir}/home/.qpopper-options" if $host->{root};
	session('RETR 3');
	spool_is(join('', @m[0, 1, 3, 4]), 'RETR');
}

# keep-temp-drop: the time of its last session stays.
for (@Modes::modes) {
	start($_, 'keep-temp-drop', "${PLAIN}set keep-temp-drop\n");
	my $drop = "$dir/.alice.pop";
	for my $mail ($all, '') {
		$host->spool('alice', $mail);
		my $what = $mail ? 'mail' : 'no mail';
		session('NOOP');
		is(-s $drop, 0, "$name: $what, empty");
		is(sprintf('%04o %d', (stat $drop)[2] & 07777, (stat _)[4]),
		    "0600 $host->{uid}", "$name: $what, mode and owner");
		spool_is($mail, $what);
		utime 1e9, 1e9, $drop;
		session('NOOP');
		cmp_ok((stat $drop)[9], '>', 1e9, "$name: $what, its time");
	}
	$host->spool('alice', $all);
	session('DELE 1');
	spool_is(join('', @m[1 .. 4]), 'DELE');
	only('alice', '.alice.pop');
	$s = $host->login('alice');
	my $t = $host->connect;
	$t->cmd('USER alice');
	like($t->cmd('PASS secret'), qr/^-ERR \[IN-USE\]/,
	    "$name: still a lock");
	$s->quit;
	$host->configure($PLAIN . $mode->{conf});
	session('STAT');
	only('alice');
}

# old-style-uid
my $stored = Mbox::message(6, undef, "X-UIDL: 4\"!!;i3!!N)>!!d`!\"!\n");
for my $fields ('', $PLAIN) {
	for (@Modes::modes) {
		my $old = "${fields}set old-style-uid\n";
		start($_, 'old-style-uid' . ($fields ? ', no fields' : ''),
		    $old);
		$host->spool('alice', $all . $m[0] . $stored);
		$s = $host->login('alice');
		my (undef, $list) = $s->multi('LIST');
		for my $i (1 .. 7) {
			my (undef, $got) = $s->message("RETR $i");
			my $size = length $got;
			like($list, qr/^$i $size\r$/m, "$name: size of $i");
		}
		$s->quit;
		my $id = ids();
		like($_, qr/\A[0-9a-f]{32}\z/, "$name: 32 digits")
		    for @$id[0 .. 5];
		is($id->[6], '4"!!;i3!!N)>!!d`!"!', "$name: stored");
		isnt($id->[5], $id->[0], "$name: equal messages");
		is_deeply(ids(), $id, "$name: the same again");
		session('DELE 2');
		is_deeply(ids(), [@$id[0, 2 .. 6]], "$name: with one less");
		next if $fields;
		# what is known already does not change with the option
		$host->configure($mode->{conf});
		is_deeply(ids(), [@$id[0, 2 .. 6]], "$name: and without it");
		$host->deliver('alice', Mbox::message(7));
		my $more = ids();
		is_deeply([@$more[0 .. 5]], [@$id[0, 2 .. 6]],
		    "$name: with a new one");
		like($more->[6], qr/\A[!-~]{20}\z/, "$name: in the new style");
	}
}

# uw-kluge: the message that UW IMAP keeps its data in.
my $data = "From MAILER-DAEMON Mon Nov  2 08:15:00 2026\n" .
    "Date: 02 Nov 2026 08:15:00 +0000\n" .
    "From: Mail System Internal Data <MAILER-DAEMON\@mail.test>\n" .
    "Subject: DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA\n" .
    "X-IMAP: 1162455300 0000000005\nStatus: RO\n\n" .
    "This text is part of the internal format of your mail folder.\n\n";
for my $fields ('', $PLAIN) {
	for (@Modes::modes) {
		start($_, 'uw-kluge' . ($fields ? ', no fields' : ''),
		    "${fields}set uw-kluge\n");
		$host->spool('alice', $data . $all);
		$s = $host->login('alice');
		like($s->{welcome}, qr/has 5 visible messages \(1 hidden\)/,
		    "$name: welcome");
		like($s->cmd('STAT'), qr/^\+OK 5 /, "$name: STAT");
		like(($s->multi('RETR 1'))[1], qr/number 1\r\n/, "$name: RETR");
		is(scalar(() = ($s->multi('UIDL'))[1] =~ /\r\n/g), 5,
		    "$name: UIDL");
		like($s->cmd('RETR 6'), qr/^-ERR/, "$name: no more");
		like($s->cmd('LAST'), qr/^\+OK 1 /, "$name: LAST");
		$s->quit;
		my $id = ids();
		session('DELE 1', 'DELE 3');
		is_deeply(ids(), [@$id[1, 3, 4]], "$name: ids");
		like($host->spool('alice'), qr/\A\Q$data\E/,
		    "$name: octet for octet");
		$host->deliver('alice', $m[0]);
		session(map { "DELE $_" } 1 .. 4);
		spool_is($data, 'it alone is left');
		session('STAT');
		spool_is($data, 'and stays');
		like($s->{welcome}, qr/has 0 visible messages \(1 hidden\)/,
		    "$name: alone");
		# behind others, too
		$host->spool('alice', $m[0] . $data . $m[1]);
		session('DELE 1', 'DELE 2');
		spool_is($data, 'behind others');
		$host->configure($PLAIN . $mode->{conf});
		$s = $host->login('alice');
		like($s->{welcome}, qr/has 1 visible message \(0 hidden\)/,
		    "$name: off");
		like(($s->multi('RETR 1'))[1], qr/internal format/,
		    "$name: off, RETR");
		$s->cmd('DELE 1');
		$s->quit;
		spool_is('', 'off, DELE');
		# nearly like it
		(my $like = $data) =~ s/^(?:X-IMAP|Subject):.*\n//mg;
		$host->configure("${PLAIN}set uw-kluge\n$mode->{conf}");
		$host->spool('alice', $like);
		$s = $host->login('alice');
		like($s->{welcome}, qr/has 1 visible message \(0 hidden\)/,
		    "$name: one sign is not enough");
		$s->quit;
	}
}

# no-atomic-open: the lock is one all the same.
for (@Modes::modes) {
	start($_, 'no-atomic-open', "${PLAIN}set no-atomic-open\n");
	session('DELE 2');
	spool_is(join('', @m[0, 2 .. 4]), 'DELE');
	only('alice');
	for my $lock ("$dir/alice.lock") {
		Pop::spew($lock, "1\n", 0644);
		$s = $host->connect;
		$s->cmd('USER alice');
		$s->put("PASS secret\r\n");
		# it has tried when the file that it links is there
		until (-e "$dir/.alice.lk") {
			select undef, undef, undef, 0.005;
		}
		ok(!IO::Select->new($s->{sock})->can_read(0.2),
		    "$name: a lock is waited for");
		is(Pop::slurp($lock), "1\n", "$name: and left alone");
		unlink $lock;
		like($s->line, qr/^\+OK/, "$name: then it is free");
		$s->quit;
		# a dead one of ours, and a stale one
		Pop::spew("$dir/.alice.lk", "1\n", 0644);
		link "$dir/.alice.lk", $lock or die;
		session('STAT');
		Pop::spew($lock, "1\n", 0644);
		utime time - 400, time - 400, $lock;
		session('DELE 1', 'RSET');
	}
	only('alice');
}

# mail-lock-check: a lock of 20 seconds is touched; each look takes 21.
SKIP: {
	skip 'a sanitizer has to be loaded first', 14
	    if $Pop::BUILD =~ /asan/;
	# the lock is looked at behind each block that is read, too
	my $other;
	for (['0', 0], ['1', 5], ['2', 2], ['5', 1], ['6', 0], ['0x1', 5],
	    ['', 0]) {
		my ($often, $want) = @$_;
		start($Modes::modes[0], "mail-lock-check = $often, touches",
		    "${PLAIN}set timeout = 86400\n" .
		    ($often ne '' ? "set mail-lock-check = $often\n" : ''));
		$s = $host->login('alice', env => {
			LD_PRELOAD => "$Pop::BUILD/t/faults.so",
			FAULT_CLOCK => 21, FAULT_COUNT => "$host->{dir}/count" });
		like($s->quit, qr/^\+OK/, "$name: a session");
		my $calls = Pop::slurp("$host->{dir}/count");
		my $touches = () = $calls =~ /^futimens$/mg;
		$other = $touches unless defined $other;
		is($touches - $other, $want, $name);
	}
}
# and the mail is the same, however often
for my $often (0, 1, 2, 1000000) {
	for (@Modes::modes) {
		start($_, "mail-lock-check $often",
		    "${PLAIN}set mail-lock-check = $often\n");
		session('RETR 5', 'DELE 1');
		spool_is(join('', @m[1 .. 4]), 'a session');
		only('alice');
	}
}

# update-on-abort: a client that goes between two commands.
my $big = Mbox::message(6, "long line\n" x 1_000_000);
for (@Modes::modes) {
	for my $on (0, 1) {
		start($_, 'update-on-abort ' . ($on ? 'on' : 'off'),
		    $PLAIN . ($on ? 'set' : 'reset') . " update-on-abort\n");
		my $then = $on ? join('', @m[0, 2, 4]) : $all;
		$s = $host->login('alice');
		$s->multi('RETR 1');
		$s->cmd("DELE $_") for 2, 4;
		$host->deliver('alice', $m[0]);
		shutdown $s->{sock}, 1;
		is($s->rest, '', "$name: nothing is said");
		is($s->wait_end, 0, "$name: exit code");
		spool_is($then . $m[0], 'end of file');
		only('alice');
		for my $cut ('QUI', 'QUIT', 'NOOP') {
			$host->spool('alice', $all);
			$s = $host->login('alice');
			$s->cmd('DELE 2');
			$s->put($cut);
			shutdown $s->{sock}, 1;
			$s->rest;
			$s->wait_end;
			spool_is($all, "half a line: $cut");
		}
		# a client that takes no more of a message
		$host->spool('alice', $all . $big);
		$s = $host->login('alice');
		$s->cmd('DELE 2');
		$s->cmd('RETR 6');
		$s->wait_end;
		ok($host->log_like(qr/POP EOF or I\/O Error/),
		    "$name: broken off");
		ok($host->spool('alice') eq $all . $big,
		    "$name: broken off, and all is there");
	}
}

# The same of a time-out; all at once, because it takes a second.
my @waiting;
for (@Modes::modes) {
	for my $on (0, 1) {
		start($_, 'time-out, update-on-abort ' . ($on ? 'on' : 'off'),
		    $PLAIN . "set timeout = 1\n" .
		    ($on ? 'set' : 'reset') . " update-on-abort\n");
		$s = $host->login('alice');
		$s->cmd('DELE 2');
		push @waiting, [$host, $s, $name,
		    $on ? join('', @m[0, 2 .. 4]) : $all];
	}
}
for (@waiting) {
	($host, $s, $name, my $want) = @$_;
	$dir = "$host->{dir}/spool";
	$s->rest;
	$s->wait_end;
	spool_is($want, 'spool');
	only('alice');
}
done_testing;
