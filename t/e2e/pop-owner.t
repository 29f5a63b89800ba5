#!/usr/bin/perl
# The secrets of the pop owner, in cdb/pop: who has one there needs no other,
# and nothing is believed that somebody else could have put there.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Mbox;
use Pop;
use Sasl;
use Test::More;

plan skip_all => 'needs root' if $> != 0;
my $host = Pop->new(users => [qw(alice bob)]);
my $pop = "$host->{dir}/cdb/pop";
my $owner = 1879000299;

sub owned {
	my ($text) = @_;
	mkdir $pop;
	chmod 0700, $pop;
	Pop::spew("$pop/secrets", $text, 0600);
	chown $owner, $owner, $pop, "$pop/secrets";
	system("$Pop::TOP/scripts/rebuild-cdb", "$host->{dir}/cdb") == 0 or die;
}

sub reply {
	my ($by, $user, $secret) = @_;
	my $s = $host->connect;
	my $reply = $by->($s, $user, $secret);
	$s->quit if $reply =~ /^\+OK/;
	return $reply;
}

my $in = qr/^\+OK/;
my $no = qr/^-ERR \[AUTH\]/;
my $temp = qr{^-ERR \[SYS/TEMP\]};
sub apop { my $s = shift; return $s->apop(@_) }

owned("alice:{apop}another\n" .
    'alice:{scram-sha-256}' . Sasl::verifier('s' x 16, 'another') . "\n");
is((stat "$pop/secrets.cdb")[4], $owner, 'the CDB is the owner\'s');
like(reply(\&apop, 'alice', 'another'), $in, 'the secret in cdb/pop');
like(reply(\&apop, 'alice', 'tanstaaf'), $no, 'is instead of root\'s');
like(reply(\&scram, 'alice', 'another'), $in, 'its verifier');
like(reply(\&plain, 'alice', 'secret'), $in, 'the hash is root\'s');
like(reply(\&apop, 'bob', 'tanstaaf'), $in, 'users who are not there');

# A row: what is wrong, how, what the log says.
for (['others can write to the folder', sub { chmod 0770, $pop },
	'can be changed by others'],
    ['others can write to the file', sub { chmod 0620, "$pop/secrets.cdb" },
	'can be changed by others'],
    ['somebody else\'s file', sub { chown 1879000298, -1, "$pop/secrets.cdb" },
	'belongs to somebody else'],
    ['a link', sub { rename "$pop/secrets.cdb", "$pop/x";
	symlink 'x', "$pop/secrets.cdb" }, 'is a symbolic link'],
    ['no CDB', sub { Pop::spew("$pop/secrets.cdb", 'x' x 100);
	chown $owner, $owner, "$pop/secrets.cdb" }, 'is no CDB|is damaged'],
    ['a link to a folder', sub { rename $pop, "$pop.real";
	symlink "$pop.real", $pop }, 'Unable to open']) {
	my ($what, $do, $why) = @$_;
	system 'rm', '-rf', $pop;
	owned("alice:{apop}another\n");
	truncate $host->{log}, 0;
	$do->();
	like(reply(\&apop, 'alice', 'another'), $temp, $what);
	like($host->log_text, qr/$why/, "$what: the log");
}
unlink $pop;
system 'rm', '-rf', "$pop.real";
like(reply(\&apop, 'alice', 'tanstaaf'), $in, 'without the folder');
done_testing;
