/* SPDX-License-Identifier: MIT */
#include <stdbool.h>
#include <string.h>

#include "fromline.h"
#include "length.h"

#define BEFORE 3 /* octets that an empty line behind another one needs */

/*
 * A separator begins at p, which has BEFORE octets in front of it.  Of those
 * up to end a line that is cut off there is too long to be one, or the last
 * one of the spool.
 */
static bool
is_separator(const char *p, const char *end)
{
	const char *lf = memchr(p, '\n', (size_t)(end - p));

	if (p[-1] != '\n' ||
	    (p[-2] != '\n' && !(p[-2] == '\r' && p[-3] == '\n')))
		return false;
	if (lf != NULL)
		end = lf;
	if (end[-1] == '\r')
		end--;
	return fromline_valid(p, (size_t)(end - p));
}

int
length_end(
    length_look *look, void *ctx, uint64_t length, uint64_t size, uint64_t *end)
{
	char text[BEFORE + LENGTH_SLACK + FROMLINE_MAX + 2];
	const uint64_t left = size - *end;
	const char *stop;
	const char *p;
	size_t n;

	if (length > left)
		return 0;
	n = sizeof text - BEFORE;
	if (left - length < n)
		n = (size_t)(left - length);
	if (look(ctx, *end + length - BEFORE, text, BEFORE + n) == -1)
		return -1;
	stop = text + BEFORE + n;
	for (p = text + BEFORE; p < stop && (*p == '\n' || *p == '\r'); p++)
		continue;
	if (p > text + BEFORE + LENGTH_SLACK ||
	    (p < stop && !is_separator(p, stop)))
		return 0;
	*end += length + (uint64_t)(p - text) - BEFORE;
	return 0;
}
