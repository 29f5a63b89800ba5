/* SPDX-License-Identifier: MIT */
/* runs as: the user */
#define XXH_INLINE_ALL
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "fileio.h"
#include "leftover.h"
#include "mboxscan.h"
#include "plan.h"
#include "safefile.h"

#define BLOCK 65536

struct left {
	int fd;
	struct stat st;
	const char *path;
};

static int
nothing(void *ctx, const struct msgloc *loc)
{
	(void)ctx;
	(void)loc;
	return 0;
}

/* It begins as mail does: -1 with e if not. */
static int
is_mail(const struct left *l, struct err *e)
{
	char block[BLOCK];
	struct mboxscan scan;
	ssize_t n = file_read(l->fd, block, sizeof block, 0);

	if (n == -1)
		return err_sys(e, ERR_TEMP, "Unable to read", l->path);
	mboxscan_init(&scan, nothing, NULL);
	if (mboxscan_feed(&scan, block, (size_t)n) == 0 &&
	    mboxscan_end(&scan) == 0)
		return 0;
	return err_set(e, ERR_PERM,
	    "%.200s (owner %ld, mode %04o, %lld octets), left by another "
	    "program, does not begin with a From_ line: mend it, or move it "
	    "away; it was left alone",
	    l->path, (long)l->st.st_uid, (unsigned)l->st.st_mode & 07777,
	    (long long)l->st.st_size);
}

/* 1 the spool begins with it, 0 not, -1 with errno */
static int
is_copy(const struct left *l, const struct spool *sp)
{
	char a[BLOCK];
	char b[BLOCK];
	uint64_t size = (uint64_t)l->st.st_size;
	uint64_t at = 0;

	if (sp->fd == -1 || sp->st.st_size < l->st.st_size)
		return 0;
	while (at < size) {
		size_t n = size - at < BLOCK ? (size_t)(size - at) : BLOCK;

		if (file_read(l->fd, a, n, at) != (ssize_t)n ||
		    file_read(sp->fd, b, n, at) != (ssize_t)n)
			return -1;
		if (memcmp(a, b, n) != 0)
			return 0;
		at += n;
	}
	return 1;
}

/* Its mail as the data of a journal. */
static int
write_journal(struct journal *n, const struct left *l, bool old, struct err *e)
{
	struct journal_slot s = { .state = JOURNAL_HELD };
	char block[BLOCK];
	XXH3_state_t state;
	uint64_t at = 0;
	ssize_t r;

	XXH3_128bits_reset(&state);
	while ((r = file_read(l->fd, block, sizeof block, at)) > 0) {
		if (file_write(n->fd, block, (size_t)r, JOURNAL_DATA + at) ==
		    -1)
			return err_sys(e, ERR_TEMP, "Unable to write", n->path);
		XXH3_128bits_update(&state, block, (size_t)r);
		at += (uint64_t)r;
	}
	if (r == -1)
		return err_sys(e, ERR_TEMP, "Unable to read", l->path);
	s.data = at;
	s.digest = XXH3_128bits_digest(&state);
	s.elsewhere = old;
	n->end = JOURNAL_DATA + at;
	return journal_put(n, &s, e) == 0 ? 0 : -1;
}

/* The new journal takes the place of the one that is open. */
static int
install(struct journal *j, struct journal *n, struct spool *sp, struct err *e)
{
	if (flock(n->fd, LOCK_EX | LOCK_NB) == -1 ||
	    renameat(j->dir, j->new_name, j->dir, j->name) == -1)
		return spool_err(
		    sp, e, ERR_TEMP, "Unable to rename", j->dir, j->new_name);
	if (j->fd == sp->session) {
		close(sp->session);
		sp->session = n->fd;
	} else {
		if (sp->apart != -1)
			close(sp->apart);
		sp->apart = n->fd;
	}
	*j = *n;
	return journal_sync_name(j, e);
}

static int
adopt(struct journal *j, const struct left *l, bool old, struct spool *sp,
    struct err *e)
{
	struct journal n = *j;

	if (unlinkat(j->dir, j->new_name, 0) == -1 && errno != ENOENT)
		return spool_err(
		    sp, e, ERR_PERM, "Unable to remove", j->dir, j->new_name);
	n.fd = openat(j->dir, j->new_name,
	    O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (n.fd == -1)
		return spool_err(
		    sp, e, ERR_PERM, "Unable to create", j->dir, j->new_name);
	if (write_journal(&n, l, old, e) == 0)
		return install(j, &n, sp, e);
	close(n.fd);
	unlinkat(j->dir, j->new_name, 0);
	return -1;
}

int
leftover_here(struct journal *j, struct spool *sp, struct err *e)
{
	struct left l = { .fd = j->fd, .path = j->path };
	int copy;

	if (fstat(l.fd, &l.st) == -1)
		return err_sys(e, ERR_TEMP, "Unable to look at", l.path);
	if (is_mail(&l, e) == -1)
		return -1;
	copy = is_copy(&l, sp);
	if (copy == -1)
		return err_sys(e, ERR_TEMP, "Unable to read", l.path);
	if (copy == 1)
		return journal_drop(j, e) == -1 ? -1 : 0;
	return adopt(j, &l, false, sp, e);
}

/* One that is our session lock is emptied, another one removed. */
static int
forget(struct spool *sp, const struct stat *st, struct err *e)
{
	struct stat lock;

	close(sp->left_fd);
	sp->left_fd = -1;
	if (fstat(sp->session, &lock) == 0 && safefile_same(&lock, st)) {
		if (file_truncate(sp->session, 0) == -1 ||
		    fsync(sp->session) == -1)
			return err_sys(
			    e, ERR_TEMP, "Unable to empty", sp->left);
		return 0;
	}
	if (unlinkat(sp->old, sp->left, 0) == -1 || fsync(sp->old) == -1)
		return err_sys(e, ERR_PERM, "Unable to remove", sp->left);
	return 0;
}

static int
look(struct journal *j, struct spool *sp, struct left *l, struct err *e)
{
	struct stat lock;
	int r;

	if (l->st.st_size == 0)
		return 0;
	if ((fstat(sp->session, &lock) == -1 ||
		!safefile_same(&lock, &l->st)) &&
	    flock(l->fd, LOCK_EX | LOCK_NB) == -1)
		return err_set(e, ERR_BUSY,
		    "%s lock is held: another server works on it", l->path);
	if (is_mail(l, e) == -1)
		return -1;
	r = is_copy(l, sp);
	if (r == -1)
		return err_sys(e, ERR_TEMP, "Unable to read", l->path);
	if (r == 1)
		return forget(sp, &l->st, e);
	if (j->fd == -1 && journal_open(j, sp, JOURNAL_TEMP, true, e) == -1)
		return -1;
	return adopt(j, l, true, sp, e) == -1 ? -1 : 1;
}

int
leftover_old(struct journal *j, struct spool *sp, struct err *e)
{
	struct left l = { .path = sp->left };

	if (sp->left_fd == -1)
		return 0;
	l.fd = sp->left_fd;
	if (fstat(l.fd, &l.st) == -1)
		return err_sys(e, ERR_TEMP, "Unable to look at", l.path);
	return look(j, sp, &l, e);
}

int
leftover_forget(const struct journal *j, struct spool *sp, struct err *e)
{
	const struct journal_slot *s = &j->now;
	struct stat st;
	int same = 0;

	if (s->elsewhere == 0 || sp->left_fd == -1)
		return 0;
	if (fstat(sp->left_fd, &st) == -1)
		return err_sys(e, ERR_TEMP, "Unable to look at", sp->left);
	if ((uint64_t)st.st_size == s->data)
		same = plan_whole(sp->left_fd, 0, s->data, &s->digest);
	if (same == -1)
		return err_sys(e, ERR_TEMP, "Unable to read", sp->left);
	return same == 1 ? forget(sp, &st, e) : 0;
}
