/* SPDX-License-Identifier: MIT */
/* runs as: root (checker) */
#include <cdb.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cdbx.h"
#include "safefile.h"

static int
look(struct cdb *c, const char *path, const char *key, char *dst, size_t n,
    struct err *e)
{
	unsigned len;
	int r = cdb_find(c, key, (unsigned)strlen(key));

	if (r == 0)
		return 0;
	len = cdb_datalen(c);
	if (r < 0 || len >= n || cdb_readdata(c, dst) != 0)
		return err_set(e, ERR_PERM,
		    "%.200s is damaged: run rebuild-cdb again", path);
	dst[len] = '\0';
	return 1;
}

int
cdbx_get(const char *path, char type, const char *name, char *dst, size_t n,
    struct err *e)
{
	char key[256];
	struct cdb c;
	int fd;
	int r;

	r = snprintf(key, sizeof key, "%c%s", type, name);
	if (r < 0 || (size_t)r >= sizeof key)
		return 0;
	fd = safefile_open_admin(path, e);
	if (fd == -1)
		return e->sys == ENOENT ? 0 : -1;
	if (cdb_init(&c, fd) != 0) {
		r = err_set(e, ERR_PERM,
		    "%.200s is no CDB: run rebuild-cdb again", path);
	} else {
		r = look(&c, path, key, dst, n, e);
		cdb_free(&c);
	}
	close(fd);
	return r;
}
