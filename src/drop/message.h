/* SPDX-License-Identifier: MIT */
#ifndef POPPER_MESSAGE_H
#define POPPER_MESSAGE_H

#include "drop.h"

/*
 * Header fields that are left out, and the From_ line that comes first, without
 * what stands in front of it in MMDF.
 */
#define WALK_DROP(kind) (1U << (kind))
#define WALK_FROM (1U << 31)

/* What servers write: not sent as it is stored. */
#define WALK_SERVER (WALK_DROP(HEADER_UIDL) | WALK_DROP(HEADER_LENGTH))

/*
 * Reads the message at m in one pass and gives it to sink, without the
 * fields that what names.  uid, unless NULL, is put in as one X-UIDL field
 * before the Status: field or at the end of the header, which always ends
 * with an empty line.
 */
int message_walk(struct drop *d, const struct msgloc *m, unsigned what,
    const char *uid, uint64_t lines, drop_sink *sink, void *ctx, struct err *e);

/*
 * What was read is kept in memory, and more than was asked for if messages are
 * read in order.  drop_verify calls this when the spool's times have changed;
 * who reads no more gives the memory back by it.
 */
void message_forget(struct drop *d);

/*
 * Where in the mail the header's fields lie, without those that what names,
 * up to but without the empty line.
 */
typedef int message_range(void *ctx, uint64_t at, uint64_t len);
int message_fields(struct drop *d, const struct msgloc *m, unsigned what,
    message_range *range, void *ctx, struct err *e);

/* Where the fields end, before the empty line if there is one. */
uint64_t message_fields_end(const struct msgloc *m);

#endif
