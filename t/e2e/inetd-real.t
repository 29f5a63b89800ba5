#!/usr/bin/perl
# popper under Debian's inetds, on the ports that have names, with the lines of
# docs/operating.md.  They are unpacked, never installed, and all goes on in
# namespaces whose /etc, /usr/local, /var/mail and network are the test's.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use IO::Socket::IP;
use Mbox;
use PamHost;
use Pop;
use Test::More;
use Time::HiRes qw(time);
use Tls;

# what is started in there ends with the test, whatever ends that
my @NAMESPACES = ('unshare', '-mnp', '--fork', '--kill-child', '--mount-proc');
my $store = "$Pop::TOP/build/inetd";
my $root = "$store/root";

# The packages, and the libraries that they may need, once.
sub fetch {
	return 1 if -e "$store/complete";
	mkdir "$Pop::TOP/build";
	return system('sh', '-ec', <<'END', $store) == 0;
mkdir -p "$0"
cd "$0"
exec 9>lock
flock 9
[ ! -e complete ] || exit 0
get() {
	timeout 60 apt-get -qq -o APT::Sandbox::User=root download \
	    openbsd-inetd inetutils-inetd xinetd tcpd libwrap0 libbsd0 libmd0 \
	    libevent-2.1-7 libtirpc3 libnsl2
}
get 2>/dev/null || { timeout 60 apt-get -qq update && get; }
for deb in *.deb; do
	dpkg -x "$deb" root
done
rm ./*.deb
: >complete
END
}
if (!$ENV{POPPER_TEST_ETC}) {
	plan skip_all => 'needs root' if $> != 0;
	plan skip_all => "a sanitizer's popper is not what is installed"
	    if $Pop::BUILD =~ /asan/;
	plan skip_all => 'no namespaces'
	    if system(@NAMESPACES, 'sh', '-c', 'ip link set lo up && ' .
		'mount -t tmpfs tmpfs /mnt 2>/dev/null') != 0;
	plan skip_all => 'the inetds cannot be had' unless fetch();
	$ENV{POPPER_TEST_ETC} = $$;
	# they close all that could be open, one by one
	exec @NAMESPACES, 'sh', '-c', 'ulimit -n 256; exec "$@"', 'sh',
	    $^X, $0;
}

my $host = PamHost->new(['alice', 1879000401], ['bob', 1879000402]);
my $dir = $host->{dir};
my $trace = "$dir/trace";
my $conf = '/etc/popper/qpopper.conf';
# what they need is on this machine, or else among what was unpacked
my ($libs) = glob "$root/usr/lib/*-linux-gnu";

system('sh', '-ec', <<'END', $dir, $Pop::TOP, $Pop::BUILD) == 0 or die;
exec >/dev/null
ip link set lo up
mkdir "$0/spool"
mount -t tmpfs tmpfs /usr/local
mount -t tmpfs tmpfs /run
mount --bind "$0/spool" /var/mail
chgrp mail /var/mail
chmod 2775 /var/mail
cd "$1"
PREFIX=/usr/local SYSCONFDIR=/etc/popper MANDIR=/usr/local/man DESTDIR= \
LIBEXECDIR=/usr/local/lib/popper EMPTYDIR=/usr/local/lib/popper/empty \
RUNDIR=/run/popper BUILD="$2" scripts/install
/usr/local/sbin/rebuild-cdb /etc/popper/cdb
END
Pop::spew('/etc/hosts.deny', '');
Pop::spew('/etc/hosts.allow', '');
my $manual = Pop::slurp("$Pop::TOP/docs/operating.md");
my ($chapter) = $manual =~ /^(## inetd and xinetd\n.*?)^## /ms or die;

# A block of the chapter whose first line begins so.
sub block {
	my ($first) = @_;
	my ($text) = $chapter =~ /^((?:    \Q$first\E.*\n)(?:    .*\n|\n(?=    ))*)/m
	    or die "no block begins with $first";
	return $text =~ s/^    //mgr;
}
# Names of ports as the chapter has them, and no others.
my $services = Pop::slurp('/etc/services') =~ s/^pop[23].*\n//mgr;
Pop::spew('/etc/services', $services . block('pop2'));
my $cert = Tls->new->cert('ec');
system('cp', $cert, '/etc/popper/tls/cert.pem') == 0 or die;
Pop::spew($conf, Pop::slurp("$Pop::TOP/service/qpopper.conf") .
    "set tls-server-cert-file = /etc/popper/tls/cert.pem\n" .
    "set tracefile = $trace\n", 0600);

my %INETD = (
	'openbsd-inetd' => ["$root/usr/sbin/inetd", '-i'],
	'inetutils-inetd' => ["$root/usr/sbin/inetutils-inetd", '-d'],
	'xinetd' => ["$root/usr/sbin/xinetd", '-dontfork', '-pidfile',
	    "$dir/pid", '-filelog', "$dir/xinetd.log", '-f'],
);
my $main = $$;
my $pid;
sub stop {
	return unless $pid && $$ == $main;
	local ($?, $!);
	kill 'TERM', $pid;
	waitpid $pid, 0;
	undef $pid;
}
END { stop() }

sub listens {
	my ($port) = @_;
	my $line = sprintf ':%04X [0-9A-F]+:0000 0A ', $port;
	return grep { (Pop::slurp("/proc/net/$_") || '') =~ $line } 'tcp', 'tcp6';
}

# One of them, with this configuration, until all the ports listen.
sub start {
	my ($name, $text, @ports) = @_;
	stop();
	Pop::spew("$dir/inetd.conf", $text, 0644);
	Pop::spew($trace, '');
	$pid = fork // die;
	if ($pid == 0) {
		$ENV{LD_LIBRARY_PATH} = $libs
		    if `ldd $INETD{$name}[0]` =~ /not found/;
		open STDIN, '<', '/dev/null';
		open STDOUT, '>>', "$dir/out";
		open STDERR, '>&', \*STDOUT;
		{ no warnings; exec @{ $INETD{$name} }, "$dir/inetd.conf"; }
		POSIX::_exit(127);
	}
	return Tls::until_true(sub { @ports == grep { listens($_) } @ports });
}

sub client {
	my ($port) = @_;
	my $sock = IO::Socket::IP->new(PeerHost => '127.0.0.1',
	    PeerPort => $port) or return undef;
	return bless { sock => $sock, code => 0, buf => '', raw => '' },
	    'Pop::Session';
}

# A whole session, and what the log has of it.
sub whole {
	my ($name, $port) = @_;
	Pop::spew('/var/mail/alice', Mbox::message(1) . Mbox::message(2), 0600);
	chown 1879000401, -1, '/var/mail/alice';
	Pop::spew($trace, '');
	my $s = client($port);
	like($s->line, qr/^\+OK popper /, "$name: greeting");
	$s->cmd('USER alice');
	like($s->cmd('PASS secret'), qr/^\+OK alice has 2 /, "$name: log-in");
	my (undef, $text) = $s->message('RETR 1');
	like($text, qr/^Subject: /m, "$name: mail");
	like($s->cmd('DELE 1'), qr/^\+OK/, "$name: DELE");
	like($s->cmd('QUIT'), qr/^\+OK/, "$name: QUIT");
	is($s->rest, '', "$name: and no more");
	unlike($s->{raw} =~ s/^Subject:.*?^\.\r$//msr, qr/popper\[/,
	    "$name: no line of the log goes to the client");
	like(Tls::until_true(sub { Pop::slurp($trace) =~ /(Stats: .*)/ && $1 }),
	    qr/^Stats: alice 1 \d+ 1 \d+ 127\.0\.0\.1 127\.0\.0\.1$/,
	    "$name: the client's address is in the trace");
}

# TLS at once, or after STLS.
sub tls {
	my ($name, $port, $stls) = @_;
	my $s = client($port);
	if ($stls) {
		$s->line;
		like($s->cmd('STLS'), qr/^\+OK/, "$name: STLS");
	}
	my $c = Tls::Client->new($s->{sock}, host => 'mail.test');
	ok($c->handshake, "$name: TLS") or
	    diag("$c->{error}\n" . Pop::slurp($trace));
	$c->put("USER alice\r\nPASS secret\r\nQUIT\r\n");
	$c->rest;
	like($c->{plain}, qr/^\+OK alice has \d.*\r\n\+OK [^\r]*\r\n\z/m,
	    "$name: a session");
	ok($c->{notified}, "$name: and its end");
}

# inetd.conf as it stands in the chapter.  The name pop2 is port 109.
for my $name ('openbsd-inetd', 'inetutils-inetd') {
	ok(start($name, block('pop3 stream'), 109, 110, 995),
	    "$name: three ports") or diag(Pop::slurp("$dir/out"));
	whole($name, 110);
	whole("$name, 109", 109);
	tls("$name, 995", 995, 0);
	tls("$name, 110", 110, 1);

	# Qpopper's old lines, which know nothing of popper's files
	for my $args ("-s -t $trace", "-st$trace", "-s -t$trace -T 600") {
		ok(start($name, "pop3 stream tcp nowait root " .
		    "/usr/local/sbin/popper qpopper $args\n", 110),
		    "$name: $args");
		whole("$name, $args", 110);
	}
	# SIGHUP: the lines are read again
	Pop::spew("$dir/inetd.conf", 'pop2 stream tcp nowait root ' .
	    "/usr/local/sbin/popper qpopper -s -t $trace\n");
	kill 'HUP', $pid;
	ok(Tls::until_true(sub { listens(109) && !listens(110) }),
	    "$name: SIGHUP");
	whole("$name, 109 now", 109);

	# An address is for the stand-alone mode.
	start($name, 'pop3 stream tcp nowait root ' .
	    "/usr/local/sbin/popper qpopper 8110 -s -t $trace\n", 110);
	my $s = client(110);
	is($s->rest, "-ERR [SYS/PERM] Unable to process configuration file." .
	    "\r\n", "$name: an address is refused");
	ok(!listens(8110), "$name: and nothing listens there");

	# poplimit, and tcpd, in front
	ok(start($name, block('pop3 stream tcp nowait.400 root ' .
	    '/usr/local/sbin/poplimit'), 110), "$name: poplimit");
	my @s = map { client(110) } 1 .. 10;
	is(scalar(grep { ($_->line || '') =~ /^\+OK/ } @s), 10, "$name: ten");
	like(client(110)->line, qr/^-ERR \[SYS\/TEMP\] Too many/,
	    "$name: not eleven");
	my $line = block('pop3 stream tcp nowait.400 root /usr/sbin/tcpd');
	$line =~ s{/usr/sbin/tcpd}{$root/usr/sbin/tcpd};
	ok(start($name, $line, 110), "$name: tcpd");
	Pop::spew('/etc/hosts.deny', block('popper: ALL'));
	# tcpd takes five seconds to refuse
	is(client(110)->line, undef, "$name: hosts.deny")
	    if $name eq 'openbsd-inetd';
	Pop::spew('/etc/hosts.allow', "popper: 127.0.0.1\n");
	whole("$name, hosts.allow", 110);
	Pop::spew("/etc/hosts.$_", '') for 'deny', 'allow';

	# "looping": the limit of calls in a minute
	ok(start($name, "pop3 stream tcp nowait.3 root " .
	    "/usr/local/sbin/popper qpopper -s -t $trace\n", 110),
	    "$name: nowait.3");
	my $served = grep { my $c = client(110); $c && $c->line } 1 .. 6;
	cmp_ok($served, '<=', 4, "$name: then the service is off");
	ok(Tls::until_true(sub { !IO::Socket::IP->new(PeerHost => '127.0.0.1',
	    PeerPort => 110) }), "$name: nothing listens");
}

# xinetd
{
	my $text = block('service pop3');
	ok(start('xinetd', $text, 110, 995), 'xinetd: two ports') or
	    diag(Pop::slurp("$dir/xinetd.log"));
	whole('xinetd', 110);
	tls('xinetd, 995', 995, 0);
	tls('xinetd, 110', 110, 1);
	my $six = IO::Socket::IP->new(PeerHost => '::1', PeerPort => 110);
	ok($six, 'xinetd: IPv6') if -e '/proc/net/if_inet6';

	# its limits
	my @s = map { client(110) } 1 .. 10;
	is(scalar(grep { ($_->line || '') =~ /^\+OK/ } @s), 10,
	    'xinetd: per_source');
	is(client(110)->line, undef, 'xinetd: one too many');
	@s = ();

	# the service on 109, and Qpopper's FAQ with a name in server_args
	ok(start('xinetd', block('service pop2'), 109), 'xinetd: port 109');
	whole('xinetd, 109', 109);
	ok(start('xinetd', <<"END", 110), 'xinetd: server_args = qpopper');
service pop3
{
	socket_type = stream
	protocol = tcp
	wait = no
	user = root
	server = /usr/local/sbin/popper
	server_args = qpopper -s -t $trace
	port = 110
}
END
	whole('xinetd, qpopper -s', 110);
	Pop::spew('/etc/hosts.deny', block('popper: ALL'));
	is(client(110)->line, undef, 'xinetd: hosts.deny');
	Pop::spew('/etc/hosts.allow', "popper: 127.0.0.1\n");
	whole('xinetd, hosts.allow', 110);

	# SIGHUP
	Pop::spew("$dir/inetd.conf", block('service pop2'));
	kill 'HUP', $pid;
	ok(Tls::until_true(sub { listens(109) && !listens(110) }),
	    'xinetd: SIGHUP');
	stop();
}

# The shipped service, and a second folder of it for port 109.
SKIP: {
	skip 'no s6', 5 if grep { system("command -v $_ >/dev/null") } 's6-svscan', 'tcpserver';
	PamHost::add('/etc/passwd', "poplog:x:1879000410:1879000410::/:/bin/false\n");
	mkdir '/etc/service';
	my $log = '/etc/popper/service/qpopper/log/main';
	mkdir $log;
	chown 1879000410, -1, $log;
	symlink '/etc/popper/service/qpopper', '/etc/service/qpopper';
	$pid = fork // die;
	if ($pid == 0) {
		open STDOUT, '>>', "$dir/out";
		open STDERR, '>&', \*STDOUT;
		exec qw(s6-svscan -t 5000 /etc/service);
	}
	ok(Tls::until_true(sub { listens(110) }), 'the service') or
	    diag(Pop::slurp("$dir/out"));
	is(system('sh', '-ec', block('cd /etc/popper/service')), 0,
	    'a second one');
	ok(Tls::until_true(sub { listens(109) }), 'port 109') or
	    diag(Pop::slurp("$dir/out"));
	whole('the service on 109', 109);
	ok(Tls::until_true(sub {
		-e $log =~ s/qpopper/qpopper-109/r . '/current' }),
	    'has a log of its own');
	my @s = map { client($_) } (109) x 5, (110) x 5;
	is(scalar(grep { ($_->line || '') =~ /^\+OK/ } @s), 10, 'ten');
	like(client(109)->line, qr/Too many/, 'they count together');
	@s = ();
	stop();
}

# By hand, from a shell, with pipes.
{
	my $out = `printf 'USER alice\\r\\nPASS secret\\r\\nSTAT\\r\\nQUIT\\r\\n' |
	    TCPREMOTEIP=127.0.0.1 /usr/local/sbin/popper -f $conf`;
	is($? >> 8, 0, 'pipes: the end');
	like($out, qr/^\+OK popper .*\r\n\+OK .*\r\n\+OK alice has 1 .*\r\n\+OK 1 \d+\r\n\+OK .*\r\n\z/,
	    'pipes: a session');
	like(Pop::slurp($trace), qr/Stats: alice .* 127\.0\.0\.1$/m,
	    'pipes: its log');
}
done_testing;
