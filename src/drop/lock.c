/* SPDX-License-Identifier: MIT */
/* runs as: the user */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "lock.h"
#include "safefile.h"

#define STALE_SECONDS 300
#define TOUCH_MS 60000
#define PATIENCE_MS 10000
#define RETRY_MS 50

int
lock_session(struct spool *sp, struct err *e)
{
	struct stat st;
	int fd;

	for (;;) {
		fd = safefile_open_user(sp->dir, sp->lock, sp->lock,
		    O_RDWR | O_CREAT, sp->uid, &st, e);
		if (fd == -1)
			return -1;
		if (flock(fd, LOCK_EX | LOCK_NB) == -1) {
			if (errno == EWOULDBLOCK)
				err_set(e, ERR_BUSY,
				    "%s lock is held: another session is open "
				    "for this maildrop",
				    sp->lock);
			else
				err_sys(
				    e, ERR_TEMP, "Unable to lock", sp->lock);
			close(fd);
			return -1;
		}
		/* the session before us may have unlinked what we locked */
		if (safefile_is(sp->dir, sp->lock, &st))
			break;
		close(fd);
	}
	if (st.st_size > 0) {
		err_set(e, ERR_PERM,
		    "%s, beside %.200s, holds %lld octets that another "
		    "program left: look at it, append its mail to the spool "
		    "and remove it",
		    sp->lock, sp->path, (long long)st.st_size);
		close(fd);
		return -1;
	}
	sp->session = fd;
	return 0;
}

void
lock_session_end(struct spool *sp)
{
	struct stat st;

	if (sp->session == -1)
		return;
	/* mail that another server put there meanwhile is not ours to remove */
	if (fstat(sp->session, &st) == 0 && st.st_size == 0 &&
	    safefile_is(sp->dir, sp->lock, &st))
		unlinkat(sp->dir, sp->lock, 0);
	close(sp->session);
	sp->session = -1;
}

/* The file at fd is still the spool: nobody has put another in its place. */
static bool
is_spool(const struct spool *sp)
{
	return safefile_is(sp->dir, sp->name, &sp->st);
}

/* 1 locked (or no spool there), 0 busy, -1 with e */
static int
kernel_lock(struct spool *sp, struct err *e)
{
	struct flock fl = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	if (sp->fd != -1)
		close(sp->fd);
	sp->fd = safefile_open_user(
	    sp->dir, sp->name, sp->path, O_RDWR, sp->uid, &sp->st, e);
	if (sp->fd == -1)
		return e->sys == ENOENT ? 1 : -1;
	if (fcntl(sp->fd, F_OFD_SETLK, &fl) == -1) {
		if (errno == EAGAIN || errno == EACCES)
			return 0;
		return err_sys(e, ERR_TEMP, "Unable to lock", sp->path);
	}
	/* what was opened may have been replaced before it was locked */
	return is_spool(sp) ? 1 : 0;
}

static void
kernel_unlock(struct spool *sp)
{
	struct flock fl = { .l_type = F_UNLCK, .l_whence = SEEK_SET };

	if (sp->fd != -1)
		fcntl(sp->fd, F_OFD_SETLK, &fl);
}

/* Our lock, before it gets its real name: the pid, under 16 octets. */
static int
prepare(struct spool *sp, struct err *e)
{
	char pid[16];
	int n = snprintf(pid, sizeof pid, "%ld\n", (long)getpid());

	if (sp->held != -1)
		return 0;
	if (unlinkat(sp->dir, sp->prepared, 0) == -1 && errno != ENOENT)
		return err_sys(e, ERR_PERM,
		    "maillock error 2: unable to remove", sp->prepared);
	sp->held = openat(sp->dir, sp->prepared,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (sp->held == -1)
		return err_sys(e, ERR_PERM,
		    "maillock error 2: unable to create the dot-lock of",
		    sp->path);
	if (write(sp->held, pid, (size_t)n) != n ||
	    fstat(sp->held, &sp->held_st) == -1) {
		err_sys(e, ERR_TEMP,
		    "maillock error 3: unable to write the pid to",
		    sp->prepared);
		close(sp->held);
		sp->held = -1;
		unlinkat(sp->dir, sp->prepared, 0);
		return -1;
	}
	return 0;
}

/*
 * We hold the session lock, so a dot-lock that is our prepared file was left
 * by a popper that died: no pid has to be judged.
 */
static void
clear_dead(struct spool *sp)
{
	struct stat a;

	if (fstatat(sp->dir, sp->prepared, &a, AT_SYMLINK_NOFOLLOW) == 0 &&
	    safefile_is(sp->dir, sp->dotlock, &a))
		unlinkat(sp->dir, sp->dotlock, 0);
}

/* Somebody else's dot-lock: removed if stale.  0 try again, -1 with e. */
static int
foreign(const struct spool *sp, struct err *e)
{
	struct stat st;
	struct stat now;
	time_t age;

	if (fstatat(sp->dir, sp->dotlock, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return 0;
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_PERM,
		    "maillock error 5: %s, the lock of %.200s, is not a "
		    "regular file: remove it",
		    sp->dotlock, sp->path);
	/* far in the future is no better than old */
	age = time(NULL) - st.st_mtime;
	if (age < STALE_SECONDS && age > -STALE_SECONDS)
		return 0;
	if (fstatat(sp->dir, sp->dotlock, &now, AT_SYMLINK_NOFOLLOW) == 0 &&
	    safefile_same(&st, &now) && now.st_mtime == st.st_mtime)
		unlinkat(sp->dir, sp->dotlock, 0);
	return 0;
}

/* 1 locked, 0 busy, -1 with e */
static int
dot_lock(struct spool *sp, struct err *e)
{
	if (linkat(sp->dir, sp->prepared, sp->dir, sp->dotlock, 0) == 0) {
		sp->touched = clock_ms();
		return 1;
	}
	if (errno != EEXIST)
		return err_sys(e, ERR_PERM,
		    "maillock error 2: unable to create the dot-lock of",
		    sp->path);
	return foreign(sp, e);
}

int
lock_spool(struct spool *sp, struct err *e)
{
	int64_t deadline = clock_ms() + PATIENCE_MS;
	int got;

	clear_dead(sp);
	for (;;) {
		got = kernel_lock(sp, e);
		if (got == 1) {
			got = prepare(sp, e) == -1 ? -1 : dot_lock(sp, e);
			if (got == 1)
				return 0;
		}
		kernel_unlock(sp);
		if (got == -1)
			break;
		if (clock_left(deadline) == 0) {
			err_set(e, ERR_BUSY,
			    "maillock error 4: the lock of %.200s is held by "
			    "another program",
			    sp->path);
			break;
		}
		/* the pid keeps those who wait from waiting in step */
		clock_wait(clock_ms() + RETRY_MS + getpid() % RETRY_MS);
	}
	lock_spool_end(sp);
	return -1;
}

bool
lock_ours(const struct spool *sp)
{
	return sp->held != -1 &&
	    safefile_is(sp->dir, sp->dotlock, &sp->held_st);
}

void
lock_spool_end(struct spool *sp)
{
	if (sp->held != -1) {
		/* as long as the lock cannot go, its twin tells whose it is */
		if (!lock_ours(sp) || unlinkat(sp->dir, sp->dotlock, 0) == 0)
			unlinkat(sp->dir, sp->prepared, 0);
		close(sp->held);
		sp->held = -1;
	}
	kernel_unlock(sp);
}

void
lock_refresh(struct spool *sp)
{
	int64_t now = clock_ms();

	if (sp->held == -1 || now - sp->touched < TOUCH_MS)
		return;
	futimens(sp->held, NULL);
	sp->touched = now;
}
