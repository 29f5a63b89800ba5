#!/usr/bin/perl
# docs/operating.md, "Running the service", step by step: each command that
# stands there is run, in its order, on the service of make run, and under
# daemontools, too.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use File::Temp qw(tempdir);
use IO::Socket::INET;
use Pop;
use Test::More;
use Time::HiRes qw(time);

if ($Pop::BUILD =~ /asan/) {
	plan skip_all => "a sanitizer needs more than the service's 64 MB";
}
# pkill is to find this test's sessions only
my $inside = 'POPPER_TEST_PIDS';
if (!$ENV{$inside}) {
	plan skip_all => 'needs root' if $> != 0;
	plan skip_all => 'no pid namespaces'
	    if system('unshare -pf --mount-proc true 2>/dev/null') != 0;
	$ENV{$inside} = 1;
	exec 'unshare', '-pf', '--mount-proc', '--kill-child', $^X, $0 or die;
}
my $build = tempdir('popper-operate.XXXXXX', TMPDIR => 1, CLEANUP => 1);
chmod 0755, $build;
symlink "$Pop::BUILD/$_", "$build/$_" for qw(popper poplimit poptls poptls-cache);
my $demo = "$build/demo";
my $scan = "$demo/scan";
my $main = $$;
my @end;
END {
	if ($$ == $main) {
		local ($?, $!);
		$_->() for reverse @end;
	}
}
$SIG{INT} = $SIG{TERM} = sub { exit 1 };

sub wait_for {
	my ($what) = @_;
	my $end = time + $Pop::PATIENCE;
	until ($what->()) {
		return 0 if time > $end;
		select undef, undef, undef, 0.02;
	}
	return 1;
}

my $pid = fork;
if ($pid == 0) {
	open STDIN, '<', '/dev/null';
	open STDOUT, '>', "$build/out";
	open STDERR, '>&', \*STDOUT;
	@ENV{qw(BUILD PORT TLSPORT)} = ($build, 8310, 9195);
	exec "$Pop::TOP/scripts/demo", 'start';
}
push @end, sub {
	system "BUILD=$build $Pop::TOP/scripts/demo stop >/dev/null";
	waitpid $pid, 0;
};
wait_for(sub { (Pop::slurp("$build/out") || '') =~ /Ctrl-C/ })
    or BAIL_OUT(Pop::slurp("$build/out"));
my ($port) = Pop::slurp("$build/out") =~ /port (\d+)/;

sub session {
	my $sock = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
	    PeerPort => $port) or return undef;
	my $s = bless { sock => $sock, code => 0, buf => '', raw => '' },
	    'Pop::Session';
	$s->{greeting} = $s->line;
	return $s;
}
sub login {
	my $s = session() or return undef;
	$s->cmd('USER demo');
	like($s->cmd('PASS demo'), qr/^\+OK demo has/, 'log-in');
	return $s;
}
sub serves {
	return wait_for(sub {
		my $s = session();
		$s && ($s->{greeting} || '') =~ /^\+OK/;
	});
}
sub main_pid { `s6-svstat $scan/qpopper` =~ /pid (\d+)/ ? $1 : 0 }

# The section's commands, with the paths of this service.
my ($section) = Pop::slurp("$Pop::TOP/docs/operating.md") =~
    /^## Running the service\n(.*?)^## /ms;
my @commands = $section =~ /^    (\S.*)$/mg;
cmp_ok(scalar @commands, '>=', 12, 'commands to try');
sub here {
	my ($command) = @_;
	$command =~ s{/usr/local/sbin/}{$demo/bin/}g;
	$command =~ s{/etc/popper}{$demo/etc}g;
	$command =~ s{/etc/service/}{$scan/}g;
	$command =~ s{^popper}{$demo/bin/popper};
	$command =~ s{^rebuild-cdb}{$Pop::TOP/scripts/rebuild-cdb};
	return $command;
}

# What each has to do: by the command's first words.
my $kept = login();
my $before;
my %after = (
	's6-svstat' => sub {
		like($_[0], qr/^up \(pid \d+\)? /, 'up');
	},
	's6-svc -wD' => sub { ok(!session(), 'nobody is served') },
	's6-svc -wu' => sub { ok(serves(), 'served again') },
	's6-svc -wr' => sub {
		isnt(main_pid(), $before, 'another process');
		ok(serves(), 'that serves');
	},
	'pkill -TERM' => sub {
		is($kept->rest, '', 'a session ends without a word');
		my $s = login();
		like($s->cmd('STAT'), qr/^\+OK 1\d /, 'and deleted nothing');
		$s->quit;
	},
	'popper --check-config' => sub { is($_[0], '', 'no mistake') },
	'popper --print-config' => sub {
		like($_[0], qr/^set server-mode = true\t# .*conf:\d+$/m, 'printed');
	},
	'rebuild-cdb' => sub { login()->quit },
	's6-svc -a' => sub {
		ok(wait_for(sub { my @old = glob "$scan/qpopper/log/main/@*" }),
		    'another file');
		login()->quit;
	},
	'ls' => sub { like($_[0], qr/^@[0-9a-f]{24}\.s$/m, 'is there') },
	'cat' => sub {
		like($_[0], qr/^\d{4}-\d\d-\d\d [\d:.]+ popper\[\d+\]: /m,
		    'times');
	},
	'grep' => sub {
		like($_[0], qr/^\d{4}-.* popper\[\d+\]: Stats: demo /, 'Stats');
	},
);
my %tried;
for my $command (@commands) {
	my ($known) = grep { index($command, $_) == 0 } sort keys %after;
	if (!ok($known, "it is known what this does: $command")) {
		next;
	}
	$tried{$known} = 1;
	$before = main_pid();
	if ($command =~ /^pkill/) {
		like($kept->cmd('DELE 1'), qr/^\+OK/,
		    'a session outlives each restart');
	}
	if ($command =~ /^grep/) {
		wait_for(sub { Pop::slurp("$scan/qpopper/log/main/current") =~
		    /Stats: demo / });
	}
	my $out = `exec 2>&1; @{[here($command)]}`;
	is($?, 0, $command) or diag($out);
	$after{$known}->($out);
}
is_deeply([sort keys %tried], [sort keys %after], 'all was tried');

# Exit codes as tcpserver tells them.
my $run = Pop::slurp("$scan/qpopper/run");
Pop::spew("$scan/qpopper/run", $run =~ s/-HRD/-HRv/r, 0755);
system "s6-svc -wr -t $scan/qpopper";
ok(serves(), 'tcpserver -v');
session()->cmd('QUIT');
my $conf = "$demo/etc/qpopper.conf";
my $good = Pop::slurp($conf);
Pop::spew($conf, "set nosuch\n$good", 0644);
session();
ok(wait_for(sub { Pop::slurp("$scan/qpopper/log/main/current") =~
    /tcpserver: end \d+ status 25600/ }), 'exit code 100 in the log');
like(Pop::slurp("$scan/qpopper/log/main/current"),
    qr/tcpserver: end \d+ status 0\n/, 'and 0');
Pop::spew($conf, $good, 0644);

# The same folder under daemontools.
system "s6-svc -wD -d $scan/qpopper";
my $copy = "$build/daemontools";
system "mkdir $copy && cp -R $scan/qpopper $copy/ && " .
    "rm -rf " .
    "$copy/qpopper/supervise $copy/qpopper/event " .
    "$copy/qpopper/log/supervise $copy/qpopper/log/event";
my $svscan = fork;
if ($svscan == 0) {
	open STDERR, '>', "$build/svscan.log";
	exec 'setsid', 'svscan', $copy;
}
push @end, sub {
	kill 'TERM', $svscan;
	waitpid $svscan, 0;
	system "svc -dx $copy/qpopper $copy/qpopper/log";
};
sub svstat { `svstat $copy/qpopper` =~ /up \(pid (\d+)\)/ ? $1 : 0 }
ok(serves(), 'svscan starts it');
ok(wait_for(sub { svstat() }), 'svstat');
for my $signal (qw(t h)) {
	my $old = svstat();
	is(system("svc -$signal $copy/qpopper"), 0, "svc -$signal");
	ok(wait_for(sub { my $new = svstat(); $new && $new != $old }),
	    'starts it anew');
	ok(serves(), 'and it serves');
}
login()->quit;
is(system("svc -d $copy/qpopper"), 0, 'svc -d');
ok(wait_for(sub { !svstat() && !session() }), 'nobody is served');
done_testing;
