#!/usr/bin/perl
# Somebody has taken the front over, or the session: what they can do.
# popper-hostile has t/hostile/hostile.c in place of the session loop.
use strict;
use warnings;
use Errno qw(EACCES EEXIST EPERM ENOSYS EXDEV EBADF);
use Fcntl qw(:DEFAULT);
use FindBin;
use lib "$FindBin::Bin/../lib";
use Mbox;
use Pop;
use Test::More;
use Wrapper;

plan skip_all => 'a sanitizer goes without a filter'
    if $Pop::BUILD =~ /asan/;
$Pop::POPPER = "$Pop::BUILD/t/popper-hostile";
my $LAST = 470; # of the numbers that are tried
# the kernel's own, which go past every filter, and do nothing without a probe
my %PROBE = map { $_ => 1 } `uname -m` eq "x86_64\n" ? (335, 336) : ();
my $O_PATH = 010000000;
my $AT_FDCWD = -100;
my $host = Pop->new(users => [qw(alice bob)]);
my $dir = $host->{dir};
my ($s, %nr, @wrong);
# those that this test was started with come along
my %inherited = map { $_ => 1 } split ' ',
    `for f in /proc/\$\$/fd/*; do [ -e \$f ] && echo \${f##*/}; done`;

sub front {
	return $host->connect(env => { HOSTILE => 'front' }, @_);
}
sub session {
	return $host->login('alice', @_);
}

# A system call that is survived: its result, or minus its errno.
sub call {
	my ($t, @words) = @_;
	my $line = $t->{sock} ? ask($t, "call @words") : undef;
	return 'the end' unless defined $line;
	my ($r, $errno) = split ' ', $line;
	return $r == -1 ? -$errno : $r;
}
sub ask {
	my ($t, $text) = @_;
	$t->put("$text\n");
	return line($t);
}
sub upto {
	my ($from) = @_;
	my ($next) = sort { $a <=> $b } grep { $_ > $from } keys %PROBE;
	return defined $next ? $next - 1 : $LAST;
}
sub line {
	my ($t) = @_;
	until ($t->{buf} =~ /\n/) {
		return undef unless $t->fill;
	}
	$t->{buf} =~ s/\A(.*?)\r?\n//s;
	return $1;
}
sub lines {
	my ($t, $text) = @_;
	my @got;
	$t->put("$text\n");
	while (defined(my $l = line($t))) {
		last if $l eq 'end';
		push @got, $l;
	}
	return @got;
}
# In a session of its own: it ends it.
sub kills {
	my ($make, @words) = @_;
	my $t = $make->();
	is(call($t, @words), 'the end', "killed: @words");
	$t->wait_end;
}

$s = session();
%nr = map { split ' ' } lines($s, 'numbers');
$s->leave;
my @FRONT = qw(read write sendto recvfrom poll ppoll clock_gettime
    restart_syscall exit_group);
my @SESSION = qw(read write readv writev pread64 pwrite64 preadv pwritev
    preadv2 pwritev2 lseek close recvfrom shutdown poll ppoll fstat newfstatat
    statx fstatfs flock ftruncate fallocate fsync fdatasync sync_file_range
    fadvise64 umask fchown fgetxattr fsetxattr fremovexattr renameat brk munmap
    mremap madvise clock_gettime clock_nanosleep nanosleep gettimeofday time
    getrandom getpid gettid getuid geteuid getgid getegid futex restart_syscall
    rt_sigprocmask rt_sigreturn exit exit_group openat sendto utimensat mmap
    mprotect fchmod unlinkat linkat renameat2 fcntl);
my @DEADLY = qw(execve execveat fork vfork clone ptrace process_vm_readv
    process_vm_writev kill tkill tgkill rt_sigqueueinfo socket socketpair
    connect bind listen accept accept4 sendmsg sendmmsg setuid setgid setresuid
    setresgid setgroups setns unshare mount umount2 pivot_root chroot bpf
    perf_event_open userfaultfd add_key request_key keyctl open_by_handle_at
    init_module finit_module kexec_load);

# Every call there is: the front is killed at all but its own.
{
	my %ok = map { $nr{$_} => 1 } @FRONT;
	my $killed = 0;
	for (my $at = 0; $at <= $LAST; $at += 32) {
		my @t = map { [$_, front(silent => 1)] } grep {
			$_ <= $LAST && !$PROBE{$_} && $_ != $nr{exit_group} &&
			    $_ != $nr{ppoll} } $at .. $at + 31;
		$_->[1]->put("call $_->[0] -1\nquit\n") for @t;
		for (@t) {
			my ($n, $t) = @$_;
			my $lives = $t->rest_or_end =~ /^-?\d+ \d+$/m;
			$killed++ unless $lives;
			push @wrong, $n if $lives != !!$ok{$n};
			$t->wait_end;
		}
	}
	is_deeply(\@wrong, [], 'front: only what it needs');
	my $told = () = $host->log_text =~
	    /ended by signal 31 \(a system call it may not make\)/g;
	is($told, $killed, 'and the log tells of each');
}

# The front: files, sockets and others are all out of reach, by its list; its
# fds are the client and the monitor.
like(ask($s = front(), 'fds'), qr/^fds 0 1 \d+$/, 'front: three fds');
$s->leave;

# A monitor that is killed leaves nobody behind who holds the client.
{
	my $t = front();
	ask($t, 'fds');
	kill 'KILL', $t->{pid};
	eval { $t->rest(10) };
	is($@, '', 'front: it ends with its monitor');
	$t->wait_end;
}

# Messages that are none: nobody gets in, and the log stays short and clean.
sub forged {
	my ($name, @do) = @_;
	my $before = length $host->log_text;
	my $t = front();
	for (@do) {
		last unless defined ask($t, $_);
	}
	$t->put("quit\n");
	$t->rest_or_end;
	my $code = $t->wait_end;
	my $log = substr $host->log_text, $before;
	my $lines = () = $log =~ /\n/g;
	cmp_ok($lines, '<', 110, "$name: the log is bounded");
	unlike($log, qr/[^\x20-\x7e\n]/, "$name: and printable");
	unlike($log, qr/Stats:|POP login/, "$name: nobody is in");
	return ($code, $log);
}
{
	my ($msg, $try, @ops) = split ' ', ask($s = front(), 'messages');
	my %op = map { split /=/ } @ops;
	$s->leave;
	my $m = sub {
		my ($op, $code, $len, $fill, $user) = @_;
		$op = $op{$op} if exists $op{$op};
		return unpack 'H*', substr(pack('CCSa64a*', $op, $code, $len,
		    $user // 'alice', $fill x $msg), 0, $msg);
	};
	my $no_try = unpack 'H*', "\xff" x $try;
	my @t = ('msg 1 ' . $m->('try', 1, 0, "\0"), "msg 1 $no_try",
	    'verdict');
	my (undef, $log) = forged('second try', @t, @t);
	like($log, qr/asked what it may not ask \($op{try}\): it was ended/,
	    'second try: ended');
	forged('no try', 'msg 1 ' . $m->('try', 1, 0, "\xff"), 'msg 1 00',
	    'verdict');
	forged('octets that never come',
	    'msg 1 ' . $m->('try', 1, 65535, "\0"), 'verdict');
	forged('more octets than told', 'msg 1 ' . $m->('try', 1, 1, "\0"),
	    'msg 1 ' . '41' x 2000, 'verdict');
	# an acceptance of what was never proved
	forged('taken without a try', 'msg 1 ' . $m->('taken', 1, 0, "\0"));
	forged('taken after a bad try', @t,
	    'msg 1 ' . $m->('taken', 1, 0, "\0"));
	forged('questions', ("msg 1 " . $m->('kinds', 0, 0, "\0")) x 50,
	    ("msg 1 " . $m->('salt', 0, 0, "\0")) x 50);
	forged('the salt of no name', 'msg 1 ' . $m->('salt', 0, 0, "\0", ''));
	# a name that would be a line of another kind: fail2ban reads those
	my $line = '[AUTH] Failed attempted login to x from host (';
	for my $row (['said', 13], ['did', 0], ['end', 3], ['try', 1],
	    ['salt', 0], ['kinds', 0]) {
		(undef, $log) = forged("$row->[0]: a line for a name", 'msg 1 ' .
		    $m->(@$row, 0, ") 6.6.6.6\0", $line), "msg 1 $no_try",
		    'verdict');
		unlike($log, qr/6\.6\.6\.6|^popper\[\d+\]: \[AUTH\]/m,
		    "$row->[0]: a line for a name is not printed");
		like($log, qr/asked what it may not ask \($op{$row->[0]}\)/,
		    "$row->[0]: a line for a name: ended");
	}
	forged("the name $_", 'msg 1 ' . $m->('said', 0, 0, "\0", $_))
	    for '../', "\xff" x 64, "a\nb", 'x' x 64;
	forged('no operation', "msg 1 $_") for $m->(0, 0, 0, "\xff"),
	    $m->(255, 255, 65535, "\xff"), 'ff', 'ff' x 2000, '';
	forged('every code', map { ("msg 1 " . $m->('said', $_, 0, "\xff"),
	    "msg 1 " . $m->('did', $_, 0, "\xff")) } 0 .. 255);
	forged('a flood of -ERRs', 'msg 20000 ' . $m->('said', 0, 0, "\xff"));
	forged('a flood of commands', 'msg 20000 ' . $m->('did', 0, 0, "\n"));
	my ($code, $log2) = forged('STLS that nobody offers',
	    'msg 1 ' . $m->('stls', 0, 0, "\0"));
	unlike($log2, qr/TLS/, 'STLS that nobody offers: the end');
	forged('every end', 'msg 20 ' . $m->('end', $_, 0, "\x1b")) for 0 .. 9;
	forged('a flood of ends', 'msg 20000 ' . $m->('end', 255, 0, "\0"));
}
# STLS: the front that spoke in the clear has none of the wrapper's fds, and is
# gone when TLS begins; that behind it is another one, which cannot have it
# again.
{
	my ($size, undef, @ops) = split ' ', ask($s = front(), 'messages');
	my %op = map { split /=/ } @ops;
	$s->leave;
	my $stls = sub {
		return 'msg 1 ' . unpack 'H*', pack("CCx" . ($size - 2),
		    $op{stls}, $_[0]);
	};
	my @hostile = (env => { HOSTILE => 'front' });
	my ($t, $w) = Wrapper->connect($host, @hostile);
	like(ask($t, 'fds'), qr/^fds 0 1 \d+$/, 'STLS: three fds before it');
	my $children = "/proc/$t->{pid}/task/$t->{pid}/children";
	like(Pop::slurp($children), qr/^\d+ $/, 'STLS: there is a front');
	$t->put($stls->(0) . "\n");
	is($w->asked, 'Y', 'STLS: the wrapper is asked');
	is(Pop::slurp($children), '', 'STLS: there is no front then');
	$w->tell($t);
	like($w->clear, qr/\A(1 0\n)?\z/, 'STLS: nor anybody else with the socket');
	like(ask($t, 'fds'), qr/^fds 0 1 \d+$/, 'STLS: three fds behind it');
	$t->put($stls->(0) . "\n");
	$t->rest_or_end;
	is($t->wait_end, 0, 'STLS: twice: the end');
	like($host->log_text, qr/may not ask \($op{stls}\): it was ended\n\z/,
	    'STLS: which is told');
	# more refused mechanisms than there can be, or after a try
	for my $first (undef, 'msg 1 ' . unpack 'H*', pack "CCx" . ($size - 2),
	    $op{try}, 1) {
		($t, $w) = Wrapper->connect($host, @hostile);
		if (defined $first) {
			ask($t, $_) for $first, 'msg 1 00', 'verdict';
		}
		$t->put($stls->(defined $first ? 0 : 200) . "\n");
		is($w->asked, '', 'STLS: not asked');
		$t->rest_or_end;
		$t->wait_end;
	}
}
# Somebody's certificate does not let in whom the front names.
{
	my ($msg, $try, @ops) = split ' ', ask($s = front(), 'messages');
	my %op = map { split /=/ } @ops;
	$s->leave;
	$host->configure("set tls-client-name = cn\n");
	for my $row (['alice', 'alice', qr/^\+OK alice/], ['alice', 'bob', qr/^2 0/],
	    ['', 'alice', qr/^2 0/]) {
		my ($cn, $user, $want) = @$row;
		my $t = $host->connect(env => { HOSTILE => 'front',
			%Wrapper::TLS, SSL_CLIENT_VERIFY => 'SUCCESS',
			SSL_CLIENT_S_DN_CN => $cn });
		$t->put('msg 1 ' . unpack('H*', pack "CCSa" . ($msg - 4),
		    $op{try}, 1, 0, $user) . "\nmsg 1 " .
		    unpack('H*', pack "Va" . ($try - 4), 7, $user) .
		    "\nverdict\n");
		my $said;
		do { $said = line($t) } while ($said // '') eq '1 0';
		like($said, $want, "EXTERNAL: $user as '$cn'");
		$t->leave;
	}
	$host->configure('');
}
is($host->login('alice')->{welcome} =~ /^\+OK/, 1,
    'and another client can log in');

# The session.  Every call: what it may make, what kills it, and the rest,
# which it is told does not exist.
{
	my (%lives, %dead);
	my $from = 0;
	while ($from <= $LAST) {
		my $t = session();
		my $at;
		for (lines($t, "sweep $from " . upto($from))) {
			($at, my $errno) = split ' ';
			$lives{$at} = 1 if $errno != ENOSYS;
			$from = $at + 1;
		}
		my ($last) = $t->{buf} =~ /^(\d+) $/;
		$t->leave;
		$dead{$last} = 1 if defined $last;
		$from = $last + 1 if defined $last;
		$from++ while $PROBE{$from};
	}
	my %left = map { $nr{$_} => 1 } qw(exit exit_group rt_sigreturn ppoll);
	is_deeply([sort { $a <=> $b } keys %lives], [sort { $a <=> $b }
	    grep { $_ >= 0 && !$left{$_} } map { $nr{$_} } @SESSION],
	    'session: the calls it may make');
	is_deeply([sort { $a <=> $b } keys %dead],
	    [sort { $a <=> $b } grep { $_ >= 0 } map { $nr{$_} } @DEADLY],
	    'session: the calls that kill it');
}

# Arguments that would do more than popper does.
$s = session();
my $folder = 3;
my $NEW = O_CREAT | O_EXCL | O_RDWR;
for ([openat => $folder, '@prog', $NEW, 02755], # with the group's rights
    [openat => $folder, '@prog', $NEW, 04755],
    [fchmod => 4, 02755], [fchmod => 4, 04755],
    [fcntl => 0, 8, $$], # F_SETOWN: signals
    [fcntl => 0, 10, 9],
    [fcntl => 4, 0, 0], # F_DUPFD: numbers tell what files are
    [mmap => 0, 4096, 3, 0x21, -1, 0], # shared: not counted as its data
    [mmap => 0, 4096, 3, 0x122, -1, 0], # nor is what grows down
    [mmap => 0, 4096, 1, 2, 4, 0], # reads what is open
    [linkat => 4, '@', $folder, '@x', 0x1000], # AT_EMPTY_PATH
    [unlinkat => $folder, '@x', 0x200], # AT_REMOVEDIR
    [renameat2 => $folder, '@alice', $folder, '@.alice.pop', 2],
    [utimensat => $folder, '@alice', 0, 0]) {
	is(call($s, @$_), -EPERM, "refused: @$_");
}
is(call($s, openat => $folder, '@alice', @$_), -EACCES,
    "no file that is there: flags @$_") for [O_RDONLY], [O_RDWR], [O_WRONLY],
    [$O_PATH], [O_CREAT | O_RDWR], [O_CREAT | O_TRUNC], [$NEW | $O_PATH],
    [O_EXCL], [020000000 | O_RDWR], [020200000 | O_RDWR];
$s->leave;
kills(\&session, @$_) for [mmap => 0, 4096, 5, 0x22, -1, 0],
    [mprotect => 0, 4096, 5], [sendto => 0, '&', 0, 0, '&', 16],
    [socket => 1, 1, 0], [kill => $$, 0], [execve => '@/bin/sh', 0, 0],
    [ptrace => 16, $$];
is(call(session(), sendto => 0, '&', 0, 0x4000, 0, 0), 0,
    'but the client gets his replies');

# Of what is open only the maildrop's files can be changed.
sub untouched {
	my ($t, $name, $fd, @may) = @_;
	my %may = map { $_ => 1 } @may;
	my @wrong;
	for ([write => '@x', 1], [writev => '&', 1], [sendto => '@x', 1, 0x4000],
	    [pwrite64 => '@x', 1, 0], [pwritev => '&', 1, 0],
	    [pwritev2 => '&', 1, 0, 0, 0], [pwritev2 => '&', 1, -1, 0, 0x20],
	    [ftruncate => 0], [fallocate => 0, 0, 1 << 20], [fchmod => 0777],
	    [fchown => -1, -1], [fsetxattr => '@user.x', '@', 0, 0],
	    [fremovexattr => '@user.x'], [utimensat => 0, 0, 0],
	    [flock => 6], [fcntl => 37, '&'], [fcntl => 0, 3], [read => '&', 1],
	    [readv => '&', 1], [pread64 => '&', 1, 0], [lseek => 0, 0],
	    [shutdown => 2], [close => ()]) {
		my ($what, @args) = @$_;
		my $r = call($t, $what, $fd, @args);
		push @wrong, "$what @args: $r"
		    if $r != -EPERM && !$may{$what} or $r != 1 && $what eq
		    'write' && $may{write};
	}
	is_deeply(\@wrong, [], "$name: what nobody may do is refused");
}
sub fd_of {
	my ($t, $file) = @_;
	my (undef, @fd) = split ' ', ask($t, 'fds');
	return grep { $_ > 1 &&
	    (readlink "/proc/$t->{pid}/fd/$_") eq $file } @fd;
}
{
	my @limit = ("$Pop::BUILD/poplimit", '-n', 2, '-d', "$dir/run");
	my %other = (before => \@limit, env => { TCPREMOTEIP => '198.51.100.7' });
	Pop::spew("$dir/trace", "what was there\n", 0600);
	$host->configure("set tracefile = $dir/trace\n");
	my $t = session(before => \@limit);
	my ($slots) = fd_of($t, "$dir/run/slots");
	untouched($t, 'the lock of poplimit', $slots);
	untouched($t, 'an fd above all', 70);
	is(-s "$dir/run/slots", 0, 'which stays empty');
	my $second = $host->connect(before => \@limit);
	like($host->connect(before => \@limit)->{greeting}, qr/^-ERR .*Too many/,
	    'and held, as long as the session is there');
	like($host->connect(%other)->{greeting}, qr/^\+OK/, 'one of many');
	$second->wait_end;
	my ($trace) = fd_of($t, "$dir/trace");
	untouched($t, 'the trace file', $trace, 'write', 'writev', 'sendto');
	like(Pop::slurp("$dir/trace"), qr/^what was there\n.*x/s,
	    'to which it can add');
	untouched($t, 'the log beside it', 2);
	untouched($t, 'the folder', $folder);
	is((stat "$dir/spool")[2] & 07777, 02775, 'which is as it was');
	$t->leave;
	$host->configure('');
	$t = session();
	untouched($t, 'the log', 2, 'write', 'writev', 'sendto');
	is(call($t, $_ => 1, 0, 0), -EPERM, "the client: no $_")
	    for qw(close pwrite64 ftruncate fchmod fcntl lseek);
	$t->leave;
	# numbers above 63 are in no set
	my $many = 'POSIX::dup(0) for 1 .. 60; exec @ARGV';
	my $full = $host->connect(before => ['perl', '-MPOSIX',
	    '-MFcntl', '-e', "\$^F = 99; $many", '--']);
	$full->cmd('USER alice');
	like($full->cmd('PASS secret'), qr/^-ERR .*too many files were open/,
	    'nobody gets in with more files than the filter can tell apart');
	$full->wait_end;
}

# A kernel without Landlock, or a container that forbids it: the filter holds.
SKIP: {
	skip 'needs strace', 3 if system('strace -V >/dev/null 2>&1') != 0;
	$host->configure("set debug\n");
	my $t = session(before => ['strace', '-f', '-qq', '-o', '/dev/null',
	    '-e', 'trace=landlock_create_ruleset', '-e',
	    'inject=landlock_create_ruleset:error=EOPNOTSUPP']);
	ok($host->log_like(qr/this kernel has no Landlock/),
	    'no Landlock: told for debugging');
	is(call($t, openat => $folder, '@alice', O_RDONLY), -EACCES,
	    'no Landlock: no file that is there');
	is(call($t, openat => $AT_FDCWD, "\@$dir/log", O_WRONLY), -EACCES,
	    'no Landlock: nor one elsewhere');
	$t->leave;
	$host->configure('');
}

# Its fds: the client, the log, and the maildrop; and no mail but alice's.
SKIP: {
	skip 'needs root', 1 unless $host->{root};
	my $bob = $host->{uid} + 1;
	Pop::spew("$dir/cdb/users",
	    "alice:$host->{uid}:$host->{gid}:$dir/home\n" .
	    "bob:$bob:$host->{gid}:$dir/home\n");
	system("$Pop::TOP/scripts/rebuild-cdb", "$dir/cdb") == 0 or die;
	my $has_landlock = syscall(444, 0, 0, 1) > 0;
	for my $mode ('', "set server-mode\n") {
		my $name = $mode ? 'server mode' : 'normal mode';
		$host->configure($mode);
		$host->spool('alice', Mbox::message(1, "words for alice\n"));
		$host->spool('bob', Mbox::message(1, "words for bob\n"));
		chown $bob, $host->{gid}, "$dir/spool/bob";
		others($name, $has_landlock);
	}
}
done_testing;

# The code of the answer to his password, or none: he is in.
sub refusal {
	my ($user) = @_;
	my $t = $host->connect;
	$t->cmd("USER $user");
	my $said = $t->cmd('PASS secret');
	$t->leave;
	return $said =~ /^-ERR \[(.*?)\]/ ? $1 : 'none';
}

sub others {
	my ($name, $has_landlock) = @_;
	my $bob = $host->spool('bob');
	my $t = session();
	my $mail = '';
	my (undef, @fd) = split ' ', ask($t, 'fds');
	for my $fd (grep { $_ > 2 && !$inherited{$_} } @fd) {
		my $is = readlink "/proc/$t->{pid}/fd/$fd";
		like($is, qr{^$dir/spool(/alice|/\.alice\.\w+)?$},
		    "$name: fd $fd is alice's");
		$mail .= pack 'H*', ask($t, "read $fd");
	}
	like($mail, qr/words for alice/, "$name: her mail is there to read");
	unlike($mail, qr/words for bob/, "$name: and none of bob's");
	is(call($t, newfstatat => 3, '@bob', '&', 0), 0,
	    "$name: she sees that bob's spool is there");
	for my $file ('@bob', "\@$dir/spool/bob", '@../spool/bob',
	    '@/etc/passwd', "\@$dir/home/file", '@/proc/self/mem') {
		is(call($t, openat => 3, $file, O_RDONLY), -EACCES,
		    "$name: cannot open $file");
	}
	is(call($t, openat => 3, '@bob', $NEW, 0600), -EEXIST,
	    "$name: nor make it again");
	# in her folder she can do what its mode says
	is(call($t, linkat => 3, '@bob', 3, '@x', 0), 0,
	    "$name: bob's spool by another name")
	    if Pop::slurp('/proc/sys/fs/protected_hardlinks') == 0;
	is(call($t, renameat => 3, '@bob', 3, '@y'), 0,
	    "$name: it can be renamed");
	is(call($t, openat => 3, "\@$_", O_RDONLY), -EACCES,
	    "$name: and not be opened as $_") for 'y', 'x';
	is(call($t, renameat => 3, '@y', 3, '@alice'), 0,
	    "$name: it can take the place of hers");
	is(call($t, openat => 3, '@alice', O_RDONLY), -EACCES,
	    "$name: and not be opened");
	$t->leave;
	$t = $host->connect;
	$t->cmd('USER alice');
	like($t->cmd('PASS secret'), qr/^-ERR .*belongs to somebody else/,
	    "$name: nor be read by her next session");
	rename "$dir/spool/alice", "$dir/spool/bob";
	is($host->spool('bob'), $bob, "$name: as it was");
	unlink glob "$dir/spool/.alice* $dir/spool/x";
	$host->spool('alice', Mbox::message(1));

	# with the sticky bit on the folder not even that
	chmod 03775, "$dir/spool";
	$t = session();
	is(call($t, renameat => 3, '@bob', 3, '@y'), -EPERM,
	    "$name: sticky: it cannot be renamed");
	is(call($t, unlinkat => 3, '@bob', 0), -EPERM,
	    "$name: sticky: nor removed");
	# what the folder's mode cannot forbid, as DESIGN.md says
	chmod 0660, "$dir/spool/bob";
	is(call($t, linkat => 3, '@bob', 3, '@x', 0), 0,
	    "$name: sticky: a link to a spool of 0660");
	is(refusal('bob'), 'SYS/PERM', "$name: sticky: bob is refused");
	unlink "$dir/spool/x";
	call($t, close => call($t, openat => 3, '@.bob.pop', $NEW, 0600));
	is(refusal('bob'), 'SYS/PERM', "$name: sticky: by a session lock, too");
	is(call($t, unlinkat => 3, '@.bob.pop', 0), 0, "$name: sticky: gone");
	is(refusal('bob'), 'none', "$name: sticky: bob gets in again");
	my $fd = call($t, openat => 3, '@new', $NEW, 0600);
	cmp_ok($fd, '>', 3, "$name: a new file of her own");
	is(call($t, write => $fd, '@abc', 3), 3, "$name: can be written");
	is(call($t, unlinkat => 3, '@new', 0), 0, "$name: and removed");
	SKIP: {
		skip 'this kernel has no Landlock', 3 unless $has_landlock;
		is(call($t, openat => $AT_FDCWD, "\@$_/new", $NEW, 0600),
		    -EACCES, "$name: no file elsewhere: $_")
		    for "$dir/home", '/tmp', '/dev/shm';
	}
	$t->leave;
	chmod 02775, "$dir/spool";
	unlink glob "$dir/spool/.alice*";
}

package Pop::Session;

sub leave {
	my ($s) = @_;
	$s->put("quit\n");
	$s->rest_or_end;
	return $s->wait_end;
}

# All that comes, also if the peer is killed while it has something to read.
sub rest_or_end {
	my ($s) = @_;
	my $all = '';
	while (1) {
		my $more = eval { $s->fill };
		last unless $more;
	}
	$all = $s->{buf};
	$s->{buf} = '';
	return $all;
}
