# Configuration files and command lines of Qpopper become files of popper.  What
# a line or a letter means, and if it can be had, popper is asked, one at a
# time; only lines that name other files are known here.
package Import::Options;
use strict;
use warnings;
use Import::Report;
use Import::Secrets;

my $DEPTH = 100;	# of files that name files, as popper has it

# Options that are taken and are not quite what they were.
my %DIFFERS = (
	'auth-file' => 'the list has to be root\'s, and writable by nobody else; ' .
	    'while it cannot be read, nobody logs in',
	'nonauth-file' => 'the list has to be root\'s, and writable by nobody ' .
	    'else; while it cannot be read, nobody logs in',
	'chunky-writes' => 'gathers replies; there is little to gain by others ' .
	    'than default',
	'debug' => 'tells less than Qpopper\'s, and never a secret',
	'fast-update' => 'agents have to lock before they open: docs/operating.md',
	'log-facility' => 'the log goes to syslog then, and not to multilog',
	'no-atomic-open' => 'for spools on NFS, which are not advised',
	'server-mode' => 'is for spools that only delivery agents write to; if ' .
	    'another program changes one during a session, nothing is deleted',
	'temp-dir' => 'must be on a disk, and empty at the change: see ' .
	    'qpopper.conf(5)',
	'timeout' => 'before log-in, twice this is all there is in all',
	'tls-cipher-list' => 'suites without ECDHE, 3DES and RC4 are not there; ' .
	    'poptls --check tells what is left',
	'tls-passphrase' => 'tls-unlock decrypts the key when the service starts',
	'tls-version' => 'TLS 1.2 is the greatest version, and the least unless ' .
	    'this says otherwise',
	'update-on-abort' => 'a client that goes between two commands; a broken ' .
	    'connection is never an update here',
	'user-options' => 'such files are read when users log in, and not ' .
	    'imported; they are only looked at now',
	'spool-options' => 'such files are read when users log in, and not ' .
	    'imported; they are only looked at now',
);

# new popper => PROGRAM, root => FOLDER in front of old paths, given => the one
# path that is as it is, scratch => a folder for nobody else.
sub new {
	my ($class, %self) = @_;
	# these are others' names in the folder of the result
	my %names = (service => 1, access => 1);
	return bless { files => {}, all => [], depth => 0, names => \%names,
	    letters => {}, %self }, $class;
}

# Runs popper, or another program: exit code, output, errors.
sub run {
	my ($self, @command) = @_;
	my $at = "$self->{scratch}/said";
	my $pid = fork;
	defined $pid or die "later: fork: $!\n";
	if ($pid == 0) {
		open STDIN, '<', '/dev/null';
		open STDOUT, '>', "$at.out";
		open STDERR, '>', "$at.err";
		exec { $command[0] } @command or exit 127;
	}
	waitpid $pid, 0;
	my @text = map { open my $fh, '<:raw', "$at.$_" or die "$at.$_: $!\n";
	    local $/; my $t = <$fh>; defined $t ? $t : '' } qw(out err);
	die "$command[0]: could not be run\n" if $? == 127 << 8;
	die "$command[0]: ended by signal $?\n" if $? & 255;
	return ($? >> 8, @text);
}

# What is wrong, as popper says it, without the place.
sub why {
	my ($text) = @_;
	my ($line) = split /\n/, $text;
	$line = 'is refused' unless defined $line;
	$line =~ s/^popper: //;
	$line =~ s/^(?:command line(?: -e)?|\/[^:]*:\d+): //;
	$line .= "; users' .popbull files stay as they are"
	    if $line =~ /^option bulldir:/;
	return $line =~ s/^option [a-z-]+:? //r;
}

# What popper makes of options: (undef, WHY, NAME of the option that is wrong or
# undef), or a list of [NAME, LINE, REMARK].
sub ask {
	my ($self, $origin, @args) = @_;
	my ($code, $out, $err) = $self->run($self->{popper}, '--print-config', @args);
	return (undef, why($err), $err =~ /\boption ([a-z-]+): / ? $1 : undef)
	    if $code;
	my @set;
	for (split /\n/, $out) {
		# what is not there yet is printed as a remark
		my ($name, $value, $idle) =
		    /^(?:set|#(?=.*, no effect yet$)) ([a-z-]+) = (.*)\t# \Q$origin\E(, no effect.*)?$/
		    or next;
		push @set, [$name, "set $name = $value", $idle ? 'has no effect' .
		    ($idle =~ /yet/ ? ' yet' : ' here') : $DIFFERS{$name}];
	}
	return @set;
}

# --- files

# Where a file of the old host lies now; one that was named to us lies there.
sub real {
	my ($self, $old) = @_;
	return $old if defined $self->{given} && $old eq $self->{given};
	return $self->{root} . $old;
}

# file OLD: the file of popper that this one becomes; the same for the same.
sub file {
	my ($self, $old) = @_;
	return $self->{files}{$old} if $self->{files}{$old};
	die "$old: files name each other more than $DEPTH deep\n"
	    if ++$self->{depth} > $DEPTH;
	my $file = $self->add($old =~ s{.*/}{}r);
	$self->{files}{$old} = $file;
	$file->{lines} = $self->lines_of($file, $old);
	$self->{depth}--;
	return $file;
}

# An empty one, with a name that no other one has.
sub add {
	my ($self, $name) = @_;
	my $n = 1;
	my $free = $name;
	$free = "$name-" . ++$n while $self->{names}{$free};
	$self->{names}{$free} = 1;
	my $file = { name => $free, lines => [], secret => 0,
	    number => scalar @{ $self->{all} } };
	push @{ $self->{all} }, $file;
	return $file;
}

sub lines_of {
	my ($self, $file, $old) = @_;
	my $path = $self->real($old);
	open my $fh, '<:raw', $path or die "$path: $!\n";
	-f $fh && -s $fh < 1 << 20
	    or die "$path: is no file of less than 1 MiB\n";
	my @lines;
	while (my $text = <$fh>) {
		$text =~ s/\r?\n?\z//;
		$file->{secret} = 1 if $text =~ /tls-passphrase/i;
		push @lines, $self->line($file, $text, "$path:$.");
	}
	return \@lines;
}

# A line is { text, note, from, gone (commented out), names (a file) }.
sub line {
	my ($self, $file, $text, $from) = @_;
	my $line = { text => requoted($text), from => $from };
	return $line if $text =~ /^[ \t]*(?:#|$)/;
	# also of a line that popper cannot make out
	$line->{option} = lc $1 if $text =~ /^[ \t]*(?:re)?set[ \t]+([a-z-]+)/i;
	# these two are not for popper to try: it would read, and write, files
	if ($text =~ /^[ \t]*set[ \t]+(config-file|tracefile)[ \t]*=[ \t]*(["'`]?)(.*?)\2[ \t]*(?:#.*)?$/i) {
		return $self->traced($line) if lc $1 eq 'tracefile';
		return $self->named($line, $3);
	}
	my @set = $self->try($line->{text});
	if (@set && !defined $set[0]) {
		$line->{option} = $set[2] if defined $set[2];
		return refused($line, $set[1]);
	}
	for (@set) {
		my ($name, $same, $note) = @$_;
		$line->{secret} = 1 if $name eq 'tls-passphrase';
		$line->{option} = $name;
		noted($line, $name, $note) if $note;
	}
	return $line;
}

# A \" within "..." was a quote there; here another kind stands around it.
sub requoted {
	my ($text) = @_;
	my ($front, $value, $behind) =
	    $text =~ /^([^#"'`]*=[ \t]*)"((?:[^"\\]|\\.)*)"([ \t]*(?:#.*)?)$/
	    or return $text;
	return $text unless $value =~ s/\\"/"/g;
	for my $quote ("'", '`') {
		return "$front$quote$value$quote$behind" if index($value, $quote) < 0;
	}
	return $text;
}

# What popper makes of one line of a file, as ask has it.
sub try {
	my ($self, $text) = @_;
	my $one = "$self->{scratch}/one";
	put($one, "$text\n");
	return $self->ask("$one:1", '-f', $one);
}

sub traced {
	my ($self, $line) = @_;
	return refused($line, 'multilog writes the log, with time stamps');
}

# The file that a line names is imported, too.
sub named {
	my ($self, $line, $path) = @_;
	if ($path !~ m{^/}) {
		return refused($line, 'a file is named by its whole path');
	}
	if (!-e $self->real($path)) {
		return refused($line, $self->real($path) . ' is not there');
	}
	$line->{names} = $self->file($path);
	return $line;
}

sub refused {
	my ($line, $why) = @_;
	return $line if $line->{gone};
	$line->{gone} = 1;
	$line->{note} = 'not here: ' . substr $why, 0, 400;
	my $text = $line->{secret} || $line->{text} =~ /passphrase/i ?
	    'the line' : "\"$line->{text}\"";
	Import::Report::left($line->{from}, "$text is left out: $why");
	return $line;
}

sub noted {
	my ($line, $name, $note) = @_;
	$line->{note} = "here: $note";
	Import::Report::remark($line->{from}, "$name: $note");
}

# --- command lines

# Does this letter take an argument?  popper knows.
sub takes_argument {
	my ($self, $letter) = @_;
	my $known = \$self->{letters}{$letter};
	if (!defined $$known) {
		my ($code, undef, $err) =
		    $self->run($self->{popper}, '--check-config', "-$letter");
		$$known = $err =~ /needs an argument/ ? 1 : 0;
	}
	return $$known;
}

# The words of a command line: [LETTER, VALUE or undef], and what is none.
sub letters_of {
	my ($self, @words) = @_;
	my @found;
	while (defined(my $word = shift @words)) {
		if ($word !~ /^-(.+)/s) {
			push @found, [$word];
			next;
		}
		my $rest = $1;
		while ($rest =~ s/^(.)//s) {
			my $l = $1;
			my $value;
			if ($self->takes_argument($l)) {
				$value = $rest ne '' ? $rest : shift @words;
				$rest = '';
			}
			push @found, ["-$l", $value];
		}
	}
	return @found;
}

# command INTO, FROM, ALONE, WORDS: a command line becomes a line for each letter
# in their order.  If ALONE, and there is one -f, its lines between those of the
# letters.
sub command {
	my ($self, $into, $from, $alone, @words) = @_;
	my @letters = grep { $_->[0] ne '-M' } $self->letters_of(@words);
	my @files = grep { $_->[0] eq '-f' } @letters;
	# other files that name it name this one, then
	$self->{files}{$files[0][1]} = $into
	    if @letters == 1 && $alone && $self->there($from, $files[0][1]);
	for (@letters) {
		my ($letter, $value) = @$_;
		push @{ $into->{lines} }, $letter eq '-f' ?
		    $self->letter_file($into, $from, $value, $alone && @files == 1) :
		    $self->letter($into, $from, $letter, $value);
	}
}

sub there {
	my ($self, $from, $path) = @_;
	return -e $self->real($path) if defined $path && $path =~ m{^/};
	die "$from: -f needs a file by its whole path\n";
}

sub letter_file {
	my ($self, $into, $from, $path, $alone) = @_;
	$self->there($from, $path)
	    or die "$from: " . $self->real($path) . " is not there\n";
	return @{ $self->lines_of($into, $path) } if $alone;
	my $line = { from => $from, text => "set config-file = \"$path\"" };
	$line->{names} = $self->file($path);
	return $line;
}

sub letter {
	my ($self, $into, $from, $letter, $value) = @_;
	my @words = ($letter, defined $value ? $value : ());
	return refused({ from => $from, text => "@words" },
	    'multilog writes the log, with time stamps') if $letter eq '-t';
	my @set = $self->ask('command line', @words);
	# -e says so
	@set = $self->ask('command line -e', @words) if !@set;
	return refused({ from => $from, text => "@words", option => $set[2] },
	    $letter =~ /^-[vV]$/ ? 'popper --version tells it' :
		defined $set[1] ? $set[1] : 'it sets nothing')
	    if !defined $set[0];
	my @lines;
	for (@set) {
		my ($name, $text, $note) = @$_;
		my $line = { from => $from, text => $text, option => $name };
		noted($line, "@words ($name)", $note) if $note;
		push @lines, $line;
	}
	return @lines;
}

# Without names popper would warn of each client that has none.
sub no_names {
	my ($self, $from, $file) = @_;
	my $line = { from => $from, text => 'reset reverse-lookup',
	    option => 'reverse-lookup' };
	noted($line, 'reverse-lookup', 'names are not looked up: run has -H for ' .
	    'tcpserver; take both away for names in the log');
	push @{ $file->{lines} }, $line;
}

# --- the result

# A file's text.  $at tells where the other ones are; without secrets for the
# eyes, and for popper, which would look for a decrypted key.
sub text {
	my ($file, $at, $hide) = @_;
	my $text = '';
	for my $line (@{ $file->{lines} }) {
		my $own = $line->{text};
		$own = 'set config-file = "' . $at->($line->{names}) . '"'
		    if $line->{names};
		$own = '# a pass phrase, which is not shown'
		    if $hide && ($line->{secret} || $own =~ /tls-passphrase/i);
		my $note = $line->{note} ? "\t# $line->{note}" : '';
		if ($line->{gone}) {
			# a remark, too, has to be a line that popper takes
			$own = '#' . substr($own, 0, 1000 - length $note) =~ tr/\0/?/r;
		} elsif (length "$own$note" > 1023) {
			$note = '';
		}
		$text .= "$own$note\n";
	}
	return $text;
}

sub put {
	my ($path, $text) = @_;
	unlink $path;
	Import::Secrets::write_new($path, $text, 0600);
}

# In the scratch folder, where popper can try all of them together.
sub scratch {
	my ($self) = @_;
	my $at = sub { "$self->{scratch}/$_[0]{number}.conf" };
	put($at->($_), text($_, $at, 1)) for @{ $self->{all} };
	return $at;
}

# settle TOP: what is refused because of other lines is commented out, too, until
# popper takes all of it.
sub settle {
	my ($self, $top) = @_;
	for (0 .. 1000) {
		my $at = $self->scratch;
		my ($code, undef, $err) = $self->run($self->{popper},
		    '--check-config', '-f', $at->($top));
		if ($code == 0) {
			next if $self->ciphers($top);
			$self->not_there($err);
			return;
		}
		my $did = 0;
		for (split /\n/, $err) {
			my $l = $self->line_told($_);
			next if !$l || $l->{gone};
			refused($l, why($_));
			$did = 1;
		}
		$did or die "popper refuses what was made of the options: $err";
	}
	die "popper refuses what was made of the options\n";
}

# The line that popper tells of.
sub line_told {
	my ($self, $text) = @_;
	my ($n, $line) = $text =~ m{^popper: \Q$self->{scratch}\E/(\d+)\.conf:(\d+): }
	    or return;
	return $self->{all}[$n]{lines}[$line - 1];
}

# Paths that are not there now.
sub not_there {
	my ($self, $err) = @_;
	for (split /\n/, $err) {
		my $l = $self->line_told($_);
		next unless $l && /: option [a-z-]+ names what is not there now/;
		next if $l->{absent}++;
		Import::Report::remark($l->{from}, why($_));
		Import::Report::left($l->{from}, 'without this list nobody logs in')
		    if $l->{option} =~ /^(?:non)?auth-file$/;
	}
}

# Words of OpenSSL that poptls does not know would keep the service from its
# start.  True if a line was commented out for that.
sub ciphers {
	my ($self, $top) = @_;
	my $list = $self->effective($top)->{'tls-cipher-list'};
	return 0 unless defined $list;
	my ($code, undef, $err) = $self->run($self->{popper} =~ s{[^/]*$}{poptls}r,
	    '--check', '-c', "$self->{scratch}/none", '-p', $list);
	my ($why) = $err =~ /^poptls: (The (?:word|list) .*cipher suites.*)/m;
	return 0 unless defined $why;
	my @lines = grep { !$_->{gone} && ($_->{option} || '') eq 'tls-cipher-list' }
	    map { @{ $_->{lines} } } @{ $self->{all} };
	refused($_, $why) for @lines;
	return scalar @lines;
}

# The options that are in force, by name.
sub effective {
	my ($self, $top) = @_;
	my $at = $self->scratch;
	my ($code, $out, $err) = $self->run($self->{popper}, '--print-config', '-f',
	    $at->($top));
	$code == 0 or die "popper: $err";
	my %value = $out =~ /^set ([a-z-]+) = ["'`]?(.*?)["'`]?\t# /mg;
	return \%value;
}

1;
