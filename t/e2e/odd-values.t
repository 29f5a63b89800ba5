#!/usr/bin/perl
# Every parameter of every command, in every state, with values that are too
# long, too large, not numbers or not text: each line has one reply, and what
# is deleted is what was asked for.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Mbox;
use Pop;
use Test::More;

my $host = Pop->new(conf => "reset update-status-headers\n");
my $mail = join '', map { Mbox::message($_) } 1 .. 3;
$host->spool('alice', $mail);

# none of them a message, a user, a digest, a mechanism or its answer
my @odd = ('', '0', '-1', '+1', '4', '1.5', '1e3', '0x1', '00', '1,2', '1-3',
    '4294967297', '18446744073709551617', '9' x 40, '9' x 400, 'A' x 64,
    'A' x 255, 'A' x 400, 'A' x 503, '%s%n%x%d', '../../etc/passwd', '/', '.',
    '..', '~', '*', '"', "'", '`id`', '$(id)', ';', '|', '=', '====', '<a.b@c>',
    "\x01", "\x1b[2J", "\x7f", "\x80\xff", "\xc3\xa4", "a\x0bb", 'alice ' x 80);

# a command, and its good arguments
my %before = (USER => ['alice'], PASS => ['wrong'], APOP => ['alice', '0' x 32],
    AUTH => ['PLAIN', '='], CAPA => ['x'], STLS => ['x'], QUIT => ['x'],
    XTND => ['XLIST', 'Subject'], RPOP => ['alice'], FOO => ['x']);
my %after = (STAT => ['x'], LIST => ['1'], RETR => ['1'], DELE => ['1'],
    NOOP => ['x'], RSET => ['x'], TOP => ['1', '0'], UIDL => ['1'],
    LAST => ['x'], CAPA => ['x'], QUIT => ['x'], USER => ['x'], PASS => ['x'],
    APOP => ['x', 'y'], AUTH => ['PLAIN', '='], STLS => ['x'],
    XTND => ['XLIST', 'Subject'], FOO => ['x']);

# Lines with one parameter replaced, or one more behind them.
sub lines {
	my (%command) = @_;
	my @lines;
	for my $name (sort keys %command) {
		my @good = @{ $command{$name} };
		for my $at (0 .. @good) {
			for my $odd (@odd) {
				my @args = @good;
				$args[$at] = $odd;
				my $line = join ' ', $name, @args;
				push @lines, $line if length $line <= 510;
			}
			push @lines, join ' ', $name, @good, ('x') x (9 * $at);
		}
	}
	return @lines;
}

sub shown {
	return substr($_[0], 0, 60) =~ s/[^ -~]/?/gr;
}

# A reply is one line, or more behind +OK.  Whether the session can go on is
# asked by NOOP, which has a reply that nothing else has.
sub try {
	my ($state, $make, $asked, $want, @lines) = @_;
	my ($s, @wrong);
	for my $line (@lines) {
		$s = $make->() unless $s;
		$s->put("$line\r\n");
		my $reply = $s->line;
		if (!defined $reply || $reply !~ /^(?:\+OK|-ERR|\+ )/) {
			push @wrong, shown($line) . ': ' .
			    (defined $reply ? $reply : 'the end');
			undef $s;
			next;
		}
		push @wrong, shown($line) . ': a long or strange reply'
		    if length $reply > 510 || $reply =~ /[^ -~]/;
		$s->put("$asked\r\n");
		my $next = '';
		while (defined(my $l = $s->line)) {
			$next = $l;
			last if $l =~ $want;
		}
		if ($next !~ $want) {
			push @wrong, shown($line) . ": $reply, then $next"
			    unless $reply =~ /signing off/;
			undef $s;
		}
	}
	is_deeply(\@wrong, [], "$state: " . @lines . ' lines');
}

# What can be a try to log in, each in a session of its own, because that ends
# then; many at once, because a refusal takes its time.
sub tries {
	my ($state, $prelude, @lines) = @_;
	my ($n, @wrong) = (scalar @lines);
	while (my @some = splice @lines, 0, 60) {
		my @open = map {
			my $s = $host->connect;
			$s->put("$prelude$_\r\n*\r\nQUIT\r\n");
			[$s, $_];
		} @some;
		for (@open) {
			my ($s, $line) = @$_;
			my $all = $s->rest;
			push @wrong, shown($line) . ': ' . shown($all)
			    unless $all =~ /\A(?:(?:\+OK|-ERR|\+ )[ -~]{0,506}\r\n|
			    [A-Z0-9-]+\r\n|\.\r\n)+\z/x &&
			    $all =~ /^\+OK Pop server at mail\.test signing off/m &&
			    $all !~ /^\+OK \S+ has/m;
			$s->wait_end;
		}
	}
	is_deeply(\@wrong, [], "$state: $n lines");
}
my @first = lines(%before);
try('before log-in', sub { $host->connect }, 'NOOP',
    qr/^-ERR The noop command is not valid/, grep { !/^(?:APOP|AUTH)/ } @first);
tries('APOP and AUTH', '', grep { /^(?:APOP|AUTH)/ } @first);
tries('PASS', "USER alice\r\n", map { "PASS $_" } @odd);
is($host->spool('alice'), $mail, 'before log-in: the spool');

# only the good DELE deletes, and RSET takes it back
my @then = grep { !/^DELE 1(?: *$)/ && !/^RSET/ } lines(%after);
try('after log-in', sub { $host->login('alice') }, 'LAST',
    qr/^\+OK \d+ is the last message seen\.$/, @then);
my $s = $host->login('alice');
like($s->cmd('STAT'), qr/^\+OK 3 /, 'after log-in: nothing was deleted');
$s->quit;
is($host->spool('alice'), $mail, 'after log-in: the spool');

# the log has none of it as it came
my @bad = grep { !/^popper\[\d+\]: [ -~]+$/ || length > 1023 }
    split /\n/, $host->log_text;
is_deeply([map { shown($_) } @bad], [], 'the log: whole lines, printable');
done_testing;
