#!/usr/bin/perl
# The texts that Qpopper's FAQ explains: where popper says the same it says it
# by these words, in the log or to the client, and troubles.md knows them all.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Mbox;
use Pop;
use Test::More;

my $host = Pop->new;
my $dir = $host->{dir};
my $mail = join '', map { Mbox::message($_, "some text\n" x 40) } 1 .. 3;
my $where = qr/at 192\.0\.2\.1 \(192\.0\.2\.1\)/;

# What was logged and said of one session: both.
sub told {
	my ($go, %opt) = @_;
	unlink $host->{log};
	$host->configure($opt{conf} || '');
	$host->spool('alice', $opt{mail} || $mail);
	my $s = $host->connect(%{ $opt{how} || {} });
	$go->($s) if $go;
	eval { $s->rest } if $s->{sock};
	$s->wait_end;
	return ($host->log_text, $s->{raw});
}
sub log_in {
	my ($s) = @_;
	$s->cmd('USER alice');
	return $s->cmd('PASS secret');
}

my ($log, $said) = told(sub { $_[0]->cmd('XSENDER x');
	$_[0]->cmd('AUTH twinkie'); $_[0]->cmd('USER'); $_[0]->cmd('CAPA');
	$_[0]->cmd('QUIT') });
like($log, qr/^popper\[\d+\]: \(null\) $where: -ERR Unknown command: "xsender"\.$/m, 'xsender');
like($log, qr/: -ERR Unknown authentication mechanism: twinkie$/m, 'twinkie');
like($log, qr/: -ERR Too few arguments for the user command\.$/m, 'too few arguments');
unlike($log, qr/capa/i, 'CAPA is known');
# what Netscape sends is no error here
($log, $said) = told(sub { $_[0]->put("AUTH\r\nQUIT\r\n") });
is($log, '', 'AUTH alone');
like($said, qr/^\+OK .*\r\n(?:\S+\r\n)+\.\r\n\+OK /m, 'lists mechanisms');

($log, $said) = told(sub { $_[0]->cmd('USER alice'); $_[0]->cmd('PASS x') });
like($said, qr/^-ERR \[AUTH\] Password supplied for "alice" is incorrect\.\r$/m, 'a wrong password, to the client');
like($log, qr/^popper\[\d+\]: alice $where: -ERR \[AUTH\] Password supplied for "alice" is incorrect\.$/m, 'and in the log');
like($log, qr/^popper\[\d+\]: \[AUTH\] Failed attempted login to alice from host \(192\.0\.2\.1\) 192\.0\.2\.1$/m, 'with its host');

($log) = told(sub { $_[0]->cmd('USER alice'); $_[0]->cmd('QUIT') });
like($log, qr/^popper\[\d+\]: Possible probe of account alice from host 192\.0\.2\.1 \(192\.0\.2\.1\)$/m, 'a probe');

($log) = told(sub { log_in($_[0]) }, conf => "set timeout = 1\n");
like($log, qr/^popper\[\d+\]: Timeout \(1 secs\) during nw read from alice $where$/m, 'a time-out');
like($log, qr/^popper\[\d+\]: alice $where: -ERR POP timeout$/m, 'and POP timeout');
($log) = told(sub { log_in($_[0]); shutdown $_[0]{sock}, 1 });
like($log, qr/: -ERR POP EOF or I\/O Error \(0\)$/m, 'end of file');
($log) = told(sub { log_in($_[0]); kill 'HUP', $_[0]{pid} });
like($log, qr/: -ERR POP hangup \(SIGHUP or SIGPIPE flagged: SIGHUP\)$/m, 'SIGHUP');

($log) = told(sub { $_[0]->cmd('QUIT') }, conf => "set reverse-lookup\n");
like($log, qr/^popper\[\d+\]: Unable to get canonical name of client 192\.0\.2\.1: /m, 'no name');

# log-login without a value, which is off unless it is set
($log) = told(sub { log_in($_[0]); $_[0]->cmd('QUIT') });
is($log, '', 'no line for a log-in');
($log) = told(sub { log_in($_[0]); $_[0]->cmd('QUIT') }, conf => "set log-login\n");
like($log, qr/\Apopper\[\d+\]: \(v[0-9.]+\) POP login by user "alice" at \(192\.0\.2\.1\) 192\.0\.2\.1\n\z/, 'log-login');

# Maildrops that cannot be opened
sub refused {
	my ($want, $name, %opt) = @_;
	my $reply;
	my ($text) = told(sub { $reply = log_in($_[0]) }, %opt);
	like($reply, qr/^-ERR \[SYS\/(?:TEMP|PERM)\] $want/, "$name, to the client");
	like($text, qr/^popper\[\d+\]: alice $where: \Q$reply\E$/m, 'and in the log')
	    unless $opt{no_log};
}
refused('Unable to process From lines \(envelope\), change recognition modes: ', 'no mail',
    mail => "rom alice\n\nno mail\n");
refused('Unable to copy mail spool file to temp pop dropbox \S+: File too large', 'no room',
    how => { before => ['sh', '-c', 'trap "" XFSZ; ulimit -f 1; exec "$0" "$@"'] }, no_log => 1);
SKIP: {
	skip 'needs root', 2 if $>;
	chown 0, 0, "$dir/spool";
	chmod 0755, "$dir/spool";
	refused("can't open temporary file\\. Do you own it\\? .*\\.alice\\.pop: Permission denied",
	    'a folder that is not writable');
	chmod 02775, "$dir/spool";
	chown 0, $host->{gid}, "$dir/spool";
}
unlink $host->{log};
$host->configure("set no-such-option\n");
my $s = $host->connect;
is($s->{greeting}, '-ERR [SYS/PERM] Unable to process configuration file.', 'a mistake in the configuration');
$s->wait_end;

# Each symptom of the FAQ and of the guide's last chapter
my $troubles = Pop::slurp("$Pop::TOP/docs/troubles.md");
$troubles =~ tr/\n/ /;
for ('telnet HOST pop3', 'Connection refused', 'Connection closed',
    'Possible probe of account', 'pop3/tcp server failing (looping), service terminated',
    'Unable to get canonical name of client',
    'Unable to copy mail spool file to temp pop dropbox',
    'Unable to process From lines (envelope), change recognition modes',
    'Unknown command: "xsender"', 'Too few arguments for the auth command',
    'Password supplied for "alice" is incorrect', '"capa"', 'resolves to an unknown host name',
    'POP EOF', 'SIGHUP or SIGPIPE flagged', 'POP hangup', 'POP timeout',
    "can't open temporary file. Do you own it?", 'maillock error',
    'Unknown authentication mechanism: twinkie', 'Unable to process configuration file',
    'TLS shutdown Error', 'X-UIDL', 'Content-Length', 'all characters from', 'alice.lock',
    'one address in the log') {
	ok(index($troubles, $_) >= 0, "troubles.md: $_");
}
done_testing;
