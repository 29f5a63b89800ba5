/* SPDX-License-Identifier: MIT */
#ifndef POPPER_LEFTOVER_H
#define POPPER_LEFTOVER_H

#include "journal.h"

/*
 * A temporary drop that another server, or an earlier configuration, left:
 * plain mail.  It becomes a journal that holds this mail, in one step, and so
 * is taken in once.  One that is only a copy of what the spool begins with
 * is removed; one that is no mail is left alone, and an error.
 */

/* The journal's own file, which was found to be foreign. */
int leftover_here(struct journal *j, struct spool *sp, struct err *e);

/* In the old place, if there is one: 1 the journal holds it now, 0 none. */
int leftover_old(struct journal *j, struct spool *sp, struct err *e);

/* The journal holds what was in the old place: it must not be there, too. */
int leftover_forget(const struct journal *j, struct spool *sp, struct err *e);

#endif
