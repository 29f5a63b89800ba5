/* SPDX-License-Identifier: MIT */
#ifndef POPPER_LOCK_H
#define POPPER_LOCK_H

#include <stdint.h>
#include <sys/types.h>

#include "err.h"
#include "spool.h"

/*
 * Two locks (docs/DESIGN.md, "Locks").
 *
 * The session lock says that a popper serves this maildrop: a non-blocking
 * flock on .USER.pop, held for the session.  Taken, it is ERR_BUSY at once.
 *
 * The spool lock keeps delivery agents away while the spool is scanned or
 * changed: an open file description lock on the spool (it meets everyone's
 * fcntl lock) and then the dot-lock USER.lock, both tried without blocking
 * and again for a bounded time.
 */

int lock_session(struct spool *sp, struct err *e);

/*
 * Nothing is left to be done that another session must not see half done:
 * who wants the session lock waits for its end from now on, and is not told
 * that it is held.  sp->session is -1 if somebody else has got it already.
 */
void lock_session_closing(struct spool *sp);
void lock_session_end(struct spool *sp);

/*
 * Locks and checks the spool that is open, sp->st is set; sp->fd is -1 if
 * there is none.  If that is not what is there now, it is opened while
 * sp->reopen, and then an error.
 */
int lock_spool(struct spool *sp, struct err *e);
void lock_spool_end(struct spool *sp);

/* In long work: touches the dot-lock, that it not get stale. */
void lock_refresh(struct spool *sp);

/* With the spool lock: the spool is another file now, sp->fd. */
int lock_again(struct spool *sp, struct err *e);

/*
 * Before what cannot be undone: 0 if nobody has broken our lock, replaced
 * the spool, or changed its size, which has to be size.
 */
int lock_intact(const struct spool *sp, uint64_t size, struct err *e);

#endif
