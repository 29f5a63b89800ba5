/* SPDX-License-Identifier: MIT */
#ifndef POPPER_INDEX_H
#define POPPER_INDEX_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "mboxscan.h"

/*
 * Message records by number, from 0, in blocks of INDEX_BLOCK, of which one
 * is in memory: what a session needs does not grow with the number of its
 * messages.  Blocks that this session has filled or changed are in an unnamed
 * temporary file, if there is more than one; the others in a base, which is
 * the cache (cache.h).
 */
#define INDEX_BLOCK 64

struct index_base {
	/* Block number at of the base: -1 if it cannot be had. */
	int (*read)(void *ctx, uint32_t at, struct msgloc to[INDEX_BLOCK]);
	/*
	 * Then this has to index_restore() all blocks: -1 with e if it could
	 * not.
	 */
	int (*mend)(void *ctx, struct err *e);
	void *ctx;
};

struct index {
	struct msgloc block[INDEX_BLOCK];
	uint32_t at; /* the number of the block that is in memory */
	bool dirty;
	bool loaded;
	uint32_t count;
	int dir; /* borrowed: where the temporary is made */
	int fd;	 /* -1: none needed yet */
	const struct index_base *base; /* or NULL */
};

void index_init(struct index *ix, int dir);
void index_close(struct index *ix);

/* The first count records are those of the base. */
void index_use(struct index *ix, const struct index_base *base, uint32_t count);
int index_add(struct index *ix, const struct msgloc *m, struct err *e);

/* The record, valid until the next call; NULL with e. */
const struct msgloc *index_get(struct index *ix, uint32_t i, struct err *e);
int index_set(
    struct index *ix, uint32_t i, const struct msgloc *m, struct err *e);

/* Gives block number at, in place of the base's, unless it was changed. */
int index_restore(struct index *ix, uint32_t at,
    const struct msgloc from[INDEX_BLOCK], struct err *e);

#endif
