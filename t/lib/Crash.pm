# What the tests that crash popper, cut its power and fill its disk share:
# sessions with faults, and the judge, who asks the next session.
package Crash;
use strict;
use warnings;
use Mbox;
use Pop;
use POSIX ();
use PowerCut;
use Time::HiRes qw(time);

our $SHIM = "$Pop::BUILD/t/faults.so";
# a session that is opened after a crash waits for nothing
my $AT_ONCE = 5;
my $WORKERS = 6;
# wrong states that show what is wrong
my $ENOUGH = 12;
# what comes during a session, after its end, and after a second end
use constant { DURING => 6, AFTER => 7, LATER => 8 };

# Deleted, and whether the client goes away without QUIT.
our @dialogues = (['nothing deleted', []], ['the first', [1]],
    ['one in the middle', [3]], ['the last', [5]], ['all', [1 .. 5]],
    ['aborted', [2, 4], 1]);

# Those that a mode is tried with: what it has in common with another one
# needs no second look.
sub dialogues {
	my ($self) = @_;
	my $only = $self->{mode}{only} || qr/./;
	return grep { $_->[0] =~ $only } @dialogues;
}

# Why the tests cannot be run here, or undef.
sub cannot {
	return 'a sanitizer has to be loaded first' if $Pop::BUILD =~ /asan/;
	return "no $SHIM" unless -e $SHIM;
	return undef;
}

sub new {
	my ($class, $mode) = @_;
	# what these tests wait for is the disk, if there is one
	local $ENV{TMPDIR} = '/dev/shm' if -d '/dev/shm' && -w _;
	my $host = Pop->new(conf => $mode->{conf});
	$Pop::POPPER = "$Pop::BUILD/" . ($mode->{popper} || 'popper');
	my $self = bless { host => $host, mode => $mode, seen => {},
	    dir => "$host->{dir}/spool", count => "$host->{dir}/count",
	    record => "$host->{dir}/record", asked => 0 }, $class;
	my $more = "a line of a long message\n" x ($mode->{big} / 50);
	my $long = "a line of one that goes\n" x (($mode->{long} || 0) / 25);
	my %extra = (2 => "X-UIDL: stored-2\nStatus: RO\n",
	    4 => "Content-Length: 12\n");
	my %body = (1 => "short\n$long", 2 => "two\n$more",
	    3 => "the third line of many\n" x 70 . $long,
	    4 => ".\n..\n>From here on\n$more" . "text\n" x 20,
	    5 => "five\n" x 150, DURING, "came during the session\n",
	    AFTER, "came after the crash\n$long",
	    LATER, "came after the second crash\n" x 30);
	for (sort keys %body) {
		my @as = ($_, $body{$_}, $extra{$_});
		@as = $mode->{as}->(@as) if $mode->{as};
		$self->{mail}{$_} = Mbox::message(@as);
		$self->{mail}{$_} = $mode->{wrap}->($self->{mail}{$_})
		    if $mode->{wrap};
		$self->{number}{plain(Mbox::sent(@as))} = $_;
	}
	$self->{all} = join '', map { $self->{mail}{$_} } 1 .. 5;
	return $self;
}

# A message without the fields that popper may write.
sub plain {
	my ($text) = @_;
	my ($head, $body) = $text =~ /\A(.*?\r\n)(\r\n.*)\z/s
	    or return "no message: $text";
	$head =~ s/^(?:Status|X-Status|X-UIDL|Content-Length):.*\n//img;
	return $head . $body;
}

sub fresh {
	my ($self) = @_;
	opendir(my $dh, $self->{dir}) or die;
	unlink map { "$self->{dir}/$_" } grep { !/^\.\.?$/ } readdir $dh;
	$self->{host}->spool('alice', $self->{all});
}

# A dialogue killed before each of its calls: what is wrong then.
sub killed {
	my ($self, $gone, %how) = @_;
	my @wrong;
	$self->fresh;
	my $did = $self->session(gone => $gone, %how);
	my @calls = $self->calls;
	push @wrong, judge($did, $gone, $self->found) // ();
	for my $at (1 .. @calls) {
		$self->fresh;
		$did = $self->session(gone => $gone, %how,
		    env => { FAULT_AT => $at });
		$self->deliver(AFTER);
		my $bad = judge($did, $gone, $self->found, AFTER);
		push @wrong, "killed at call $at ($calls[$at - 1]): $bad"
		    if defined $bad;
	}
	return @wrong;
}

# Mail as an agent delivers it.
sub deliver {
	my ($self, $i) = @_;
	if (-e "$self->{dir}/alice") {
		$self->{host}->deliver('alice', $self->{mail}{$i});
	} else {
		$self->{host}->spool('alice', $self->{mail}{$i});
	}
	return unless $self->{recording};
	$self->note(a => "alice\0$self->{mail}{$i}");
}

sub note {
	my ($self, $kind, $text) = @_;
	open my $fh, '>>:raw', $self->{record} or die $!;
	print $fh PowerCut::note($kind, $text);
	close $fh or die $!;
}

# One session.  %opt: gone, during (mail comes), abort, record, env, before
# (words before popper's command line).  What became of it: said (to QUIT, or
# to PASS if that was refused; undef: nothing), asked (QUIT was sent), came
# (the numbers of mail that was delivered).
sub session {
	my ($self, %opt) = @_;
	my %env = (LD_PRELOAD => $SHIM, FAULT_COUNT => $self->{count},
	    %{ $opt{env} || {} });
	# written when the process is the user already
	Pop::spew($self->{count}, '', 0666);
	if ($opt{record}) {
		Pop::spew($self->{record}, '', 0666);
		$env{RECORD} = $self->{record};
	}
	local $self->{recording} = $opt{record};
	my %did = (asked => 0, came => []);
	my $s = $self->{host}->connect(env => \%env,
	    before => $opt{before});
	$did{said} = eval { $self->talk($s, \%did, %opt) };
	$did{wrong} = $@ if $@;
	$s->wait_end;
	return \%did;
}

sub talk {
	my ($self, $s, $did, %opt) = @_;
	$s->cmd('USER alice');
	my $in = $s->cmd('PASS secret');
	return $in if !defined $in || $in !~ /^\+OK/;
	for (@{ $opt{gone} || [] }) {
		return undef unless defined $s->cmd("DELE $_");
	}
	if ($opt{during}) {
		$self->deliver(DURING);
		push @{ $did->{came} }, DURING;
	}
	return undef if $opt{abort};
	$self->note('?', 'QUIT is sent') if $opt{record};
	$did->{asked} = 1;
	return $s->cmd('QUIT');
}

# The calls of the last session, by name.
sub calls {
	my ($self) = @_;
	my ($n, @calls) = split /\n/, Pop::slurp($self->{count});
	die "the shim has counted no calls\n" unless @calls;
	return @calls;
}

sub folder {
	my ($self) = @_;
	return PowerCut::look($self->{dir});
}

# What the next session finds in the folder as it is: numbers of messages, in
# order; or what is wrong with it.  The same folder is asked only once.
sub found {
	my ($self, $sum) = @_;
	$sum = PowerCut::digest($self->folder) unless defined $sum;
	return $self->{seen}{$sum} ||= $self->ask;
}

sub ask {
	my ($self) = @_;
	my $start = time;
	$self->{asked}++;
	my @found = eval {
		my $s = $self->{host}->login('alice', env => $self->{mode}{shim}
		    && $self->{asked} % 2 ? { LD_PRELOAD => $SHIM } : {});
		my ($n) = $s->cmd('STAT') =~ /^\+OK (\d+)/;
		my @got = map { $self->which($s->message("RETR $_")) } 1 .. $n;
		my $bye = $s->quit;
		die "QUIT: $bye" unless $bye =~ /^\+OK/;
		@got;
	};
	return 'wrong: ' . ($@ =~ s/[\t\n].*//sr) if $@;
	return 'wrong: it waited' if time - $start > $AT_ONCE;
	my ($torn) = grep { !/^\d+$/ } @found;
	return "wrong: a message is $torn" if defined $torn;
	my $left = $self->left_over;
	return "wrong: $left" if $left;
	return join ' ', @found;
}

# Asks in states of a power cut, several at once, because a lock that was left
# is waited for: rows of a key for what was found, the state, and whether mail
# comes before.  What is known already is not asked again.
sub ask_all {
	my ($self, $jobs) = @_;
	my %todo = map { $_->[0] => $_ } grep { !$self->{seen}{ $_->[0] } }
	    @$jobs;
	my @todo = map { $todo{$_} } sort keys %todo;
	my @pipes;
	for my $k (0 .. $WORKERS - 1) {
		my $w = $self->{workers}[$k] ||= Crash->new($self->{mode});
		my @mine = @todo[grep { $_ % $WORKERS == $k } 0 .. $#todo];
		pipe(my $from, my $to) or die "pipe: $!";
		my $pid = fork;
		die "fork: $!" unless defined $pid;
		if ($pid == 0) {
			$w->ask_some($to, @mine);
			# the folders are our parent's to remove
			POSIX::_exit(0);
		}
		close $to;
		push @pipes, [$from, $pid];
	}
	for (@pipes) {
		my ($from, $pid) = @$_;
		while (<$from>) {
			my ($sum, $found) = /^(.*?)\t(.*)$/ or die;
			$self->{seen}{$sum} = $found;
			$self->{asked}++;
		}
		waitpid $pid, 0;
	}
	my ($lost) = grep { !defined $self->{seen}{$_} } sort keys %todo;
	die 'a worker died' if defined $lost;
}

sub ask_some {
	my ($self, $to, @jobs) = @_;
	for (@jobs) {
		my ($sum, $state, $after) = @$_;
		PowerCut::lay($state, $self->{dir});
		$self->deliver(AFTER) if $after;
		syswrite $to, "$sum\t" . $self->ask . "\n";
	}
}

sub which {
	my ($self, $status, $text) = @_;
	return "refused: $status" unless defined $text;
	my $i = $self->{number}{ plain($text) };
	return $i if defined $i;
	$text =~ s/[^ -~]+/|/g;
	return 'torn: ' . substr $text, 0, 200;
}

sub left_over {
	my ($self) = @_;
	my %may = map { $_ => 1 } 'alice', @{ $self->{mode}{left} };
	opendir(my $dh, $self->{dir}) or die;
	my @more = sort grep { !/^\.\.?$/ && !$may{$_} } readdir $dh;
	return "left behind: @more" if @more;
	my @st = stat "$self->{dir}/alice" or return 'no spool';
	my $host = $self->{host};
	return sprintf 'the spool has mode %04o, uid %d, gid %d',
	    $st[2] & 07777, @st[4, 5] unless ($st[2] & 07777) == 0660 &&
	    $st[4] == $host->{uid} && $st[5] == $host->{gid};
	return '';
}

# The judge.  Before QUIT was sent nothing may be gone; +OK: what was deleted
# is gone; -ERR: nothing is; nothing said: one or the other.  And mail that
# came is there, always.
sub judge {
	my ($did, $gone, $found, @more) = @_;
	return "the test itself: $did->{wrong}" if $did->{wrong};
	return $found if $found =~ /^wrong/;
	my %gone = map { $_ => 1 } @$gone;
	my @came = (@{ $did->{came} }, @more);
	my $all = join ' ', 1 .. 5, @came;
	my $kept = join ' ', (grep { !$gone{$_} } 1 .. 5), @came;
	my $said = $did->{said};
	my @may = !$did->{asked} ? ($all) : !defined $said ? ($all, $kept)
	    : $said =~ /^\+OK/ ? ($kept) : ($all);
	return undef if grep { $_ eq $found } @may;
	return 'wrong: ' . (defined $said ? qq("$said")
	    : $did->{asked} ? 'QUIT without an answer' : 'no QUIT') .
	    ", and it has $found instead of " . join ' or ', @may;
}

# What the judge has to know of a point of time, as a text.
sub at {
	my %at = (asked => 0, said => '', came => '');
	for my $op (@_) {
		$at{asked} = 1 if $op->{k} eq 'note' &&
		    $op->{what} eq 'QUIT is sent';
		$at{came} = DURING if $op->{joined};
		$at{said} = $op->{what} if $at{asked} && $op->{k} eq 'reply';
	}
	return join "\t", @at{qw(asked came said)};
}

sub did {
	my ($asked, $came, $said) = split /\t/, $_[0], -1;
	return { asked => $asked, came => [$came || ()],
	    said => $said =~ /^reply (.*)/ ? $1 : undef };
}

# Which of these states of a power cut are wrong, and why.
sub wrong {
	my ($c, $gone, @states) = @_;
	my @wrong;
	# and once more with mail that comes before anybody looks
	my @jobs = map { (["$_->{sum} $_->{age} 0", $_, 0],
	    ["$_->{sum} $_->{age} 1", $_, 1]) } @states;
	$c->ask_all(\@jobs);
	for (@jobs) {
		my ($sum, $state, $after) = @$_;
		for (sort keys %{ $state->{need} }) {
			my $bad = judge(did($_), $gone,
			    $c->{seen}{$sum}, $after ? AFTER : ());
			next unless defined $bad;
			push @wrong, "$state->{need}{$_}; it has " .
			    join(' ', sort keys %{ $state->{names} }) .
			    ($after ? '; mail comes' : '') . ": $bad";
			last;
		}
		return (@wrong, 'and so on') if @wrong >= $ENOUGH;
	}
	return @wrong;
}

1;
