#!/usr/bin/perl
# The services as they are shipped: make run's tree under s6-svscan, tcpserver
# with its access rules and limit, multilog, TLS on both ports, and CDBs that are
# rebuilt while clients log in.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use File::Temp qw(tempdir);
use IO::Socket::INET;
use Pop;
use Test::More;
use Time::HiRes qw(time);

if ($Pop::BUILD =~ /asan/) {
	plan skip_all => "a sanitizer needs more than the service's 64 MB";
}
my $build = tempdir('popper-demo.XXXXXX', TMPDIR => 1, CLEANUP => 1);
chmod 0755, $build;
symlink "$Pop::BUILD/$_", "$build/$_" for qw(popper poplimit poptls poptls-cache);
my $demo = "$build/demo";
my $main = $$;

my $pid = fork;
if ($pid == 0) {
	open STDIN, '<', '/dev/null';
	open STDOUT, '>', "$build/out";
	open STDERR, '>&', \*STDOUT;
	$ENV{BUILD} = $build;
	exec "$Pop::TOP/scripts/demo", 'start';
}

sub stop_demo {
	return unless $pid && $$ == $main;
	local ($?, $!);
	system "BUILD=$build $Pop::TOP/scripts/demo stop >/dev/null";
	waitpid $pid, 0;
	$pid = 0;
}
END { stop_demo() }
$SIG{INT} = $SIG{TERM} = sub { exit 1 };

sub wait_for {
	my ($what, $patience) = @_;
	my $end = time + ($patience || $Pop::PATIENCE);
	until ($what->()) {
		return 0 if time > $end;
		select undef, undef, undef, 0.05;
	}
	return 1;
}

ok(wait_for(sub { (Pop::slurp("$build/out") || '') =~ /Ctrl-C/ }),
    'make run starts') or do {
	diag(Pop::slurp("$build/out"));
	done_testing;
	exit;
};
my $told = Pop::slurp("$build/out");
my ($port) = $told =~ /port (\d+)/;
my @hint = $told =~ /^    (\S.*)$/mg;
is(scalar @hint, 4, 'four commands to try');

# The commands that it prints, as a new user types them.
my $list = `$hint[0] 2>/dev/null`;
is($?, 0, $hint[0]);
my $count = () = $list =~ /^\d+ \d+\r?$/mg;
cmp_ok($count, '>=', 10, 'at least ten messages');
is(`$hint[1] 2>/dev/null`, $list, $hint[1]);
my $got = `$hint[2] 2>/dev/null`;
is($?, 0, $hint[2]);
like($got, qr/^Subject: Welcome\r$/m, 'a message');
like(`$hint[3]`, qr/^[-0-9]+ [:.0-9]+ popper\[\d+\]: .*POP login/m, $hint[3]);

# They look at the certificate, which is read anew for each connection.
for my $n (1, 2) {
	my $unknown = $hint[$n] =~ s/--cacert \S+ //r;
	my $other = $hint[$n] =~ s{localhost:(\d+)(.*)}
	    {other.example:$1$2 --resolve other.example:$1:127.0.0.1}r;
	is(system("$_ >/dev/null 2>&1") >> 8, 60, "not good for curl: $_")
	    for $unknown, $other;
}
my ($tls) = $hint[2] =~ /localhost:(\d+)/;
sub shown {
	my ($more) = @_;
	return scalar `openssl s_client -connect 127.0.0.1:$tls $more 2>&1 </dev/null`;
}
sub serial {
	my ($serial) = shown('-showcerts') =~ /(-----BEGIN.*?END CERT\S+)/s;
	return $serial;
}
my $before = serial();
my $at = "$demo/etc/tls";
rename "$at/localhost.pem", "$at/old.pem";
is(system("$Pop::TOP/scripts/mkcert cert $at localhost 127.0.0.1 >/dev/null"), 0,
    'a new certificate');
isnt(serial(), $before, 'is what clients get');
is(`$hint[1] 2>/dev/null`, $list, 'and take');

# A session of one process of poptls's is known to the next one.
shown("-tls1_2 -sess_out $build/session");
like(shown("-tls1_2 -sess_in $build/session"), qr/^Reused, TLSv1\.2/m,
    'a session is resumed');

sub session {
	my $sock = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
	    PeerPort => $port) or return undef;
	my $s = bless { sock => $sock, code => 0, buf => '', raw => '' },
	    'Pop::Session';
	$s->{greeting} = $s->line;
	return $s;
}

my $s = session();
like($s->{greeting}, qr/^\+OK popper .* at demo\.localhost /, 'greeting');
is(-s "$demo/run/slots", 0, 'sessions of an address are counted');
$s->cmd('USER demo');
like($s->cmd('PASS demo'), qr/^\+OK demo has/, 'USER and PASS');
my (undef, $big) = $s->message('RETR 8');
cmp_ok(length $big, '>', 2_000_000, 'the 2 MB attachment');
$s->cmd('QUIT');

# multilog runs with a uid that is not root's.
my ($log) = grep { (Pop::slurp($_) || '') =~ /^multilog\0.*\0\.\/main\0/ &&
    (readlink(s{/cmdline$}{/cwd}r) || '') =~ /^\Q$demo\E/ }
    glob '/proc/[0-9]*/cmdline';
if (ok($log, 'multilog is there')) {
	my ($uid) = Pop::slurp($log =~ s/cmdline$/status/r) =~ /^Uid:\t(\d+)/m;
	isnt($uid, 0, 'and not root');
}

# 200 log-ins while the CDBs are rebuilt without a pause.
my $rebuild = fork;
if ($rebuild == 0) {
	open STDOUT, '>', '/dev/null';
	for (1 .. 1000) {
		system("$Pop::TOP/scripts/rebuild-cdb", "$demo/etc/cdb") == 0
		    or POSIX::_exit(1);
	}
	POSIX::_exit(0);
}
my ($in, $busy) = (0, 0);
for (1 .. 200) {
	my $t = session();
	my $r = $t ? $t->apop('demo', 'demo') : undef;
	# the session before may not be quite over
	$busy++, redo if defined $r && $r =~ /IN-USE/ && $busy < 1000;
	$in++ if defined $r && $r =~ /^\+OK demo has/;
	$t->cmd('QUIT');
	$t->rest;
}
is($in, 200, 'no log-in fails while CDBs are rebuilt');
is(waitpid($rebuild, POSIX::WNOHANG()), 0, 'and they still are');
kill 'TERM', $rebuild;
waitpid $rebuild, 0;

# A change of the access list counts at once.
my $access = "$demo/etc/cdb/access";
my $rules = Pop::slurp($access);
Pop::spew($access, "127.:deny\n");
system "$Pop::TOP/scripts/rebuild-cdb", "$demo/etc/cdb";
is((IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port)
    || die)->getline, undef, 'denied by access.cdb');
Pop::spew($access, "10.0.0.0/8:allow\n127.:deny\n");
like(`$Pop::TOP/scripts/rebuild-cdb $demo/etc/cdb 2>&1`,
    qr{access:1: tcprules takes this address and never}, 'a bad address');
Pop::spew($access, $rules);
system "$Pop::TOP/scripts/rebuild-cdb", "$demo/etc/cdb";
like(session()->{greeting}, qr/^\+OK/, 'and allowed again');

# The limit: forty sessions, and the next one waits for a place.
my @many = map { session() } 1 .. 40;
is(scalar(grep { defined && ($_->{greeting} || '') =~ /^\+OK/ } @many), 40,
    'forty sessions at once');
my $late = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port);
ok(!IO::Select->new($late)->can_read(0.5), 'the next one waits');
$many[0]->cmd('QUIT');
ok(IO::Select->new($late)->can_read($Pop::PATIENCE), 'till one ends');
@many = ();

# s6 starts it again.
my ($up) = `s6-svstat $demo/scan/qpopper` =~ /pid (\d+)/;
kill 'KILL', $up;
ok(wait_for(sub { `s6-svstat $demo/scan/qpopper` =~ /pid (\d+)/ &&
    $1 != $up }), 'supervised');
ok(wait_for(sub { my $t = eval { session() }; $t && $t->{greeting} }),
    'and it serves again');

# Also with sessions that are still open.
my $open = session();
my $start = time;
stop_demo();
cmp_ok(time - $start, '<', 20, 'make stop');
ok(!IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port),
    'nothing listens any more');
is(`ps -e -o args= | grep -F '$demo' | grep -v grep`, '', 'all of it');
done_testing;
