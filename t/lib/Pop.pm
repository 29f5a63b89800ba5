# A scratch mail host for one test, and sessions with the real popper on a
# socket pair.  Everything lives in a temporary folder and ends with the test.
package Pop;
use strict;
use warnings;
use Cwd qw(abs_path);
use Digest::MD5 qw(md5_hex);
use Fcntl qw(F_SETFD);
use File::Basename qw(dirname);
use File::Path qw(make_path);
use File::Temp qw(tempdir);
use IO::Select;
use POSIX qw(:sys_wait_h);
use Socket;
use Time::HiRes qw(time);

our $TOP = abs_path(dirname(__FILE__) . '/../..');
our $BUILD = $ENV{BUILD} || "$TOP/build";
our $POPPER = "$BUILD/popper";
# generous: a loaded machine is no failure
our $PATIENCE = 30;
# MD5-crypt of "secret": tests are not there to wait for a hash
our $HASH = '$1$test$y5om.46xKlp/PNyzt6EF51';

sub slurp {
	my ($file) = @_;
	open my $fh, '<:raw', $file or return undef;
	local $/;
	my $text = <$fh>;
	return defined $text ? $text : '';
}

sub spew {
	my ($file, $text, $mode) = @_;
	open my $fh, '>:raw', $file or die "$file: $!";
	print $fh $text;
	close $fh or die "$file: $!";
	chmod $mode, $file if defined $mode;
	return $file;
}

# Root's tests serve high numbers, anybody else's the uid they have.
sub new {
	my ($class, %opt) = @_;
	my $dir = tempdir('popper-test.XXXXXX', TMPDIR => 1, CLEANUP => 1);
	my $root = $> == 0;
	my $self = bless {
		dir => $dir, root => $root, pid => $$,
		uid => $root ? 1879000201 : $>,
		gid => $root ? 1879000201 : $) + 0,
		log => "$dir/log", conf => "$dir/qpopper.conf",
	}, $class;
	make_path(map { "$dir/$_" } qw(spool home cdb empty));
	chmod 0755, $dir;
	if ($root) {
		chown -1, $self->{gid}, "$dir/spool";
		chown $self->{uid}, $self->{gid}, "$dir/home";
	}
	chmod 02775, "$dir/spool";
	$self->users($opt{users} || ['alice']);
	$self->configure($opt{conf} || '');
	return $self;
}

# Users with the password "secret" and the APOP secret "tanstaaf".
sub users {
	my ($self, $names) = @_;
	my $d = $self->{dir};
	spew "$d/cdb/secrets", join('', map {
		"$_:{crypt}$HASH\n$_:{apop}tanstaaf\n" } @$names), 0600;
	spew "$d/cdb/users", join('', map {
		"$_:$self->{uid}:$self->{gid}:$d/home\n" } @$names);
	system("$TOP/scripts/rebuild-cdb", "$d/cdb") == 0 or die 'rebuild-cdb';
}

sub configure {
	my ($self, $more) = @_;
	my $d = $self->{dir};
	spew $self->{conf}, <<"END" . $more, 0644;
set spool-dir = "$d/spool"
set cdb-dir = "$d/cdb"
set empty-dir = "$d/empty"
set clear-text-password = always
set timeout = 60
reset update-on-abort
reset reverse-lookup
END
}

# A spool file with the owner and mode that delivery agents give it.
sub spool {
	my ($self, $name, $text) = @_;
	my $file = "$self->{dir}/spool/$name";
	return slurp($file) unless defined $text;
	spew $file, $text, 0660;
	chown $self->{uid}, $self->{gid}, $file if $self->{root};
	return $file;
}

# Mail as an agent delivers it: appended.
sub deliver {
	my ($self, $name, $text) = @_;
	open my $fh, '>>:raw', "$self->{dir}/spool/$name" or die $!;
	print $fh $text;
	close $fh or die $!;
}

sub log_text {
	my ($self) = @_;
	my $text = slurp($self->{log});
	return defined $text ? $text : '';
}

# Waits for the log to match: the session may still be ending.
sub log_like {
	my ($self, $re) = @_;
	my $end = time + $PATIENCE;
	while (time < $end) {
		return 1 if $self->log_text =~ $re;
		select undef, undef, undef, 0.02;
	}
	return 0;
}

sub connect {
	my ($self, %opt) = @_;
	socketpair(my $ours, my $theirs, AF_UNIX, $opt{type} || SOCK_STREAM,
	    PF_UNSPEC)
	    or die "socketpair: $!";
	# nothing can be loaded into the one that is linked statically
	my $popper = $POPPER eq "$BUILD/popper" && $opt{env} &&
	    $opt{env}{LD_PRELOAD} ? "$BUILD/t/popper" : $POPPER;
	my @cmd = (@{ $opt{before} || [] }, $popper, '-f', $self->{conf}, @{ $opt{args} || [] });
	my $pid = fork;
	die "fork: $!" unless defined $pid;
	if ($pid == 0) {
		%ENV = (PATH => $ENV{PATH}, TCPLOCALHOST => 'mail.test',
		    ASAN_OPTIONS => $ENV{ASAN_OPTIONS} || '',
		    TCPREMOTEIP => '192.0.2.1', %{ $opt{env} || {} });
		delete $ENV{$_} for grep { !defined $ENV{$_} } keys %ENV;
		open STDIN, '<&', $theirs or die;
		open STDOUT, '>&', $theirs or die;
		if ($opt{stderr_socket}) {
			open STDERR, '>&', $theirs or die;
		} elsif ($opt{no_stderr}) {
			POSIX::close(2);
		} else {
			open STDERR, '>>', $self->{log} or die;
		}
		close $ours;
		close $theirs;
		# what a program before popper left open
		fcntl $_, F_SETFD, 0 for @{ $opt{keep} || [] };
		{ no warnings; exec @cmd; }
		POSIX::_exit(127);
	}
	close $theirs;
	my $s = bless { sock => $ours, pid => $pid, buf => '', raw => '' },
	    'Pop::Session';
	$s->{greeting} = $s->line unless $opt{silent};
	return $s;
}

# A session that is logged in.
sub login {
	my ($self, $user, %opt) = @_;
	my $s = $self->connect(%opt);
	$s->cmd("USER $user");
	my $reply = $s->cmd('PASS secret');
	die "log-in: " . (defined $reply ? $reply : 'end') .
	    "\n" . $self->log_text
	    unless defined $reply && $reply =~ /^\+OK/;
	$s->{welcome} = $reply;
	return $s;
}

package Pop::Session;

sub put {
	my ($s, $data) = @_;
	local $SIG{PIPE} = 'IGNORE';
	my $off = 0;
	while ($off < length $data) {
		my $n = syswrite $s->{sock}, $data, length($data) - $off, $off;
		return 0 unless defined $n;
		$off += $n;
	}
	return 1;
}

# More input: false at the end.
sub fill {
	my ($s, $patience) = @_;
	my $sel = IO::Select->new($s->{sock});
	die "popper says nothing\n"
	    unless $sel->can_read($patience || $Pop::PATIENCE);
	my $n = sysread $s->{sock}, my $data, 65536;
	return 0 unless $n;
	$s->{buf} .= $data;
	$s->{raw} .= $data;
	return 1;
}

# A line without its CRLF; undef at the end; a bare LF is an error.
sub line {
	my ($s, $patience) = @_;
	until ($s->{buf} =~ /\n/) {
		return undef unless $s->fill($patience);
	}
	$s->{buf} =~ s/\A(.*?)(\r?)\n//s or die;
	die "a line without CR: $1\n" unless $2;
	return $1;
}

sub cmd {
	my ($s, $text) = @_;
	$s->put("$text\r\n");
	return $s->line;
}

# The lines of a multi-line reply up to the dot, CRLF joined, not unstuffed.
sub multi {
	my ($s, $text) = @_;
	my $status = $s->cmd($text);
	return ($status) unless defined $status && $status =~ /^\+OK/;
	my $body = '';
	while (defined(my $l = $s->line)) {
		return ($status, $body) if $l eq '.';
		$body .= "$l\r\n";
	}
	die "the reply to $text has no end\n";
}

# The message as it was sent, unstuffed.
sub message {
	my ($s, $text) = @_;
	my ($status, $body) = $s->multi($text);
	$body =~ s/^\.//mg if defined $body;
	return ($status, $body);
}

# Everything till the server closes.
sub rest {
	my ($s, $patience) = @_;
	1 while $s->fill($patience);
	my $rest = $s->{buf};
	$s->{buf} = '';
	return $rest;
}

sub apop {
	my ($s, $user, $secret) = @_;
	my ($stamp) = $s->{greeting} =~ /(<[^>]*>)/ or die 'no stamp';
	return $s->cmd("APOP $user " . Digest::MD5::md5_hex($stamp . $secret));
}

# Ends our half, and waits: the exit code.
sub wait_end {
	my ($s) = @_;
	return $s->{code} if defined $s->{code};
	close $s->{sock} if $s->{sock};
	$s->{sock} = undef;
	waitpid $s->{pid}, 0;
	return $s->{code} = $? >> 8;
}

sub quit {
	my ($s) = @_;
	my $reply = $s->cmd('QUIT');
	$s->rest;
	$s->wait_end;
	return $reply;
}

sub DESTROY {
	my ($s) = @_;
	return if defined $s->{code};
	local ($?, $!, $@);
	kill 'KILL', $s->{pid};
	waitpid $s->{pid}, 0;
}

1;
