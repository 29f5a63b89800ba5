#!/usr/bin/perl
# Real clients against the real popper under tcpserver: each fetches all
# messages whole, deletes them, and finds nothing the next time.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Clients;
use Mbox;
use Net::POP3;
use Pop;
use Test::More;

my $c = Clients->new;
my $host = $c->{host};
my $home = $c->{home};
my @body = @Clients::HARD;
my $all = Clients::mbox(@body);
my $port = $c->serve;

sub same {
	my ($name, @got) = @_;
	Clients::same($name, \@got, \@body);
}

# curl
{
	$host->spool('alice', $all);
	my $url = "pop3://127.0.0.1:$port/";
	my ($code, $out) = $c->run(qw(curl -sS -u alice:tanstaaf), $url);
	is($code, 0, 'curl: list');
	is(scalar(() = $out =~ /^\d+ \d+\r$/mg), scalar @body, 'curl: LIST');
	my @got;
	for (1 .. @body) {
		($code, $out) = $c->run(qw(curl -sS -u alice:tanstaaf), "$url$_");
		$out =~ s/\r\n/\n/g;
		$out =~ s/\A.*?\n\n//s;
		push @got, $out;
	}
	same('curl', @got);
	($code, $out) = $c->run(qw(curl -sS -u alice:tanstaaf -l -X DELE),
	    "${url}1");
	is($code, 0, 'curl: DELE') or diag($out);
	($code, $out) = $c->run(qw(curl -sS -u alice:tanstaaf -X UIDL), $url);
	is(scalar(() = $out =~ /^\d+ \S+\r$/mg), @body - 1, 'curl: UIDL');
	($code) = $c->run(qw(curl -sS -u alice:wrong), $url);
	is($code, 67, 'curl: refused');
	for (['PLAIN', 'secret'], ['LOGIN', 'secret'], ['CRAM-MD5', 'tanstaaf']) {
		my ($auth, $secret) = @$_;
		($code, $out) = $c->run(qw(curl -sSv --login-options),
		    "AUTH=$auth", '-u', "alice:$secret", $url);
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
	$c->over;
	$pop = Net::POP3->new('127.0.0.1', Port => $port, Timeout => 30);
	is($pop->login('alice', 'secret'), '0E0', 'Net::POP3: PASS, and empty');
	$pop->quit;
	$c->over;
}

SKIP: {
	skip 'no fetchmail', 9 unless Clients::have('fetchmail');
	# as a rule it takes CRAM-MD5 where that is named
	for (['any', 'tanstaaf', 'AUTH CRAM-MD5'], ['password', 'secret', 'USER'],
	    ['cram-md5', 'tanstaaf', 'AUTH CRAM-MD5']) {
		my ($auth, $secret, $command) = @$_;
		$host->spool('alice', $all);
		unlink "$home/fetched";
		$c->file('fetchmailrc', <<"END");
set no bouncemail
poll 127.0.0.1 port $port protocol pop3 auth $auth
  user alice password $secret sslproto ''
  mda "cat >>$home/fetched; echo >>$home/fetched" fetchall
END
		my ($code, $out) = $c->run('fetchmail', '-v', '-f',
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
	skip 'no mpop', 21 unless Clients::have('mpop');
	# "on" takes the best that CAPA names
	for (['user', 'secret', 'USER'], ['apop', 'tanstaaf', 'APOP'],
	    ['plain', 'secret', 'AUTH PLAIN'], ['login', 'secret', 'AUTH LOGIN'],
	    ['cram-md5', 'tanstaaf', 'AUTH CRAM-MD5'],
	    ['scram-sha-256', 'tanstaaf', 'AUTH SCRAM-SHA-256'],
	    ['on', 'tanstaaf', 'AUTH SCRAM-SHA-256']) {
		my ($auth, $secret, $command) = @$_;
		$host->spool('alice', $all);
		unlink "$home/mpop.mbox", "$home/uidls";
		$c->file('mpoprc', <<"END");
account default
host 127.0.0.1
port $port
user alice
password $secret
auth $auth
tls off
keep off
uidls_file $home/uidls
delivery mbox $home/mpop.mbox
END
		my ($code, $out) = $c->run('mpop', '-d', '-C', "$home/mpoprc",
		    '-Q');
		is($code, 0, "mpop: $auth") or diag($out);
		like($out, qr/^--> \Q$command\E/m, "mpop: $auth is $command");
		same("mpop: $auth",
		    Clients::bodies(Pop::slurp("$home/mpop.mbox") || ''));
	}
}

# APOP, whatever the server's name is: mpop and fetchmail look at the stamp,
# and say no more if it is none to them.
SKIP: {
	skip 'no mpop', 14
	    unless Clients::have('mpop') && Clients::have('fetchmail');
	$host->spool('alice', '');
	for my $name ('mail.example.org', 'MAIL.Example.ORG', 'mail', '0',
	    '192.0.2.1', '1and1.example.org', 'my_host.example.org',
	    '-x-.example.org', 'mail.example.org.', 'mail..example.org',
	    '.example.org', join('.', ('a' x 62) x 2), '[192.0.2.1]',
	    'a~b c') {
		my $there = $c->serve(name => $name);
		$c->file('mpoprc', <<"END");
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
		$c->file('fetchmailrc', <<"END");
set no bouncemail
poll 127.0.0.1 port $there protocol apop
  user alice password tanstaaf sslproto '' mda "cat"
END
		my ($code, $out) = $c->run('mpop', '-C', "$home/mpoprc", '-Q');
		# 1: there is no mail
		my ($code2, $out2) = $c->run('fetchmail', '-f',
		    "$home/fetchmailrc", '--pidfile', "$home/fetchmail.pid",
		    '--nosyslog');
		is("$code $code2", '0 1', "APOP at \"$name\"") or
		    diag($out, $out2);
		$c->stop;
	}
}

SKIP: {
	skip 'no getmail', 2 unless Clients::have('getmail');
	$host->spool('alice', $all);
	$c->file('getmail.mbox');
	$c->file('getmailrc', <<"END");
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
	my ($code, $out) = $c->run($c->getmail("$home/getmailrc"), '-q');
	is($code, 0, 'getmail') or diag($out);
	same('getmail', Clients::bodies(Pop::slurp("$home/getmail.mbox")));
}
done_testing;
