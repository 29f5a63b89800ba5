/* SPDX-License-Identifier: MIT */
#ifndef POPPER_SCAN_H
#define POPPER_SCAN_H

#include <xxhash.h>

#include "mboxscan.h"
#include "spool.h"

struct scan {
	/*
	 * As mboxscan_init has it, with the message's print; when it returns
	 * -1 it has to fill e.
	 */
	int (*msg)(void *ctx, const struct msgloc *loc);
	/* or NULL: gets all octets before the scanner does, -1 likewise */
	int (*copy)(void *ctx, const char *data, size_t n);
	void *ctx;
	/* 0, or where a From_ line of a spool that is no MMDF lies */
	uint64_t from;
	bool lengths; /* Content-Length counts */

	XXH128_hash_t digest; /* with copy: of these octets */
	bool mmdf;	      /* it turned out to be MMDF */
};

/* Reads the first size octets of the spool through the scanner. */
int scan_spool(struct spool *sp, uint64_t size, struct scan *s, struct err *e);

/* The digest of the first size octets. */
int scan_digest(
    struct spool *sp, uint64_t size, XXH128_hash_t *digest, struct err *e);

/*
 * 1 if the first size octets of the spool still have this digest, 0 if not,
 * -1 with e.
 */
int scan_same(struct spool *sp, uint64_t size, const XXH128_hash_t *digest,
    struct err *e);

#endif
