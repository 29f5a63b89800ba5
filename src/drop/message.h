/* SPDX-License-Identifier: MIT */
#ifndef POPPER_MESSAGE_H
#define POPPER_MESSAGE_H

#include "drop.h"

/* What message_walk gives of a message. */
enum {
	WALK_FROM = 1,	    /* the From_ line, first */
	WALK_NO_STATUS = 2, /* no Status: and X-Status: fields */
};

/*
 * Reads the message at m in one pass and gives it to sink.  X-UIDL and
 * Content-Length fields are left out; uid, unless NULL, is put in as one
 * X-UIDL field before the Status: field or at the end of the header, which
 * always ends with an empty line.
 */
int message_walk(struct drop *d, const struct msgloc *m, unsigned what,
    const char *uid, uint64_t lines, drop_sink *sink, void *ctx, struct err *e);

#endif
