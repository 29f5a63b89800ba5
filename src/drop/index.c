/* SPDX-License-Identifier: MIT */
#include <unistd.h>

#include "index.h"
#include "tmpfile.h"

void
index_init(struct index *ix, int dir)
{
	ix->at = 0;
	ix->dirty = false;
	ix->count = 0;
	ix->dir = dir;
	ix->fd = -1;
}

void
index_close(struct index *ix)
{
	if (ix->fd != -1)
		close(ix->fd);
	ix->fd = -1;
	ix->count = 0;
}

static uint64_t
offset(const struct index *ix)
{
	return (uint64_t)ix->at * sizeof ix->block;
}

static int
flush(struct index *ix, struct err *e)
{
	if (!ix->dirty)
		return 0;
	if (ix->fd == -1 && (ix->fd = tmpfile_open(ix->dir, e)) == -1)
		return -1;
	if (tmpfile_write(ix->fd, ix->block, sizeof ix->block, offset(ix),
		"the index", e) == -1)
		return -1;
	ix->dirty = false;
	return 0;
}

static int
load(struct index *ix, uint32_t at, struct err *e)
{
	if (flush(ix, e) == -1)
		return -1;
	ix->at = at;
	if (ix->fd == -1)
		return 0;
	return tmpfile_read(
	    ix->fd, ix->block, sizeof ix->block, offset(ix), "the index", e);
}

static struct msgloc *
slot(struct index *ix, uint32_t i, struct err *e)
{
	if (i / INDEX_BLOCK != ix->at && load(ix, i / INDEX_BLOCK, e) == -1)
		return NULL;
	return &ix->block[i % INDEX_BLOCK];
}

int
index_add(struct index *ix, const struct msgloc *m, struct err *e)
{
	struct msgloc *s;

	if (ix->count == UINT32_MAX)
		return err_set(e, ERR_PERM, "Too many messages");
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
