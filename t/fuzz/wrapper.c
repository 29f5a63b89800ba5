/* SPDX-License-Identifier: MIT */
/*
 * A TLS wrapper that tells anything: what popper takes of it is printable and
 * fits, a subject was vouched for, and pieces make no difference.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "wrapper.h"

static void
check(const char *text, size_t size)
{
	if (memchr(text, '\0', size) == NULL)
		abort();
	for (; *text != '\0'; text++) {
		if (*text < ' ' || *text > '~' || *text == '"')
			abort();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct wrapper whole;
	static struct wrapper pieces;
	const char *text = (const char *)data;
	struct err e;
	size_t i;
	int r;

	if (n > WRAPPER_TELLS_MAX)
		return 0;
	memcpy(whole.subject, "nobody", 7);
	whole.verified = true;
	r = wrapper_told(&whole, text, n, &e);
	check(whole.protocol, sizeof whole.protocol);
	check(whole.cipher, sizeof whole.cipher);
	check(whole.subject, sizeof whole.subject);
	if (memchr(whole.cn, '\0', sizeof whole.cn) == NULL ||
	    memchr(whole.email, '\0', sizeof whole.email) == NULL)
		abort();
	if (r == 1 &&
	    (!wrapper_tls(&whole) ||
		(!whole.verified &&
		    (whole.subject[0] != '\0' || whole.cn[0] != '\0' ||
			whole.email[0] != '\0'))))
		abort();
	/* more than there has to be is refused, and so is less */
	for (i = 0; i < n && i < 300; i++) {
		if (wrapper_told(&pieces, text, i, &e) == 1 && r == 1)
			abort();
	}
	return 0;
}
