#!/usr/bin/perl
# A spool that is no plain file of the user's is refused and left alone.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Mbox;
use POSIX ();
use Pop;
use Test::More;

my $host = Pop->new;
my $spool = "$host->{dir}/spool/alice";
my $mail = Mbox::message(1);
my $other = $host->spool('other', $mail);

sub refused {
	my ($name, $text) = @_;
	my $s = $host->connect;
	$s->cmd('USER alice');
	my $reply = $s->cmd('PASS secret');
	like($reply, qr{^-ERR \[SYS/PERM\] }, "$name: refused");
	like($reply, $text, "$name: says why");
	cmp_ok(length $reply, '<=', 510, "$name: a short reply");
	is($s->rest, "+OK Pop server at mail.test signing off.\r\n",
	    "$name: signs off");
	is($s->wait_end, 111, "$name: exit code");
}

symlink $other, $spool;
refused('symbolic link', qr/is a symbolic link/);
ok(-l $spool, 'symbolic link: still there');
unlink $spool;

POSIX::mkfifo($spool, 0660);
chown $host->{uid}, $host->{gid}, $spool if $host->{root};
refused('FIFO', qr/is not a regular file/);
ok(-p $spool, 'FIFO: still there');
unlink $spool;

mkdir $spool;
refused('folder', qr/is not a regular file/);
rmdir $spool;

$host->spool('alice', $mail);
link $spool, "$host->{dir}/spool/second";
refused('two links', qr/has more than one link/);
is($host->spool('alice'), $mail, 'two links: as it was');
unlink "$host->{dir}/spool/second";

for my $junk ("junk\n$mail", "rom a\@b Mon Nov  2 08:15:01 2026\n\nx\n",
    "\0\0\0\0", "From nowhere\n\nx\n") {
	$host->spool('alice', $junk);
	refused('junk in front', qr/does not begin with a From_ line/);
	is($host->spool('alice'), $junk, 'junk in front: as it was');
}

# What docs/troubles.md says to do about them.
{
	my ($chapter) = Pop::slurp("$Pop::TOP/docs/troubles.md") =~
	    /^\| it begins with \| mend \|\n(.*?)^$/ms;
	my %broken = (
		'1s/' => ['rom ', 'FFrom ', 'FFFrom '],
		'1,/' => ["junk\nmore: junk\n\nFrom "],
		'formail' => ["Return-Path: <a\@b>\nReceived: x\n\none\n\nFrom "],
		"tr -d '" => ["\0\0\0\0From ", "\0From "],
	);
	for my $part (sort keys %broken) {
		my ($line) = $chapter =~ /(`[a-z]+ [^`]*\Q$part\E[^`]*`|`\Q$part\E[^`]*`)/;
		ok(defined $line, "mended by $part: told") or next;
		(my $do = $line) =~ tr/`//d;
		SKIP: {
			skip 'no formail', 2 if $do =~ /formail/ &&
			    system('command -v formail >/dev/null') != 0;
			for my $begin (@{ $broken{$part} }) {
				$host->spool('alice', $begin . substr $mail, 5);
				refused("$part: before", qr/From_ line/);
				$do .= ' alice' if $do =~ /^sed/ && $do !~ /alice/;
				is(system("cd $host->{dir}/spool && $do"), 0, $do);
				rename "$host->{dir}/spool/new", $spool;
				chown $host->{uid}, $host->{gid}, $spool
				    if $host->{root};
				chmod 0660, $spool;
				my $t = $host->login('alice');
				like($t->cmd('STAT'), qr/^\+OK [12] /,
				    "$part: mended");
				$t->quit;
			}
		}
	}
}

SKIP: {
	skip 'needs root', 12 unless $host->{root};
	$host->spool('alice', $mail);
	chown $host->{uid} + 1, -1, $spool;
	refused("somebody else's", qr/belongs to somebody else/);
	is($host->spool('alice'), $mail, "somebody else's: as it was");
	unlink $spool;
	system 'mknod', $spool, 'c', '1', '3';
	chown $host->{uid}, $host->{gid}, $spool;
	refused('device', qr/is not a regular file/);
	ok(-c $spool, 'device: still there');
	unlink $spool;
}

# A folder that is reached through a link is the administrator's business.
$host->spool('alice', $mail);
symlink "$host->{dir}/spool", "$host->{dir}/mail";
$host->configure("set spool-dir = $host->{dir}/mail\n");
my $s = $host->login('alice');
like($s->cmd('STAT'), qr/^\+OK 1 /, 'spool folder by a link');
$s->quit;
$host->configure("set spool-dir = $host->{dir}/nowhere\n");
refused('no folder', qr/Unable to open the folder .*nowhere/);
done_testing;
