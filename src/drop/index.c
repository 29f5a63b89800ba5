/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "index.h"

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

static int
temporary(struct index *ix, struct err *e)
{
	const int flags = O_RDWR | O_TMPFILE | O_EXCL | O_CLOEXEC;

	ix->fd = openat(ix->dir, ".", flags, 0600);
	if (ix->fd == -1)
		ix->fd = open("/tmp", flags, 0600);
	if (ix->fd == -1)
		return err_sys(e, ERR_TEMP, "can't open temporary file.",
		    "Do you own the folder?");
	return 0;
}

static int
flush(struct index *ix, struct err *e)
{
	const char *p = (const char *)ix->block;
	size_t done = 0;

	if (!ix->dirty)
		return 0;
	if (ix->fd == -1 && temporary(ix, e) == -1)
		return -1;
	while (done < sizeof ix->block) {
		ssize_t r = pwrite(ix->fd, p + done, sizeof ix->block - done,
		    (off_t)(ix->at * sizeof ix->block + done));

		if (r == -1 && errno == EINTR)
			continue;
		if (r <= 0)
			return err_sys(
			    e, ERR_TEMP, "Unable to write", "the index");
		done += (size_t)r;
	}
	ix->dirty = false;
	return 0;
}

static int
load(struct index *ix, uint32_t at, struct err *e)
{
	char *p = (char *)ix->block;
	size_t done = 0;

	if (flush(ix, e) == -1)
		return -1;
	ix->at = at;
	/* beyond the end there is nothing yet */
	while (done < sizeof ix->block && ix->fd != -1) {
		ssize_t r = pread(ix->fd, p + done, sizeof ix->block - done,
		    (off_t)(at * sizeof ix->block + done));

		if (r == -1 && errno == EINTR)
			continue;
		if (r == -1)
			return err_sys(
			    e, ERR_TEMP, "Unable to read", "the index");
		if (r == 0)
			break;
		done += (size_t)r;
	}
	return 0;
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
