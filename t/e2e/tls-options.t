#!/usr/bin/perl
# The tls- options: the command line of poptls that they make, and how a popper
# without a wrapper starts it.  poptls is a program of this test's here: it
# tells how it was started, and relays plain octets.
use strict;
use warnings;
use File::Copy qw(copy);
use FindBin;
use lib "$FindBin::Bin/../lib";
use IO::Socket::INET;
use Mbox;
use Pop;
use Test::More;

my $host = Pop->new;
my $dir = $host->{dir};
mkdir "$dir/bin";
copy($Pop::POPPER, "$dir/bin/popper") or die $!;
chmod 0755, "$dir/bin/popper";
my $popper = $Pop::POPPER = "$dir/bin/popper";
my $ran = "$dir/ran";
my @env = (env => { TLS_TEST => 1 });
$host->spool('alice', join '', map { Mbox::message($_) } 1 .. 3);

sub poptls {
	my ($does) = @_;
	Pop::spew("$dir/bin/poptls", <<'END' . $does, 0755);
#!/usr/bin/perl
use strict;
use Fcntl qw(F_SETFD);
use Getopt::Std;
use IO::Select;
use Socket;
my @hold;
do {
	open my $h, '<', '/dev/null';
	fcntl $h, F_SETFD, 1;
	push @hold, $h;
} while fileno $hold[-1] < 3;
(my $ran = $0) =~ s{bin/poptls\z}{ran};
open my $to, '>>', $ran;
print $to join(' ', @ARGV), "\n", join(' ', map { "$_=$ENV{$_}" }
    grep { /^(SSL|TCP|POPPER)/ } sort keys %ENV), "\n",
    join(' ', map { -S "/proc/self/fd/$_" ? $_ : () } 0 .. 2), "\n",
    defined $SIG{PIPE} ? $SIG{PIPE} : 'default', "\n";
close $to;
getopts('sc:k:n:a:rp:v:t:e:', \my %opt) or exit 100;
delete $ENV{$_} for grep { /^SSL/ } keys %ENV;
sub relay {
	my ($plain) = @_;
	open my $client, '+<&=', 0;
	my %other = (fileno $client, $plain, fileno $plain, $client);
	my $sel = IO::Select->new($client, $plain);
	while (my @ready = $sel->can_read) {
		for (@ready) {
			exit unless sysread $_, my $data, 65536;
			syswrite $other{fileno $_}, $data;
		}
	}
}
END
}
# On request, or at once, as the letters say.
my $GOOD = <<'END';
my $tell = "SSL_PROTOCOL=TLSv1.2\0SSL_CIPHER=x\0\0";
socketpair my $data, my $plain, AF_UNIX, SOCK_STREAM, PF_UNSPEC;
socketpair my $control, my $ours, AF_UNIX, SOCK_STREAM, PF_UNSPEC;
if (fork == 0) {
	close $_ for $data, $control;
	if ($opt{s}) {
		sysread $ours, my $y, 1 or exit;
		syswrite $ours, $tell;
		close $ours;
	}
	relay($plain);
}
fcntl $_, F_SETFD, 0 for $data, $control;
if ($opt{s}) {
	@ENV{qw(SSLCTLFD SSLREADFD SSLWRITEFD)} =
	    (fileno $control, (fileno $data) x 2);
} else {
	%ENV = (%ENV, map { split /=/, $_, 2 } grep { $_ ne '' } split /\0/, $tell);
	open STDIN, '<&', $data;
	open STDOUT, '>&', $data;
}
exec @ARGV;
END
sub started {
	my @told = split /\n/, Pop::slurp($ran) || '';
	unlink $ran;
	return @told;
}
sub conf {
	$host->configure(join '', map { "set $_\n" } @_);
}

# On request.
poptls($GOOD);
conf('tls-support = stls', "tls-server-cert-file = $dir/cert.pem");
{
	my $s = $host->connect(args => ['-s', '-T', 7], @env);
	like($s->{greeting}, qr/^\+OK/, 'stls: the greeting');
	my ($args, $env, $fds, $pipe, @more) = started();
	is($args, "-s -c $dir/cert.pem -t 7 -e $dir/empty $popper -f $host->{conf} -s -T 7",
	    'stls: poptls, its options, and popper as it was started');
	is($fds, '0 1', 'stls: the client is fds 0 and 1');
	is($pipe, 'default', 'stls: signals as they were');
	is_deeply(\@more, [], 'stls: once');
	like($s->cmd('STLS'), qr/^\+OK/, 'stls: STLS');
	$s->cmd('USER alice');
	like($s->cmd('PASS secret'), qr/^\+OK alice has 3/, 'stls: log-in');
	$s->quit;
	ok($host->log_like(qr/^popper\[$s->{pid}\]: Stats: alice/m),
	    'stls: -s counts behind it, and the pid is the same');
}

# At once.
conf('tls-support = alternate-port', "tls-server-cert-file = $dir/cert.pem",
    'clear-text-password = tls');
{
	my $s = $host->connect(@env);
	my ($args) = started();
	is($args, "-c $dir/cert.pem -t 60 -e $dir/empty $popper -f $host->{conf}",
	    'alternate-port: without -s');
	is($s->cmd('STLS'), '-ERR TLS is on already.', 'alternate-port: TLS');
	$s->cmd('USER alice');
	like($s->cmd('PASS secret'), qr/^\+OK/, 'alternate-port: log-in');
	$s->quit;
}

# The letter does the same, and a session without TLS starts nothing.
conf("tls-server-cert-file = $dir/cert.pem");
for my $row (['-l', 0, 0], ['-l', 1, 1], ['-l', 2, 1]) {
	my ($letter, $n, $starts) = @$row;
	my $s = $host->connect(args => [$letter, $n], @env);
	$s->quit;
	is(scalar(my @told = started()) > 0, $starts > 0, "$letter $n");
}

# poplimit's lock comes along.
{
	conf('tls-support = stls', "tls-server-cert-file = $dir/cert.pem");
	my @limit = (before => ["$Pop::BUILD/poplimit", '-n', 1, '-d',
	    "$dir/run"], env => {});
	my $s = $host->connect(@limit);
	like($s->{greeting}, qr/^\+OK/, 'behind poplimit');
	like($host->connect(@limit)->{greeting}, qr/^-ERR .*Too many/,
	    'whose lock is held');
	$s->cmd('STLS');
	$s->cmd('USER alice');
	like($s->cmd('PASS secret'), qr/^\+OK/, 'log-in');
	like($host->connect(@limit)->{greeting}, qr/^-ERR .*Too many/,
	    'still');
	$s->quit;
	started();
}

# inetd: one socket, and no environment.
my $listen = IO::Socket::INET->new(Listen => 5, LocalAddr => '127.0.0.1')
    or die "listen: $!";
for my $how ('stls', 'alternate-port') {
	conf("tls-support = $how", "tls-server-cert-file = $dir/cert.pem",
	    "tracefile = $dir/trace", 'debug', 'statistics');
	my $ours = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
	    PeerPort => $listen->sockport) or die "connect: $!";
	my $theirs = $listen->accept or die "accept: $!";
	my $pid = fork;
	if ($pid == 0) {
		%ENV = (ASAN_OPTIONS => $ENV{ASAN_OPTIONS} || '');
		open STDIN, '<&', $theirs;
		open STDOUT, '>&', $theirs;
		open STDERR, '>&', $theirs;
		exec { $popper } 'qpopper', '-f', $host->{conf};
	}
	close $theirs;
	my $s = bless { sock => $ours, pid => $pid, buf => '', raw => '' },
	    'Pop::Session';
	$s->{greeting} = $s->line;
	my ($args, $env, $fds) = started();
	is($env, 'POPPER_TLS_STARTED=qpopper', "inetd, $how: the environment");
	is($fds, '0 1 2', "inetd, $how: the files");
	like($s->cmd('STLS'), qr/^\+OK/, 'inetd: STLS') if $how eq 'stls';
	$s->cmd('USER alice');
	like($s->cmd('PASS secret'), qr/^\+OK/, "inetd, $how: log-in");
	$s->quit;
	unlike($s->{raw}, qr/^(?!\+OK|-ERR)./m,
	    "inetd, $how: no log line to the client");
	like(Pop::slurp("$dir/trace"), qr/Stats: alice /,
	    "inetd, $how: the log");
	unlink "$dir/trace";
}

# A wrapper that does nothing is not started for ever, and one that is not
# there is told.
my $refusal = "-ERR [SYS/PERM] Unable to process configuration file.\r\n";
for my $how ('stls', 'alternate-port') {
	for my $row (['does nothing', 'exec @ARGV;',
	    qr/.*:8: option tls-support: the wrapper was started, and there is no TLS.*\(\Q$dir\E\/bin\/poptls\)/, 1],
	    ['is not there', undef, qr/Unable to run \Q$dir\E\/bin\/poptls/, 0]) {
		my ($name, $does, $want, $times) = @$row;
		conf("tls-support = $how",
		    "tls-server-cert-file = $dir/cert.pem");
		unlink "$dir/bin/poptls";
		poptls($does) if defined $does;
		my $before = length $host->log_text;
		my $s = $host->connect(silent => 1, @env);
		is($s->rest, $how eq 'stls' ? $refusal : '',
		    "$how: poptls $name: what the client is told");
		is($s->wait_end, 100, "$how: poptls $name: 100");
		like(substr($host->log_text, $before),
		    qr/\Apopper\[\d+\]: $want.*\n\z/,
		    "$how: poptls $name: the log");
		is(scalar(my @told = started()), 4 * $times,
		    "$how: poptls $name: started $times times");
	}
}
what_they_make();

# What the options make.
sub run {
	my (@args) = @_;
	my $pid = fork;
	if ($pid == 0) {
		open STDOUT, '>', "$dir/out";
		open STDERR, '>', "$dir/err";
		exec @args;
	}
	waitpid $pid, 0;
	return ($? >> 8, Pop::slurp("$dir/out"), Pop::slurp("$dir/err"));
}
sub words {
	my ($text) = @_;
	my (undef, $out) = run('sh', '-c',
	    'eval "set -- $1"; printf "%s\n" "$@"', 'sh', $text);
	return [split /\n/, $out];
}

sub what_they_make {
	conf();
	my $cert = 'tls-server-cert-file = /c.pem';
	my @c = ('-c', '/c.pem');
	my @t = ('-t', 60);
	for my $row (['' => ()], ['tls-support = default'], ['tls-support = none'],
	    ["tls-support = none\n$cert"],
	    ["tls-support = stls\n$cert", '-s', @c, @t],
	    ["tls-support = alternate-port\n$cert", @c, @t],
	    ["tls-support = stls\n$cert\ntls-private-key-file = /k.pem", '-s', @c,
		'-k', '/k.pem', @t],
	    ["tls-support = stls\ntls-identity-file = /i.pem", '-s', '-c', '/i.pem',
		@t],
	    ["tls-support = stls\ntls-identity-file = /i.pem\n" .
		'tls-private-key-file = /k.pem', '-s', '-c', '/i.pem', '-k',
		'/k.pem', @t],
	    ["tls-support = stls\ntls-server-cert-file = \"/it's a \\ \$x.pem\"",
		'-s', '-c', "/it's a \\ \$x.pem", @t],
	    ["tls-support = stls\n$cert\ntls-names-dir = /n\n" .
		"tls-client-ca-file = /a.pem\ntls-client-required\n" .
		"tls-cipher-list = \"A B\"\ntls-version = TLSv1\ntimeout = 600",
		'-s', @c, '-n', '/n', '-a', '/a.pem', '-r', '-p', 'A B', '-v',
		'TLSv1', @t],
	    ["tls-support = stls\n$cert\ntls-version = TLSv1.1\ntimeout = 5",
		'-s', @c, '-v', 'TLSv1.1', '-t', 5],
	    (map { ["tls-support = stls\n$cert\ntls-version = $_", '-s', @c, @t] }
		qw(default all SSLv23 TLSv1.2)),
	    ["tls-support = stls\n$cert\nempty-dir = /e", '-s', @c, @t, '-e',
		'/e']) {
		my ($lines, @want) = @$row;
		Pop::spew("$dir/c", join('', map { "set $_\n" }
		    split /\n/, $lines), 0644);
		my ($code, $out, $err) = run($popper, '--print-tls', '-f', "$dir/c");
		is($code, 0, "--print-tls: $lines");
		is_deeply(words($out), [@want ? ("$dir/bin/poptls", @want) : ()],
		    'its words');
		is($err, '', 'and no error');
		is((run($popper, '--check-config', '-f', "$dir/c"))[0], 0,
		    'nor has --check-config one');
	}
	for my $row (["tls-support = stls",
		qr/c:1: option tls-support: needs a certificate/],
	    ["shy\ntls-support = alternate-port\ntls-private-key-file = /k",
		qr/c:2: option tls-support: needs a certificate/],
	    ["tls-support = stls\n$cert\ntls-identity-file = /i",
		qr/c:3: option tls-identity-file: names the certificate, and so/],
	    ["tls-support = stls\n$cert\ntls-client-required",
		qr/c:3: option tls-client-required: needs tls-client-ca-file/],
	    ["tls-version = SSLv3", qr/c:1: option tls-version: this value is not safe/],
	    ["tls-passphrase = x",
		qr/c:1: option tls-passphrase: this file can be read by others/]) {
		my ($lines, $want) = @$row;
		Pop::spew("$dir/c", join('', map { "set $_\n" }
		    split /\n/, $lines), 0644);
		for my $mode ('--print-tls', '--check-config') {
			my ($code, $out, $err) = run($popper, $mode, '-f', "$dir/c");
			is($code, 100, "$mode: 100");
			is($out, '', "$mode: nothing printed");
			like($err, qr/\Apopper: \Q$dir\E\/$want.*\n\z/, "$mode: $want");
		}
		my $before = length $host->log_text;
		my $s = $host->connect(args => ['-f', "$dir/c"], silent => 1);
		is($s->rest, $lines =~ /alternate/ ? '' : $refusal,
		    'a session: refused');
		like(substr($host->log_text, $before), $want, 'and in the log');
	}
	like((run($popper, '--print-tls', '-l', 1))[2],
	    qr/^popper: command line: option tls-support: needs a certificate/,
	    'of the command line');
	passphrase($cert);
	notes();
}

# An encrypted key: tls-unlock's copy is used, if it is there and new.
sub passphrase {
	my ($cert) = @_;
	my $key = "$dir/key.pem";
	(my $copy = $key) =~ tr{/}{:};
	Pop::spew($key, 'encrypted', 0600);
	Pop::spew("$dir/c", "set tls-support = stls\nset $cert\n" .
	    "set tls-private-key-file = $key\nset tls-passphrase = x\n", 0600);
	my ($code, $out, $err) = run($popper, '--print-tls', '-f', "$dir/c");
	is($code, 100, 'no copy');
	my ($run) = $err =~ m{c:4: option tls-passphrase: there is no decrypted copy of the key: run tls-unlock \((.*)/keys/\Q$copy\E\)};
	ok(defined $run, 'is told, with its name') or diag $err;
	if ($host->{root}) {
		chmod 0640, "$dir/c";
		like((run($popper, '--print-tls', '-f', "$dir/c"))[2],
		    qr/no decrypted copy/, "root's group can read it");
		chown 0, 1, "$dir/c";
		like((run($popper, '--print-tls', '-f', "$dir/c"))[2],
		    qr/can be read by others/, 'another group cannot');
		chown 0, 0, "$dir/c";
		chmod 0600, "$dir/c";
	}
	SKIP: {
		skip 'needs root and mount namespaces', 4
		    if !$host->{root} || !defined $run ||
		    system('unshare -m true 2>/dev/null') != 0;
		my $do = sub {
			my ($time, $file) = @_;
			return run('unshare', '-m', 'sh', '-c',
			    'mount -t tmpfs none /run && mkdir -p "$1/keys" &&
			    touch -r "$6" "$1/keys/$3" &&
			    touch -d "$(stat -c %y "$6") $2" "$1/keys/$3" && exec "$4" --print-tls -f "$5"',
			    'sh', $run, $time, $copy, $popper, "$dir/c", $key);
		};
		($code, $out, $err) = $do->('0 sec');
		is_deeply(words($out), ["$dir/bin/poptls", '-s', '-c', '/c.pem',
		    '-k', "$run/keys/$copy", '-t', 60], 'the copy is used');
		($code, $out, $err) = $do->('1 hour');
		is($code, 100, 'not that of another one');
		like($err, qr/c:4: option tls-passphrase: the decrypted copy is of another key: run tls-unlock/,
		    'which is told');
		# the key is in the certificate's file
		Pop::spew("$dir/c", "set tls-support = stls\n" .
		    "set tls-identity-file = $key\nset tls-passphrase = x\n", 0600);
		($code, $out, $err) = $do->('0 sec');
		is_deeply(words($out), ["$dir/bin/poptls", '-s', '-c', $key,
		    '-k', "$run/keys/$copy", '-t', 60],
		    'and that of an identity file');
	}
}

# Options that mean nothing here.
sub notes {
	Pop::spew("$dir/c", "set tls-options = 0x800\nset tls-workarounds\n", 0644);
	my ($code, $out, $err) = run($popper, '--check-config', '-f', "$dir/c");
	is($code, 0, 'options of OpenSSL are taken');
	is($err, join('', map { "popper: $dir/c:$_->[0]: option $_->[1] means " .
	    "nothing here, see qpopper.conf(5)\n" } [1, 'tls-options'],
	    [2, 'tls-workarounds']), 'and --check-config says what of them');
	like((run($popper, '--print-config', '-f', "$dir/c"))[1],
	    qr/^set tls-options = 2048\t# \Q$dir\E\/c:1, no effect$/m,
	    'and --print-config');
	my $before = length $host->log_text;
	$host->connect(args => ['-d', '-f', "$dir/c"])->quit;
	like(substr($host->log_text, $before),
	    qr/option tls-options is set, and means nothing here$/m,
	    'and the log, with debug');
}

done_testing;
