#!/usr/bin/perl
# logcheck: with our file each line of a normal day is left out of its mail, and
# all that somebody should look at stays in, whatever else Debian's
# logcheck-database has.  The lines are those of the real programs.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Mbox;
use MIME::Base64;
use Pop;
use POSIX qw(strftime);
use Test::More;
use Tls;
use Unpacked;
use Wrapper;

my $ours = "$Pop::TOP/contrib/logcheck/popper";
my $set = "set log-login\nset statistics\nset timing\n";
my $host = Pop->new(users => [qw(alice bob)], conf => $set);
my $dir = $host->{dir};
my $now = time;
my %head = (
	syslog => strftime('%b %e %H:%M:%S mail ', localtime $now),
	# as rsyslog has it: a file's stamp has 32 characters
	rfc3339 => strftime('%Y-%m-%dT%H:%M:%S.012345+02:00 mail.test ',
	    localtime $now),
);

# The lines that a file of patterns takes, as logcheck reads such a file.
sub taken {
	my ($file, $text) = @_;
	my $rules = Pop::slurp($file) // die "$file: $!";
	Pop::spew("$dir/rules", $rules =~ s/^(?:#.*|\s*)\n//mgr);
	Pop::spew("$dir/lines", $text);
	open my $out, '-|', 'grep', '-E', '--text', '-f', "$dir/rules",
	    "$dir/lines" or die;
	local $/;
	my $got = <$out>;
	close $out;
	die 'grep failed' if $? >> 8 > 1;
	return $got // '';
}

# The texts that stay, of lines as a syslog has them.
sub shown {
	my ($head, $log) = @_;
	my $text = $log =~ s/^/$head/mgr;
	my %gone = map { $_ => 1 } split /\n/, taken($ours, $text);
	return map { s/^\Q$head\E\w+\[\d+\]: //r } grep { !$gone{$_} }
	    split /\n/, $text;
}

sub client {
	my ($opt, @say) = @_;
	my $s = $host->connect(%$opt);
	$s->put("$_\r\n") for @say;
	$s->rest;
	$s->wait_end;
}

my %env = (TCPREMOTEIP => '2001:db8::7', TCPREMOTEHOST => 'a-b.example.org');
my %named = (env => \%env);
my %small = (env => { %env, TCPREMOTEHOST => undef });

# --- a normal day
$host->spool('alice', join '', map { Mbox::message($_) } 1 .. 3);
client({}, 'CAPA', 'USER alice', 'PASS secret', 'LIST', 'RETR 1', 'DELE 1',
    'QUIT');
client(\%named, 'USER alice', 'PASS secret', 'DELE 1', 'RETR 1', 'RETR 99',
    'TOP', 'STLS', 'UIDL x y', 'LIST %n', 'XYZZY', 'QUIT');
client(\%small, 'STLS', 'AUTH GSSAPI', 'AUTH PLAIN', '*', 'XYZZY', 'USER',
    'USER x y', 'STAT', 'AUTH PLAIN ' . encode_base64("\0bob\0secret", ''),
    'NOOP', 'QUIT');
{
	my $s = $host->connect(%named);
	like($s->apop('bob', 'tanstaaf'), qr/^\+OK/, 'APOP');
	$s->quit;
	# gone without QUIT, after log-in and before
	$s = $host->login('alice', %small);
	$s->wait_end;
	$host->connect(%$_)->wait_end for \%named, {};
	$host->configure("${set}set tls-client-name = cn\n");
	client({ env => { %env, %Wrapper::TLS, SSL_CLIENT_VERIFY => 'SUCCESS',
	    SSL_CLIENT_S_DN => 'CN=bob, O=Some "Firm"',
	    SSL_CLIENT_S_DN_CN => 'bob' } }, 'AUTH EXTERNAL =', 'QUIT');
	$host->configure("${set}set timeout = 1\n");
	my @slow = ($host->connect(%small), $host->login('alice', %named));
	for (@slow) {
		$_->rest;
		$_->wait_end;
	}
	$host->configure($set);
}
# passwords that were changed
is(system('sh', '-c', 'printf "user alice\npass x\nnewpass y\nquit\n" |
    TCPREMOTEIP=192.0.2.1 "$0" -e "$1" sh -c "cat >/dev/null" 2>>"$2" |
    grep -q "^200.*hanged"', "$Pop::BUILD/poppassd", "$dir/empty",
    $host->{log}), 0, 'a password is changed');
my $normal = $host->log_text;
for (qr/POP login/, qr/: apop "bob"$/, qr/: Certificate of /, qr/: Stats: bob 0 0 0 0 /,
    qr/\(normal\) auth/, qr/\(error\) auth/, qr/POP EOF/, qr/: Timeout \(/,
    qr/POP timeout/, qr/Unknown command: "xyzzy"/, qr/Unknown auth/,
    qr/not valid at/, qr/Too few/, qr/Too many/, qr/is not a number/,
    qr/has been deleted/, qr/Message 99 does/, qr/TLS is not on offer/,
    qr/cancelled/, qr/^poppassd.*: password of "alice" changed/) {
	my $re = $_;
	ok(scalar(grep { /$re/ } split /\n/, $normal), "a normal day has $re");
}
# A Python client ends without close_notify; scanners end in a hello, or say
# no more.
for ([ 'connection with 127\.0\.0\.1 was cut off', sub {
		my $client = $_[0]->shaken;
		$client->fin;
		return $client;
	} ],
    [ 'handshake with 127\.0\.0\.1 was cut off', sub {
		my $client = $_[0]->client;
		$client->wire("\x16\x03\x01\x01\x00\x01");
		$client->fin;
		return $client;
	} ],
    [ 'handshake with 127\.0\.0\.1 took too long', sub {
		return $_[0]->client;
	} ]) {
	my ($line, $run) = @$_;
	my $c = Tls->new->start(args => ['-t', $line =~ /too long/ ? 1 : 30]);
	my $client = $run->($c);
	Tls::until_true(sub { $c->log_text ne '' });
	like($c->log_text, qr/$line/, $line);
	$normal .= $c->log_text;
}
for (sort keys %head) {
	is(join("\n", shown($head{$_}, $normal)), '', "a normal day, $_");
}

# multilog's stamps, made syslog's as the manual says
{
	my $main = "$dir/main";
	open my $to, '|-', 'multilog', 't', $main or die;
	print $to $normal, "popper[1]: Possible probe\n";
	close $to;
	my ($made) = Pop::slurp("$Pop::TOP/docs/operating.md") =~
	    /(TZ=UTC0 tai64nlocal \|\n +sed -E "[^\n]*")/ or die;
	my $got = `<$main/current $made`;
	my $stamp = strftime('%Y-%m-%dT%H:', gmtime $now + 10);
	like($got, qr/\A\Q$stamp\E/, 'the time, in UTC, by TAI');
	my $left = taken($ours, $got);
	is(($left =~ tr/\n//), ($normal =~ tr/\n//), 'a normal day of multilog');
	unlike($left, qr/probe/, 'and not the probe');
}

# --- what somebody should see: a session, and the lines that stay
my $quick = ' at \S+ \(\S+\): -ERR ';
my @alarms = (
	[ 'a wrong password', sub {
		client(\%named, 'USER alice', 'PASS wrong');
	}, qr/\[AUTH\] Failed attempted login to alice from host \(\S+\) \S+/,
	    qr/Log-in of alice refused: the proof is wrong/,
	    qr/alice$quick\[AUTH\] .*/ ],
	[ 'nobody of this name', sub {
		client({}, 'APOP nemo ' . '0' x 32);
	}, qr/\[AUTH\] Failed attempted login to nemo from host \(\S+\) \S+/,
	    qr/Log-in of nemo refused: no such user/,
	    qr/(?:nemo|\(null\))$quick\[AUTH\] .*/ ],
	[ 'a user who may not', sub {
		Pop::spew("$dir/deny", "bob\n", 0644);
		$host->configure("${set}set nonauth-file = $dir/deny\n");
		client({}, 'USER bob', 'PASS secret');
		$host->configure($set);
	}, qr/\[AUTH\] Failed attempted login to bob .*/,
	    qr/Log-in of bob refused: the lists of users say no/,
	    qr/bob$quick\[AUTH\] .*/ ],
	[ 'a probe', sub {
		client(\%named, 'USER alice', 'QUIT');
	}, qr/Possible probe of account alice from host \S+ \(\S+\)/ ],
	[ 'a name that is none', sub {
		client(\%named, 'USER ../../etc/passwd', 'QUIT');
	}, qr/\(null\)$quick.*user name\./ ],
	[ 'a line that is too long', sub {
		client(\%named, 'x' x 600, 'QUIT');
	}, qr/\(null\)$quick.*too long\./ ],
	[ 'two sessions', sub {
		my $s = $host->login('alice');
		client({}, 'USER alice', 'PASS secret');
		$s->quit;
	}, qr/alice$quick\[IN-USE\] .*lock.*/ ],
	[ 'a spool of something else', sub {
		$host->spool('bob', "no mail\n");
		client({}, 'USER bob', 'PASS secret');
	}, qr/bob$quick\[SYS\/PERM\] .*\/spool\/bob .*/ ],
	[ 'a spool that was rewritten after a crash', sub {
		$host->spool('bob', Mbox::message(1));
		my $s = $host->login('bob');
		kill 'KILL', $s->{pid};
		$s->wait_end;
		Pop::spew("$dir/spool/.bob.pop", 'no mail', 0600);
		client({}, 'USER bob', 'PASS secret');
	}, qr/.*bob.*/ ],
	[ 'secrets that others can write to', sub {
		chmod 0666, "$dir/cdb/secrets.cdb";
		client({}, 'USER bob', 'PASS secret');
	}, qr/.*secrets\.cdb.*/, qr/.*\[SYS\/TEMP\] .*/ ],
	[ 'a configuration that is wrong', sub {
		$host->configure("set no-such-option\n");
		client({}, 'QUIT');
		$host->configure($set);
	}, qr/.*no-such-option.*/ ],
	[ 'more sessions than an address can have', sub {
		my %limited = (before => ["$Pop::BUILD/poplimit", '-n', 1, '-d',
		    "$dir/run"]);
		my $s = $host->login('alice', %limited);
		client(\%limited, 'QUIT');
		$s->quit;
	}, qr/192\.0\.2\.1 has 1 sessions already: refused/ ],
	[ 'an old password that is refused', sub {
		system('sh', '-c', 'printf "user alice\npass x\n" |
		    TCPREMOTEIP=192.0.2.1 "$0" -e "$1" sh -c "exit 1" \
		    2>>"$2" >/dev/null', "$Pop::BUILD/poppassd", "$dir/empty",
		    $host->{log});
	}, qr/password of "alice" not changed from .*/ ],
	[ 'a client that does not speak TLS', sub {
		my $c = Tls->new->start;
		my $client = $c->client;
		$client->wire("QUIT\r\n" x 10);
		Tls::until_true(sub { $c->log_text ne '' });
		Pop::spew($host->{log}, $c->log_text);
	}, qr/TLS handshake with 127\.0\.0\.1 failed: .*/ ],
	# names that would like to be a line of a normal day
	[ 'a host with a forged name', sub {
		client({ env => { %env, TCPREMOTEHOST =>
		    'h (192.0.2.9): -ERR POP timeout' } }, 'USER alice',
		    'PASS wrong');
	}, qr/\[AUTH\] Failed .*/, qr/Log-in of alice refused.*/,
	    qr/alice at 2001:db8::7 .*/ ],
	[ 'a user with a forged name', sub {
		client({}, 'USER x@h(normal)auth=0', 'PASS x');
	}, qr/\[AUTH\] Failed .*/, qr/Log-in of x\@h.*/, qr/x\@h.*/ ],
);
# Each on a mail host of its own, because refusals take their time.
for (@alarms) {
	my $pid = open my $out, '-|';
	die "fork: $!" unless defined $pid;
	if (!$pid) {
		$host = Pop->new(users => [qw(alice bob)], conf => $set);
		$dir = $host->{dir};
		$_->[1]->();
		print $host->log_text;
		exit;
	}
	$_->[1] = $out;
}
my $all = $normal;
for (@alarms) {
	my ($name, $out, @stays) = @$_;
	my $log = join '', <$out>;
	ok(close $out, $name);
	my $want = join '\n', @stays;
	like(join("\n", shown($head{$_}, $log)), qr/\A$want\z/, "$name: $_")
	    for sort keys %head;
	$all .= $log;
}

# lines that were lost are told in front of the next one
is(scalar(shown($head{syslog}, "popper[1]: (3 lines lost) apop \"bob\"\n")),
    1, 'lost lines stay');

# --- as Debian has it: nothing of ours is in its files, nor is it an attack
SKIP: {
	my $root = Unpacked::root('logcheck-database');
	skip 'the package logcheck-database cannot be had', 1 unless $root;
	my %took;
	for my $file (glob "$root/etc/logcheck/*.d/*") {
		for (sort keys %head) {
			my $got = taken($file, $all =~ s/^/$head{$_}/mgr);
			$took{$file =~ s{.*/logcheck/}{}r} = $got if $got ne '';
		}
	}
	is_deeply(\%took, {}, 'no other file has to do with it');
	# which dates it has, and that there is no other file of this name
	my $rule = Pop::slurp("$root/etc/logcheck/ignore.d.server/qpopper");
	my ($date) = $rule =~ /^(\^\(.*?\) \S+) /;
	is_deeply([grep { !/^#|^\Q$date\E / } split /\n/, Pop::slurp($ours)], [],
	    'ours begin as its own do');
	ok(!-e "$root/etc/logcheck/$_/popper", "$_ has no popper")
	    for qw(ignore.d.server ignore.d.paranoid ignore.d.workstation);
}
done_testing;
