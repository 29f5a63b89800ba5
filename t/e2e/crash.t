#!/usr/bin/perl
# A session is killed before each of its file-changing calls in turn, and each
# of them fails in turn: no message is lost or there twice, the next session
# waits for nothing, and what QUIT said is true.
use strict;
use warnings;
use Errno qw(ENOSPC EDQUOT EIO EINTR EOPNOTSUPP);
use FindBin;
use lib "$FindBin::Bin/../lib";
use Mbox;
use Pop;
use Test::More;
use Time::HiRes qw(time);

my $shim = "$Pop::BUILD/t/faults.so";
plan skip_all => 'a sanitizer has to be loaded first'
    if $Pop::BUILD =~ /asan/;
plan skip_all => "no $shim" unless -e $shim;
my $host = Pop->new;
my $dir = "$host->{dir}/spool";
my $counted = "$host->{dir}/count";
my @mail = map { Mbox::message($_, "text $_\n" x $_) } 1 .. 5;
my $during = Mbox::message(6, "came during the session\n");
my $after = Mbox::message(7, "came after the crash\n");

# One session with a fault: what QUIT said, or undef.
sub session {
	my ($gone, $more, %fault) = @_;
	# written when the process is the user already
	Pop::spew($counted, '', 0666);
	my $s = $host->connect(env => { LD_PRELOAD => $shim,
	    FAULT_COUNT => $counted, %fault });
	my $said = eval {
		$s->cmd('USER alice');
		my $in = $s->cmd('PASS secret');
		return undef unless defined $in;
		return $in if $in !~ /^\+OK/;
		for (@$gone) {
			return undef unless defined $s->cmd("DELE $_");
		}
		$host->deliver('alice', $more);
		$s->cmd('QUIT');
	};
	$s->wait_end;
	return $said;
}

# Subjects that the next session finds, on its first log-in and at once.
sub found {
	my $start = time;
	my $s = $host->login('alice');
	die 'it waited' if time - $start > 5;
	my ($n) = $s->cmd('STAT') =~ /^\+OK (\d+)/;
	my $text = join '', map { ($s->message("RETR $_"))[1] } 1 .. $n;
	$s->quit;
	return join ' ', $text =~ /^Subject: number (\d+)\r$/mg;
}

sub left_over {
	opendir(my $dh, $dir) or die;
	return join ' ', sort grep { !/^\.\.?$/ } readdir $dh;
}

# What may be there: all of it, or what was kept; if +OK was said, what was
# kept, and if -ERR was, all of it.
sub judge {
	my ($what, $said, $gone, $extra) = @_;
	my %gone = map { $_ => 1 } @$gone;
	my $all = join ' ', 1 .. 5, @$extra;
	my $kept = join ' ', (grep { !$gone{$_} } 1 .. 5), @$extra;
	my @may = !defined $said ? ($all, $kept)
	    : $said =~ /^\+OK/ ? ($kept) : ($all);
	my $now = eval { found() };
	return "$what: $@" unless defined $now;
	return "$what: " . (defined $said ? $said : 'killed') .
	    ", and it has $now" unless grep { $_ eq $now } @may;
	my $left = left_over();
	return "$what: left behind: $left" if $left ne 'alice';
	my ($bad) = grep { index($host->spool('alice'), $_) < 0 }
	    map { $mail[$_ - 1] } grep { $_ <= 5 } split / /, $now;
	return "$what: a message is torn" if defined $bad;
	return undef;
}

sub fresh {
	unlink map { "$dir/$_" } grep { !/^\.\.?$/ } do {
		opendir(my $dh, $dir) or die;
		readdir $dh;
	};
	$host->spool('alice', join '', @mail);
}

my %dialogue = ('nothing deleted' => [], 'the first' => [1],
    'one in the middle' => [3], 'the last' => [5], 'all' => [1 .. 5]);
for my $name (sort keys %dialogue) {
	my $gone = $dialogue{$name};
	for my $more ('', $during) {
		my $what = $name . ($more ? ', mail during it' : '');
		my @six = $more ? (6) : ();
		fresh();
		my $said = session($gone, $more);
		is(judge($what, $said, $gone, \@six), undef, "$what: whole");
		my ($calls) = split /\n/, Pop::slurp($counted);
		cmp_ok($calls, '>=', @$gone ? 8 : 4, "$what: $calls calls");
		my @wrong;
		for my $at (1 .. $calls) {
			fresh();
			$said = session($gone, $more, FAULT_AT => $at);
			# mail comes before anybody has looked again
			$host->deliver('alice', $after);
			my $came = index($host->spool('alice'), $during) >= 0;
			push @wrong, grep { defined } judge(
			    "$what, killed at $at", $said, $gone,
			    [$came ? 6 : (), 7]);
		}
		is_deeply(\@wrong, [], "$what: killed at each call");
		@wrong = ();
		for my $error (ENOSPC, EDQUOT, EIO, EINTR) {
			for my $at (1 .. $calls) {
				my $stay = $error == EINTR ? 0 : $at % 2;
				fresh();
				$said = session($gone, $more, FAULT_AT => $at,
				    FAULT_ERRNO => $error,
				    FAULT_STAY => $stay);
				my $came = index($host->spool('alice'),
				    $during) >= 0;
				push @wrong, grep { defined } judge(
				    "$what, errno $error at $at", $said,
				    $gone, [$came ? 6 : ()]);
			}
		}
		is_deeply(\@wrong, [], "$what: each call fails");
	}
}
# A file system that cannot copy by itself is copied on all the same.
fresh();
my $calls = do {
	session([3], '');
	(split /\n/, Pop::slurp($counted))[0];
};
my @refused;
for my $at (1 .. $calls) {
	fresh();
	my $said = session([3], '', FAULT_AT => $at,
	    FAULT_ERRNO => EOPNOTSUPP, FAULT_ONLY => 'copy_file_range',
	    FAULT_STAY => 1);
	push @refused, $said unless $said =~ /^\+OK/;
}
is_deeply(\@refused, [], 'without copy_file_range');
is(found(), '1 2 4 5', 'and it copies right');
done_testing;
