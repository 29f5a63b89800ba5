#!/usr/bin/perl
# The six errors of the mail lock, each by its number, with the spool unharmed.
# strace makes calls fail, and time where there is hardly any.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Mbox;
use POSIX ();
use Pop;
use Test::More;
use Time::HiRes qw(time);

plan skip_all => 'needs strace' if system('strace -V >/dev/null 2>&1') != 0;
plan skip_all => 'a sanitizer minds being traced' if $Pop::BUILD =~ /asan/;

my $PLAIN = "reset update-status-headers\n";
my $mail = join '', map { Mbox::message($_) } 1 .. 3;
my ($host, $dir);

sub start {
	my ($conf) = @_;
	$host = Pop->new(conf => $PLAIN . ($conf || ''));
	$dir = "$host->{dir}/spool";
	$host->spool('alice', $mail);
}

sub traced {
	my ($call, $inject, @path) = @_;
	return ['strace', '-f', '-qq', '-o', '/dev/null',
	    (map { ('-P', $_) } @path), '-e', "trace=$call", '-e',
	    "inject=$call:$inject"];
}

sub await {
	my ($done) = @_;
	my $end = time + $Pop::PATIENCE;
	until ($done->() || time > $end) {
		select undef, undef, undef, 0.002;
	}
}

# The reply to a log-in, and the spool as it was.
sub refused {
	my ($n, $what, $want, %opt) = @_;
	my $s = $host->connect(%opt);
	$s->cmd('USER alice');
	like($s->cmd('PASS secret'), qr/^-ERR $want.*maillock error $n: /,
	    "$n, $what");
	is($s->rest, "+OK Pop server at mail.test signing off.\r\n",
	    "$n, $what: the end");
	$s->wait_end;
	like($host->log_text, qr/-ERR $want.*maillock error $n: /,
	    "$n, $what: in the log");
	is($host->spool('alice'), $mail, "$n, $what: the spool");
	ok(!-e "$dir/alice.lock" || -d _, "$n, $what: no lock is left");
}

# 1: a name that is too long with what is added to it
start('set home-dir-mail = ' . 'x' x 96 . "\n");
refused(1, 'a long name', qr{\[SYS/PERM\]});

# 2: the lock cannot be made
start();
mkdir "$dir/.alice.lk";
refused(2, 'its twin is a folder', qr{\[SYS/(?:PERM|TEMP)\]});
start();
refused(2, 'no link', qr{\[SYS/(?:PERM|TEMP)\]},
    before => traced('linkat', 'error=EACCES'));

# 2, or no-atomic-open: the link is there, and the answer says that it is not
for my $on (0, 1) {
	my $name = 'no-atomic-open ' . ($on ? 'on' : 'off');
	start($on ? "set no-atomic-open\n" : '');
	my $s = $host->connect(before =>
	    traced('linkat', 'error=EIO:delay_enter=1000000:when=1'));
	$s->cmd('USER alice');
	$s->put("PASS secret\r\n");
	await(sub { -e "$dir/.alice.lk" });
	ok(link("$dir/.alice.lk", "$dir/alice.lock"), "$name: linked");
	like($s->line, $on ? qr/^\+OK/ : qr/^-ERR .*maillock error 2: /, $name);
	$s->quit if $on;
	$s->wait_end;
	ok(!-e "$dir/alice.lock", "$name: no lock is left");
}

# 3: the pid cannot be written
start();
refused(3, 'no space', qr{\[SYS/TEMP\]},
    before => traced('write,pwrite64', 'error=ENOSPC', "$dir/.alice.lk"));

# 4: held by another program; locks.t waits for it at log-in
start();
my $s = $host->login('alice');
$s->cmd('DELE 2');
Pop::spew("$dir/alice.lock", "1\n", 0644);
like($s->cmd('QUIT'), qr/^-ERR \[IN-USE\] maillock error 4: /, '4, at QUIT');
# or it is waited for once more, for the mail that has to go back
unlink "$dir/alice.lock";
is($s->rest, "+OK Pop server at mail.test signing off.\r\n", '4: the end');
$s->wait_end;
$s = $host->login('alice');
like($s->cmd('STAT'), qr/^\+OK 3 /, '4: nothing was deleted');
$s->quit;
is($host->spool('alice'), $mail, '4: the spool');

# 5: something that is no lock file
start();
mkdir "$dir/alice.lock";
refused(5, 'a folder', qr{\[SYS/PERM\]});
rmdir "$dir/alice.lock";

# 6: another program has broken it, before anything was decided
for my $mode ('', "set server-mode\n", "set fast-update\n") {
	my $name = $mode ? ($mode =~ /set (\S+)/)[0] : 'normal mode';
	start($mode);
	$s = $host->login('alice');
	$s->cmd('DELE 1');
	# from here on there is time between two calls
	my $slow = fork;
	if (!$slow) {
		my @strace = @{ traced('pwrite64,fdatasync,fsync',
		    'delay_enter=300000') };
		exec @strace, '-p', $s->{pid} or POSIX::_exit(127);
	}
	await(sub { Pop::slurp("/proc/$s->{pid}/status") !~
	    /^TracerPid:\t0$/m });
	$s->put("QUIT\r\n");
	await(sub { -e "$dir/alice.lock" });
	ok(unlink("$dir/alice.lock"), "6, $name: broken");
	like($s->line, qr/^-ERR .*maillock error 6: /, "6, $name");
	kill 'TERM', $slow;
	waitpid $slow, 0;
	$s->rest;
	$s->wait_end;
	$s = $host->login('alice');
	like($s->cmd('STAT'), qr/^\+OK 3 /, "6, $name: nothing was deleted");
	$s->quit;
	is($host->spool('alice'), $mail, "6, $name: the spool");
}
done_testing;
