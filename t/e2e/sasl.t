#!/usr/bin/perl
# AUTH: every mechanism, what is refused without a try, and what CAPA says.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Mbox;
use Pop;
use Sasl;
use Test::More;

my $host = Pop->new(users => [qw(alice bob)]);
my $dir = $host->{dir};
my $mail = Mbox::message(1);

sub secrets {
	Pop::spew("$dir/cdb/secrets", join('', map { "$_\n" } @_), 0600);
	system("$Pop::TOP/scripts/rebuild-cdb", "$dir/cdb") == 0 or die;
}

sub mechanisms {
	my ($s) = @_;
	my ($status, $body) = $s->multi('CAPA');
	return $body =~ /^SASL (.*)\r$/m ? $1 : '';
}

# A log-in by each mechanism, right and wrong; the session goes on as usual.
my $salt = 'sixteen octets!!';
secrets("alice:{crypt}$Pop::HASH", 'alice:{apop}tanstaaf',
    'bob:{scram-sha-256}' . Sasl::verifier($salt, 'pencil'));
my %by = (
	PLAIN => sub { plain(@_) },
	'PLAIN, later' => sub {
		my ($s, $user, $password) = @_;
		is($s->cmd('AUTH PLAIN'), '+ ', 'an empty challenge');
		return $s->cmd(b64("$user\0$user\0$password"));
	},
	LOGIN => sub {
		my ($s, $user, $password) = @_;
		is($s->cmd('AUTH LOGIN'), '+ ' . b64('Username:'), 'Username:');
		is($s->cmd(b64($user)), '+ ' . b64('Password:'), 'Password:');
		return $s->cmd(b64($password));
	},
	'LOGIN, at once' => sub {
		my ($s, $user, $password) = @_;
		$s->cmd('AUTH LOGIN ' . b64($user));
		return $s->cmd(b64($password));
	},
	'CRAM-MD5' => sub { cram(@_) },
	'SCRAM-SHA-256' => sub { scram(@_) },
	'auth scram-sha-256, y' => sub { scram(@_, header => 'y,,') },
	'SCRAM-SHA-256 as himself' => sub {
		scram(@_, header => "n,a=$_[1],") },
);
for my $name (sort keys %by) {
	my $user = $name =~ /scram/i ? 'bob' : 'alice';
	my $good = $user eq 'bob' ? 'pencil' :
	    $name =~ /CRAM/ ? 'tanstaaf' : 'secret';
	$host->spool($user, $mail);
	my $s = $host->connect;
	like($by{$name}->($s, $user, $good),
	    qr/^\+OK \Q$user\E has 1 visible message/, "$name: log-in");
	like($s->cmd('STAT'), qr/^\+OK 1 /, "$name: and on");
	$s->quit;
	next if $name =~ / /;
	$s = $host->connect;
	is($by{$name}->($s, $user, "${good}x"), "-ERR [AUTH] Password " .
	    "supplied for \"$user\" is incorrect.", "$name: refused");
	like($s->rest, qr/^\+OK Pop server at \S+ signing off\.\r\n\z/,
	    "$name: the end");
	is($s->wait_end, 1, "$name: exit code");
}

# Users who have one kind of secret only.
for (['alice', 'tanstaaf', 'an APOP secret is enough for SCRAM', 1],
    ['bob', 'pencil', 'a verifier is not enough for CRAM-MD5', 0]) {
	my ($user, $secret, $what, $in) = @$_;
	my $s = $host->connect;
	like($in ? scram($s, $user, $secret) : cram($s, $user, $secret),
	    $in ? qr/^\+OK/ : qr/^-ERR \[AUTH\]/, $what);
	$s->quit if $in;
}
# A virtual user without a hash sends what he has.
secrets('alice:{apop}tanstaaf',
    'bob:{scram-sha-256}' . Sasl::verifier($salt, 'pencil'));
for (['alice', 'tanstaaf'], ['bob', 'pencil']) {
	my ($user, $secret) = @$_;
	for ($secret, "${secret}x") {
		my $s = $host->connect;
		my $want = $_ eq $secret ? qr/^\+OK/ : qr/^-ERR \[AUTH\]/;
		like(plain($s, $user, $_), $want, "$user by PLAIN with $_");
		$s->quit if $_ eq $secret;
	}
}
$host->users([qw(alice bob)]);

# Salts tell nothing: they are always the same, and differ by user.
my %salt;
for my $user (qw(alice nobody-here other-nobody)) {
	for (1 .. 2) {
		my ($reply, $x) = Sasl::first($host->connect, $user);
		is($x->{iterations}, 4096, "$user: iterations");
		is(length unb64($x->{salt}), 16, "$user: octets of salt");
		$salt{ $x->{salt} }++;
		like($x->{nonce}, qr/^fyko\+d2lbbFgONRv9qkxdawL\S{24}$/,
		    "$user: our nonce behind the client's");
	}
}
is_deeply([values %salt], [2, 2, 2], 'a salt for each, whether he is or not');

# Read-ahead: what was sent together with the last line of an exchange.
my $s = $host->connect;
$s->put('AUTH PLAIN ' . b64("\0alice\0secret") . "\r\nSTAT\r\nQUIT\r\n");
like($s->rest, qr/^\+OK alice.*\r\n\+OK \d.*\r\n\+OK Pop.*\r\n\z/,
    'commands behind AUTH');
$s = $host->connect;
my (undef, $x) = Sasl::first($s, 'alice');
my ($final) = Sasl::final($x, 'tanstaaf');
$s->put(b64($final) . "\r\n\r\nSTAT\r\nQUIT\r\n");
like($s->rest, qr/^\+ \S+\r\n\+OK alice.*\r\n\+OK \d.*\r\n\+OK Pop.*\r\n\z/,
    'commands behind SCRAM');

# The longest password that fits, in a response longer than a command.
my $long = 'x' x 511;
secrets('alice:{crypt}' . crypt $long, '$1$ab$');
$s = $host->connect;
$s->cmd('AUTH PLAIN');
like($s->cmd(b64("\0alice\0$long")), qr/^\+OK/, 'a password of 511 octets');
$s->quit;
$s = $host->connect;
$s->cmd('AUTH PLAIN');
like($s->cmd(b64("\0alice\0${long}x")), qr/^-ERR This is no response/,
    'one more is too long');
$s->cmd('AUTH PLAIN');
is($s->cmd('A' x 3000), '-ERR The command line is too long.',
    'a response that is no line');
is($s->cmd('NOOP'),
    '-ERR The noop command is not valid at this point of the session.',
    'and the session goes on');
$host->users([qw(alice bob)]);

# No tries: each is refused, the first two go on, the third ends it.
my @no = (
	['AUTH twinkie', qr/^-ERR Unknown authentication mechanism: twinkie$/],
	['AUTH KERBEROS_V4 x', qr/^-ERR Unknown .*: KERBEROS_V4$/],
	['AUTH PLAIN *', qr/^-ERR This is no response/],
	['AUTH PLAIN =', qr/^-ERR This is no response/],
	['AUTH PLAIN AA', qr/^-ERR This is no response/],
	['AUTH PLAIN ' . b64("alice\0secret"), qr/^-ERR This is no/],
	['AUTH PLAIN ' . b64("\0alice\0"), qr/^-ERR This is no/],
	['AUTH PLAIN ' . b64("\0alice\0a\0b"), qr/^-ERR This is no/],
	['AUTH PLAIN ' . b64("bob\0alice\0secret"), qr/^-ERR Nobody can/],
	['AUTH PLAIN ' . b64("\0../bob\0secret"), qr/^-ERR This cannot be/],
	["AUTH PLAIN\r\n*", qr/^\+ \n-ERR Authentication cancelled/],
	["AUTH LOGIN\r\n*", qr/^\+ \S+\n-ERR Authentication cancelled/],
	["AUTH LOGIN\r\n" . b64("a\0b"), qr/^\+ \S+\n-ERR This cannot be/],
	["AUTH LOGIN " . b64('alice') . "\r\n", qr/^\+ \S+\n-ERR This is no/],
	["AUTH LOGIN " . b64('alice') . "\r\n*", qr/^\+ \S+\n-ERR .*cancelled/],
	['AUTH CRAM-MD5 ' . b64('alice x'), qr/^-ERR This is no response/],
	["AUTH CRAM-MD5\r\n" . b64('alice'), qr/^\+ \S+\n-ERR This is no/],
	["AUTH CRAM-MD5\r\n" . b64('alice 123'), qr/^\+ \S+\n-ERR This is no/],
	['AUTH SCRAM-SHA-256 ' . b64('n,,n=alice'), qr/^-ERR This is no/],
	['AUTH SCRAM-SHA-256 ' . b64('p=tls-unique,,n=alice,r=x'),
	    qr/^-ERR This is no/],
	['AUTH SCRAM-SHA-256 ' . b64('n,a=bob,n=alice,r=x'),
	    qr/^-ERR Nobody can/],
	["AUTH SCRAM-SHA-256 " . b64('n,,n=alice,r=x') . "\r\n" .
	    b64('c=biws,r=x,p=' . b64('x' x 32)), qr/^\+ \S+\n-ERR This is no/],
	["AUTH SCRAM-SHA-256 " . b64('n,,n=alice,r=x') . "\r\n*",
	    qr/^\+ \S+\n-ERR .*cancelled/],
);
for my $i (0 .. $#no) {
	my ($say, $want) = @{ $no[$i] };
	my $t = $host->connect;
	$t->put("$say\r\n");
	my @got = ($t->line);
	push @got, $t->line while $got[-1] =~ /^\+ /;
	(my $shown = $say) =~ s/\r\n/, /g;
	like(join("\n", @got), $want, "$shown");
	if ($i % 4 == 0) {
		$t->cmd('AUTH a');
		is($t->cmd('AUTH b'),
		    '-ERR Unknown authentication mechanism: b', 'the third');
		like($t->rest, qr/^\+OK Pop server/, 'ends the session');
	} else {
		like(plain($t, 'alice', 'secret'), qr/^\+OK/, 'and then log-in');
		$t->quit;
	}
}

# A client that does not take the server's proof is not logged in.
for ('*', b64('x'), 'no base64', undef) {
	my $t = $host->connect;
	(undef, $x) = Sasl::first($t, 'alice');
	($final) = Sasl::final($x, 'tanstaaf');
	like($t->cmd(b64($final)), qr/^\+ /, 'the proof of the server');
	if (defined $_) {
		like($t->cmd($_), qr/^-ERR /, "answered with $_");
		like($t->rest, qr/^\+OK Pop server/, 'ends the session');
	}
	$t->wait_end;
}

# An exchange is good for its session only.
my $t = $host->connect;
(undef, $x) = Sasl::first($t, 'alice');
my ($old) = Sasl::final($x, 'tanstaaf');
$t = $host->connect;
Sasl::first($t, 'alice');
like($t->cmd(b64($old)), qr/^-ERR This is no response/, 'no replay of SCRAM');

# USER does not cross an exchange.
$t = $host->connect;
$t->cmd('USER bob');
$t->cmd('AUTH LOGIN ' . b64('alice'));
$t->cmd('*');
is($t->cmd('PASS secret'), '-ERR Give the user name first.', 'USER is gone');
$t->quit;
ok($host->log_like(qr/Possible probe of account alice from/), 'a probe');

# Names are treated alike everywhere.
$host->configure("set downcase-user\nset trim-domain\n");
for ([\&plain, 'secret'], [\&cram, 'tanstaaf'], [\&scram, 'tanstaaf']) {
	my ($by, $secret) = @$_;
	$t = $host->connect;
	like($by->($t, 'Alice@example.org', $secret), qr/^\+OK alice/,
	    'Alice@example.org');
	$t->quit;
}

# What is announced is what works: a row is the option, the client's address,
# if there are secrets, what CAPA says.
my @all = ('SCRAM-SHA-256 CRAM-MD5', 'PLAIN LOGIN');
for (['always', '192.0.2.1', 1, "@all"], ['default', '192.0.2.1', 1, "@all"],
    ['never', '127.0.0.1', 1, $all[0]], ['tls', '127.0.0.1', 1, $all[0]],
    ['local', '127.0.0.1', 1, "@all"], ['local', '192.0.2.1', 1, $all[0]],
    ['always', '192.0.2.1', 0, $all[1]], ['never', '192.0.2.1', 0, '']) {
	my ($rule, $ip, $some, $want) = @$_;
	$host->configure("set clear-text-password = $rule\n");
	$some ? $host->users([qw(alice bob)]) : secrets("alice:{crypt}$Pop::HASH");
	my $name = "$rule, $ip" . ($some ? '' : ', no secrets');
	my @env = (env => { TCPREMOTEIP => $ip });
	$t = $host->connect(@env);
	is(mechanisms($t), $want, "$name: CAPA");
	my ($status, $list) = $t->multi('AUTH');
	is($want eq '' ? $status : join(' ', split /\r\n/, $list),
	    $want eq '' ? '-ERR Too few arguments for the auth command.' :
	    $want, "$name: AUTH alone");
	my $clear = $want =~ /PLAIN/;
	for ('PLAIN', 'LOGIN') {
		$t = $host->connect(@env);
		like($t->cmd("AUTH $_"), $clear ? qr/^\+ / :
		    qr/^-ERR The mechanism $_ sends the password/,
		    "$name: AUTH $_");
	}
	$t = $host->connect(@env);
	next unless $some;
	like(scram($t, 'alice', 'tanstaaf'), qr/^\+OK/, "$name: SCRAM works");
	is(mechanisms($t), $want, "$name: CAPA after log-in");
	$t->quit;
}

# sasl-mechanisms: others are not there.
$host->configure("set sasl-mechanisms = \"plain, Login\"\n");
$t = $host->connect;
is(mechanisms($t), 'PLAIN LOGIN', 'sasl-mechanisms: CAPA');
like($t->cmd('AUTH CRAM-MD5'), qr/^-ERR Unknown/, 'sasl-mechanisms: others');
like(plain($t, 'alice', 'secret'), qr/^\+OK/, 'sasl-mechanisms: these');
$t->quit;

unlike($host->log_text, qr/tanstaaf|pencil|x{20}/,
    'no secret in the log');
done_testing;
