#!/usr/bin/perl
# One session ends while the next one begins: the journal of the next one has
# to have a name, or its mail is lost when it is killed.  strace makes time
# where there is hardly any.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Mbox;
use Modes;
use Pop;
use Test::More;

plan skip_all => 'needs strace' if system('strace -V >/dev/null 2>&1') != 0;
plan skip_all => 'a sanitizer minds being traced' if $Pop::BUILD =~ /asan/;

my $mail = join '', map { Mbox::message($_) } 1 .. 3;

# A row: what, lines of the configuration.
for my $mode (grep { $_->{name} eq 'normal' } @Modes::modes) {
	for (['beside the spool', ''], ['temp-dir', "set temp-dir = TEMP\n"],
	    ['home-dir-misc', "set home-dir-misc\n"]) {
		my ($what, $conf) = @$_;
		my $name = "$mode->{name}, $what";
		my $host = Pop->new;
		my $dir = $host->{dir};
		next if $conf && !$host->{root};
		next if $conf =~ /TEMP/ &&
		    `stat -f -c %T $dir 2>/dev/null` =~ /^(?:tmpfs|ramfs)/;
		mkdir "$dir/temp";
		chown -1, $host->{gid}, "$dir/temp" if $host->{root};
		chmod 02775, "$dir/temp";
		$conf =~ s/TEMP/$dir\/temp/;
		$host->configure("reset update-status-headers\n" . $conf .
		    $mode->{conf});
		$host->spool('alice', $mail);

		# whatever is removed at the end takes a while
		my $first = $host->login('alice', before => ['strace', '-qq',
		    '-o', '/dev/null', '-e', 'trace=unlinkat',
		    '-e', 'inject=unlinkat:delay_enter=200000']);
		$first->put("QUIT\r\n");
		while (-e "$dir/spool/.alice.pop") {
			select undef, undef, undef, 0.002;
		}
		# and the next one waits before it takes its second lock
		my $next = $host->connect(before => ['strace', '-qq',
		    '-o', '/dev/null', '-e', 'trace=flock',
		    '-e', 'inject=flock:delay_enter=600000:when=2']);
		$next->cmd('USER alice');
		my $in = $next->cmd('PASS secret');
		like($in, qr/^(?:\+OK|-ERR \[IN-USE\])/, "$name: log-in");
		# the session is a child of strace
		my ($pid) = `ps -o pid= --ppid $next->{pid}` =~ /(\d+)/;
		kill 'KILL', $pid if defined $pid && $in =~ /^\+OK/;
		$next->wait_end;
		$first->rest;
		$first->wait_end;

		my $s = $host->login('alice');
		like($s->cmd('STAT'), qr/^\+OK 3 /, "$name: all is there");
		$s->quit;
		is($host->spool('alice'), $mail, "$name: in the spool");
	}
}
done_testing;
