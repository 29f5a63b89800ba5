/* SPDX-License-Identifier: MIT */
#ifndef POPPER_SCAN_H
#define POPPER_SCAN_H

#include <xxhash.h>

#include "mboxscan.h"
#include "spool.h"

/*
 * Reads the first size octets of the locked spool through the scanner, and
 * takes their digest.  When msg returns -1 it has to have filled e.
 */
int scan_spool(struct spool *sp, uint64_t size,
    int (*msg)(void *ctx, const struct msgloc *loc), void *ctx,
    XXH128_hash_t *digest, struct err *e);

/*
 * 1 if the first size octets of the spool still have this digest, 0 if not,
 * -1 with e.
 */
int scan_same(struct spool *sp, uint64_t size, const XXH128_hash_t *digest,
    struct err *e);

#endif
