/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "fromline.h"
#include "fuzz.h"
#include "header.h"

/* A blank at the end changes nothing but the way that it is told. */
static void
with_blank(const char *s, size_t n)
{
	char *more = malloc(n + 1);

	if (more == NULL)
		abort();
	memcpy(more, s, n);
	more[n] = ' ';
	if (n < FROMLINE_MAX &&
	    fromline_valid(s, n) != fromline_valid(more, n + 1))
		abort();
	free(more);
}

/* Exactly n octets, so that a sanitizer sees a read beyond them. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char *s = calloc(1, n > 0 ? n : 1);
	const char *at;
	size_t k;

	if (s == NULL)
		abort();
	if (n > 0)
		memcpy(s, data, n);
	if (fromline_valid(s, n) &&
	    (n > FROMLINE_MAX || memcmp(s, "From ", 5) != 0))
		abort();
	if (n > 5)
		with_blank(s, n);
	if (header_kind(s, n) == HEADER_UIDL) {
		k = header_uidl(s, n, &at);
		if (k > UID_MAX || (k > 0 && (at < s + 7 || at + k > s + n)))
			abort();
	}
	free(s);
	return 0;
}
