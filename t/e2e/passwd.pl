# The part of passwd.t that runs where the users are.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Mbox;
use Pop;
use Sasl;
use Test::More;

my $host = Pop->new;
my %uid = map { (split /:/)[0, 2] } split /\n/, Pop::slurp('/etc/passwd');
$uid{alice} = $host->{uid};

sub spool_of {
	my ($user) = @_;
	Pop::spew("$host->{dir}/spool/$user", Mbox::message(1), 0660);
	chown $uid{$user}, $host->{gid}, "$host->{dir}/spool/$user";
}

# A refusal comes late.  So what it looks like is compared at the end.
my @refused;
sub refused {
	my ($t, $user, $why, $what) = @_;
	ok($host->log_like(qr/^popper\[$t->{pid}\]:
	    .Log-in.of.$user.refused:.[^\n]*\Q$why\E/mx),
	    "$what: $user may not") or diag($host->log_text);
	push @refused, [$t, $user];
}

# may USER, WHY NOT, WHAT: with the password that is right, or another one
sub may {
	my ($user, $why, $what, $password, @args) = @_;
	spool_of($user);
	my $t = $host->connect(args => \@args);
	$t->cmd("USER $user");
	$t->put('PASS ' . (defined $password ? $password : 'secret') . "\r\n");
	return refused($t, $user, $why, $what) if defined $why;
	like($t->line, qr/^\+OK/, "$what: $user may");
	$t->quit;
	is($t->{code}, 0, "$what: exit code");
}

my $none = 'locked or has no secret';
my $old = 'has expired';
my $low = 'a uid of block-uid or below';
may('sys1', undef, 'a password');
may('sys1', 'the proof is wrong', 'another password', 'wrong');
may('plain', undef, 'a hash in passwd');
may('noshadow', $none, 'no line in shadow', 'x');
may('locked', $none, 'a locked hash');
may('empty', $none, 'an empty hash', 'x');
may('gone', $old, 'an account that is over');
may('old', $old, 'a password that is too old');
may('low', $low, 'a low uid');
may('zero', $low, 'uid 0');
may('root', '', 'root');
may('zero', $low, 'uid 0, -a', 'secret', '-a');
may('low', undef, 'a low uid, -a', 'secret', '-a');
$host->configure("reset check-password-expired\n");
may('old', undef, 'reset check-password-expired');
may('gone', $old, 'reset check-password-expired');

# block-uid: the greatest uid that is refused; 0 always is
for ([20100, undef, undef], [20101, $low, undef], [65535, $low, undef],
    [6, undef, undef], [7, $low, $low], [0, undef, undef]) {
	my ($bound, $why, $low_too) = @$_;
	$host->configure("set block-uid = $bound\n");
	$bound < 100 ? may('low', $low_too, "block-uid $bound")
	    : may('sys1', $why, "block-uid $bound");
	may('zero', $low, "block-uid $bound") if $bound == 0;
}
$host->configure("set block-uid = 65535\n");
may('sys1', undef, 'block-uid, -a', 'secret', '-a');

$host->configure("set check-shell\n");
may('sys1', undef, 'a shell of the list');
may('ftponly', 'the shell is not in /etc/shells', 'another shell');
may('noshell', undef, 'no shell is /bin/sh');
may('anyshell', undef, 'Qpopper\'s shell');
Pop::spew('/etc/shells', "/bin/sh\n/POPPER/ANY/SHELL\n", 0644);
may('ftponly', undef, 'that shell in the list');
$host->configure('');
Pop::spew('/etc/shells', "/bin/sh\n", 0644);
may('ftponly', undef, 'check-shell off');
$host->configure("set check-shell\n");
Pop::spew('/etc/shells', "/bin/sh\n", 0666);
may('alice', undef, 'a virtual user has none');
may('sys1', '/etc/shells (owner 0, mode 0666) can be changed', 'open to all');
Pop::spew('/etc/shells', "/bin/sh\n", 0644);

# Lists of names, as files.
my $list = "$host->{dir}/list";
my $not = 'the lists of users say no';
for (["# remark\n\n sys1 \t\nplain\r\n", [qw(sys1 plain)], [qw(alice)]],
    ['sys1', ['sys1'], ['plain']], ["sys11\nsys\nSYS1\n", [], ['sys1']],
    ['', [], ['sys1']]) {
	my ($text, $in, $out) = @$_;
	Pop::spew($list, $text, 0644);
	(my $name = $text) =~ s/\s/ /g;
	$host->configure("set auth-file = $list\n");
	may($_, undef, "auth-file \"$name\"") for @$in;
	may($_, $not, "auth-file \"$name\"") for @$out;
	$host->configure("set nonauth-file = $list\n");
	may($_, undef, "nonauth-file \"$name\"") for @$out;
	may($_, $not, "nonauth-file \"$name\"") for @$in;
}
# One that cannot be read lets nobody in.
for ('auth-file', 'nonauth-file') {
	for my $wrong ([undef, 'Unable to open'], [0666, 'can be changed by']) {
		my ($mode, $why) = @$wrong;
		unlink $list;
		Pop::spew($list, "plain\n", $mode) if defined $mode;
		$host->configure("set $_ = $list\n");
		may('sys1', $why, $_);
	}
}
$host->configure('');

# And as sources of users.cdb.
sub lists {
	my (%lists) = @_;
	for ('allow', 'deny') {
		my $file = "$host->{dir}/cdb/$_";
		unlink $file;
		Pop::spew($file, $lists{$_}) if defined $lists{$_};
	}
	system("$Pop::TOP/scripts/rebuild-cdb", "$host->{dir}/cdb") == 0 or die;
}
lists(allow => "sys1\n");
may('sys1', undef, 'allow');
may('alice', $not, 'allow');
lists(allow => '');
may('sys1', $not, 'an empty allow');
lists(deny => "sys1\n");
may('sys1', $not, 'deny');
may('plain', undef, 'deny');
lists(allow => "sys1\nplain\n", deny => "sys1\n");
may('sys1', $not, 'allow and deny');
may('plain', undef, 'allow and deny');
lists();
may('sys1', undef, 'no lists');

# Other ways to log in are refused for the same reasons.
Pop::spew("$host->{dir}/cdb/secrets", join('', map { "$_:{apop}tanstaaf\n" }
    qw(sys1 gone low ftponly nowhere)), 0600);
$host->configure("set check-shell\n");
my %by = (APOP => sub { my $t = shift; $t->apop(@_) },
    'CRAM-MD5' => \&cram, 'SCRAM-SHA-256' => \&scram);
lists();
for (['sys1', 'APOP'], ['sys1', 'CRAM-MD5'], ['sys1', 'SCRAM-SHA-256'],
    ['gone', 'APOP', 'has expired'], ['low', 'CRAM-MD5', 'a uid of block-uid'],
    ['ftponly', 'SCRAM-SHA-256', 'the shell'],
    ['nowhere', 'SCRAM-SHA-256', 'no such user']) {
	my ($user, $mech, $why) = @$_;
	spool_of($user) if $uid{$user};
	my $t = $host->connect;
	my $reply = $by{$mech}->($t, $user, 'tanstaaf');
	like($reply, $why ? qr/^-ERR \[AUTH\]/ : qr/^\+OK/, "$user by $mech");
	if ($why) {
		ok($host->log_like(qr/Log-in of $user refused: .*$why/),
		    "$user by $mech: the log has why");
	} else {
		$t->quit;
	}
}

# A program that does not look at shadow lets in who has an old password, and
# not whose account is over.
Pop::spew("$host->{dir}/program", <<'END', 0755);
#!/usr/bin/perl
open my $in, '<&=', 3 or exit 2;
my ($user) = split /\0/, <$in>;
my ($uid, $gid, $home) = (getpwnam $user)[2, 3, 7];
$( = $gid;
$) = "$gid $gid";
($<, $>) = ($uid, $uid);
@ENV{qw(USER HOME)} = ($user, $home);
exec $ARGV[-1];
END
$host->configure("set checkpassword = $host->{dir}/program\n" .
    "set program-dir = $Pop::BUILD\n");
may('old', undef, 'checkpassword');
may('gone', $old, 'checkpassword');

# Lines of lists are names as users give them.
Pop::spew($list, "SYS1\nPlain\@example.org\n", 0644);
$host->configure("set nonauth-file = $list\nset downcase-user\n" .
    "set trim-domain\n");
may('sys1', $not, 'a list in upper case');
may('plain', $not, 'a list with domains');
may('noshell', undef, 'a list in upper case');
for (@refused) {
	my ($t, $user) = @$_;
	my $no = "[AUTH] Password supplied for \"$user\" is incorrect.";
	like($t->rest, qr/^-ERR (?:\Q$no\E|\[SYS.TEMP\] .*)\r\n\+OK Pop /,
	    "$user: refused");
}
done_testing;
