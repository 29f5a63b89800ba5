/* SPDX-License-Identifier: MIT */
#ifndef POPPER_COLLAPSE_H
#define POPPER_COLLAPSE_H

#include "drop.h"

/*
 * The update of server mode where one run of messages goes and much mail
 * lies behind it: the file system takes whole blocks out of the middle of
 * the file (FALLOC_FL_COLLAPSE_RANGE), and nothing behind them is written.
 * The message behind the run gets X-UIDL fields without a value behind its
 * From_ line, as many octets as are missing to a whole block.
 *
 *     from             hole             hole + len          head
 *     | first part of  | taken out      | rest of the       | its header,
 *     | the From_ line |                | From_ line and    | and all that
 *     | and padding    |                | padding           | follows
 */
struct collapse {
	uint64_t from;	    /* the run begins */
	uint64_t head;	    /* the header of the message behind it begins */
	uint64_t hole, len; /* what is taken out: whole blocks */
	size_t line, pad;   /* octets of the From_ line, and of padding */
};

/*
 * The run is [from, next), head is behind the From_ line at next; least is
 * what the shortest padding takes.  False: there is no whole block in it.
 */
bool collapse_fit(struct collapse *c, uint64_t from, uint64_t next,
    uint64_t head, uint64_t block, size_t least);

/* n octets of fields, n at least 7 and the octets of the line end, LF or CRLF.
 */
void collapse_pad(char *to, size_t n, bool cr);

/* As putback_resume. */
int collapse_resume(struct journal *j, struct spool *sp, struct err *e);

/*
 * Removes what is marked as deleted, from message first on.  The journal is
 * open and empty, and the spool is locked.  The first state is the commit
 * point.  -1 with e: nothing was done.  1 with e: the next session has to
 * finish it.  COLLAPSE_NOT: nothing was done, for it cannot be done so.
 */
#define COLLAPSE_NOT 2
int collapse(struct drop *d, uint32_t first, struct err *e);

#endif
