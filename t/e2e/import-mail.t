#!/usr/bin/perl
# import-mail from a Maildir: order, ids, octets, and what a user could put
# there that root must not follow.  from-dovecot.t has the rest.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use File::Path qw(make_path);
use Pop;
use Test::More;

my $host = Pop->new;
my $dir = "$host->{dir}/home/Maildir";
my $time = 1.7e9;
make_path(map { "$dir/$_" } qw(new cur tmp));

# The next younger message.
sub message {
	my ($name, $text) = @_;
	Pop::spew("$dir/$name", $text, 0600);
	utime $time, $time++, "$dir/$name";
}

sub import_mail {
	my (@args) = @_;
	my $said = `$Pop::TOP/scripts/import-mail -f $host->{conf} @args 2>&1`;
	return ($? >> 8, $said);
}

my $long = 'l' x 71;
message('cur/900.first.host:2,RS', "Return-Path: <a\@b>\r\nA: 1\r\n\r\nx\r\n");
message('new/100.second.host', "A: 2\n\nFrom me\n\nFrom me at 10:30\n.\nno end");
message('cur/500.third.host:2,', "A: 3");
message("new/$long", "A: 4\nX-UIDL: of-the-sender\n\n\n\n");
message('new/600.fifth.host,S=5,W=6', "\nno header\n");
message('tmp/700.tmp.host', "A: 6\n\n");
message('new/.hidden', "A: 7\n\n");
# a file of somebody else's, and what is no file
my $secret = Pop::spew("$host->{dir}/secret", "secret\n", 0600);
symlink $secret, "$dir/new/1.link.host";
link $secret, "$dir/new/2.link.host" if $host->{root};
mkdir "$dir/new/3.folder.host";
system('mkfifo', "$dir/new/4.fifo.host");
if ($host->{root}) {
	system('chown', '-hR', "$host->{uid}:$host->{gid}", $dir);
	chown 0, 0, $secret;
}

my ($code, $said) = import_mail('-n', 'maildir', 'alice');
SKIP: {
	skip 'needs root', 2 unless $host->{root};
	is($code, 111, 'mail that cannot be read is not left out');
	like($said, qr{new/2\.link\.host: Permission denied}, 'it is named');
}
unlike($said, qr/^secret/m, 'others\' files are not read');
unlink "$dir/new/2.link.host";
($code, $said) = import_mail('-n', 'maildir', 'alice');
is($code, 0, 'a look at it');
is($host->spool('alice'), undef, 'changes nothing');
is(join(' ', sort $said =~ m{new/(\S+) is no file: left out}g),
    '1.link.host 3.folder.host 4.fifo.host', 'what is no file is named');
unlike($said, qr/^secret/m, 'links are not followed');
($code, $said) = import_mail('maildir', 'alice');
is($code, 0, 'the import');
like($said, qr/^import-mail: alice: $long: no id of 1 to 70/m, 'too long an id');
like($said, qr/^alice: 5 messages put into the maildrop$/m, 'and all mail');

my $spool = $host->spool('alice');
like($spool, qr/\AFrom a\@b \w{3} Nov 1[45] [\d:]{8} 2023\n/,
    'a From_ line of sender and time');
like($spool, qr/^From MAILER-DAEMON .*\nA: 2\nX-UIDL: 100\.second/m,
    'or of nobody');
my $s = $host->login('alice');
my ($status, $ids) = $s->multi('UIDL');
like($ids, qr/\A1 900\.first\.host\r\n2 100\.second\.host\r\n3 500\.third\.host\r
4 \S{20}\r\n5 600\.fifth\.host,S=5,W=6\r\n\z/, 'names are ids, by time');
my @want = ("Return-Path: <a\@b>\r\nA: 1\r\n\r\nx\r\n",
    "A: 2\r\n\r\nFrom me\r\n\r\n>From me at 10:30\r\n.\r\nno end\r\n",
    "A: 3\r\n\r\n", "A: 4\r\n\r\n\r\n\r\n", "\r\nno header\r\n");
for my $i (1 .. @want) {
	my ($ok, $text) = $s->message("RETR $i");
	my ($head, $rest) = $text =~ /\A(.*?)(^\r\n.*)\z/ms;
	my $read = $head =~ /^Status: RO\r$/m;
	$head =~ s/^(?:X-UIDL|Status): .*\r\n//mg;
	is($head . $rest, $want[$i - 1], "message $i");
	is(!!$read, $i == 1, "message $i: read or not");
}
$s->quit;

($code, $said) = import_mail('maildir', 'alice');
is($code, 1, 'not twice');
like($said, qr/has mail already/, 'and it says why');
($code, $said) = import_mail('-a', 'maildir', 'alice');
is($code, 0, 'unless that is wanted');
is((import_mail('-a', 'maildir', 'alice'))[0], 1, 'but never right behind it');
($code, $said) = import_mail('-d', '/none', 'maildir', 'alice', 'bob');
is($code, 111, 'no Maildir');
like($said, qr{^import-mail: alice: /none/new: No such file}m, 'says so');
like($said, qr/^import-mail: bob: /m, 'and goes on');

system('rm', '-r', "$dir/new");
mkdir "$dir/new";
# A Maildir with nothing but this in cur, and a new maildrop.
sub maildir {
	my (%mail) = @_;
	unlink glob "$dir/cur/* $host->{dir}/spool/alice";
	message("cur/$_", $mail{$_}) for sort keys %mail;
	system('chown', '-hR', "$host->{uid}:$host->{gid}", $dir) if $host->{root};
}

sub arrived {
	my $s = $host->login('alice');
	my ($n) = $s->cmd('STAT') =~ /^\+OK (\d+)/;
	my @text = map { ($s->message("RETR $_"))[1] =~ s/\r//gr } 1 .. $n;
	my ($status, $ids) = $s->multi('UIDL');
	$s->quit;
	return [[$ids =~ /^\d+ (\S+)\r$/mg],
	    [map { s/^(?:X-UIDL|Status): .*\n//mgr } @text]];
}

# what popper could take for something else than the beginning of a message
my $far = 'x' x 1000 . '@example.org';
my %odd = (1 => " goes on\nSubject: a\n\na\n", 2 => "\tand on\n\nb\n",
    3 => "Return-Path: <$far>\nSubject: c\n\nc\n");
for my $flags ('', ':2,', ':2,S') {
	maildir(map { ("$_.odd$flags", $odd{$_}) } keys %odd);
	# a year of five digits, where the file system has them
	utime 3e11, 3e11, "$dir/cur/3.odd$flags";
	is((import_mail('maildir', 'alice'))[0], 0, "odd mail, $flags");
	is_deeply(arrived(), [['1.odd', '2.odd', '3.odd'], [@odd{1 .. 3}]],
	    'is whole, and has its ids');
}
like($host->spool('alice'), qr/^From MAILER-DAEMON .*\nReturn-Path: <x/m,
    'a sender that is too long is left out');
SKIP: {
	my $locale = "$host->{dir}/de_DE.UTF-8";
	skip 'no locale', 1 unless -r '/usr/share/i18n/locales/de_DE' &&
	    system("localedef -i de_DE -f UTF-8 $locale 2>/dev/null") == 0;
	local @ENV{qw(LOCPATH LC_ALL)} = ($host->{dir}, 'de_DE.UTF-8');
	($code, $said) = import_mail('-n', 'maildir', 'alice');
	like($said, qr/^From MAILER-DAEMON (?:Tue|Wed) /m, 'days have English names');
}

# fields of the sender's that popper never sends
$host->configure("set content-length\n");
my $to_third = length "1\n\nFrom MAILER-DAEMON " . localtime() .
    "\nA: 2\nX-UIDL: 2\n\n2\n";
maildir(1 => "A: 1\nContent-Length: $to_third\n\n1\n", 2 => "A: 2\n\n2\n",
    3 => "A: 3\n\n3\n");
import_mail('maildir', 'alice');
is_deeply(arrived()->[0], [1 .. 3], 'no length of a sender counts');
$host->configure('');

# lines that are read in pieces, with a CR at the end of one
my $wide = join '', 'a' x 65535, "\r\n", 'b' x 65536, "\r\n", 'c' x 65534, "\r\r\n",
    'd' x 140000, "\n\nFrom x", ' ' x 70000, "10:30\n", 'e' x 65536;
maildir(1 => "A: 1\nB: " . 'x' x 70000 . "\nX-UIDL: " . 'y' x 140000 .
    "\n z\nC: 3\n\n$wide");
is((import_mail('maildir', 'alice'))[0], 0, 'long lines');
is($host->spool('alice') =~ s/\AFrom .*\n//r eq "A: 1\nB: " . 'x' x 70000 .
    "\nC: 3\nX-UIDL: 1\n\n" . $wide =~ s/(?<!\r)\r\n/\n/gr . "\n\n", 1,
    'are the same');

# octets that take no room in the user's quota take none of root's memory
maildir(1 => 'x');
truncate "$dir/cur/1", 1 << 30;
($code, $said) = import_mail('maildir', 'alice');
is($code, 111, 'a file with holes is refused');
like($said, qr{cur/1 is no mail: it has holes}, 'and named');
SKIP: {
	skip 'a sanitizer', 1 if $Pop::BUILD =~ /asan$/;
	maildir(1 => 'x' x 6e7);
	is(system("ulimit -v 100000; $Pop::TOP/scripts/import-mail -n " .
	    "-f $host->{conf} maildir alice >/dev/null"), 0, 'a line of 60 MB');
}

# a name that a terminal would obey
maildir("1\e]0;x\a\nimport-mail: bob" => "A: 1\n\n");
($code, $said) = import_mail('-n', 'maildir', 'alice');
like($said, qr/^import-mail: alice: 1\\x1b\]0;x\\x07\\x0aimport-mail: bob: no id/m,
    'a name is shown, not obeyed');
unlike($said, qr/\e|\a|^import-mail: bob/m, 'nor are lines of its own');

# the disk is full for a moment, and then it has room again
SKIP: {
	skip 'no strace', 3 if system('strace -V >/dev/null 2>&1') != 0;
	maildir(map { ("$_.m", "A: $_\n\n" . "a line\n" x 2000) } 1 .. 5);
	my $trace = "$host->{dir}/trace";
	$code = system("strace -f -qq -o $trace -e trace=write -e " .
	    'inject=write:error=ENOSPC:when=3 ' .
	    "$Pop::TOP/scripts/import-mail -f $host->{conf} maildir alice " .
	    ">$host->{dir}/said 2>&1") >> 8;
	like(Pop::slurp($trace), qr/write.*ENOSPC.*INJECTED/, 'a write fails');
	is($code, 111, 'nothing is done');
	is($host->spool('alice'), undef, 'nor half of it');
}

# root is not to be had back
SKIP: {
	skip 'needs root', 1 unless $host->{root};
	Pop::spew("$host->{dir}/Ids.pm", <<'END');
package Ids;
BEGIN { *CORE::GLOBAL::opendir = sub {
	open my $in, '<', '/proc/self/status' or die;
	print STDERR "ids: ", grep { /^[UG]id:/ } <$in>;
	die "enough\n";
} }
1;
END
	local $ENV{PERL5OPT} = "-I$host->{dir} -MIds";
	($code, $said) = import_mail('-n', 'maildir', 'alice');
	my ($u, $g) = @{$host}{qw(uid gid)};
	like($said, qr/^ids: Uid:(?:\t$u){4}\nGid:(?:\t$g){4}\n/m,
	    'mail is read with no other ids than those of the user');
}

# what docs/changing-over.md has for users of a passwd-file
my ($sh) = Pop::slurp("$Pop::TOP/docs/changing-over.md") =~ /^```sh\n(.*?)^```/ms;
my $to = "$host->{dir}/awk";
mkdir $to;
Pop::spew("$to/passwd-file", <<'END');
# remark
a:{CRYPT}$6$s$x/y.z:20000:8::/home/a::
b:{SHA512-CRYPT}$6$s$x:20001:8::/home/b
c:{PLAIN}tans taaf:20002:8::/home/c
d:{SCRAM-SHA-256}4096,c2FsdA==,QQ==,Qg==:20003:8::/home/d
e:$5$a$b:::::
f:{SSHA}xyz:20005:8::/home/f
END
Pop::spew("$to/sh", $sh);
is(`cd $to && sh sh`, "not taken: f (SSHA)\n", 'a passwd-file');
is(Pop::slurp("$to/secrets"), <<'END', 'its secrets');
a:{crypt}$6$s$x/y.z
b:{crypt}$6$s$x
c:{apop}tans taaf
d:{scram-sha-256}4096:c2FsdA==$QQ==:Qg==
e:{crypt}$5$a$b
END
is(Pop::slurp("$to/users"), join('', map { "$_->[0]:$_->[1]:8:/home/$_->[0]\n" }
    ['a', 20000], ['b', 20001], ['c', 20002], ['d', 20003], ['f', 20005]),
    'its users');
($code, $said) = import_mail('mbx', 'alice');
is($code, 100, 'no such server');
done_testing;
