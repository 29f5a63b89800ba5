#!/usr/bin/perl
# The cache of server mode: when it is believed, what it saves, and that it is
# never believed against the mail.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Mbox;
use Pop;
use Test::More;
use Time::HiRes ();

my $N = 300;	# several blocks of the index
# one that believes also of a small spool that it has only grown
my $grown = $0 =~ /grown/;
$Pop::POPPER = "$Pop::BUILD/t/popper-collapse" if $grown;
my @m = map { Mbox::message($_, "text $_\n" x ($_ % 7)) } 1 .. $N;
my $all = join '', @m;
my ($host, $file, $cache, $t);

sub start {
	my ($more) = @_;
	$host = Pop->new(conf => "set server-mode\n" . ($more || ''));
	$file = "$host->{dir}/spool/alice";
	$cache = "$host->{dir}/spool/.alice.cache";
}

# All that a client can see.
sub look {
	my (%opt) = @_;
	my $t = $host->login('alice', %opt);
	my %got = map { $_ => ($t->multi($_))[1] } 'LIST', 'UIDL';
	$got{$_} = $t->cmd($_) for 'STAT', 'LAST';
	$got{$_} = ($t->multi("RETR $_"))[1] for 1, 150, $N;
	like($t->quit, qr/^\+OK/, 'QUIT');
	return \%got;
}

# The system calls of a session, and those that read or lock the spool.
sub calls {
	my ($does) = @_;
	my $trace = "$host->{dir}/strace";
	my $t = $host->login('alice', before => ['strace', '-f', '-qq', '-y',
	    '-o', $trace]);
	$does->($t);
	$t->quit;
	$t->wait_end;
	my @line = split /\n/, Pop::slurp($trace);
	return ([grep { m{\b(?:read|pread64|readv|mmap)\(.*spool/alice>} }
	    @line], [grep {
	    m{\b(?:open|link|unlink)at\(.*alice\.(?:lock|lk)|F_OFD_SETLK} } @line]);
}

# All there is, or nothing if something was refused.
sub everything {
	my $t = $host->login('alice');
	my ($count) = $t->cmd('STAT') =~ /^\+OK (\d+)/;
	my %got = map { $_ => ($t->multi($_))[1] } 'LIST', 'UIDL',
	    map { "RETR $_" } 1 .. $count;
	$t->quit;
	return (grep { !defined } values %got) ? undef : \%got;
}

# Whole seconds back, so that no clock's tick is in doubt.
sub age {
	my $t = time - 100;
	utime $t, $t, $file or die;
	my $ctime = (Time::HiRes::stat($file))[10];
	1 while Time::HiRes::time() < $ctime + 0.02;
}

start();
$host->spool('alice', $all);
age();
my $first = look();
my $again = look();
is_deeply($again, { %$first, LAST => "+OK $N is the last message seen." },
    'the same from the cache');
ok(-f $cache, 'there is one');
SKIP: {
	skip 'no strace', 6
	    unless grep { -x "$_/strace" } split /:/, $ENV{PATH};
	my ($read, $lock) = calls(sub {
		my ($t) = @_;
		like($t->cmd($_), qr/^\+OK/, $_)
		    for 'STAT', 'LIST 200', 'UIDL 200', 'LAST';
	});
	is_deeply($read, [], 'an unchanged spool is not read');
	is_deeply($lock, [], 'nor locked');
}
my @was = (stat $cache)[1, 9];
look();
is_deeply([(stat $cache)[1, 9]], \@was, 'nothing learnt, nothing written');

# Only grown: the rest comes from the cache, with its ids and marks.
for my $n (1, 70, 200) {
	my $t = $host->login('alice');
	my ($count) = $t->cmd('STAT') =~ /^\+OK (\d+)/;
	my (undef, $ids) = $t->multi('UIDL');
	$t->quit;
	$host->deliver('alice', join '', map { Mbox::message("new $n.$_") }
	    1 .. $n);
	$t = $host->login('alice');
	like($t->cmd('STAT'), qr/^\+OK @{[$count + $n]} /, "$n more");
	my (undef, $now) = $t->multi('UIDL');
	is(substr($now, 0, length($ids) - 3), substr($ids, 0, -3),
	    "$n more: ids as they were");
	is($t->cmd('LAST'), "+OK $N is the last message seen.",
	    "$n more: marks as they were");
	my (undef, $text) = $t->message('RETR ' . ($count + $n));
	like($text, qr/^Subject: number new $n\.$n\r$/m, "$n more: RETR");
	$t->cmd('RSET');
	$t->quit;
	my $fresh = do {
		unlink $cache;
		my $u = $host->login('alice');
		my %got = map { $_ => ($u->multi($_))[1] } 'LIST', 'UIDL';
		$u->quit;
		\%got;
	};
	is($fresh->{UIDL}, $now, "$n more: the same ids without a cache");
	look() for 1 .. 2;
}

# Changed by others in every way, with and without growth, times put back:
# what a session says is what it says without a cache.
my %change = (
	'a flag in place' => sub { s/^Subject: number 7$/Subject: NUMBER 7/mr },
	'a field more' => sub { s/^(Subject: number 7)$/$1\nStatus: RO/mr },
	'the first gone' => sub { substr $_, length $m[0] },
	'one in the middle gone, one more of its length' => sub {
		(my $t = $_) =~ s/\Q$m[99]\E//;
		$t . $m[99];
	},
	'two changed places' => sub {
		my @t = @m;
		@t[101, 108] = @t[108, 101];
		join '', @t;
	},
	'cut off' => sub { substr $_, 0, length join '', @m[0 .. 149] },
	'another one altogether' => sub { join '', reverse @m },
	'an end without a line end' => sub { "$_" . 'From x' },
	'empty lines more' => sub { "$_\n\n" },
	'a message that goes on' => sub { substr($_, 0, -1) . "more\n" },
	'nothing' => sub { $_ },
);
for my $what (sort keys %change) {
	for my $grown ('', Mbox::message('grown')) {
		my $name = $what . ($grown ? ', and grown' : '');
		$host->spool('alice', $all);
		age();
		look();
		my @time = (Time::HiRes::stat($file))[8, 9];
		local $_ = $all;
		$host->spool('alice', $change{$what}->() . $grown);
		Time::HiRes::utime($time[0], $time[1], $file);
		my $got = everything();
		# it may be found out then, and not before
		$got = everything() if $grown && !$got;
		unlink $cache;
		is_deeply($got, everything(), $name);
	}
}

# Mail that comes while a session is open, and updates: the next session knows
# what is left without reading it, and what it knows is so.
for my $gone ([1], [150], [$N], [1, 2, 64, 65, 128, 299], [2 .. $N],
    [1 .. $N - 1]) {
	for my $new ('', Mbox::message('new')) {
		my $name = 'deleted ' . (@$gone > 6 ? scalar @$gone : "@$gone") .
		    ($new ? ', mail came' : '');
		$host->spool('alice', $all);
		age();
		my $t = $host->login('alice');
		my (undef, $ids) = $t->multi('UIDL');
		my %id = $ids =~ /^(\d+) (\S+)\r$/mg;
		$t->cmd("DELE $_") for @$gone;
		$host->deliver('alice', $new) if $new;
		like($t->quit, qr/^\+OK/, "$name: QUIT");
		$t->wait_end;
		delete @id{@$gone};
		my @want = @id{sort { $a <=> $b } keys %id};
		ok(-f $cache, "$name: there is a cache");
		my $got = $host->login('alice');
		my (undef, $left) = $got->multi('UIDL');
		my @left = $left =~ /^\d+ (\S+)\r$/mg;
		pop @left if $new;
		is_deeply(\@left, \@want, "$name: ids");
		my (undef, $list) = $got->multi('LIST');
		$got->quit;
		unlink $cache;
		$got = $host->login('alice');
		is(($got->multi('LIST'))[1], $list, "$name: sizes");
		$got->quit;
	}
}

# A reader changes the spool while a session is open, and mail comes.
for my $k (5, 101, 290) {
	$host->spool('alice', $all);
	age();
	look();
	my $t = $host->login('alice');
	my @t = @m;
	@t[$k, $k + 7] = @t[$k + 7, $k];
	$host->spool('alice', join '', @t);
	$t->multi('RETR 1');
	$t->quit;
	$t->wait_end;
	$host->deliver('alice', Mbox::message('after it'));
	my $got = everything();
	$got = everything() if $grown && !$got;
	unlink $cache;
	is_deeply($got, everything(), "changed during a session, $k");
}

# A cache that cannot be written costs nothing but time.
$host->spool('alice', $all);
mkdir "$cache.new" or die;
mkdir "$cache.new/x" or die;
unlink $cache;
$t = $host->login('alice');
$t->multi('UIDL');
$t->cmd('DELE 2');
like($t->quit, qr/^\+OK/, 'no place for a cache: QUIT');
is($t->wait_end, 0, 'no place for a cache: ends well');
ok(!-e "$host->{dir}/spool/.alice.pop", 'no place for a cache: no lock stays');
rmdir "$cache.new/x";
rmdir "$cache.new";
look();
# one that was not finished goes, and so does its session's lock
Pop::spew("$cache.new", 'unfinished');
Pop::spew("$host->{dir}/spool/.alice.pop", '', 0600);
chown $host->{uid}, $host->{gid}, "$host->{dir}/spool/.alice.pop"
    if $host->{root};
look();
ok(!-e "$cache.new", 'what a killed session left is gone');

# A block is damaged: sessions go on as if there were no cache.
$host->spool('alice', $all);
age();
look();
my $whole = Pop::slurp($cache);
my $want = look();
for my $at (map { 512 + 8000 * $_ } 0 .. 4) {
	my $bad = $whole;
	substr($bad, $at, 1) ^= "\x40";
	Pop::spew($cache, $bad);
	chown $host->{uid}, $host->{gid}, $cache if $host->{root};
	is_deeply(look(), $want, "damaged at $at");
	is_deeply(look(), $want, "damaged at $at, the next session");

	# deletions that were made before it is found out stay
	Pop::spew($cache, $bad);
	chown $host->{uid}, $host->{gid}, $cache if $host->{root};
	my $t = $host->login('alice');
	$t->cmd('DELE 1');
	$t->cmd("DELE $N");
	$t->multi('LIST');
	$t->cmd('DELE 150');
	like($t->quit, qr/^\+OK/, "damaged at $at: QUIT");
	my %gone = map { $_ => 1 } 1, 150, $N;
	(my $text = $host->spool('alice')) =~
	    s/^(?:Status|X-UIDL): .*\n//mg;
	is($text, join('', map { $m[$_ - 1] } grep { !$gone{$_} } 1 .. $N),
	    "damaged at $at: the right ones are gone");
	$host->spool('alice', $all);
	age();
	look() for 1 .. 2;
	$whole = Pop::slurp($cache);
}

# A session that is closing is waited for, one that is not is not.
$host->spool('alice', $all);
for (1 .. 30) {
	my $t = $host->login('alice');
	$t->cmd('DELE 1');
	like($t->cmd('QUIT'), qr/^\+OK/, 'QUIT');
	my $u = $host->login('alice');
	like($u->cmd('STAT'), qr/^\+OK @{[$N - $_]} /, 'the next one at once');
	$u->quit;
}
$t = $host->login('alice');
my $before = Time::HiRes::time();
my $u = $host->connect;
$u->cmd('USER alice');
like($u->cmd("PASS secret"), qr/^-ERR \[IN-USE\]/, 'in use');
cmp_ok(Time::HiRes::time() - $before, '<', 5, 'and told at once');
$t->quit;
done_testing;
