/* SPDX-License-Identifier: MIT */
#ifndef POPPER_UID_H
#define POPPER_UID_H

#include "drop.h"

/*
 * Unique-ids (RFC 1939 section 7, UIDL).  A good X-UIDL that is stored in
 * the message, and the first of its kind in the spool, is the id.  Otherwise
 * it is 20 characters of base 80, or in the old style 32 hexadecimal digits,
 * from a 128-bit hash of the whole message with its From_ line, but without
 * the fields that servers change (X-UIDL, Status, X-Status, Content-Length,
 * X-IMAP, X-IMAPbase, X-UID, X-Keywords);
 * one that is taken already is hashed once more, so that the same spool
 * always gives the same ids.
 */
#define UID_COMPUTED 20
#define UID_OLD_STYLE 32

/* Of every id that this maildrop computes. */
static inline unsigned
uid_length(const struct drop *d)
{
	return d->old_style_uid ? UID_OLD_STYLE : UID_COMPUTED;
}

/* Octets of the X-UIDL line that RETR adds; ids to come have a fixed length. */
static inline unsigned
uid_line(const struct drop *d, const struct msgloc *m)
{
	return 10U + (m->uid_len > 0 ? m->uid_len : uid_length(d));
}

/* At opening: keeps a stored id that is free, forgets one that is not. */
int uid_stored(struct drop *d, struct msgloc *m, struct err *e);

/*
 * The same for a message that the cache knows: the id that it had, old's, is
 * its own, whatever its header says.
 */
int uid_carried(
    struct drop *d, struct msgloc *m, const struct msgloc *old, struct err *e);

/* Sees to it that messages up to and with i have their ids. */
int uid_compute(struct drop *d, uint32_t i, struct err *e);

#endif
