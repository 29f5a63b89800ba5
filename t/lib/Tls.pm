# poptls on a TCP connection of which a test has the other end, in front of a
# program that does what the test says; and a client of TLS whose records go
# the way that the test chooses (Tls::Client).
package Tls;
use strict;
use warnings;
use Fcntl qw(F_SETFD);
use File::Temp qw(tempdir);
use POSIX ();
use Pop;
use Socket;
use Time::HiRes qw(time);

our $ASAN = $Pop::BUILD =~ m{/asan$};

# Octets that tell where they stand.
sub noise {
	my ($n, $from) = @_;
	my $first = $from || 0;
	return substr pack('N*', $first .. $first + $n / 4 + 1), 0, $n;
}

# Waits for a thing to become true: what it was at last.
sub until_true {
	my ($what) = @_;
	my $end = time + $Pop::PATIENCE;
	my $is;
	until (($is = $what->()) || time > $end) {
		select undef, undef, undef, 0.01;
	}
	return $is;
}

# Runs Perl that comes by a socket, and tells the value: a program that reads,
# writes and ends when the test says so.
my $PUPPET = <<'END';
use strict;
use warnings;
use POSIX ();
$SIG{PIPE} = 'IGNORE';
open my $ctl, '+<&=', $ENV{PUPPET} or die;
sub noise { substr pack('N*', ($_[1] || 0) .. ($_[1] || 0) + $_[0] / 4 + 1), 0, $_[0] }
# n octets of fd: what came before the end, a colon, and the octets
sub take {
	my ($fd, $n) = @_;
	my ($got, $how) = ('', 'more');
	while (length $got < $n) {
		my $left = $n - length $got;
		my $r = POSIX::read($fd, my $part, $left > 65536 ? 65536 : $left);
		next if !defined $r && $!{EINTR};
		$how = defined $r ? 'EOF' : "$!" unless $r && $r > 0;
		last if $how ne 'more';
		$got .= $part;
	}
	return "$how:$got";
}
sub put {
	my ($fd, $octets) = @_;
	my $done = 0;
	while ($done < length $octets) {
		my $n = POSIX::write($fd, substr($octets, $done, 65536),
		    length(substr $octets, $done, 65536));
		return "$!" unless defined $n;
		$done += $n;
	}
	return $done;
}
sub fds {
	opendir my $d, '/proc/self/fd' or die;
	my $own = fileno $d;
	return join ' ', sort { $a <=> $b } grep { /^\d/ && $_ != $own } readdir $d;
}
while (read $ctl, my $n, 4) {
	read $ctl, my $code, unpack 'N', $n;
	my $is = eval $code;
	$is = defined $is ? $is : $@ ? "died: $@" : '';
	syswrite $ctl, pack 'N/a*', $is;
}
END

# A folder for keys, logs and the engine's root.
sub new {
	my ($class) = @_;
	my $dir = tempdir('popper-test.XXXXXX', TMPDIR => 1, CLEANUP => 1);
	chmod 0755, $dir;
	mkdir "$dir/empty", 0755 or die;
	return bless { dir => $dir, n => 0 }, $class;
}

my %KINDS = (
	ec => ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'],
	p384 => ['ec', '-pkeyopt', 'ec_paramgen_curve:P-384'],
	rsa => ['rsa:2048'],
);

# The file of a key and its certificate.
sub cert {
	my ($self, $kind, $file) = @_;
	$file ||= "$self->{dir}/$kind.pem";
	return $file if -e $file;
	umask 077;
	# its dots are no diagnostics
	system('sh', '-c', 'exec openssl "$@" 2>/dev/null', 'sh', 'req', '-x509', '-newkey', @{ $KINDS{$kind} }, '-nodes',
	    '-days', 2, '-subj', '/CN=mail.test', '-addext',
	    'subjectAltName=DNS:mail.test', '-keyout', "$file.key", '-out', $file,
	    '-batch') == 0 or die 'openssl req';
	Pop::spew($file, Pop::slurp($file) . Pop::slurp("$file.key"));
	unlink "$file.key";
	return $file;
}

# Both ends of a TCP connection; buffers: octets, of the kernel's, or as it is.
sub tcp {
	my ($buffers) = @_;
	socket(my $l, PF_INET, SOCK_STREAM, 0) or die;
	socket(my $ours, PF_INET, SOCK_STREAM, 0) or die;
	for my $s ($buffers ? ($l, $ours) : ()) {
		setsockopt $s, SOL_SOCKET, SO_RCVBUF, $buffers;
		setsockopt $s, SOL_SOCKET, SO_SNDBUF, $buffers;
	}
	bind $l, sockaddr_in(0, INADDR_LOOPBACK) or die;
	listen $l, 1 or die;
	connect $ours, getsockname $l or die;
	accept my $theirs, $l or die;
	setsockopt $ours, Socket::IPPROTO_TCP, Socket::TCP_NODELAY, 1;
	return ($ours, $theirs);
}

# Starts poptls: args are its own; program, else the puppet; env more
# variables; before what runs it; socket the client's, else one is made of
# tcp(buffers); stderr_socket as inetd does.
sub start {
	my ($self, %o) = @_;
	my ($ours, $theirs) = $o{socket} ? (undef, $o{socket}) : tcp($o{buffers});
	socketpair my $ctl, my $puppet, AF_UNIX, SOCK_STREAM, PF_UNSPEC or die;
	my $log = "$self->{dir}/log." . ++$self->{n};
	my @cmd = (@{ $o{before} || [] }, "$Pop::BUILD/poptls",
	    '-e', "$self->{dir}/empty", '-c', $o{cert} || $self->cert('ec'),
	    @{ $o{args} || [] },
	    @{ $o{program} || [$^X, '-e', $PUPPET] });
	my $pid = fork;
	die "fork: $!" unless defined $pid;
	if ($pid == 0) {
		%ENV = (PATH => $ENV{PATH}, PUPPET => fileno $puppet,
		    ASAN_OPTIONS => $ENV{ASAN_OPTIONS} || '', %{ $o{env} || {} });
		open STDIN, '<&', $theirs or die;
		open STDOUT, '>&', $theirs or die;
		open STDERR, '>>', $log or die;
		open STDERR, '>&', $theirs or die if $o{stderr_socket};
		fcntl $puppet, F_SETFD, 0;
		# what the test itself was started with
		$_ == fileno $puppet || POSIX::close($_) for 3 .. 1023;
		{ no warnings; exec @cmd; }
		POSIX::_exit(127);
	}
	return bless { pid => $pid, test => $$, sock => $ours, ctl => $ctl, log => $log,
	    puppet => fileno $puppet }, 'Tls::Connection';
}

package Tls::Connection;
use IO::Select;
use POSIX qw(WNOHANG);
use Time::HiRes qw(time);

# The puppet is told something; its answer is to be fetched.
sub tell {
	my ($self, $code) = @_;
	my $left = pack 'N/a*', $code;
	local $SIG{PIPE} = 'IGNORE';
	while (length $left) {
		my $n = syswrite $self->{ctl}, $left or return 0;
		substr $left, 0, $n, '';
	}
	return 1;
}

sub has_answer {
	my ($self, $seconds) = @_;
	return IO::Select->new($self->{ctl})->can_read($seconds) ? 1 : 0;
}

sub answer {
	my ($self) = @_;
	my $text = '';
	my $need = 4;
	while (length $text < $need) {
		return 'no answer' unless $self->has_answer($Pop::PATIENCE);
		my $n = sysread $self->{ctl}, $text, 65536, length $text;
		return 'gone' unless $n;
		$need = 4 + unpack 'N', $text if length $text >= 4;
	}
	return substr $text, 4;
}

sub ask {
	my ($self, $code) = @_;
	$self->tell($code);
	return $self->answer;
}

# A client of TLS on this connection, see Tls::Client.
sub client {
	my ($self, %o) = @_;
	return $self->{client} = Tls::Client->new($self->{sock}, %o);
}

# The same, after the handshake.
sub shaken {
	my ($self, %o) = @_;
	my $c = $self->client(%o);
	$c->handshake or die "no handshake: $c->{error} $c->{tcp}\n" . $self->log_text;
	return $c;
}

sub log_text {
	my ($self) = @_;
	my $text = Pop::slurp($self->{log});
	return defined $text ? $text : '';
}

# Fields of /proc/PID/stat from the state on.
sub stat_of {
	my ($pid) = @_;
	my $text = Pop::slurp("/proc/$pid/stat");
	return $text && $text =~ /.*\) (.*)/s ? split ' ', $1 : ();
}

# The process that poptls forked.
sub engine {
	my ($self) = @_;
	$self->{engine} ||= Tls::until_true(sub {
		opendir my $d, '/proc' or die;
		for my $pid (grep { /^\d+$/ } readdir $d) {
			my @stat = stat_of($pid);
			return $pid if @stat && $stat[1] == $self->{pid};
		}
		return 0;
	});
	return $self->{engine};
}

# Until the engine has ended; so it has if it waits for its parent to look.
sub engine_gone {
	my ($self) = @_;
	my $pid = $self->engine;
	return Tls::until_true(sub {
		my @stat = stat_of($pid);
		return !@stat || $stat[0] eq 'Z';
	});
}

# Whether the engine waits for something, or has ended.
sub engine_waits {
	my ($self) = @_;
	my @stat = stat_of($self->engine);
	return !@stat || $stat[0] =~ /[SZ]/;
}

# Ticks of the processor that the engine has used, or undef: it is gone.
sub ticks {
	my ($self) = @_;
	my @stat = stat_of($self->engine);
	return @stat && $stat[0] ne 'Z' ? $stat[11] + $stat[12] : undef;
}

# Whether the program has, or poptls before it was that.
sub has_ended {
	my ($self) = @_;
	return 1 if defined $self->{code};
	return 0 if waitpid($self->{pid}, WNOHANG) != $self->{pid};
	$self->{code} = $? & 127 ? -($? & 127) : $? >> 8;
	return 1;
}

# Until it has: the exit code, or minus the signal.
sub code {
	my ($self) = @_;
	Tls::until_true(sub { $self->has_ended });
	return $self->{code};
}

# The program as the test leaves it; the engine's end is its own business.
sub kill_program {
	my ($self) = @_;
	# it can be found by its parent only
	$self->engine;
	kill 'KILL', $self->{pid};
	return $self->code;
}

sub DESTROY {
	my ($self) = @_;
	return if $self->{test} != $$;
	local ($?, $!, $@);
	if (!defined $self->{code}) {
		kill 'KILL', $self->{pid};
		waitpid $self->{pid}, 0;
	}
	my $pid = $self->{engine} or return;
	my $name = Pop::slurp("/proc/$pid/comm");
	kill 'KILL', $pid if defined $name && $name eq "poptls\n";
}

# OpenSSL's client over memory: its records are sent, held, cut or joined by
# the test.
#
#   plain     octets that came from the program
#   notified  close_notify came
#   tcp       '', FIN or RST: how the connection ended
#   error     of OpenSSL
package Tls::Client;
use IO::Handle;
use IO::Select;
use Net::SSLeay;
use Socket;
use Time::HiRes qw(time);

Net::SSLeay::initialize();

my %VERSIONS = ('TLSv1' => 0x301, 'TLSv1.1' => 0x302, 'TLSv1.2' => 0x303,
    'TLSv1.3' => 0x304);

# version (the only one), ciphers, host (SNI), alpn, session.
sub new {
	my ($class, $sock, %o) = @_;
	my $ctx = Net::SSLeay::CTX_new() or die;
	my $version = $VERSIONS{ $o{version} || 'TLSv1.2' };
	Net::SSLeay::CTX_set_min_proto_version($ctx, $version);
	Net::SSLeay::CTX_set_max_proto_version($ctx, $version);
	Net::SSLeay::CTX_set_cipher_list($ctx, $o{ciphers}) or die
	    if $o{ciphers};
	# tickets, which BearSSL has not, would hide its own sessions
	Net::SSLeay::CTX_set_options($ctx, Net::SSLeay::OP_NO_TICKET());
	Net::SSLeay::CTX_set_alpn_protos($ctx, $o{alpn}) if $o{alpn};
	my $ssl = Net::SSLeay::new($ctx);
	my ($in, $out) = map {
		Net::SSLeay::BIO_new(Net::SSLeay::BIO_s_mem()) } 1, 2;
	Net::SSLeay::set_bio($ssl, $in, $out);
	Net::SSLeay::set_tlsext_host_name($ssl, $o{host}) if defined $o{host};
	Net::SSLeay::set_session($ssl, $o{session}) if $o{session};
	Net::SSLeay::set_connect_state($ssl);
	return bless { sock => $sock, ctx => $ctx, ssl => $ssl, in => $in,
	    out => $out, plain => '', tcp => '', error => '' }, $class;
}

# Records that wait to be sent.
sub records {
	my ($self) = @_;
	my $octets = '';
	while (my $n = Net::SSLeay::BIO_pending($self->{out})) {
		$octets .= Net::SSLeay::BIO_read($self->{out}, $n);
	}
	return $octets;
}

# Octets beneath TLS; true if all have left.
sub wire {
	my ($self, $octets) = @_;
	local $SIG{PIPE} = 'IGNORE';
	while (length $octets) {
		my $n = syswrite $self->{sock}, $octets;
		return 0 unless defined $n;
		substr $octets, 0, $n, '';
	}
	return 1;
}

# More octets beneath TLS: false at the end, which tcp tells.
sub feed {
	my ($self) = @_;
	IO::Select->new($self->{sock})->can_read($Pop::PATIENCE)
	    or die "the server says nothing\n";
	my $n = sysread $self->{sock}, my $octets, 65536;
	if (!$n) {
		$self->{tcp} = defined $n ? 'FIN' : 'RST';
		return 0;
	}
	Net::SSLeay::BIO_write($self->{in}, $octets);
	return 1;
}

# What the last call of OpenSSL's came to: true if it wants more.
sub wants_more {
	my ($self, $r) = @_;
	my $e = Net::SSLeay::get_error($self->{ssl}, $r);
	return 1 if $e == Net::SSLeay::ERROR_WANT_READ();
	if ($e == Net::SSLeay::ERROR_ZERO_RETURN()) {
		$self->{notified} = 1;
	} else {
		my $n = Net::SSLeay::ERR_get_error();
		$self->{error} = Net::SSLeay::ERR_error_string($n) || "error $e";
	}
	return 0;
}

# To its end, with the server's last words; or one step of it.
sub step {
	my ($self) = @_;
	my $r = Net::SSLeay::do_handshake($self->{ssl});
	return $r == 1 ? 'done' : $self->wants_more($r) ? 'more' : 'failed';
}

sub handshake {
	my ($self) = @_;
	for (;;) {
		my $is = $self->step;
		$self->wire($self->records);
		return 1 if $is eq 'done';
		return 0 if $is eq 'failed' || !$self->feed;
	}
}

# Plain octets as records, not sent.
sub seal {
	my ($self, $plain) = @_;
	Net::SSLeay::write($self->{ssl}, substr $plain, 0, 16384, '')
	    while length $plain;
	return $self->records;
}

sub put {
	my ($self, $plain) = @_;
	return $self->wire($self->seal($plain));
}

# close_notify as a record, not sent.
sub notify {
	my ($self) = @_;
	Net::SSLeay::shutdown($self->{ssl});
	return $self->records;
}

# What has come is read; false if nothing more can be.
sub open_records {
	my ($self) = @_;
	for (;;) {
		my ($part, $r) = Net::SSLeay::read($self->{ssl}, 65536);
		return $self->wants_more($r) unless defined $part && $r > 0;
		$self->{plain} .= $part;
	}
}

# n octets from the program, or what comes before the end.
sub get {
	my ($self, $n) = @_;
	1 while $self->open_records && length $self->{plain} < $n && $self->feed;
	return substr $self->{plain}, 0, $n, '';
}

# All, until the server ends TCP.
sub rest {
	my ($self) = @_;
	1 while $self->open_records && $self->feed;
	1 while !$self->{tcp} && $self->feed;
	return $self->{plain};
}

sub fin {
	my ($self) = @_;
	shutdown $self->{sock}, 1;
}

sub reset {
	my ($self) = @_;
	setsockopt $self->{sock}, SOL_SOCKET, SO_LINGER, pack 'ii', 1, 0;
	close $self->{sock};
}

# Sends octets until nothing has been taken for a while: how many were.
sub wire_until_stalled {
	my ($self, $octets) = @_;
	my $all = length $octets;
	my $sel = IO::Select->new($self->{sock});
	$self->{sock}->blocking(0);
	while (length $octets && $sel->can_write(0.3)) {
		my $n = syswrite $self->{sock}, $octets;
		substr $octets, 0, $n, '' if $n;
	}
	$self->{sock}->blocking(1);
	return $all - length $octets;
}

sub DESTROY {
	my ($self) = @_;
	# or OpenSSL takes the session for a bad one
	Net::SSLeay::set_shutdown($self->{ssl}, 3);
	Net::SSLeay::free($self->{ssl});
	Net::SSLeay::CTX_free($self->{ctx});
}

1;
