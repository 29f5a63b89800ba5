#!/usr/bin/perl
# content-length: From_ lines in a body that has its length told are text, and
# lengths that are wrong join nothing.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Crash;
use Mbox;
use Modes;
use Pop;
use Test::More;

my $FROM = "From a\@b Thu Jan  1 00:00:00 1970\n";
my $INSIDE = "one\n\n${FROM}Subject: inside\n\ntwo\n\n$FROM\nthree\n";
my $OPTION = "set content-length\nreset update-status-headers\n";
my ($host, $file);

# A message whose length is wrong by so many octets.
sub told {
	my ($i, $wrong, $body) = @_;
	$body //= $INSIDE;
	return Mbox::message($i, $body,
	    'Content-Length: ' . (length($body) + $wrong) . "\n");
}

# What a session finds: texts with Unix line ends, and ids.
sub read_all {
	my ($name, @delete) = @_;
	my $s = $host->login('alice');
	my (undef, $list) = $s->multi('LIST');
	my (@got, @id);
	for (split /\r\n/, $list) {
		my ($i, $size) = split / /;
		my (undef, $text) = $s->message("RETR $i");
		is(length $text, $size, "$name: size of $i");
		push @id, $text =~ s/^X-UIDL: (\S+)\r\n//m ? $1 : 'none';
		unlike($text, qr/^Content-Length:.*\r\n(?!\r\n)\z/m,
		    "$name: no length in $i");
		push @got, $text =~ s/\r\n/\n/gr;
	}
	like($s->cmd("DELE $_"), qr/^\+OK/, "$name: DELE $_") for @delete;
	like($s->quit, qr/^\+OK/, "$name: QUIT");
	return (\@got, \@id);
}

sub sent {
	my ($i, $body) = @_;
	return Mbox::sent($i, $body // $INSIDE) =~ s/\r\n/\n/gr;
}

# One deleted of those whose lengths are right, or nearly so.
sub without_one {
	my ($mode, $gone) = @_;
	my @mail = (told(1, 0), Mbox::message(2), told(3, -1), told(4, 1),
	    told(5, 0, "no line of mbox\n"), told(6, 0));
	my @want = map { $_ == 2 ? sent(2, "body 2\n") :
	    $_ == 5 ? sent(5, "no line of mbox\n") : sent($_) } 1 .. 6;
	my $name = "$mode->{name}, without $gone";
	$host->spool('alice', join '', @mail);
	my ($got, $id) = read_all($name, $gone);
	is_deeply($got, \@want, "$name: all messages");
	splice @$_, $gone - 1, 1 for \@mail, \@want, $id;
	($got, my $left_id) = read_all("$name, again");
	is_deeply($got, \@want, "$name: the others");
	is_deeply($left_id, $id, "$name: their ids");
	# where blocks were taken out, a field without a value is left
	is($host->spool('alice') =~ s/^X-UIDL: *\n//gmr, join('', @mail),
	    "$name: octets");
}

sub count {
	my $s = $host->login('alice');
	my ($n) = $s->cmd('STAT') =~ /^\+OK (\d+)/;
	$s->quit;
	return $n;
}

# Lengths that lead nowhere: separators are looked for as without them, and
# the next message is a message.
sub wrong {
	my ($mode) = @_;
	for (-500, -20, 3, 20, 150, 100000) {
		my $length = length($INSIDE) + $_;
		next if $length < 0;
		my $name = "$mode->{name}, wrong by $_";
		$host->spool('alice', told(1, $_) . told(2, 0));
		is(count(), 4, "$name: three and one");
		my ($got) = read_all($name, 4);
		is($got->[3], sent(2), "$name: the next one is whole");
		is($host->spool('alice') =~ s/^X-UIDL: *\n//gmr, told(1, $_),
		    "$name: octets");
	}
}

# Mail that comes, also where a length leads past the end.
sub arrives {
	my ($mode) = @_;
	my $name = "$mode->{name}, mail comes";
	$host->spool('alice', told(1, 100));
	is(count(), 3, "$name: to come");
	$host->deliver('alice', told(2, 0));
	is(count(), 4, "$name: not yet");
	$host->spool('alice', told(1, 0) . told(2, 0));
	my $s = $host->login('alice');
	is($s->cmd('DELE 1'), '+OK Message 1 has been deleted.', "$name: DELE");
	$host->deliver('alice', told(3, 0));
	like($s->quit, qr/^\+OK/, "$name: QUIT");
	my ($got) = read_all($name);
	is_deeply($got, [sent(2), sent(3)], "$name: in order");
	# what the cache knows, with a spool that only grows, too
	for my $more ([4 .. 9], [10], [11]) {
		$host->deliver('alice', join '', map { told($_, 0) } @$more);
		($got) = read_all("$name, @$more");
		is_deeply($got, [map { sent($_) } 2 .. $more->[-1]],
		    "$name, @$more: all");
	}
	$host->deliver('alice', told(12, 0));
	read_all("$name: deleted", 3, 10);
	($got) = read_all("$name: kept");
	is_deeply($got, [map { sent($_) } 2, 3, 5 .. 10, 12], "$name: the others");
}

# What somebody can do who knows how long the next message is: it becomes text
# of his own, with all its octets.
sub forged {
	my ($mode) = @_;
	my $next = told(2, 0);
	$host->spool('alice', told(1, 1 + length $next) . $next . told(3, 0));
	my ($got) = read_all("$mode->{name}, forged");
	is_deeply($got, [sent(1) . "\n" . $next =~ s/\n\z//r, sent(3)],
	    "$mode->{name}: a forged length");
}

# The option is changed between two sessions.
sub changed {
	my ($mode) = @_;
	$host->spool('alice', told(1, 0) . told(2, 0));
	for (2, 6, 6, 2, 2) {
		my $want = $_;
		$host->configure($mode->{conf} . ($want == 2 ? $OPTION :
		    $OPTION =~ s/^set/reset/r));
		is(count(), $want, "$mode->{name}: $want messages");
	}
}

for my $mode (@Modes::modes) {
	$Pop::POPPER = "$Pop::BUILD/" . ($mode->{popper} || 'popper');
	$host = Pop->new(conf => $mode->{conf} . $OPTION);
	without_one($mode, $_) for 1 .. 6;
	wrong($mode);
	arrives($mode);
	forged($mode);
	changed($mode);
	# what an update leaves is scanned by the same rules
	unlike($host->log_text, qr/not what the update left|was changed/,
	    "$mode->{name}: no surprise in the log");
}

# Killed at each call, nothing is lost.
SKIP: {
	my $cannot = Crash::cannot();
	skip $cannot, 1 if $cannot;
	for my $mode (grep { $_->{name} =~ /^(?:normal|server|collapse)$/ }
	    @Modes::modes) {
		my $c = Crash->new({ %$mode,
		    conf => "$mode->{conf}set content-length\n",
		    as => sub {
			my ($i, $body) = @_;
			$body = $INSIDE . $body;
			return ($i, $body,
			    'Content-Length: ' . length($body) . "\n");
		    } });
		for my $gone ([3], [5]) {
			is_deeply([$c->killed($gone, during => 1)], [],
			    "$mode->{name}, @$gone deleted: killed");
		}
	}
}
done_testing;
