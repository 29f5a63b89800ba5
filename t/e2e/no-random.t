#!/usr/bin/perl
# Without random octets from the kernel there is no greeting, whose stamp would
# be no challenge, and no TLS.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Mbox;
use Pop;
use Test::More;

plan skip_all => 'needs strace' if system('strace -V >/dev/null 2>&1') != 0;
plan skip_all => 'a sanitizer minds being traced' if $Pop::BUILD =~ /asan/;

my $host = Pop->new;
$host->spool('alice', Mbox::message(1));
my @none = ('strace', '-f', '-qq', '-o', '/dev/null', '-e', 'trace=getrandom',
    '-e', 'inject=getrandom:error=ENOSYS');

my $s = $host->connect(before => [@none], silent => 1);
unlike($s->rest, qr/^\+OK/, 'popper: no greeting');
isnt($s->wait_end, 0, 'popper: an error');
like($host->log_text, qr/no random numbers: /, 'popper: the log says why');

system("$Pop::TOP/scripts/mkcert", 'self', "$host->{dir}/cert.pem",
    'mail.test') == 0 or die 'mkcert';
Pop::spew($host->{log}, '', 0644);
$s = $host->connect(before => [@none, "$Pop::BUILD/poptls", '-c',
    "$host->{dir}/cert.pem", '-e', "$host->{dir}/empty"], silent => 1);
# not a ClientHello: a record comes back if TLS has begun
$s->put("\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00");
is($s->rest, '', 'poptls: nothing');
isnt($s->wait_end, 0, 'poptls: an error');
like($host->log_text, qr/No random octets from the kernel/,
    'poptls: the log says why');
done_testing;
