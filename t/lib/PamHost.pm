# A host with accounts and PAM services of its own: a test goes on in a mount
# namespace whose /etc is a copy, so that real modules read, and change, real
# files, and the system's are not touched.
package PamHost;
use strict;
use warnings;
use File::Path qw(make_path);
use File::Temp qw(tempdir);
use IO::Select;
use Pop;
use POSIX ();

our $POPPAM = "$Pop::BUILD/poppam";
our $POPID = "$Pop::BUILD/popid";
my $STORE = "$Pop::TOP/build/pam-modules";
my $INSIDE = 'POPPER_TEST_ETC';

# Why there can be none: undef if there can.
sub missing {
	return undef if $ENV{$INSIDE};
	return 'needs root' if $> != 0;
	return 'no mount namespaces' if system('unshare', '-m', 'sh', '-c',
	    'mount -t tmpfs tmpfs /mnt 2>/dev/null') != 0;
	return undef;
}

# Begins the test anew inside, unless it is there.
sub enter {
	return if $ENV{$INSIDE};
	$ENV{$INSIDE} = $$;
	exec 'unshare', '-m', $^X, $0;
	die "unshare: $!";
}

# Debian's libpam-pwdfile, unpacked once and never installed: the module's
# path, or undef if it cannot be had.
sub pwdfile {
	make_path($STORE);
	system('sh', '-ec', <<'END', $STORE) == 0 or return undef;
exec >&2 9>"$0/lock"
flock 9
cd "$0"
get() {
	timeout 120 apt-get -qq -o APT::Sandbox::User=root download \
	    libpam-pwdfile
}
[ -e root ] || {
	get || { timeout 120 apt-get -qq update && get; }
	dpkg -x libpam-pwdfile_*.deb new
	mv new root
	rm libpam-pwdfile_*.deb
}
END
	my ($so) = glob "$STORE/root/{usr/,}lib/*/security/pam_pwdfile.so";
	return $so;
}

# Users have the password "secret".  Each: name, uid, and what differs in
# shadow: hash, changed (days ago), max, expire (days from now).
sub new {
	my ($class, @users) = @_;
	my $dir = tempdir('popper-test.XXXXXX', TMPDIR => 1, CLEANUP => 1);
	chmod 0755, $dir;
	mkdir "$dir/etc";
	my $self = bless { dir => $dir, pid => $$ }, $class;
	system('sh', '-ec', <<'END', $dir) == 0 or die 'no /etc of our own';
mount -t tmpfs -o mode=755 tmpfs "$0/etc"
cp -a /etc/. "$0/etc"
for f in "$0"/etc/pam.d/*; do
	case $f in */common-*) ;; *) rm -rf "$f" ;; esac
done
rm -rf "$0/etc/nologin" "$0/etc/popper"
mount --bind "$0/etc" /etc
umount "$0/etc"
END
	Pop::spew('/etc/nsswitch.conf',
	    "passwd: files\nshadow: files\ngroup: files\n");
	my $today = int(time / 86400);
	my ($passwd, $shadow, $group) = ('', '', '');
	for (@users) {
		my ($name, $uid, %s) = @$_;
		$passwd .= "$name:x:$uid:${uid}::$dir:/bin/sh\n";
		$group .= "$name:x:$uid:\n";
		next if $s{no_shadow};
		$shadow .= join(':', $name,
		    defined $s{hash} ? $s{hash} : $Pop::HASH,
		    $today - ($s{changed} || 0), $s{min} || 0,
		    $s{max} || 99999, 7, '',
		    defined $s{expire} ? $today + $s{expire} : '', '') . "\n";
	}
	add('/etc/passwd', $passwd);
	add('/etc/shadow', $shadow);
	add('/etc/group', $group);
	$self->service('other', "auth required pam_permit.so\n",
	    "account required pam_permit.so\n",
	    "password required pam_permit.so\n",
	    "session required pam_permit.so\n");
	return $self;
}

sub add {
	my ($file, $text) = @_;
	open my $fh, '>>', $file or die "$file: $!";
	print $fh $text;
	close $fh or die "$file: $!";
}

sub service {
	my ($self, $name, @lines) = @_;
	Pop::spew("/etc/pam.d/$name", join('', @lines), 0644);
}

# Runs a program with this on fd 3, or nothing there if it is not defined:
# exit code (or -1), standard output, standard error.
sub run {
	my ($given, $cmd, %env) = @_;
	pipe my $in, my $to or die;
	pipe my $out, my $out_w or die;
	pipe my $err, my $err_w or die;
	my $pid = fork;
	die "fork: $!" unless defined $pid;
	if ($pid == 0) {
		%ENV = (PATH => $ENV{PATH}, TCPREMOTEIP => '192.0.2.1',
		    ASAN_OPTIONS => $ENV{ASAN_OPTIONS} || '', %env);
		open STDIN, '<', '/dev/null';
		POSIX::dup2(fileno $out_w, 1);
		POSIX::dup2(fileno $err_w, 2);
		# dup2 to itself would leave it to be closed
		POSIX::dup2(fileno $in, 30);
		POSIX::dup2(30, 3) if defined $given;
		POSIX::close($_) for (defined $given ? 4 : 3) .. 30;
		{ no warnings; exec { $cmd->[0] } @$cmd; }
		POSIX::_exit(127);
	}
	close $_ for $in, $out_w, $err_w;
	{
		local $SIG{PIPE} = 'IGNORE';
		syswrite $to, $given if defined $given;
	}
	close $to;
	my %text = ($out => '', $err => '');
	my $sel = IO::Select->new($out, $err);
	while ($sel->count) {
		my @ready = $sel->can_read($Pop::PATIENCE) or last;
		for my $fh (@ready) {
			$sel->remove($fh)
			    unless sysread $fh, $text{$fh}, 65536,
			    length $text{$fh};
		}
	}
	kill 'KILL', $pid if $sel->count;
	waitpid $pid, 0;
	return ($? & 127 ? -1 : $? >> 8, $text{$out}, $text{$err});
}

1;
