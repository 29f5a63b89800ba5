#!/usr/bin/perl
# The update at QUIT: what was deleted goes, all else stays to the octet, and
# so does mail that came during the session.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Mbox;
use Pop;
use Test::More;

my $host = Pop->new;
my @m = map { Mbox::message($_, "text $_\n" x $_) } 1 .. 6;
my $new = Mbox::message(7, "came meanwhile\n");

for (['nothing'], ['the first', 1], ['the last', 6], ['in the middle', 3],
    ['some', 1, 3, 4, 6], ['all', 1 .. 6]) {
	my ($name, @gone) = @$_;
	for my $more ('', $new) {
		my $what = $name . ($more ? ', with new mail' : '');
		my $file = $host->spool('alice', join '', @m);
		my $s = $host->login('alice');
		$s->cmd("DELE $_") for @gone;
		$host->deliver('alice', $more);
		like($s->quit, qr/^\+OK/, "$what: QUIT");
		my %gone = map { $_ => 1 } @gone;
		is($host->spool('alice'), join('', map { $m[$_ - 1] }
		    grep { !$gone{$_} } 1 .. 6) . $more, "$what: spool");
		my @st = stat $file;
		is($st[2] & 07777, 0660, "$what: mode");
		is("$st[4]:$st[5]", "$host->{uid}:$host->{gid}",
		    "$what: owner");
	}
}
opendir(my $dh, "$host->{dir}/spool") or die;
is_deeply([grep { !/^\.\.?$/ } readdir $dh], ['alice'], 'nothing is left');

# Without a separator of its own at the front, new mail still begins a spool.
$host->spool('alice', $m[0]);
my $s = $host->login('alice');
$s->cmd('DELE 1');
$host->deliver('alice', "\n$new");
$s->quit;
$s = $host->login('alice');
like($s->cmd('STAT'), qr/^\+OK 1 /, 'an empty line in front of new mail');
$s->quit;

# A program that rewrote the spool without asking: nothing is deleted.
for (['another file', sub {
		$host->spool('x', join '', @m[1 .. 5]);
		rename "$host->{dir}/spool/x", "$host->{dir}/spool/alice";
	}, join '', @m[1 .. 5]],
    ['cut off', sub { $host->spool('alice', $m[0]) }, $m[0]],
    ['another message of the same form in its place', sub {
		$host->spool('alice', join '', map {
			Mbox::message($_, "text $_\n" x 3) } 2 .. 7);
	}, join '', map { Mbox::message($_, "text $_\n" x 3) } 2 .. 7],
    ['gone', sub { unlink "$host->{dir}/spool/alice" }, undef],
    ['changed in place', sub {
		my $t = join '', @m;
		$t =~ s/\nFrom s4/\nXrom s4/;
		$host->spool('alice', $t);
	}, do { my $t = join '', @m; $t =~ s/\nFrom s4/\nXrom s4/; $t }]) {
	my ($name, $do, $want) = @$_;
	$host->spool('alice', join '', @m);
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
$host->spool('alice', join '', @m);
$s = $host->login('alice');
$s->multi('UIDL');
(my $marked = join '', @m) =~ s/^Subject: number 1\n/$&Status: RO\n/m;
$host->spool('alice', $marked);
like($s->cmd('RETR 3'), qr{^-ERR \[SYS/TEMP\] .* was changed by another},
    'RETR of a spool that changed');
like($s->cmd('TOP 3 1'), qr{^-ERR \[SYS/TEMP\]}, 'TOP of it');
$s->quit;
$host->spool('alice', join '', @m);
$s = $host->login('alice');
$host->spool('alice', $marked);
for my $cmd ('UIDL', 'UIDL 2') {
	like($s->cmd($cmd), qr{^-ERR \[SYS/TEMP\]}, "$cmd before ids are known");
}
$s->quit;
$s = $host->login('alice');
$host->deliver('alice', $new);
like($s->cmd('RETR 3'), qr/^\+OK/, 'RETR of a spool that only grew');
$s->rest if $s->put("\r\nQUIT\r\n");

# An update that cannot be: the spool is as before.
SKIP: {
	skip 'needs a uid that modes bind', 2 unless $host->{root};
	$host->spool('alice', join '', @m);
	$s = $host->login('alice');
	$s->cmd('DELE 2');
	mkdir "$host->{dir}/spool/.alice.pop.new";
	like($s->quit, qr/^-ERR \[SYS\/PERM\] Unable to create/, 'no place');
	is($host->spool('alice'), join('', @m), 'no place: as before');
	rmdir "$host->{dir}/spool/.alice.pop.new";
}

# Killed in the middle: the next session finds everything and no lock.
$host->spool('alice', join '', @m);
$s = $host->login('alice');
$s->cmd('DELE 2');
kill 'KILL', $s->{pid};
$s->wait_end;
Pop::spew("$host->{dir}/spool/.alice.pop.new", 'half of it', 0600);
chown $host->{uid}, $host->{gid}, "$host->{dir}/spool/.alice.pop.new"
    if $host->{root};
$s = $host->login('alice');
like($s->cmd('STAT'), qr/^\+OK 6 /, 'after a kill all is there');
ok(!-e "$host->{dir}/spool/.alice.pop.new", 'and what was begun is gone');
$s->quit;
done_testing;
