#!/usr/bin/perl
# Log lines that other programs read, and that nobody can forge.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Mbox;
use Pop;
use Test::More;

my $host = Pop->new(conf => "set reverse-lookup\nset log-login\nset statistics\nset timing\n");
$host->spool('alice', join '', map { Mbox::message($_, "x\n") } 1 .. 3);
my $where = 'client.example.org \(192.0.2.1\)';
my %env = (TCPREMOTEHOST => 'client.example.org');

my $s = $host->login('alice', env => \%env);
my ($size) = $s->cmd('LIST 2') =~ /(\d+)$/;
my ($all) = $s->cmd('STAT') =~ /(\d+)$/;
$s->cmd('DELE 2');
$s->cmd('RETR 99');
$s->quit;
my $left = $all - $size;
for (qr/\(v[0-9.]+\) POP login by user "alice" at \(client.example.org\) 192.0.2.1/,
    qr/Stats: alice 1 $size 2 $left client.example.org 192.0.2.1/,
    qr/Timing for alice\@client.example.org \(normal\) auth=0 init=0 clean=0/,
    qr/alice at $where: -ERR Message 99 does not exist\./) {
	like($host->log_text, qr/^popper\[\d+\]: $_$/m, "$_");
}
like($host->log_text, qr/^popper\[$s->{pid}\]: /m, 'the pid that was started');

# logwatch's pattern for the login line
my ($login) = $host->log_text =~ /^popper\[\d+\]: (.*POP login.*)$/m;
like($login,
    qr/^\(v[0-9.]+\) POP login by user "?[^ ]+"? at \([^ ]+\) ([^ ]+)$/,
    'logwatch knows it');

# L08: with -R the address stands in the name's place.
$s = $host->login('alice', env => \%env, args => ['-R']);
$s->quit;
like($host->log_text, qr/Stats: alice 0 0 2 \d+ 192.0.2.1 192.0.2.1$/m, '-R');

# timing: what took a second, each in a session of its own, all at once.
{
	my $mail = Pop->new(users => [qw(alice bob carol)],
	    conf => "set timing\nreset update-status-headers\n");
	my $spool = "$mail->{dir}/spool";
	$mail->spool($_, Mbox::message(1)) for qw(alice bob carol);
	my $auth = $mail->connect;
	my $init = $mail->connect;
	$init->cmd('USER bob');
	my $clean = $mail->login('carol');
	$clean->cmd('DELE 1');
	my $end = time + $Pop::PATIENCE;
	Pop::spew("$spool/$_.lock", "1\n", 0644) for qw(bob carol);
	$init->put("PASS secret\r\n");
	$clean->put("QUIT\r\n");
	# they wait when the files that they link are there
	until ((-e "$spool/.bob.lk" && -e "$spool/.carol.lk") || time > $end) {
		select undef, undef, undef, 0.005;
	}
	select undef, undef, undef, 1.1;
	unlink "$spool/$_.lock" for qw(bob carol);
	$auth->cmd('USER alice');
	like($_->line, qr/^\+OK/, 'the lock is gone') for $init, $clean;
	$auth->cmd('PASS secret');
	$_->quit for $init, $auth;
	$clean->wait_end;
	my $text = $mail->log_text;
	for (['alice', '[1-9]\d*', 0, 0], ['bob', 0, '[1-9]\d*', 0],
	    ['carol', 0, 0, '[1-9]\d*']) {
		my ($user, @took) = @$_;
		like($text, qr/: Timing for $user\@\S+ \(normal\) auth=$took[0] init=$took[1] clean=$took[2]$/m,
		    "timing: $user");
	}
}

# pop-before-smtp's pattern, of the manual: the time, and the address that the
# kernel has
{
	my ($pat) = Pop::slurp("$Pop::TOP/docs/operating.md") =~
	    /^    \$pat = '(.*)';$/m or die;
	$host->configure("set log-login\nset statistics\n");
	$s = $host->login('alice', env => { TCPREMOTEIP => '192.0.2.2',
	    TCPREMOTEHOST => 'x) 192.0.2.66' });
	$s->quit;
	$s = $host->connect(env => { TCPREMOTEIP => '192.0.2.66',
	    TCPREMOTEHOST => 'at (h) 192.0.2.66' });
	$s->cmd('USER Stats');
	$s->cmd('PASS wrong');
	$s->rest;
	$s->wait_end;
	my %n;
	for (split /\n/, $host->log_text) {
		# as inetd.conf may call it, too
		for my $line ($_, "q$_", "in.q$_") {
			$n{"$1 $2"}++ if "Nov  2 08:15:01 mail $line" =~ $pat;
		}
	}
	is_deeply(\%n, { 'Nov  2 08:15:01 192.0.2.1' => 12,
	    'Nov  2 08:15:01 192.0.2.2' => 6 }, 'pop-before-smtp knows who');
}

# log-login as configured, with quotes of another kind inside.
$host->configure(qq{set reverse-lookup\nset log-login = '%%1=<%1> "%3" v%0 %2'\n});
$s = $host->login('alice', env => \%env);
$s->quit;
like($host->log_text,
    qr/: %alice=<alice> "192.0.2.1" v[0-9.]+ client.example.org$/m,
    'log-login');

# Nothing that a client says makes a line, a control character or a format.
my $before = () = $host->log_text =~ /\n/g;
$s = $host->connect(env => { TCPREMOTEHOST => "evil\npopper[1]: x" });
$s->cmd("FOO\x1b[2J%s%n\x07\"\n");
$s->cmd("USER al\x0bice");
$s->cmd("RETR\x7f 1");
$s->cmd('%n%n%s' x 50);
$s->quit;
my $text = $host->log_text;
unlike($text, qr/[^\n\x20-\x7e]/, 'only printable characters');
unlike($text, qr/^popper\[1\]/m, 'no forged line');
is((() = $text =~ /^(?!popper\[\d+\]: )/mg), 0, 'every line has its prefix');
cmp_ok(length $_, '<=', 1024, 'a short line') for grep { length > 1000 }
    split /\n/, $text;

# Secrets stand nowhere, also with debug.
$host->configure("set debug\nset tracefile = $host->{dir}/trace\n");
$s = $host->login('alice');
$s->quit;
$s = $host->connect;
$s->apop('alice', 'tanstaaf');
$s->quit;
$s = $host->connect;
$s->cmd('USER alice');
$s->cmd('PASS hunter2');
$s->wait_end;
my $trace = Pop::slurp("$host->{dir}/trace");
like($trace, qr/alice: pass \(hidden\)/, 'debug shows the command');
like($trace, qr/apop "alice"/, 'APOP log-in');
unlike("$text$trace", qr/secret|tanstaaf|hunter2/, 'and never the secret');
like($trace, qr/^\w{3} [ \d]\d \d\d:\d\d:\d\d popper\[\d+\]: /,
    'a trace file has time stamps');

# A trace file has what debug shows, unless that is reset behind it.
for (['', qr/alice: stat/], ["reset debug\n", undef]) {
	my ($more, $shown) = @$_;
	my $file = "$host->{dir}/trace" . ($shown ? 1 : 2);
	$host->configure("set tracefile = $file\nset shy\n$more" .
	    "set statistics\n");
	$s = $host->login('alice');
	$s->cmd('STAT');
	$s->quit;
	my $text = Pop::slurp($file);
	like($text, qr/ popper\[\d+\]: Stats: alice /, 'lines move there');
	if ($shown) {
		like($text, $shown, 'debugging lines, too');
		like($text, qr/qpopper.conf:\d+: option shy is set/,
		    'and options behind it');
	} else {
		is((() = $text =~ /stat\b|alice: |option statistics/g), 0,
		    'no debugging lines');
	}
}

# fd 2 that is the client's socket, or closed: never a log line to the client.
$host->configure('');
for ({ stderr_socket => 1 }, { no_stderr => 1 }) {
	$s = $host->connect(%$_);
	$s->cmd('FOO');
	$s->cmd('USER alice');
	$s->cmd('PASS secret');
	$s->cmd('BAR');
	is($s->quit, '+OK Pop server at mail.test signing off.',
	    'QUIT, with no log on fd 2');
	unlike($s->{raw}, qr/^(?!\+OK|-ERR)./m, 'only replies were sent');
}

# A log that nobody reads costs lines, not the session.
SKIP: {
	skip 'no FIFO', 1 unless eval { require POSIX };
	POSIX::mkfifo("$host->{dir}/full", 0600);
	open my $reader, '+<', "$host->{dir}/full" or die;
	open my $writer, '>', "$host->{dir}/full" or die;
	require Fcntl;
	fcntl $writer, Fcntl::F_SETFL(), Fcntl::O_NONBLOCK();
	1 while syswrite $writer, 'x' x 4096;
	fcntl $writer, Fcntl::F_SETFL(), 0;
	local $host->{log} = "$host->{dir}/full";
	$s = $host->connect;
	$s->put("FOO\r\nUSER alice\r\nPASS secret\r\nSTAT\r\nQUIT\r\n");
	like($s->rest, qr/signing off\.\r\n\z/, 'a full log holds nobody up');
	$s->wait_end;
}
done_testing;
