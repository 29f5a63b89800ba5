/* SPDX-License-Identifier: MIT */
/* runs as: the user */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lock.h"
#include "spool.h"

static bool
name(char *dst, const char *before, const char *what, const char *after)
{
	int n = snprintf(dst, SPOOL_NAME_MAX, "%s%s%s", before, what, after);

	return n > 0 && n < SPOOL_NAME_MAX;
}

int
spool_init(struct spool *sp, int dir, const char *folder,
    const char *spool_name, const char *drop_name, uid_t uid, struct err *e)
{
	int n;

	memset(sp, 0, sizeof *sp);
	sp->dir = dir;
	sp->uid = uid;
	sp->session = sp->fd = sp->held = -1;
	n = snprintf(sp->path, sizeof sp->path, "%s/%s", folder, spool_name);
	if (n < 0 || (size_t)n >= sizeof sp->path ||
	    !name(sp->name, "", spool_name, "") ||
	    !name(sp->drop, "", drop_name, "") ||
	    !name(sp->fresh, "", drop_name, ".new") ||
	    !name(sp->dotlock, "", spool_name, ".lock") ||
	    !name(sp->prepared, ".", spool_name, ".lk"))
		return err_set(e, ERR_PERM,
		    "maillock error 1: the name of the spool %.200s/%s is too "
		    "long",
		    folder, spool_name);
	return 0;
}

void
spool_close(struct spool *sp)
{
	lock_spool_end(sp);
	if (sp->fd != -1)
		close(sp->fd);
	sp->fd = -1;
	lock_session_end(sp);
	if (sp->dir != -1)
		close(sp->dir);
	sp->dir = -1;
}
