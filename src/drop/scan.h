/* SPDX-License-Identifier: MIT */
#ifndef POPPER_SCAN_H
#define POPPER_SCAN_H

#include "mboxscan.h"
#include "spool.h"

/*
 * Reads the first size octets of the locked spool through the scanner.  When
 * msg returns -1 it has to have filled e.
 */
int scan_spool(struct spool *sp, uint64_t size,
    int (*msg)(void *ctx, const struct msgloc *loc), void *ctx, struct err *e);

#endif
