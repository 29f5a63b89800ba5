/* SPDX-License-Identifier: MIT */
#ifndef POPPER_INDEX_H
#define POPPER_INDEX_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "mboxscan.h"

/*
 * Message records by number, from 0.  A maildrop of up to INDEX_BLOCK
 * messages stays in memory; a larger one is an unnamed temporary file of
 * which one block is in memory: what a session needs does not grow with the
 * number of its messages.
 */
#define INDEX_BLOCK 64

struct index {
	struct msgloc block[INDEX_BLOCK];
	uint32_t at; /* the number of the block that is in memory */
	bool dirty;
	uint32_t count;
	int dir; /* borrowed: where the temporary is made */
	int fd;	 /* -1: none needed yet */
};

void index_init(struct index *ix, int dir);
void index_close(struct index *ix);
int index_add(struct index *ix, const struct msgloc *m, struct err *e);

/* The record, valid until the next call; NULL with e. */
const struct msgloc *index_get(struct index *ix, uint32_t i, struct err *e);
int index_set(
    struct index *ix, uint32_t i, const struct msgloc *m, struct err *e);

#endif
