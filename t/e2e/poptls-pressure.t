#!/usr/bin/perl
# poptls: sides that do not read, much at once, and octets that come one by
# one.  Nobody is read from who is not written to, and nobody waits in a loop.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use IO::Select;
use Pop;
use Socket;
use Test::More;
use Time::HiRes qw(time);
use Tls;

my $tls = Tls->new;
my $MEGA = 1 << 20;
my $MUCH = 20 * $MEGA;
my $LINE = qr/\Apoptls\[\d+\]: TLS [^\n]*\n\z/;

sub connection {
	my $c = $tls->start(@_);
	return ($c, $c->shaken);
}

# A program that writes until nobody takes it any more: how much was taken.
my $FILL = 'use Fcntl; fcntl STDOUT, F_SETFL, O_NONBLOCK;
    my $n = 0; my $w = ""; vec($w, 1, 1) = 1;
    for (;;) { my $r = POSIX::write(1, "x" x 65536, 65536);
	if (defined $r) { $n += $r; last if $n > 50 << 20; next }
	last unless select undef, my $is = $w, undef, 0.3 }
    fcntl STDOUT, F_SETFL, 0; $n';

sub stalled_client {
	my ($c, $client) = connection(buffers => 65536);
	my $n = $c->ask($FILL);
	cmp_ok($n, '<', 8 * $MEGA, 'a client who does not read: the program blocks');
	cmp_ok($n, '>', 0, 'at some time');
	return ($c, $client, $n);
}

sub stalled_program {
	my ($c, $client) = connection(buffers => 65536);
	my $n = $client->wire_until_stalled($client->seal('x' x $MUCH));
	cmp_ok($n, '<', 8 * $MEGA, 'a program that does not read: the client blocks');
	return ($c, $client);
}

# Neither reads.
sub both_stalled {
	my ($c, $client, $n) = stalled_client();
	$client->wire_until_stalled($client->seal('x' x (4 * $MEGA)));
	return ($c, $client);
}

# States in which there is nothing to do, each with a name; all are looked at
# in one window.
sub idle_states {
	my %is;
	my $keep = sub { my ($what, $c) = @_; $c->engine; $is{$what} = $c };
	$keep->('waiting for a request', $tls->start(args => ['-s']));
	$is{'waiting for a request'}->ask('1');
	$keep->('before the handshake', $tls->start);
	my $c = $tls->start;
	my $client = $c->client;
	$client->step;
	$client->wire($client->records);
	$client->feed;
	$keep->('in the handshake', $c);
	($c, $client) = connection();
	$client->put('x');
	$c->ask('take(0, 1)');
	$keep->('after it', $c);
	$keep->('a stalled client', (stalled_client())[0]);
	$keep->('a stalled program', (stalled_program())[0]);
	$keep->('both stalled', (both_stalled())[0]);
	($c, $client) = connection();
	$client->wire($client->notify);
	$c->ask('take(0, 1)');
	$keep->('after close_notify', $c);
	($c, $client) = both_stalled();
	$client->reset;
	$keep->('both stalled, and the client has reset', $c);
	($c, $client) = both_stalled();
	$client->fin;
	$keep->('both stalled, and the client has said FIN', $c);
	($c, $client) = stalled_program();
	$client->reset;
	$keep->('a stalled program, and the client has reset', $c);
	($c, $client) = connection();
	$c->ask('POSIX::close(0)');
	$client->put('x' x 1000);
	$keep->('the program has closed its input', $c);
	($c, $client) = stalled_client();
	$c->kill_program;
	$keep->('the program gone, and the client stalled', $c);
	($c, $client) = stalled_client();
	$c->kill_program;
	$client->wire_until_stalled($client->seal('x' x (4 * $MEGA)));
	$keep->('the same, and the client goes on sending', $c);
	($c, $client) = stalled_program();
	$c->tell('POSIX::close(1)');
	$c->answer;
	$keep->('a stalled program that has closed its output', $c);
	return \%is;
}

# The engine of a program that is gone ends.
sub lingers {
	my ($c, $since) = @_;
	ok($c->engine_gone, 'a client who does not read: the engine goes');
	my $took = time - $since;
	cmp_ok($took, '>', 9, 'not before ten seconds') or diag $took;
	cmp_ok($took, '<', 20, 'and soon after') or diag $took;
	like($c->log_text, $LINE, 'one line');
	my $sock = $c->{sock};
	my $n;
	do { $n = sysread $sock, my $octets, 65536 } while $n;
	pass('and the connection has an end');
}

# The program is gone, and the client reads after a while, but never closes: the
# seconds that the engine lives are printed to the last that is returned.
sub never_closes {
	my ($c, $client) = stalled_client();
	$c->engine;
	$c->kill_program;
	my $since = time;
	my $pid = open my $from, '-|';
	die "fork: $!" unless defined $pid;
	return ($c, $client, $from) if $pid;
	select undef, undef, undef, 4;
	my $n = 1;
	$n = sysread $client->{sock}, my $octets, 65536 while $n;
	$c->engine_gone;
	print time - $since;
	STDOUT->flush;
	POSIX::_exit(0);
}

# A client who is slow, but reads: more than the ten seconds that one has who
# does not.  Says how long it took, how many octets came, and whether they are
# whole records, the last one an alert.
sub slow_to_the_end {
	my ($c, $client) = stalled_client();
	$c->kill_program;
	my $since = time;
	my $pid = open my $from, '-|';
	die "fork: $!" unless defined $pid;
	return ($c, $client, $from) if $pid;
	my $all = '';
	while (sysread $client->{sock}, $all, 16384, length $all) {
		select undef, undef, undef, 0.5;
	}
	my $n = length $all;
	my $last = 0;
	while ($all =~ s/\A(.)..(..)//s) {
		$last = ord $1;
		my $len = unpack 'n', $2;
		last if length $all < $len;
		substr $all, 0, $len, '';
	}
	printf "%f %d %d %d\n", time - $since, $n, length $all, $last;
	STDOUT->flush;
	POSIX::_exit(0);
}

# A client who sends until he is stalled, then resets, and octets for him: the
# engine waits for the program to read, but not for long.
sub reset_unseen {
	my ($c, $client) = connection(buffers => 65536);
	$c->tell("put(1, noise($MEGA))");
	$client->get($MEGA);
	$c->answer;
	$client->wire_until_stalled($client->seal('x' x (4 * $MEGA)));
	$client->reset;
	$c->ask('put(1, "x" x 1000)');
	return $c;
}

# Sends and receives at once, through a program that gives all back.
sub duplex {
	my ($what, $client, $octets) = @_;
	my $sock = $client->{sock};
	$sock->blocking(0);
	my ($r, $w) = map { IO::Select->new($sock) } 1, 2;
	my $left = $client->seal($octets);
	my $bad = 0;
	my $got = 0;
	while ($got < length $octets && !$bad) {
		my ($can_read, $can_write) = IO::Select->select($r,
		    length $left ? $w : undef, undef, $Pop::PATIENCE) or last;
		if (@$can_write) {
			my $n = syswrite $sock, $left, 65536;
			substr $left, 0, $n, '' if $n;
		}
		next unless @$can_read;
		$client->feed or last;
		$client->open_records;
		my $n = length $client->{plain};
		$bad = $client->{plain} ne substr $octets, $got, $n;
		$client->{plain} = '';
		$got += $n;
	}
	$sock->blocking(1);
	is($got, length $octets, "$what: all comes back");
	ok(!$bad, 'as it was');
}

# A relay between client and poptls that cuts what it carries into parts of
# size->() octets, each of which is a segment.
sub relay {
	my ($size) = @_;
	my ($ours, $near) = Tls::tcp();
	my ($far, $theirs) = Tls::tcp();
	my $pid = fork;
	die "fork: $!" unless defined $pid;
	if ($pid == 0) {
		close $_ for $ours, $theirs;
		my %other = (fileno $near, $far, fileno $far, $near);
		setsockopt $near, Socket::IPPROTO_TCP, Socket::TCP_NODELAY, 1;
		my $sel = IO::Select->new($near, $far);
		while (my @ready = $sel->can_read($Pop::PATIENCE)) {
			for my $from (@ready) {
				sysread $from, my $part, $size->() or POSIX::_exit(0);
				syswrite $other{fileno $from}, $part;
			}
		}
		POSIX::_exit(0);
	}
	return ($ours, $theirs, $pid);
}

sub cut_up {
	my ($what, $n, $size) = @_;
	my ($ours, $theirs, $pid) = relay($size);
	my $c = $tls->start(socket => $theirs, program => ['cat']);
	close $theirs;
	$c->{sock} = $ours;
	my $client = $c->shaken;
	duplex($what, $client, Tls::noise($n));
	$client->wire($client->notify);
	close $ours;
	is($c->code, 0, 'and the program ends');
	waitpid $pid, 0;
}

sub slow_reader {
	my ($c, $client) = connection(buffers => 4096);
	my $octets = Tls::noise($MEGA);
	$c->tell("put(1, noise($MEGA)); exit 0");
	while (sysread $client->{sock}, my $part, 1000) {
		Net::SSLeay::BIO_write($client->{in}, $part);
		$client->open_records;
	}
	ok($client->{plain} eq $octets, 'a slow reader has every octet');
	ok($client->{notified}, 'and the end');
}

# -t 1, and clients who send so many octets of a hello, one each tenth of a
# second.
sub too_late {
	my %octets = @_;
	my %c;
	my %took;
	my $since = time;
	for my $what (keys %octets) {
		$c{$what} = $tls->start(args => ['-t', 1]);
		my $client = $c{$what}->client;
		$client->step;
		$client->{left} = substr $client->records, 0, $octets{$what};
	}
	while (keys %took < keys %c && time - $since < $Pop::PATIENCE) {
		select undef, undef, undef, 0.1;
		for my $what (grep { !$took{$_} } keys %c) {
			my $client = $c{$what}{client};
			$client->wire(substr $client->{left}, 0, 1, '')
			    if length $client->{left};
			$took{$what} = time - $since if $c{$what}->has_ended;
		}
	}
	for my $what (sort keys %c) {
		cmp_ok($c{$what}->code, '>', 0, "$what: no program is started");
		cmp_ok($took{$what}, '>', 0.9, 'a second, as -t says');
		# the next second is for an alert to be read
		cmp_ok($took{$what}, '<', 5, 'and no more');
		like($c{$what}->log_text, $LINE, 'one line');
		like($c{$what}->log_text, qr/took too long/, 'that says it');
	}
}

my ($lingering) = stalled_client();
$lingering->engine;
$lingering->kill_program;
my $since = time;
my @never_closes = never_closes();
my @slow = slow_to_the_end();
my $reset_unseen = reset_unseen();

my $is = idle_states();
# what they were about to do
select undef, undef, undef, 0.2;
my %before = map { $_ => $is->{$_}->ticks } keys %$is;
select undef, undef, undef, 0.5;
for my $what (sort keys %$is) {
	my $after = $is->{$what}->ticks;
	ok(defined $after, "$what: the engine is there") or next;
	cmp_ok($after - $before{$what}, '<=', 2, 'and uses no time');
}
undef $is;

my ($c, $client) = connection(program => ['cat']);
duplex('eight megabytes each way', $client, Tls::noise(8 * $MEGA));
cut_up('octet by octet', 3_000, sub { 1 });
cut_up('cut at random', 300_000, sub { 1 + int rand 2_000 });
slow_reader();
too_late('a silent client' => 0, 'one who stalls in his hello' => 3,
    'one who drips' => 1_000);
lingers($lingering, $since);
my $took = readline $never_closes[2];
cmp_ok($took, '>', 4.9, 'a client who reads late and never closes has a second');
cmp_ok($took, '<', 9, 'and no longer');
my ($long, $n, $torn, $last) = split ' ', readline $slow[2];
cmp_ok($long, '>', 11, "a slow client reads $n octets for more than ten seconds");
is("$torn $last", '0 21', 'and has all, and close_notify');
ok($reset_unseen->engine_gone, 'a program that does not read after a reset: the engine goes');
like($reset_unseen->log_text, qr/ was cut off: Connection reset by peer\n\z/,
    'and the log says why');
done_testing;
