#!/usr/bin/perl
# What is kept of a session: Status and X-UIDL fields, or in server mode the
# file beside the spool; LAST, sizes and unique-ids that rest on them.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Mbox;
use Modes;
use POSIX ();
use Pop;
use Test::More;
use Time::HiRes qw(time);

my $FROM = "From a\@b Thu Jan  1 00:00:00 1970\n";
my $ID = qr/[!-~]{20}/;
my @m = map { Mbox::message($_) } 1 .. 5;
my ($host, $dir, $s, $mode, $in_server);

sub use_mode {
	($mode, my $more, my @users) = @_;
	$host = Pop->new(conf => $mode->{conf} . ($more || ''),
	    users => ['alice', @users]);
	$dir = "$host->{dir}/spool";
	$in_server = $mode->{conf} =~ /server-mode/;
}

# A session that does this and ends well: what it got of UIDL, if it asked.
sub session {
	my ($name, @cmd) = @_;
	my @id;
	$s = $host->login('alice');
	for (@cmd) {
		my ($status, $text) = /^(?:RETR|TOP|UIDL$)/ ? $s->multi($_)
		    : $s->cmd($_);
		like($status, qr/^\+OK/, "$mode->{name}, $name: $_");
		@id = $text =~ /^\d+ (\S+)\r$/mg if $_ eq 'UIDL';
	}
	like($s->quit, qr/^\+OK/, "$mode->{name}, $name: QUIT");
	return \@id;
}

sub ids {
	my ($name) = @_;
	return session($name, 'UIDL');
}

sub last_is {
	my ($n, $name) = @_;
	$s = $host->login('alice');
	like($s->cmd('LAST'), qr/^\+OK $n is the last message seen\.$/,
	    "$mode->{name}: $name: LAST");
	$s->quit;
}

# The header of each message in the spool, its fields that sessions write.
sub fields {
	my ($text) = @_;
	$text = $host->spool('alice') unless defined $text;
	return [map {
		my ($head) = /\A(.*?)(?:(?<=\n)\r?\n|\z)/s;
		my @own = $head =~ /^((?:Status|X-UIDL):.*)\n/mg;
		my $all = join "\n", @own, '';
		push @own, 'not at its end'
		    if substr($head, -length $all) ne $all;
		s/^(X-UIDL: )$ID(\r?)\z/$1ID$2/ for @own;
		join '; ', @own;
	} split /^(?=From )/m, $text];
}

# Every size that is told is that of what is sent.
sub sizes {
	my ($name) = @_;
	my ($n, $all) = $s->cmd('STAT') =~ /^\+OK (\d+) (\d+)$/;
	my (undef, $list) = $s->multi('LIST');
	my %size = $list =~ /^(\d+) (\d+)\r$/mg;
	my (@wrong, $sum);
	for my $i (1 .. $n) {
		my ($status, $text) = $s->message("RETR $i");
		push @wrong, "$i: $size{$i}, $status" if
		    length $text != $size{$i} ||
		    $status ne "+OK $size{$i} octets" ||
		    $s->cmd("LIST $i") ne "+OK $i $size{$i}";
		$sum += $size{$i};
	}
	is_deeply(\@wrong, [], "$mode->{name}, $name: sizes");
	is($sum, $all, "$mode->{name}, $name: STAT is their sum");
}

# Fields, in the modes that write all that is kept.
for (grep { $_->{conf} !~ /server/ } @Modes::modes) {
	use_mode($_);
	$host->spool('alice', join '', @m);
	session('RETR', 'RETR 1');
	is_deeply(fields(), ['X-UIDL: ID; Status: RO', ('Status: U') x 4],
	    "$mode->{name}: RETR marks, and nobody asked for other ids");
	session('TOP', 'TOP 2 9');
	is_deeply(fields(), ['X-UIDL: ID; Status: RO',
	    'Status: U; X-UIDL: ID', ('Status: U') x 3],
	    "$mode->{name}: TOP does not mark, but asks for the id");
	session('UIDL', 'UIDL');
	is_deeply(fields(), ['X-UIDL: ID; Status: RO',
	    ('Status: U; X-UIDL: ID') x 4], "$mode->{name}: UIDL");
	my $before = $host->spool('alice');
	session('nothing new', 'UIDL', 'RETR 1', 'TOP 3 1');
	is($host->spool('alice'), $before,
	    "$mode->{name}: what is known already changes nothing");
	session('RETR', 'RETR 5');
	is_deeply(fields(), ['X-UIDL: ID; Status: RO',
	    ('Status: U; X-UIDL: ID') x 3, 'X-UIDL: ID; Status: RO'],
	    "$mode->{name}: a Status field is replaced");
	session('RETR and DELE', 'RETR 2', 'RETR 3', 'DELE 2');
	is_deeply(fields(), ['X-UIDL: ID; Status: RO',
	    'X-UIDL: ID; Status: RO', 'Status: U; X-UIDL: ID',
	    'X-UIDL: ID; Status: RO'], "$mode->{name}: with a deletion");
	# all else is as it was
	my $got = $host->spool('alice') =~ s/^(?:Status|X-UIDL): .*\n//mgr;
	is($got, join('', @m[0, 2 .. 4]), "$mode->{name}: and nothing else");
}

# In every mode: what other servers wrote, LAST, and how it is kept.
for (@Modes::modes) {
	use_mode($_);
	my @status = map { Mbox::message($_->[0], undef, $_->[1]) }
	    [1, "Status: RO\n"], [2, "Status: O\n"], [3, "status:\tR\n"],
	    [4, "Status: U\n"], [5, "X-Status: RA\n"];
	$host->spool('alice', join '', @status);
	last_is(3, 'R is read, O, U and X-Status are not');
	if (!$in_server) {
		is_deeply(fields()->[$_ - 1], ['Status: RO', 'Status: O',
		    'status:	R', 'Status: U', 'Status: U']->[$_ - 1],
		    "$mode->{name}: $_ keeps what it has")
		    for 1, 2, 4, 5;
	}

	$host->spool('alice', join '', @m);
	last_is(0, 'nothing read');
	session('TOP', 'TOP 5 9', 'TOP 4 0', 'UIDL');
	last_is(0, 'TOP does not count');
	session('RETR', 'RETR 2', 'TOP 3 0');
	last_is(2, 'in the next session');
	session('RETR', 'RETR 4', 'RETR 1');
	last_is(4, 'in the next one');
	session('DELE', 'DELE 1', 'DELE 3');
	last_is(2, 'with others deleted');
	session('DELE', 'DELE 2');
	last_is(1, 'with it deleted');
	$host->deliver('alice', Mbox::message(6));
	last_is(1, 'with new mail');
	session('RETR of it', 'RETR 3');
	last_is(3, 'new mail read');
	$s = $host->login('alice');
	$s->multi('RETR 2');
	$host->deliver('alice', Mbox::message(7));
	$s->cmd('DELE 1');
	$s->quit;
	last_is(2, 'new mail during an update');
	if ($in_server) {
		ok(-s "$dir/.alice.cache", "$mode->{name}: kept beside it");
		is(sprintf('%04o', (stat _)[2] & 07777), '0600',
		    "$mode->{name}: for nobody else");
	} else {
		ok(!-e "$dir/.alice.cache", "$mode->{name}: no file for it");
	}
	session('all', map { "DELE $_" } 1 .. 3);
	ok(!-e "$dir/.alice.cache", "$mode->{name}: no mail, no file");
	$host->deliver('alice', Mbox::message(8));
	last_is(0, 'the first message after it');
}

# Switched off: nothing is written anywhere.
for (@Modes::modes) {
	use_mode($_, "reset update-status-headers\n");
	$host->spool('alice', join '', @m);
	session('off', 'UIDL', 'RETR 2', 'DELE 4');
	is($host->spool('alice'), join('', @m[0 .. 2, 4]),
	    "$mode->{name}, off: no field");
	last_is(0, 'off: nothing is kept');
}

# Headers of every kind.
my $seventy = 'x' x 70;
my $crlf = "From c\@d Thu Jan  1 00:00:00 1970\r\nSubject: cr\r\n" .
    "%s\r\nbody\r\n\r\n";
my @head = (
	# what is in the spool, and then, if it is read
	["X-UIDL: stored-1\n", 'X-UIDL: stored-1; Status: RO'],
	["X-UIDL: stored-1\n", 'X-UIDL: ID; Status: RO'],
	["X-UIDL: has a blank\n", 'X-UIDL: ID; Status: RO'],
	["X-UIDL: folded\n and-more\n", 'X-UIDL: ID; Status: RO'],
	["X-UIDL: $seventy\n", "X-UIDL: $seventy; Status: RO"],
	["X-UIDL: ${seventy}y\n", 'X-UIDL: ID; Status: RO'],
	["X-UIDL:\n", 'X-UIDL: ID; Status: RO'],
	["x-uidl:two-1\nX-UIDL: two-2\n", undef],
	["Status: O\nContent-Length: 3\nX-UIDL: o\n", undef],
	["Status: R\n", 'X-UIDL: ID', 1],
);
sub kinds {
	my $i = 0;
	return join('', map { Mbox::message(++$i, undef, $_->[0]) } @head) .
	    sprintf($crlf, '') . sprintf($crlf, "X-UIDL: a b\r\n") .
	    sprintf($crlf, "X-UIDL: in-cr\r\n") .
	    "$FROM\n\n${FROM}\nbody\n\n${FROM}Subject: no body\n\n" .
	    "${FROM}Subject: only a header";
}
my $kinds = @head + 7;
for (@Modes::modes) {
	for my $first ('UIDL', 'LIST', "RETR $kinds") {
		use_mode($_);
		$host->spool('alice', kinds());
		my $what = "all kinds, first $first";
		$s = $host->login('alice');
		like($s->cmd('STAT'), qr/^\+OK $kinds /,
		    "$mode->{name}, $what: messages");
		sizes("$what, no ids yet") if $first eq 'LIST';
		$s->multi($first);
		sizes($what);
		my (undef, $uidl) = $s->multi('UIDL');
		my %seen;
		$seen{$_}++ for my @id = $uidl =~ /^\d+ (\S+)\r$/mg;
		is_deeply([grep { $seen{$_} > 1 } keys %seen], [],
		    "$mode->{name}, $what: ids differ");
		is_deeply([@id[0, 4, 7, 8, @head + 2]],
		    ['stored-1', $seventy, 'two-1', 'o', 'in-cr'],
		    "$mode->{name}, $what: stored ids");
		like($_, qr/\A$ID\z/, "$mode->{name}, $what: a computed id")
		    for @id[1 .. 3, 5, 6];
		$s->cmd('DELE 1') if $first ne 'UIDL';
		$s->quit;
		shift @id if $first ne 'UIDL';
		is_deeply(ids($what), \@id, "$mode->{name}, $what: ids, again");
		$s = $host->login('alice');
		sizes("$what, next session");
		$s->quit;
		is_deeply(ids($what), \@id,
		    "$mode->{name}, $what: ids, once more");
		next if $in_server || $first ne 'UIDL';
		my $have = fields();
		for (grep { defined $head[$_][1] } 0 .. $#head) {
			next if $head[$_][2];
			is($have->[$_], $head[$_][1], "$mode->{name}: " .
			    ($head[$_][0] =~ s/\n/|/gr));
		}
		is_deeply([@$have[@head .. @head + 4]],
		    ["X-UIDL: ID\r; Status: RO\r", "X-UIDL: ID\r; Status: RO\r",
		    "X-UIDL: in-cr\r; Status: RO\r",
		    ('X-UIDL: ID; Status: RO') x 2],
		    "$mode->{name}: CRLF where the message has it");
	}
}

# Ids outlive sessions and deletions, those of equal messages, too.
for (@Modes::modes) {
	use_mode($_);
	$host->spool('alice', join '', @m);
	my $id = ids('ids');
	is_deeply(ids('ids'), $id, "$mode->{name}: ids in the next session");
	session('DELE', 'DELE 1', 'DELE 3');
	is_deeply(ids('ids'), [@$id[1, 3, 4]],
	    "$mode->{name}: ids when others are deleted");
	$host->deliver('alice', Mbox::message(6));
	is_deeply([@{ ids('ids') }[0 .. 2]], [@$id[1, 3, 4]],
	    "$mode->{name}: ids when others come");

	$host->spool('alice', $m[0] x 3 . $m[1]);
	$id = session('equal', 'UIDL', 'DELE 1');
	is_deeply(ids('equal'), [@$id[1 .. 3]],
	    "$mode->{name}: the first of three equal messages deleted");
	session('equal', 'DELE 1');
	is_deeply(ids('equal'), [@$id[2, 3]],
	    "$mode->{name}: and the next one");
	# a new equal one gets another id
	$host->deliver('alice', $m[0]);
	my $now = ids('equal');
	is_deeply([@$now[0, 1]], [@$id[2, 3]], "$mode->{name}: one more came");
	isnt($now->[2], $now->[0], "$mode->{name}: with an id of its own");

	# a stored id that several have: it does not go from one to another
	$host->spool('alice', join '', map { Mbox::message($_, undef,
	    $_ == 3 ? '' : "X-UIDL: one-for-all\n") } 1 .. 6);
	$id = session('one for all', 'UIDL', 'DELE 1');
	$now = ids('one for all');
	is_deeply($now, [@$id[1 .. 5]],
	    "$mode->{name}: the first of several with one stored id deleted");
}

# Whatever is where the cache should be: a session works, with the ids that
# are computed, and the next one has a cache again.
my %place = (
	'no cache' => sub { unlink $_[0] },
	'garbage' => sub { Pop::spew($_[0], "\xff\0garbage" x 500) },
	'an empty one' => sub { Pop::spew($_[0], '') },
	'one octet of it' => sub { truncate $_[0], 1 },
	'all but an octet of it' => sub { truncate $_[0], (-s $_[0]) - 1 },
	'its head' => sub { truncate $_[0], 64 },
	'a bit of a record turned' => sub {
		my $text = Pop::slurp($_[0]);
		substr($text, -30, 1) ^= "\1";
		Pop::spew($_[0], $text);
	},
	"another user's" => sub {
		rename "$dir/.bob.cache", $_[0] or die $!;
	},
	'a symbolic link' => sub {
		rename $_[0], "$dir/moved" or die $!;
		symlink 'moved', $_[0] or die $!;
	},
	'a link to nothing' => sub {
		unlink $_[0];
		symlink "$dir/nothing", $_[0] or die $!;
	},
	'a FIFO' => sub { unlink $_[0]; POSIX::mkfifo($_[0], 0600) or die },
	'a gigabyte of nothing' => sub {
		Pop::spew($_[0], '');
		truncate $_[0], 1 << 30 or die $!;
	},
);
for (grep { $_->{conf} =~ /server/ } @Modes::modes) {
	use_mode($_, '', 'bob');
	my $cache = "$dir/.alice.cache";
	for my $name (sort keys %place) {
		unlink glob "$dir/.*.cache";
		$host->spool('bob', join '', @m[2, 1, 0, 4]);
		my $bob = $host->login('bob');
		$bob->multi('RETR 4');
		$bob->quit;
		$host->spool('alice', join '', @m[0 .. 3]);
		my $id = session($name, 'UIDL', 'RETR 3');
		$place{$name}->($cache);
		chown $host->{uid}, $host->{gid}, $cache
		    if $host->{root} && -f $cache && !-l $cache;
		my $start = time;
		# a bad record is found when it is asked for, or before
		last_is($name =~ /record/ ? '[03]' : 0, "$name: what was read");
		is_deeply(ids($name), $id, "$mode->{name}, $name: ids");
		cmp_ok(time - $start, '<', 5, "$mode->{name}, $name: at once");
		session($name, 'RETR 2');
		last_is(2, "$name, and after a session");
		ok(-f $cache && !-l $cache,
		    "$mode->{name}, $name: a file again");
		ok(!-e "$dir/nothing", "$mode->{name}, $name: nowhere else");
		unlink "$dir/moved";
	}
	# octets behind what it tells of are nothing
	truncate $cache, 1 << 30 or die $!;
	my $start = time;
	last_is(2, 'a gigabyte more');
	cmp_ok(time - $start, '<', 5, "$mode->{name}, a gigabyte more: at once");
	unlink $cache;
	SKIP: {
		skip 'needs root', 9 unless $host->{root};
		session('cache of somebody else', 'RETR 3');
		chown $host->{uid} + 1, -1, $cache;
		last_is(0, "somebody else's");
		unlink $cache;
		mkdir $cache;
		session('a folder', 'RETR 1');
		ok($host->log_like(qr/the next log-in will take longer/),
		    "$mode->{name}, a folder: the log says so");
		rmdir $cache;
		opendir(my $dh, $dir) or die;
		is_deeply([grep { /alice\.cache/ } readdir $dh], [],
		    "$mode->{name}, a folder: nothing is left");
	}
}
done_testing;
