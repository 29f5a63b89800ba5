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
cdbx_get_all(const char *path, const char *name, struct cdbx_record *want,
    size_t count, struct err *e)
{
	char key[256];
	struct cdb c;
	size_t i;
	int fd;
	int r = snprintf(key, sizeof key, "?%s", name);

	for (i = 0; i < count; i++)
		want[i].there = false;
	if (r < 0 || (size_t)r >= sizeof key)
		return 0;
	fd = safefile_open_admin(path, e);
	if (fd == -1)
		return e->sys == ENOENT ? 0 : -1;
	r = 0;
	if (cdb_init(&c, fd) != 0) {
		r = err_set(e, ERR_PERM,
		    "%.200s is no CDB: run rebuild-cdb again", path);
	} else {
		for (i = 0; i < count && r != -1; i++) {
			key[0] = want[i].type;
			r = look(&c, path, key, want[i].text, want[i].n, e);
			want[i].there = r == 1;
		}
		cdb_free(&c);
	}
	close(fd);
	return r == -1 ? -1 : 0;
}

int
cdbx_get(const char *path, char type, const char *name, char *dst, size_t n,
    struct err *e)
{
	struct cdbx_record want = { .type = type, .text = dst, .n = n };
	int r = cdbx_get_all(path, name, &want, 1, e);

	return r == -1 ? -1 : want.there;
}
