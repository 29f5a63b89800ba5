# Delivery by real agents to the spool of a test's mail host.  Debian's are
# unpacked under build, once, and see the host's folder as their system: the
# spool is their /var/mail, and alice is in their passwd.
package Agents;
use strict;
use warnings;
use File::Copy qw(copy);
use File::Path qw(make_path);
use Pop;
use POSIX qw(:sys_wait_h);
use Time::HiRes qw(time);

my $HERE = "$Pop::TOP/t/agents";
my $STORE = "$Pop::TOP/build/agents";
# alice, with the group that an agent of Debian's has when it delivers
my $AS = 'setpriv --reuid=alice --regid=alice --groups=mail';
my $LDA = "$AS env HOME=/mnt/home USER=alice " .
    '/usr/lib/dovecot/dovecot-lda -c /mnt/dovecot.conf -f s@mail.test';

# first: what the agent does first, "lock" (the dot-lock) or "open" (the
# spool, and then it does not look again whether that is still the spool).
# rewrites: it also changes headers of mail that is already there, so a
# session may be told that the spool was changed.
our %AGENT = (
	script => { first => 'lock', run => "$AS /mnt/append /var/mail/alice" },
	procmail => { first => 'lock', run => 'procmail -d alice' },
	maildrop => { first => 'lock', run => 'maildrop -d alice' },
	exim => {
		first => 'lock', run => 'exim4 -odi alice@mail.test',
		# what it put off is in its queue
		end => 'until [ "$(exim4 -bpc)" = 0 ]; do exim4 -qff; done',
	},
	postfix => {
		first => 'lock', run => 'sendmail -C /mnt/postfix alice',
		begin => "trap 'postfix -c /mnt/postfix stop' 0\n" .
		    'postfix -c /mnt/postfix start',
		end => 'cd postfix/queue; while find maildrop incoming active ' .
		    'deferred -type f | grep -q .; do sleep 0.1; done',
	},
	'dovecot dotlock fcntl' => {
		first => 'lock', rewrites => 1,
		run => "$LDA -o 'mbox_write_locks=dotlock fcntl'",
	},
	# as Debian sets it
	'dovecot fcntl dotlock' => {
		first => 'open', rewrites => 1, run => $LDA,
	},
	'mail.local' => {
		first => 'open',
		run => 'setpriv --regid=mail --groups=mail ' .
		    '/usr/libexec/sendmail/mail.local -f s@mail.test alice',
	},
);

my %FILE = (
	'etc/procmailrc' => "LOCKSLEEP=1\n",
	'etc/maildroprc' => "LOCKSLEEP=1\n",
	'etc/exim4/exim4.conf' => <<'END',
primary_hostname = mail.test
spool_directory = /mnt/exim
log_file_path = /mnt/exim/%slog
host_lookup =
never_users =
begin routers
all:
  driver = accept
  check_local_user
  transport = mail_spool
begin transports
# Debian's, but for the time to wait
mail_spool:
  driver = appendfile
  file = /var/mail/$local_part_data
  delivery_date_add
  envelope_to_add
  return_path_add
  group = mail
  mode = 0660
  mode_fail_narrower = false
  lock_interval = 1s
begin retry
* * F,1h,1s
END
	'dovecot.conf' => <<'END',
base_dir = /mnt/dovecot
log_path = /dev/stderr
mail_location = mbox:~/mail:INBOX=/var/mail/%u
first_valid_uid = 1000
postmaster_address = postmaster@mail.test
hostname = mail.test
ssl = no
END
	'postfix/main.cf' => <<'END',
compatibility_level = 3.6
queue_directory = /mnt/postfix/queue
data_directory = /mnt/postfix/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
setgid_group = postdrop
myhostname = mail.test
mydestination = mail.test
inet_interfaces = loopback-only
alias_maps =
alias_database =
mailbox_size_limit = 0
maillog_file = /mnt/postfix/log
maillog_file_prefixes = /mnt
minimal_backoff_time = 1s
maximal_backoff_time = 1s
queue_run_delay = 1s
END
	'postfix/master.cf' => <<'END',
pickup unix n - n 1 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 1 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
local unix - n n - - local
postlog unix-dgram n - n - 1 postlogd
END
);

# Why the agents of Debian cannot be run here: undef if they can.
sub fetch {
	return 'needs root' if $> != 0;
	return 'no mount namespaces with overlays' if system(
	    "unshare -m mount -t overlay overlay -o ro,lowerdir=/etc:/usr /mnt " .
	    '2>/dev/null') != 0;
	make_path(dirname_of($STORE));
	return 'the packages cannot be had' if system(
	    "$HERE/fetch '$STORE' >&2") != 0;
	return undef;
}

sub dirname_of {
	my ($path) = @_;
	return $path =~ s{/[^/]*\z}{}r;
}

sub new {
	my ($class, $host) = @_;
	my $self = bless { host => $host, pid => $$, n => 0, running => {} },
	    $class;
	my $d = $host->{dir};
	if ($host->{root}) {
		# the folder as on Debian
		$host->{gid} = getgrnam 'mail';
		chown 0, $host->{gid}, "$d/spool";
		chmod 02775, "$d/spool";
	}
	make_path(map { "$d/$_" } qw(queue exim dovecot etc/exim4
	    postfix/queue postfix/data));
	Pop::spew("$d/$_", $FILE{$_}, 0644) for keys %FILE;
	copy("$HERE/append", "$d/append") or die;
	chmod 0755, "$d/append";
	# the users that these packages make, with numbers of our own
	my $uid = $host->{uid};
	my @new = (['alice', $uid, $uid, '/mnt/home'],
	    map { [$_->[0], $uid + $_->[1], $uid + $_->[1], '/'] }
	    (['Debian-exim', 1], ['postfix', 2], ['postdrop', 3],
	    ['dovecot', 4]));
	my %mine = map { $_->[0] => 1 } @new;
	for my $file ('passwd', 'group') {
		my @old = grep { /^([^:]*):/ && !$mine{$1} }
		    split /^/, Pop::slurp("/etc/$file");
		Pop::spew("$d/etc/$file", join('', @old, map {
			$file eq 'group' ? "$_->[0]:x:$_->[2]:\n" :
			"$_->[0]:x:$_->[1]:$_->[2]::$_->[3]:/bin/sh\n"
		} @new), 0644);
	}
	chown $uid + 1, $uid + 1, "$d/exim";
	chown $uid + 2, 0, "$d/postfix/data";
	return $self;
}

# Starts the agent on these messages; they are delivered in order.
sub start {
	my ($self, $name, @messages) = @_;
	my $d = $self->{host}{dir};
	my $queue = 'queue/' . ++$self->{n};
	mkdir "$d/$queue" or die;
	for my $i (0 .. $#messages) {
		Pop::spew(sprintf("%s/%s/%04d", $d, $queue, $i), $messages[$i],
		    0644);
	}
	my $agent = $AGENT{$name};
	my @cmd = ("$HERE/inside", "$STORE/root", $d, 'sh', '-c',
	    join "\n", 'cd /mnt', $agent->{begin} || '',
	    "/mnt/deliver $queue $agent->{run} || exit", $agent->{end} || '');
	# once: another agent may be reading it
	if (!-e "$d/deliver") {
		copy("$HERE/queue", "$d/deliver.new") or die;
		chmod 0755, "$d/deliver.new";
		rename "$d/deliver.new", "$d/deliver" or die;
	}
	if (!$self->{host}{root}) {
		die $name if $name ne 'script';
		@cmd = ("$HERE/queue", "$d/$queue", "$HERE/append",
		    "$d/spool/alice");
	}
	my $pid = fork;
	die "fork: $!" unless defined $pid;
	if ($pid == 0) {
		setpgrp;
		open STDIN, '<', '/dev/null';
		open STDOUT, '>>', "$d/agents.log";
		open STDERR, '>&', \*STDOUT;
		{ no warnings; exec @cmd; }
		POSIX::_exit(127);
	}
	$self->{running}{$pid} = $name;
	return $pid;
}

# Waits for the agent: true if it delivered all.
sub wait_for {
	my ($self, $pid) = @_;
	waitpid $pid, 0;
	delete $self->{running}{$pid};
	return $? == 0;
}

# Has a process of the agent this file open?
sub has_open {
	my ($self, $pid, $file) = @_;
	my @want = stat $file or return 0;
	for my $proc (glob '/proc/[0-9]*') {
		my $stat = Pop::slurp("$proc/stat") or next;
		# the process group is the third field after the name
		next unless $stat =~ /\) \S \d+ $pid /;
		for my $fd (glob "$proc/fd/*") {
			my @st = stat $fd or next;
			return 1 if "@st[0,1]" eq "@want[0,1]";
		}
	}
	return 0;
}

sub log_text {
	my ($self) = @_;
	return Pop::slurp("$self->{host}{dir}/agents.log") || '';
}

sub DESTROY {
	my ($self) = @_;
	return if $$ != $self->{pid};
	local ($?, $!, $@);
	for my $pid (keys %{ $self->{running} }) {
		kill 'TERM', -$pid;
		waitpid $pid, 0;
	}
}

1;
