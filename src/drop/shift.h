/* SPDX-License-Identifier: MIT */
#ifndef POPPER_SHIFT_H
#define POPPER_SHIFT_H

#include "journal.h"
#include "plan.h"

/*
 * The update of server mode: what follows the first deleted message moves
 * down in the spool, by windows, and the spool is cut off at its new end.
 * All extents of the plan lie at least JOURNAL_NONCE octets above their new
 * place.  The spool is locked.
 */
#define SHIFT_GAP JOURNAL_NONCE

/*
 * The plan, which lies in the journal, makes the octets from offset from of
 * the spool on.  The first window's state is the commit point.  -1 with e:
 * nothing was done.  1 with e: the next session has to finish it.
 */
int shift(struct journal *j, struct spool *sp, const struct plan_out *plan,
    const XXH128_hash_t *plan_digest, struct err *e);

/* Cuts the spool off: the commit point.  -1 and 1 as above. */
int shift_cut(struct spool *sp, uint64_t size, struct err *e);

/*
 * What the spool has from offset from on moves down to offset to, in place of
 * what the journal had to do.  As shift_resume.
 */
int shift_rest(struct journal *j, struct spool *sp, uint64_t from, uint64_t to,
    struct err *e);

/* As putback_resume. */
int shift_resume(struct journal *j, struct spool *sp, struct err *e);

#endif
