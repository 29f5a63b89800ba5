#!/usr/bin/perl
# The update at QUIT: what was deleted goes, all else stays to the octet, and
# so does mail that came during the session; in every mode.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Mbox;
use Modes;
use Pop;
use Test::More;

my @m = map { Mbox::message($_, "text $_\n" x $_) } 1 .. 6;
my $new = Mbox::message(7, "came meanwhile\n");
my $all = join '', @m;
# octets are compared here; status.t has the fields
my $PLAIN = "reset update-status-headers\n";
my ($host, $dir, $s);

sub only_alice {
	my ($name) = @_;
	opendir(my $dh, $dir) or die;
	is_deeply([grep { !/^\.(?:\.?|alice\.cache)$/ } readdir $dh], ['alice'],
	    "$name: nothing is left");
}

sub without {
	my (@gone) = @_;
	my %gone = map { $_ => 1 } @gone;
	return join '', map { $m[$_ - 1] } grep { !$gone{$_} } 1 .. 6;
}

# What goes, and what stays.
sub deletions {
	my ($mode) = @_;
	for (['nothing'], ['the first', 1], ['the last', 6],
	    ['in the middle', 3], ['some', 1, 3, 4, 6], ['all', 1 .. 6]) {
		my ($name, @gone) = @$_;
		for my $more ('', $new) {
			my $what = "$mode->{name}: $name" .
			    ($more ? ', with new mail' : '');
			my $file = $host->spool('alice', $all);
			my $inode = (stat $file)[1];
			$s = $host->login('alice');
			$s->cmd("DELE $_") for @gone;
			$host->deliver('alice', $more);
			like($s->quit, qr/^\+OK/, "$what: QUIT");
			is($host->spool('alice'), without(@gone) . $more,
			    "$what: spool");
			my @st = stat $file;
			is($st[2] & 07777, 0660, "$what: mode");
			is("$st[4]:$st[5]", "$host->{uid}:$host->{gid}",
			    "$what: owner");
			next if $mode->{conf} =~ /fast/;
			is($st[1], $inode, "$what: the same file");
		}
	}
	only_alice($mode->{name});
}

# New mail still begins a spool, whatever stands in front of it.
sub lead {
	my ($mode) = @_;
	$host->spool('alice', $m[0]);
	$s = $host->login('alice');
	$s->cmd('DELE 1');
	$host->deliver('alice', "\n$new");
	$s->quit;
	$s = $host->login('alice');
	like($s->cmd('STAT'), qr/^\+OK 1 /,
	    "$mode->{name}: an empty line in front of new mail");
	$s->quit;
	# what the agent missed behind the one that goes is there without it
	for my $lead ("\n", "\n\n") {
		my $last = $m[1] =~ s/$lead\z//r;
		$host->spool('alice', $m[0] . $last);
		$s = $host->login('alice');
		$s->cmd('DELE 2');
		$host->deliver('alice', $lead . $new);
		$s->quit;
		is($host->spool('alice'), $m[0] . $new, "$mode->{name}: " .
		    length($lead) . ' line ends in front, the last deleted');
	}
}

# What is left has fewer octets than popper marks a spool with.
my $MARK = "\1\1\1\1\n";
sub short {
	my ($mode) = @_;
	for (['an empty line', "\n"], ['two, with CR', "\r\n\r\n"],
	    ['an empty line and a message', "\n$m[0]", 1],
	    ['a ^A line', $MARK], ['MMDF', "${MARK}x\n$MARK"],
	    ['MMDF, and one deleted', "${MARK}x\n$MARK${MARK}y z\n$MARK", 2],
	    ['a From_ line', "From 4 Jan 94 10:23\n"]) {
		my ($what, $text, $gone) = @$_;
		my $name = "$mode->{name}, $what";
		$host->spool('alice', $text);
		my $t = $host->login('alice');
		$t->cmd("DELE $gone") if $gone;
		like($t->quit, qr/^\+OK/, "$name: QUIT");
		$t = $host->connect;
		$t->cmd('USER alice');
		like($t->cmd('PASS secret'), qr/^\+OK/, "$name: log-in");
		$t->put("QUIT\r\n");
		$t->rest;
		$t->wait_end;
		my $got = $host->spool('alice');
		like($got, qr/\A\n?\z/, "$name: spool")
		    if $what =~ /and a message/;
		is($got, substr($text, 0, length($text) - ($gone ? 14 : 0)),
		    "$name: spool") if $what !~ /and a message/;
		unlink map { "$dir/$_" } '.alice.pop', '.alice.pop.lost';
	}
}

# Killed in the middle: the next session finds everything and no lock.
sub killed {
	my ($mode) = @_;
	$host->spool('alice', $all);
	$s = $host->login('alice');
	$s->cmd('DELE 2');
	kill 'KILL', $s->{pid};
	$s->wait_end;
	Pop::spew("$dir/.alice.pop.new", 'half of it', 0600);
	chown $host->{uid}, $host->{gid}, "$dir/.alice.pop.new"
	    if $host->{root};
	$host->deliver('alice', $new);
	$s = $host->login('alice');
	like($s->cmd('STAT'), qr/^\+OK 7 /,
	    "$mode->{name}: after a kill all is there");
	ok(!-e "$dir/.alice.pop.new",
	    "$mode->{name}: and what was begun is gone");
	$s->quit;
	is($host->spool('alice'), $all . $new, "$mode->{name}: in order");
	only_alice("$mode->{name}, killed");
}

# An update that cannot be: the spool is as before.
sub no_place {
	my ($mode) = @_;
	$host->spool('alice', $all);
	$s = $host->login('alice');
	$s->cmd('DELE 2');
	mkdir "$dir/.alice.pop.new";
	like($s->quit, qr/^-ERR \[SYS\/PERM\] Unable to create/,
	    "$mode->{name}, no place: QUIT");
	is($host->spool('alice'), $all, "$mode->{name}, no place: as before");
	rmdir "$dir/.alice.pop.new";
}

# What programs do that rewrite a spool without asking.
my $same_form = join '', map { Mbox::message($_, "text $_\n" x 3) } 2 .. 7;
(my $broken = $all) =~ s/\nFrom s4/\nXrom s4/ or die;
my @rewrite = (
	['another file', sub {
		$host->spool('x', join '', @m[1 .. 5]);
		rename "$dir/x", "$dir/alice";
	}, join '', @m[1 .. 5]],
	['cut off', sub { $host->spool('alice', $m[0]) }, $m[0]],
	['another message of the same form in its place', sub {
		$host->spool('alice', $same_form);
	}, $same_form],
	['gone', sub { unlink "$dir/alice" }, undef],
	['changed in place', sub { $host->spool('alice', $broken) }, $broken],
);

# Server mode works in the spool: nothing is deleted.
sub rewritten {
	my ($mode, $what, $do, $want) = @_;
	my $name = "$mode->{name}, $what";
	$host->spool('alice', $all);
	$s = $host->login('alice');
	$s->cmd('DELE 2');
	$do->();
	like($s->cmd('QUIT'), qr{^-ERR \[SYS/TEMP\] .* was changed by another},
	    "$name: refused");
	is($s->rest, "+OK Pop server at mail.test signing off.\r\n",
	    "$name: signs off");
	is($s->wait_end, 111, "$name: exit code");
	is($host->spool('alice'), $want, "$name: left alone");
}

# A program that marks mail as read in place: no wrong octets are sent.
sub marked {
	my ($mode) = @_;
	(my $text = $all) =~ s/^Subject: number 1\n/$&Status: RO\n/m;
	$host->spool('alice', $all);
	$s = $host->login('alice');
	$s->multi('UIDL');
	$host->spool('alice', $text);
	like($s->cmd('RETR 3'), qr{^-ERR \[SYS/TEMP\] .* was changed by another},
	    "$mode->{name}: RETR of a spool that changed");
	like($s->cmd('TOP 3 1'), qr{^-ERR \[SYS/TEMP\]},
	    "$mode->{name}: TOP of it");
	$s->quit;
	unlink "$dir/.alice.cache";
	$host->spool('alice', $all);
	$s = $host->login('alice');
	$host->spool('alice', $text);
	for my $cmd ('UIDL', 'UIDL 2') {
		like($s->cmd($cmd), qr{^-ERR \[SYS/TEMP\]},
		    "$mode->{name}: $cmd before ids are known");
	}
	$s->quit;
	$s = $host->login('alice');
	$host->deliver('alice', $new);
	like($s->cmd('RETR 3'), qr/^\+OK/,
	    "$mode->{name}: RETR of a spool that only grew");
	$s->rest if $s->put("\r\nQUIT\r\n");
}

# Normal mode has its own copy: the session goes on with it, and what it keeps
# comes before what is in the spool then.
sub its_own {
	my ($mode, $what, $do, $then) = @_;
	my $name = "$mode->{name}, $what";
	my $file = $host->spool('alice', $all);
	$s = $host->login('alice');
	is(-s $file, 0, "$name: the mail is taken out");
	$s->cmd('DELE 2');
	$do->();
	my (undef, $got) = $s->message('RETR 3');
	like($got, qr/\r\n\r\n(?:text 3\r\n){3}\z/, "$name: RETR goes on");
	like($s->quit, qr/^\+OK/, "$name: QUIT");
	is($host->spool('alice'),
	    without(2) . (defined $then ? $then : ''), "$name: spool");
	my @st = stat $file;
	is(sprintf('%04o %d %d', $st[2] & 07777, @st[4, 5]),
	    "0660 $host->{uid} $host->{gid}", "$name: mode and owner");
	only_alice($name);
}

# A session opens no file that came after it: then all mail waits for the next.
sub replaced {
	my ($mode, $what, $do, $then) = @_;
	my $name = "$mode->{name}, $what";
	$host->spool('alice', $all);
	$s = $host->login('alice');
	$s->cmd('DELE 2');
	$do->();
	my (undef, $got) = $s->message('RETR 3');
	like($got, qr/\r\n\r\n(?:text 3\r\n){3}\z/, "$name: RETR goes on");
	like($s->quit, qr{^-ERR \[SYS/TEMP\] .*another file than at log-in},
	    "$name: QUIT");
	is($host->spool('alice'), $then, "$name: left alone");
	$s = $host->login('alice');
	$s->quit;
	is($host->spool('alice'), $all . $then,
	    "$name: the next session puts the mail back");
	only_alice($name);
}

# A spool that cannot be used at QUIT: the mail waits for the next session.
sub in_the_way {
	my ($mode) = @_;
	my $name = "$mode->{name}, a link in the way";
	$host->spool('alice', $all);
	$s = $host->login('alice');
	$s->cmd('DELE 2');
	unlink "$dir/alice";
	symlink "$dir/other", "$dir/alice" or die;
	like($s->quit, qr{^-ERR \[SYS/PERM\] .*symbolic link}, "$name: QUIT");
	ok($host->log_like(qr/the next session will put the mail back/),
	    "$name: and the log says what comes of it");
	ok(-l "$dir/alice" && !-e "$dir/other", "$name: nothing is written");
	unlink "$dir/alice";
	$host->spool('alice', $new);
	$s = $host->login('alice');
	like($s->cmd('STAT'), qr/^\+OK 7 /, "$name: then all is there");
	$s->quit;
	is($host->spool('alice'), $all . $new, "$name: in order");
	only_alice($name);
}

for my $mode (@Modes::modes) {
	$host = Pop->new(conf => $PLAIN . $mode->{conf});
	$dir = "$host->{dir}/spool";
	deletions($mode);
	lead($mode);
	short($mode);
	killed($mode);
	no_place($mode) if $mode->{conf} =~ /fast/ && $host->{root};
	if ($mode->{conf} =~ /server/) {
		rewritten($mode, @$_) for @rewrite;
		marked($mode);
	} else {
		replaced($mode, @{ $rewrite[0] });
		its_own($mode, @$_) for @rewrite[1 .. $#rewrite],
		    ['no mail', sub { $host->deliver('alice', "junk\n") },
			"junk\n"];
		in_the_way($mode);
	}
}
done_testing;
