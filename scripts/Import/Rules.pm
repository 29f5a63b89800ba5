# Who may connect: what xinetd and TCP wrappers said, as lines of cdb/access
# (tcprules(1)).
package Import::Rules;
use strict;
use warnings;
use Socket qw(AF_INET6 inet_ntop inet_pton);

# Options of a rule of TCP wrappers that leave its verdict as it is.
my $HARMLESS = qr/^(?:banners|group|keepalive|linger|nice|rfc931|setenv|severity|
    spawn|umask|user)\b/xi;

# address TEXT: what tcprules has for it, a list; nothing if there is nothing.
# An address as 192.0.2.0 means a network to xinetd, with $zeros; to TCP wrappers
# 10.1 is no address, and 10.1.2.3/8 and 0.0.0.0/0 are nobody's networks.
sub address {
	my ($text, $zeros) = @_;
	return '' if uc $text eq 'ALL' ||
	    ($zeros && $text =~ /^(?:0\.0\.0\.0(?:\/0)?|::\/0)$/);
	return map { address($_, $zeros) } map { "$1$_$3" } split /,/, $2
	    if $text =~ /^([\d.]*)\{([\d,]+)\}([\d.]*)$/;
	return $text if $text =~ /^(?:\d+\.){1,3}$/ && octets($text);
	return network($1, $2, $zeros)
	    if $text =~ m{^([\d.]+)/(\d+)$} && ($2 > 0 || $zeros);
	return network($1, scalar mask($2), $zeros) if $text =~ m{^([\d.]+)/([\d.]+)$};
	$text =~ s/^\[(.*)\]$/$1/;
	if ($text =~ /^[0-9a-f:]*:[0-9a-f:]+$/i) {
		my $octets = inet_pton(AF_INET6, $text);
		return defined $octets ? inet_ntop(AF_INET6, $octets) : ();
	}
	return unless $text =~ /^\d+(?:\.\d+){0,3}$/ && octets($text);
	return if !$zeros && octets($text) < 4;
	$text =~ s/(?:\.0)+$// if $zeros;
	return $text =~ /^\d+\.\d+\.\d+\.\d+$/ ? $text : "$text.";
}

sub octets {
	my ($text) = @_;
	my @octet = split /\./, $text;
	# what begins with 0 is octal to some
	return (grep { $_ > 255 || /^0./ } @octet) ? () : @octet;
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
	my ($text, $bits, $zeros) = @_;
	my @octet = octets($text);
	return unless @octet && defined $bits && $bits <= 32;
	return if !$zeros && @octet < 4;
	push @octet, 0 while @octet < 4;
	return if !$zeros && substr(unpack('B32', pack 'C4', @octet), $bits) =~ /1/;
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

# Does ADDRESS, as tcprules has it, hold OTHER?
sub holds {
	my ($address, $other) = @_;
	return 1 if $address eq '' || $address eq $other;
	return 0 if $address =~ /:/ || $other eq '' || $other =~ /:/;
	my @in = split /\./, $address;
	my @of = split /\./, $other;
	return 0 if @in > @of;
	for my $n (0 .. $#in) {
		my ($low, $high) = split /-/, $in[$n];
		my ($from, $to) = split /-/, $of[$n];
		$high = $low unless defined $high;
		$to = $from unless defined $to;
		return 0 if $from < $low || $to > $high;
	}
	return 1;
}

# guarded LINES: behind one that keeps somebody out, and that has no rule, none
# lets in, because that could be him.
sub guarded {
	my (@lines) = @_;
	my $kept_out;
	for (@lines) {
		$kept_out ||= /^# by hand, deny:/;
		$_ = '# by hand, allow: ' . ($1 eq '' ? 'ALL' : $1)
		    if $kept_out && /^([^#]*):allow$/;
	}
	push @lines, $kept_out ? ':deny' : ':allow' unless grep { /^:/ } @lines;
	return @lines;
}

# of_xinetd ONLY_FROM, NO_ACCESS: of these, too, the longest one decides; of the
# same address twice the first counts, and rebuild-cdb takes no second.
sub of_xinetd {
	my ($only, $no) = @_;
	return () unless $only || $no;
	my %seen;
	my @lines = grep { !$seen{s/:(?:allow|deny)$//r}++ }
	    lines('deny', 1, @{ $no || [] }), lines('allow', 1, @{ $only || [] });
	push @lines, ':deny' if $only && !grep { /^:/ } @lines;
	return guarded(@lines);
}

# of_wrappers DAEMON, ALLOW, DENY: texts of hosts.allow and hosts.deny.  Their
# first line that fits decides, and tcprules' longest one: what an earlier line
# holds is dropped.
sub of_wrappers {
	my ($daemon, $allow, $deny) = @_;
	my @lines;
	for my $line (wrapped($daemon, 'allow', $allow),
	    wrapped($daemon, 'deny', $deny)) {
		my ($address) = $line =~ /^([^#]*):(?:allow|deny)$/;
		push @lines, $line unless grep { $line eq $_ || (defined $address &&
		    /^([^#]*):(?:allow|deny)$/ && holds("$1", $address)) } @lines;
	}
	return @lines ? guarded(@lines) : ();
}

sub wrapped {
	my ($daemon, $verdict, $text) = @_;
	my @lines;
	$text =~ s/\\\n//g;
	# a last line without its end does not count there
	for ($text =~ /(.*)\n/g) {
		next if /^(?:#|\s*$)/;
		my ($names, $rest) = /^\s*([^:]*?)\s*:\s*(.*?)\s*$/ or next;
		my $fits = fits($daemon, $names) or next;
		# a colon within brackets is an address's
		my ($clients, $more) = $rest =~
		    /^((?:\[[^\]]*\]|[^:\[])*?)\s*(?::(.*))?$/;
		my $now = defined $clients ? verdict($verdict, $more) : 'deny';
		push @lines, $fits < 0 ? "# by hand, $now: $names: $rest" :
		    !defined $clients || $clients =~ /\bEXCEPT\b/i ?
		    "# by hand, $now: $rest" :
		    lines($now, 0, split /[\s,]+/, $clients);
	}
	return @lines;
}

# Does a list of names hold this one?  -1 if nobody but its author can tell: it
# has an EXCEPT, or a pattern, or a name at an address.
sub fits {
	my ($daemon, $list) = @_;
	my ($found, $unclear) = (0, $list =~ /\bEXCEPT\b/i);
	for my $name (split /[\s,]+/, $list) {
		my ($who, $at) = split /\@/, $name, 2;
		if (lc $who eq lc $daemon || uc $who eq 'ALL') {
			$found = 1;
			$unclear ||= defined $at;
		} elsif ($who =~ m{[*?/]|^\.|\.$|^(?:\d+|KNOWN|UNKNOWN|PARANOID)?$}i) {
			$found = $unclear = 1;
		}
	}
	return $found && $unclear ? -1 : $found;
}

# What the options behind a rule make of its verdict; whoever gets another
# program does not get this one, and a rule that is wrong denies.
sub verdict {
	my ($verdict, $more) = @_;
	return $verdict unless defined $more;
	my @options = map { s/^\s+|\s+$//gr } split /(?<!\\):/, $more;
	$verdict = lc pop @options if @options && $options[-1] =~ /^(?:allow|deny)$/i;
	return (grep { !/$HARMLESS/ } @options) ? 'deny' : $verdict;
}

1;
