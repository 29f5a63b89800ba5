/* SPDX-License-Identifier: MIT */
#ifndef POPPER_MBOXHEAD_H
#define POPPER_MBOXHEAD_H

#include "mboxscan.h"

/* Private to the scanner: a line, and what a header's lines tell. */

/*
 * The first seen octets of it are at p, as many as a From_ line can have and
 * its line end; len is its length without LF, and cr tells of a CR at its end.
 */
struct mboxline {
	const char *p;
	size_t seen;
	uint64_t len;
	bool cr, lf;
};

static inline bool
mboxline_empty(const struct mboxline *l)
{
	return l->len == (l->cr ? 1 : 0);
}

/* Octets to send. */
static inline uint64_t
mboxline_wire(const struct mboxline *l)
{
	return l->len - (l->cr ? 1 : 0) + 2;
}

/* Where the next one begins, if this one begins at at. */
static inline uint64_t
mboxline_end(const struct mboxline *l, uint64_t at)
{
	return at + l->len + (l->lf ? 1 : 0);
}

/* In SCAN_HEAD: the present line, which may be the empty one. */
void mboxhead_line(struct mboxscan *s, const struct mboxline *l);

#endif
