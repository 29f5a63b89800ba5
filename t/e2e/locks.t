#!/usr/bin/perl
# One session a maildrop, and locks of other programs.
use strict;
use warnings;
use Fcntl qw(F_SETLK F_WRLCK SEEK_SET);
use FindBin;
use lib "$FindBin::Bin/../lib";
use Mbox;
use Pop;
use Test::More;
use Time::HiRes qw(time);

my $host = Pop->new(conf => "reset update-status-headers\n");
my $dir = "$host->{dir}/spool";
my $mail = join '', map { Mbox::message($_) } 1 .. 3;
$host->spool('alice', $mail);

sub try {
	my $s = $host->connect;
	$s->cmd('USER alice');
	my $start = time;
	my $reply = $s->cmd('PASS secret');
	return ($s, $reply, time - $start);
}

my $first = $host->login('alice');
my ($s, $reply, $took) = try();
like($reply, qr/^-ERR \[IN-USE\] .*lock/, 'a second session is busy');
cmp_ok($took, '<', 5, 'and knows at once');
is($s->wait_end, 111, 'with an exit code');
$first->quit;

$first = $host->login('alice');
kill 'KILL', $first->{pid};
$first->wait_end;
($s, $reply) = try();
like($reply, qr/^\+OK/, 'a killed session holds nothing');
$s->quit;

# A dot-lock of an agent that is at work, then one that was left behind.
Pop::spew("$dir/alice.lock", "1\n", 0644);
($s, $reply, $took) = try();
like($reply, qr/^-ERR \[IN-USE\] .*lock/, "an agent's dot-lock is respected");
cmp_ok($took, '>', 5, 'and waited for');
ok(-e "$dir/alice.lock", 'and left alone');
utime time - 400, time - 400, "$dir/alice.lock";
($s, $reply) = try();
like($reply, qr/^\+OK/, 'a stale one is broken');
$s->quit;
ok(!-e "$dir/alice.lock", 'and gone');

# A popper that died while it held the spool: the same inode under two names.
Pop::spew("$dir/.alice.lk", "1\n", 0644);
link "$dir/.alice.lk", "$dir/alice.lock";
($s, $reply, $took) = try();
like($reply, qr/^\+OK/, "a dead popper's lock is known");
cmp_ok($took, '<', 5, 'without waiting');
$s->quit;

mkdir "$dir/alice.lock";
($s, $reply) = try();
like($reply, qr/^-ERR \[SYS\/PERM\] maillock error 5/, 'a lock that is none');
$s->wait_end;
rmdir "$dir/alice.lock";

# fcntl locks of others count, till they are gone.
open my $fh, '+<', "$dir/alice" or die;
# struct flock: type, whence, start, length, pid
my $flock = pack 's s x![q] q q i x![q]', F_WRLCK, SEEK_SET, 0, 0, 0;
my $again = $flock;
fcntl $fh, F_SETLK, $flock or die "fcntl: $!";
$s = $host->connect;
$s->cmd('USER alice');
$s->put("PASS secret\r\n");
# it has asked for the lock once its own session lock is there
until (-e "$dir/.alice.pop") {
	select undef, undef, undef, 0.01;
}
close $fh;
like($s->line, qr/^\+OK/, 'log-in waits for an fcntl lock');
$s->quit;

# A file that another program puts over our session lock is not ours.
$s = $host->login('alice');
rename "$dir/.alice.pop", "$dir/moved";
Pop::spew("$dir/.alice.pop", Mbox::message(9), 0600);
like($s->quit, qr/^\+OK/, 'a session whose lock was moved away ends well');
is($host->spool('.alice.pop'), Mbox::message(9), 'what took its name stays');
is($host->spool('alice'), $mail, 'and the mail is there');
unlink "$dir/.alice.pop", "$dir/moved";

# During a session the spool is free for delivery.
$s = $host->login('alice');
ok(!-e "$dir/alice.lock", 'no dot-lock during the session');
open $fh, '+<', "$dir/alice" or die;
ok(fcntl($fh, F_SETLK, $again), 'no fcntl lock either');
close $fh;
$s->quit;

opendir(my $dh, $dir) or die;
is_deeply([sort grep { !/^\.\.?$/ } readdir $dh], ['alice'],
    'no lock is left');
is($host->spool('alice'), $mail, 'and the mail is as it was');
# While log-in waits, an agent makes the spool, or another program puts
# another file in its place.
for my $mode ('', "set server-mode\n") {
	my $name = $mode ? 'server mode' : 'normal mode';
	$host->configure($mode);
	$host->login('alice')->quit; # and there is a cache
	for my $case (['the first mail', 0, 9], ['a new file', 1, 7]) {
		my ($what, $there, $n) = @$case;
		$there ? $host->spool('alice', $mail) : unlink "$dir/alice";
		Pop::spew("$dir/alice.lock", "1\n", 0644);
		$s = $host->connect;
		$s->cmd('USER alice');
		$s->put("PASS secret\r\n");
		# it has met the dot-lock once its own is prepared
		until (-e "$dir/.alice.lk") {
			select undef, undef, undef, 0.01;
		}
		$host->spool('new', Mbox::message($n));
		rename "$dir/new", "$dir/alice";
		unlink "$dir/alice.lock";
		like($s->line, qr/^\+OK .* 1 visible message /,
		    "$name: $what, while log-in waits");
		like(($s->message('RETR 1'))[1], qr/^body $n\r$/m,
		    "$name: $what: to read");
		$s->cmd('DELE 1');
		like($s->quit, qr/^\+OK/, "$name: $what: to delete");
		is($host->spool('alice'), '', "$name: $what: gone");
	}
}
done_testing;
