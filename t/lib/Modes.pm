# The ways in which the maildrop is updated, for the tests that crash, cut the
# power and fill the disk.  A row has
#   name  of the mode; a test has a file for one mode alone if its own name
#         ends in it: crash-NAME.t, a symbolic link to crash.t
#   conf  lines for the configuration
#   left  files that may stay beside the spool
#   only  dialogues: all others do the same as in another mode
#   popper  another one in the build folder
#   big   octets that two of the messages get more, so that work that is done
#         in pieces has several
#   long  the same of those that go
#   as    makes other mail of number, body and header
#   wrap  makes what lies in the spool of a message
#   shim  every other judge has a file system that can take blocks out
package Modes;
use strict;
use warnings;
use File::Basename qw(basename dirname);

our @modes = (
	{ name => 'normal', conf => '', left => [], big => 0 },
	{ name => 'server', conf => "set server-mode\n",
	    left => ['.alice.cache'], big => 0 },
	{ name => 'windows', conf => "set server-mode\n",
	    left => ['.alice.cache'], big => 20000,
	    popper => 't/popper-windows', only => qr/first|middle/ },
	{ name => 'collapse', conf => "set server-mode\n",
	    left => ['.alice.cache'], big => 20000, long => 10000, shim => 1,
	    popper => 't/popper-collapse', only => qr/middle/ },
	{ name => 'fast', conf => "set fast-update\n", left => [], big => 0 },
	{ name => 'serverfast', left => ['.alice.cache'], big => 0,
	    conf => "set server-mode\nset fast-update\n" },
);

# Those that the test in $0 is for: that of its name, or those that have no
# file of their own; or what MODES says.
sub mine {
	my $base = basename($0, '.t');
	my $dir = dirname($0);
	if ($ENV{MODES}) {
		my %want = map { $_ => 1 } split /[ ,]+/, $ENV{MODES};
		return grep { $want{ $_->{name} } } @modes;
	}
	my @own = grep { $base =~ /-\Q$_->{name}\E$/ } @modes;
	return @own if @own;
	return grep { !-e "$dir/$base-$_->{name}.t" } @modes;
}

1;
