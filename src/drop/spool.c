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

static bool
path(char *dst, const char *folder, const char *file)
{
	int n = snprintf(dst, SPOOL_PATH_MAX, "%s/%s", folder, file);

	return n > 0 && n < SPOOL_PATH_MAX;
}

/*
 * The spool and the locks, which always lie beside it: they are named after
 * the spool, so that there is one set, whoever comes by whatever way.
 */
static bool
name_spool(struct spool *sp, const struct spool_place *at)
{
	const char *dot = at->name[0] == '.' ? "" : ".";

	return path(sp->path, at->folder, at->name) &&
	    name(sp->name, "", at->name, "") &&
	    name(sp->lock, dot, at->name, ".pop") &&
	    name(sp->fresh, dot, at->name, ".pop.new") &&
	    name(sp->dotlock, "", at->name, ".lock") &&
	    name(sp->prepared, dot, at->name, ".lk");
}

static bool
name_others(struct spool *sp, const struct spool_place *at)
{
	return path(sp->temp_path,
		   at->temp == -1 ? at->folder : at->temp_folder,
		   at->temp_name) &&
	    name(sp->drop, "", at->temp_name, "") &&
	    name(sp->drop_new, "", at->temp_name, ".left") &&
	    name(sp->marks, "", at->cache_name, "") &&
	    (at->old == -1 || name(sp->left, "", at->old_name, ""));
}

int
spool_init(
    struct spool *sp, const struct spool_place *at, uid_t uid, struct err *e)
{
	memset(sp, 0, sizeof *sp);
	sp->dir = at->dir;
	sp->temp = at->temp == -1 ? at->dir : at->temp;
	sp->cache = at->cache == -1 ? at->dir : at->cache;
	sp->old = at->old;
	sp->uid = uid;
	sp->session = sp->fd = sp->held = -1;
	if (!name_spool(sp, at) || !name_others(sp, at))
		return err_set(e, ERR_PERM,
		    "maillock error 1: a name beside the spool %.200s/%.100s "
		    "would be too long",
		    at->folder, at->name);
	return 0;
}

static void
close_folder(int *fd)
{
	if (*fd != -1)
		close(*fd);
	*fd = -1;
}

void
spool_close(struct spool *sp)
{
	lock_spool_end(sp);
	close_folder(&sp->fd);
	lock_session_end(sp);
	if (sp->temp != sp->dir)
		close_folder(&sp->temp);
	if (sp->cache != sp->dir)
		close_folder(&sp->cache);
	close_folder(&sp->old);
	close_folder(&sp->dir);
}
