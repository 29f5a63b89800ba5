#!/usr/bin/perl
# Users whose uid and gid need all 32 bits: whose session it is, and whose the
# files are, in every mode.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Mbox;
use Modes;
use Pop;
use Test::More;

plan skip_all => 'needs root, which becomes users' unless $> == 0;

for my $mode (@Modes::modes) {
	for my $id (2 ** 31 - 1, 2 ** 31, 2 ** 32 - 2) {
		my $host = Pop->new(conf => $mode->{conf});
		my $name = "$mode->{name}, $id";
		my $d = $host->{dir};
		@$host{qw(uid gid)} = ($id, $id);
		chown -1, $id, "$d/spool" or die;
		chown $id, $id, "$d/home" or die;
		$host->users(['alice']);
		my $file = $host->spool('alice',
		    Mbox::message(1) . Mbox::message(2));
		my $s = $host->login('alice');
		my $st = Pop::slurp("/proc/$s->{pid}/status");
		like($st, qr/^Uid:\t$id\t$id\t$id\t$id$/m, "$name: its uid");
		like($st, qr/^Gid:\t$id\t$id\t$id\t$id$/m, "$name: its gid");
		$s->cmd('DELE 1');
		like($s->quit, qr/^\+OK/, "$name: QUIT");
		my @st = stat $file;
		is("@st[4, 5]", "$id $id", "$name: the spool is still his");
		like(Pop::slurp($file), qr/number 2\n/, "$name: updated");
		unlike(Pop::slurp($file), qr/number 1\n/, "$name: deleted");
	}
}
done_testing;
