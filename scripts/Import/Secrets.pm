# Records of pop.auth, and cdb/secrets, where they go (popper-cdb(5)).  Secrets
# are only ever in memory, and in a file that nobody else could read at any
# time.
package Import::Secrets;
use strict;
use warnings;
use Fcntl qw(:flock O_CREAT O_EXCL O_RDWR O_WRONLY);
use File::Path qw(remove_tree);
use IO::Handle;
use Import::Report;

# decode RECORD: (NAME, SECRET, nothing or why it cannot be taken, is there a
# verifier).  A key is the name with its NUL; a value the secret with its NUL,
# each octet inverted, and perhaps a verifier of SCRAM-MD5 behind it.
sub decode {
	my ($record) = @_;
	my ($key, $value) = @$record;
	my $name = $key =~ s/\0\z//r;
	return ($name, undef, 'its name does not end in a NUL, as Qpopper writes it')
	    if $name eq $key;
	return ($name, undef, 'this cannot be a user name here')
	    unless name_ok($name);
	my $end = index $value, "\xff";
	return ($name, undef, 'its secret has no end') if $end < 0;
	my $secret = substr($value, 0, $end) ^ "\xff" x $end;
	return ($name, undef, 'it has no APOP secret') if $end == 0;
	return ($name, undef, 'its secret is longer than 511 characters')
	    if $end > 511;
	return ($name, undef, 'its secret has other characters than printable ' .
	    'ASCII: popauth gives it another one') if $secret =~ /[^ -~]/;
	return ($name, $secret, undef, length $value > $end + 1);
}

# The rules of rebuild-cdb and src/auth/username.c.
sub name_ok {
	my ($name) = @_;
	return $name =~ /\A[!-~]{1,63}\z/ && $name !~ /\A[.#]/ &&
	    $name !~ /\.\.|\.lock\z/ && $name !~ m{[/%"'`\\:]};
}

# choose RECORDS, WHERE: NAME => SECRET of those that can be taken; the others
# are told.
sub choose {
	my ($records, $where) = @_;
	my (%take, $verifiers);
	for my $r (@$records) {
		my ($name, $secret, $why, $verifier) = decode($r);
		$why = 'its name is there twice' if !$why && exists $take{$name};
		if ($why) {
			Import::Report::left($where, 'user "' . substr($name, 0, 63) .
			    "\" is left out: $why");
			next;
		}
		$take{$name} = $secret;
		$verifiers++ if $verifier;
	}
	Import::Report::remark($where, "SCRAM-MD5 verifiers of $verifiers users are not " .
	    'taken: nothing can be made of them; for SCRAM-SHA-256 popper uses ' .
	    'the APOP secret') if $verifiers;
	return \%take;
}

sub slurp {
	my ($path) = @_;
	return '' unless -e $path;
	-f $path or die "$path: is no regular file\n";
	open my $fh, '<:raw', $path or die "$path: $!\n";
	local $/;
	my $text = <$fh>;
	return defined $text ? $text : '';
}

# Who has which secret in this source; undef is a verifier alone.
sub there {
	my ($text) = @_;
	my %there;
	for (split /\n/, $text) {
		$there{$1} = $2 if /^([^:#\s][^:]*):\{apop\}(.*)/;
		$there{$1} = $there{$1} if /^([^:#\s][^:]*):\{scram-sha-256\}/;
	}
	return \%there;
}

# fresh TAKE, CDB: names that cdb/secrets does not have yet.  Who has another
# secret there keeps it, and is told.
sub fresh {
	my ($take, $cdb, $text) = @_;
	my (@fresh, $same);
	for my $where ("$cdb/secrets", "$cdb/pop/secrets") {
		my $there = there($where eq "$cdb/secrets" ? $text : slurp($where));
		for my $name (sort keys %$take) {
			next unless exists $there->{$name};
			my $secret = delete $take->{$name};
			if (defined $there->{$name} && $there->{$name} eq $secret) {
				$same++;
			} else {
				Import::Report::left($where, "user \"$name\" has another secret " .
				    'here, and keeps it; popauth changes it');
			}
		}
	}
	Import::Report::remark("$cdb/secrets", "$same users have their secret already")
	    if $same;
	return sort keys %$take;
}

# The lock of popauth and rebuild-cdb.
sub lock_folder {
	my ($cdb) = @_;
	sysopen my $lock, "$cdb/.lock", O_RDWR | O_CREAT, 0600
	    or die "later: $cdb/.lock: $!\n";
	local $SIG{ALRM} = sub { die "later: $cdb/.lock: is held by another program\n" };
	alarm 10;
	flock $lock, LOCK_EX or die "later: $cdb/.lock: $!\n";
	alarm 0;
	return $lock;
}

# A file that has this mode from its first moment on, and was not there.
sub write_new {
	my ($path, $text, $mode) = @_;
	my $old = umask(0777 & ~$mode);
	my $ok = sysopen my $fh, $path, O_WRONLY | O_CREAT | O_EXCL, $mode;
	my $why = $!;
	umask $old;
	$ok or die "later: $path: $why\n";
	binmode $fh;
	print $fh $text and $fh->flush and $fh->sync and close $fh
	    or die "later: $path: $!\n";
}

sub rebuild {
	my ($program, $folder, $why) = @_;
	system($program, $folder) == 0 or die "$folder: $why\n";
}

# look TAKE, CDB: what merge would do.  merge TAKE, CDB, REBUILD: does it: the
# new source is made and tried in a folder below, and then takes the old one's
# place.  Both give the number of users.
sub look {
	my ($take, $cdb) = @_;
	my @fresh = fresh($take, $cdb, slurp("$cdb/secrets"));
	return scalar @fresh;
}

sub merge {
	my ($take, $cdb, $program) = @_;
	-d $cdb or die "$cdb: is not there; make install makes it\n";
	my $lock = lock_folder($cdb);
	my $text = slurp("$cdb/secrets");
	my @fresh = fresh($take, $cdb, $text);
	return 0 unless @fresh;
	$text .= "\n" if $text =~ /[^\n]\z/;
	$text .= join '', map { "$_:{apop}$take->{$_}\n" } @fresh;
	my $at = "$cdb/.import";
	# one that was killed can have left it
	remove_tree($at, { safe => 1 });
	mkdir $at, 0700 or die "later: $at: $!\n";
	eval {
		write_new("$at/secrets", $text, 0600);
		rebuild($program, $at, "$program refuses this; $cdb/secrets is as " .
		    'it was');
		my ($uid, $gid) = (stat $cdb)[4, 5];
		$> == 0 and chown($uid, $gid, "$at/secrets") != 1
		    and die "later: $at/secrets: $!\n";
		rename "$at/secrets", "$cdb/secrets"
		    or die "later: $cdb/secrets: $!\n";
		system 'sync', $cdb;
	};
	my $why = $@;
	remove_tree($at, { safe => 1 });
	die $why if $why;
	close $lock;
	rebuild($program, $cdb, 'secrets has the new users, and a database ' .
	    'could not be built: mend it, and call rebuild-cdb');
	return scalar @fresh;
}

1;
