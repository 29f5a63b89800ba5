# Users' own files of options, which are not imported: what popper would refuse
# them, and so their log-in, is told before it happens.
package Import::Users;
use strict;
use warnings;
use Fcntl qw(O_NOFOLLOW O_NONBLOCK O_RDONLY);
use Import::Report;
use Import::Secrets;

my $SIZE_MAX = 64 << 10;	# as popper has it
my $TIMEOUT_MAX = 1800;		# in the home
my $LINES_MAX = 1000;		# different ones that popper is asked about
my $TELL_MAX = 20;

# What may stand in both files, and what only in the one in the spool folder
# (qpopper.conf(5)).
my %BOTH = map { $_ => 1 } qw(announce-expire announce-login-delay auto-delete
    bulldb-nonfatal chunky-writes fast-update keep-temp-drop mail-lock-check
    max-bulletins server-mode statistics timeout timing update-on-abort
    update-status-headers uw-kluge);
my %SPOOL = map { $_ => 1 } qw(bulldb-max-tries bulldir config-file debug drac-host
    old-style-uid tracefile);
# what is not there is passed over in these files
my $PASSED = qr/^(?:bulldb-nonfatal|bulldb-max-tries|bulldir|drac-host|max-bulletins)$/;

# look OPTIONS, VALUES...: the files that popper would read with these options.
sub look {
	my ($options, @values) = @_;
	my (%files, @where);
	for my $v (@values) {
		if ($v->{'user-options'} eq 'true') {
			push @where, "$options->{root}/etc/passwd";
			$files{$_} = 1 for homes($options->{root});
		}
		if ($v->{'spool-options'} eq 'true') {
			my $dir = $options->{root} . ($v->{'spool-dir'} || '/var/mail');
			push @where, $dir;
			$files{$_} = 0 for in_spool($dir, $v->{'hash-spool'} || 0);
		}
	}
	return unless @where;
	my ($looked, @faults) = (0);
	for my $path (sort keys %files) {
		my $text = content($path);
		next unless defined $text;
		$looked++;
		push @faults, faults($options, $path, $text, $files{$path});
	}
	my %seen;
	say_what(join(', ', grep { !$seen{$_}++ } @where), $looked, @faults);
}

sub say_what {
	my ($where, $looked, @faults) = @_;
	for my $n (0 .. $#faults) {
		last if $n == $TELL_MAX;
		Import::Report::left($faults[$n][0], $faults[$n][1] .
		    '; while this stands there, its user cannot log in');
	}
	Import::Report::left($where, @faults - $TELL_MAX . ' more such lines')
	    if @faults > $TELL_MAX;
	Import::Report::remark($where, "by this $looked files of users' own options " .
	    'were found, and looked at; if there are more, look at them by: ' .
	    "grep -HinE 'bulldir|bulldb-max|drac|debug|tracefile|config-file|old-style' " .
	    '/home/*/.qpopper-options /var/mail/.*.qpopper-options');
}

sub homes {
	my ($root) = @_;
	my %home = map { (split /:/)[5] // '' => 1 }
	    split /\n/, Import::Secrets::slurp("$root/etc/passwd");
	return map { "$root$_/.qpopper-options" } grep { m{^/} } keys %home;
}

# With hash-spool they are one or two folders below.
sub in_spool {
	my ($dir, $hash) = @_;
	my @dirs = ($dir);
	@dirs = map { my $d = $_; map { "$d/$_" }
	    grep { /^[^.]/ && -d "$d/$_" && !-l "$d/$_" } names($d) } @dirs
	    for 1 .. $hash;
	return map { my $d = $_; map { "$d/$_" }
	    grep { /^\..+\.qpopper-options$/ } names($d) } @dirs;
}

sub names {
	my ($dir) = @_;
	opendir my $fh, $dir or return;
	return readdir $fh;
}

# Undef if popper would not read it.
sub content {
	my ($path) = @_;
	sysopen my $fh, $path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW or return;
	return unless -f $fh && -s _ <= $SIZE_MAX;
	local $/;
	return <$fh> // '';
}

# [PLACE, WHAT] of each line that popper refuses in this file.
sub faults {
	my ($options, $path, $text, $home) = @_;
	my ($n, @faults) = (0);
	for my $line (split /\n/, $text) {
		$n++;
		next if $line =~ /^[ \t]*(?:#|$)/;
		my $key = "$home $line";
		my $known = $options->{told} ||= {};
		$known->{$key} = keys %$known < $LINES_MAX ?
		    fault($options, $line, $home) : '' unless defined $known->{$key};
		push @faults, ["$path:$n", $known->{$key}] if $known->{$key} ne '';
	}
	return @faults;
}

# What is wrong with a line, or ''.
sub fault {
	my ($options, $line, $home) = @_;
	my ($name) = $line =~ /^[ \t]*(?:re)?set[ \t]+([a-z-]+)/i;
	# these two popper would follow
	my $follow = defined $name && $name =~ /^(?:config-file|tracefile)$/i;
	my ($found, $why, $wrong) = $follow ? [lc $name] : $options->try($line);
	if (!ref $found) {
		return '' unless defined $why;
		return $why unless defined $wrong;
		$found = [$wrong];
		return "$wrong: $why"
		    unless $wrong =~ $PASSED && $why =~ /in this version/;
	}
	my $option = $found->[0];
	return "$option cannot be set in this file"
	    unless $BOTH{$option} || (!$home && $SPOOL{$option});
	return "timeout is at most $TIMEOUT_MAX here" if $home &&
	    ($found->[1] || '') =~ /^set timeout = (\d+)$/ && $1 > $TIMEOUT_MAX;
	return '';
}

1;
