/* SPDX-License-Identifier: MIT */
#ifndef POPPER_TAKE_H
#define POPPER_TAKE_H

#include "drop.h"
#include "scan.h"

/*
 * Normal mode at opening: the mail is copied into the journal and scanned on
 * the way, then the spool is emptied (docs/DESIGN.md, "Update").  The spool
 * is locked.
 */
int take(struct drop *d, struct scan *job, struct err *e);

/* At the end without an update: all of it goes back. */
int take_back(struct drop *d, struct err *e);

#endif
