/* SPDX-License-Identifier: MIT */
#ifndef POPPER_RECOVER_H
#define POPPER_RECOVER_H

#include <stdbool.h>

#include "journal.h"

/*
 * Finishes what a session that died had begun, and takes in what another
 * server left.  The spool is locked, and as it should be afterwards.
 */
int recover(struct spool *sp, struct err *e);

/*
 * With the session lock only: no session has left anything, neither a journal
 * nor a dot-lock, and nobody holds the latter.  False: perhaps.
 */
bool recover_nothing(const struct spool *sp);

/* All the mail that the journal holds goes back into the spool. */
int recover_held(struct journal *j, struct spool *sp, struct err *e);

#endif
