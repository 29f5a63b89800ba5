/* SPDX-License-Identifier: MIT */
#ifndef POPPER_REPLACE_H
#define POPPER_REPLACE_H

#include "merge.h"

/*
 * The update by rename (fast-update): a new spool is made beside the old
 * one, with its group, mode and ACL, and takes its name.  The spool is
 * locked.  Agents that opened the old spool before they took their lock, and
 * do not look again, write into a file without a name.
 */

/*
 * Server mode: the first octets of the spool, then what the plan makes of
 * it.  The rename is the commit point, and no record is needed: before it
 * nothing has happened, after it all has.  -1 with e: nothing was done.  1
 * with e: done, but it may not outlive a power cut.
 */
int replace_rest(
    struct spool *sp, uint64_t first, struct plan_in *in, struct err *e);

/*
 * Normal mode: what the journal holds.  Its state is the commit point.  -1
 * with e: nothing was done.  1 with e: the next session has to finish it.
 */
int replace_all(struct merge *m, struct spool *sp, struct err *e);

/* As putback_resume. */
int replace_resume(struct journal *j, struct spool *sp, struct err *e);

#endif
