# Servers that people change over from: Debian's Dovecot and popa3d, unpacked
# once and run in a mount namespace by bench/peers.sh, and a POP3 client that
# keeps unique-ids.  There is one user, u0.
package Peers;
use strict;
use warnings;
use Clients;
use Cwd qw(abs_path);
use File::Path qw(make_path);
use File::Temp qw(tempdir);
use IO::Socket::INET;
use Pop;
use Test::More;

our $USER = 'u0';
my $STORE = "$Pop::TOP/build/peers";
my $SH = "$Pop::TOP/bench/peers.sh";
my @all;

# Why the tests cannot be run here, or undef.
sub cannot {
	return 'needs root' if $> != 0;
	return 'no mount namespaces' if system('unshare -m true 2>/dev/null');
	for my $p (qw(tcpserver tcpclient fetchmail mpop getmail)) {
		return "no $p" if !grep { -x "$_/$p" } split /:/, $ENV{PATH};
	}
	return undef if -e "$STORE/root/complete";
	make_path($STORE);
	return undef if system('flock', "$STORE/lock", 'timeout', 100, 'sh', $SH,
	    $STORE) == 0;
	return 'the packages cannot be had';
}

sub new {
	my ($class) = @_;
	my $dir = tempdir('popper-peer.XXXXXX', TMPDIR => 1, CLEANUP => 1);
	make_path("$dir/root/usr", "$dir/root/var/lib");
	my $self = bless { dir => $dir, pid => $$ }, $class;
	push @all, $self;
	$self->sh('make_users "$W" 1; : >"$W/users.apop"; : >"$W/users.scram"')
	    == 0 or die 'make_users';
	@$self{qw(uid gid)} = (20000, scalar getgrnam 'mail');
	return $self;
}

# Runs shell text that knows peers.sh; its exit code.
sub sh {
	my ($self, $text, @arg) = @_;
	local $ENV{W} = $self->{dir};
	local $ENV{PEERS_ROOT} = abs_path("$STORE/root");
	return system('sh', '-c', ". '$SH'; $text", 'peers', @arg) >> 8;
}

# The same in the server's namespace, where it is /mnt, and the spool /var/mail.
sub inside {
	my ($self, $server, $text) = @_;
	return $self->sh('(in_root "$W" sh -c "$1")',
	    "mount --bind /mnt/spool/$server /var/mail && $text");
}

sub port {
	my $s = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1,
	    ReuseAddr => 1) or die "no port: $!";
	return $s->sockport;
}

sub start {
	my ($self, $server, $port, $more) = @_;
	local $ENV{DOVECOT_MORE} = $more // '';
	$self->{running} = $server;
	return $self->sh("start_$server \"\$W\" $port") == 0;
}

sub stop {
	my ($self) = @_;
	my $server = delete $self->{running} or return;
	$self->sh("stop_$server \"\$W\"");
}

# The spool, as a server has it; with text it is written.
sub spool {
	my ($self, $server, $text) = @_;
	my $file = "$self->{dir}/spool/$server/$USER";
	return Pop::slurp($file) unless defined $text;
	Pop::spew($file, $text, 0660);
	chown $self->{uid}, $self->{gid}, $file;
	return $file;
}

# A Maildir with these messages, by name, each a second younger than the one
# before it.
sub maildir {
	my ($self, @file) = @_;
	my $dir = "$self->{dir}/home/$USER/Maildir";
	my $time = 1.7e9;
	make_path(map { "$dir/$_" } qw(new cur tmp));
	while (my ($name, $text) = splice @file, 0, 2) {
		Pop::spew("$dir/$name", $text, 0600);
		utime $time, $time++, "$dir/$name";
	}
	system('chown', '-R', "$self->{uid}:$self->{gid}", $dir) == 0 or die;
	return $dir;
}

# A POP3 session by hand: number, id and octets of each message, and what
# RETR sends.
sub look {
	my ($port, $pass) = @_;
	my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port")
	    or die "port $port: $!";
	my $line = sub { my $l = readline $s; die 'it ended' unless defined $l;
		return $l };
	my $ask = sub {
		print $s "$_[0]\r\n";
		my $l = $line->();
		die "$_[0]: $l" if $l !~ /^\+OK/;
		return $l;
	};
	my $list = sub {
		my $text = '';
		$ask->($_[0]);
		while ((my $l = $line->()) ne ".\r\n") {
			$l =~ s/^\.//;
			$text .= $l;
		}
		return $text;
	};
	$s->autoflush(1);
	$line->();
	$ask->("USER $USER");
	$ask->("PASS $pass");
	my @id = $list->('UIDL') =~ /^\d+ (\S+)\r$/mg;
	my @text = map { $list->("RETR $_") } 1 .. @id;
	$ask->('QUIT');
	return { id => \@id, text => \@text };
}

# A message without the lines that servers write and hide as they like.
sub plain {
	my ($text) = @_;
	my ($head, $rest) = $text =~ /\A(.*?\r\n)(\r\n.*)\z/s or return $text;
	$head =~ s/^(?:X-UIDL|X-UID|X-IMAPbase|Status|X-Status|Content-Length):.*\r\n//img;
	return $head . $rest;
}

# popper on the same port, with the same user, password and spool folder.
sub popper {
	my ($self, $server, $port, @set) = @_;
	my $c = $self->{clients};
	my $host = $c->{host};
	my ($hash) = Pop::slurp("$self->{dir}/users.list") =~ / (\S+)\n/;
	my $spool = "$self->{dir}/spool/$server";
	Pop::spew("$host->{dir}/cdb/secrets", "$USER:{crypt}$hash\n", 0600);
	Pop::spew("$host->{dir}/cdb/users",
	    "$USER:$self->{uid}:$self->{gid}:$self->{dir}/home/$USER\n");
	system("$Pop::TOP/scripts/rebuild-cdb", "$host->{dir}/cdb") == 0 or die;
	$host->configure(join '', map { "set $_\n" } "spool-dir = \"$spool\"",
	    @set);
	$c->{lock} = "$spool/.$USER.pop";
	return $host->{conf};
}

# Clients that keep mail on the server, and know it again by its ids.
sub clients {
	my ($self, $port) = @_;
	my $c = $self->{clients} = Clients->new;
	my $home = $c->{home};
	$c->file('fetchmailrc', <<"END");
set no bouncemail
poll 127.0.0.1 port $port protocol pop3 uidl auth password
  user $USER password pw keep sslproto ''
  mda "(echo 'From a Mon Nov  2 08:15:01 2026'; sed 's/^>*From />&/'; echo) >>$home/fetchmail.got"
END
	$c->file('mpoprc', <<"END");
account default
host 127.0.0.1
port $port
user $USER
password pw
auth user
keep on
uidls_file $home/mpop.uidls
delivery mbox $home/mpop.got
END
	$c->file('getmailrc', <<"END");
[retriever]
type = SimplePOP3Retriever
server = 127.0.0.1
port = $port
username = $USER
password = pw
[destination]
type = Mboxrd
path = $home/getmail.got
[options]
read_all = false
delete = false
delivered_to = false
received = false
END
	return (fetchmail => ['fetchmail', '-f', "$home/fetchmailrc",
	    '--pidfile', "$home/fetchmail.pid", '--idfile', "$home/ids",
	    '--nosyslog'], mpop => ['mpop', '-C', "$home/mpoprc", '-Q'],
	    getmail => [$c->getmail("$home/getmailrc")]);
}

# Runs a client: the subjects of what it got, sorted; dies if it failed.
sub fetch {
	my ($self, $name, @cmd) = @_;
	my $c = $self->{clients};
	my $got = $c->file("$name.got");
	my ($code, $said) = $c->run(@cmd);
	# fetchmail: nothing was new
	die "$name: $code: $said" if $code && !($name eq 'fetchmail' && $code == 1);
	my @subject = Pop::slurp($got) =~ /^Subject: (\w+)\r?$/mg;
	return join ' ', sort @subject;
}

# Mail as it is: the subject of message N is mailN.
sub mail {
	my ($i, $more, $body) = @_;
	return "Return-Path: <s$i\@example.org>\n" .
	    "Received: from example.org by mail.test with ESMTP id Q$i;\n" .
	    "\tMon, 2 Nov 2026 08:15:0$i +0000\nFrom: s$i\@example.org\n" .
	    "Date: Mon, 2 Nov 2026 08:15:0$i +0000\n" .
	    "Message-ID: <$i\@example.org>\nSubject: mail$i\n$more\n$body";
}
our @MAIL = (mail(1, '', "body\n"), mail(2, "X-UIDL: of-the-sender\n", ''),
    mail(3, '', "\nFrom me to you\n\n>From quoted\n.\n..\n\n\n"),
    mail(4, "Content-Type: text/plain; charset=iso-8859-1\n", "\xe4\xf6\n" x 3000),
    mail(5, '', ('long ' x 500) . "\n"));

# In an mbox.
sub entry {
	my ($text) = @_;
	my ($from) = $text =~ /<(.*?)>/;
	return "From $from Mon Nov  2 08:15:09 2026\n$text\n";
}

# The spool, as an mbox with all of that.
sub mbox {
	my ($self, $server) = @_;
	return $self->spool($server, join '', map { entry($_) } @MAIL);
}

# Clients have fetched all mail from the server that is running, and change
# over, which is given popper's configuration and returns an exit code, does
# it: nothing comes twice, and what is new comes once.  as makes of what the
# server told what popper has to tell.
sub change {
	my ($self, $name, $server, $port, $over, $as) = @_;
	$as ||= sub { $_[0] };
	my %client = $self->clients($port);
	my @order = sort keys %client;
	my $all = join ' ', map { "mail$_" } 1 .. @MAIL;
	is($self->fetch($_, @{ $client{$_} }), $all, "$name: $_ gets all mail")
	    for @order;
	my $before = $as->(look($port, 'pw'));
	my $conf = $self->popper($server, $port);
	is($over->($conf), 0, "$name: the change over");
	$self->stop;
	$self->{clients}->serve(port => $port, conf => $conf);
	my $after = look($port, 'pw');
	is_deeply($after->{id}, $before->{id}, "$name: the ids are the same");
	is_deeply([map { plain($_) } @{ $after->{text} }],
	    [map { plain($_) } @{ $before->{text} }],
	    "$name: and so is what is sent");
	is($self->fetch($_, @{ $client{$_} }), '', "$name: $_ gets nothing twice")
	    for @order;
	open my $fh, '>>:raw', "$self->{dir}/spool/$server/$USER" or die;
	print $fh entry(mail(@MAIL + 1, '', "new\n"));
	close $fh;
	for (@order) {
		is($self->fetch($_, @{ $client{$_} }), 'mail' . (@MAIL + 1),
		    "$name: $_ gets what is new");
		is($self->fetch($_, @{ $client{$_} }), '', "$name: $_, once");
	}
	$self->{clients}->stop;
}

END {
	local $?;
	$_->stop for grep { $_->{pid} == $$ } @all;
}

1;
