#!/usr/bin/perl
# A change over from Dovecot as docs/changing-over.md has it, with Debian's
# Dovecot: three clients that keep mail on the server have fetched all of it,
# and get nothing twice from popper, and what is new once.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Peers;
use Test::More;

my $cannot = Peers::cannot();
plan skip_all => $cannot if $cannot;

# What to import, and a setting of Dovecot's that says where its mail is.
my %CASE = (
	mbox => ['dovecot', ''],
	Maildir => ['dovecot-mail', 'mail_location = maildir:/mnt/home/%u/Maildir'],
	'ids that are names' => ['dovecot-mail',
	    "mail_location = maildir:/mnt/home/%u/Maildir\npop3_uidl_format = %f"],
	# no package has qmail-pop3d, whose ids are the same
	'as of qmail-pop3d' => ['maildir',
	    "mail_location = maildir:/mnt/home/%u/Maildir\npop3_uidl_format = %f"],
);

for my $name (sort keys %CASE) {
	my ($from, $more) = @{ $CASE{$name} };
	my $p = Peers->new;
	my $port = Peers::port();
	$more eq '' ? $p->mbox('dovecot') : $p->maildir(map { my $i = $_ + 1;
	    ($_ % 2 ? "cur/$i.mail.test:2,S" : "new/$i.mail.test"),
	    $_ % 3 ? $Peers::MAIL[$_] : $Peers::MAIL[$_] =~ s/\n/\r\n/gr }
	    0 .. $#Peers::MAIL);
	ok($p->start('dovecot', $port, $more), "$name: Dovecot runs");
	$p->change($name, 'dovecot', $port, sub {
		# nobody can log in any more, and doveadm still works
		my $conf = "$p->{dir}/dovecot/dovecot.conf";
		Pop::spew($conf,
		    Pop::slurp($conf) =~ s/^protocols = .*/protocols = none/mr);
		return $p->inside('dovecot',
		    "doveadm -c /mnt/dovecot/dovecot.conf reload && " .
		    "$Pop::TOP/scripts/import-mail -c /mnt/dovecot/dovecot.conf " .
		    "-f $_[0] $from $Peers::USER");
	});
}
done_testing;
