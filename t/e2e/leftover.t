#!/usr/bin/perl
# A temporary drop with mail that another server, or another configuration,
# left: it is taken in once, in front of the spool, whatever happens.
use strict;
use warnings;
use Errno qw(ENOSPC EIO);
use File::Path qw(make_path remove_tree);
use FindBin;
use lib "$FindBin::Bin/../lib";
use Crash;
use Mbox;
use Modes;
use Pop;
use Test::More;

my $PLAIN = "reset update-status-headers\n";
my @m = map { Mbox::message($_) } 1 .. 6;
my ($host, $dir, $name, $s);

sub start {
	my ($conf) = @_;
	$host = Pop->new(conf => $conf);
	$dir = $host->{dir};
}

# A file of the user's, in a folder of his.
sub put {
	my ($path, $text) = @_;
	my ($folder) = "$dir/$path" =~ m{(.*)/};
	if (!-d $folder) {
		make_path($folder);
		chown 0, $host->{gid}, $folder if $host->{root};
		chmod 02775, $folder;
	}
	Pop::spew("$dir/$path", $text, 0600);
	chown $host->{uid}, $host->{gid}, "$dir/$path" if $host->{root};
}

sub files {
	my ($folder) = @_;
	opendir(my $dh, "$dir/$folder") or die "$folder: $!";
	return [sort grep { !/^\.\.?$/ && $_ ne '.alice.cache' } readdir $dh];
}

sub session {
	my (@cmd) = @_;
	$s = $host->login('alice');
	for (@cmd) {
		my ($status) = /^RETR|^UIDL$/ ? $s->multi($_) : $s->cmd($_);
		like($status, qr/^\+OK/, "$name: $_");
	}
	like($s->quit, qr/^\+OK/, "$name: QUIT");
}

sub ids {
	my $t = $host->login('alice');
	my (undef, $uidl) = $t->multi('UIDL');
	$t->quit;
	return [$uidl =~ /^\d+ (\S+)\r$/mg];
}

sub refused {
	my ($want) = @_;
	my $t = $host->connect;
	$t->cmd('USER alice');
	like($t->cmd('PASS secret'), $want, "$name: refused");
	$t->rest;
	is($t->wait_end, 111, "$name: exit code");
}

# What lies there, what is in the spool, and what has to be in it then.
my $left = $m[0] . $m[1];
my $spool = $m[2] . $m[3];
(my $cut = $left) =~ s/\n\n\z//;
my @case = (
	['mail', $left, $spool, $left . $spool],
	['mail, and an empty spool', $left, '', $left],
	['mail, and no spool', $left, undef, $left],
	['empty', '', $spool, $spool],
	['empty, and no spool', '', undef, undef],
	['a copy', $spool, $spool, $spool],
	['a copy of the beginning', $m[2], $spool, $spool],
	['a copy that was broken off', substr($spool, 0, 130), $spool, $spool],
	['like the end', $m[3], $spool, $m[3] . $spool],
	['a beginning of something else', $left . $spool, $m[0],
	    $left . $spool . $m[0]],
	['without its last line end', $cut, $spool, $left . $spool],
	['without its empty line', "$cut\n", $spool, $left . $spool],
	['an empty line in front', "\n$left", $spool, "\n$left$spool"],
	['of 2 MB', $m[0] x 20000, $spool, $m[0] x 20000 . $spool],
);
for my $mode (@Modes::modes) {
	start($PLAIN . $mode->{conf});
	for (@case) {
		(my $what, my $have, my $mail, my $want) = @$_;
		$name = "$mode->{name}, $what";
		remove_tree("$dir/spool", { keep_root => 1 });
		$host->spool('alice', $mail) if defined $mail;
		put('spool/.alice.pop', $have);
		session('STAT') for 1, 2;
		my $got = $host->spool('alice');
		$got = $want = '' if !defined $got && !defined $want;
		ok($got eq $want, "$name: spool") or diag(substr $got, 0, 2000);
		is_deeply([grep { $_ ne 'alice' } @{ files('spool') }], [],
		    "$name: nothing is left");
	}

	# with deletions, and new mail, in the session that takes it in
	$name = "$mode->{name}, deletions";
	remove_tree("$dir/spool", { keep_root => 1 });
	$host->spool('alice', $spool);
	put('spool/.alice.pop', $left);
	$s = $host->login('alice');
	$s->cmd("DELE $_") for 2, 3;
	$host->deliver('alice', $m[4]);
	$s->quit;
	is($host->spool('alice'), join('', @m[0, 3, 4]), "$name: spool");

	# no mail: nothing is touched, as often as it is asked
	for my $junk ("garbage\n$left", "\0" x 1000 . 'x', "x" x 3000,
	    "\nno From_ line\n\n$left") {
		$name = "$mode->{name}, garbage of " . length $junk;
		$host->spool('alice', $spool);
		put('spool/.alice.pop', $junk);
		for (1, 2) {
			my $who = sprintf 'owner %d, mode 0600, %d octets',
			    $host->{uid}, length $junk;
			refused(qr{^-ERR \[SYS/PERM\] \S+/\.alice\.pop \($who\), .* does not begin with a From_ line:});
			is($host->spool('.alice.pop'), $junk, "$name: kept");
			is($host->spool('alice'), $spool, "$name: spool");
		}
		is_deeply(files('spool'), ['.alice.pop', 'alice'],
		    "$name: nothing else");
		unlink "$dir/spool/.alice.pop";
	}
	$name = "$mode->{name}, moved away";
	session('STAT');
}

# The old place: where an earlier configuration had it.
for my $mode (@Modes::modes) {
	for (['hash-spool', "set hash-spool = 2\n", 'spool/a/l/alice', ''],
	    ['home-dir-mail', "set home-dir-mail\nset temp-dir = TEMP\n",
		'home/.mail', 1],
	    ['temp-dir', "set temp-dir = TEMP\n", 'spool/alice', 1],
	    ['all', "set hash-spool = 1\nset temp-dir = TEMP\n",
		'spool/q/alice', 1],
	    ['home-dir-misc', "set home-dir-misc\n", 'spool/alice', '']) {
		my ($what, $conf, $file, $temp) = @$_;
		next if !$host->{root} && $what =~ /home|all|hash/;
		$name = "$mode->{name}, $what";
		start('');
		mkdir "$dir/temp";
		chown -1, $host->{gid}, "$dir/temp" if $host->{root};
		chmod 02775, "$dir/temp";
		next if $temp && $mode->{conf} !~ /server/ &&
		    `stat -f -c %T $dir 2>/dev/null` =~ /^(?:tmpfs|ramfs)/;
		$conf =~ s/TEMP/$dir\/temp/;
		$conf .= $PLAIN . $mode->{conf};
		# off: it is not looked for
		put($file, $spool);
		put('spool/.alice.pop', $left);
		if ($file ne 'spool/alice') {
			$host->configure("${conf}reset check-old-spool-loc\n");
			session('STAT') for 1, 2;
			is(Pop::slurp("$dir/$file"), $spool, "$name: off");
			is($host->spool('.alice.pop'), $left,
			    "$name: off, it stays");
		}
		$host->configure($conf);
		session('STAT') for 1, 2;
		is(Pop::slurp("$dir/$file"), $left . $spool, "$name: spool");
		ok(!-e "$dir/spool/.alice.pop", "$name: gone");
		is_deeply([grep { $_ ne 'q' } @{ files('temp') }], [],
		    "$name: nothing is left");
		# there and in the new place, too
		next unless $what eq 'hash-spool';
		put('spool/.alice.pop', $m[4]);
		put('spool/a/l/.alice.pop', $m[5]);
		session('STAT') for 1, 2;
		my $got = Pop::slurp("$dir/$file");
		like($got, qr/\A(?:\Q$m[4]$m[5]\E|\Q$m[5]$m[4]\E)\Q$left$spool\E\z/,
		    "$name: in both places");
		put('spool/.alice.pop', "garbage\n");
		refused(qr{^-ERR \[SYS/PERM\] .*does not begin with a From_});
		is($host->spool('.alice.pop'), "garbage\n", "$name: kept");
		is(Pop::slurp("$dir/$file"), $got, "$name: spool unharmed");
	}
}

# Ids that Qpopper 4 wrote are good ones, in the spool and in a left-over.
my @uidl = ('4"!!;i3!!N)>!!d`!"!', "P7\"!'+)\"!!:9#\"!Y+`!!", '!!!!',
    '~|}{`_^]\\[@?=<;/.-,+', 'a:b(c)d*e&f%g$h#');
my @migrated = map { Mbox::message($_, undef, "X-UIDL: $uidl[$_ - 1]\n" .
    ($_ % 2 ? "Status: RO\n" : "Status: U\n")) } 1 .. 5;
for my $mode (@Modes::modes) {
	start($mode->{conf});
	$name = "$mode->{name}, migrated";
	my $text = join '', @migrated;
	$host->spool('alice', $text);
	is_deeply(ids(), \@uidl, "$name: ids");
	is($host->spool('alice'), $text, "$name: and the octets");
	$s = $host->login('alice');
	like($s->cmd('LAST'), qr/^\+OK 5 /, "$name: LAST");
	$s->quit;
	session('RETR 2', 'DELE 3');
	is_deeply(ids(), [@uidl[0, 1, 3, 4]], "$name: ids, with one less");

	$name = "$mode->{name}, migrated left-over";
	$host->spool('alice', join '', @migrated[3, 4], $m[0]);
	put('spool/.alice.pop', join '', @migrated[0 .. 2]);
	my $id = ids();
	is_deeply([@$id[0 .. 4]], \@uidl, "$name: ids");
	is_deeply(ids(), $id, "$name: ids, again");
}

# Killed, or with an error, at each call of the session that takes it in.
SKIP: {
	my $cannot = Crash::cannot();
	skip $cannot, 1 if $cannot;
	# what would be waited for is the disk
	local $ENV{TMPDIR} = '/dev/shm' if -d '/dev/shm' && -w _;
	for my $conf ('', "set server-mode\n", "set hash-spool = 1\n",
	    "set server-mode\nset hash-spool = 1\nset temp-dir = TEMP\n") {
		next if $> != 0 && $conf =~ /hash/;
		start('');
		mkdir "$dir/temp";
		# the folders are there: to make them is no part of it
		put('temp/q/x', '');
		unlink "$dir/temp/q/x";
		my $file = $conf =~ /hash/ ? 'spool/q/alice' : 'spool/alice';
		(my $set = $PLAIN . $conf) =~ s/TEMP/$dir\/temp/;
		$host->configure($set);
		($name = $conf || 'normal') =~ s/\n(?=.)/, /g;
		chomp $name;
		my $calls = 1;
		for my $fault ({}, $conf =~ /hash/ ? () :
		    ({ FAULT_ERRNO => ENOSPC },
		    { FAULT_ERRNO => EIO, FAULT_STAY => 1 })) {
			my @wrong;
			for (my $at = 0; $at <= $calls; $at++) {
				my $bad = hit($file, $at, $fault, \$calls);
				push @wrong, "call $at: $bad" if $bad;
			}
			cmp_ok($calls, '>', 20, "$name: calls were counted");
			is_deeply(\@wrong, [], "$name: faults " .
			    join(' ', %$fault) . " at each of $calls calls");
		}
	}
}

sub hit {
	my ($file, $at, $fault, $calls) = @_;
	my $count = "$dir/count";
	Pop::spew($count, '', 0666);
	remove_tree("$dir/spool", { keep_root => 1 });
	put($file, $spool);
	put('spool/.alice.pop', $left);
	my $t = $host->connect(env => { LD_PRELOAD => $Crash::SHIM,
	    FAULT_COUNT => $count, FAULT_AT => $at, %$fault });
	eval {
		$t->cmd('USER alice');
		$t->cmd('PASS secret');
		$t->cmd('QUIT');
	};
	$t->wait_end;
	$$calls = (split /\n/, Pop::slurp($count))[0] if $at == 0;
	return 'a refusal: ' . $@ unless eval { ids() };
	my $got = Pop::slurp("$dir/$file");
	return "it has $got" unless $got eq $left . $spool;
	my @more = grep { !/^(?:alice|q)$/ } @{ files('spool') },
	    @{ files('temp/q') }, $file =~ m{/q/} ? @{ files('spool/q') } : ();
	return "left are @more" if @more;
	return '';
}
done_testing;
