#!/usr/bin/perl
# log-facility sends the log to syslog: with its facility, notice for lines
# and debug for debugging lines.  In a mount namespace with a /dev of its own.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use IO::Select;
use IO::Socket::UNIX;
use Mbox;
use Pop;
use Socket qw(SOCK_DGRAM);
use Test::More;

my $inside = 'POPPER_TEST_DEV';
plan skip_all => 'needs root' if $> != 0;
if (!$ENV{$inside}) {
	plan skip_all => 'no mount namespaces'
	    if system('unshare -m mount -t tmpfs tmpfs /mnt 2>/dev/null') != 0;
	$ENV{$inside} = 1;
	exec 'unshare', '-m', $^X, $0 or die;
}
system('sh', '-ec', <<'END') == 0 or die;
mount -t tmpfs tmpfs /mnt
for node in null zero random urandom; do
	: >/mnt/$node
	mount --bind /dev/$node /mnt/$node
done
ln -s /proc/self/fd /mnt/fd
mount --move /mnt /dev
END

# What reached syslog so far, a line a datagram.
my $daemon;
sub listen_there {
	unlink '/dev/log';
	$daemon = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => '/dev/log')
	    or die "/dev/log: $!";
	chmod 0666, '/dev/log';
}
sub received {
	my $all = '';
	while (IO::Select->new($daemon)->can_read(0)) {
		$daemon->recv(my $datagram, 2000);
		$all .= "$datagram\n";
	}
	return $all;
}
sub session {
	my ($host, %how) = @_;
	my $s = $host->login('alice', %how);
	$s->cmd('STAT');
	is($s->quit, '+OK Pop server at mail.test signing off.', 'a session');
	return;
}

my $host = Pop->new;
$host->spool('alice', Mbox::message(1));
my $stamp = qr/[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d/;
listen_there();

$host->configure("set statistics\n");
session($host);
is(received(), '', 'standard error, unless told otherwise');
like($host->log_text, qr/Stats: alice /, 'the log is there');

my %number = (mail => 2, local0 => 16, local1 => 17, local7 => 23);
for my $name (sort keys %number) {
	my $notice = $number{$name} * 8 + 5;
	$host->configure("set statistics\nset log-facility = $name\n");
	my $before = $host->log_text;
	session($host);
	like(received(), qr/^<$notice>$stamp popper\[\d+\]: Stats: alice 0 0 /m,
	    "log-facility = $name");
	is($host->log_text, $before, 'and nothing on standard error');
}

$host->configure("set statistics\n");
session($host, args => ['-y', 'LOG_LOCAL3', '-d', '-f', $host->{conf}]);
my $text = received();
like($text, qr/^<157>$stamp popper\[\d+\]: Stats: alice /m, '-y LOG_LOCAL3');
like($text, qr/^<159>$stamp popper\[\d+\]: alice: stat/m,
    'debugging lines have the priority debug');

# the name that inetd.conf gives, if it is one that log tools know
for (['qpopper', 'qpopper'], ['/usr/sbin/in.qpopper', 'in.qpopper'],
    ['xpopper', 'popper']) {
	my ($called, $tag) = @$_;
	$host->configure("set statistics\nset log-facility = mail\n");
	session($host,
	    before => ['bash', '-c', "exec -a $called \"\$0\" \"\$@\""]);
	like(received(), qr/^<21>$stamp \Q$tag\E\[\d+\]: Stats: alice /m,
	    "called $called");
}

# a mistake behind it is told there, too
my $s = $host->connect(args => ['-y', 'local2', '-T', 'x']);
like($s->{greeting}, qr/^-ERR \[SYS\/PERM\]/, 'a wrong option');
$s->wait_end;
like(received(), qr/^<149>$stamp popper\[\d+\]: command line: option timeout: /m,
    'is told in syslog');

# popauth and tcpserver write to standard error, whatever is set
my $said = `$Pop::BUILD/popauth -list nobody 2>&1`;
isnt($?, 0, 'popauth without a database');
like($said, qr/^popauth: /, 'says so on standard error');
$said = `$Pop::BUILD/popper 192.0.2.1:8110 -y local1 2>&1`;
isnt($?, 0, 'an address that is not ours');
like($said, qr/^tcpserver: fatal: unable to bind/, 'tcpserver, too');
is(received(), '', 'and nothing in syslog');

# a trace file comes first
$host->configure("set statistics\nset log-facility = local0\n" .
    "set tracefile = $host->{dir}/trace\n");
session($host);
is(received(), '', 'nothing in syslog beside a trace file');
like(Pop::slurp("$host->{dir}/trace"), qr/Stats: alice /, 'which has it');

# nobody listens
undef $daemon;
$host->configure("set statistics\nset log-facility = local0\n");
session($host);
like($host->log_text, qr/Nobody listens at \/dev\/log: this log does not go/,
    'no syslog is told');
like($host->log_text, qr/Nobody listens.*\n(?:.*\n)*?.*Stats: alice /,
    'and the log stays on standard error');
done_testing;
