#!/usr/bin/perl
# Where maildrops and the files beside them lie, and who decides on server
# mode.
use strict;
use warnings;
use File::Basename qw(dirname);
use File::Path qw(make_path remove_tree);
use File::Temp qw(tempdir);
use FindBin;
use lib "$FindBin::Bin/../lib";
use Mbox;
use POSIX ();
use Pop;
use Test::More;

plan skip_all => 'needs root, which makes folders and becomes users'
    unless $> == 0;

my $host = Pop->new(users => [qw(alice maida mabel mary x)]);
my ($dir, $uid, $gid) = @$host{qw(dir uid gid)};
my $foreign = $uid + 1;
# where all temporary folders are in memory, temp-dir needs server mode
my $fleeting = `stat -f -c %T $dir 2>/dev/null` =~ /^(tmpfs|ramfs)/ ?
    "set server-mode\n" : '';
my $mail = Mbox::message(1) . Mbox::message(2);
# where the spool's octets are looked at
my $PLAIN = "reset update-status-headers\n";

# An empty spool folder, its owner and mode as given.
sub spools {
	my ($group, $mode, $owner) = @_;
	remove_tree("$dir/spool", "$dir/home", "$dir/temp", "$dir/cache");
	make_path(map { "$dir/$_" } qw(spool home temp cache));
	for (qw(spool temp cache)) {
		chown $owner || 0, $group, "$dir/$_";
		chmod $mode, "$dir/$_";
	}
	chown $uid, $gid, "$dir/home";
}

# A folder like the one above it.
sub folder {
	my ($path) = @_;
	return if -d "$dir/$path";
	my $up = dirname($path);
	folder($up);
	mkdir "$dir/$path" or die "$path: $!";
	my @st = stat "$dir/$up";
	chown @st[4, 5], "$dir/$path";
	chmod $st[2] & 07777, "$dir/$path";
}

# A file of the user's at this place below the test's folder.
sub put {
	my ($path) = @_;
	folder(dirname($path));
	Pop::spew("$dir/$path", $mail, 0660);
	chown $uid, $gid, "$dir/$path";
}

sub attempt {
	my ($user, %opt) = @_;
	my $s = $host->connect(%opt);
	$s->cmd("USER $user");
	my $reply = $s->cmd('PASS secret');
	return ($reply, $s);
}

# The session serves the spool at this place, locks beside it, and updates.
sub served {
	my ($name, $user, $path, $conf) = @_;
	$host->configure($PLAIN . $conf . $fleeting);
	my ($reply, $s) = attempt($user);
	like($reply, qr/^\+OK \S+ has 2 visible/, "$name: served");
	my ($folder, $file) = $path =~ m{(.*)/\.?(.*)};
	ok(-e "$dir/$folder/.$file.pop", "$name: the session lock beside it");
	$s->cmd('DELE 1');
	like($s->quit, qr/^\+OK/, "$name: updated");
	is(Pop::slurp("$dir/$path"), Mbox::message(2), "$name: in its place");
}

sub refused {
	my ($name, $user, $conf, @want) = @_;
	$host->configure($conf);
	Pop::spew($host->{log}, '', 0644);
	my ($reply, $s) = attempt($user);
	like($reply, qr{^-ERR \[SYS/PERM\] }, "$name: refused");
	is($s->rest, "+OK Pop server at mail.test signing off.\r\n",
	    "$name: signs off");
	is($s->wait_end, 111, "$name: exit code");
	my ($line) = $host->log_text =~ /(-ERR .*)/;
	like($line, $_, "$name: says $_") for @want;
	cmp_ok(length $line, '<', 395, "$name: in one line");
}

sub looks_like {
	my ($a, $b, $name) = @_;
	my @a = stat "$dir/$a";
	my @b = stat "$dir/$b";
	is_deeply([@a[2, 4, 5]], [@b[2, 4, 5]], $name);
}

sub only {
	my ($folder, @want) = @_;
	opendir my $dh, "$dir/$folder" or die "$folder: $!";
	is_deeply([sort grep { !/^\.\.?$/ } readdir $dh], [sort @want],
	    "$folder holds " . (join(' ', @want) || 'nothing'));
}

# Hashed folders, in the two kinds of spool folders that are about.
for ([$gid, 02775], [0, 01777]) {
	my ($group, $mode) = @$_;
	my $kind = sprintf '%04o', $mode;
	spools($group, $mode);
	put('spool/alice');
	served("$kind, plain", 'alice', 'spool/alice', '');

	# made by the first session; then an agent delivers
	spools($group, $mode);
	$host->configure("set hash-spool = 1\n");
	my ($reply, $s) = attempt('maida');
	like($reply, qr/^\+OK maida has 0/, "$kind, method 1: nothing yet");
	$s->quit;
	looks_like('spool/o', 'spool', "$kind: made like spool-dir");
	only('spool', 'o');
	only('spool/o');
	put('spool/o/maida');
	served("$kind, method 1", 'maida', 'spool/o/maida',
	    "set hash-spool = 1\n");

	$host->configure("set hash-spool = 2\n");
	for (['maida', 'm/a'], ['x', 'x/x']) {
		my ($user, $path) = @$_;
		($reply, $s) = attempt($user);
		like($reply, qr/^\+OK $user has 0/, "$kind, method 2, $user");
		$s->quit;
		looks_like("spool/$path", 'spool', "$kind: $path made");
		looks_like(dirname("spool/$path"), 'spool', "$kind: above it");
		put("spool/$path/$user");
		served("$kind, method 2, $user", $user, "spool/$path/$user",
		    "set hash-spool = 2\n");
		only("spool/$path", $user);
	}

	# all three hashed in the same way
	put('spool/a/l/alice');
	served("$kind, hash and temp-dir", 'alice', 'spool/a/l/alice', <<"END");
set hash-spool = 2
set temp-dir = $dir/temp
set cache-dir = $dir/cache
END
	looks_like("$_/a/l", $_, "$kind: $_ hashed") for qw(temp cache);
	only('temp', 'a');
	put('spool/a/l/alice');
	served("$kind, hash and home-dir-misc", 'alice', 'spool/a/l/alice',
	    "set hash-spool = 2\nset home-dir-misc\n");
	put('spool/alice');
	served("$kind, temp-dir", 'alice', 'spool/alice',
	    "set temp-dir = $dir/temp\n");
	put('spool/alice');
	served("$kind, home-dir-misc", 'alice', 'spool/alice',
	    "set home-dir-misc\n");

	put('home/.mail');
	served("$kind, home-dir-mail", 'alice', 'home/.mail',
	    "set home-dir-mail\n");
	put('home/.mail');
	served("$kind, home-dir-mail, all there", 'alice', 'home/.mail',
	    "set home-dir-mail\nset home-dir-misc\n");
	put('home/mail/inbox');
	served("$kind, home-dir-mail with a slash", 'alice', 'home/mail/inbox',
	    "set home-dir-mail = mail/inbox\n");
}

# The mail of a session in normal mode, and what server mode notes.
my ($temp, $cache) = ("set temp-dir = $dir/temp\n", "set cache-dir = $dir/cache\n");
for (['', 'spool', 'spool', 'spool'],
    ["set hash-spool = 2\n", ('spool/a/l') x 3],
    [$temp, 'spool', 'temp', 'temp'],
    [$temp . $cache, 'spool', 'temp', 'cache'],
    ["set hash-spool = 2\n$temp$cache", map { "$_/a/l" } qw(spool temp cache)],
    ["set home-dir-misc\n$temp$cache", 'spool', 'home', 'home'],
    ["set home-dir-mail\n", 'home', 'spool', 'spool']) {
	my ($conf, $spool, $drop, $marks) = @$_;
	my $file = $conf =~ /dir-mail/ ? 'home/.mail' : "$spool/alice";
	(my $name = $conf) =~ s/\n(?=.)/, /g;
	chomp $name;
	spools($gid, 02775);
	put($file);
	SKIP: {
		skip 'no mail in memory', 2 if $fleeting;
		$host->configure($conf);
		my $s = $host->login('alice');
		is(-s "$dir/$drop/.alice.pop", 1024 + length $mail,
		    "$drop has the mail: $name");
		$s->quit;
		is(-s "$dir/$drop/.alice.pop", undef, 'and then not');
	}
	$host->configure("${conf}set server-mode\n");
	my $s = $host->login('alice');
	$s->multi('RETR 1');
	$s->quit;
	ok(-s "$dir/$marks/.alice.cache", "$marks has the cache: $name");
	$s = $host->login('alice');
	like($s->cmd('LAST'), qr/^\+OK 1 /, 'and it is found there');
	$s->quit;
}

# A spool-dir and a temp-dir by symbolic links.
spools($gid, 02775);
symlink "$dir/spool", "$dir/link" or die;
symlink "$dir/temp", "$dir/templink" or die;
put('spool/o/maida');
served('by links', 'maida', 'spool/o/maida', <<"END");
set spool-dir = $dir/link
set temp-dir = $dir/templink
set hash-spool = 1
END

# Folders that belong to nobody that one knows of.
spools(0, 01777);
mkdir "$dir/spool/o" or die;
chown $foreign, $gid, "$dir/spool/o";
chmod 0777, "$dir/spool/o";
put('spool/o/maida');
refused('foreign', 'maida', "set hash-spool = 1\n",
    qr{The folder \Q$dir\E/spool/o \(owner $foreign, mode 0777\)},
    qr/anybody may have made it.*remove it/);
remove_tree("$dir/spool/o");
symlink "$dir/temp", "$dir/spool/o" or die;
refused('hashed link', 'maida', "set hash-spool = 1\n",
    qr{\Q$dir\E/spool/o \(owner 0, mode 0777\) is a symbolic link},
    qr/mount it there/);
unlink "$dir/spool/o";
put('spool/o');
refused('a file in the way', 'maida', "set hash-spool = 1\n",
    qr{\Q$dir\E/spool/o \(owner $uid, mode 0660\) is no folder});
unlink "$dir/spool/o";
refused('not made', 'maida', "set hash-spool = 1\nreset check-hash-dir\n",
    qr{The folder \Q$dir\E/spool/o is missing, and check-hash-dir is off},
    qr/owner 0, mode 1777/);
only('spool');

# Sessions that make the same folders at once.
$host->configure("set hash-spool = 2\nset temp-dir = $dir/temp\n$fleeting");
for my $round (1 .. 5) {
	spools($gid, 02775);
	my %s = map { $_ => $host->connect } qw(maida mabel mary);
	$s{$_}->cmd("USER $_") for keys %s;
	$_->put("PASS secret\r\n") for values %s;
	is(scalar(grep { $_->line =~ /^\+OK/ } values %s), 3, 'all served');
	$_->quit for values %s;
	looks_like('spool/m/a', 'spool', 'one folder');
	only('spool', 'm');
	only('spool/m', 'a');
	only('temp/m', 'a');
}

# Homes.
spools($gid, 02775);
remove_tree("$dir/home");
refused('no home', 'alice', "set home-dir-mail\n",
    qr{Unable to open the folder \Q$dir\E/home: No such file},
    qr{\Q$dir\E has owner 0, mode 0755: make it, or change home-dir-mail});
refused('no home for misc', 'alice', "set home-dir-misc\n",
    qr{\Q$dir\E/home: No such file}, qr/change home-dir-misc/);
mkdir "$dir/home";
chown $uid, $gid, "$dir/home";
refused('no folder in it', 'alice', "set home-dir-mail = mail/inbox\n",
    qr{Unable to open the folder \Q$dir\E/home/mail: No such},
    qr{\Q$dir\E/home has owner $uid, mode 0755: make it});
chmod 0300, "$dir/home";
refused('not readable', 'alice', "set home-dir-mail\n",
    qr{\Q$dir\E/home: Permission denied}, qr/owner $uid, mode 0300/);
chmod 0700, "$dir/home";
chown $foreign, $gid, "$dir/home";
refused("somebody else's", 'alice', "set home-dir-mail\n",
    qr{\Q$dir\E/home: Permission denied}, qr/owner $foreign, mode 0700/);
chmod 0777, "$dir/home";
refused("somebody else's for all", 'alice', "set home-dir-mail\n",
    qr/\(owner $foreign, mode 0777\) does not belong to uid $uid/);
remove_tree("$dir/home");
Pop::spew("$dir/home", '', 0644);
refused('a file', 'alice', "set home-dir-mail\n",
    qr{\Q$dir\E/home: Not a directory}, qr/owner 0, mode 0644: put a folder/);
unlink "$dir/home";
# the session has the spool folder's group, so links are no way to it
mkdir "$dir/home";
chown $uid, $gid, "$dir/home";
symlink "$dir/spool", "$dir/home/mail";
put('spool/inbox');
refused('a link to the spools', 'alice', "set home-dir-mail = mail/inbox\n",
    qr/\(owner 0, mode 2775\) does not belong to uid $uid/);
only('spool', 'inbox');

# Folders of the administrator's that are not there.
for ([qw(temp-dir)], [qw(cache-dir)]) {
	my ($option) = @$_;
	refused("$option missing", 'alice', "set $option = $dir/none/x\n",
	    qr{Unable to open the folder \Q$dir\E/none/x: No such file},
	    qr{\Q$dir\E has owner 0, mode 0755: make it, or change $option});
}

# A MAILDROP of users is where it says, whatever the options.
spools($gid, 02775);
sub accounts {
	my (@lines) = @_;
	Pop::spew("$dir/cdb/users", join('', map { "$_\n" } @lines), 0600);
	system("$Pop::TOP/scripts/rebuild-cdb", "$dir/cdb") == 0 or die;
}
accounts("alice:$uid:$gid:$dir/home:$dir/home/box/in");
put('home/box/in');
served('MAILDROP', 'alice', 'home/box/in', <<"END");
set hash-spool = 2
set home-dir-mail
set home-dir-misc
END
only('spool');
only('home/box', 'in');
SKIP: {
	skip 'not root', 6 if $>;
	my $other = $gid + 1;
	accounts("alice:$uid:$other:$dir/home:$dir/home/box/in");
	chown 0, $gid, "$dir/home/box";
	chmod 02775, "$dir/home/box";
	put('home/box/in');
	refused("MAILDROP in another group's folder", 'alice', '',
	    qr/Permission denied \(13\); its folder \(owner 0, group $gid, mode 2775\)/,
	    qr/group $other do that: .*; if users names this MAILDROP, its GID there has to be $gid$/m);
	remove_tree("$dir/home/box");
}

# The default is searched for, if it is not set.
SKIP: {
	my $real = $Pop::POPPER;
	skip 'needs a mount namespace', 3
	    if $real =~ m{^/var/} || $dir =~ m{^/var/} ||
	    system("unshare -m mount -t tmpfs none /var 2>/dev/null") != 0;
	accounts("alice:$uid:$gid:$dir/home");
	put('spool/alice');
	my $set = "set spool-dir = /var/mail\n";
	for (['/var/spool/mail', '', qr/^\+OK alice has 2/],
	    ['/var/mail', '', qr/^\+OK alice has 2/],
	    ['/var/spool/mail', $set, qr{^-ERR .*/var/mail: No such}]) {
		my ($folder, $more, $want) = @$_;
		Pop::spew("$dir/wrapped", <<"END", 0755);
#!/bin/sh
exec unshare -m sh -c 'mount -t tmpfs none /var && mkdir -p $folder &&
    cp -a $dir/spool/. $folder && exec $real "\$@"' sh "\$@"
END
		$host->configure($more);
		my $conf = Pop::slurp($host->{conf});
		$conf =~ s/^set spool-dir = "\Q$dir\E.*\n//m;
		Pop::spew($host->{conf}, $conf, 0644);
		local $Pop::POPPER = "$dir/wrapped";
		my ($reply, $s) = attempt('alice');
		like($reply, $want, "$folder is found, $more");
		$s->wait_end;
	}
}

# Memory is no place for mail, unless there is none in it.
SKIP: {
	my $type = `stat -f -c %T /dev/shm 2>/dev/null` || '';
	skip '/dev/shm is no tmpfs', 10 unless $type =~ /^(tmpfs|ramfs)/;
	my $shm = tempdir('popper-test.XXXXXX', DIR => '/dev/shm', CLEANUP => 1);
	chmod 01777, $shm;
	spools($gid, 02775);
	accounts("alice:$uid:$gid:$dir/home");
	put('spool/alice');
	refused('tmpfs', 'alice', "set temp-dir = $shm\n",
	    qr/The folder \Q$shm\E \(owner 0, mode 1777\) is in memory/,
	    qr/on a disk, or use server-mode/);
	served('tmpfs in server mode', 'alice', 'spool/alice',
	    "set temp-dir = $shm\nset server-mode\n");
}

# Server mode: options, groups, the home's file, the spool's file.
spools($gid, 02775);
my ($mine, $my_gid) = (getgrgid 100)[0, 2];
($mine, $my_gid) = (getgrnam 'mail')[0, 2] unless defined $mine;
my ($other) = grep { $_ ne $mine } map { scalar getgrgid $_ } 1, 2, 3;
accounts("alice:$uid:$my_gid:$dir/home");
my $on = "group-server-mode = $mine";
my $no = "group-no-server-mode = $mine";
my @mode = (
	# options, home file, spool file, mode
	['', '', '', 'off'],
	['set server-mode', '', '', 'on'],
	["set $on", '', '', 'on'],
	["set $no", '', '', 'off'],
	["set server-mode\nset $no", '', '', 'off'],
	["set $no\nset server-mode", '', '', 'off'],
	["set $on\nset $no", '', '', 'off'],
	["set $no\nset $on", '', '', 'off'],
	["set $on\nreset server-mode", '', '', 'on'],
	["set group-server-mode = $other", '', '', 'off'],
	["set server-mode\nset group-no-server-mode = $other", '', '', 'on'],
	["set $on\nset group-no-server-mode = $other", '', '', 'on'],
	["set $on", 'reset', '', 'off'],
	["set $no", 'set', '', 'on'],
	["set $on", '', 'reset', 'off'],
	["set $no", '', 'set', 'on'],
	["set $on", 'reset', 'set', 'on'],
	["set $no", 'set', 'reset', 'off'],
	["set $on\nset $no", 'set', '', 'on'],
	["set group-server-mode = no-such-group", '', '', 'off'],
);
for (@mode) {
	my ($conf, $home, $spool, $want) = @$_;
	my @file = ("$dir/home/.qpopper-options",
	    "$dir/spool/.alice.qpopper-options");
	unlink @file;
	Pop::spew($file[0], "$home server-mode\n", 0644) if $home;
	Pop::spew($file[1], "$spool server-mode\n", 0644) if $spool;
	$host->configure("$conf\nset debug\n");
	Pop::spew($host->{log}, '', 0644);
	my $s = $host->login('alice', args => ['-u', '-U']);
	$s->quit;
	s/\n/, /g for $conf;
	is(join(' ', $host->log_text =~ /server mode: (\w+)/g), $want,
	    "server mode: $conf; home: $home; spool: $spool");
	my $said = () = $host->log_text =~ /there is no group "no-such-group"/g;
	is($said, $conf =~ /no-such/ ? 1 : 0, 'an unknown group is told once');
}
done_testing;
