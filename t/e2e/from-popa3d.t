#!/usr/bin/perl
# A change over from popa3d as docs/changing-over.md has it, with Debian's
# popa3d: three clients that keep mail on the server have fetched all of it,
# and get nothing twice from popper, and what is new once.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Peers;
use Test::More;

my $cannot = Peers::cannot();
plan skip_all => $cannot if $cannot;

my $p = Peers->new;
my $port = Peers::port();
my $file = $p->mbox('popa3d');
# it waits for a second if the mailbox is as new as that
utime 1.7e9, 1.7e9, $file;
ok($p->start('popa3d', $port), 'popa3d runs');
$p->change('popa3d', 'popa3d', $port, sub {
	$p->stop;
	return system("$Pop::TOP/scripts/import-mail", '-f', $_[0], 'popa3d',
	    $Peers::USER) >> 8;
}, sub {
	my ($told) = @_;
	# a body's line that begins with From begins a message to it
	is(scalar @{ $told->{id} }, 6, 'popa3d has one more');
	splice @{ $told->{id} }, 3, 1;
	$told->{text}[2] .= "\r\nFrom me to you\r\n" .
	    splice @{ $told->{text} }, 3, 1;
	return $told;
});
done_testing;
