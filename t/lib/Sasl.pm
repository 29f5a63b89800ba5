# The client's side of AUTH, written from the RFCs: for sessions of Pop.
package Sasl;
use strict;
use warnings;
use Digest::MD5 qw(md5 md5_hex);
use Digest::SHA qw(hmac_sha256 sha256);
use Exporter qw(import);
use MIME::Base64 ();
our @EXPORT = qw(b64 unb64 plain cram scram);

sub b64 { return MIME::Base64::encode_base64($_[0], '') }
sub unb64 { return MIME::Base64::decode_base64($_[0]) }

# What follows "+ ", decoded; undef if it is no challenge.
sub challenge {
	my ($reply) = @_;
	return defined $reply && $reply =~ /^\+ (.*)/ ? unb64($1) : undef;
}

sub plain {
	my ($s, $user, $password, $as) = @_;
	return $s->cmd('AUTH PLAIN ' .
	    b64(join "\0", defined $as ? $as : '', $user, $password));
}

sub hmac_md5_hex {
	my ($data, $key) = @_;
	$key = md5($key) if length $key > 64;
	$key .= "\0" x (64 - length $key);
	return md5_hex(($key ^ "\x5c" x 64) . md5(($key ^ "\x36" x 64) . $data));
}

sub cram {
	my ($s, $user, $secret) = @_;
	my $stamp = challenge($s->cmd('AUTH CRAM-MD5'));
	return $s->cmd(b64("$user " . hmac_md5_hex($stamp, $secret)));
}

sub salted {
	my ($password, $salt, $iterations) = @_;
	my $u = my $sum = hmac_sha256("$salt\0\0\0\1", $password);
	$sum ^= $u = hmac_sha256($u, $password) for 2 .. $iterations;
	return $sum;
}

# verifier SALT, PASSWORD: as cdb/secrets has it
sub verifier {
	my ($salt, $password) = @_;
	my $key = salted($password, $salt, 4096);
	return '4096:' . b64($salt) . '$' .
	    b64(sha256(hmac_sha256('Client Key', $key))) . ':' .
	    b64(hmac_sha256('Server Key', $key));
}

# first NAME, OPT: the client's first message, without its header.
sub first {
	my ($s, $user, %opt) = @_;
	my %x = (bare => 'n=' . $user . ',r=fyko+d2lbbFgONRv9qkxdawL',
	    header => 'n,,', %opt);
	my $reply = $s->cmd('AUTH SCRAM-SHA-256 ' . b64("$x{header}$x{bare}"));
	$x{server} = challenge($reply);
	@x{qw(nonce salt iterations)} = $x{server} =~
	    /^r=([^,]*),s=([^,]*),i=(\d+)$/ if defined $x{server};
	return ($reply, \%x);
}

# The client's last message, and the server's signature that is to come.
sub final {
	my ($x, $password) = @_;
	my $key = salted($password, unb64($x->{salt}), $x->{iterations});
	my $client = hmac_sha256('Client Key', $key);
	my $without = 'c=' . b64($x->{header}) . ",r=$x->{nonce}";
	my $message = "$x->{bare},$x->{server},$without";
	my $proof = $client ^ hmac_sha256($message, sha256($client));
	return ("$without,p=" . b64($proof),
	    'v=' . b64(hmac_sha256($message, hmac_sha256('Server Key', $key))));
}

# The whole exchange: the last reply.  Dies of a wrong signature.
sub scram {
	my ($s, $user, $password, %opt) = @_;
	my ($reply, $x) = first($s, $user, %opt);
	return $reply unless defined $x->{salt};
	my ($final, $signature) = final($x, $password);
	$reply = $s->cmd(b64($final));
	my $got = challenge($reply);
	return $reply unless defined $got;
	die "the server's signature is wrong: $got\n" if $got ne $signature;
	return $s->cmd('');
}

1;
