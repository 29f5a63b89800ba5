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
#define TOUCH_MS 20000 /* maildrop breaks locks of 60 s */
#define PATIENCE_MS 10000
#define CLOSING_MS 2
#define RETRY_MS 10 /* agents that wait in the kernel are quick */

/*
 * 1 locked, 0 the session that has it is closing (it shares its lock then),
 * -1 with e
 */
static int
flock_session(const struct spool *sp, int fd, struct err *e)
{
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return 1;
	if (errno == EWOULDBLOCK && flock(fd, LOCK_SH | LOCK_NB) == 0)
		return 0;
	if (errno == EWOULDBLOCK)
		return err_set(e, ERR_BUSY,
		    "%s lock is held: another session is open for this "
		    "maildrop",
		    sp->lock);
	return err_sys(e, ERR_TEMP, "Unable to lock", sp->lock);
}

/* 1 we have the session lock, 0 try again, -1 with e */
static int
try_session(struct spool *sp, struct err *e)
{
	struct stat st;
	struct stat now;
	int fd;
	int got;

	sp->session_old =
	    fstatat(sp->dir, sp->lock, &st, AT_SYMLINK_NOFOLLOW) == 0;
	fd = safefile_open_user(sp->dir, sp->lock, sp->lock_path,
	    O_RDWR | O_CREAT, sp->uid, &st, e);
	if (fd == -1)
		return spool_no_drop(e);
	got = flock_session(sp, fd, e);
	/*
	 * The session before us may have unlinked what we locked, or made it
	 * after we looked, and died.
	 */
	if (got == 1 &&
	    fstatat(sp->dir, sp->lock, &now, AT_SYMLINK_NOFOLLOW) == 0 &&
	    safefile_same(&st, &now)) {
		if (now.st_size > 0)
			sp->session_old = true;
		sp->session = fd;
		return 1;
	}
	close(fd);
	if (got == 0)
		clock_wait(clock_ms() + CLOSING_MS);
	return got == -1 ? -1 : 0;
}

int
lock_session(struct spool *sp, struct err *e)
{
	int64_t deadline = clock_ms() + PATIENCE_MS;
	int got;

	do {
		got = try_session(sp, e);
	} while (got == 0 && clock_left(deadline) > 0);
	if (got == 0)
		err_set(e, ERR_BUSY, "%s lock is held: a session is closing",
		    sp->lock);
	return got == 1 ? 0 : -1;
}

void
lock_session_closing(struct spool *sp)
{
	if (flock(sp->session, LOCK_SH | LOCK_NB) == 0)
		return;
	/* in between somebody else has got it */
	close(sp->session);
	sp->session = -1;
}

/*
 * Ends a lock on name in dir: the file goes, unless there is something in it,
 * which the next session has to finish, or it is to be kept; then its time
 * tells of this session.
 */
static void
end(int *fd, int dir, const char *name, bool keep)
{
	struct stat st;

	if (*fd == -1)
		return;
	if (keep)
		futimens(*fd, NULL);
	else if (fstat(*fd, &st) == 0 && st.st_size == 0 &&
	    safefile_is(dir, name, &st))
		unlinkat(dir, name, 0);
	close(*fd);
	*fd = -1;
}

void
lock_session_end(struct spool *sp)
{
	/* the session lock last: nobody else is here as long as it is held */
	end(&sp->apart, sp->temp, sp->drop, sp->keep_drop);
	end(&sp->session, sp->dir, sp->lock,
	    sp->keep_drop && spool_together(sp));
}

/* The file at fd is still the spool: nobody has put another in its place. */
static bool
is_spool(const struct spool *sp)
{
	return safefile_is(sp->dir, sp->name, &sp->st);
}

/*
 * The spool is not the file that is open: 1 there is none now, 0 it has been
 * opened, try again, -1 with e: it cannot be opened, or not any more.
 */
static int
is_other(struct spool *sp, struct err *e)
{
	struct stat st;

	if (sp->reopen && (spool_reopen(sp, e) == -1 || sp->fd != -1))
		return sp->fd == -1 ? -1 : 0;
	if (fstatat(sp->dir, sp->name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return safefile_check(&st, sp->path, sp->uid, e) == -1
		    ? -1
		    : err_set(e, ERR_TEMP,
			  "%.200s was changed by another program: it is "
			  "another file than at log-in; nothing was deleted, "
			  "try again",
			  sp->path);
	if (errno != ENOENT)
		return spool_err(
		    sp, e, ERR_PERM, "Unable to look at", sp->dir, sp->name);
	if (sp->fd != -1)
		close(sp->fd);
	sp->fd = -1;
	return 1;
}

/* 1 locked (or no spool there), 0 busy, -1 with e */
static int
kernel_lock(struct spool *sp, struct err *e)
{
	struct flock fl = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	if (sp->fd == -1)
		return is_other(sp, e);
	if (fcntl(sp->fd, F_OFD_SETLK, &fl) == -1) {
		if (errno == EAGAIN || errno == EACCES)
			return 0;
		return err_sys(e, ERR_TEMP, "Unable to lock", sp->path);
	}
	if (fstat(sp->fd, &sp->st) == -1)
		return err_sys(e, ERR_TEMP, "Unable to look at", sp->path);
	/* what was opened may have been replaced before it was locked */
	if (!is_spool(sp))
		return is_other(sp, e);
	return safefile_check(&sp->st, sp->path, sp->uid, e) == 0 ? 1 : -1;
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
		return spool_err(sp, e, ERR_PERM,
		    "maillock error 2: unable to remove", sp->dir,
		    sp->prepared);
	sp->held = openat(sp->dir, sp->prepared,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (sp->held == -1)
		return spool_err(sp, e, ERR_PERM,
		    "maillock error 2: unable to create the dot-lock", sp->dir,
		    sp->dotlock);
	if (write(sp->held, pid, (size_t)n) != n ||
	    fstat(sp->held, &sp->held_st) == -1) {
		spool_err(sp, e, ERR_TEMP,
		    "maillock error 3: unable to write the pid to", sp->dir,
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
static int
clear_dead(const struct spool *sp, struct err *e)
{
	struct stat a;

	/* as long as it cannot go, its twin has to stay */
	if (fstatat(sp->dir, sp->prepared, &a, AT_SYMLINK_NOFOLLOW) == 0 &&
	    safefile_is(sp->dir, sp->dotlock, &a) &&
	    unlinkat(sp->dir, sp->dotlock, 0) == -1 && errno != ENOENT)
		return spool_err(sp, e, ERR_TEMP,
		    "maillock error 2: unable to remove", sp->dir, sp->dotlock);
	return 0;
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
		    "maillock error 5: %.90s (owner %ld, mode %04o), the lock "
		    "of %.160s, is not a regular file: remove it",
		    sp->dotlock, (long)st.st_uid, (unsigned)st.st_mode & 07777,
		    sp->path);
	/* far in the future is no better than old */
	age = time(NULL) - st.st_mtime;
	if (age < STALE_SECONDS && age > -STALE_SECONDS)
		return 0;
	if (fstatat(sp->dir, sp->dotlock, &now, AT_SYMLINK_NOFOLLOW) == 0 &&
	    safefile_same(&st, &now) && now.st_mtime == st.st_mtime)
		unlinkat(sp->dir, sp->dotlock, 0);
	return 0;
}

/*
 * Over NFS a link can be made and its answer get lost: then the number of
 * links tells.
 */
static bool
linked(const struct spool *sp)
{
	struct stat st;
	int r = linkat(sp->dir, sp->prepared, sp->dir, sp->dotlock, 0);

	if (!sp->trust_links)
		return r == 0;
	return fstat(sp->held, &st) == 0 && st.st_nlink == 2;
}

/* 1 locked, 0 busy, -1 with e */
static int
dot_lock(struct spool *sp, struct err *e)
{
	errno = EEXIST;
	if (linked(sp)) {
		sp->touched = clock_ms();
		return 1;
	}
	if (errno != EEXIST)
		return spool_err(sp, e, ERR_PERM,
		    "maillock error 2: unable to create the dot-lock", sp->dir,
		    sp->dotlock);
	return foreign(sp, e);
}

/* Who holds it: the dot-lock's owner, or somebody's lock of the kernel's. */
static int
busy(const struct spool *sp, struct err *e)
{
	struct stat st;

	err_set(e, ERR_BUSY,
	    "maillock error 4: the lock of %.160s is held by another program",
	    sp->path);
	if (fstatat(sp->dir, sp->dotlock, &st, AT_SYMLINK_NOFOLLOW) == 0)
		err_more(e,
		    ": %.90s (owner %ld, mode %04o, %lld s old); if it stays, "
		    "see whose it is and remove it",
		    sp->dotlock, (long)st.st_uid, (unsigned)st.st_mode & 07777,
		    (long long)(time(NULL) - st.st_mtime));
	else
		err_more(e, " in the kernel: lslocks(8) tells which");
	return -1;
}

static bool
ours(const struct spool *sp)
{
	return sp->held != -1 &&
	    safefile_is(sp->dir, sp->dotlock, &sp->held_st);
}

/*
 * With both locks: what was looked at before may have been replaced or made,
 * and may have got mail, by those who only take the dot-lock.
 */
static bool
is_settled(struct spool *sp)
{
	struct stat st;

	if (sp->fd == -1)
		return fstatat(sp->dir, sp->name, &st, AT_SYMLINK_NOFOLLOW) ==
		    -1;
	return fstat(sp->fd, &sp->st) == 0 && is_spool(sp);
}

static void
dot_unlock(struct spool *sp)
{
	if (sp->held != -1 && ours(sp))
		unlinkat(sp->dir, sp->dotlock, 0);
}

int
lock_spool(struct spool *sp, struct err *e)
{
	int64_t deadline = clock_ms() + PATIENCE_MS;
	int got;

	if (clear_dead(sp, e) == -1)
		return -1;
	for (;;) {
		got = kernel_lock(sp, e);
		if (got == 1) {
			got = prepare(sp, e) == -1 ? -1 : dot_lock(sp, e);
			if (got == 1 && is_settled(sp))
				return 0;
			if (got == 1)
				got = 0;
		}
		dot_unlock(sp);
		kernel_unlock(sp);
		if (got == -1)
			break;
		if (clock_left(deadline) == 0) {
			busy(sp, e);
			break;
		}
		/* the pid keeps those who wait from waiting in step */
		clock_wait(clock_ms() + RETRY_MS + getpid() % RETRY_MS);
	}
	lock_spool_end(sp);
	return -1;
}

int
lock_intact(const struct spool *sp, uint64_t size, struct err *e)
{
	struct stat now;

	if (!ours(sp))
		return err_set(e, ERR_TEMP,
		    "maillock error 6: the lock %.100s of %.200s was lost: "
		    "another program broke it; nothing was changed",
		    sp->dotlock, sp->path);
	if (sp->fd == -1)
		return 0;
	if (fstatat(sp->dir, sp->name, &now, AT_SYMLINK_NOFOLLOW) == -1 ||
	    !safefile_same(&now, &sp->st) || (uint64_t)now.st_size != size)
		return err_set(e, ERR_TEMP,
		    "%.200s was changed by another program in spite of our "
		    "lock: nothing was changed; try again",
		    sp->path);
	return 0;
}

int
lock_again(struct spool *sp, struct err *e)
{
	int got = kernel_lock(sp, e);

	if (got == 0)
		busy(sp, e);
	return got == 1 ? 0 : -1;
}

void
lock_spool_end(struct spool *sp)
{
	if (sp->held != -1) {
		/* as long as the lock cannot go, its twin tells whose it is */
		if (!ours(sp) || unlinkat(sp->dir, sp->dotlock, 0) == 0)
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
