/* SPDX-License-Identifier: MIT */
#ifndef POPPER_PUTBACK_H
#define POPPER_PUTBACK_H

#include "merge.h"

/*
 * The update of normal mode: the plan that the journal holds is written into
 * the spool, which stays the same file.  The spool is locked.  Its length
 * changes once, before any octet that was in it does, so that mail which is
 * appended after a crash lies behind a length that the journal knows.
 */

/*
 * Makes m the state of the journal: the commit point.  Then writes it out.
 * -1 with e: nothing was done.  1 with e: it is decided, but the next session
 * has to finish it.
 */
int putback(struct merge *m, struct spool *sp, struct err *e);

/*
 * After a crash: goes on.  0 done, 1 the spool is not what it was and nothing
 * can be decided, -1 with e.
 */
int putback_resume(struct journal *j, struct spool *sp, struct err *e);

#endif
