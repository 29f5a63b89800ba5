#!/usr/bin/perl
# What ps(1) shows of each process: who, where from, and the state.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Mbox;
use POSIX ();
use Pop;
use Test::More;
use Time::HiRes qw(time);

my $host = Pop->new;
my $dir = $host->{dir};
$host->spool('alice', join '', map { Mbox::message($_) } 1 .. 3);
my $where = '192.0.2.1 \(192.0.2.1\)';

# As ps does, which shows NULs between words as blanks.
sub title {
	my ($pid) = @_;
	my $title = Pop::slurp("/proc/$pid/cmdline");
	return '' unless defined $title;
	$title =~ s/\0+\z//;
	$title =~ tr/\0/ /;
	return $title;
}
sub children {
	my ($pid) = @_;
	return split ' ', Pop::slurp("/proc/$pid/task/$pid/children") || '';
}
sub shows {
	my ($of, $re, $what) = @_;
	my $end = time + $Pop::PATIENCE;
	my @got;
	do {
		@got = map { title($_) } $of->();
		return pass($what) if grep { $_ =~ $re } @got;
		select undef, undef, undef, 0.01;
	} while (time < $end);
	fail($what);
	diag "@got";
}

my $s = $host->connect;
is(title($s->{pid}), 'popper: 192.0.2.1 (192.0.2.1): waiting for log-in',
    'before log-in');
shows(sub { children($s->{pid}) }, qr/^popper: $where: front$/, 'the front');
$s->cmd('USER alice');
is(title($s->{pid}), 'popper: 192.0.2.1 (192.0.2.1): waiting for log-in',
    'a user who has proved nothing is not shown');
$s->cmd('PASS secret');
is(title($s->{pid}), 'popper: alice at 192.0.2.1 (192.0.2.1): transaction',
    'after log-in');
$s->cmd('RETR 1');
is(title($s->{pid}), 'popper: alice at 192.0.2.1 (192.0.2.1): transaction',
    'and it stays');
$s->quit;

# A first word that means nothing, as Qpopper's FAQ has it, is no hindrance.
$s = $host->connect(before => ['sh', '-c', 'p=$1; shift; exec "$p" qpopper "$@"',
	'sh']);
is(title($s->{pid}), 'popper: 192.0.2.1 (192.0.2.1): waiting for log-in',
    'behind a first word qpopper');
$s->quit;

# The lock of another program holds log-in and update up for a while.
sub held {
	my ($state, $go) = @_;
	open my $lock, '>', "$dir/spool/alice.lock" or die $!;
	$go->();
	shows(sub { $s->{pid} },
	    qr/^popper: alice at $where: $state$/, "while it waits: $state");
	unlink "$dir/spool/alice.lock" or die $!;
	like($s->line, qr/^\+OK/, 'and it goes on');
}
$s = $host->connect;
$s->cmd('USER alice');
held('opening', sub { $s->put("PASS secret\r\n") });
$s->cmd('DELE 1');
held('update', sub { $s->put("QUIT\r\n") });
$s->rest;
$s->wait_end;

# The checker, while a program checks the password.
POSIX::mkfifo("$dir/go", 0600) or die $!;
Pop::spew("$dir/check", "#!/bin/sh\nread x <$dir/go\nexit 1\n", 0755);
Pop::spew("$dir/cdb/users", '');
system("$Pop::TOP/scripts/rebuild-cdb", "$dir/cdb") == 0 or die;
$s = $host->connect(env => { TCPREMOTEIP => '192.0.2.77' },
    args => ['-f', Pop::spew("$dir/more", "set checkpassword = $dir/check\n", 0644)]);
$s->cmd('USER carol');
$s->put("PASS hunter2\r\n");
my @all;
shows(sub { @all = children($s->{pid}) },
    qr/^popper: 192.0.2.77 \(192.0.2.77\): checker$/, 'the checker');
unlike(join(' ', map { title($_) } $s->{pid}, @all), qr/carol|hunter2/,
    'nothing that was typed');
# for reading, too, or this waits for a program that has been killed
open my $go, '+<', "$dir/go" or die $!;
syswrite $go, "\n";
$s->line;
$s->wait_end;
$host->users(['alice']);

# A name of the client's is safe, and bounded; what room there is, is used.
$host->configure("set reverse-lookup\n");
$s = $host->login('alice', env => { TCPREMOTEHOST => "\e[2Jx'\n\xff" });
is(title($s->{pid}), 'popper: alice at ?[2Jx??? (192.0.2.1): transaction',
    'a name with what no title should hold');
$s->quit;
my $long = 'x' x 60 . '.' . 'y' x 60 . '.' . 'z' x 60;
$s = $host->login('alice', env => { TCPREMOTEHOST => $long });
like(title($s->{pid}), qr/^popper: alice at x{60}\.y{60}\.z+ \(192\.0\.2\.1\): transaction$/,
    'a long name');
$s->quit;
$s = $host->connect(env => { TCPREMOTEHOST => $long, map { +"LONG$_" => 'v' x 3000 } 1 .. 3 });
like(title($s->{pid}), qr/^popper: /, 'variables longer than a title');
$s->quit;

# No room but that of the arguments: it is cut, and nothing else is harmed.
$host->configure('');
{
	symlink $Pop::POPPER, "$dir/p" or die $!;
	rename $host->{conf}, "$dir/c" or die $!;
	local $Pop::POPPER = './p';
	local $host->{conf} = 'c';
	$s = $host->login('alice', before => ['env', '-i', '-C', $dir]);
	is(title($s->{pid}), 'popper: ', 'as long as there is room');
	like($s->cmd('RETR 1'), qr/^\+OK/, 'and the session goes on');
	$s->quit;
}

# The environment is there all the same: the trace file's times are local.
for my $tz ('XXX-3', 'XXX+3') {
	$host->configure("set reverse-lookup\nset tracefile = $dir/trace$tz\n");
	$s = $host->login('alice', before => ['env', '-i', "TZ=$tz",
	    "TCPREMOTEHOST=$long", 'TCPREMOTEIP=192.0.2.1']);
	like(title($s->{pid}), qr/z+ \(192\.0\.2\.1\): transaction$/,
	    "the title lies over TZ=$tz");
	$s->cmd('RETR 99');
	$s->quit;
	my ($hour) = Pop::slurp("$dir/trace$tz") =~
	    /^\w{3} [ \d]\d (\d\d):.*does not exist/m;
	my $off = $tz =~ /-/ ? 3 : -3;
	my %hours = map { (gmtime $_ + 3600 * $off)[2] => 1 } time - 60, time;
	ok(defined $hour && $hours{ $hour + 0 }, "TZ=$tz: hour $hour");
}
done_testing;
