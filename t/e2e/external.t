#!/usr/bin/perl
# AUTH EXTERNAL (RFC 4422 appendix A): the certificate is the proof, if the
# wrapper has found it good and tls-client-name says what of it is the user.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Mbox;
use MIME::Base64 qw(encode_base64);
use Pop;
use Test::More;
use Wrapper;

my $host = Pop->new(users => [qw(alice bob)]);
my $dir = $host->{dir};
$host->spool('alice', Mbox::message(1));
my %alice = (SSL_CLIENT_VERIFY => 'SUCCESS', SSL_CLIENT_S_DN => 'CN=alice',
    SSL_CLIENT_S_DN_CN => 'alice', SSL_CLIENT_S_DN_Email => 'alice@x.example');

sub b64 { return encode_base64($_[0], '') }
sub conf {
	$host->configure(join '', map { "set $_\n" } @_);
}
# A session with TLS: by STLS, or from the start.
sub session {
	my ($how, %cert) = @_;
	return $host->connect(env => { %Wrapper::TLS, %cert }) if $how;
	my ($s, $w) = Wrapper->connect($host);
	unlike(sasl($s), qr/EXTERNAL/, 'not in the clear');
	is($s->cmd('AUTH EXTERNAL ='), '-ERR Unknown authentication ' .
	    'mechanism: EXTERNAL', 'nor accepted');
	$w->stls($s, %cert);
	$s->{wrapper} = $w;
	return $s;
}
sub sasl {
	my ($s) = @_;
	my (undef, $capa) = $s->multi('CAPA');
	return $capa =~ /^SASL (.*)\r$/m ? $1 : '';
}
sub said {
	my ($s, $text) = @_;
	my $r = $s->cmd($text);
	$s->put("QUIT\r\n");
	$s->rest;
	$s->wait_end;
	return $r;
}

conf('tls-client-name = cn');
for my $how (0, 1) {
	my $s = session($how, %alice);
	like(sasl($s), qr/^EXTERNAL /, 'offered, as the best one');
	like(said($s, 'AUTH EXTERNAL ='), qr/^\+OK alice has 1/, 'nobody else');
	like(said(session($how, %alice), 'AUTH EXTERNAL ' . b64('alice')),
	    qr/^\+OK alice has 1/, 'the user himself');
	$s = session($how, %alice);
	is($s->cmd('AUTH EXTERNAL'), '+ ', 'a challenge');
	like(said($s, ''), qr/^\+OK alice has 1/, 'and nothing as the answer');
	for my $row (['bob', qr/^-ERR Nobody can log in as somebody else/],
	    ['ALICE', qr/^-ERR Nobody can log in as somebody else/],
	    ["alice\0", qr/^-ERR This is no response/],
	    ["\0", qr/^-ERR This is no response/],
	    ['a/b', qr/^-ERR This cannot be a user name/]) {
		my ($other, $want) = @$row;
		like(said(session($how, %alice), 'AUTH EXTERNAL ' .
		    b64($other)), $want, 'not as somebody else');
	}
	# what is no name of a certificate that was found good
	for my $no ({ SSL_CLIENT_VERIFY => 'NONE' },
	    { SSL_CLIENT_VERIFY => 'FAILED:expired' },
	    { SSL_CLIENT_VERIFY => undef }, { SSL_CLIENT_S_DN_CN => undef },
	    { SSL_CLIENT_S_DN_CN => '' }, { SSL_CLIENT_S_DN_CN => 'al?ice' },
	    { SSL_CLIENT_S_DN_CN => '../alice' },
	    { SSL_CLIENT_S_DN_CN => 'alice' . 'x' x 500 }) {
		my %cert = (%alice, %$no);
		delete $cert{$_} for grep { !defined $cert{$_} } keys %cert;
		local %Wrapper::TLS = %Wrapper::TLS;
		delete $Wrapper::TLS{SSL_CLIENT_VERIFY};
		$s = session($how, %cert);
		unlike(sasl($s), qr/EXTERNAL/, 'not offered');
		like(said($s, 'AUTH EXTERNAL ' . b64('alice')),
		    qr/^-ERR Unknown authentication mechanism/, 'nor accepted');
	}
}

# What the options make of it.
for my $row ([['tls-client-name = none'], 0], [[], 0],
    [['tls-client-name = cn', 'sasl-mechanisms = PLAIN'], 0],
    [['tls-client-name = cn', 'clear-text-password = never'], 1],
    [['tls-client-name = email', 'trim-domain'], 1],
    [['tls-client-name = cn', 'downcase-user'], 1, SSL_CLIENT_S_DN_CN =>
	'Alice']) {
	my ($conf, $can, %more) = @$row;
	conf(@$conf);
	my $r = said(session(1, %alice, %more), 'AUTH EXTERNAL =');
	like($r, $can ? qr/^\+OK alice/ : qr/^-ERR Unknown/, "@$conf");
}

# What is against a user counts here, too.
Pop::spew("$dir/deny", "alice\n", 0644);
for my $row ([["nonauth-file = $dir/deny"], 'alice', qr/the lists of users/],
    [[], 'carol', qr/no such user/], [[], 'root', qr/a uid of block-uid or below/]) {
	my ($conf, $cn, $why) = @$row;
	conf('tls-client-name = cn', @$conf);
	my $s = session(1, %alice, SSL_CLIENT_S_DN_CN => $cn);
	is($s->cmd('AUTH EXTERNAL ='), "-ERR [AUTH] Password supplied for " .
	    "\"$cn\" is incorrect.", "$cn: refused like everybody");
	$s->rest;
	$s->wait_end;
	like($host->log_text, qr/Log-in of $cn refused: $why/,
	    "$cn: the log tells why");
}
done_testing;
