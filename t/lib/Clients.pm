# Real mail clients against the chain that a service has: tcpserver, poplimit,
# poptls and popper.  Clients run as nobody, because many refuse to deliver as
# root, with a folder of their own as home.
package Clients;
use strict;
use warnings;
use Mbox;
use POSIX ();
use Pop;
use Test::More;
use Text::ParseWords qw(shellwords);
use Time::HiRes qw(time);

# Agents that clients deliver to want plain lines; these are hard enough.
our @HARD = ("plain\n", ".\n..\n.dot\n", "before\n>From inside\nafter\n",
    "\xe4\xf6\xfc\n", '', ('long ' x 180) . "\n",
    join('', map { "line $_\n" } 1 .. 5000));

# 3 MB, in lines of all lengths.
sub large {
	my $text = join '', map { sprintf "%08x %s\n", $_ * 2654435761 % 2**32,
	    'x' x ($_ % 79) } 1 .. 64000;
	return $text;
}

# Many, each with a body of its own.
sub small {
	my ($n) = @_;
	return map { "small $_\n" . 'o' x ($_ % 50) . "\n" } 1 .. $n;
}

# An mbox of these bodies.
sub mbox {
	my (@body) = @_;
	return join '', map { Mbox::message($_ + 1, $body[$_]) } 0 .. $#body;
}

my @all;
sub new {
	my ($class, %opt) = @_;
	my $host = Pop->new(%opt);
	my $home = $ENV{HOME} = "$host->{dir}/client";
	mkdir $home, 0700;
	my ($uid, $gid) = (getpwnam 'nobody')[2, 3];
	my $self = bless { host => $host, dir => $host->{dir}, home => $home,
	    uid => $uid, gid => $gid, servers => [], ports => [], pid => $$,
	    lock => "$host->{dir}/spool/.alice.pop" },
	    $class;
	$self->own($home);
	push @all, $self;
	return $self;
}

# tcpserver takes the port, or one of its own choosing, and tells it with -1.
# chain runs before popper, conf is popper's file, name is the server's own.
sub serve {
	my ($self, %o) = @_;
	pipe my $reader, my $writer or die;
	my $server = fork // die "fork: $!";
	if ($server == 0) {
		open STDOUT, '>&', $writer;
		open STDERR, '>>', $self->{host}{log};
		$ENV{ASAN_OPTIONS} ||= '';
		exec @{ $o{before} || [] }, qw(tcpserver -1HRD -l),
		    $o{name} // 'mail.test', '127.0.0.1', $o{port} // 0,
		    @{ $o{chain} || [] }, $Pop::POPPER, '-f',
		    $o{conf} // $self->{host}{conf};
	}
	push @{ $self->{servers} }, $server;
	close $writer;
	chomp(my $port = <$reader>);
	push @{ $self->{ports} }, $port;
	return $port;
}

# The last one that was started ends.
sub stop {
	my ($self) = @_;
	my $server = pop @{ $self->{servers} };
	pop @{ $self->{ports} };
	kill 'TERM', $server;
	waitpid $server, 0;
}

# Runs scripts/mkcert.
sub mkcert {
	my (@args) = @_;
	open my $out, '-|', "$Pop::TOP/scripts/mkcert", @args or die;
	my $said = join '', <$out>;
	close $out or die "mkcert @args: $said";
}

# TLS on two ports, with a certificate for localhost that an authority of the
# test's has signed: ports "at once" and "STLS"; ca, its file, and other, that of
# an authority which has signed nothing.
sub tls {
	my ($self, @conf) = @_;
	my $dir = "$self->{dir}/tls";
	mkcert('ca', $dir);
	mkcert('ca', "$dir/other");
	mkcert('cert', $dir, 'localhost');
	$self->{host}->configure(join '', map { "set $_\n" }
	    "tls-server-cert-file = \"$dir/localhost.pem\"", @conf);
	return (ca => "$dir/ca.pem", other => "$dir/other/ca.pem",
	    'at once' => $self->serve_tls('tls-support = alternate-port'),
	    STLS => $self->serve_tls('tls-support = stls'));
}

# A service with TLS as the shipped ones are: its file reads the host's and says
# what is different, which are lines of it.
sub serve_tls {
	my ($self, @conf) = @_;
	my $n = ++$self->{services};
	my $file = "$self->{dir}/service$n.conf";
	Pop::spew($file, join('', "set config-file = \"$self->{host}{conf}\"\n",
	    map { "set $_\n" } @conf), 0644);
	my $tls = `$Pop::POPPER --print-tls -f $file`;
	die "print-tls: $?" if $? || !$tls;
	return $self->serve(conf => $file, before => ["$Pop::BUILD/poptls-cache"],
	    chain => ["$Pop::BUILD/poplimit", '-q', '-n', 40, '-d',
		"$self->{dir}/run", shellwords($tls)]);
}

# A file becomes the client's.
sub own {
	my ($self, $file) = @_;
	chown $self->{uid}, $self->{gid}, $file if $self->{host}{root};
	return $file;
}

# A new file of the client's in its home, which is empty if nothing is told.
sub file {
	my ($self, $name, $text) = @_;
	return $self->own(Pop::spew("$self->{home}/$name", $text // '', 0600));
}

sub have {
	my ($program) = @_;
	return grep { -x "$_/$program" } split /:/, $ENV{PATH};
}

# The command of getmail with this file.  It forks for each message and only then
# listens for SIGCHLD, so a child that is quick makes it wait for minutes; here
# it waits for the child itself.
sub getmail {
	my ($self, $rc) = @_;
	my $main = $self->file('getmail.py', <<'END');
import os, runpy, sys
from getmailcore.baseclasses import ForkingBase
ForkingBase._prepare_child = lambda self: None
ForkingBase._wait_for_child = lambda self, pid: os.waitstatus_to_exitcode(
    os.waitpid(pid, 0)[1])
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
END
	my ($program) = map { "$_/getmail" } grep { -x "$_/getmail" }
	    split /:/, $ENV{PATH};
	return ('/usr/bin/python3', $main, $program, '--getmaildir',
	    $self->{home}, '--rcfile', $rc);
}

# Sockets of a server's connections that some process still has.
sub connections {
	my ($self) = @_;
	my %port = map { sprintf('%04X', $_) => 1 } @{ $self->{ports} };
	my $n = 0;
	for (split /\n/, Pop::slurp('/proc/net/tcp')) {
		my (undef, $local, undef, $state, @rest) = split;
		my ($number) = $local =~ /:(\w+)$/ or next;
		$n++ if $port{$number} && $state ne '0A' && $rest[5] != 0;
	}
	return $n;
}

# A session, and its engine, may still be ending when the client has gone.
sub over {
	my ($self) = @_;
	my $end = time + $Pop::PATIENCE;
	while ($self->connections || -e $self->{lock}) {
		die 'the session does not end' if time > $end;
		select undef, undef, undef, 0.02;
	}
}

# Runs a client until the server has also done with it: its exit code, and what
# it said.  What it reads is in the file STDIN.
sub run {
	my ($self, @cmd) = @_;
	my $out = "$self->{dir}/client.out";
	$self->{logged} = length $self->{host}->log_text;
	my $pid = fork // die "fork: $!";
	if ($pid == 0) {
		open STDIN, '<', -e "$self->{home}/STDIN" ?
		    "$self->{home}/STDIN" : '/dev/null';
		open STDOUT, '>', $out;
		open STDERR, '>&', \*STDOUT;
		chdir $self->{home};
		if ($self->{host}{root}) {
			$( = $self->{gid};
			$) = "$self->{gid} $self->{gid}";
			($<, $>) = ($self->{uid}, $self->{uid});
		}
		{ no warnings; exec @cmd; }
		POSIX::_exit(127);
	}
	waitpid $pid, 0;
	my $code = $? >> 8;
	$self->over;
	return ($code, Pop::slurp($out));
}

# What the server logged of the last client.
sub logged {
	my ($self) = @_;
	return substr $self->{host}->log_text, $self->{logged};
}

# Bodies as the client stored them, in one mbox.
sub bodies {
	my ($mbox) = @_;
	return map {
		my ($b) = /\A.*?\n\n(.*)\z/s;
		$b =~ s/\n\z//;
		$b =~ s/^>(>*From )/$1/mg;
		$b;
	} grep { length } split /^(?=From \S+ +\w{3} \w{3} )/m, $mbox;
}

# The same bodies in the same order: one line end more or less at the end is the
# client's own.
sub same {
	my ($name, $got, $want) = @_;
	my @got = @$got;
	my @want = @$want;
	s/\n*\z/\n/ for @got, @want;
	my @differ = grep { $got[$_] ne $want[$_] }
	    0 .. ($#got < $#want ? $#got : $#want);
	return is_deeply([scalar @got, @differ], [scalar @want],
	    "$name: all messages, whole");
}

END {
	local $?;
	for my $self (grep { $_->{pid} == $$ } @all) {
		$self->stop while @{ $self->{servers} };
	}
}

1;
