/* SPDX-License-Identifier: MIT */
#ifndef POPPER_DROP_H
#define POPPER_DROP_H

#include <stdbool.h>
#include <stdint.h>

#include <xxhash.h>

#include "cache.h"
#include "err.h"
#include "idset.h"
#include "index.h"
#include "journal.h"
#include "spool.h"
#include "window.h"

/*
 * What an update by collapse.c has made of the offsets of what it kept: the
 * message behind the run that went begins where that did, its header line
 * octets behind that; pad octets of X-UIDL fields without a value are the
 * first ones of its header.  All that follows lies moved octets lower than
 * before.
 */
struct collapsed {
	bool done;
	uint32_t next; /* the message behind the run */
	uint64_t from, line, pad, moved;
};

/*
 * A maildrop: an mbox spool, opened for one session (RFC 1939 section 4).
 * It gives octets and numbers and knows no replies.  Messages are numbered
 * from 0.  Memory does not grow with the size of a message.
 */
struct drop {
	/* set by the caller, from options */
	bool server;	     /* the mail stays in the spool */
	bool fast;	     /* update by rename */
	bool headers;	     /* write Status and X-UIDL fields */
	bool auto_delete;    /* what RETR sent is deleted at the update */
	bool old_style_uid;  /* computed ids are hexadecimal */
	bool hide;	     /* uw-kluge: hidden messages are not there */
	bool lengths;	     /* Content-Length tells where messages end */
	uint32_t lock_check; /* look at the dot-lock every so many messages */

	struct spool sp;
	struct journal j;
	bool taken;	/* the mail is in the journal, not in the spool */
	struct stat st; /* of the spool as it was scanned */
	bool sure;	/* any later change has other times */
	bool mmdf;
	uint64_t size;	      /* octets scanned; what lies behind came later */
	XXH128_hash_t digest; /* of these octets, once they are taken */
	struct cache cache;
	struct index_base base;
	bool opened;
	bool from_cache; /* records may be, and have to be looked at again */
	bool grown;	 /* and even before they are shown */
	bool distrust;	 /* they were wrong */
	struct cache_edges edges; /* of the spool as it was scanned */
	struct index ix;
	struct window window; /* of the mail, as it is read (message.h) */
	uint64_t read_to;     /* behind the message that was read last, or 0 */
	struct idset ids;
	bool ids_ready;	    /* all ids that messages have are in ids */
	bool ids_lost;	    /* messages below ids_known may have none */
	uint32_t ids_known; /* messages below this have their unique-id */
	uint32_t hidden;
	uint32_t hidden_before; /* the last message */
	uint64_t octets;	/* of all messages, as sent */
	uint32_t mark; /* a message that bears it is deleted: see RSET */
	uint32_t gone_count;
	uint64_t gone_octets;
	bool learnt; /* something that the cache does not know */
	bool committed;
	struct stat after; /* of the spool, right after the update */
	bool after_sure;
	uint32_t first; /* the first message that the update removed */
	uint64_t kept;	/* octets of mail that an update has left of size */
	struct collapsed collapsed;
	uint32_t last; /* LAST: messages up to here were seen */
	uint32_t last_at_open;
};

/*
 * Takes the session lock and opens all files of the maildrop that exist, but
 * reads none of them; takes the spool lock if it is sure already that they
 * have to be read.  d->sp has to be set by spool_init.  From then on the drop
 * opens only files that it makes.  ERR_BUSY: another session or program has
 * it.  (open.c)
 */
int drop_enter(struct drop *d, struct err *e);

/*
 * After drop_enter.  If the spool is as the cache tells, this is all; else
 * with the spool lock, finishes what a session that died had begun, scans,
 * and releases the spool lock.  ERR_BUSY: another program holds it.  (open.c)
 */
int drop_open(struct drop *d, struct err *e);

/*
 * Removes the locks.  Mail that was taken and not updated goes back into the
 * spool: -1 with e if it could not, and the next session has to do it.
 */
int drop_close(struct drop *d, struct err *e);

/* The file that the mail is in, and where it begins there. */
int drop_mail(const struct drop *d);
uint64_t drop_base(const struct drop *d);

/*
 * 0 if message i is still where the scan found it.  That costs a look at the
 * spool's times, and one at the message only if they have changed.
 */
int drop_verify(struct drop *d, uint32_t i, struct err *e);

/* 1 if nothing was written to the spool since it was scanned, 0, or -1. */
int drop_unchanged(const struct drop *d, struct err *e);

/* By size and times: it was not written to in between. */
bool drop_same_times(const struct stat *a, const struct stat *b);

/* drop_verify of all messages, at once. */
int drop_verify_all(struct drop *d, struct err *e);

/* The same message, as far as place, shape and print tell. */
bool drop_same_place(const struct msgloc *a, const struct msgloc *b);

/* Flags of a cache (CACHE_HIDE and so on) that options decide. */
uint32_t drop_cache_options(const struct drop *d);

/* -1 with e: another program changed the spool. */
int drop_changed(const struct drop *d, struct err *e);

/* The same, and what the cache says is wrong: it goes. */
int drop_distrust(struct drop *d, struct err *e);

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

/* 1 it is marked as deleted, 0 it is not, -1 with e. */
int drop_is_gone(struct drop *d, uint32_t i, struct err *e);

/* The update will remove it. */
bool drop_going(const struct drop *d, const struct msgloc *m);
int drop_delete(struct drop *d, uint32_t i, struct err *e);
void drop_reset(struct drop *d); /* no deletions, and LAST as at opening */

/*
 * Removes the messages marked as deleted; mail that came meanwhile is kept,
 * behind the others (docs/DESIGN.md, "Update").  In server mode, and with
 * nothing to remove, nothing is done.  -1 with e: all messages are still
 * there.  1 with e: it is decided, and what e tells is left to the next
 * session or to luck.
 */
int drop_commit(struct drop *d, struct err *e);

/*
 * Before the last reply: a session that comes right after it waits until this
 * one is closed.
 */
void drop_closing(struct drop *d);

/*
 * After the last reply, in server mode: what the session learnt goes into the
 * cache.  Nobody waits for that but a next session of the same maildrop.  -1
 * with e: the next session will have to find it out again.  (remember.c)
 */
int drop_remember(struct drop *d, struct err *e);

#endif
