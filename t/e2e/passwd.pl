# The part of passwd.t that runs where the users are.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Mbox;
use Pop;
use Test::More;

my $host = Pop->new;
my %uid = map { (split /:/)[0, 2] } split /\n/, Pop::slurp('/etc/passwd');

sub spool_of {
	my ($user) = @_;
	Pop::spew("$host->{dir}/spool/$user", Mbox::message(1), 0660);
	chown $uid{$user}, $host->{gid}, "$host->{dir}/spool/$user";
}

for (['sys1', 'secret', 1], ['sys1', 'wrong', 0, 'the proof is wrong'],
    ['plain', 'secret', 1], ['noshadow', 'x', 0, 'locked or has no secret'],
    ['locked', 'secret', 0, 'locked or has no secret'],
    ['empty', '', 0], ['empty', 'x', 0, 'locked or has no secret'],
    ['gone', 'secret', 0, 'has expired'], ['old', 'secret', 0, 'has expired'],
    ['low', 'secret', 0, 'uid 10 or below'],
    ['zero', 'secret', 0, 'uid 10 or below'],
    ['root', 'secret', 0],
    ['zero', 'secret', 0, 'uid 10 or below', '-a'],
    ['low', 'secret', 1, undef, '-a']) {
	my ($user, $password, $in, $why, @args) = @$_;
	spool_of($user);
	truncate $host->{log}, 0;
	my $s = $host->connect(args => \@args);
	$s->cmd("USER $user");
	my $reply = $s->cmd("PASS $password");
	like($reply, $in ? qr/^\+OK \Q$user\E has 1 visible/ : qr/^-ERR/,
	    "$user with \"$password\" @args");
	like($host->log_text, qr/Log-in of $user refused: .*$why/,
	    "$user: the log has why") if $why;
	$s->quit if $in;
	is($s->{code}, 0, "$user: exit code") if $in;
}

# check-password-expired off: an old password will do, an old account not.
$host->configure("reset check-password-expired\n");
spool_of($_) for qw(old gone);
my $s = $host->connect;
$s->cmd('USER old');
like($s->cmd('PASS secret'), qr/^\+OK/, 'reset check-password-expired');
$s->quit;
$s = $host->connect;
$s->cmd('USER gone');
like($s->cmd('PASS secret'), qr/^-ERR/, 'an account that is over stays out');
done_testing;
