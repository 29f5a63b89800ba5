/* SPDX-License-Identifier: MIT */
#ifndef POPPER_MARKS_H
#define POPPER_MARKS_H

#include "drop.h"

/*
 * Server mode writes no headers while mail stays, so what a session learnt,
 * unique-ids and what was read, is kept beside the spool, in .USER.cache.
 * The file tells of the first octets of a spool by their digest, and has a
 * checksum of its own; if either is wrong, or anything is in doubt, it is as
 * if it were not there: ids are computed again, and nothing was read.
 */
struct marks {
	int fd;	       /* or -1 */
	uint64_t size; /* octets of the spool that it is about */
	uint32_t count;
	XXH128_hash_t digest;
};

/* Before the scan.  Whatever is wrong: there are none. */
void marks_open(struct marks *k, const struct drop *d);

/* After it: digest is that of the first size octets.  -1 with e: memory. */
int marks_apply(const struct marks *k, struct drop *d,
    const XXH128_hash_t *digest, struct err *e);
void marks_close(struct marks *k);

#endif
