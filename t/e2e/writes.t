#!/usr/bin/perl
# chunky-writes: where replies are cut when they are handed to the network.
# Each write is a packet of a socket that keeps their bounds.
use strict;
use warnings;
use Socket;
use Test::More;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Mbox;
use Pop;

my $from = "From a\@b Thu Jan  1 00:00:00 1970\n";
my $large = join '', map { sprintf "%074d\n", $_ } 1 .. 4000;
my $mail = "${from}A: b\n\nx\n\n" x 300 . "${from}A: c\n\n$large";
my $commands = "NOOP\r\nRETR 1\r\nLIST\r\nRETR 301\r\nFOO\r\nSTAT\r\n";

# The packets of a session that sends all at once, behind log-in.
sub packets {
	my ($conf, $own) = @_;
	my $host = Pop->new(conf => "set server-mode\n$conf");
	$host->spool('alice', $mail);
	Pop::spew("$host->{dir}/home/.qpopper-options", $own, 0644) if $own;
	my $s = $host->login('alice', type => SOCK_SEQPACKET);
	syswrite $s->{sock}, "${commands}QUIT\r\n" or die $!;
	my @got;
	while (sysread $s->{sock}, my $data, 1 << 18) {
		push @got, $data;
	}
	return @got;
}

my @want = packets('');
my $all = join '', @want;
is(scalar(() = $all =~ /^(?:\+OK|-ERR)/mg), 7, 'a reply to each command');
cmp_ok(length $want[0], '>', 130000, 'a large block');
cmp_ok(scalar @want, '<=', 4, 'as few as can be');

for my $row (['always', 1], ['default', 1], ['never', 0], ['tls', 0],
    ['ssl', 0]) {
	my ($value, $gathers) = @$row;
	my @got = packets("set chunky-writes = $value\n");
	is(join('', @got), $all, "$value: the same octets");
	if ($gathers) {
		is(scalar @got, scalar @want, "$value: as by default");
		next;
	}
	is(scalar(grep { length > 4096 } @got), 0, "$value: small ones");
	is(scalar(grep { /.\n(?:\+OK|-ERR)/s } @got), 0,
	    "$value: a reply begins a block");
	is($got[0], "+OK \r\n", "$value: one reply, one block");
	cmp_ok(scalar @got, '<', length($all) / 4000 + 8,
	    "$value: and as large as may be");
}

my @own = packets("set user-options\n", "set chunky-writes = never\n");
is(join('', @own), $all, 'by the user: the same octets');
is(scalar(grep { length > 4096 } @own), 0, 'by the user: small ones');

done_testing;
