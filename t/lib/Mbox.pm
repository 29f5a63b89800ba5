# Messages for tests, and what a POP3 client must get of them.
package Mbox;
use strict;
use warnings;

# message NUMBER, BODY, HEADER: an mbox entry with its separator
sub message {
	my ($i, $body, $header) = @_;
	$header = '' unless defined $header;
	$body = "body $i\n" unless defined $body;
	return "From s$i\@example.org Mon Nov  2 08:15:01 2026\n" .
	    "From: s$i\@example.org\nSubject: number $i\n$header\n$body\n";
}

# What RETR has to send, less the X-UIDL line: CRLF line ends.
sub sent {
	my ($i, $body, $header) = @_;
	my $text = message($i, $body, $header);
	$text =~ s/\AFrom .*\n//;
	$text =~ s/\n\z//;
	$text =~ s/^(?:X-UIDL|Content-Length):.*\n//img;
	$text .= "\n" unless $text =~ /\n\z/;
	$text =~ s/\r?\n/\r\n/g;
	return $text;
}

1;
