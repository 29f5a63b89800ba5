/* SPDX-License-Identifier: MIT */
/* runs as: the user */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "journal.h"
#include "lock.h"
#include "safefile.h"
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
	    path(sp->lock_path, at->folder, sp->lock) &&
	    name(sp->lock_new, dot, at->name, ".pop.left") &&
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
	    name(sp->cache_name, "", at->cache_name, "") &&
	    (at->old == -1 || name(sp->left, "", at->old_name, ""));
}

/* The same folder by another path is the same folder. */
static void
join(int dir, int *fd)
{
	struct stat a;
	struct stat b;

	if (*fd == -1 || *fd == dir || fstat(dir, &a) == -1 ||
	    fstat(*fd, &b) == -1 || !safefile_same(&a, &b))
		return;
	close(*fd);
	*fd = dir;
}

int
spool_init(
    struct spool *sp, const struct spool_place *at, uid_t uid, struct err *e)
{
	memset(sp, 0, sizeof *sp);
	sp->dir = at->dir;
	sp->temp = at->temp == -1 ? at->dir : at->temp;
	sp->cache = at->cache == -1 ? at->dir : at->cache;
	join(sp->dir, &sp->temp);
	join(sp->dir, &sp->cache);
	sp->old = at->old;
	sp->uid = uid;
	sp->session = sp->apart = sp->fd = sp->held = -1;
	sp->made = sp->left_fd = -1;
	if (!name_spool(sp, at) || !name_others(sp, at))
		return err_set(e, ERR_PERM,
		    "maillock error 1: a name beside the spool %.200s/%.100s "
		    "would be too long",
		    at->folder, at->name);
	return 0;
}

static void
close_fd(int *fd)
{
	if (*fd != -1)
		close(*fd);
	*fd = -1;
}

void
spool_close(struct spool *sp)
{
	if (sp->held != -1)
		lock_spool_end(sp);
	close_fd(&sp->fd);
	close_fd(&sp->made);
	close_fd(&sp->left_fd);
	lock_session_end(sp);
	close_fd(&sp->apart);
	if (sp->temp != sp->dir)
		close_fd(&sp->temp);
	if (sp->cache != sp->dir)
		close_fd(&sp->cache);
	close_fd(&sp->old);
	close_fd(&sp->dir);
}

int
spool_no_drop(struct err *e)
{
	const struct err was = *e;

	if (was.sys != 0) {
		e->text[0] = '\0';
		err_more(e, "can't open temporary file. Do you own it? %s",
		    was.text);
	}
	return -1;
}

/* An empty one is nothing. */
static int
open_left(struct spool *sp, struct err *e)
{
	struct stat st;

	if (sp->old == -1 ||
	    (fstatat(sp->old, sp->left, &st, AT_SYMLINK_NOFOLLOW) == -1
		    ? errno == ENOENT
		    : S_ISREG(st.st_mode) && st.st_size == 0))
		return 0;
	sp->left_fd = safefile_open_user(
	    sp->old, sp->left, sp->left, O_RDWR, sp->uid, &st, e);
	return sp->left_fd == -1 && e->sys != ENOENT ? -1 : 0;
}

/* It is needed only if a journal tells of it; who needs it, says so. */
static void
open_made(struct spool *sp)
{
	struct stat st;
	struct err e;

	if (sp->session_old ||
	    (sp->apart != -1 && fstat(sp->apart, &st) == 0 && st.st_size > 0))
		sp->made = safefile_open_user(
		    sp->dir, sp->fresh, sp->fresh, O_RDWR, sp->uid, &st, &e);
}

int
spool_open(struct spool *sp, struct err *e)
{
	if (journal_find(sp, e) == -1 || open_left(sp, e) == -1)
		return -1;
	open_made(sp);
	return spool_reopen(sp, e);
}

int
spool_reopen(struct spool *sp, struct err *e)
{
	close_fd(&sp->fd);
	sp->fd = safefile_open_user(
	    sp->dir, sp->name, sp->path, O_RDWR, sp->uid, &sp->st, e);
	return sp->fd == -1 && e->sys != ENOENT ? -1 : 0;
}

int
spool_make(struct spool *sp, struct err *e)
{
	/* agents' mode from birth: nobody would mend another one */
	mode_t mask = umask(0007);
	int fd = openat(sp->dir, sp->name,
	    O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0660);
	int sys = errno;

	umask(mask);
	errno = sys;

	if (fd == -1)
		return spool_err(
		    sp, e, ERR_PERM, "Unable to create", sp->dir, sp->name);
	sp->fd = fd;
	if (fsync(sp->dir) == -1)
		return err_sys(
		    e, ERR_TEMP, "Unable to sync the folder of", sp->path);
	return lock_again(sp, e);
}

bool
spool_together(const struct spool *sp)
{
	return sp->temp == sp->dir && strcmp(sp->drop, sp->lock) == 0;
}

static void
beside(const char *what, const char *file, char *to, size_t n)
{
	const char *slash = strrchr(what, '/');
	int len = slash == NULL ? 0 : (int)(slash + 1 - what);

	snprintf(to, n, "%.*s%s", len, what, file);
}

int
spool_err(const struct spool *sp, struct err *e, enum err_kind kind,
    const char *what, int dir, const char *name)
{
	char path[SPOOL_PATH_MAX + SPOOL_NAME_MAX];
	int sys = errno;

	/* of the others only the name is known here */
	if (dir == sp->dir || dir == sp->temp)
		beside(dir == sp->dir ? sp->path : sp->temp_path, name, path,
		    sizeof path);
	else
		snprintf(path, sizeof path, "%s", name);
	errno = sys;
	return safefile_err(e, kind, what, path, dir);
}
