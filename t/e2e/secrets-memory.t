#!/usr/bin/perl
# What is in the memory of the processes that a client speaks with: no secret
# but what it typed itself, and that not after log-in.
use strict;
use warnings;
no warnings 'portable'; # addresses
use FindBin;
use lib "$FindBin::Bin/../lib";
use Mbox;
use Pop;
use Sasl;
use Test::More;

plan skip_all => 'needs root' if $> != 0;
plan skip_all => 'a sanitizer has terabytes' if $Pop::BUILD =~ /asan/;
my %pass = (alice => 'alice-password-4711', bob => 'bob-password-0815');
my %apop = (alice => 'alice-shared-tanstaaf', bob => 'bob-shared-tanstaaf');
my %hash = map { $_ => crypt($pass{$_}, '$1$test-' . substr($_, 0, 2)) }
    keys %pass;
my %verifier = map { $_ => Sasl::verifier("salt of $_", $pass{$_}) } keys %pass;
my $host = Pop->new(users => [qw(alice bob)]);
my $cdb = "$host->{dir}/cdb";
Pop::spew("$cdb/secrets", join('', map {
	"$_:{crypt}$hash{$_}\n$_:{apop}$apop{$_}\n" .
	    "$_:{scram-sha-256}$verifier{$_}\n" } sort keys %pass), 0600);
system("$Pop::TOP/scripts/rebuild-cdb", $cdb) == 0 or die 'rebuild-cdb';
$host->spool('alice', Mbox::message(1));
my %secret = (
	(map { ("password of $_" => $pass{$_}, "hash of $_" => $hash{$_},
	    "shared secret of $_" => $apop{$_}) } keys %pass),
	(map {
		my ($stored, $server) = $verifier{$_} =~ /\$(.*):(.*)/ or die;
		("stored key of $_" => $stored, "server key of $_" => $server,
		    "stored key of $_, raw" => unb64($stored),
		    "server key of $_, raw" => unb64($server),
		    "password of $_ in base64" => b64("\0$_\0$pass{$_}"));
	} keys %pass),
	'end of a hash' => substr($hash{bob}, -12));

# All that it can read.
sub memory {
	my ($pid) = @_;
	my $all = '';
	open(my $mem, "<:raw", "/proc/$pid/mem") or die "mem: $!";
	for (split /\n/, Pop::slurp("/proc/$pid/maps")) {
		my ($from, $to, $r) = /^(\w+)-(\w+) (.)/ or die $_;
		next if $r ne 'r' || /\[v(?:var|syscall|dso|var_vclock)\]/;
		my ($n, $data) = (hex($to) - hex($from), "");
		sysseek $mem, hex($from), 0 or die "seek: $!";
		while ($n > 0) {
			my $got = sysread $mem, $data, $n;
			last unless $got;
			$all .= $data;
			$n -= $got;
		}
		$all .= "\0";
	}
	return $all;
}

sub has_none {
	my ($pid, $name, @but) = @_;
	my $all = memory($pid);
	my %but = map { $_ => 1 } @but;
	cmp_ok(length $all, '>', 20000, "$name: its memory");
	# what is there can be found
	like($all, qr/\Qmail.test\E/, "$name: the host's name");
	my @found = grep { !$but{$_} && index($all, $secret{$_}) >= 0 }
	    sort keys %secret;
	is_deeply(\@found, [], "$name: no secret");
	for (@but) {
		cmp_ok(index($all, $secret{$_}), '>=', 0, "$name: $_");
	}
}

sub front_of {
	my ($s) = @_;
	return (split ' ',
	    Pop::slurp("/proc/$s->{pid}/task/$s->{pid}/children"))[0];
}

my $s = $host->connect;
$s->cmd('USER alice');
has_none(front_of($s), 'front');
has_none($s->{pid}, 'monitor');
# it has what was typed, so this test would see it
$s->cmd("NOOP $pass{alice}");
has_none(front_of($s), 'front that was told', 'password of alice');
has_none($s->{pid}, 'and its monitor');
like($s->cmd("PASS $pass{alice}"), qr/^\+OK/, 'PASS');
has_none($s->{pid}, 'session after PASS');
$s->multi('RETR 1');
like(memory($s->{pid}), qr/alice/, 'the name is there');
$s->quit;

$s = $host->connect;
like($s->apop('alice', $apop{alice}), qr/^\+OK/, 'APOP');
has_none($s->{pid}, 'session after APOP');
$s->quit;

for (['PLAIN', \&plain, \%pass], ['CRAM-MD5', \&cram, \%apop],
    ['SCRAM-SHA-256', \&scram, \%pass]) {
	my ($name, $do, $with) = @$_;
	$s = $host->connect;
	like($do->($s, 'alice', $with->{alice}), qr/^\+OK/, $name);
	has_none($s->{pid}, "session after $name");
	$s->quit;
}

# what is read ahead comes along; the password before it does not
$s = $host->connect;
$s->put("USER alice\r\nPASS $pass{alice}\r\nNOOP here\r\n");
$s->line for 1 .. 3;
has_none($s->{pid}, 'session after a pipelined log-in');
$s->quit;

# only tls-unlock has a use for it
$secret{'pass phrase'} = 'pass-phrase-of-the-key';
Pop::spew($host->{conf}, Pop::slurp($host->{conf}) .
    "set tls-passphrase = $secret{'pass phrase'}\n", 0600);
$s = $host->connect;
$s->cmd('CAPA');
has_none(front_of($s), 'front with a pass phrase');
has_none($s->{pid}, 'and its monitor');
$s->quit;

# the same in a program that is linked with glibc
$Pop::POPPER = "$Pop::BUILD/t/popper";
$s = $host->connect;
$s->cmd('USER alice');
like($s->cmd("PASS $pass{alice}"), qr/^\+OK/, 'PASS, with glibc');
has_none($s->{pid}, 'session with glibc');
$s->quit;
done_testing;
