# Services of Qpopper as inetd, xinetd and command lines have them.  Each is a
# hash: from (where it was read), ip, port (of a stand-alone popper, or undef),
# args (its words, without the program), limit, perhost, rules, daemon (its
# name for TCP wrappers).
package Import::Services;
use strict;
use warnings;
use Import::Report;
use Import::Rules;
use Text::ParseWords qw(shellwords);

my %PORT = (pop => 110, pop2 => 109, 'pop-2' => 109, pop3 => 110, 'pop-3' => 110,
    pop3s => 995, spop3 => 995, kpop => 1109);
my $LIMIT = 40;		# as shipped

# The port of a service's name; undef if it has none.
sub port {
	my ($name) = @_;
	return $name if $name =~ /^\d+$/ && $name > 0 && $name < 65536;
	return $PORT{$name} if $PORT{$name};
	return (getservbyname $name, 'tcp')[2];
}

sub is_popper {
	my ($path) = @_;
	return $path =~ m{(?:^|/)[^/]*popper[^/]*$};
}

sub slurp {
	my ($file) = @_;
	open my $fh, '<:raw', $file or die "$file: $!\n";
	-f $fh && -s $fh < 1 << 20 or die "$file: is no file of less than 1 MiB\n";
	local $/;
	my $text = <$fh>;
	return defined $text ? $text =~ s/\r$//gmr : '';
}

# other FROM, NAME, PROGRAM: a line of another program is told if it is of POP.
sub other {
	my ($from, $name, $program) = @_;
	Import::Report::left($from, "$name: this starts no program named popper or " .
	    'qpopper, and is left out' . ("$name $program" =~ /poppassd/ ?
	    ': poppassd(8) is another service here, too' : ''))
	    if $PORT{$name} || "$name $program" =~ /poppassd/;
}

# numbered TEXT: [NUMBER, LINE]; what begins with a blank continues a line.
sub numbered {
	my ($text) = @_;
	my ($n, @lines) = (0);
	for my $line (split /\n/, $text) {
		$n++;
		next if $line =~ /^\s*(?:#|$)/;
		if ($line =~ /^\s/ && @lines) {
			$lines[-1][1] .= $line;
		} else {
			push @lines, [$n, $line];
		}
	}
	return @lines;
}

# --- inetd

sub of_inetd {
	my ($file) = @_;
	my @found;
	for (numbered(slurp($file))) {
		my ($n, $line) = @$_;
		my $s = inetd_line("$file:$n", $line);
		push @found, $s if $s;
	}
	return @found;
}

# SERVICE stream tcp nowait root PROGRAM ARG0 ARGS, or SERVICE tcp PROGRAM ARG0
# ARGS, which is that of /etc/servers.
sub inetd_line {
	my ($from, $line) = @_;
	my @word = $line =~ /["']/ ? shellwords($line) : ();
	# quotes that do not fit are none
	@word = split ' ', $line unless @word;
	my $name = shift @word;
	my ($type, $proto, $wait, $user) = ('stream', 'tcp', 'nowait', 'root');
	if (@word && $word[0] =~ /^(?:tcp|udp)/) {
		$proto = shift @word;
	} else {
		($type, $proto, $wait, $user) = splice @word, 0, 4;
	}
	my ($program, $arg0, @args) = @word;
	# a name can have an address in front
	my ($ip, $service) = ($name || '') =~ /^(.*):([^:\]]+)$/ ?
	    ($1, $2) : (undef, $name || '');
	my $popper = defined $program && (is_popper($program) ||
	    ($program =~ m{(?:^|/)tcpd[^/]*$} && is_popper($arg0 || '')));
	if (!$popper) {
		other($from, $service, join ' ', grep { defined } $program, $arg0);
		return;
	}
	if ($type ne 'stream' || $proto !~ /^tcp/ || $wait !~ /^nowait/) {
		Import::Report::left($from, 'is left out: POP3 is "stream tcp nowait"');
		return;
	}
	my $s = { from => $from, args => \@args };
	set_ip($s, $ip) if defined $ip;
	set_port($s, $service) or return;
	set_user($s, $user);
	inetd_limits($s, $wait);
	if (!is_popper($program)) {
		Import::Report::remark($from, 'tcpd is not needed: tcpserver asks access.cdb');
		$s->{daemon} = $arg0 =~ s{.*/}{}r;
	}
	return $s;
}

# All addresses are 0, as shipped, IPv6 too.
sub set_ip {
	my ($s, $ip) = @_;
	$ip =~ s/^\[(.*)\]$/$1/;
	$s->{ip} = $ip unless $ip =~ /^(?:\*|0\.0\.0\.0|::0?)?$/;
}

sub set_port {
	my ($s, $service) = @_;
	$s->{port} = port($service);
	return 1 if defined $s->{port};
	Import::Report::left($s->{from}, "is left out: the service $service has no port; " .
	    'name its number in its place');
	return 0;
}

sub set_user {
	my ($s, $user) = @_;
	Import::Report::remark($s->{from}, "the user $user counts no more: popper is " .
	    'started by root, and gives that up at log-in')
	    if $user !~ /^(?:root|0)$/;
}

# nowait.N is what may start in a minute; nowait/N/N/N of BSD is how many there
# are, how many of an address start in a minute, how many it has.
sub inetd_limits {
	my ($s, $wait) = @_;
	if ($wait =~ /^nowait\.(\d+)/) {
		$s->{limit} = $1 if $1 > $LIMIT;
		Import::Report::remark($s->{from}, "$wait bounded the starts in a minute; " .
		    'tcpserver bounds sessions at once (LIMIT, now ' .
		    ($s->{limit} || $LIMIT) . '), and has who comes later wait');
	} elsif ($wait =~ m{^nowait/(\d+)(?:/(\d+))?(?:/(\d+))?}) {
		$s->{limit} = $1 if $1;
		$s->{perhost} = $3 if $3;
		Import::Report::remark($s->{from}, "$wait: how many of an address start in " .
		    'a minute is not bounded here; PERHOST bounds how many it has')
		    if $2;
	}
}

# --- xinetd

# What has no place here, by attribute.
my %NOT_HERE = (
	cps => 'starts in a second are not bounded: LIMIT and PERHOST bound ' .
	    'sessions, and who comes later waits',
	access_times => 'there are no times of access',
	max_load => 'the load is not asked',
	nice => 'put "nice -n N" before popper in run, if you need it',
	redirect => 'there is no redirection',
	env => 'popper needs no environment',
	passenv => 'popper needs no environment',
	banner => 'there is no banner', banner_success => 'there is no banner',
	banner_fail => 'there is no banner',
	log_type => 'the log is multilog\'s', deny_time => 'fail2ban does this, ' .
	    'see docs/operating.md',
	rlimit_as => 's6-softlimit in run has it',
	rlimit_cpu => 's6-softlimit in run can have it',
	umask => 'popper sets the modes of its files',
);

# of_xinetd PATH, ROOT: a file, or a folder of them as /etc/xinetd.d; what it
# includes lies below ROOT.
sub of_xinetd {
	my ($path, $root) = @_;
	my $x = { blocks => [], defaults => {}, depth => 0, root => $root };
	xinetd_path($x, $path);
	my %off = map { $_ => 1 } @{ $x->{defaults}{disabled} || [] };
	my @found;
	for my $b (@{ $x->{blocks} }) {
		my $id = first($b, 'id', $b->{name});
		my $s = xinetd_service($x, $b, $off{$id} || $off{$b->{name}});
		push @found, $s if $s;
	}
	return @found;
}

sub xinetd_path {
	my ($x, $path) = @_;
	die "$path: files name each other too deep\n" if ++$x->{depth} > 20;
	if (-d $path) {
		# those that xinetd passes over, too
		xinetd_file($x, $_) for grep { -f && m{/[^/.~]+$} }
		    sort glob "\Q$path\E/*";
	} else {
		xinetd_file($x, $path);
	}
	$x->{depth}--;
}

# service NAME { attribute op values ... }, and defaults { ... }
sub xinetd_file {
	my ($x, $file) = @_;
	my ($block, $open, $n) = (undef, 0, 0);
	for my $line (split /\n/, slurp($file)) {
		my $at = "$file:" . ++$n;
		$line =~ s/^\s+|\s+$//g;
		next if $line eq '' || $line =~ /^#/;
		if ($open && $line eq '}') {
			($open, $block) = (0, undef);
		} elsif ($open) {
			xinetd_attribute($block, $at, $line);
		} elsif ($block) {
			$line eq '{' or die "$at: a { is missing in front of this\n";
			$open = 1;
		} elsif ($line =~ /^(?:service\s+([^\s{]+)|(defaults))\s*(\{)?$/) {
			$block = $2 ? $x->{defaults} : { name => $1, from => $at };
			push @{ $x->{blocks} }, $block if $1;
			$open = defined $3;
		} elsif ($line =~ /^include(?:dir)?\s+(\S+)$/) {
			xinetd_path($x, "$x->{root}$1");
		} else {
			die "$at: this is neither service nor defaults\n";
		}
	}
	die "$file: the last block is not closed: a } is missing\n" if $block;
}

sub xinetd_attribute {
	my ($block, $at, $line) = @_;
	my ($name, $op, $value) = $line =~ /^(\w+)\s*([-+]?=)\s*(.*)$/
	    or die "$at: this is no NAME = VALUE\n";
	my @words = split ' ', $value;
	$name = lc $name;
	if ($op eq '+=') {
		# added to what defaults has
		$block->{"+$name"} = [] unless $block->{$name};
		push @{ $block->{$name} }, @words;
	} elsif ($op eq '-=') {
		my %gone = map { $_ => 1 } @words;
		$block->{$name} = [grep { !$gone{$_} } @{ $block->{$name} || [] }];
	} else {
		$block->{$name} = \@words;
	}
}

# The first value of an attribute, or another one.
sub first {
	my ($b, $name, $else) = @_;
	my $value = $b->{$name} ? $b->{$name}[0] : undef;
	return defined $value ? $value : $else;
}

sub xinetd_service {
	my ($x, $b, $off) = @_;
	my $server = first($b, 'server', '');
	my @args = @{ $b->{server_args} || [] };
	my %flag = map { uc $_ => 1 } @{ $b->{flags} || [] };
	my $wrapped = $server =~ m{(?:^|/)tcpd[^/]*$} && is_popper($args[0] || '');
	if (!is_popper($server) && !$wrapped) {
		other($b->{from}, $b->{name}, "$server " . ($args[0] || ''));
		return;
	}
	if ($off || lc first($b, 'disable', 'no') eq 'yes') {
		Import::Report::left($b->{from}, "$b->{name}: is disabled, and left out");
		return;
	}
	if (first($b, 'socket_type', 'stream') ne 'stream' ||
	    first($b, 'wait', 'no') ne 'no') {
		Import::Report::left($b->{from}, 'is left out: POP3 is a stream, without wait');
		return;
	}
	my $s = { from => $b->{from}, args => \@args };
	# xinetd itself asks the files of TCP wrappers
	$s->{daemon} = ($wrapped || $flag{NAMEINARGS} ? $args[0] || '' : $server) =~
	    s{.*/}{}r unless $flag{NOLIBWRAP};
	# the program's own name: with NAMEINARGS, or by mistake, as in a FAQ
	shift @args if @args && $args[0] !~ /^-/ &&
	    ($flag{NAMEINARGS} || is_popper($args[0]));
	set_port($s, first($b, 'port', $b->{name})) or return;
	set_user($s, first($b, 'user', 'root'));
	for (grep { $b->{"+$_"} } keys %$b) {
		unshift @{ $b->{$_} }, @{ $x->{defaults}{$_} || [] };
	}
	xinetd_rest($s, { %{ $x->{defaults} }, %$b });
	return $s;
}

sub xinetd_rest {
	my ($s, $b) = @_;
	my ($ip) = @{ $b->{bind} || $b->{interface} || [] };
	set_ip($s, $ip) if defined $ip;
	for (['instances', 'limit'], ['per_source', 'perhost']) {
		my ($name, $to) = @$_;
		my $n = first($b, $name, '') or next;
		if ($n =~ /^[1-9]\d*$/) {
			$s->{$to} = $n;
		} else {
			Import::Report::remark($s->{from}, "$name = $n: there is always a " .
			    'bound here, in settings');
		}
	}
	$s->{rules} = [Import::Rules::of_xinetd($b->{only_from}, $b->{no_access})];
	for (sort keys %$b) {
		Import::Report::remark($s->{from}, "$_ is not taken: $NOT_HERE{$_}")
		    if $NOT_HERE{$_};
	}
}

# --- a command line, of a popper that listens itself or not

sub of_command {
	my ($text) = @_;
	my @word = shellwords($text);
	die "command line: the quotes in it do not fit\n"
	    if !@word && $text =~ /\S/;
	shift @word if @word && $word[0] !~ /^-/ && is_popper($word[0]);
	my $s = { from => 'command line', args => \@word };
	stand_alone($s);
	return $s;
}

# The first word can be [ADDRESS][:PORT], or a port alone.
sub stand_alone {
	my ($s) = @_;
	my $word = $s->{args}[0];
	return if !defined $word || $word =~ /^-/;
	my ($ip, $port) = $word =~ /^(\d+)$/ ? (undef, $1) :
	    $word =~ /^\[([0-9a-fA-F:.]+)\](?::(\d+))?$/ ? ($1, $2) :
	    $word =~ /^([\w.-]*)(?::(\d+))?$/ ? ($1, $2) : ();
	if ((defined $port && !defined port($port)) ||
	    !(defined $port || defined $ip)) {
		die "$s->{from}: \"$word\" is no ADDRESS:PORT\n";
	}
	shift @{ $s->{args} };
	set_ip($s, $ip) if defined $ip;
	$s->{port} = $port if defined $port;
	Import::Report::remark($s->{from}, "popper does not listen itself: \"$word\" is " .
	    'IP and PORT in settings, for tcpserver');
}

1;
