#!/usr/bin/perl
# poptls: how a connection can end, and what each side sees of it.  Only
# close_notify is an end of file (RFC 5246 section 7.2.1).
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use IO::Select;
use Pop;
use Socket;
use Test::More;
use Tls;

my $tls = Tls->new;
my $SIOCOUTQ = 0x5411;
my $RESET = 'Connection reset by peer';
my $LINE = qr/\Apoptls\[\d+\]: TLS [^\n]*\n\z/;

sub connection {
	my $c = $tls->start(@_);
	return ($c, $c->shaken);
}

# What the program reads when the client's side ends, and what the log says.
sub client_ends {
	my ($what, $expected, $log, $end) = @_;
	my ($c, $client) = connection();
	$client->put("said before\n");
	$end->($c, $client);
	is($c->ask('take(0, 100)'), "$expected:said before\n", $what);
	like($c->log_text, $log, 'the log');
}

client_ends('close_notify is an end of file', 'EOF', qr/\A\z/,
    sub { $_[1]->wire($_[1]->notify) });
client_ends('also with FIN behind it', 'EOF', qr/\A\z/,
    sub { $_[1]->wire($_[1]->notify); $_[1]->fin });
client_ends('also with RST behind it', 'EOF', qr/\A\z/, sub {
	my ($c, $client) = @_;
	$client->wire($client->notify);
	# it has been read, because it was answered
	$client->feed;
	$client->reset;
});
client_ends('FIN alone is none', $RESET, $LINE, sub { $_[1]->fin });
client_ends('nor is RST', $RESET, $LINE, sub {
	my ($c, $client) = @_;
	$c->tell('take(0, 12)');
	$c->answer eq "more:said before\n" or die;
	$client->put("said before\n");
	# what was sent has to arrive
	Tls::until_true(sub { $c->ask('my $r = ""; vec($r, 0, 1) = 1; select $r, undef, undef, 0') });
	$client->reset;
});
client_ends('nor garbage', $RESET, $LINE, sub { $_[1]->wire("QUIT\r\n" x 20) });
client_ends('nor a record that was changed', $RESET, $LINE, sub {
	my $record = $_[1]->seal('changed');
	substr($record, -1) ^= "\1";
	$_[1]->wire($record);
});
client_ends('nor one that was cut off', $RESET, $LINE, sub {
	my $record = $_[1]->seal('cut off');
	chop $record;
	$_[1]->wire($record);
	$_[1]->fin;
});
client_ends('nor a record of another version', $RESET, $LINE, sub {
	my $record = $_[1]->seal('other');
	substr($record, 1, 2) = "\3\1";
	$_[1]->wire($record);
});
client_ends('nor one that is too long', $RESET, $LINE,
    sub { $_[1]->wire("\x17\3\3\xff\xff" . 'x' x 65535) });
client_ends('nor an alert in the clear', $RESET, $LINE,
    sub { $_[1]->wire("\x15\3\3\0\2\1\0") });
client_ends('nor a cut in the middle of close_notify', $RESET, $LINE, sub {
	my $record = $_[1]->notify;
	chop $record;
	$_[1]->wire($record);
	$_[1]->fin;
});
client_ends('nor the death of the engine', $RESET, qr/\A\z/, sub {
	my ($c, $client) = @_;
	# until it has come to the program's socket
	Tls::until_true(sub { $c->ask('my $r = ""; vec($r, 0, 1) = 1; select $r, undef, undef, 0') });
	kill 'KILL', $c->engine;
	$c->engine_gone;
});

# A fatal alert of the client's, encrypted: OpenSSL sends one for a record that
# it cannot open.
sub client_alerts {
	my ($c, $client) = connection();
	$client->put("said before\n");
	Net::SSLeay::BIO_write($client->{in}, "\x17\3\3\0\x20" . 'x' x 32);
	$client->open_records;
	$client->wire($client->records);
	is($c->ask('take(0, 100)'), "$RESET:said before\n", 'a fatal alert is no end of file');
	like($c->log_text, qr/alert/, 'the log says what it was');
	like($c->log_text, $LINE, 'in one line');
}

# Octets and close_notify in one segment.
sub together {
	my ($n) = @_;
	my ($c, $client) = connection();
	my $octets = Tls::noise($n);
	$c->tell("take(0, $n + 1)");
	$client->wire($client->seal($octets) . $client->notify);
	is($c->answer, "EOF:$octets", "$n octets and close_notify at once");
	$client->rest;
	is("$client->{notified} $client->{tcp}", '1 FIN', 'and it is answered');
}

sub silent {
	my $c = $tls->start;
	$c->engine;
	shutdown $c->{sock}, 1;
	cmp_ok($c->code, '>', 0, 'who says nothing gets nothing');
	is($c->log_text, '', 'not even a line in the log');
	$c = $tls->start;
	$c->engine;
	Tls::Client->new($c->{sock})->reset;
	cmp_ok($c->code, '>', 0, 'the same if he resets');
	is($c->log_text, '', 'not even a line');
	($c, my $client) = connection();
	$client->fin;
	is($c->ask('take(0, 1)'), "$RESET:", 'who has shaken hands');
	like($c->log_text, $LINE, 'gets a line');
}

# In the middle of a handshake.
sub half_shaken {
	my ($what, $end, $line) = @_;
	my $c = $tls->start;
	my $client = $c->client;
	$client->step;
	$client->wire($client->records);
	$client->feed;
	$end->($client);
	cmp_ok($c->code, '>', 0, "$what in a handshake: the program never starts");
	like($c->log_text, $line, 'what the log says');
}

# All that the program wrote, then close_notify, then FIN.
sub whole {
	my ($what, $client, $octets) = @_;
	my $got = $client->rest;
	ok($got eq $octets, "$what: every octet") or diag length $got;
	is(($client->{notified} || 'no') . " $client->{tcp}", '1 FIN',
	    'close_notify, then FIN');
}

my $MEGA = 1_000_000;

sub program_ends {
	my ($what, $code, $before) = @_;
	my ($c, $client) = connection();
	$before->($c, $client) if $before;
	$c->tell("put(1, noise($MEGA)); $code");
	whole($what, $client, Tls::noise($MEGA));
	is($c->log_text, '', 'nothing in the log');
	return ($c, $client);
}

program_ends('the program exits', 'exit 3');
program_ends('it is killed', 'kill "KILL", $$');
program_ends('it closes its output only', 'POSIX::close(1); 1');
program_ends('it shuts its output only',
    'open my $out, ">&=", 1; shutdown $out, 1');
program_ends('octets for it are on their way', 'exit 0',
    sub { $_[1]->put(Tls::noise(100_000)) });
program_ends('half a record is on its way', 'exit 0', sub {
	my $record = $_[1]->seal('half');
	$_[1]->wire(substr $record, 0, 10);
});
my ($c, $client) = program_ends('it goes on reading', 'POSIX::close(1); 1');
$c->answer;
$client->put("late\n");
$client->fin;
unlike($c->ask('take(0, 100)'), qr/^EOF/, 'what follows is no end of file');

# No octet is lost to a client who sends while the program ends.
sub crossing {
	my ($c, $client) = connection(buffers => 65536);
	my $octets = Tls::noise($MEGA);
	$c->tell("put(1, noise($MEGA)); exit 0");
	my $sent = 0;
	my $sel = IO::Select->new($client->{sock});
	until ($client->{tcp}) {
		$client->put('more') if $sent++ < 2000 && $sel->can_write(0);
		$client->open_records;
		$client->feed;
	}
	$client->open_records;
	ok($client->{plain} eq $octets, 'a client who goes on sending has every octet')
	    or diag length $client->{plain};
	is(($client->{notified} || 'no') . " $client->{tcp}", '1 FIN', 'and the end');
}

sub input_closed {
	my ($c, $client) = connection();
	$c->ask('POSIX::close(0)');
	$client->put(Tls::noise(300_000));
	is($c->ask('put(1, "still here\n")'), 11, 'it closes its input only');
	is($client->get(11), "still here\n", 'and goes on writing');
	$client->wire($client->notify);
	$client->rest;
	is("$client->{notified} $client->{tcp}", '1 FIN', 'until the client ends') if
	    $c->kill_program;
	is($c->log_text, '', 'nothing in the log');
}

# How many writes of so many octets a pair of sockets takes.
sub socket_holds {
	my ($n) = @_;
	socketpair my $in, my $out, AF_UNIX, SOCK_STREAM, PF_UNSPEC or die;
	$in->blocking(0);
	my $writes = 0;
	$writes++ while syswrite $in, 'x' x $n;
	return $writes;
}

# What the client said before he was gone is the program's, also if that reads
# slowly.
sub late_reader {
	my ($what, $n, $record, $end) = @_;
	my ($c, $client) = connection(buffers => 1 << 20);
	my $octets = Tls::noise($n);
	$client->wire(join '', map { $client->seal($_) } unpack "(a$record)*", $octets);
	# all is in the kernel of the other side
	Tls::until_true(sub {
		ioctl $client->{sock}, $SIOCOUTQ, my $left = pack 'i', 0;
		return !unpack 'i', $left;
	}) or die "TCP holds less than $n octets";
	$end->($c, $client);
	my $got = '';
	my $how = 'more';
	while ($how eq 'more') {
		# the engine does all that it can before more is read
		Tls::until_true(sub { $c->engine_waits }) or last;
		($how, my $part) = split /:/, $c->ask("take(0, $record)"), 2;
		$got .= $part;
	}
	ok($got eq $octets, "$what, $n octets: the program reads all that came")
	    or diag length($got) . " of $n";
	is($how, $RESET, 'and then the end');
	like($c->log_text, $LINE, 'one line');
	return $c;
}

# A client who does not read says close_notify and FIN, while the program goes on
# writing: all that was made a record of before gets to him, and our answer.
sub last_words {
	my ($c, $client) = connection(buffers => 4096);
	my $octets = Tls::noise($MEGA);
	$c->tell("put(1, noise($MEGA)); exit 0");
	# until nothing moves: what the engine has waits for room
	Tls::until_true(sub { $c->has_answer(0.3) ? die : $c->engine_waits });
	$client->wire($client->notify);
	$client->fin;
	is($c->code, 0, 'after close_notify a program can write all that it has');
	# the engine has seen that both ended
	Tls::until_true(sub { $c->engine_waits });
	my $got = $client->rest;
	cmp_ok(length $got, '>', 60_000, 'a slow client has what was for him')
	    or diag $client->{error};
	ok($got eq substr($octets, 0, length $got), 'as it was');
	is(($client->{notified} || 'no') . " $client->{tcp}", '1 FIN',
	    'whole records, and the answer to close_notify');
	is($c->log_text, '', 'nothing in the log');
}

client_alerts();
together($_) for 5, 4000, 100_000;
silent();
half_shaken('FIN', sub { $_[0]->fin }, $LINE);
half_shaken('RST', sub { $_[0]->reset }, $LINE);
half_shaken('garbage', sub { $_[0]->wire("garbage\r\n" x 10); $_[0]->fin }, $LINE);
half_shaken('close_notify', sub { $_[0]->wire("\x15\3\3\0\2\1\0"); $_[0]->fin }, qr/\A\z/);
crossing();
input_closed();
late_reader('FIN', $_, 10_000, sub { $_[1]->fin }) for 100_000, 400_000;
# the last records have to be in the engine when the program's socket is full
# for the second time, which it is when three quarters have been read
my $holds = socket_holds(100);
late_reader('RST', 100 * int($holds * $_ / 100), 100, sub { $_[1]->reset })
    for map { 170 + 3 * $_ } 0 .. 10;
$c = late_reader('RST, then the program writes', 60_000, 100, sub {
	$_[1]->reset;
	$_[0]->ask('put(1, "x" x 1000)');
	$_[0]->ask('put(1, "x" x 1000)');
});
like($c->log_text, qr/ was cut off: $RESET\n/, 'and the log says why');
last_words();
done_testing;
