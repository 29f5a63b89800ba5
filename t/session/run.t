#!/usr/bin/perl
# Plays every *.pop beside this file against a popper of its own.
#
#	#! conf LINE		a line more in the configuration file
#	#! spool USER FILE	the spool of USER is ../data/FILE
#	#! args WORDS		more of the command line
#	C: text			sent with CRLF; \r \n \0 \t \\ \xHH are octets
#	C+ text			the same without CRLF
#	C* N text		text N times, without CRLF
#	APOP: USER SECRET	an APOP command with the right digest
#	S: pattern		the next line; * is anything, ? one character
#	END			the server closes
#	SHUT			the client ends its half
#	EXIT N			the exit code
#	LOG: pattern		a line of the log
#	SPOOL: USER FILE	the spool is now as ../data/FILE
#
# They are written from the RFCs and the manual, never from what popper says.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Pop;
use Test::More;

sub pattern {
	my ($p) = @_;
	my %glob = ('*' => '.*', '?' => '.');
	return join '', map { $glob{$_} || quotemeta } split /([*?])/, $p;
}

sub octets {
	my ($t) = @_;
	my %c = (r => "\r", n => "\n", 0 => "\0", t => "\t", '\\' => '\\');
	$t =~ s/\\(?:x([0-9A-Fa-f]{2})|([rn0t\\]))/
	    defined $1 ? chr hex $1 : $c{$2}/gex;
	return $t;
}

my %step = (
	'C:' => sub { $_[1]->put(octets($_[2]) . "\r\n"); undef },
	'C+' => sub { $_[1]->put(octets($_[2])); undef },
	'C*' => sub {
		my ($n, $text) = $_[2] =~ /^(\d+) (.*)$/s or die;
		$_[1]->put(octets($text) x $n);
		undef;
	},
	'APOP:' => sub {
		my ($user, $secret) = split / /, $_[2];
		my ($stamp) = $_[1]{greeting} =~ /(<[^>]*>)/;
		$_[1]->put("APOP $user " .
		    Digest::MD5::md5_hex($stamp . $secret) . "\r\n");
		undef;
	},
	'S:' => sub {
		my $line = $_[1]->line;
		return 'the server closed' unless defined $line;
		$_[1]{greeting} = $line unless defined $_[1]{greeting};
		my $re = pattern($_[2]);
		return $line =~ /\A$re\z/ ? undef : "it says: $line";
	},
	'END' => sub {
		my $rest = $_[1]->rest;
		return $rest eq '' ? undef : "it still says: $rest";
	},
	'SHUT' => sub { shutdown $_[1]{sock}, 1; undef },
	'EXIT' => sub {
		my $code = $_[1]->wait_end;
		return $code == $_[2] ? undef : "it exits with $code";
	},
	'LOG:' => sub {
		my $re = pattern($_[2]);
		return $_[0]->log_like(qr/^popper\[\d+\]: $re$/m)
		    ? undef : "the log has: " . $_[0]->log_text;
	},
	'SPOOL:' => sub {
		my ($user, $file) = split / /, $_[2];
		my $want = Pop::slurp("$FindBin::Bin/../data/$file");
		die "no $file" unless defined $want;
		return $_[0]->spool($user) eq $want ? undef
		    : "it is:\n" . $_[0]->spool($user);
	},
);

sub play {
	my ($file) = @_;
	my @lines = split /\n/, Pop::slurp($file);
	my @set = map { /^#! (\w+) (.*)$/ ? [$1, $2] : () } @lines;
	my $host = Pop->new(conf => join '', map { "$_->[1]\n" }
	    grep { $_->[0] eq 'conf' } @set);
	for (grep { $_->[0] eq 'spool' } @set) {
		my ($user, $data) = split / /, $_->[1];
		my $text = Pop::slurp("$FindBin::Bin/../data/$data");
		die "no $data" unless defined $text;
		$host->spool($user, $text);
	}
	my @args = map { split / /, $_->[1] } grep { $_->[0] eq 'args' } @set;
	my $s = $host->connect(silent => 1, args => \@args);
	my $n = 0;
	for my $line (@lines) {
		$n++;
		next if $line =~ /^(#|\s*$)/;
		my ($word, $rest) = $line =~ /^(\S+) ?(.*)$/s;
		my $run = $step{$word} or die "$file:$n: $word?";
		my $wrong = eval { $run->($host, $s, $rest) };
		$wrong = $@ if $@;
		return "line $n: $line\n$wrong" if defined $wrong;
	}
	return undef;
}

for my $file (sort glob "$FindBin::Bin/*.pop") {
	my ($name) = $file =~ m{([^/]*)\.pop$};
	my $wrong = play($file);
	ok(!defined $wrong, $name) or diag($wrong);
}
done_testing;
