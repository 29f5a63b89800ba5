/* SPDX-License-Identifier: MIT */
/* runs as: the user */
#include <string.h>
#include <unistd.h>

#include "index.h"
#include "tmpfile.h"

#define WHAT "the index"

void
index_init(struct index *ix, int dir)
{
	ix->at = 0;
	ix->dirty = false;
	ix->loaded = false;
	ix->count = 0;
	ix->dir = dir;
	ix->fd = -1;
	ix->base = NULL;
}

void
index_close(struct index *ix)
{
	if (ix->fd != -1)
		close(ix->fd);
	index_init(ix, ix->dir);
}

void
index_use(struct index *ix, const struct index_base *base, uint32_t count)
{
	ix->base = base;
	ix->count = count;
	ix->loaded = false;
}

static int
write_block(
    struct index *ix, uint32_t at, const struct msgloc *from, struct err *e)
{
	if (ix->fd == -1 && (ix->fd = tmpfile_open(ix->dir, e)) == -1)
		return -1;
	return tmpfile_write(ix->fd, from, sizeof ix->block,
	    (uint64_t)at * sizeof ix->block, WHAT, e);
}

/* 1 it is in the temporary file, 0 it is not, -1 with e */
static int
read_block(
    const struct index *ix, uint32_t at, struct msgloc *to, struct err *e)
{
	if (ix->fd == -1)
		return 0;
	if (tmpfile_read(ix->fd, to, sizeof ix->block,
		(uint64_t)at * sizeof ix->block, WHAT, e) == -1)
		return -1;
	/* a hole reads as zeros, and no message ends at 0 */
	return to[0].next != 0;
}

static int
flush(struct index *ix, struct err *e)
{
	if (ix->dirty && write_block(ix, ix->at, ix->block, e) == -1)
		return -1;
	ix->dirty = false;
	return 0;
}

/* The base has it, or what mends the base. */
static int
from_base(struct index *ix, uint32_t at, struct err *e)
{
	const struct index_base *base = ix->base;

	if (base == NULL || base->read(base->ctx, at, ix->block) == 0)
		return 0;
	ix->base = NULL;
	if (base->mend(base->ctx, e) == -1)
		return -1;
	return read_block(ix, at, ix->block, e) == -1 ? -1 : 0;
}

static int
load(struct index *ix, uint32_t at, struct err *e)
{
	int r;

	if (flush(ix, e) == -1)
		return -1;
	ix->loaded = false;
	r = read_block(ix, at, ix->block, e);
	if (r == 0)
		r = from_base(ix, at, e);
	if (r == -1)
		return -1;
	ix->at = at;
	ix->loaded = true;
	return 0;
}

static struct msgloc *
slot(struct index *ix, uint32_t i, struct err *e)
{
	uint32_t at = i / INDEX_BLOCK;

	if ((!ix->loaded || at != ix->at) && load(ix, at, e) == -1)
		return NULL;
	return &ix->block[i % INDEX_BLOCK];
}

/* A block that nothing is in yet. */
static int
begin(struct index *ix, uint32_t at, struct err *e)
{
	if (flush(ix, e) == -1)
		return -1;
	memset(ix->block, 0, sizeof ix->block);
	ix->at = at;
	ix->loaded = true;
	return 0;
}

int
index_add(struct index *ix, const struct msgloc *m, struct err *e)
{
	struct msgloc *s;

	if (ix->count == UINT32_MAX)
		return err_set(e, ERR_PERM, "Too many messages");
	if (ix->count % INDEX_BLOCK == 0 &&
	    begin(ix, ix->count / INDEX_BLOCK, e) == -1)
		return -1;
	s = slot(ix, ix->count, e);
	if (s == NULL)
		return -1;
	*s = *m;
	ix->dirty = true;
	ix->count++;
	return 0;
}

const struct msgloc *
index_get(struct index *ix, uint32_t i, struct err *e)
{
	return slot(ix, i, e);
}

int
index_set(struct index *ix, uint32_t i, const struct msgloc *m, struct err *e)
{
	struct msgloc *s = slot(ix, i, e);

	if (s == NULL)
		return -1;
	*s = *m;
	ix->dirty = true;
	return 0;
}

int
index_restore(struct index *ix, uint32_t at,
    const struct msgloc from[INDEX_BLOCK], struct err *e)
{
	struct msgloc old[INDEX_BLOCK];
	int r = read_block(ix, at, old, e);

	if (r != 0)
		return r == 1 ? 0 : -1;
	return write_block(ix, at, from, e);
}
