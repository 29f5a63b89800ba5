# A TLS wrapper that waits for STLS, played by the test: control socket and
# plain octets as docs/DESIGN.md has them, and no TLS.  It can tell and do what
# no good one would.
package Wrapper;
use strict;
use warnings;
use Pop;
use Socket;

our %TLS = (SSL_PROTOCOL => 'TLSv1.2',
    SSL_CIPHER => 'ECDHE-ECDSA-AES128-GCM-SHA256', SSL_CLIENT_VERIFY => 'NONE');

sub pair {
	my ($type) = @_;
	socketpair(my $a, my $b, AF_UNIX, $type || SOCK_STREAM, PF_UNSPEC)
	    or die "socketpair: $!";
	return ($a, $b);
}

# A session of popper's behind such a wrapper, and the wrapper.
sub connect {
	my ($class, $host, %opt) = @_;
	my $w = bless {}, $class;
	($w->{control}, my $control) = pair();
	($w->{data}, my $data) = pair($opt{data_type});
	my $s = $host->connect(%opt, keep => [$control, $data], env => {
		SSLCTLFD => fileno $control, SSLREADFD => fileno $data,
		SSLWRITEFD => fileno $data, %{ $opt{env} || {} } });
	return ($s, $w);
}

# The next octet of popper's, or '' at the end.
sub asked {
	my ($w) = @_;
	my $sel = IO::Select->new($w->{control});
	$sel->can_read($Pop::PATIENCE) or die "popper does not ask\n";
	my $n = sysread $w->{control}, my $what, 1;
	return $n ? $what : '';
}

sub strings {
	my (%env) = @_;
	return join('', map { "$_=$env{$_}\0" } sort keys %env) . "\0";
}

# Answers, and the session goes on with plain octets.
sub tell {
	my ($w, $s, %more) = @_;
	my %env = (%TLS, %more);
	syswrite $w->{control}, strings(%env);
	close delete $w->{control};
	$w->{raw} = $s->{sock};
	$s->{sock} = $w->{data};
	return $s;
}

# STLS as a client says it, up to where it speaks TLS.
sub stls {
	my ($w, $s, %more) = @_;
	my $reply = $s->cmd('STLS');
	die "STLS: $reply" unless $reply =~ /^\+OK Begin TLS/;
	die 'not asked' unless $w->asked eq 'Y';
	return $w->tell($s, %more);
}

# What still comes in the clear, up to the end.
sub clear {
	my ($w) = @_;
	my $all = '';
	1 while sysread $w->{raw}, $all, 4096, length $all;
	return $all;
}

1;
