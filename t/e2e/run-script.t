#!/usr/bin/perl
# The service's run script, with programs that only tell how they were called:
# what it starts, and that it starts nothing when TLS cannot be had.
use strict;
use warnings;
use File::Temp qw(tempdir);
use FindBin;
use lib "$FindBin::Bin/../lib";
use Pop;
use Test::More;

my $dir = tempdir('popper-run.XXXXXX', TMPDIR => 1, CLEANUP => 1);
mkdir "$dir/$_" for 'b in', 'path';
my ($bin, $path) = ("$dir/b in", "$dir/path");

# A program that writes its words to calls, one line, and goes on so.
sub stub {
	my ($file, $then) = @_;
	Pop::spew($file, <<"END", 0755);
#!/bin/sh
{ printf '%s' "\${0##*/}"; [ \$# = 0 ] || printf '|%s' "\$@"; echo; } >>'$dir/calls'
$then
END
}
sub stubs {
	my (%change) = @_;
	stub("$path/$_", '') for qw(s6-softlimit sleep);
	my %then = (popper => "cat '$dir/tls'", 'tls-unlock' => '',
	    poptls => '', 'poptls-cache' => 'shift 2; exec "$@"', %change);
	stub("$bin/$_", $then{$_}) for keys %then;
	unlink "$dir/calls";
}
sub run {
	my ($service, $more) = @_;
	Pop::spew("$dir/settings", Pop::slurp(
	    "$Pop::TOP/service/$service/settings") . "HOST=h\nBIN='$bin'\n" .
	    ($more || ''));
	my $out = `cd $dir && PATH=$path:$ENV{PATH} exec $Pop::TOP/service/$service/run`;
	return ($out, split /\n/, Pop::slurp("$dir/calls"));
}
sub chain {
	my ($port, $quiet, $conf, $tls) = @_;
	return "s6-softlimit|-d|67108864|tcpserver|-HRD|-l|h|-c|40|-x|" .
	    "/etc/popper/cdb/access.cdb|0|$port|$bin/poplimit|$quiet" .
	    "-n|10|-d|/run/popper|$tls$bin/popper|-f|/etc/popper/$conf";
}
my @before = map { ("tls-unlock|-f|$_", "popper|--print-tls|-f|$_") }
    '/etc/popper/qpopper.conf';

Pop::spew("$dir/tls", '');
stubs();
my ($out, @calls) = run('qpopper');
is_deeply(\@calls, [@before, chain(110, '', 'qpopper.conf', '')],
    'without TLS: as ever');
is($out, '', 'not a word');

# Words with all that sh knows.
my @words = ("$bin/poptls", '-c', q{a 'b' $(c) "d"; `e` *}, '-s');
Pop::spew("$dir/tls", join(' ', map { "'" . s/'/'\\''/gr . "'" } @words) . "\n");
stubs();
($out, @calls) = run('qpopper');
my $options = join '|', @words[1 .. $#words];
my $chain = chain(110, '', 'qpopper.conf', join '|', @words, '');
is_deeply(\@calls, [@before, "poptls|--check|$options",
    "poptls-cache|-n|20000|$chain", $chain], 'with TLS');
for ("CACHE=5\n", "unset CACHE\n", "CACHE=0\n") {
	stubs();
	($out, @calls) = run('qpopper', $_);
	is_deeply([@calls[3 .. $#calls]], [/0/ ? () : 'poptls-cache|-n|' .
	    (/5/ ? 5 : 20000) . "|$chain", $chain], s/\n//r);
}
stubs(poptls => 'echo a warning >&2');
($out, @calls) = run('qpopper');
is($calls[-1], $chain, 'a warning stops nothing');
is($out, "a warning\n", 'and is in the log');

stubs(poptls => 'echo expired >&2; exit 1');
($out, @calls) = run('qpopper');
is($calls[-1], $chain, 'nor what only some clients mind');
is($out, "expired\n", 'which is in the log, too');

Pop::spew("$dir/tls", "'$bin/poptls' '-c' 'x'");
stubs();
($out, @calls) = run('qpopper-tls');
is($calls[-1], chain(995, '-q|', 'qpopper-tls.conf', "$bin/poptls|-c|x|"),
    'the other port');

# What has to be mended first: told once, and nobody is served meanwhile.
for (['tls-unlock', 'echo locked >&2; exit 100', 1, "locked\n"],
    ['popper', 'echo wrong >&2; exit 100', 2, "wrong\n"],
    ['popper', 'exit 127', 2, ''],
    ['poptls', 'echo no key >&2; exit 100', 3, "no key\n"]) {
	my ($program, $then, $n, $said) = @$_;
	stubs($program => $then);
	($out, @calls) = run('qpopper');
	like($out, qr/^$said.*: nobody is served, and it is tried again in a minute\n\z/,
	    "$program: $then");
	is($calls[-1], 'sleep|60', 'it waits');
	is(scalar @calls, $n + 1, 'and does nothing else');
	like($out, qr{^/etc/popper/qpopper.conf or its key cannot be used: }m,
	    'either can be wrong') if $program eq 'tls-unlock';
}
done_testing;
