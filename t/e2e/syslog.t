#!/usr/bin/perl
# The log as syslogd gets it: facility, priority, time, program and pid.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use IO::Select;
use Mbox;
use Pop;
use Socket;
use Test::More;

plan skip_all => 'needs root' if $> != 0;
my $host = Pop->new;
my $dev = "$host->{dir}/dev";
mkdir $dev or die;
my @in = ('unshare', '-m', 'sh', '-ec',
    'mount --bind "$0" /dev; exec "$@"', $dev);
plan skip_all => 'no mount namespaces or devices'
    if system("mknod -m 666 $dev/null c 1 3 2>/dev/null") != 0 ||
    system(@in, 'sh', '-c', ': </dev/null 2>/dev/null') != 0;
$host->spool('alice', Mbox::message(1));
socket my $log, AF_UNIX, SOCK_DGRAM, 0 or die;
bind $log, pack_sockaddr_un "$dev/log" or die;

# What a session logs: [number in front, text without time].
sub logged {
	my ($conf, @args) = @_;
	$host->configure($conf);
	my $s = $host->login('alice', before => \@in, no_stderr => 1,
	    args => \@args);
	$s->cmd('RETR 9');
	$s->quit;
	my @got;
	my $sel = IO::Select->new($log);
	while ($sel->can_read(0)) {
		recv $log, my $line, 4096, 0;
		ok($line =~ /\A<(\d+)>\w{3} [ \d]\d \d\d:\d\d:\d\d popper\[(\d+)\]: ([^\n]+)\z/,
		    "well formed: $line") or next;
		push @got, [$1, $3];
	}
	return @got;
}

# The facility's number, as syslog.h has it; 5 is notice, 7 debug.
for (['', 2, 'mail'], ["set log-facility = mail\n", 2, 'mail'],
    ["set log-facility = local0\n", 16, 'local0'],
    ["set log-facility = LOG_LOCAL7\n", 23, 'local7']) {
	my ($conf, $facility, $name) = @$_;
	my @got = logged("${conf}set statistics\nset log-login\n");
	is_deeply([map { $_->[0] } @got], [($facility * 8 + 5) x 3],
	    "$name.notice for log-in, -ERR and Stats");
	@got = logged("${conf}set debug\nset statistics\n");
	my ($debug, $other) = (0, 0);
	for (@got) {
		my $is = $_->[1] =~ /^(?:alice|\(null\)): \w+ |^server mode:|Landlock|option \S+ is set$/;
		is($_->[0], $facility * 8 + ($is ? 7 : 5), "$name: $_->[1]");
		$is ? $debug++ : $other++;
	}
	cmp_ok($debug, '>=', 3, 'commands are lines of debug');
	is($other, 2, 'and the others of notice');
}
# standard error that is the client's socket, as under inetd
{
	$host->configure("set statistics\n");
	my $s = $host->login('alice', before => \@in, stderr_socket => 1);
	$s->quit;
	unlike($s->{raw}, qr/Stats/, 'inetd: no line to the client');
	my $line = '';
	recv $log, $line, 4096, 0 if IO::Select->new($log)->can_read(0);
	like($line, qr/\A<21>.* popper\[\d+\]: Stats: alice /,
	    'but one to syslog');
}
my @got = logged('', '-y', 'local1');
is_deeply([map { $_->[0] } @got], [17 * 8 + 5], '-y local1');
done_testing;
