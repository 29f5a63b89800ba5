#!/usr/bin/perl
# fetchmail, mpop (GnuTLS) and getmail (Python), by TLS at once and by STLS:
# each gets every message whole, deletes it on the server, finds nothing the
# next time, and takes no other certificate.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Clients;
use Pop;
use Test::More;

my $c = Clients->new;
my $home = $c->{home};
my %tls = $c->tls;
my $plain = $c->serve;
my @body = (@Clients::HARD, Clients::large(), Clients::small(150));
my $all = Clients::mbox(@body);

# Each one writes the client's configuration for a server, a port, "at once" or
# "STLS", and the file of the authority; its value is the command.  What it
# has fetched is in the file "got".
my %CLIENTS;

$CLIENTS{fetchmail} = sub {
	my ($server, $port, $how, $ca) = @_;
	my $ssl = $how eq 'STLS' ? "sslproto 'tls1.2+'" : 'ssl';
	$c->file('fetchmailrc', <<"END");
set no bouncemail
poll $server port $port protocol pop3 auth password
  user alice password secret $ssl sslcertck sslcertfile $ca
  mda "(echo 'From a Mon Nov  2'; sed 's/^>*From />&/'; echo) >>$home/got"
  fetchall
END
	return ('fetchmail', '-v', '-f', "$home/fetchmailrc", '--pidfile',
	    "$home/fetchmail.pid", '--nosyslog');
};

$CLIENTS{mpop} = sub {
	my ($server, $port, $how, $ca) = @_;
	my $starttls = $how eq 'STLS' ? 'on' : 'off';
	$c->file('mpoprc', <<"END");
account default
host $server
port $port
user alice
password secret
auth user
tls on
tls_starttls $starttls
tls_trust_file $ca
keep off
uidls_file $home/uidls
delivery mbox $home/got
END
	return ('mpop', '-C', "$home/mpoprc", '-Q');
};

# it has no STLS
$CLIENTS{getmail} = sub {
	my ($server, $port, $how, $ca) = @_;
	$c->file('getmailrc', <<"END");
[retriever]
type = SimplePOP3SSLRetriever
server = $server
port = $port
username = alice
password = secret
ca_certs = $ca
[destination]
type = Mboxrd
path = $home/got
[options]
delete = true
END
	return $c->getmail("$home/getmailrc");
};

# What the client has fetched since the last time.
sub got {
	my @got = Clients::bodies(Pop::slurp("$home/got"));
	$c->file('got');
	return \@got;
}

# Its exit code when there is no mail, if that is not 0.
my %NOTHING = (fetchmail => 1);
# Python ends TCP without close_notify; it is a matter of chance whether poptls
# sees that before the session's own end.
my $CUT = qr/poptls\[\d+\]: TLS connection with 127.0.0.1 was cut off\n/;
my %LOG = (getmail => qr/\A(?:$CUT)?\z/);
for my $client (sort keys %CLIENTS) {
	for my $how ('at once', $client eq 'getmail' ? () : 'STLS') {
		SKIP: {
			skip "no $client", 1 unless Clients::have($client);
			subtest "$client, $how" => sub { try($client, $how) };
		}
	}
}

sub try {
	my ($client, $how) = @_;
	my $host = $c->{host};
	$host->spool('alice', $all);
	$c->file('got');
	my $run = sub {
		return $c->run($CLIENTS{$client}->(@_));
	};
	# what it has to refuse comes first, with all the mail there
	for (['another CA', qr/unable to get local issuer|issuer is unknown/,
	    'localhost', $tls{$how}, $tls{other}],
	    ['another name', qr/match/, '127.0.0.1', $tls{$how}, $tls{ca}],
	    $how eq 'STLS' ? ['no STLS', qr/TLS is not on offer|not support TLS/,
		'localhost', $plain, $tls{ca}] : ()) {
		my ($name, $why, $server, $port, $ca) = @$_;
		my ($code, $out) = $run->($server, $port, $how, $ca);
		isnt($code, 0, "$name: refused");
		like($out, $why, "$name: and says so");
		unlike($c->logged, qr/alice/, "$name: no log-in is tried");
	}
	is_deeply(got(), [], 'and gets nothing');

	my @right = ('localhost', $tls{$how}, $how, $tls{ca});
	my ($code, $out) = $run->(@right);
	is($code, 0, 'it works') or diag($out);
	Clients::same("$client, $how", got(), \@body);
	like($c->logged, $LOG{$client} // qr/\A\z/, 'nothing in the log');
	is($host->spool('alice'), '', 'and deletes them');
	($code, $out) = $run->(@right);
	is($code, $NOTHING{$client} // 0, 'nothing the next time')
	    or diag($out);
	is_deeply(got(), [], 'nothing is fetched twice');
	like($c->logged, $LOG{$client} // qr/\A\z/, 'nothing in the log');
}
done_testing;
