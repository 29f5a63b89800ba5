/* SPDX-License-Identifier: MIT */
#ifndef POPPER_DROP_H
#define POPPER_DROP_H

#include <stdbool.h>
#include <stdint.h>

#include <xxhash.h>

#include "err.h"
#include "idset.h"
#include "index.h"
#include "spool.h"

/*
 * A maildrop: an mbox spool, opened for one session (RFC 1939 section 4).
 * It gives octets and numbers and knows no replies.  Messages are numbered
 * from 0.  Memory does not grow with the size of a message.
 */
struct drop {
	struct spool sp;
	struct stat st;	      /* of the spool as it was scanned */
	uint64_t size;	      /* octets scanned; what lies behind came later */
	XXH128_hash_t digest; /* of these octets */
	struct index ix;
	struct idset ids;
	uint32_t ids_known;  /* messages below this have their unique-id */
	uint64_t octets;     /* of all messages, as sent */
	unsigned char *gone; /* bitmap: marked as deleted */
	uint32_t gone_count;
	uint64_t gone_octets;
	uint32_t last; /* LAST: messages up to here were seen */
	uint32_t last_at_open;
	bool old_style_uid;  /* computed ids are hexadecimal */
	uint32_t lock_check; /* look at the dot-lock every so many messages */
};

/*
 * Takes the session lock and the spool lock, scans, and releases the spool
 * lock.  d->sp has to be set by spool_init, d->lock_check and
 * d->old_style_uid by the caller.  ERR_BUSY: another session or program holds
 * it.
 */
int drop_open(struct drop *d, struct err *e);

/* Removes the locks; changes nothing in the spool. */
void drop_close(struct drop *d);

/*
 * 0 if the octets that were scanned are still there.  That costs a look at
 * the spool's times, and a reading of it only if something changed.
 */
int drop_verify(struct drop *d, struct err *e);

/* -1 with e: another program changed the spool. */
int drop_changed(const struct drop *d, struct err *e);

/* Octets of message i as RETR sends them, dots not doubled. */
int drop_octets(struct drop *d, uint32_t i, uint64_t *octets, struct err *e);

/* Its unique-id, at most UID_MAX characters, as a string. */
int drop_uid(struct drop *d, uint32_t i, char uid[UID_MAX + 1], struct err *e);

/*
 * Gives the message to sink, in pieces, with the spool's line ends; sink
 * returns -1 to stop (drop_send is then -1 with e->kind ERR_NONE).  Of the
 * body at most lines lines; DROP_ALL sends the whole.  drop_verify comes first,
 * while an error can still be told.
 */
#define DROP_ALL UINT64_MAX
typedef int drop_sink(void *ctx, const char *data, size_t n);
int drop_send(struct drop *d, uint32_t i, uint64_t lines, drop_sink *sink,
    void *ctx, struct err *e);

bool drop_is_gone(const struct drop *d, uint32_t i);
int drop_delete(struct drop *d, uint32_t i, struct err *e);
void drop_reset(struct drop *d); /* no deletions, and LAST as at opening */

/*
 * Removes the messages marked as deleted from the spool; mail that came
 * meanwhile is kept.  An error leaves the spool as it was (docs/DESIGN.md,
 * "Update").  Nothing marked: nothing is done.  1: it is done, but e tells
 * that it may not outlive a power cut.
 */
int drop_commit(struct drop *d, struct err *e);

#endif
