/* SPDX-License-Identifier: MIT */
#ifndef POPPER_RECHECK_H
#define POPPER_RECHECK_H

#include "drop.h"

/*
 * Before an update in place, with the spool locked: 0 if the messages from
 * first to last, which it will remove or move, still lie where the index
 * says.  That is known if this session has scanned them and the spool's times
 * have not changed; else they are scanned once more and compared.  -1 with e,
 * and without the cache, if it is not so.
 */
int recheck(struct drop *d, uint32_t first, uint32_t last, struct err *e);

#endif
