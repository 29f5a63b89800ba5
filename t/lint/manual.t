#!/usr/bin/perl
# The manual pages, --help and the option table agree, and the pages are
# clean mdoc.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Pop;
use Test::More;

my $top = $Pop::TOP;
my %table;
for (split /\n/, `$Pop::POPPER --help`) {
	$table{$2} = $1 if /^ {2}(?:(-\w)|  )  ([a-z][a-z-]+) +\S/;
}
cmp_ok(scalar keys %table, '>', 60, 'the option table');
my @printed = map { /^(?:set |# )([a-z-]+)(?: =| is not set)/ ? $1 : () }
    split /\n/, `$Pop::POPPER --print-config`;
is_deeply([sort @printed], [sort keys %table],
    '--print-config has every option');

my $conf = Pop::slurp("$top/man/qpopper.conf.5");
my ($chapter) = $conf =~ /^\.Sh OPTIONS\n(.*?)^\.Sh /ms;
my %page = map { $_ => 1 } $chapter =~ /^\.It Cm ([a-z-]+)/mg;
is_deeply([sort keys %page], [sort keys %table],
    'qpopper.conf(5) has every option');

my $popper = Pop::slurp("$top/man/popper.8");
my %letter = $popper =~
    /^\.It Fl (\w).*\n(?:(?!\.It ).*\n)*?\.Cm ([a-z-]+)/mg;
for my $name (sort grep { $table{$_} } keys %table) {
	my $l = substr $table{$name}, 1;
	is($letter{$l}, $name, "popper(8) has -$l");
}

# Defaults in the page are those of the program.
my %default;
for (split /\n/, `$Pop::POPPER --print-config`) {
	$default{$1} = $2 if /^(?:set|#) ([a-z-]+) = "?([^"\t]*)"?\t/;
}
while ($chapter =~ /^\.It Cm ([a-z-]+)\n(.*?)(?=^\.It |^\.El|\z)/msg) {
	my ($name, $text) = ($1, $2);
	next if $name =~ /^(cdb-dir|empty-dir)$/;	# as installed
	my $said = $text =~ /^\.Pq default (.*)$/m ? $1 : undef;
	is($said, defined $default{$name} ? $default{$name} : 'not set',
	    "the default of $name");
}

# So are letters, other spellings, and where an option may be set.
my $optab = Pop::slurp("$top/src/popper/optab.c");
my %sense = ('R' => 'resets it', 'x' => 'resets it');
while ($chapter =~ /^\.It Cm ([a-z-]+)\n(.*?)(?=^\.It Cm |\z)/msg) {
	my ($name, $text) = ($1, $2);
	# login_delay and expire share a letter
	my $letter = $name =~ /^announce-/ ? 'e'
	    : substr $table{$name} || '-', 1;
	my ($said, $how) = $text =~
	    /^On the command line\n\.Fl (\w)(?: Ar \S+)?(?: \.)?(?:\n(.*))?/m;
	is($said || '', $letter, "$name: its letter");
	is($how || '', $sense{$letter} ? "$sense{$letter}." : '',
	    "$name: the sense of -$letter") if $letter;
	my ($row) = $optab =~ /^\t\{ \.name = "\Q$name\E",(.*?)\.help/ms;
	is_deeply([sort $text =~ /^Also spelled (.*)\.$/m ?
	    split / and /, $1 : ()],
	    [sort $row =~ /\.(?:other|third) = "([a-z-]+)"/g],
	    "$name: other spellings");
	my ($where) = $row =~ /\.where = (\w+),/;
	is($text =~ /^Also in both users' files\.$/m ? 'ANY' :
	    $text =~ /^Also in the spool folder's file\.$/m ? 'NOT_HOME' :
	    'ADMIN', $where, "$name: where it may be set");
}

# poptls, whose options are letters only
my $poptls = Pop::slurp("$top/man/poptls.8");
my %told;
for (split /\n/, `$Pop::BUILD/poptls --help`) {
	$told{$1} = $2 || '' if /^  -(\w) (\w*) +\S/;
}
my %page_of;
$page_of{$1} = $2 || '' while $poptls =~ /^\.It Fl (\w)(?: Ar (\w+))?$/mg;
cmp_ok(scalar keys %told, '>', 8, 'the options of poptls');
is_deeply(\%page_of, \%told, 'poptls(8) has the options and their arguments');

for my $page (glob "$top/man/*.[1-8]") {
	my ($name) = $page =~ m{([^/]*)$};
	is(`mandoc -T lint -W warning $page 2>&1`, '', "$name: mandoc");
}
done_testing;
