#!/usr/bin/perl
# trace-message-bodies: what is sent stands in the debug log, and not without
# both options; nothing in it can be more than a line's text.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Mbox;
use POSIX ();
use Pop;
use Test::More;

my $host = Pop->new;
my $long = 'y' x 3000;
my $body = "plain text\n\n.dot\nFrom here\n\ttab \\ back\x00slash\x1b[2J\x7f\xc3\xa9\r\x0b\n" .
    "crlf\r\npopper[1]: [AUTH] Failed attempted login to root from host (x) 192.0.2.9\n$long\n%s%n\n";
$host->spool('alice', Mbox::message(1, $body) .
    Mbox::message(2, join '', map { "line $_\n" } 1 .. 5000) .
    Mbox::message(3, 'no end'));

# What a session with these options logs of the messages.
sub logged {
	my ($conf, @cmds) = @_;
	unlink $host->{log};
	$host->configure("reset update-status-headers\n$conf");
	my $s = $host->login('alice');
	$s->multi($_) for @cmds;
	$s->quit;
	return $host->log_text;
}
sub lines {
	my ($text) = @_;
	return $text =~ /^popper\[\d+\]: alice: sent: (.*)$/mg;
}

my $both = "set debug\nset trace-message-bodies\n";
for ('', "set debug\n", "set trace-message-bodies\n",
    "set debug\nset trace-message-bodies\nreset trace-message-bodies\n") {
	my $text = logged($_, 'RETR 1', 'RETR 2', 'TOP 1 5');
	unlike($text, qr/plain text|line 7|number 1/, 'no body: ' . $_ =~ tr/\n/,/r);
}

my $text = logged($both, 'RETR 1');
my @got = lines($text);
is_deeply([@got[0, 1]], ['From: s1@example.org', 'Subject: number 1'], 'header');
ok(scalar(grep { $_ eq $got[2] } grep { /^X-UIDL: \S+$/ } @got), 'X-UIDL') or diag $got[2];
is_deeply([@got[3 .. $#got]], ['', 'plain text', '', '.dot', 'From here',
    '\ttab \\\\ back\x00slash\x1b[2J\x7f\xc3\xa9\x0d\x0b', 'crlf',
    'popper[1]: [AUTH] Failed attempted login to root from host (x) 192.0.2.9',
    'y' x 500, '%s%n'], 'body, line by line');
unlike($text, qr/[^\n\x20-\x7e]/, 'only printable characters');
is((() = $text =~ /^(?!popper\[\d+\]: )/mg), 0, 'every line has its prefix');

@got = lines(logged($both, 'TOP 2 2'));
is_deeply([@got[-2, -1]], ['line 1', 'line 2'], 'TOP shows what it sends');
@got = lines(logged($both, 'RETR 3'));
is($got[-1], 'no end', 'a line without an end');
@got = lines(logged($both, 'RETR 2'));
is(scalar @got, 2001, 'of a long message the beginning');
is($got[-1], '(more lines than are shown)', 'and a line that says so');
unlike(logged($both, 'RETR 2', 'LIST', 'UIDL'), qr/sent: [12] /, 'nothing of LIST');

# A log that nobody reads costs one line's patience a message, not one a line.
unlink $host->{log};
POSIX::mkfifo("$host->{dir}/full", 0600) or die;
open my $reader, '+<', "$host->{dir}/full" or die;
open my $writer, '>', "$host->{dir}/full" or die;
require Fcntl;
my $s;
{
	local $host->{log} = "$host->{dir}/full";
	$host->configure($both);
	$s = $host->login('alice');
}
fcntl $writer, Fcntl::F_SETFL(), Fcntl::O_NONBLOCK();
1 while syswrite $writer, 'x' x 4096;
my $begin = time;
my (undef, $sent) = $s->multi('RETR 2');
like($sent, qr/^line 5000\r\n\z/m, 'a full log cuts no message');
cmp_ok(time - $begin, '<', 20, 'and holds nobody up');
$s->quit;
done_testing;
