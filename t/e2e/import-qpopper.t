#!/usr/bin/perl
# import-qpopper: lines of inetd and xinetd, configuration files, right and wrong
# ones; each kind of pop.auth, also damaged ones; and a service that was imported,
# where an APOP user logs in with the secret that he had.
use strict;
use warnings;
use Fcntl qw(:flock O_CREAT O_RDWR);
use File::Path qw(make_path);
use File::Temp qw(tempdir);
use FindBin;
use lib "$FindBin::Bin/../lib";
use IO::Socket::INET;
use Mbox;
use Pop;
use Test::More;
use Time::HiRes qw(time);

my $dir = tempdir('popper-import.XXXXXX', TMPDIR => 1, CLEANUP => 1);
chmod 0755, $dir;
my $main = $$;
make_path("$dir/old/etc/mail", "$dir/cdb");
my @program = ("$Pop::TOP/scripts/import-qpopper", '-p', $Pop::POPPER,
    '-d', "$dir/cdb");

# Exit code, standard output, standard error.
sub import_as {
	my @command = @_;
	my $pid = fork // die;
	if (!$pid) {
		open STDIN, '<', '/dev/null';
		open STDOUT, '>', "$dir/out";
		open STDERR, '>', "$dir/err";
		{ no warnings; exec @command; }
		POSIX::_exit(127);
	}
	waitpid $pid, 0;
	return ($? >> 8, map { Pop::slurp("$dir/$_") } 'out', 'err');
}
sub import_it { return import_as(@program, '-r', "$dir/old", @_) }
sub old { return Pop::spew("$dir/old/$_[0]", $_[1], 0644) }

# The part of standard output that is this file, without the line that each
# service gets.
my $names = qr/^reset reverse-lookup\t# here: names are not looked up.*\n/m;
sub file_of {
	my ($out, $name) = @_;
	my ($text) = $out =~ m{^==> \S*/\Q$name\E <==\n(.*?)\n(?===> |\z)}ms;
	return defined $text ? $text =~ s/$names//r : undef;
}
sub setting {
	my ($out, $service, $name) = @_;
	my ($value) = (file_of($out, "service/$service/settings") || '') =~
	    /^$name=(\S*)/m;
	return $value;
}

my ($code, $out, $err) = import_it();
is($code, 100, 'nothing to do is wrong use');
($code, $out) = import_it('--help');
is($code, 0, '--help');
like($out, qr/^usage: /, 'and it tells');

# --- inetd

my $inetd = old('etc/inetd.conf', <<'TEXT');
# /etc/inetd.conf
#pop3	stream	tcp	nowait	root	/usr/sbin/in.pop3d	in.pop3d
ftp	stream	tcp	nowait	root	/usr/sbin/tcpd	/usr/sbin/in.ftpd
pop3	stream	tcp	nowait.400	root	/usr/local/lib/popper qpopper -s
pop-2	stream	tcp	nowait	root	/usr/sbin/ipop2d	ipop2d
109	stream	tcp	nowait	root	/usr/local/lib/popper qpopper -T600 -elogin_delay=3,expire=7 -sS
127.0.0.1:8110	stream	tcp	nowait/30/20/5	pop	/usr/local/lib/popper qpopper -d -M
8111	stream	udp	wait	root	/usr/local/lib/popper qpopper
TEXT
($code, $out, $err) = import_it('-i', $inetd);
is($code, 1, 'inetd.conf: something was left out');
is(file_of($out, 'qpopper.conf'), "set statistics = true\n", 'the guide\'s line');
like($out, qr/^set statistics = true\n$names/m, 'names are not looked up');
is(setting($out, 'qpopper', 'PORT'), 110, 'its port');
is(setting($out, 'qpopper', 'LIMIT'), 400, 'and limit');
like($err, qr/inetd\.conf:4: nowait\.400 bounded the starts/, 'which is another one');
like(file_of($out, 'qpopper-109.conf'), qr/\Aset\ timeout\ =\ 600\t[#]\ here:\ .*\n
    set\ announce-expire\ =\ 7\nset\ announce-login-delay\ =\ 3\n
    set\ statistics\ =\ true\nset\ server-mode\ =\ true\t\#\ here:\ .*\n\z/x,
    'letters in a row, and joined with what they have');
is(setting($out, 'qpopper-8110', 'IP'), '127.0.0.1', 'an address');
is(setting($out, 'qpopper-8110', 'LIMIT'), 30, 'limits of BSD');
is(setting($out, 'qpopper-8110', 'PERHOST'), 5, 'also those of a client');
like($err, qr/:7: the user pop counts no more/, 'the user is told');
like($err, qr/:5: pop-2: this starts no program named popper/, 'another server');
like($err, qr/:8: is left out: POP3 is "stream tcp nowait"/, 'UDP');
unlike($err, qr/ftp/, 'nothing of FTP');

old('etc/servers', "pop3 tcp /usr/local/lib/popper qpopper -s\n");
($code, $out) = import_it('-i', "$dir/old/etc/servers");
is("$code " . file_of($out, 'qpopper.conf'), "0 set statistics = true\n",
    'the form of /etc/servers');

($code, $out, $err) = import_it('-i', old('etc/none', "ftp stream tcp nowait root x y\n"));
is($code, 100, 'no line of Qpopper\'s');
($code, $out, $err) = import_it('-i', "$dir/old/etc/missing");
like("$code $err", qr/^100 import-qpopper: \S*missing: No such file/, 'no file');

# One port has one service.
old('etc/hosts.deny', "ALL: 192.0.2.66\n");
($code, $out, $err) = import_it('-i', old('etc/twice', join '', map {
    "$_->[0] nowait root $_->[1]\n" }
    ['pop3 stream tcp', '/x/popper qpopper -s'],
    ['pop3 stream tcp6', '/x/popper qpopper -s'],
    ['pop3 stream tcp', '/usr/sbin/tcpd /x/qpopper -s'],
    ['192.0.2.1:pop3 stream tcp', '/x/popper qpopper -s'],
    ['127.0.0.1:8110 stream tcp', '/x/popper qpopper -s'],
    ['127.0.0.2:8110 stream tcp', '/x/popper qpopper -s']));
is(join(' ', $out =~ m{^==> \S*/service/(\S+)/settings}mg),
    'qpopper qpopper-2 qpopper-3 qpopper-8110 qpopper-8110-2', 'tcp and tcp6 are one');
like($err, qr{^\S+/twice:2: is one service with \S+/twice:1$}m, 'which is told');
is(join(' ', $out =~ m{^==> \S*/service/(\S+)/down}mg), 'qpopper-2 qpopper-3',
    'others on the same port stay down');
like($err, qr/stays down: port 110 is that of qpopper$/m, 'and why');
unlink "$dir/old/etc/hosts.deny";
($code, $out, $err) = import_it('-i', old('etc/passd', "pop3 stream tcp nowait root " .
    "/x/popper qpopper\npoppassd stream tcp nowait root /x/poppassd poppassd\n" .
    "106 stream tcp nowait root /usr/sbin/tcpd /x/poppassd\n"));
is("$code " . (() = $err =~ /: poppassd\(8\) is another service/g), '1 2',
    'a poppassd is told');

# TCP wrappers: nothing is open that was closed.
old('etc/hosts.allow', "ALL: 127.0.0.1\nqpopper, imapd: 192.0.2. 10.1.16.0/20 .example.org\n");
old('etc/hosts.deny', "ALL: ALL\n");
($code, $out, $err) = import_it('-i', old('etc/wrapped',
    "pop3 stream tcp nowait root /usr/sbin/tcpd /usr/local/lib/qpopper -s\n"));
is($code, 1, 'rules are for the administrator');
my $access = file_of($out, 'access');
is($access =~ s{from \S+}{from FROM}r, <<'TEXT', 'as lines for tcprules');
# For cdb/access, which is one for all services.
# qpopper, from FROM
127.0.0.1:allow
192.0.2.:allow
10.1.16-31.:allow
# by hand, allow: .example.org
:deny
TEXT
is(file_of($out, 'service/qpopper/down'), '', 'and the service stays down');
like($err, qr/10\.1\.16-31\.:allow/, 'they are told');
make_path("$dir/rules");
Pop::spew("$dir/rules/access", $access, 0644);
is(system("$Pop::TOP/scripts/rebuild-cdb $dir/rules"), 0, 'rebuild-cdb takes them');

# --- xinetd

unlink "$dir/old/etc/hosts.allow";
make_path("$dir/old/etc/xinetd.d");
my $xinetd = old('etc/xinetd.conf', <<'TEXT');
defaults
{
	instances = 60
	log_type = SYSLOG authpriv
	cps = 25 30
	no_access = 192.0.2.67
}
includedir /etc/xinetd.d
TEXT
# the FAQ's example, with the name of the program where it does not belong
old('etc/xinetd.d/pop3', <<'TEXT');
service pop3
{
  socket_type = stream
  protocol = tcp
  wait = no
  user = root
  server = /usr/local/lib/popper
  server_args = qpopper -s
  port = 110
}
TEXT
old('etc/xinetd.d/pop3s', <<'TEXT');
service pop3s
{
	disable		= no
	flags		= IPv6 NAMEINARGS
	socket_type	= stream
	wait		= no
	user		= root
	bind		= 192.0.2.5
	instances	= 100
	per_source	= 4
	server		= /usr/sbin/qpopper
	server_args	= popserver -f /etc/mail/tls.config
	only_from	= 192.0.2.0 127.0.0.1
	only_from	+= 2001:db8::1
	no_access	+= 192.0.2.66
	access_times	= 08:00-18:00
}
TEXT
old('etc/xinetd.d/off', "service x\n{\ndisable = yes\ntype = UNLISTED\n" .
    "port = 8110\nserver = /x/popper\n}\n");
old('etc/xinetd.d/pop3~', "garbage\n");
old('etc/mail/tls.config', <<"TEXT");
set tls-support = alternate-port
set tls-server-cert-file = /etc/mail/certs/cert.pem
TEXT
($code, $out, $err) = import_it('-x', $xinetd);
is($code, 1, 'xinetd: something was left out');
is(file_of($out, 'qpopper.conf'), "set statistics = true\n", 'the FAQ\'s example');
is(setting($out, 'qpopper', 'LIMIT'), 60, 'defaults count');
is(join(' ', map { setting($out, 'qpopper-tls', $_) }
    qw(IP PORT LIMIT PERHOST QUIET)), '192.0.2.5 995 100 4 -q', 'what xinetd says');
like(setting($out, 'qpopper-tls', 'CONF'), qr{/qpopper-tls\.conf$}, 'the name of the service');
is(file_of($out, 'qpopper-tls.conf'), "set tls-support = alternate-port\n" .
    "set tls-server-cert-file = /etc/mail/certs/cert.pem\n", 'as it was');
$access = file_of($out, 'access');
like($access, qr/^[#]\ is\ another\ list:\n[#]192\.0\.2\.67:deny\n[#]192\.0\.2\.66:deny\n
    [#]192\.0\.2\.:allow\n[#]127\.0\.0\.1:allow\n[#]2001:db8::1:allow\n[#]:deny\n/mx,
    'its rules');
like($access, qr/^# hosts\.allow and hosts\.deny say, too:\n#:deny$/m,
    'and those of TCP wrappers, which xinetd asks');
like($err, qr/^\S+ has another list, and access is one/m, 'which is told');
Pop::spew("$dir/rules/access", $access, 0644);
is(system("$Pop::TOP/scripts/rebuild-cdb $dir/rules"), 0, 'rebuild-cdb takes them');
unlink "$dir/old/etc/hosts.deny";
like($err, qr/x: is disabled, and left out/, 'disabled');
like($err, qr/access_times is not taken/, 'what has no place here');
like($err, qr/cps is not taken/, 'also of defaults');

for (["service pop3\nsocket_type = stream\n", qr/:2: a \{ is missing/],
    ["service pop3\n{\nserver = x\n", qr/the last block is not closed/],
    ["service pop3\n{\nserver\n}\n", qr/:3: this is no NAME = VALUE/],
    ["sevice pop3\n", qr/:1: this is neither/],
    ["include /etc/wrong\n", qr/too deep/]) {
	my ($text, $like) = @$_;
	($code, $out, $err) = import_it('-x', old('etc/wrong', $text));
	is("$code $out", '100 ', 'a wrong file of xinetd');
	like($err, $like, 'is told');
}

($code, $out, $err) = import_it('-x', old('etc/empty', "service pop3 {\nserver = " .
    "/a/popper\nserver_args =\ndisable =\ninstances =\nuser =\nport =\n}\n"));
is("$code " . setting($out, 'qpopper', 'PORT'), '0 110', 'attributes without a value');
unlike($err, qr/uninitialized/, 'are none');
for ('pop3', 'pop3 stream', '[::1]:pop3 stream tcp nowait root /usr/sbin/tcpd',
    'nosuchname stream tcp nowait root /x/popper qpopper') {
	($code, $out, $err) = import_it('-i', old('etc/wrong', "$_\n"));
	is($code, 100, "no line: $_");
	like($err, qr/\A(?:\S*wrong:1: .*left out.*\n)?import-qpopper: no line of.*\n\z/, 'is told');
}
($code, $out, $err) = import_it('-i', old('etc/quoted',
    "pop3 stream tcp nowait root /x/popper qpopper -s -T 'x\n"));
is("$code " . file_of($out, 'qpopper.conf') =~ s/#.*//r, "1 set statistics = true\n\n",
    'a quote without its other end');

# --- stand-alone

for (['popper 8110 -S -T600', undef, 8110],
    ['/usr/local/lib/popper 199.46.50.7:8110 -S', '199.46.50.7', 8110],
    ['popper [2001:db8::1]:8110', '2001:db8::1', 8110],
    ['popper 127.0.0.1', '127.0.0.1', 110], ['popper :8110', undef, 8110],
    ['-s', undef, 110]) {
	my ($line, $ip, $port) = @$_;
	($code, $out, $err) = import_it('-c', $line);
	my $name = $port == 110 ? 'qpopper' : "qpopper-$port";
	is("$code " . setting($out, $name, 'IP') . ' ' .
	    setting($out, $name, 'PORT'), '0 ' . ($ip || 0) . " $port", $line);
}
($code, $out, $err) = import_it('-c', 'popper -x -s');
is("$code " . file_of($out, 'qpopper.conf') =~ s/\t.*//gr, "0 set xtnd-xmit = false\n" .
    "set statistics = true\n", 'what was forbidden stays so when it comes');
is((import_it('-c', 'popper a:b:c'))[0], 100, 'no address');
is((import_it('-c', 'popper 99999999'))[0], 100, 'no port');

# --- files

my $config = old('etc/mail/qpopper.config', <<'TEXT');
# two lines of remarks stay,
	# where they are

  set   spool-dir	=	/var/spool/mail		# a remark
set hash-spool = 2
reset check-hash-spool
set bulldir = "/var/spool/bulls"
SET Kerberos
set tracefile = /var/log/pop.trace
set log-facility = local1
set tls-options = 0x00000800
set nonsense = 1
set timeout = many
set temp-name = 'x'
set config-file = /etc/mail/more.config
set config-file = /etc/mail/missing.config
TEXT
old('etc/mail/long', '#' . 'x' x 2000 . "\nset spool-dir = /" . 'y' x 1010 .
    "\n# a NUL: \0\nset log-facility = mail #" . 'z' x 980 . "\nset statistics\r\n");
($code, $out, $err) = import_it('-f', "$dir/old/etc/mail/long");
is(file_of($out, 'qpopper.conf') =~ s/(x|y|z)+/$1/gr, <<'TEXT', 'lines that are too long');
##x	# not here: the line is longer than 1023 octets
#set spool-dir = /y	# not here: the line is longer than 1023 octets
## a NUL: ?	# not here: the line has a NUL in it
set log-facility = mail #z
set statistics
TEXT
old('etc/mail/more.config', "reset reverse-lookup\nset drac-host = x\n" .
    "set config-file = /etc/mail/qpopper.config\n");
($code, $out, $err) = import_it('-f', $config, '-p', $Pop::POPPER);
is($code, 1, 'a configuration file: lines were left out');
my $text = file_of($out, 'qpopper.conf');
is($text =~ s/\t# (?:not )?here: .*//gr, <<'TEXT', 'line by line');
# two lines of remarks stay,
	# where they are

  set   spool-dir	=	/var/spool/mail		# a remark
set hash-spool = 2
reset check-hash-spool
#set bulldir = "/var/spool/bulls"
#SET Kerberos
#set tracefile = /var/log/pop.trace
set log-facility = local1
set tls-options = 0x00000800
#set nonsense = 1
#set timeout = many
#set temp-name = 'x'
set config-file = "/etc/popper/imported/more.config"
#set config-file = /etc/mail/missing.config
TEXT
like($text, qr/^#set bulldir.*\t# not here: .*bulletins.*\.popbull/m, 'why, behind it');
like($text, qr/^set log-facility.*\t# here: .*syslog/m, 'what differs');
like($text, qr/^set tls-options.*\t# here: has no effect/m, 'and what has no effect');
like($err, qr/^\S+qpopper\.config:13: "set timeout = many" is left out: /m, 'told');
is(() = $out =~ /^reset reverse-lookup/mg, 1, 'no line for what is reset');
like(file_of($out, 'more.config'), qr/^#set drac-host = x\t# not here: /m,
    'files that it names, too');
like($err, qr/"set config-file = \S*qpopper\.config" is left out: files name each/,
    'a circle of files has an end');

# What is wrong only because of other lines.
($code, $out, $err) = import_it('-f', old('etc/mail/two', <<'TEXT'));
set cache-name = .%s.mine
set tls-support = stls
set temp-name = .%s.mine
set tls-cipher-list = NONSENSE
set tls-version = SSLv3
TEXT
is(file_of($out, 'qpopper.conf') =~ s/\t# .*//gr, <<'TEXT', 'commented out all the same');
set cache-name = .%s.mine
#set tls-support = stls
#set temp-name = .%s.mine
#set tls-cipher-list = NONSENSE
#set tls-version = SSLv3
TEXT
is(file_of($out, 'service/qpopper/down'), '', 'without its TLS it stays down');

# A pass phrase is for nobody's eyes.
my $phrase = old('etc/mail/phrase', "set tls-passphrase = hush\n" .
    "#set tls-passphrase = hush2\nset tls-passphrase = \"hush3\nset tls-support = stls\n" .
    "set tls-server-cert-file = /c.pem\n");
($code, $out, $err) = import_it('-f', $phrase);
unlike("$out$err", qr/hush/, 'a pass phrase is not shown');
import_it('-f', $phrase, '-o', "$dir/phrase");
like(Pop::slurp("$dir/phrase/qpopper.conf"), qr/^set tls-passphrase = hush\t/m, 'but written');
is(sprintf('%o', (stat "$dir/phrase/qpopper.conf")[2] & 07777), '600', 'for root only');

# The guide's two ports with one common file.
old('etc/mail/common', "set tls-server-cert-file = /etc/mail/certs/cert.pem\n");
old("etc/mail/$_->[0]", "set config-file = /etc/mail/common\nset tls-support = $_->[1]\n")
    for ['p110', 'stls'], ['p995', 'alternate-port'];
($code, $out, $err) = import_it('-i', old('etc/two', join '', map {
    "$_->[0] stream tcp nowait root /usr/local/lib/popper qpopper -s -f /etc/mail/$_->[1]\n" }
    ['pop3', 'p110'], ['pop3s', 'p995']));
is($code, 0, 'two ports, one file');
is(file_of($out, 'qpopper-tls.conf'), "set statistics = true\n" .
    "set config-file = \"/etc/popper/imported/common\"\n" .
    "set tls-support = alternate-port\n", 'one of them, with its letters');
is(setting($out, 'qpopper-tls', 'QUIET'), '-q', 'TLS comes first there');
is(() = $out =~ /^==> \S*common <==/mg, 1, 'the common file is there once');
($code, $out) = import_it('-c', 'popper -s -f /etc/mail/common -l 1',
    '-c', 'popper 995 -f /etc/mail/common -l2');
is("$code " . file_of($out, 'qpopper.conf'), "0 set statistics = true\n" .
    "set config-file = \"/etc/popper/imported/common\"\nset tls-support = stls\n",
    'a file of two services is read by both');
is((import_it('-c', 'popper -f /etc/missing'))[0], 100, 'no such file');
is((import_it('-c', 'popper -f'))[0], 100, '-f without a file');

# A file has the name of its service, whatever another one is called.
old('etc/mail/qpopper-tls.conf', "set tls-server-cert-file = /etc/mail/certs/cert.pem\n" .
    "set config-file = /etc/mail/qpopper.conf\n");
old('etc/mail/qpopper.conf', "set statistics\n");
($code, $out) = import_it('-c', 'popper -f /etc/mail/qpopper-tls.conf -l 1', '-c',
    'popper 995 -f /etc/mail/qpopper-tls.conf -l2');
for (['qpopper', 'stls'], ['qpopper-tls', 'alternate-port']) {
	is(setting($out, $_->[0], 'CONF'), "/etc/popper/imported/$_->[0].conf", 'CONF');
	is(file_of($out, "$_->[0].conf"), 'set config-file = "/etc/popper/imported/' .
	    "qpopper-tls.conf-2\"\nset tls-support = $_->[1]\n", "of $_->[0]");
}
like(file_of($out, 'qpopper-tls.conf-2'), qr{/qpopper\.conf-2"$}m, 'two others');

# A quote within a value, as Qpopper wrote it.
($code, $out, $err) = import_it('-f', old('etc/mail/quote', <<'TEXT'));
set log-login = "(v%0) POP login by user \"%1\" at (%2) %3" # told
set log-login = "it's \"%1\""
set log-login = "it's `\"%1\""
set log-login = "%1"
TEXT
like(file_of($out, 'qpopper.conf'), qr/\A
    set\ log-login\ =\ '\(v%0\)\ POP\ login\ by\ user\ "%1"\ at\ \(%2\)\ %3'\ \#\ told\n
    set\ log-login\ =\ `it's\ "%1"`\n
    \#set\ log-login\ =\ "it's\ `\\"%1\\""\t\#\ not\ here:\ .*\n
    set\ log-login\ =\ "%1"\n\z/x, 'stands in quotes of another kind');

# Who could not log in, cannot.
for my $line ('set auth-file = etc/pop.users', 'set nonauth-file = etc/none',
    'set auth-file = "/etc/pop.users', 'set clear-text-password = nonsense',
    'set block-uid = many', 'set check-shell = perhaps',
    'set check-password-expired = perhaps', 'set config-file = etc/more',
    'set config-file = /etc/mail/missing', 'set tls-client-required = perhaps') {
	($code, $out, $err) = import_it('-f', old('etc/mail/who', "$line\n"));
	is($code . (file_of($out, 'service/qpopper/down') // ' is up'), '1', $line);
	like($err, qr/the service stays down: .*(?:was left out|cannot be had)$/m, 'why');
}
old('etc/mail/inner', "set auth-file = x\n");
($code, $out) = import_it('-f', old('etc/mail/who', "set config-file = /etc/mail/inner\n"));
is(file_of($out, 'service/qpopper/down'), '', 'also by a line of a file in a file');
($code, $out) = import_it('-f', old('etc/mail/who', "set timeout = many\n"));
is("$code " . (file_of($out, 'service/qpopper/down') // 'up'), '1 up', 'others do not matter');
like((import_it('-f', old('etc/mail/who', 'set config-file = /etc/mail/who')))[2],
    qr/files name each/, 'a file that names itself');

($code, $out, $err) = import_it('-c', 'popper -s -p 7');
is("$code " . file_of($out, 'service/qpopper/down'), '1 ', 'nor a letter that is wrong');
for (['auth-file', 1], ['nonauth-file', 1], ['cache-dir', 0]) {
	($code, $out, $err) = import_it('-f', old('etc/mail/who', "set $_->[0] = /no/where\n"));
	is($code, $_->[1], "$_->[0] that is not there");
	like($err, qr{^\S+/who:1: names what is not there now: /no/where: }m, 'is told');
}

# What the service's own accounts read, they can, whatever the shell's umask.
my $old_mask = umask 077;
import_it('-c', '-s', '-o', "$dir/closed/imported");
umask $old_mask;
is(join(' ', map { sprintf '%o', (stat "$dir/closed$_")[2] & 07777 } '', '/imported',
    '/imported/service/qpopper/log', '/imported/service/qpopper/log/main',
    '/imported/service/qpopper/log/run', '/imported/qpopper.conf'),
    '755 755 755 750 755 644', 'modes of a service');

# Users' own files: told before they keep somebody out.
old('etc/passwd', join '', map { "$_:x:1:1::/home/$_:/bin/sh\n" }
    qw(alice bob carol dan eve frank));
make_path(map { "$dir/old/$_" } map({ "home/$_" } qw(alice bob carol dan eve frank)),
    'var/mail/a/b');
old('home/alice/.qpopper-options', "# mine\nset timeout = 600\nset statistics\n" .
    "set max-bulletins = 3\nset bulldb-nonfatal\nset uw-kludge\n");
old('home/bob/.qpopper-options', "set debug\nset timeout = 3600\nset nonsense\n" .
    "reset bulldir\nset tracefile = $dir/stray\nset spool-dir = /x\n");
symlink "$dir/old/home/bob/.qpopper-options", "$dir/old/home/carol/.qpopper-options";
system 'mkfifo', "$dir/old/home/dan/.qpopper-options";
old('home/eve/.qpopper-options', "set statistics = maybe\e[2J\n" . '#' x 70000);
old('home/frank/.qpopper-options', "set drac-host = x\n" x 30);
old('var/mail/.alice.qpopper-options', "set debug\nset drac-host = x\nset bulldir = /y\n" .
    "set server-mode = 2\nset shy\n");
old('var/mail/a/b/.ann.qpopper-options', "set shy\n");
my $own = old('etc/mail/own', "set user-options\nset timing\n");
($code, $out, $err) = import_it('-f', $own);
my %told;
push @{ $told{$1} }, $2 while $err =~ m{^$dir/old/home/(\w+)/\.qpopper-options:(\d+): }mg;
is(join(' ', map { "$_:@{ $told{$_} }" } sort keys %told),
    'bob:1 2 3 4 5 6 frank:' . join(' ', 1 .. 14), 'lines that refuse a log-in');
is($code, 1, 'are something to look at');
like($err, qr/bob\/\S+:1: debug cannot be set in this file; .*cannot log in$/m, 'why');
like($err, qr/bob\/\S+:2: timeout is at most 1800 here;/, 'a bound of the home');
like($err, qr/: 16 more such lines\n/, 'not without end');
like($err, qr/: by this 3 files .* were found, .*grep -HinE/, 'how others are found');
unlike($err, qr/^\S*\.alice\.qpopper/m, 'the spool is not looked at');
ok(!-e "$dir/stray", 'a trace file was not made');
unlink "$dir/old/home/$_/.qpopper-options" for qw(bob frank);
is((import_it('-f', $own))[0], 0, 'nothing to tell');
old('etc/mail/own', "set spool-options\nset spool-dir = /var/mail\n");
($code, $out, $err) = import_it('-f', $own);
is(join(' ', $err =~ m{^$dir/old/var/mail/(\S+): }mg), '.alice.qpopper-options:4 ' .
    '.alice.qpopper-options:5', 'in the spool folder more is allowed');
old('etc/mail/own', "set spool-options\nset hash-spool = 2\nset user-options\n");
($code, $out, $err) = import_it('-f', $own);
like($err, qr{^$dir/old/var/mail/a/b/\.ann\.qpopper-options:1: shy cannot}m, 'a hashed one');

# The lists of what may stand there are the manual's.
my ($manual, $pm) = map { Pop::slurp("$Pop::TOP/$_") } 'man/qpopper.conf.5',
    'scripts/Import/Users.pm';
for (['BOTH', 'both users\' files'], ['SPOOL', 'the spool folder\'s file']) {
	my ($name, $words) = @$_;
	my ($list) = $pm =~ /^my %$name = .*? qw\((.*?)\)/ms;
	my @want = map { /\A(\S+)/ } grep { /^Also in \Q$words\E/m }
	    split /^\.It Cm /m, $manual;
	is(join(' ', sort split ' ', $list), join(' ', sort @want), "options of $words");
}

# What is printed is always accepted.
($code, $out) = import_it('-f', $config, '-o', "$dir/printed");
is(`$Pop::POPPER --check-config -f $dir/printed/qpopper.conf 2>/dev/null; echo \$?`, "0\n", 'popper takes what was written');

# Nothing is written over.
my $before = Pop::slurp("$dir/printed/qpopper.conf");
($code, $out, $err) = import_it('-f', $config, '-o', "$dir/printed");
like("$code $err", qr/^100 .* is there already: nothing was written/s, 'not twice');
unlink "$dir/printed/more.config";
import_it('-f', $config, '-o', "$dir/printed");
ok(!-e "$dir/printed/more.config", 'and not in part');
is(Pop::slurp("$dir/printed/qpopper.conf"), $before, 'it is as it was');

# --- pop.auth

sub value { return ("$_[0]\0" ^ "\xff" x (1 + length $_[0])) . ($_[1] || '') }
sub fresh { Pop::spew("$dir/cdb/secrets", $_[0] || '', 0600) }
sub secrets { return Pop::slurp("$dir/cdb/secrets") }
sub auth { return import_it('-a', $_[0], '-o', "$dir/nothing") }

my %user = (alice => 'tanstaaf', bob => 'a secret: with {all}', 'c.d@e' => 'x' x 511);
my $right = join '', map { "$_:{apop}$user{$_}\n" } sort keys %user;
my %record = map { ("$_\0" => value($user{$_})) } keys %user;
$record{"bob\0"} .= 'MD5verifier==';

# GDBM files as machines of all kinds write them.
sub gdbm_file {
	my ($order, $kind, %r) = @_;
	my ($off, $head, $table, $size) = @{ { 64 => [8, 136, 112, 24],
	    lfs => [8, 108, 84, 24], 32 => [4, 80, 60, 20] }->{$kind} };
	my $int = sub { pack "${order}*", @_ };
	my $long = sub { $off == 4 ? pack "${order}*", @_ :
	    pack $order eq 'V' ? 'Q<*' : 'Q>*', @_ };
	my $elements = 1 + int((1024 - $head) / $size);
	my $data = '';
	my @e = map { my $at = 3072 + length $data; $data .= $_ . $r{$_};
	    $int->(1) . substr("$_\0\0\0\0", 0, 4) . $long->($at) .
	    $int->(length $_, length $r{$_}) } sort keys %r;
	my $bucket = "\0" x $table . join '', @e, map { $int->(0xffffffff) .
	    "\0" x ($size - 4) } @e + 1 .. $elements;
	my $text = $int->($kind eq '64' ? 0x13579acf : 0x13579ace, 1024) .
	    $long->(1024) . $int->(2 * $off, 1, 1024, $elements) . $long->(4096);
	return pack('a1024 a1024 a1024', $text, $long->(2048, 2048), $bucket) . $data;
}
# One page of ndbm.
sub page {
	my ($order, @items) = @_;
	my ($at, $data, @offsets) = (1024, '');
	for (@items) {
		$at -= length;
		$data = $_ . $data;
		push @offsets, $at;
	}
	return pack("a$at", pack "${order}*", scalar @items, @offsets) . $data;
}
sub pages {
	my ($order) = @_;
	return join "\0" x 1024, map { page($order, $_, $record{$_}) } sort keys %record;
}

my %file;
for my $order ('V', 'N') {
	$file{"gdbm $order $_"} = Pop::spew("$dir/$order$_", gdbm_file($order, $_, %record))
	    for 64, 'lfs', 32;
}
Pop::spew("$dir/$_->[0].pag", pages($_->[1])) && Pop::spew("$dir/$_->[0].dir", '')
    for ['le', 'v'], ['be', 'n'];
@file{'ndbm little', 'ndbm big'} = ("$dir/le", "$dir/be.dir");
my $head = "VERSION=3\nformat=bytevalue\ntype=hash\nHEADER=END\n";
$file{'db_dump'} = Pop::spew("$dir/dump", $head . join('', map {
    ' ' . unpack('H*', $_) . "\n" } %record) . "DATA=END\n");
for my $kind ('GDBM_File', 'NDBM_File', 'DB_File') {
	eval "require $kind" or next;
	my $name = "$dir/$kind";
	tie my %h, $kind, $name, $kind eq 'GDBM_File' ?
	    GDBM_File::GDBM_NEWDB() : O_RDWR | O_CREAT, 0600 or die "$kind: $!";
	%h = (%record, map { ("gone$_\0" => value('gone')) } 1 .. 300);
	delete $h{"gone$_\0"} for 1 .. 300;
	untie %h;
	$file{$kind} = $name;
}
# what the manual has for the old host
if ($file{NDBM_File}) {
	my ($perl) = Pop::slurp("$Pop::TOP/man/import-qpopper.8") =~
	    m{^(perl -MAnyDBM_File.*?) /etc/pop\.auth >}ms;
	$perl =~ s/\\e/\\/g;
	system "$perl $dir/NDBM_File >$dir/exported";
	$file{'the manual\'s export'} = "$dir/exported";
}
for my $kind (sort keys %file) {
	fresh();
	($code, $out, $err) = auth($file{$kind});
	is("$code " . secrets(), "0 $right", $kind);
	like($err, qr/SCRAM-MD5 verifiers of 1 users are not taken/, 'a verifier');
}
is(sprintf('%o', (stat "$dir/cdb/secrets")[2] & 07777), '600', 'for root only');
is(`cdb -q $dir/cdb/secrets.cdb abob`, $user{bob}, 'and in the CDB');
ok(!-e "$dir/cdb/.import", 'nothing is left behind');

# Without -o nothing is written, and a secret is shown to nobody.
fresh();
($code, $out, $err) = import_it('-a', $file{'gdbm V 64'});
like("$code $out", qr/^0 .*: 3 users would be added/, 'a look only');
unlike("$out$err", qr/tanstaaf/, 'no secret is shown');
is(secrets(), '', 'nothing is written');
like($err, qr/no account here.*so no log-in yet: .*c\.d\@e/, 'users without an account');

# Those that are there stay.
fresh("# mine\nalice:{apop}other\nbob:{apop}$user{bob}");
($code, $out, $err) = auth($file{'gdbm V 64'});
is("$code " . secrets(), "1 # mine\nalice:{apop}other\nbob:{apop}$user{bob}\n" .
    "c.d\@e:{apop}$user{'c.d@e'}\n", 'secrets that are there stay');
like($err, qr/user "alice" has another secret here, and keeps it/, 'and are told');
like($err, qr/1 users have their secret already/, 'the same is no fault');
unlike($err, qr/other(?! secret)|tanstaaf/, 'no secret is told');
fresh("nonsense\n");
($code, $out, $err) = auth($file{'gdbm V 64'});
is("$code " . secrets(), "100 nonsense\n", 'a source that is wrong is left alone');

# Bad records are told by name; the others go on.
sub bad_record {
	my ($key, $value, $like, $what) = @_;
	fresh();
	($code, $out, $err) = auth(Pop::spew("$dir/bad",
	    gdbm_file('V', 64, "alice\0" => value('tanstaaf'), $key => $value)));
	is("$code " . secrets(), "1 alice:{apop}tanstaaf\n", $what);
	like($err, $like, 'is told');
	unlike($err, qr/[^ -~\n]/, 'safely');
}
bad_record("bob", value('x'), qr/"bob".*NUL/, 'a name without its NUL');
bad_record("../b\0", value('x'), qr/"\.\.\/b".*cannot be/, 'a path');
bad_record("a:b\0", value('x'), qr/"a:b".*cannot be/, 'a colon');
bad_record("a\nb\0", value('x'), qr/"a\\x0ab".*cannot be/, 'a line end');
bad_record('b' x 64 . "\0", value('x'), qr/"b+".*cannot be/, 'a long name');
bad_record("bob\0", 'x', qr/"bob".*no end/, 'a secret without its NUL');
bad_record("bob\0", value(''), qr/"bob".*no APOP secret/, 'no secret');
bad_record("bob\0", value("a\nb"), qr/"bob".*printable/, 'a secret with a line end');
bad_record("bob\0", value("\xe4"), qr/"bob".*printable/, 'a secret with a umlaut');
bad_record("bob\0", value('x' x 512), qr/"bob".*longer/, 'a long secret');
bad_record("bob\0", value('x') . 'y' x 5000, qr/"bob".*too long/, 'a huge value');

# Damaged files: told, in no time, and nobody is left out without a word.
my $good = gdbm_file('V', 64, %record);
sub hostile {
	my ($what, $text, $want, $like, $name) = @_;
	fresh();
	my $start = time;
	($code, $out, $err) = auth(Pop::spew("$dir/" . ($name || 'hostile'), $text));
	is($code, $want, $what);
	like($err, $like, 'is told');
	cmp_ok(time - $start, '<', 20, 'at once');
	return secrets();
}
hostile('an empty file', '', 100, qr/is empty/);
hostile('a text', "root:x:0:0\n" x 100, 100, qr/is no database/);
hostile('a header alone', substr($good, 0, 40), 100, qr/directory is not there/);
hostile('less than that', substr($good, 0, 20), 100, qr/cut off/);
hostile('a bucket that is cut off', substr($good, 0, 2500), 1, qr/lies outside/);
is(hostile('records that are cut off', substr($good, 0, 3200), 1,
    qr/begins with "c\.d\@" lies outside/),
    "alice:{apop}tanstaaf\nbob:{apop}$user{bob}\n", 'others are there');
for (['dir', 8, pack 'Q<', 1 << 60], ['dir', 8, pack 'q<', -8],
    ['dir_size', 16, pack 'V', 0xfffffff8], ['bits', 20, pack 'V', 31],
    ['bucket_size', 24, pack 'V', 0], ['bucket_size', 24, pack 'V', 0xffffffff],
    ['bucket_elems', 28, pack 'V', 0x7fffffff]) {
	my ($name, $at, $octets) = @$_;
	substr(my $text = $good, $at, length $octets) = $octets;
	hostile("a header with a wrong $name", $text, 100, qr/damaged|cut off/);
}
# and elements that are all of the same octets
my $few = substr($good, 0, 2048 + 112) . (pack('V a4 Q< V2', 1, "aaaa", 3072, 0, 600) x 37);
is(hostile('a bucket of one record, many times', pack('a3072', $few) .
    'x' x 600, 1, qr/more records are named/), '', 'none of it is taken');
hostile('a dump of a million records and more', $head . " \n" x 2100000 . "DATA=END\n",
    100, qr/has more than 1048576 records/);
# a directory of many buckets that overlap
my $wide = pack('V2 Q< V4', 0x13579acf, 1024, 1024, 8 << 20, 20, 1024, 38);
hostile('buckets without end', pack('a1024', $wide) .
    pack('Q<*', map { 8 * $_ } 1 .. 1 << 20), 1, qr/more (?:buckets|records) are named/);
substr(my $huge = $good, 2048 + 112 + 16, 4) = pack 'V', 0xffffffff;
hostile('a key of 4 GB', $huge, 1, qr/lies outside of the file, or is too long/);
hostile('pages of noise', join('', map { pack 'v*', 500, map { $_ } 1 .. 511 }
    1 .. 20), 100, qr/is no ndbm file/, 'noise.pag');
hostile('a page among them', page('v', "a\0", value('x')) . "\xff" x 1024, 1,
    qr/page 1 is damaged/, 'some.pag');
is(secrets(), "a:{apop}x\n", 'the others are taken');
hostile('half a page', page('v', "a\0", value('x')) . "\0" x 100, 1,
    qr/last page is cut off/, 'half.pag');
hostile('offsets that go up', pack('v5 x1014', 4, 1000, 990, 995, 900), 100,
    qr/no ndbm file/, 'up.pag');
hostile('offsets within the offsets', pack('v3 x1018', 2, 1000, 3), 100,
    qr/no ndbm file/, 'low.pag');
for ([0, 'V', 0x061561], [12, 'N', 0x053162]) {
	hostile('Berkeley DB', pack("x$_->[0] $_->[1] x64", $_->[2]), 100,
	    qr/Berkeley DB.*db_dump/);
}
if ($file{DB_File}) {
	my $text = Pop::slurp($file{DB_File});
	hostile('a head of Berkeley DB', substr($text, 0, 512), 100, qr/Berkeley DB/);
}
hostile('a dump without an end', $head . " 6100\n", 1, qr/no end/);
hostile('a dump that is none', $head . "6100\n", 100, qr/no blank/);
open my $sparse, '>', "$dir/sparse.pag" or die;
truncate $sparse, 1 << 40;
close $sparse;
($code, $out, $err) = auth("$dir/sparse");
like("$code $err", qr/^100 .*larger than 64 MiB/, 'a huge one');
system 'mkfifo', "$dir/fifo";
($code, $out, $err) = auth("$dir/fifo");
like("$code $err", qr/^100 .*no regular file/, 'a FIFO');

# The lock of popauth and rebuild-cdb is waited for.
fresh();
open my $held, '+>>', "$dir/cdb/.lock" or die;
flock $held, LOCK_EX or die;
my $waiter = fork // die;
if (!$waiter) {
	open STDOUT, '>', '/dev/null';
	open STDERR, '>&', \*STDOUT;
	exec @program, '-a', $file{'gdbm V 64'}, '-o', "$dir/nothing";
}
my $patience = time + $Pop::PATIENCE;
until (-e "/proc/$waiter/fd" && grep { (readlink || '') eq "$dir/cdb/.lock" }
    glob "/proc/$waiter/fd/*") {
	last if time > $patience;
	select undef, undef, undef, 0.02;
}
is(secrets(), '', 'it waits for the lock');
close $held;
waitpid $waiter, 0;
is("$? " . secrets(), "0 $right", 'and goes on');

# --- a service that was imported

SKIP: {
	skip 'a service needs root here', 1 if $>;
	skip 'a sanitizer needs more than the service\'s 64 MB', 1
	    if $Pop::BUILD =~ /asan/;
	my $host = Pop->new(users => []);
	my $d = $host->{dir};
	Pop::spew("$d/cdb/users", "alice:$host->{uid}:$host->{gid}:$d/home\n", 0644);
	Pop::spew("$d/cdb/access", "127.:allow\n:deny\n", 0644);
	$host->spool('alice', Mbox::message(1) . Mbox::message(2));
	local %ENV = (%ENV, PREFIX => "$d/usr", SYSCONFDIR => "$d/etc",
	    MANDIR => "$d/usr/man", LIBEXECDIR => "$d/usr/lib/popper",
	    EMPTYDIR => "$d/empty", RUNDIR => "$d/run", DESTDIR => '',
	    BUILD => $Pop::BUILD);
	is(system("cd $Pop::TOP && scripts/install >/dev/null"), 0, 'installed');
	my $free = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1');
	my $port = $free->sockport;
	close $free;
	old('etc/mail/live', "set spool-dir = $d/spool\nset cdb-dir = $d/cdb\n" .
	    "set empty-dir = $d/empty\nset bulldir = /var/spool/bulls\n");
	my $line = old('etc/live', "127.0.0.1:$port stream tcp nowait.50 root " .
	    "/usr/local/lib/popper qpopper -s -T60 -f /etc/mail/live\n");
	# all from where it was installed
	($code, $out, $err) = import_as("$d/usr/sbin/import-qpopper", '-r',
	    "$dir/old", '-i', $line, '-a', $file{'gdbm N 32'}, '-d', "$d/cdb",
	    '-o', "$d/imported");
	is($code, 1, 'imported, but for bulletins');
	like($out, qr{^$d/imported/service/qpopper-$port: port $port, ready$}m, 'ready');
	# the account of the log, and the folders, are this scratch host's
	my $settings = Pop::slurp("$d/imported/service/qpopper-$port/settings");
	like($settings, qr{^BIN=$d/usr/sbin$}m, 'this installation');
	my $loguser = $host->{uid} + 1;
	$settings =~ s/^LOGUSER=\S+/LOGUSER=$loguser/m;
	$settings =~ s{^CDB=\S+}{CDB=$d/cdb}m;
	Pop::spew("$d/imported/service/qpopper-$port/settings", $settings);
	chown $loguser, -1, "$d/imported/service/qpopper-$port/log/main";
	my $svscan = fork // die;
	if (!$svscan) {
		open STDOUT, '>', "$d/svscan";
		open STDERR, '>&', \*STDOUT;
		exec 's6-svscan', "$d/imported/service";
	}
	my ($sock, $end) = (undef, time + $Pop::PATIENCE);
	until ($sock = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port)) {
		last if time > $end;
		select undef, undef, undef, 0.05;
	}
	my $s = bless { sock => $sock, code => 0, buf => '', raw => '' }, 'Pop::Session';
	$s->{greeting} = $s->line;
	like($s->apop('alice', $user{alice}), qr/^\+OK alice has 2 visible messages/,
	    'alice logs in with the secret that she had');
	is($s->cmd('QUIT') =~ s/ .*//r, '+OK', 'and out');
	my $log = "$d/imported/service/qpopper-$port/log/main/current";
	until ((Pop::slurp($log) || '') =~ /Stats: alice/ || time > $end) {
		select undef, undef, undef, 0.05;
	}
	like(Pop::slurp($log), qr/Stats: alice 0 0 2/, 'the log has her line, as -s says');
	unlike(Pop::slurp($log), qr/canonical/, 'and no warning of names');
	system 's6-svscanctl', '-t', "$d/imported/service";
	waitpid $svscan, 0;
	is(system("cd $Pop::TOP && scripts/install --remove >/dev/null"), 0, 'removed');
	is(join(' ', glob "$d/usr/sbin/* $d/usr/share/*"), '', 'all of it');
}
done_testing;
