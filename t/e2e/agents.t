#!/usr/bin/perl
# Other programs deliver while sessions fetch and delete: every message is
# had once, whole; none is lost and none is doubled.
use strict;
use warnings;
use Digest::MD5 qw(md5_hex);
use Fcntl qw(F_SETLK F_WRLCK SEEK_SET);
use FindBin;
use lib "$FindBin::Bin/../lib";
use Agents;
use Mbox;
use POSIX ();
use Pop;
use Test::More;
use Time::HiRes qw(time);

# name, configuration, and whether the update leaves the spool its inode: an
# agent that opens first can be served only then
# Mode, configuration, and who delivers at the same time.  Agents that open
# the spool before they lock it are no company for an update by rename.
my @MODES = (
	['normal', '', ['script', 'procmail'],
	    ['dovecot fcntl dotlock', 'mail.local']],
	['server', "set server-mode\n", ['postfix', 'dovecot dotlock fcntl'],
	    ['mail.local', 'script']],
	['fast', "set fast-update\n", ['maildrop', 'exim']],
	['server, fast', "set server-mode\nset fast-update\n",
	    ['script', 'procmail']],
);
my $EACH = $ENV{AGENTS_MESSAGES} || 20;
my $SEED = $ENV{AGENTS_SEED} || time ^ $$;
srand $SEED;

my $why = Agents::fetch();
my $host = Pop->new;
my $agents = Agents->new($host);
my $spool = $host->spool('alice', '');
my @debian = grep { $_ ne 'script' } sort keys %Agents::AGENT;

# From 200 octets to 200 kB, small ones more often.
sub message {
	my ($id) = @_;
	my $size = 200 * 10 ** rand 3;
	my $body = "message $id\n";
	$body .= md5_hex(rand) x 2 . "\n" while length $body < $size - 150;
	chomp $body;
	return "From: s\@mail.test\nTo: alice\@mail.test\n" .
	    "Message-Id: <$id\@mail.test>\nX-Sum: " . md5_hex($body) .
	    "\n\n$body\n";
}

# The id of a message as it was sent to a client; undef if it is torn.
sub id {
	my ($text) = @_;
	$text =~ s/\r\n/\n/g;
	my ($head, $body) = split /\n\n/, $text, 2;
	return undef unless defined $body;
	$body =~ s/\n*\z//;
	my ($id) = $head =~ /^Message-Id: <(.*)\@mail\.test>$/im or return undef;
	my ($sum) = $head =~ /^X-Sum: (\w+)$/m or return undef;
	return $sum eq md5_hex($body) ? $id : undef;
}

sub try {
	my $s = $host->connect;
	$s->cmd('USER alice');
	my $start = time;
	my $reply = $s->cmd('PASS secret');
	return ($s, $reply, time - $start);
}

# One session that fetches all and deletes some.  Lines of what happened.
sub session {
	my ($s, $some) = @_;
	my (@had, @lines);
	my ($count) = $s->cmd('STAT') =~ /^\+OK (\d+)/;
	for my $i (1 .. $count) {
		my ($status, $text) = $s->message("RETR $i");
		if (!defined $text) {
			push @lines, "fault $status";
			next;
		}
		my $id = id($text);
		push @lines, defined $id ? "had $id" : 'torn ' .
		    substr $text, 0, 400;
		next if rand > $some || !defined $id;
		push @had, $id if $s->cmd("DELE $i") =~ /^\+OK/;
	}
	my $reply = $s->quit;
	push @lines, $reply =~ /^\+OK/ ? map { "gone $_" } @had : "fault $reply";
	push @lines, 'update' if @had && $reply =~ /^\+OK/;
	return @lines;
}

# A client: sessions one after the other, till nothing more comes.
sub client {
	my ($n) = @_;
	my $pid = fork;
	die "fork: $!" unless defined $pid;
	return $pid if $pid;
	srand $SEED + $n;
	my @lines;
	my $end;
	do {
		$end = -e "$host->{dir}/delivered";
		my ($s, $reply) = try();
		if ($reply =~ /^\+OK/) {
			push @lines, session($s, 0.6);
		} elsif ($reply !~ /^-ERR \[IN-USE\]/) {
			push @lines, "fault $reply";
		}
		# another one is in, or an agent: let it
		select undef, undef, undef, rand 0.1;
	} until $end;
	Pop::spew("$host->{dir}/client.$n", join '', map { s/\s+/ /gr . "\n" }
	    @lines);
	POSIX::_exit(0);
}

# These agents deliver at the same time, and two clients fetch.
sub round {
	my ($mode, @names) = @_;
	$host->spool('alice', '');
	unlink map { "$host->{dir}/$_" } qw(delivered client.1 client.2);
	my (%text, @pids);
	for my $n (0 .. $#names) {
		my $name = $names[$n];
		my @ids = map { "$_.$n." . $name =~ tr/ /-/r } 1 .. $EACH;
		@text{@ids} = map { message($_) } @ids;
		push @pids, $agents->start($name, @text{@ids});
	}
	my @clients = map { client($_) } 1, 2;
	my $ok = 1;
	$ok &&= $agents->wait_for($_) for @pids;
	Pop::spew("$host->{dir}/delivered", '');
	waitpid $_, 0 for @clients;
	# nothing at all may have happened to one that was never let in
	my @lines = map { my $text = Pop::slurp("$host->{dir}/client.$_");
	    split /\n/, defined $text ? $text : 'fault no end' } 1, 2;
	my $updates = grep { $_ eq 'update' } @lines;
	push @lines, session($host->login('alice'), 1);
	my %gone;
	/^gone (.*)/ && $gone{$1}++ for @lines;
	my $what = join(' and ', @names) . ", $mode";

	ok($ok, "$what: all was delivered");
	# what a client may be told; its mail has to be there the next time
	my $busy = qr/^fault -ERR \[IN-USE\] maillock error 4/;
	my $changed = qr{^fault -ERR \[SYS/TEMP\] .* was changed by another};
	my $may = (grep { $Agents::AGENT{$_}{rewrites} } @names) ?
	    qr/$busy|$changed/ : $busy;
	is_deeply([grep { /^(?:torn|fault)/ && !/$may/ } @lines], [],
	    "$what: no message is torn, no reply is wrong");
	my @lost = grep { !$gone{$_} } sort keys %text;
	is_deeply(\@lost, [], "$what: none is lost") or
	    diag(scalar @lost, " lost: @lost");
	is_deeply([grep { $gone{$_} > 1 } sort keys %gone], [],
	    "$what: none is doubled");
	is($host->spool('alice'), '', "$what: nothing is left");
	cmp_ok($updates, '>', 0, "$what: there were updates meanwhile");
	note("$updates updates; a client was told ",
	    scalar(grep { /$busy/ } @lines), ' times that the spool is busy, ',
	    scalar(grep { /$changed/ } @lines), ' times that it was changed');
}

# What an agent does first, found out: while we hold both locks it waits, and
# has the spool open or not; then the spool is replaced.  That it waits for
# the dot-lock shows in the folder if it makes a file there to be linked, and
# not if it does nothing but try to create the lock.
sub first {
	my ($name) = @_;
	$host->spool('alice', '');
	open my $fh, '+<', $spool or die;
	my $flock = pack 's s x![q] q q i x![q]', F_WRLCK, SEEK_SET, 0, 0, 0;
	fcntl $fh, F_SETLK, $flock or die "fcntl: $!";
	Pop::spew("$spool.lock", "$$\n", 0644);
	my $folder = (Time::HiRes::stat "$host->{dir}/spool")[9];
	my $pid = $agents->start($name, message("1.$name"));
	my $end = time + 2;
	my ($open, $tried);
	do {
		select undef, undef, undef, 0.05;
		$tried = (Time::HiRes::stat "$host->{dir}/spool")[9] != $folder;
		$open = $agents->has_open($pid, $spool);
	} until $open || $tried || time > $end;
	$host->spool('fresh', '');
	rename "$host->{dir}/spool/fresh", $spool or die;
	unlink "$spool.lock";
	close $fh;
	$agents->wait_for($pid);
	return ($open, $host->spool('alice') =~ /^X-Sum/m ? 1 : 0);
}

subtest 'a second client' => sub {
	my $s = $host->login('alice');
	for (1 .. 3) {
		my ($t, $reply, $took) = try();
		like($reply, qr/^-ERR \[IN-USE\]/, 'is told');
		cmp_ok($took, '<', 1, 'at once');
		$t->wait_end;
	}
	$s->quit;
};

subtest 'QUIT while an agent is at work' => sub {
	$host->spool('alice', join '', map { Mbox::message($_) } 1 .. 3);
	my $s = $host->login('alice');
	$s->cmd('DELE 2');
	Pop::spew("$spool.lock", "$$\n", 0644);
	my $reply = $s->cmd('QUIT');
	like($reply, qr/^-ERR \[IN-USE\]/, 'is refused in the end');
	$s->rest;
	$s->wait_end;
	unlink "$spool.lock";
	$s = $host->login('alice');
	like($s->cmd('STAT'), qr/^\+OK 3 /, 'and the next session finds all');
	$s->quit;
};

for (@MODES) {
	my ($mode, $conf, @pairs) = @$_;
	$host->configure($conf);
	@pairs = (['script', 'script']) if $why;
	# AGENTS=procmail,exim,...: these together, whatever they do
	@pairs = ([split /,/, $ENV{AGENTS}]) if $ENV{AGENTS};
	for my $pair (@pairs) {
		subtest "$mode: @$pair" => sub { round($mode, @$pair) };
	}
}

subtest 'what agents do first' => sub {
	plan skip_all => $why if $why;
	for my $name (@debian) {
		my $first = $Agents::AGENT{$name}{first};
		my ($open, $delivered) = first($name);
		is($open ? 'open' : 'lock', $first, "$name: first");
		is($delivered, $first eq 'lock' ? 1 : 0,
		    "$name: in a spool that was replaced meanwhile");
	}
};
diag("Debian's agents were not tested: $why") if $why;
diag("seed $SEED\n" . $agents->log_text)
    unless Test::More->builder->is_passing;
opendir my $dh, "$host->{dir}/spool" or die;
is_deeply([grep { !/^\.\.?\z/ } readdir $dh], ['alice'], 'no lock is left');
done_testing;
