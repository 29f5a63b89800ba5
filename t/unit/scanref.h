/* SPDX-License-Identifier: MIT */
#ifndef POPPER_SCANREF_H
#define POPPER_SCANREF_H

#include "mboxscan.h"

/*
 * The mbox splitter once more, slow and obvious: the whole spool is in
 * memory and cut into lines first.  mboxscan has to agree with it.
 */
struct scanref {
	struct msgloc *msg; /* owned */
	size_t n, cap;
	bool bad;     /* the spool does not begin with a From_ line */
	size_t looks; /* of scanref_scan: where lengths lead to */
};

/* lengths: Content-Length counts. */
void scanref_split(struct scanref *r, const char *data, size_t n, bool lengths);

/* mboxscan over the same octets, fed cut, then step at a time, in full. */
void scanref_scan(struct scanref *r, const char *data, size_t n, bool lengths,
    size_t cut, size_t step);

/* NULL if both are alike; else what differs first, in a static buffer. */
const char *scanref_differ(const struct scanref *a, const struct scanref *b);
void scanref_free(struct scanref *r);

#endif
