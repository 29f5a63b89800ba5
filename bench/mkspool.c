/*
 * mkspool COUNT SIZE: an mbox spool on standard output, COUNT messages of
 * SIZE octets each, From_ line and the empty line at the end counted.  All
 * are different, lines have 76 octets, and the same numbers make the same
 * spool.
 */
#include <err.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t state = 88172645463325252U;

/* xorshift64 */
static uint64_t
chance(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	return state ^= state << 17;
}

static size_t
header(char *p, size_t room, long n)
{
	int len = snprintf(p, room,
	    "From sender%ld@example.org Mon Jan  1 00:%02ld:%02ld 2024\n"
	    "Return-Path: <sender%ld@example.org>\n"
	    "Received: from mail.example.org (mail.example.org [192.0.2.25])\n"
	    "\tby mx.example.net with ESMTP id %016llx\n"
	    "\tfor <user@example.net>; Mon, 1 Jan 2024 00:%02ld:%02ld +0000\n"
	    "Date: Mon, 1 Jan 2024 00:%02ld:%02ld +0000\n"
	    "From: Sender %ld <sender%ld@example.org>\n"
	    "To: user@example.net\n"
	    "Subject: message %ld of the benchmark\n"
	    "Message-ID: <%016llx.%ld@mail.example.org>\n"
	    "MIME-Version: 1.0\n"
	    "Content-Type: text/plain; charset=us-ascii\n\n",
	    n % 97, n / 60 % 60, n % 60, n % 97, (unsigned long long)chance(),
	    n / 60 % 60, n % 60, n / 60 % 60, n % 60, n % 97, n % 97, n,
	    (unsigned long long)chance(), n);

	if (len < 0 || (size_t)len + 2 > room)
		errx(2, "messages have no room for the header");
	return (size_t)len;
}

/* Lines of 76 octets and a line feed; the last one may be shorter. */
static void
text(char *p, size_t len)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";
	uint64_t bits = 0;
	size_t i;

	for (i = 0; i < len; i++) {
		if (i % 10 == 0)
			bits = chance();
		p[i] = digits[bits & 63];
		bits >>= 6;
	}
	for (i = 76; i < len; i += 77)
		p[i] = '\n';
	p[len - 1] = '\n';
}

int
main(int argc, char **argv)
{
	long i, count = argc == 3 ? strtol(argv[1], NULL, 10) : 0;
	size_t size = argc == 3 ? strtoul(argv[2], NULL, 10) : 0, used;
	char *p = malloc(size + 1);

	if (count < 1 || size < 1000)
		errx(2, "usage: mkspool COUNT SIZE (1000 or more)");
	if (p == NULL)
		err(1, NULL);
	for (i = 1; i <= count; i++) {
		used = header(p, size, i);
		text(p + used, size - used - 1);
		p[size - 1] = '\n';
		if (fwrite(p, 1, size, stdout) != size)
			err(1, "standard output");
	}
	if (fflush(stdout) != 0)
		err(1, "standard output");
	free(p);
	return 0;
}
