/* SPDX-License-Identifier: MIT */
/* runs as: root (checker) */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cdbx.h"
#include "safefile.h"

int
cdbx_open(struct cdbx *c, int fd, const char *path, struct err *e)
{
	c->fd = fd;
	c->path = path;
	if (cdb_init(&c->cdb, fd) == 0)
		return 0;
	close(fd);
	return err_set(
	    e, ERR_PERM, "%.200s is no CDB: run rebuild-cdb again", path);
}

void
cdbx_close(struct cdbx *c)
{
	cdb_free(&c->cdb);
	close(c->fd);
}

static int
look(struct cdbx *c, const char *key, struct cdbx_record *r, struct err *e)
{
	unsigned len;
	int found = cdb_find(&c->cdb, key, (unsigned)strlen(key));

	r->there = false;
	if (found == 0)
		return 0;
	len = cdb_datalen(&c->cdb);
	if (found < 0 || len >= r->n || cdb_readdata(&c->cdb, r->text) != 0)
		return err_set(e, ERR_PERM,
		    "%.200s is damaged: run rebuild-cdb again", c->path);
	r->text[len] = '\0';
	r->there = true;
	return 0;
}

int
cdbx_read(struct cdbx *c, const char *name, struct cdbx_record *want,
    size_t count, struct err *e)
{
	char key[256];
	int n = snprintf(key, sizeof key, "?%s", name);
	size_t i;

	for (i = 0; i < count; i++) {
		want[i].there = false;
		if (n < 0 || (size_t)n >= sizeof key)
			continue; /* no key is that long */
		key[0] = want[i].type;
		if (look(c, key, &want[i], e) == -1)
			return -1;
	}
	return 0;
}

int
cdbx_get_all(const char *path, const char *name, struct cdbx_record *want,
    size_t count, struct err *e)
{
	struct cdbx c;
	size_t i;
	int r;
	int fd;

	for (i = 0; i < count; i++)
		want[i].there = false;
	fd = safefile_open_admin(path, e);
	if (fd == -1)
		return e->sys == ENOENT ? 0 : -1;
	if (cdbx_open(&c, fd, path, e) == -1)
		return -1;
	r = cdbx_read(&c, name, want, count, e);
	cdbx_close(&c);
	return r;
}

int
cdbx_get(const char *path, char type, const char *name, char *dst, size_t n,
    struct err *e)
{
	struct cdbx_record want = { .type = type, .text = dst, .n = n };
	int r = cdbx_get_all(path, name, &want, 1, e);

	return r == -1 ? -1 : want.there;
}
