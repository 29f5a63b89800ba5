/* SPDX-License-Identifier: MIT */
#ifndef POPPER_CACHE_H
#define POPPER_CACHE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "err.h"
#include "index.h"
#include "spool.h"

/*
 * Server mode's .USER.cache: the index of a spool, with the unique-ids and
 * read marks that sessions learnt, as it was when a session last looked.  A
 * head tells which spool, by device, inode, size and times; behind it lie
 * the blocks of the index, each with a checksum, which are read when they are
 * needed.
 *
 * The head says CACHE_SURE if the spool's times were older than the clock's
 * tick when it was looked at under lock, so that any later change has other
 * times.  Then a spool with the same identity is not read again.  One that is
 * longer, and has the same octets at its edges and some messages in between,
 * has only grown.  In any other case the spool is scanned again, and ids and
 * marks are taken from those records that are still true.
 *
 * The file is a hint and is never believed against the mail: a session that
 * took records from it looks at what it deletes before it deletes it
 * (recheck.h).  It is the machine's own order of octets; another build's
 * makes it a foreign one.
 */
#define CACHE_EDGE 4096 /* octets of the spool, at either end */

enum {
	CACHE_SURE = 1,
	CACHE_MMDF = 2, /* records cannot be added to it */
	CACHE_HIDE = 4, /* without the message that uw-kluge hides */
	CACHE_OLD_STYLE = 8,
	CACHE_MARKS = 16,   /* with read marks */
	CACHE_LENGTHS = 32, /* Content-Length counted */
};

struct cache_edges {
	uint64_t first, final; /* digests */
};

struct cache_head {
	char magic[8];
	uint32_t order;	 /* of octets */
	uint32_t record; /* octets of one */
	uint64_t dev, ino, size;
	int64_t mtime, mtime_ns, ctime, ctime_ns;
	uint64_t octets; /* of all messages, as sent */
	struct cache_edges edges;
	uint32_t flags;
	uint32_t count;
	uint32_t hidden;
	uint32_t hidden_before; /* the last message */
	uint32_t ids_known;
	uint32_t last; /* seen, of all that LAST counts */
	uint64_t check;
};

struct cache {
	int fd; /* or -1 */
	uint64_t size;
	struct timespec written;
	struct cache_head head;
	bool bad; /* a block of it was not what it should be */
};

/*
 * Opens the file, and, later, reads its head.  Whatever is wrong with it:
 * there is none, fd is -1.
 */
void cache_open(struct cache *c, const struct spool *sp);
void cache_read(struct cache *c);
void cache_close(struct cache *c);

/* A whole block of records that can be true, or -1: the cache is bad then. */
int cache_block(struct cache *c, uint32_t at, struct msgloc to[INDEX_BLOCK]);

/* Of the first size octets; -1 with errno. */
int cache_edges(int fd, uint64_t size, struct cache_edges *to);

/* The spool that st tells of is the one that was looked at, unchanged. */
bool cache_same(const struct cache *c, const struct stat *st);

/* It is that one, and is longer: 1, 0, or -1 with e. */
int cache_grown(struct cache *c, const struct spool *sp, const struct stat *st,
    struct err *e);

/*
 * A new cache: begin, fill in head's options and counts, add records in
 * order, and end, which puts it in the old one's place at once.  Errors are
 * gathered: end, which has to be called, is -1 with e then, and the old one
 * stays.
 */
struct cache_out {
	const struct spool *sp;
	int fd;
	bool failed;
	struct err e;
	char *mem; /* what is to be written at place */
	size_t used;
	uint64_t place;
	uint32_t have; /* records in block */
	struct msgloc block[INDEX_BLOCK];
	struct cache_head head;
	char name[SPOOL_NAME_MAX + 8];
};

void cache_begin(struct cache_out *w, const struct spool *sp);
void cache_add(struct cache_out *w, const struct msgloc *m);
/* spool is the open spool, st what it was when it was as the records say. */
int cache_end(struct cache_out *w, const struct stat *st, struct err *e);
void cache_give_up(struct cache_out *w);

/* What a session left that died while it wrote one. */
void cache_tidy(const struct spool *sp);

/* There is no mail any more. */
void cache_remove(const struct spool *sp);

/*
 * No change from now on can leave the times as st has them.  The spool is
 * locked, and st was taken under this lock.
 */
bool cache_sure(int spool, const struct stat *st);

#endif
