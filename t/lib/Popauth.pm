# A mail host's /etc for the tests of popauth, whose paths are fixed: in a mount
# namespace of the test's own, where /etc is laid over by a scratch folder.
package Popauth;
use strict;
use warnings;
use Cwd qw(abs_path);
use Digest::SHA qw(hmac_sha256 sha256);
use File::Temp qw(tempdir);
use IO::Select;
use MIME::Base64;
use Pop;
use POSIX ();

our $CDB = '/etc/popper/cdb';
our $PROGRAM = "$Pop::BUILD/popauth";
our $REBUILD = "$Pop::TOP/scripts/rebuild-cdb";
# the scratch folder: no nosuid, and gone with the namespace
our $DIR = $ENV{POPAUTH_DIR};
our %UID = (alice => 1879000301, bob => 1879000302, twin => 1879000303,
    pop => 1879000310, daemon => 1);

# Runs the rest of the test in there; without it the test is skipped.
sub enter {
	return prepare() if $DIR;
	skip('not root') if $>;
	# it looks for leaks by ptrace, and a set-uid one takes no option
	skip('a sanitizer is no set-uid program') if $Pop::BUILD =~ /asan/;
	my $dir = tempdir('popper-popauth.XXXXXX', TMPDIR => 1, CLEANUP => 1);
	chmod 0755, $dir;
	my $mount = 'mount -t tmpfs -o mode=755 tmpfs "$0"; ' .
	    'mkdir "$0/upper" "$0/work"; chmod 755 "$0/upper"; ' .
	    'mount -t overlay overlay -o ' .
	    '"lowerdir=/etc,upperdir=$0/upper,workdir=$0/work" /etc; ';
	my @in = ('unshare', '-m', 'sh', '-ec');
	skip('no mount namespace with an overlay')
	    if system(@in, "{ $mount } 2>/dev/null", $dir);
	$ENV{POPAUTH_DIR} = $dir;
	exit(system(@in, $mount . 'exec "$@"', $dir, $^X, abs_path($0)) >> 8);
}

sub skip {
	print "1..0 # SKIP $_[0]\n";
	exit 0;
}

sub prepare {
	my $passwd = Pop::slurp('/etc/passwd');
	$passwd .= "$_:x:$UID{$_}:$UID{$_}::/:/bin/sh\n" for qw(alice bob twin pop);
	$passwd .= "other:x:$UID{twin}:1::/:/bin/sh\n";
	Pop::spew('/etc/passwd', $passwd, 0644);
	Pop::spew('/etc/nsswitch.conf', "passwd: files\n", 0644);
	fresh();
}

# An empty folder of CDBs.
sub fresh {
	system('rm', '-rf', $CDB);
	mkdir '/etc/popper';
	mkdir $CDB;
	chmod 0755, '/etc/popper', $CDB;
}

# popauth with a set-uid bit, or without.
sub program {
	my ($owner) = @_;
	my $file = "$DIR/popauth." . ($owner // 'plain');
	return $file if -e $file;
	system('cp', $PROGRAM, $file) == 0 or die;
	chown $UID{$owner} // 0, 0, $file if defined $owner;
	chmod defined $owner ? 04755 : 0755, $file;
	return $file;
}

# Starts it with these words: a pid.  uid; input: what standard input gives;
# change: what fd 3 gives; before: words in front; env; wild: a function that
# makes the process unfriendly.
sub start {
	my ($program, $words, %opt) = @_;
	my $n = $opt{n} // '';
	my $in = Pop::spew("$DIR/in$n", $opt{input} // '');
	my $three = Pop::spew("$DIR/three$n", $opt{change} // '');
	my $pid = fork // die;
	return $pid if $pid;
	local $^F = 100;	# fd 3 is to stay
	%ENV = (PATH => $ENV{PATH}, %{ $opt{env} || {} });
	open STDIN, '<', $in or die;
	open STDOUT, '>', "$DIR/out$n" or die;
	open STDERR, '>', "$DIR/err$n" or die;
	open my $fh, '<', $three or die;
	POSIX::dup2(fileno $fh, 3) if defined $opt{change};
	if ($opt{uid}) {
		$( = $opt{uid};
		$) = "$opt{uid} $opt{uid}";
		POSIX::setuid($opt{uid});
	}
	$opt{wild}->() if $opt{wild};
	{ no warnings; exec { ($opt{before} // [$program])->[0] }
	    @{ $opt{before} // [] }, $program, @$words; }
	POSIX::_exit(127);
}

# The same, and waits: exit code, output, errors.
sub run {
	my ($program, $words, %opt) = @_;
	my $pid = start($program, $words, %opt);
	waitpid $pid, 0;
	my $n = $opt{n} // '';
	my $code = $? & 127 ? 'signal ' . ($? & 127) : $? >> 8;
	return ($code, Pop::slurp("$DIR/out$n"), Pop::slurp("$DIR/err$n"));
}

# Starts it on a terminal of its own: the pid and our end.
sub on_tty {
	my ($program, $words, $uid) = @_;
	open my $fh, '+<', '/dev/ptmx' or die "/dev/ptmx: $!";
	my $n = pack 'i', 0;
	ioctl $fh, 0x40045431, $n or die;	# TIOCSPTLCK
	ioctl $fh, 0x80045430, $n or die;	# TIOCGPTN
	my $name = '/dev/pts/' . unpack 'i', $n;
	my $pid = fork // die;
	if ($pid == 0) {
		POSIX::setsid();
		open my $tty, '+<', $name or die;
		ioctl $tty, 0x540e, 0;		# TIOCSCTTY
		POSIX::dup2(fileno $tty, $_) for 0 .. 2;
		if ($uid) {
			chown $uid, -1, $name;
			$( = $uid;
			$) = "$uid $uid";
			POSIX::setuid($uid);
		}
		exec $program, @$words or POSIX::_exit(127);
	}
	return { pid => $pid, fh => $fh, name => $name, all => '' };
}

# Waits until the terminal shows this.
sub sees {
	my ($t, $re) = @_;
	my $sel = IO::Select->new($t->{fh});
	until ($t->{all} =~ $re) {
		return 0 unless $sel->can_read($Pop::PATIENCE);
		return 0 unless sysread $t->{fh}, $t->{all}, 1000,
		    length $t->{all};
	}
	return 1;
}

sub types {
	my ($t, $text) = @_;
	syswrite $t->{fh}, $text;
}

sub echoes { return `stty -a <$_[0]{name}` =~ /(?<!-)\becho\b/ ? 1 : 0 }

# The end: the exit code.
sub ended {
	my ($t) = @_;
	local $SIG{ALRM} = sub { kill 'KILL', $t->{pid} };
	alarm $Pop::PATIENCE;
	waitpid $t->{pid}, 0;
	alarm 0;
	return $? & 127 ? 'signal ' . ($? & 127) : $? >> 8;
}

sub source { return Pop::slurp(($_[0] // $CDB) . '/secrets') }

# What is in a CDB, as text.
sub dump_of { my $d = $_[0] // $CDB; return scalar `cdb -d $d/secrets.cdb` }

# Does the CDB say what rebuild-cdb makes of the source?
sub agrees {
	my ($dir) = @_;
	$dir //= $CDB;
	my $was = Pop::slurp("$dir/secrets.cdb");
	system($REBUILD, $CDB) == 0 or return 0;
	return Pop::slurp("$dir/secrets.cdb") eq $was;
}

# RFC 5802's verifier of a password.
sub verifier {
	my ($password, $salt, $n) = @_;
	my $u = my $sum = hmac_sha256($salt . pack('N', 1), $password);
	for (2 .. $n) {
		$u = hmac_sha256($u, $password);
		$sum ^= $u;
	}
	return "$n:" . encode_base64($salt, '') . '$' .
	    encode_base64(sha256(hmac_sha256('Client Key', $sum)), '') . ':' .
	    encode_base64(hmac_sha256('Server Key', $sum), '');
}

# Are these secrets in the source, and the CDB, right for the password?
sub knows {
	my ($name, $password, $dir) = @_;
	$dir //= $CDB;
	my $source = source($dir);
	my ($n, $salt) = $source =~
	    /^\Q$name\E:\{scram-sha-256\}(\d+):([^\$]*)\$/m or return 0;
	my $v = verifier($password, decode_base64($salt), $n);
	return $source =~ /^\Q$name:{apop}$password\E$/m &&
	    $source =~ /^\Q$name:{scram-sha-256}$v\E$/m &&
	    length(decode_base64($salt)) == 16 && $n == 4096 &&
	    `cdb -q $dir/secrets.cdb 'a$name'` eq $password &&
	    `cdb -q $dir/secrets.cdb 's$name'` eq $v;
}

1;
