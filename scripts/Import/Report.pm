# What the administrator is told, on standard error, and the exit code that
# comes of it.
package Import::Report;
use strict;
use warnings;

my $left = 0;

# What comes from files is shown without what a terminal would obey.
sub safe {
	my ($text) = @_;
	$text =~ s/([^ -~])/sprintf '\\x%02x', ord $1/ge;
	return $text;
}

# Something is otherwise here, and has been taken.
sub remark {
	my ($where, $text) = @_;
	print STDERR safe("$where: $text"), "\n";
}

# Something was left out: the exit code is 1.
sub left {
	remark(@_);
	$left = 1;
}

sub code {
	return $left;
}

1;
