#!/usr/bin/perl
# docs/changing-over.md, "Every feature": no row is missing, each has a state
# and tests that exist, and what it says of options is what popper does.
# docs/performance.md tells what each of Qpopper's options for it costs.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use File::Temp qw(tempdir);
use Pop;
use Test::More;

my $top = $Pop::TOP;
my $dir = tempdir('popper-test.XXXXXX', TMPDIR => 1, CLEANUP => 1);
my ($page) = Pop::slurp("$top/docs/changing-over.md") =~
    /^### Every feature\n(.*?)(?=^##? |\z)/ms;

# Rows, in the order of the list of areas, and no others.
my (%row, @ids);
for (split /\n/, $page) {
	/^\| ([A-Z]\d\d) \| (.*) \|$/ or next;
	my ($id, @cell) = ($1, split / \| /, $2);
	push @ids, $id;
	$row{$id} = \@cell;
	is(scalar @cell, 4, "$id: five cells");
}
my @want;
while ($page =~ /^\| ([A-Z]) \| ([\d -]+) \|/mg) {
	my ($area, $numbers) = ($1, $2);
	for (split / /, $numbers) {
		my ($from, $to) = /^(\d+)(?:-(\d+))?$/ or die $_;
		push @want, map { sprintf '%s%02d', $area, $_ }
		    $from .. ($to || $from);
	}
}
is_deeply(\@ids, \@want, 'every row is there once, in order');
cmp_ok(scalar @want, '>', 280, 'and these are many');

# States and tests.
my @none;
for my $id (@ids) {
	my ($what, $here, $state, $test) = @{ $row{$id} };
	like($state, qr/^(?:here|(?:differs|refused|not yet): \S.*)$/,
	    "$id: a state");
	if ($test eq 'none') {
		push @none, $id;
		next;
	}
	ok(-f "$top/$_" && m{^t/[a-z0-9]+/[a-z0-9-]+\.(?:t|c|pop)$},
	    "$id: $_ is there") for split / /, $test;
}
note 'no test: ', join ' ', @none;

# What popper knows.
my (%default, %letter, %where, %type);
for (split /\n/, `$Pop::POPPER --print-config`) {
	$default{$1} = $2 if /^(?:set|#) ([a-z-]+) = "?([^"\t]*)"?\t/;
	$default{$1} = undef if /^# ([a-z-]+) is not set/;
}
for (split /\n/, `$Pop::POPPER --help`) {
	$letter{$1} = $2 if /^  -(\w)  ([a-z][a-z-]+) /;
}
my %place = (ANY => 'anywhere', NOT_HOME => 'not in the home',
    ADMIN => 'administrator');
my %kind = (BOOL => 'Boolean', INT => 'integer', STRING => 'string',
    TEMPLATE => 'string', MNEMONIC => 'mnemonic', OPT_FILE => 'string',
    OPT_FACILITY => 'mnemonic', OPT_EXPIRE => 'integer or never');
my $optab = Pop::slurp("$top/src/popper/optab.c");
while ($optab =~ /^\t\{ \.name = "([a-z-]+)",(.*?)\.help/msg) {
	my ($name, $text) = ($1, $2);
	($where{$name}) = $text =~ /\.where = (\w+),/;
	my ($how) = $text =~ /\b(BOOL|INT|STRING|TEMPLATE|MNEMONIC)\(/;
	($how) = $text =~ /\.type = (\w+)/ unless $how;
	$type{$name} = $kind{$how};
}
is_deeply([sort keys %where], [sort keys %default], 'the option table');

sub known {
	my ($name) = @_;
	Pop::spew("$dir/conf", "set $name = 1\n", 0644);
	my $said = `$Pop::POPPER --check-config -f $dir/conf 2>&1`;
	return $said !~ /there is no option of this name/;
}
ok(!known('no-such-option'), 'an option that is not there is told');

# Options of the configuration file.
my %in_page = map { $_ => 1 } $page =~ /`([a-z]+(?:-[a-z]+)*)`/g;
for (sort keys %default) {
	ok($in_page{$_}, "$_ is on the page");
}
for my $id (grep { /^K/ } @ids) {
	my ($what, $here) = @{ $row{$id} };
	my ($name, $told) = $here =~ /^`([a-z]+(?:-[a-z]+)*)`, (.*)$/ or next;
	ok(exists $default{$name}, "$id: $name is known") or next;
	my $default = !defined $default{$name} ? 'not set' : "`$default{$name}`";
	is($told, "$type{$name}, $default, $place{$where{$name}}",
	    "$id: kind, default, place");
	ok(known($_), "$id: $_ is another name of it")
	    for $what =~ /^also ([^;]*)/ ? $1 =~ /`([a-z-]+)`/g : ();
}
# and letters, of which -e has two options, and four have none
for my $id (grep { /^C/ } @ids) {
	my ($what, $here) = @{ $row{$id} };
	my ($l) = $what =~ /^`-(\w)`(?! switches| is| and)/ or next;
	next if $l =~ /[eMvV]/;
	my ($name) = $here =~ /^`([a-z-]+)`/;
	is($name, $letter{$l}, "$id: -$l");
	delete $letter{$l};
}
is_deeply([sort keys %letter], [], 'every letter has a row');

# Flags of configure, and macros.
while (<DATA>) {
	chomp;
	like($page, qr/`\Q$_\E(?:=[^`]*)?`/, $_);
}

# What costs how much.
my ($choose) = Pop::slurp("$top/docs/performance.md") =~
    /^### Which to choose\n(.*?)(?=^##)/ms;
for ('server-mode** (`-S`)', 'The cache', 'fast-update** (`-F`)', 'hash-spool',
    'temp-dir', 'update-status-headers', 'chunky-writes',
    'reverse-lookup** (`-R`', 'mail-lock-check** (`-L`)') {
	like($choose, qr/^\*\*\Q$_/m, "performance.md: $_");
}
done_testing;
__DATA__
--enable-any-kerberos-principal
--enable-apop
--enable-APOP
--enable-auth-file
--enable-auto-delete
--enable-bulldb
--enable-bulletins
--disable-check-hash-dir
--disable-hash-dir-check
--disable-check-pw-max
--enable-chunky-writes
--enable-debugging
--enable-debug
--enable-cache-dir
--enable-group-bulls
--enable-hash-spool
--enable-home-dir-mail
--enable-home-dir-misc
--enable-keep-temp-drop
--enable-kerberos5
--enable-ksockinst
--enable-kuserok
--enable-log-facility
--enable-log-login
--enable-low-debug
--enable-new-bulls
--with-new-bulls
--enable-nonauth-file
--disable-old-spool-loc
--enable-old-uidl
--disable-optimizations
--enable-popbulldir
--enable-poppassd
--enable-popuid
--with-popuid
--enable-scram
--enable-secure-nis-plus
--enable-server-mode
--enable-servermode
--enable-server-mode-group-include
--enable-server-mode-group-exclude
--enable-shy
--enable-specialauth
--enable-spool-dir
--enable-standalone
--disable-status
--enable-temp-drop-dir
--enable-timing
--disable-update-abort
--enable-uw-kludge
--enable-warnings
--with-drac
--enable-drac
--with-gdbm
--with-kerberos5
--with-openssl
--with-pam
--with-sslplus
--with-sslplus-crypto
_DEBUG
APOP
AUTHFILE
AUTO_DELETE
BIND43
BLOCK_UID
BULLDB
BULLDIR
CHECK_SHELL
CONTENT_LENGTH
DEBUG
GDBM
GNUPASS
HASH_SPOOL
HOMEDIRMAIL
KEEP_TEMP_DROP
KERBEROS
KERBEROS_SERVICE
KRB4
KRB5_KRB4_COMPAT
LOG_LOGIN
MMDF_SEP_CHAR
NEWBULLCNT
NO_CROSSREALM
NO_GETLINE
NO_STATUS
NONAUTHFILE
NOUPDATEONABORT
OFF_T
UID_T
GID_T
PID_T
POP_FACILITY
POP_TIMEOUT
POPUID
RPOP
SECURENISPLUS
SERVER_MODE
SETPROCTITLE
SHY
SPEC_POP_AUTH
SYSLOG42
TRACE_MSG_BODY
USE_PAM
