# What a power cut can leave of a folder: from what was in it, and a record of
# the calls that changed it (t/shim/record.c), all states that two models of
# a file system allow at each point of time.  docs/TESTING.md tells of them.
#
# It knows system calls and nothing of mail.
package PowerCut;
use strict;
use warnings;
use Digest::MD5 qw(md5_hex);

use constant { SECTOR => 512, HEAD => 72, RANDOM => 10,
    # a machine takes its time to come up again
    AGE => 600 };
# what is made of an operation
use constant { NOT => 0, ALL => 1, TORN => 2, ZERO => 3, TAIL => 4 };
use constant CHANGE => qr/^(?:name|data|size|take|mode)$/;

# The files of a folder: what new() wants to have from before the session.
sub look {
	my ($dir) = @_;
	my %was = (names => {}, files => {}, dir => id_of($dir));
	opendir(my $dh, $dir) or die "$dir: $!";
	for my $name (sort grep { !/^\.\.?$/ } readdir $dh) {
		my @st = lstat "$dir/$name";
		next unless -f _;
		my $id = "$st[0]:$st[1]";
		open my $fh, '<:raw', "$dir/$name" or die "$name: $!";
		my $text = do { local $/; <$fh> };
		$was{names}{$name} = $id;
		$was{files}{$id} = { data => defined $text ? $text : '',
		    mode => $st[2] & 07777, uid => $st[4], gid => $st[5] };
	}
	return \%was;
}

sub id_of {
	my @st = stat $_[0] or die "$_[0]: $!";
	return "$st[0]:$st[1]";
}

# Records that a test adds itself: mail that was delivered to a name in the
# folder and synced (a), and whatever point of time it has to know (?).
sub note {
	my ($kind, $text) = @_;
	return raw($kind, text => $text);
}

# A record as the shim writes it, for a test that makes one up.
sub raw {
	my ($kind, %r) = @_;
	my $text = defined $r{text} ? $r{text} : '';
	my @n = map { defined $_ ? split(/:/) : (0, 0) } @r{qw(file dir dir2)};
	return pack('L2 Q8', ord $kind, length $text, @n, $r{a} || 0,
	    $r{b} || 0) . $text;
}

# new BEFORE, RECORD: what look() gave, and the octets of a record.
sub new {
	my ($class, $before, $record) = @_;
	my $self = bless { before => $before, ops => [], size => {},
	    now => {}, sizes => {}, seed => 1 }, $class;
	my %names = %{ $before->{names} };
	for my $id (keys %{ $before->{files} }) {
		$self->{now}{$id} = $id;
		$self->sized(-1, $id, length $before->{files}{$id}{data});
	}
	$self->{names} = \%names;
	my $at = 0;
	while ($at < length $record) {
		my ($kind, $n, @n) = unpack 'L2 Q8', substr $record, $at, HEAD;
		my $text = substr $record, $at + HEAD, $n;
		$at += HEAD + $n;
		$self->op(chr $kind, "$n[0]:$n[1]", "$n[2]:$n[3]",
		    "$n[4]:$n[5]", $n[6], $n[7], $text);
	}
	$self->prune;
	$self->cover;
	return $self;
}

# The size of a file from operation $i on, as the session saw it.
sub sized {
	my ($self, $i, $id, $n) = @_;
	push @{ $self->{sizes}{$id} }, [$i, $n];
	$self->{size}{$id} = $n;
}

# What the calls need of the disk: octets, summed up call by call.
sub grown {
	my ($self, $id, $end) = @_;
	my $more = $end - $self->{size}{$id};
	push @{ $self->{growth} }, $more + (@{ $self->{growth} || [] }
	    ? $self->{growth}[-1] : 0) if $more > 0;
}

sub push_op {
	my ($self, %op) = @_;
	push @{ $self->{ops} }, \%op;
	return $#{ $self->{ops} };
}

# A file that was not there before; its number may be that of an old one.
sub born {
	my ($self, $file, $mode, $owner) = @_;
	my $id = "$file#" . @{ $self->{ops} };
	$self->{now}{$file} = $id;
	$self->{born}{$id} = { mode => $mode & 07777, uid => $owner >> 32,
	    gid => $owner & 0xffffffff };
	$self->sized($#{ $self->{ops} }, $id, 0);
	return $id;
}

sub name_op {
	my ($self, $what, $dir, @do) = @_;
	die "$what in another folder\n" if $dir ne $self->{before}{dir};
	$self->push_op(k => 'name', what => $what, do => \@do);
	for (@do) {
		my ($name, $id) = @$_;
		delete $self->{names}{$name};
		$self->{names}{$name} = $id if defined $id;
	}
}

sub data_op {
	my ($self, $id, $at, $text) = @_;
	my $end = $at + length $text;
	$self->grown($id, $end);
	my $i = $self->push_op(k => 'data', what => sprintf(
	    'write %d octets at %d of', length $text, $at), id => $id,
	    at => $at, text => $text, grows => $end > $self->{size}{$id});
	$self->sized($i, $id, $end) if $end > $self->{size}{$id};
}

sub op {
	my ($self, $kind, $file, $dir, $dir2, $a, $b, $text) = @_;
	my $id = $self->{now}{$file};
	if ($kind eq 'c') {
		$id = $self->born($file, $a, $b);
		$self->name_op("create $text", $dir, [$text, $id])
		    if $text ne '';
	} elsif ($kind eq 'w') {
		$self->data_op($id, $a, $text) if defined $id;
	} elsif ($kind eq 't') {
		return unless defined $id;
		my $size = $self->{size}{$id};
		return if $b && $a <= $size;
		$self->grown($id, $a) if $b;
		my $i = $self->push_op(k => 'size', id => $id, to => $a,
		    what => $a < $size ? "truncate to $a" : "extend to $a");
		$self->sized($i, $id, $a);
	} elsif ($kind eq 'k') {
		return unless defined $id;
		my $i = $self->push_op(k => 'take', id => $id, at => $a,
		    n => $b, what => "take $b octets at $a out of");
		$self->sized($i, $id, $self->{size}{$id} - $b);
	} elsif ($kind eq 's' || $kind eq 'd') {
		my $is_dir = $file eq $self->{before}{dir};
		return unless defined $id || $is_dir;
		$self->push_op(k => 'sync', id => $is_dir ? 'dir' : $id,
		    data => $kind eq 'd',
		    what => $kind eq 'd' ? 'fdatasync' : 'fsync');
	} elsif ($kind eq 'S') {
		$self->push_op(k => 'sync', id => 'all', what => 'sync');
	} elsif ($kind eq 'r') {
		die "rename with flags $a\n" if $a > 1;
		die "rename between folders\n" if $dir ne $dir2;
		my ($from, $to) = split /\0/, $text;
		return if $from eq $to || !defined $id;
		$self->name_op("rename $from to $to", $dir,
		    [$from, undef], [$to, $id]);
	} elsif ($kind eq 'l') {
		my ($from, $to) = split /\0/, $text;
		$self->name_op("link $to", $dir2, [$to, $id]);
	} elsif ($kind eq 'u') {
		$self->name_op("unlink $text", $dir, [$text, undef]);
	} elsif ($kind eq 'h') {
		$self->push_op(k => 'mode', id => $id, mode => $a,
		    uid => $b >> 32, gid => $b & 0xffffffff,
		    what => sprintf 'mode %04o and owner of', $a)
		    if defined $id;
	} elsif ($kind eq '!') {
		$self->push_op(k => 'reply', what => "reply $text");
	} elsif ($kind eq '?') {
		$self->push_op(k => 'note', what => $text);
	} elsif ($kind eq 'a') {
		my ($name, $mail) = $text =~ /\A([^\0]*)\0(.*)\z/s;
		$id = $self->{names}{$name};
		die "mail for $name, and no spool\n" unless defined $id;
		# not what the session takes of the disk
		local $self->{growth} = [];
		$self->data_op($id, $self->{size}{$id}, $mail);
		$self->push_op(k => 'sync', id => $id,
		    what => 'mail delivered: fsync');
		# for the agent it is one step: between them it has said nothing
		$self->{ops}[-2]{joined} = 1;
	} else {
		die "the models know nothing of a record $kind\n";
	}
}

# Files that never have a name leave nothing.
sub prune {
	my ($self) = @_;
	my %named = map { $_ => 1 } values %{ $self->{before}{names} };
	for my $op (@{ $self->{ops} }) {
		next unless $op->{k} eq 'name';
		$named{ $_->[1] } = 1 for grep { defined $_->[1] }
		    @{ $op->{do} };
	}
	for my $op (@{ $self->{ops} }) {
		$op->{k} = 'note' if defined $op->{id} &&
		    $op->{id} !~ /^(?:dir|all)$/ && !$named{ $op->{id} };
	}
	# for descriptions: the first name that a file has had
	my %called = reverse %{ $self->{before}{names} };
	for my $op (@{ $self->{ops} }) {
		for (@{ $op->{do} || [] }) {
			$called{ $_->[1] } = $_->[0]
			    if defined $_->[1] && !$called{ $_->[1] };
		}
	}
	for my $op (@{ $self->{ops} }) {
		next unless defined $op->{id};
		$op->{what} .= ' ' . ($op->{id} eq 'dir' ? 'the folder'
		    : $op->{id} eq 'all' ? 'of all'
		    : $called{ $op->{id} } || 'a file without a name');
	}
}

sub covers {
	my ($sync, $op) = @_;
	my $on = $sync->{id};
	return 1 if $on eq 'all';
	return $on eq 'dir' if $op->{k} eq 'name';
	return 0 if $on ne $op->{id};
	return $op->{k} ne 'mode' || !$sync->{data};
}

# For each operation the sync that makes sure of it; and for each point of
# time how much of the metadata is sure in the ordered model.
sub cover {
	my ($self) = @_;
	my $ops = $self->{ops};
	my @open;
	my $sure = 0;
	my @touched;
	$self->{sure} = [0];
	for my $i (0 .. $#$ops) {
		my $op = $ops->[$i];
		if ($op->{k} =~ CHANGE) {
			push @open, $i;
		} elsif ($op->{k} eq 'sync') {
			$sure = $i + 1 if $self->commits($sure, $i);
			my @still;
			for (@open) {
				if (covers($op, $ops->[$_])) {
					$ops->[$_]{sure} = $i;
				} else {
					push @still, $_;
				}
			}
			@open = @still;
		}
		push @{ $self->{sure} }, $sure;
	}
}

# A journal is written when the file has changes that are not in it; then
# all that was before is in it, too.
sub commits {
	my ($self, $from, $i) = @_;
	my $sync = $self->{ops}[$i];
	for (@{ $self->{ops} }[$from .. $i - 1]) {
		return 1 if $sync->{id} eq 'all';
		if ($_->{k} eq 'name') {
			return 1 if $sync->{id} eq 'dir' ||
			    grep { defined $_->[1] && $_->[1] eq $sync->{id} }
			    @{ $_->{do} };
			next;
		}
		next unless defined $_->{id} && $_->{id} eq $sync->{id};
		return 1 if $_->{k} =~ /^(?:size|take)$/ || $_->{grows};
		# an overwritten file has a new time, which fdatasync ignores
		return 1 if !$sync->{data} && $_->{k} =~ /^(?:data|mode)$/;
	}
	return 0;
}

sub start_files {
	my ($self) = @_;
	my %f;
	for (keys %{ $self->{before}{files} }) {
		$f{$_} = { %{ $self->{before}{files}{$_} } };
	}
	for (keys %{ $self->{born} }) {
		$f{$_} = { %{ $self->{born}{$_} }, data => '' };
	}
	return \%f;
}

sub put_data {
	my ($f, $at, $text) = @_;
	return if $text eq '';
	my $short = $at - length $f->{data};
	$f->{data} .= "\0" x $short if $short > 0;
	substr($f->{data}, $at, length $text) = $text;
}

sub set_size {
	my ($f, $n) = @_;
	my $more = $n - length $f->{data};
	if ($more > 0) {
		$f->{data} .= "\0" x $more;
	} else {
		substr($f->{data}, $n) = '';
	}
}

# Octets are taken out of the middle: the hole goes up to the end, extent by
# extent, and at last the file gets shorter.
sub take {
	my ($f, $op, $as) = @_;
	my $n = $op->{n};
	my $rest = length($f->{data}) - $op->{at} - $n;
	my $moved = $as == ZERO ? 0
	    : $as == TORN ? int($rest / 2 / SECTOR) * SECTOR : $rest;
	substr($f->{data}, $op->{at}, $n) = '';
	substr($f->{data}, $op->{at} + $moved, 0) = "\0" x $n
	    if $as != ALL;
}

# What a torn write leaves: half of its sectors, or of its octets.
sub half {
	my ($text) = @_;
	my $n = int(length($text) / 2);
	$n = int($n / SECTOR) * SECTOR if length $text >= 2 * SECTOR;
	return substr $text, 0, $n;
}

# The state after the first $cut operations, of which those in %$how are not
# as they should be.
sub pessimistic {
	my ($self, $cut, $how) = @_;
	my %names = %{ $self->{before}{names} };
	my $files = $self->start_files;
	for my $i (0 .. $cut - 1) {
		my $op = $self->{ops}[$i];
		my $as = exists $how->{$i} ? $how->{$i} : ALL;
		next if $as == NOT;
		if ($op->{k} eq 'name') {
			for (@{ $op->{do} }) {
				delete $names{ $_->[0] };
				$names{ $_->[0] } = $_->[1] if defined $_->[1];
			}
		} elsif ($op->{k} eq 'data') {
			my $f = $files->{ $op->{id} };
			my $text = $op->{text};
			if ($as == ZERO) {
				my $end = $op->{at} + length $text;
				set_size($f, $end) if $end > length $f->{data};
			} elsif ($as == TAIL) {
				my $n = length half($text);
				put_data($f, $op->{at} + $n, substr $text, $n);
			} else {
				put_data($f, $op->{at},
				    $as == TORN ? half($text) : $text);
			}
		} elsif ($op->{k} eq 'size') {
			set_size($files->{ $op->{id} }, $op->{to});
		} elsif ($op->{k} eq 'take') {
			take($files->{ $op->{id} }, $op, $as);
		} elsif ($op->{k} eq 'mode') {
			@{ $files->{ $op->{id} } }{qw(mode uid gid)} =
			    @{$op}{qw(mode uid gid)};
		}
	}
	return { names => \%names, files => $files };
}

# The smallest size that a file had from before operation $from to before $to.
sub least {
	my ($self, $id, $from, $to) = @_;
	my $least = 0;
	for (@{ $self->{sizes}{$id} }) {
		my ($i, $n) = @$_;
		last if $i >= $to;
		$least = $n if $i < $from || $n < $least;
	}
	return $least;
}

# The state after $cut operations, with the metadata of the first $meta, and
# without the data in %$without.
sub ordered {
	my ($self, $cut, $meta, $without) = @_;
	my %names = %{ $self->{before}{names} };
	my $files = $self->start_files;
	for my $i (0 .. $cut - 1) {
		my $op = $self->{ops}[$i];
		my $f = defined $op->{id} ? $files->{ $op->{id} } : undef;
		if ($op->{k} eq 'data') {
			my $end = $op->{at} + length $op->{text};
			my $text = $without->{$i} ? '' : $op->{text};
			if ($i >= $meta) {
				# blocks that the metadata does not know of
				my $n = $self->least($op->{id}, $meta, $i) -
				    $op->{at};
				$text = $n <= 0 ? '' : substr $text, 0, $n;
			} elsif ($end > length $f->{data}) {
				set_size($f, $end);
			}
			put_data($f, $op->{at}, $text);
		} elsif ($i >= $meta) {
			next;
		} elsif ($op->{k} eq 'name') {
			for (@{ $op->{do} }) {
				delete $names{ $_->[0] };
				$names{ $_->[0] } = $_->[1] if defined $_->[1];
			}
		} elsif ($op->{k} eq 'size') {
			set_size($f, $op->{to});
		} elsif ($op->{k} eq 'take') {
			take($f, $op, ALL);
		} elsif ($op->{k} eq 'mode') {
			@{$f}{qw(mode uid gid)} = @{$op}{qw(mode uid gid)};
		}
	}
	return { names => \%names, files => $files };
}

# A number for what a folder holds, the same for the same; a pid in a lock
# makes no difference.
sub digest {
	my ($state) = @_;
	my %first;
	my $text = '';
	for my $name (sort keys %{ $state->{names} }) {
		my $id = $state->{names}{$name};
		$text .= "$name\0";
		if (defined $first{$id}) {
			$text .= "= $first{$id}\0";
			next;
		}
		$first{$id} = $name;
		my $f = $state->{files}{$id};
		my $data = $f->{data} =~ /\A\d+\n\z/ ? 'PID' : $f->{data};
		$text .= "$f->{mode} $f->{uid} $f->{gid} " . length($data) .
		    "\0$data";
	}
	return md5_hex($text);
}

# What both models say when nothing is missing: has to be what is there.
sub whole {
	my ($self) = @_;
	my $n = @{ $self->{ops} };
	return join ' ', digest($self->ordered($n, $n, {})),
	    digest($self->pessimistic($n, {}));
}

# Always the same choice.
sub random {
	my ($self, $n) = @_;
	$self->{seed} = ($self->{seed} * 1103515245 + 12345) & 0x7fffffff;
	return ($self->{seed} >> 12) % $n;
}

# Calls back with each state that a model allows: the state, the number of
# operations before the cut, and what is special in it.
sub each_state {
	my ($self, $model, $cb) = @_;
	my $ops = $self->{ops};
	for my $cut (0 .. @$ops) {
		next if $cut > 0 && $ops->[$cut - 1]{joined};
		my @open = grep { $ops->[$_]{k} =~ CHANGE &&
		    (!defined $ops->[$_]{sure} || $ops->[$_]{sure} >= $cut) }
		    0 .. $cut - 1;
		if ($model eq 'ordered') {
			$self->each_ordered($cut, \@open, $cb);
		} else {
			$self->each_pessimistic($cut, \@open, $cb);
		}
	}
}

sub each_ordered {
	my ($self, $cut, $open, $cb) = @_;
	my @data = grep { $self->{ops}[$_]{k} eq 'data' } @$open;
	my %none = map { $_ => 1 } @data;
	my $sure = $self->{sure}[$cut];
	for my $meta ($sure .. $cut) {
		# only those that change something are worth a state
		next if $meta > $sure && $meta < $cut &&
		    $self->{ops}[$meta - 1]{k} !~ CHANGE;
		my $text = $meta == $cut ? 'all metadata'
		    : "metadata of the first $meta";
		$cb->($self->ordered($cut, $meta, \%none), $cut,
		    "$text, no data that is not synced");
		$cb->($self->ordered($cut, $meta, {}), $cut,
		    "$text, all data") if @data;
	}
	for (@data) {
		$cb->($self->ordered($cut, $cut, { $_ => 1 }), $cut,
		    'without the data of ' . $self->tell($_)) if @data > 1;
	}
}

sub each_pessimistic {
	my ($self, $cut, $open, $cb) = @_;
	my %none = map { $_ => NOT } @$open;
	my $say = sub {
		my ($how, $text) = @_;
		$cb->($self->pessimistic($cut, $how), $cut, $text);
	};
	$say->({}, 'everything');
	return unless @$open;
	$say->(\%none, 'only what is synced');
	for (@$open) {
		my $op = $self->{ops}[$_];
		my $it = $self->tell($_);
		$say->({ $_ => NOT }, "without $it");
		$say->({ %none, $_ => ALL }, "of what is not synced only $it");
		if ($op->{k} eq 'take') {
			$say->({ $_ => ZERO }, "only a hole of $it");
			$say->({ $_ => TORN }, "half of $it");
			$say->({ $_ => TAIL }, "all but the size of $it");
		}
		next unless $op->{k} eq 'data';
		$say->({ $_ => TORN }, "half of $it");
		$say->({ %none, $_ => TORN },
		    "of what is not synced only half of $it");
		$say->({ $_ => TAIL }, "the second half of $it");
		$say->({ $_ => ZERO }, "zeros for $it") if $op->{grows};
	}
	return if @$open < 3;
	for my $k (1 .. RANDOM) {
		my %how = map { $_ => $self->random(
		    $self->{ops}[$_]{k} eq 'data' ? 3 : 2) } @$open;
		$say->(\%how, 'not synced: ' . join ', ', map {
			(qw(not all half))[$how{$_}] . " $_" } @$open);
	}
}

sub tell {
	my ($self, $i) = @_;
	return 'operation ' . ($i + 1) . " ($self->{ops}[$i]{what})";
}

# All different states of both models, in order.  %opt: at => what the caller
# has to know of a point of time: called with the operations before it.
sub states {
	my ($self, %opt) = @_;
	my %seen;
	my @list;
	my $made = 0;
	for my $model (@{ $opt{models} || [qw(ordered pessimistic)] }) {
		$self->{seed} = 1;
		my ($was, $at) = (-1);
		$self->each_state($model, sub {
			my ($state, $cut, $why) = @_;
			$made++;
			if ($cut != $was) {
				$was = $cut;
				$at = $opt{at} ? $opt{at}->(
				    @{ $self->{ops} }[0 .. $cut - 1]) : '';
			}
			my $sum = digest($state);
			my $s = $seen{$sum};
			if (!$s) {
				$s = $seen{$sum} = { %$state, sum => $sum,
				    age => $model eq 'ordered' ? 0 : AGE,
				    need => {} };
				push @list, $s;
			}
			$s->{need}{$at} ||= 'cut ' . ($cut == 0 ? 'at the start'
			    : 'after ' . $self->tell($cut - 1)) .
			    ", $model: $why";
		});
	}
	$self->{made} = $made;
	return \@list;
}

# Makes the folder hold the state.
sub lay {
	my ($state, $dir) = @_;
	opendir(my $dh, $dir) or die "$dir: $!";
	unlink map { "$dir/$_" } grep { !/^\.\.?$/ } readdir $dh;
	my %first;
	for my $name (sort keys %{ $state->{names} }) {
		my $id = $state->{names}{$name};
		my $file = "$dir/$name";
		if (defined $first{$id}) {
			link $first{$id}, $file or die "$file: $!";
			next;
		}
		$first{$id} = $file;
		my $f = $state->{files}{$id};
		open my $fh, '>:raw', $file or die "$file: $!";
		print $fh $f->{data};
		close $fh or die "$file: $!";
		chown $f->{uid}, $f->{gid}, $file if $> == 0;
		chmod $f->{mode}, $file;
		utime time - $state->{age}, time - $state->{age}, $file
		    if $state->{age};
	}
}

1;
