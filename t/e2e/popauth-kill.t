#!/usr/bin/perl
# popauth is killed before each file-changing call, and each call fails: the source is the old one or the new one, and so is the CDB; the
# next one who comes makes them agree, and leaves nothing else behind.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Pop;
use Popauth;
use Test::More;

plan(skip_all => 'no strace')
    unless grep { -x "$_/strace" } split /:/, $ENV{PATH};
Popauth::enter();
my ($cdb, $trace) = ($Popauth::CDB, "$Popauth::DIR/trace");
my $plain = Popauth::program();
my @calls = qw(open openat write pwrite64 writev ftruncate fallocate fsync
    fdatasync rename renameat renameat2 unlink unlinkat flock mkdir mkdirat
    fchown fchownat fchmod);
my $k = '0123456789abcdef' x 4;
my $old = "# users\nalice:{apop}old\ncarol:{crypt}\$1\$x\$yyyyyyyyyyyy\n" .
    'alice:{scram-sha-256}' . Popauth::verifier('old', 'salt', 2) .
    "\nbob:{apop}b\n# end";

# What cdb -d says of the CDB of a source.
sub dump_of_source {
	my ($source) = @_;
	my ($text, %has) = ('');
	for (grep { !/^(#|$)/ } split /\n/, $source) {
		my ($name, $kind, $value) = /^(.*?):\{(.*?)\}(.*)$/;
		my $key = substr($kind, 0, 1) . $name;
		$has{ $kind =~ /^scram/ ? 'scram' : $kind } = 1;
		$text .= sprintf "+%d,%d:%s->%s\n", length $key, length $value,
		    $key, $value;
	}
	my $m = join ' ', grep { $has{$_} } qw(apop scram);
	return $text . "+1,64:k->$k\n+1," . length($m) . ":m->$m\n\n";
}

sub lay {
	my ($new) = @_;
	Popauth::fresh();
	return if $new;
	Pop::spew("$cdb/secrets", $old, 0600);
	open my $to, '|-', "cdb -c -p 0600 $cdb/secrets.cdb" or die;
	print $to dump_of_source($old);
	close $to or die;
}

# Which state is the source in?
sub state_of {
	my ($op) = @_;
	my $now = Popauth::source();
	return 'none' unless defined $now;
	return 'old' if $now eq $old;
	my $want = $op->{new};
	while ($now =~ /^(\w+):\{scram-sha-256\}(4096:(.*?)\$.*)$/mg) {
		my ($name, $v, $salt) = ($1, $2, $3);
		next unless $v eq Popauth::verifier('new',
		    MIME::Base64::decode_base64($salt), 4096);
		$want =~ s/^$name:V$/$name:{scram-sha-256}$v/m;
	}
	return $now eq $want ? 'new' : "torn:\n$now";
}

# undef, or what is wrong.
sub wrong {
	my ($op, $code) = @_;
	my $state = state_of($op);
	return $state unless $state eq 'new' || $state eq ($op->{init} ? 'none'
	    : 'old');
	my $before = $state eq 'old' ? $old : Popauth::source();
	return "exit code 0, but it is $state" if $code eq '0' &&
	    $state ne 'new';
	my $dump = -e "$cdb/secrets.cdb" ? Popauth::dump_of() : '';
	$dump =~ s/:k->\w+/:k->$k/ if $op->{init};
	my @may = $op->{init} ? ('') : (dump_of_source($old));
	push @may, dump_of_source($before) if $state eq 'new';
	return "a CDB that is wrong:\n$dump" unless grep { $_ eq $dump } @may;
	return 'exit code 0, and the CDB is old' if $code eq '0' &&
	    $dump ne $may[-1];
	for (glob "$cdb/.[a-z]* $cdb/*") {
		return "the mode of $_" if (stat)[2] & 077;
	}
	# somebody who may not change anything, but mends
	my ($c) = $op->{init} ? Popauth::run($plain, ['-init', '-safe'])
	    : Popauth::run($plain, ['-change'], change => "bob\0no\0no\0");
	return "the next one: $c" unless $c eq ($op->{init} ? 0 : 1);
	return 'mending changed the source' if $state ne 'none' &&
	    Popauth::source() ne $before;
	$dump = Popauth::dump_of();
	$dump =~ s/:k->\w+/:k->$k/ if $op->{init};
	return "not mended:\n$dump" if $dump ne dump_of_source(
	    Popauth::source());
	($c) = Popauth::run($plain, [qw(-user zoe)], input => "z\n");
	return "the one after that: $c" if $c;
	my $left = join ' ', sort map { s{.*/}{}r } glob "$cdb/.[a-z]* $cdb/*";
	return "left: $left" if $left ne '.lock secrets secrets.cdb';
	return undef;
}

my @ops = (
	{ what => 'init', words => ['-init'], init => 1, errors => 1, new => '' },
	{ what => 'change', errors => 1, words => [qw(-user alice)], input => "new\n",
	    new => $old =~ s/\{apop\}old/{apop}new/r
		=~ s/^alice:\{scram.*/alice:V/mr },
	{ what => 'change, by a program', words => ['-change'],
	    change => "bob\0b\0new\0",
	    new => $old =~ s/^bob:.*$/bob:{apop}new\nbob:V/mr },
	{ what => 'add', words => [qw(-user dave)], input => "new\n",
	    new => "$old\ndave:{apop}new\ndave:V\n" },
	{ what => 'delete', words => [qw(-delete alice)],
	    new => $old =~ s/^alice:.*\n//mgr },
);
for my $op (@ops) {
	my $traced = sub {
		lay($op->{init});
		my ($code, $out, $err) = Popauth::run($plain, $op->{words},
		    input => $op->{input}, change => $op->{change},
		    before => ['strace', '-qq', '-o', $trace, @_]);
		return $code;
	};
	is($traced->('-e', 'trace=' . join ',', map { "?$_" } @calls), 0,
	    "$op->{what}: as it should be");
	is(wrong($op, 0), undef, "$op->{what}: is right");
	my %n;
	$traced->('-e', 'trace=' . join ',', map { "?$_" } @calls);
	$n{$_}++ for Pop::slurp($trace) =~ /^(\w+)\(/mg;
	for my $call (sort keys %n) {
		for my $at (1 .. $n{$call}) {
			for my $do ("signal=KILL:when=$at", $op->{errors} ?
			    ("error=EIO:when=$at", "error=ENOSPC:when=$at+")
			    : ()) {
				my $code = $traced->('-e', "trace=$call",
				    '-e', "inject=$call:$do");
				my $what = "$op->{what}: $call:$do";
				is(wrong($op, $code), undef, $what);
				next if $do =~ /KILL/;
				# some may fail; 127: the dynamic loader has ended it
				like($code, qr/^(?:0|1|100|111|127)$/,
				    "$what: exit code $code");
			}
		}
	}
}
done_testing;
