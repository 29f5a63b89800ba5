#!/usr/bin/perl
# Sessions that poptls resumes, by what openssl says of them, and sessions that
# it must not: of another name, too old, of another service, spoiled.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Fcntl qw(F_SETFD);
use File::Temp qw(tempdir);
use IO::Socket::INET;
use POSIX ();
use Pop;
use Test::More;
use Time::HiRes qw(time);

my $PATIENCE = 20;
for my $needed ("$Pop::BUILD/poptls", '/usr/bin/openssl',
    '/usr/bin/tcpserver') {
	plan skip_all => "$needed is missing" unless -x $needed;
}
my $dir = tempdir('popper-test.XXXXXX', TMPDIR => 1, CLEANUP => 1);
mkdir "$dir/empty", 0755;
my @servers;
END { kill 'TERM', @servers; waitpid $_, 0 for @servers }

for my $name (qw(a b)) {
	umask 077;
	system("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 " .
	    "-nodes -days 2 -subj /CN=$name.example -keyout $dir/$name.key " .
	    "-out $dir/$name.cert 2>$dir/openssl.log && " .
	    "cat $dir/$name.cert $dir/$name.key >$dir/$name.pem") == 0
	    or die Pop::slurp("$dir/openssl.log");
}

# What runs behind TLS: it tells what it knows, and what it has open.
my $program = Pop::spew("$dir/program", <<"END", 0700);
#!$^X
print join('|', 'seen', map({ \$ENV{\$_} // '' }
    qw(SSL_SESSION_RESUMED SSL_SERVER_NAME POPTLS_CACHE)),
    scalar grep { (readlink \$_ // '') =~ /memfd/ } glob '/proc/self/fd/*'),
    "\\n";
END

# A service: these words, then tcpserver and poptls.
sub serve {
	my ($cert, @before) = @_;
	my $free = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1)
	    or die;
	my $port = $free->sockport;
	close $free;
	my $pid = fork // die "fork: $!";
	if ($pid == 0) {
		open STDERR, '>>', "$dir/log";
		{ no warnings; exec @before, 'tcpserver', '-HRDl0',
		    '127.0.0.1', $port, "$Pop::BUILD/poptls", '-c',
		    "$dir/$cert.pem", '-e', "$dir/empty", $program; }
		POSIX::_exit(127);
	}
	push @servers, $pid;
	my $end = time + $PATIENCE;
	until (IO::Socket::INET->new("127.0.0.1:$port")) {
		die 'no server' if time > $end;
		select undef, undef, undef, 0.02;
	}
	return { pid => $pid, port => $port };
}

# A client with the session in a file, if that is there, which then has the one
# of this connection.  "Reused" or "New", and what the program saw.
sub client {
	my ($server, $name, $file) = @_;
	my @name = defined $name ? "-servername $name" : '-noservername';
	my $in = -e "$dir/$file" ? "-sess_in $dir/$file" : '';
	my $said = `timeout $PATIENCE openssl s_client -tls1_2 -ign_eof \\
	    -connect 127.0.0.1:$server->{port} @name $in \\
	    -sess_out $dir/$file.new 2>&1 </dev/null`;
	my ($how) = $said =~ /^(New|Reused), TLSv1.2/m or diag($said);
	my ($seen) = $said =~ /^seen\|(.*?)\r?$/m;
	return join ' ', $how // 'none', $seen // 'nothing';
}

sub keep {
	my ($file) = @_;
	rename "$dir/$file.new", "$dir/$file" or die "$file: $!";
}

my @cache = "$Pop::BUILD/poptls-cache";
my $s = serve('a', @cache);
is(client($s, 'a.example', 'a'), 'New Initial|a.example||0', 'a first one');
keep('a');
is(client($s, 'a.example', 'a'), 'Reused Resumed|a.example||0', 'and again')
    for 1 .. 3;
is(client($s, 'b.example', 'a'), 'New Initial|b.example||0', 'another name');
is(client($s, undef, 'a'), 'New Initial|||0', 'no name');
is(client($s, undef, 'none'), 'New Initial|||0', 'one without a name');
keep('none');
is(client($s, undef, 'none'), 'Reused Resumed|||0', 'and again');
is(client($s, 'a.example', 'none'), 'New Initial|a.example||0',
    'now with a name');
is(client($s, 'a.example', 'a'), 'Reused Resumed|a.example||0',
    'the first one is still there');

my $other = serve('a', @cache);
is(client($other, 'a.example', 'a'), 'New Initial|a.example||0',
    'another service');
my $without = serve('a');
is(client($without, 'a.example', 'w'), 'New Initial|a.example||0',
    'without poptls-cache');
keep('w') if -e "$dir/w.new";
is(client($without, 'a.example', 'w'), 'New Initial|a.example||0', 'always');
{
	local $ENV{POPTLS_CACHE} = 77;
	my $wrong = serve('a');
	is(client($wrong, 'a.example', 'a'), 'New Initial|a.example||0',
	    'a number that is no open file');
}

# The first service's file, in other hands.
{
	my $fd = (grep { (readlink $_ // '') =~ /memfd/ }
	    glob "/proc/$s->{pid}/fd/*")[0];
	open my $file, '+<', $fd or die "$fd: $!";
	fcntl $file, F_SETFD, 0;
	local $ENV{POPTLS_CACHE} = fileno $file;
	my $renewed = serve('b');
	is(client($renewed, 'a.example', 'a'), 'New Initial|a.example||0',
	    'another certificate, and the same file');
	is(client($s, 'a.example', 'a'), 'Reused Resumed|a.example||0',
	    'that did no harm');

	# somebody has taken an engine over, and writes to the file
	my $size = -s $file;
	sysseek $file, 512, 0;
	syswrite $file, "\xff" x ($size - 512);
	is(client($s, 'a.example', 'a'), 'New Initial|a.example||0',
	    'spoiled entries');
	keep('a');
	is(client($s, 'a.example', 'a'), 'Reused Resumed|a.example||0',
	    'later ones are good');
	sysseek $file, 0, 0;
	syswrite $file, "\xff" x 512;
	is(client($s, 'a.example', 'a'), 'New Initial|a.example||0',
	    'a spoiled head');
}

my $brief = serve('a', @cache, '-t', 3);
my $begun = time;
is(client($brief, 'a.example', 'b'), 'New Initial|a.example||0', '-t 3');
keep('b');
my $last;
do {
	select undef, undef, undef, 0.1;
	$last = client($brief, 'a.example', 'b');
} while ($last =~ /Reused/ && time < $begun + $PATIENCE);
is($last, 'New Initial|a.example||0', 'after 3 seconds it is too old');
# whole seconds are counted
cmp_ok(time - $begun, '>', 1.9, 'not much earlier');
done_testing;
