/* SPDX-License-Identifier: MIT */
#ifndef POPPER_OCTETS_H
#define POPPER_OCTETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Searches that look at many octets at once.  There are several ways to do
 * them; the fastest that this processor has is chosen when there is much to
 * search for the first time.
 * Nothing beyond the octets given is read or written.
 */

/*
 * The n octets at p are lines of text, the first one from its beginning.
 * Goes to the first line that begins with an F and has an empty line, ended
 * by LF or CRLF, right before it within these octets; its offset, or n if
 * there is none.  *bare grows by the LFs before it that have no CR.
 */
size_t octets_section(const char *p, size_t n, uint64_t *bare);

/*
 * Copies text as POP3 sends it: line ends become CRLF, a dot at the
 * beginning of a line is doubled, NUL becomes '?'.  Stops when all is copied
 * or less than OCTETS_ROOM are free; then the rest can be copied to elsewhere.
 */
#define OCTETS_ROOM 3
struct octets_copy {
	const char *from, *end;
	char *to, *limit;
	bool start; /* at the beginning of a line */
	bool cr;    /* the octet before was a CR */
};
void octets_wire(struct octets_copy *c);

/* For tests: one way and no other; false if this processor lacks it. */
enum octets_way {
	OCTETS_PLAIN,
	OCTETS_SSE2,
	OCTETS_AVX2,
	OCTETS_WAYS,
};
bool octets_use(enum octets_way way);

#endif
