# Who may connect: what xinetd and TCP wrappers said, as lines of cdb/access
# (tcprules(1)).
package Import::Rules;
use strict;
use warnings;

# address TEXT: what tcprules has for it, a list; nothing if there is nothing.
# An address as 192.0.2.0 means a network to xinetd, with $zeros.
sub address {
	my ($text, $zeros) = @_;
	return '' if $text =~ /^(?:ALL|0\.0\.0\.0(?:\/0)?|::\/0)$/i;
	return map { address($_, $zeros) } map { "$1$_$3" } split /,/, $2
	    if $text =~ /^([\d.]*)\{([\d,]+)\}([\d.]*)$/;
	return $text if $text =~ /^(?:\d+\.){1,3}$/ && octets($text);
	return network($1, $2) if $text =~ m{^([\d.]+)/(\d+)$};
	return network($1, mask($2)) if $text =~ m{^([\d.]+)/([\d.]+)$};
	$text =~ s/^\[(.*)\]$/$1/;
	return lc $text if $text =~ /^[0-9a-f:]*:[0-9a-f:.]+$/i;
	return unless $text =~ /^\d+(?:\.\d+){0,3}$/ && octets($text);
	$text =~ s/(?:\.0)+$// if $zeros;
	return $text =~ /^\d+\.\d+\.\d+\.\d+$/ ? $text : "$text.";
}

sub octets {
	my ($text) = @_;
	my @octet = split /\./, $text;
	return (grep { $_ > 255 } @octet) ? () : @octet;
}

# The bits of a mask as 255.255.240.0, or nothing.
sub mask {
	my @octet = octets($_[0]);
	return unless @octet == 4;
	my $bits = unpack 'B32', pack 'C4', @octet;
	return $bits =~ /^(1*)0*$/ ? length $1 : undef;
}

# 10.1.16.0/20 is 10.1.16-31.
sub network {
	my ($text, $bits) = @_;
	my @octet = octets($text);
	return unless @octet && defined $bits && $bits <= 32;
	push @octet, 0 while @octet < 4;
	return '' if $bits == 0;
	my $whole = int(($bits - 1) / 8);
	my $span = 1 << 8 * ($whole + 1) - $bits;
	my $first = $octet[$whole] - $octet[$whole] % $span;
	my $last = $first + $span - 1;
	return join('.', @octet[0 .. $whole - 1],
	    $span > 1 ? "$first-$last" : $first) . ($whole < 3 ? '.' : '');
}

# lines VERDICT, ZEROS, CLIENTS: rules, and remarks for what has no rule.
sub lines {
	my ($verdict, $zeros, @clients) = @_;
	my @lines;
	for my $client (@clients) {
		my @found = address($client, $zeros);
		push @lines, map { "$_:$verdict" } @found;
		push @lines, "# by hand, $verdict: $client" unless @found;
	}
	return @lines;
}

# of_xinetd ONLY_FROM, NO_ACCESS: of these, too, the longest one decides.
sub of_xinetd {
	my ($only, $no) = @_;
	return () unless $only || $no;
	my @lines = (lines('deny', 1, @{ $no || [] }),
	    lines('allow', 1, @{ $only || [] }));
	push @lines, $only ? ':deny' : ':allow' unless grep { /^:/ } @lines;
	return @lines;
}

# of_wrappers DAEMON, ALLOW, DENY: texts of hosts.allow and hosts.deny.
sub of_wrappers {
	my ($daemon, $allow, $deny) = @_;
	my @lines = (wrapped($daemon, 'allow', $allow),
	    wrapped($daemon, 'deny', $deny));
	my %seen;
	# the first line that fits decides
	@lines = grep { !$seen{s/:(?:allow|deny)$//r}++ } @lines;
	return () unless @lines;
	push @lines, ':allow' unless grep { /^:/ } @lines;
	return @lines;
}

sub wrapped {
	my ($daemon, $verdict, $text) = @_;
	my @lines;
	$text =~ s/\\\n//g;
	for (split /\n/, $text) {
		next if /^\s*(?:#|$)/;
		# a colon within brackets is an address's
		my ($names, $clients, $more) = /^([^:]*):((?:\[[^\]]*\]|[^:\[])*)(?::(.*))?$/
		    or next;
		my %name = map { $_ => 1 } split /[\s,]+/, $names =~ s/^\s+//r;
		next unless $name{ALL} || $name{$daemon};
		my $now = ($more || '') =~ /\b(allow|deny)\s*$/i ? lc $1 : $verdict;
		$clients =~ s/^\s+|\s+$//g;
		push @lines, $clients =~ /\bEXCEPT\b/ || $names =~ /\bEXCEPT\b/ ?
		    "# by hand, $now: $clients" :
		    lines($now, 0, split /[\s,]+/, $clients);
	}
	return @lines;
}

1;
