#!/usr/bin/perl
# Real clients against the real popper under tcpserver: each fetches all
# messages whole, deletes them, and finds nothing the next time.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use IO::Socket::INET;
use Mbox;
use Net::POP3;
use Pop;
use Test::More;
use Time::HiRes qw(time);

my $host = Pop->new;
my $dir = $host->{dir};
# clients refuse to deliver as root, so they run as nobody
my $home = $ENV{HOME} = "$dir/client";
mkdir $home, 0700;
my ($uid, $gid) = (getpwnam 'nobody')[2, 3];
chown $uid, $gid, $home if $host->{root};
# the agents that clients deliver to want plain lines; these are hard enough
my @body = ("plain\n", ".\n..\n.dot\n", "before\n>From inside\nafter\n",
    "\xe4\xf6\xfc\n", '', ('long ' x 180) . "\n",
    join('', map { "line $_\n" } 1 .. 5000));
my $all = join '', map { Mbox::message($_ + 1, $body[$_]) } 0 .. $#body;

# tcpserver takes a port of its own choosing and tells it with -1.
my @server;
my $main = $$;
sub serve {
	my ($name) = @_;
	pipe my $reader, my $writer or die;
	my $server = fork;
	if ($server == 0) {
		open STDOUT, '>&', $writer;
		open STDERR, '>>', $host->{log};
		$ENV{ASAN_OPTIONS} ||= '';
		exec qw(tcpserver -1HRD -l), $name, qw(127.0.0.1 0),
		    $Pop::POPPER, '-f', $host->{conf};
	}
	push @server, $server;
	close $writer;
	chomp(my $port = <$reader>);
	return $port;
}
my $port = serve('mail.test');
END {
	if ($$ == $main) {
		local $?;
		kill 'TERM', @server;
		waitpid $_, 0 for @server;
	}
}

# A file of the client's.
sub own {
	my ($file) = @_;
	chown $uid, $gid, $file if $host->{root};
}

sub have {
	my ($program) = @_;
	return grep { -x "$_/$program" } split /:/, $ENV{PATH};
}

# A session may still be ending when its client has gone.
sub over {
	my $end = time + $Pop::PATIENCE;
	while (-e "$dir/spool/.alice.pop") {
		die 'the session does not end' if time > $end;
		select undef, undef, undef, 0.02;
	}
}

sub run {
	my (@cmd) = @_;
	my $out = "$dir/client.out";
	my $pid = fork;
	if ($pid == 0) {
		open STDIN, '<', '/dev/null';
		open STDOUT, '>', $out;
		open STDERR, '>&', \*STDOUT;
		chdir $home;
		if ($host->{root}) {
			$( = $gid;
			$) = "$gid $gid";
			($<, $>) = ($uid, $uid);
		}
		{ no warnings; exec @cmd; }
		POSIX::_exit(127);
	}
	waitpid $pid, 0;
	my $code = $? >> 8;
	over();
	return ($code, Pop::slurp($out));
}

# Bodies as the client stored them, in one mbox.
sub bodies {
	my ($mbox) = @_;
	return map {
		my ($b) = /\A.*?\n\n(.*)\z/s;
		$b =~ s/\n\z//;
		$b =~ s/^>(>*From )/$1/mg;
		$b;
	} grep { length } split /^(?=From \S+ +\w{3} \w{3} )/m, $mbox;
}

sub same {
	my ($name, @got) = @_;
	my @want = @body;
	# one line end more or less at the end is the client's own
	s/\n*\z/\n/ for @got, @want;
	is_deeply(\@got, \@want, "$name: all messages, whole");
}

# curl
{
	$host->spool('alice', $all);
	my $url = "pop3://127.0.0.1:$port/";
	my ($code, $out) = run(qw(curl -sS -u alice:tanstaaf), $url);
	is($code, 0, 'curl: list');
	is(scalar(() = $out =~ /^\d+ \d+\r$/mg), scalar @body, 'curl: LIST');
	my @got;
	for (1 .. @body) {
		($code, $out) = run(qw(curl -sS -u alice:tanstaaf), "$url$_");
		$out =~ s/\r\n/\n/g;
		$out =~ s/\A.*?\n\n//s;
		push @got, $out;
	}
	same('curl', @got);
	($code, $out) = run(qw(curl -sS -u alice:tanstaaf -l -X DELE),
	    "${url}1");
	is($code, 0, 'curl: DELE') or diag($out);
	($code, $out) = run(qw(curl -sS -u alice:tanstaaf -X UIDL), $url);
	is(scalar(() = $out =~ /^\d+ \S+\r$/mg), @body - 1, 'curl: UIDL');
	($code) = run(qw(curl -sS -u alice:wrong), $url);
	is($code, 67, 'curl: refused');
	for (['PLAIN', 'secret'], ['LOGIN', 'secret'], ['CRAM-MD5', 'tanstaaf']) {
		my ($auth, $secret) = @$_;
		($code, $out) = run(qw(curl -sSv --login-options), "AUTH=$auth",
		    '-u', "alice:$secret", $url);
		is($code, 0, "curl: $auth") or diag($out);
		like($out, qr/^> AUTH $auth/m, "curl: by AUTH $auth");
	}
}

# Net::POP3
{
	$host->spool('alice', $all);
	my $pop = Net::POP3->new('127.0.0.1', Port => $port, Timeout => 30);
	is($pop->apop('alice', 'tanstaaf'), scalar @body, 'Net::POP3: APOP');
	my @got = map { join '', @{ $pop->get($_) } } 1 .. @body;
	same('Net::POP3', map { s/\A.*?\n\n//sr } @got);
	is(length($pop->uidl(1)), 20, 'Net::POP3: UIDL');
	is($pop->last, scalar @body, 'Net::POP3: LAST');
	$pop->reset;
	is($pop->last, 0, 'Net::POP3: RSET');
	is(scalar @{ $pop->top(7, 3) }, 7, 'Net::POP3: TOP');
	$pop->delete($_) for 1 .. @body;
	$pop->quit;
	over();
	$pop = Net::POP3->new('127.0.0.1', Port => $port, Timeout => 30);
	is($pop->login('alice', 'secret'), '0E0', 'Net::POP3: PASS, and empty');
	$pop->quit;
	over();
}

SKIP: {
	skip 'no fetchmail', 9 unless have('fetchmail');
	# as a rule it takes CRAM-MD5 where that is named
	for (['any', 'tanstaaf', 'AUTH CRAM-MD5'], ['password', 'secret', 'USER'],
	    ['cram-md5', 'tanstaaf', 'AUTH CRAM-MD5']) {
		my ($auth, $secret, $command) = @$_;
		$host->spool('alice', $all);
		unlink "$home/fetched";
		Pop::spew("$home/fetchmailrc", <<"END", 0600);
set no bouncemail
poll 127.0.0.1 port $port protocol pop3 auth $auth
  user alice password $secret sslproto ''
  mda "cat >>$home/fetched; echo >>$home/fetched" fetchall
END
		own("$home/fetchmailrc");
		my ($code, $out) = run('fetchmail', '-v', '-f',
		    "$home/fetchmailrc", '--pidfile', "$home/fetchmail.pid",
		    '--nosyslog');
		is($code, 0, "fetchmail, $auth") or diag($out);
		like($out, qr/POP3> \Q$command\E/, "fetchmail, $auth: $command");
		my $n = () = Pop::slurp("$home/fetched") =~
		    /^Subject: number \d+$/mg;
		is($n . $host->spool('alice'), scalar @body,
		    "fetchmail, $auth: all messages, and deleted");
	}
}

SKIP: {
	skip 'no mpop', 21 unless have('mpop');
	# "on" takes the best that CAPA names
	for (['user', 'secret', 'USER'], ['apop', 'tanstaaf', 'APOP'],
	    ['plain', 'secret', 'AUTH PLAIN'], ['login', 'secret', 'AUTH LOGIN'],
	    ['cram-md5', 'tanstaaf', 'AUTH CRAM-MD5'],
	    ['scram-sha-256', 'tanstaaf', 'AUTH SCRAM-SHA-256'],
	    ['on', 'tanstaaf', 'AUTH SCRAM-SHA-256']) {
		my ($auth, $secret, $command) = @$_;
		$host->spool('alice', $all);
		unlink "$home/mpop.mbox", "$ENV{HOME}/uidls";
		Pop::spew("$home/mpoprc", <<"END", 0600);
account default
host 127.0.0.1
port $port
user alice
password $secret
auth $auth
tls off
keep off
uidls_file $ENV{HOME}/uidls
delivery mbox $home/mpop.mbox
END
		own("$home/mpoprc");
		my ($code, $out) = run('mpop', '-d', '-C', "$home/mpoprc", '-Q');
		is($code, 0, "mpop: $auth") or diag($out);
		like($out, qr/^--> \Q$command\E/m, "mpop: $auth is $command");
		same("mpop: $auth", bodies(Pop::slurp("$home/mpop.mbox") || ''));
	}
}

# APOP, whatever the server's name is: mpop and fetchmail look at the stamp,
# and say no more if it is none to them.
SKIP: {
	skip 'no mpop', 14 unless have('mpop') && have('fetchmail');
	$host->spool('alice', '');
	for my $name ('mail.example.org', 'MAIL.Example.ORG', 'mail', '0',
	    '192.0.2.1', '1and1.example.org', 'my_host.example.org',
	    '-x-.example.org', 'mail.example.org.', 'mail..example.org',
	    '.example.org', join('.', ('a' x 62) x 2), '[192.0.2.1]',
	    'a~b c') {
		my $there = serve($name);
		Pop::spew("$home/mpoprc", <<"END", 0600);
account default
host 127.0.0.1
port $there
user alice
password tanstaaf
auth apop
tls off
uidls_file $home/uidls
delivery mbox $home/mpop.mbox
END
		Pop::spew("$home/fetchmailrc", <<"END", 0600);
set no bouncemail
poll 127.0.0.1 port $there protocol apop
  user alice password tanstaaf sslproto '' mda "cat"
END
		own("$home/$_") for 'mpoprc', 'fetchmailrc';
		my ($code, $out) = run('mpop', '-C', "$home/mpoprc", '-Q');
		# 1: there is no mail
		my ($code2, $out2) = run('fetchmail', '-f',
		    "$home/fetchmailrc", '--pidfile', "$home/fetchmail.pid",
		    '--nosyslog');
		is("$code $code2", '0 1', "APOP at \"$name\"") or
		    diag($out, $out2);
		my $server = pop @server;
		kill 'TERM', $server;
		waitpid $server, 0;
	}
}

SKIP: {
	skip 'no getmail', 2 unless have('getmail');
	$host->spool('alice', $all);
	Pop::spew("$home/getmail.mbox", '', 0600);
	own("$home/getmail.mbox");
	Pop::spew("$home/getmailrc", <<"END", 0600);
[retriever]
type = SimplePOP3Retriever
server = 127.0.0.1
port = $port
username = alice
password = secret
[destination]
type = Mboxrd
path = $home/getmail.mbox
[options]
delete = true
END
	own("$home/getmailrc");
	my ($code, $out) = run('getmail', '-q', '--getmaildir', $home,
	    '--rcfile', "$home/getmailrc");
	is($code, 0, 'getmail') or diag($out);
	same('getmail', bodies(Pop::slurp("$home/getmail.mbox")));
}
done_testing;
