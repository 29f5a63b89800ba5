# Reads the databases that Qpopper kept its secrets in.  No database library is
# used for gdbm and ndbm: files may be another machine's, or damaged, and who
# reads them is root.
#
#   gdbm	both byte orders, 32 and 64 bits
#   ndbm	FILE.pag, pages of 1024 octets, both byte orders
#   a text of db_dump(1), for all others
#   Berkeley DB, where perl has DB_File, by a process of its own
package Import::Database;
use strict;
use warnings;
use Fcntl qw(O_RDONLY O_NONBLOCK);

my $SIZE_MAX = 64 << 20;	# as the source of the secrets
my $FIELD_MAX = 4096;		# of a key or a value: no right one is so long
my $RECORDS_MAX = 1 << 20;	# who owns the file has no say in root's memory
my $PAGE = 1024;

# GDBM's structs as three kinds of machines lay them out.  Offsets in a bucket:
# its table, and what is in an element of it.
my @LAYOUT = (
	{ name => '64 bits', off => 8, head => 136, table => 112,
	    element => 24, at => 8, sizes => 16 },
	{ name => '32 bits, large files', off => 8, head => 108, table => 84,
	    element => 24, at => 8, sizes => 16 },
	{ name => '32 bits', off => 4, head => 80, table => 60,
	    element => 20, at => 8, sizes => 12 },
);
my %GDBM = map { $_ => 1 } 0x13579acd .. 0x13579ad1;
my %BERKELEY = map { $_ => 1 } 0x061561, 0x053162;

# records PATH: a list of [KEY, VALUE], and one of texts that say what is
# damaged and was left out.  Dies of what is no such database.
sub records {
	my ($path) = @_;
	my $file = open_file($path);
	my $head = part($file, 0, $file->{size} < 16 ? $file->{size} : 16);
	my @magic = length $head < 16 ? () :
	    map { unpack $_, $head } 'V', 'N', 'x12 V', 'x12 N';
	return gdbm($file, 'V') if @magic && $GDBM{$magic[0]};
	return gdbm($file, 'N') if @magic && $GDBM{$magic[1]};
	return dump_text($file, part($file, 0, $file->{size}))
	    if $head =~ /^VERSION=/;
	return berkeley($file) if grep { $BERKELEY{$_} } @magic;
	return ndbm($file) if $file->{path} =~ /\.pag$/;
	fail($file, 'is no database of gdbm or ndbm');
}

sub fail {
	my ($file, $why) = @_;
	die "$file->{path}: $why\n";
}

# The file itself, or the one with ndbm's or Berkeley DB's suffix.
sub open_file {
	my ($path) = @_;
	my $stem = $path =~ s/\.dir$//r;
	my ($found) = grep { -e } $stem, "$stem.pag", "$stem.db";
	$found = $path unless defined $found;
	# a FIFO must not make us wait
	sysopen my $fh, $found, O_RDONLY | O_NONBLOCK
	    or die "$found: $!\n";
	binmode $fh;
	my $file = { path => $found, fh => $fh, size => -s $fh };
	fail($file, 'is no regular file') unless -f $fh;
	fail($file, 'is larger than 64 MiB') if $file->{size} > $SIZE_MAX;
	fail($file, 'is empty') unless $file->{size};
	return $file;
}

sub inside {
	my ($file, $at, $n) = @_;
	return $at >= 0 && $n >= 0 && $at <= $file->{size} &&
	    $n <= $file->{size} - $at;
}

# n octets from at on, which have to be there.
sub part {
	my ($file, $at, $n) = @_;
	my $data = '';
	inside($file, $at, $n) or fail($file, 'is cut off, or damaged');
	seek $file->{fh}, $at, 0 or fail($file, $!);
	my $got = read $file->{fh}, $data, $n;
	defined $got or die "later: $file->{path}: $!\n";
	$got == $n or fail($file, 'got shorter while it was read');
	return $data;
}

sub add {
	my ($file, $records, $key, $value) = @_;
	fail($file, "has more than $RECORDS_MAX records") if @$records >= $RECORDS_MAX;
	push @$records, [$key, $value];
}

# --- gdbm: header, directory of buckets, buckets with a table of records

sub gdbm {
	my ($file, $order) = @_;
	my ($layout, $head) = gdbm_layout($file, $order);
	my (@records, @faults, %seen);
	my $room = $file->{size};
	$file->{room} = $file->{size};
	for my $at (offsets($layout, $order, part($file, $head->{dir},
	    $head->{dir_size}))) {
		next if $seen{$at}++;
		# of a sound file no two buckets have an octet in common
		$room -= $head->{bucket_size};
		if ($room < 0) {
			push @faults, 'more buckets are named than there is room for';
			last;
		}
		if (!inside($file, $at, $head->{bucket_size})) {
			push @faults, "a bucket, at $at, lies outside of the file";
			next;
		}
		bucket($file, $order, $layout,
		    part($file, $at, $head->{bucket_size}), $head->{elements},
		    \@records, \@faults);
		last if $file->{room} < 0;
	}
	return (\@records, \@faults);
}

# Which machine's it is, is told by its header, where all has to fit.
sub gdbm_layout {
	my ($file, $order) = @_;
	my $text = part($file, 0, $file->{size} < 40 ? $file->{size} : 40);
	fail($file, 'is cut off, or damaged') if length $text < 40;
	for my $layout (@LAYOUT) {
		my %head;
		($head{dir}) = offsets($layout, $order,
		    substr $text, 8, $layout->{off});
		@head{qw(dir_size bits bucket_size elements)} =
		    unpack "x8 x$layout->{off} (${order})4", $text;
		next if $head{bits} > 24 || $head{dir_size} !=
		    $layout->{off} << $head{bits};
		next if $head{bucket_size} < $layout->{head} ||
		    $head{bucket_size} > 1 << 20;
		next if $head{elements} != 1 + int(
		    ($head{bucket_size} - $layout->{head}) / $layout->{element});
		inside($file, $head{dir}, $head{dir_size}) or
		    fail($file, 'is cut off: its directory is not there');
		return ($layout, \%head);
	}
	fail($file, 'begins as a gdbm file, and its header is damaged');
}

# Numbers of the size of a file's length.
sub offsets {
	my ($layout, $order, $text) = @_;
	return unpack "${order}*", $text if $layout->{off} == 4;
	return unpack $order eq 'V' ? 'Q<*' : 'Q>*', $text;
}

sub bucket {
	my ($file, $order, $layout, $text, $count, $records, $faults) = @_;
	for my $i (0 .. $count - 1) {
		my $e = substr $text, $layout->{table} + $i * $layout->{element},
		    $layout->{element};
		next if unpack($order, $e) == 0xffffffff;
		my ($at) = offsets($layout, $order,
		    substr $e, $layout->{at}, $layout->{off});
		my ($key, $value) = unpack "x$layout->{sizes} (${order})2", $e;
		if ($key > $FIELD_MAX || $value > $FIELD_MAX ||
		    !inside($file, $at, $key + $value)) {
			# the table has the first octets of the name
			my $begin = substr($e, 4, 4) =~ tr/!-~//cdr;
			push @$faults, "a record of a name that begins with " .
			    "\"$begin\" lies outside of the file, or is too long";
			next;
		}
		# nor have two records
		$file->{room} -= $key + $value;
		if ($file->{room} < 0) {
			push @$faults, 'more records are named than there is room for';
			last;
		}
		my $record = part($file, $at, $key + $value);
		add($file, $records, substr($record, 0, $key), substr $record, $key);
	}
}

# --- ndbm: pages, each with a count, offsets, and from its end on the items

sub ndbm {
	my ($file) = @_;
	my (@records, @faults, $order);
	my $pages = int($file->{size} / $PAGE);
	push @faults, 'the last page is cut off' if $file->{size} % $PAGE;
	for my $n (0 .. $pages - 1) {
		my $page = part($file, $n * $PAGE, $PAGE);
		next if $page !~ /[^\0]/ || substr($page, 0, 2) eq "\0\0";
		# one file has one byte order: that of its first good page
		my ($found) = grep { page_offsets($page, $_) }
		    $order ? $order : ('v', 'n');
		if (!$found) {
			push @faults, "page $n is damaged";
			next;
		}
		$order = $found;
		page_items($file, \@records, $page, page_offsets($page, $order));
	}
	fail($file, 'is no ndbm file') if !$order && @faults;
	return (\@records, \@faults);
}

# Where the items begin, one below the other; nothing if that cannot be.
sub page_offsets {
	my ($page, $order) = @_;
	my $count = unpack $order, $page;
	return if !$count || $count % 2 || 2 * ($count + 1) > $PAGE;
	my @at = unpack "x2 ${order}$count", $page;
	my $above = $PAGE;
	for my $at (@at) {
		return if $at > $above || $at < 2 * ($count + 1);
		$above = $at;
	}
	return @at;
}

sub page_items {
	my ($file, $records, $page, @at) = @_;
	my $end = $PAGE;
	while (my ($key, $value) = splice @at, 0, 2) {
		add($file, $records, substr($page, $key, $end - $key),
		    substr $page, $value, $key - $value);
		$end = $value;
	}
}

# --- the text of db_dump: a head, then keys and values by turns

sub dump_text {
	my ($file, $text) = @_;
	my ($hex, $key, $end, @records) = (1);
	$text .= "\n" if $text =~ /[^\n]\z/;
	while ($text =~ /\G([^\n]*)\n/g) {
		last if $1 eq 'HEADER=END';
		$hex = 0 if $1 eq 'format=print';
	}
	while ($text =~ /\G([^\n]*)\n/g) {
		my $l = $1;
		last if $end = $l eq 'DATA=END';
		$l =~ s/^ // or fail($file, 'a line of the dump has no blank in front');
		if ($hex) {
			$l =~ /^(?:[0-9a-fA-F]{2})*$/ or
			    fail($file, 'a line of the dump is not hexadecimal');
			$l = pack 'H*', $l;
		} else {
			$l =~ s/\\(\\|[0-9a-fA-F]{2})/
			    $1 eq '\\' ? '\\' : chr hex $1/ge;
		}
		if (defined $key) {
			add($file, \@records, $key, $l);
			$key = undef;
		} else {
			$key = $l;
		}
	}
	my @faults = $end ? () : ('the dump has no end');
	push @faults, 'the last key has no value' if defined $key;
	return (\@records, \@faults);
}

# --- Berkeley DB: what its library makes of it, as such a text

my $DUMP = <<'END';
alarm 30;
tie my %h, 'DB_File', $ARGV[0], 0, 0, $DB_File::DB_HASH or exit 1;
print "VERSION=3\nHEADER=END\n";
while (my ($k, $v) = each %h) {
	print map { ' ' . unpack('H*', $_) . "\n" } $k, $v;
}
print "DATA=END\n";
END

# Its versions do not read each other's files, and it may fall over a damaged one.
sub berkeley {
	my ($file) = @_;
	my $pid = open my $dump, '-|';
	defined $pid or die "later: fork: $!\n";
	if ($pid == 0) {
		open STDERR, '>', '/dev/null';
		exec $^X, '-MDB_File', '-e', $DUMP, $file->{path} or exit 1;
	}
	my $text = '';
	read $dump, $text, 4 * $SIZE_MAX;
	close $dump;
	fail($file, 'is of a Berkeley DB that cannot be read here: give the ' .
	    'output of its db_dump, or what import-qpopper(8) says')
	    if $text eq '';
	return dump_text($file, $text);
}

1;
