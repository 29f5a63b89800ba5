/* SPDX-License-Identifier: MIT */
/* runs as: the user */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collapse.h"
#include "cache.h"
#include "fileio.h"
#include "leftover.h"
#include "lock.h"
#include "putback.h"
#include "recover.h"
#include "replace.h"
#include "scan.h"
#include "shift.h"

#define LOST_MAX 20

/* The spool may be another file now, or have another length. */
static int
look_again(struct spool *sp, struct err *e)
{
	if (sp->fd != -1 && fstat(sp->fd, &sp->st) == -1)
		return err_sys(e, ERR_TEMP, "Unable to look at", sp->path);
	return 0;
}

int
recover_held(struct journal *j, struct spool *sp, struct err *e)
{
	struct merge m;
	uint64_t end = JOURNAL_DATA + j->now.data;
	int r;

	/* what failed before is behind it, and may not stay */
	journal_cut(j, end);
	if (merge_all(&m, j, sp, e) == -1) {
		journal_cut(j, end);
		return -1;
	}
	r = putback(&m, sp, e);
	if (r == -1)
		journal_cut(j, end);
	return r == 0 ? look_again(sp, e) : -1;
}

static int
recover_taken(struct journal *j, struct spool *sp, struct err *e)
{
	const struct journal_slot *s = &j->now;
	int r = 0;

	if (sp->fd != -1 && (uint64_t)sp->st.st_size >= s->data)
		r = scan_same(sp, s->data, &s->digest, e);
	if (r == -1)
		return -1;
	if (r == 0)
		return recover_held(j, sp, e);
	/* it was not emptied yet */
	return journal_drop(j, e) == -1 ? -1 : 0;
}

/* Without replacing, also where the file system cannot promise that. */
static int
move_aside(const struct journal *j, const char *name)
{
	struct stat st;

	if (renameat2(j->dir, j->name, j->dir, name, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	if (fstatat(j->dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		errno = EEXIST;
		return -1;
	}
	return renameat(j->dir, j->name, j->dir, name);
}

/* Nothing is deleted, and nothing is guessed. */
static int
set_aside(const struct journal *j, const struct spool *sp, struct err *e)
{
	char name[SPOOL_NAME_MAX + 16];
	int i;

	errno = EEXIST;
	for (i = 0; i < LOST_MAX; i++) {
		snprintf(name, sizeof name, i == 0 ? "%s.lost" : "%s.lost.%d",
		    j->name, i);
		if (move_aside(j, name) == 0)
			break;
		if (errno != EEXIST)
			return err_sys(
			    e, ERR_PERM, "Unable to set aside", j->path);
	}
	if (i == LOST_MAX)
		return err_set(e, ERR_PERM,
		    "%.150s cannot be set aside: %.100s and all that follow "
		    "exist; look at them, and remove them",
		    j->path, name);
	fsync(j->dir);
	return err_set(e, ERR_PERM,
	    "%.150s was rewritten by another program while an update of it "
	    "was broken off: what that held is now %.100s beside %.100s, from "
	    "octet %llu on; compare, and append what is missing",
	    sp->path, name, j->path, (unsigned long long)JOURNAL_DATA + 1);
}

static int
resume(struct journal *j, struct spool *sp, struct err *e)
{
	int r;

	switch (j->now.state) {
	case JOURNAL_TAKEN:
		return recover_taken(j, sp, e);
	case JOURNAL_HELD:
		if (leftover_forget(j, sp, e) == -1)
			return -1;
		return recover_held(j, sp, e);
	case JOURNAL_PUT:
	case JOURNAL_WRITTEN:
		r = putback_resume(j, sp, e);
		break;
	case JOURNAL_RENAME:
		r = replace_resume(j, sp, e);
		break;
	case JOURNAL_COLLAPSE:
	case JOURNAL_REMOVE:
		r = collapse_resume(j, sp, e);
		break;
	default:
		r = shift_resume(j, sp, e);
		break;
	}
	return r == 1 ? set_aside(j, sp, e) : r;
}

/*
 * What is seen may be in memory only: a state has to be on the disk, and so
 * has what it tells of, before anything is done that relies on it.
 */
static int
settle(const struct journal *j, const struct spool *sp, struct err *e)
{
	if (fsync(j->fd) == -1 || (sp->fd != -1 && fsync(sp->fd) == -1) ||
	    fsync(sp->dir) == -1)
		return err_sys(e, ERR_TEMP, "Unable to sync", sp->path);
	return journal_sync_name(j, e);
}

/* 1 the spool may have changed, 0 nothing was there, -1 with e */
static int
here(struct journal *j, struct spool *sp, struct err *e)
{
	switch (journal_read(j, e)) {
	case JOURNAL_ERROR:
		return -1;
	case JOURNAL_FOREIGN:
		if (settle(j, sp, e) == -1)
			return -1;
		if (leftover_here(j, sp, e) == -1)
			return -1;
		return j->now.state == 0 || resume(j, sp, e) == 0 ? 1 : -1;
	case JOURNAL_OURS:
		if (settle(j, sp, e) == -1)
			return -1;
		return resume(j, sp, e) == 0 ? 1 : -1;
	case JOURNAL_NOTHING:
	default:
		/* what was never finished only takes room */
		return j->tried && journal_drop(j, e) == -1 ? -1 : 0;
	}
}

static int
one(struct journal *j, struct spool *sp, struct err *e)
{
	int r = here(j, sp, e);

	/* the spool that a rename put there is not the one that is open */
	return r == 1 ? lock_again(sp, e) : r;
}

int
recover(struct spool *sp, struct err *e)
{
	struct journal j;
	int r;

	if (journal_open(&j, sp, JOURNAL_BESIDE, false, e) == -1 ||
	    one(&j, sp, e) == -1)
		return -1;
	if (!spool_together(sp) &&
	    (journal_open(&j, sp, JOURNAL_TEMP, false, e) == -1 ||
		one(&j, sp, e) == -1))
		return -1;
	r = leftover_old(&j, sp, e);
	if (r == -1 || (r == 1 && resume(&j, sp, e) == -1))
		return -1;
	cache_tidy(sp);
	if (unlinkat(sp->dir, sp->fresh, 0) == -1 && errno != ENOENT)
		return spool_err(
		    sp, e, ERR_PERM, "Unable to remove", sp->dir, sp->fresh);
	return look_again(sp, e);
}

static bool
is_absent(int dir, const char *name)
{
	struct stat st;

	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == -1 &&
	    errno == ENOENT;
}

/* No such file, or an empty one. */
static bool
is_nothing(int fd)
{
	struct stat st;

	return fd == -1 || (fstat(fd, &st) == 0 && st.st_size == 0);
}

bool
recover_nothing(const struct spool *sp)
{
	/* who ends well leaves neither its session lock nor its dot-lock */
	return !sp->session_old && is_absent(sp->dir, sp->dotlock) &&
	    is_absent(sp->dir, sp->prepared) && is_nothing(sp->apart) &&
	    sp->left_fd == -1;
}
