/* SPDX-License-Identifier: MIT */
/* runs as: root */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "safefile.h"

int
safefile_open_admin(const char *path, struct err *e)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd == -1)
		return err_sys(e, ERR_PERM, "Unable to open", path);
	if (fstat(fd, &st) == -1) {
		err_sys(e, ERR_PERM, "Unable to look at", path);
	} else if (!S_ISREG(st.st_mode)) {
		err_set(e, ERR_PERM, "%.200s is not a regular file", path);
	} else if ((st.st_uid != 0 && st.st_uid != geteuid()) ||
	    (st.st_mode & 022) != 0) {
		err_set(e, ERR_PERM,
		    "%.200s (owner %ld, mode %04o) can be changed by others: "
		    "give it to root and take away the right to write",
		    path, (long)st.st_uid, (unsigned)st.st_mode & 07777);
	} else {
		return fd;
	}
	close(fd);
	return -1;
}

int
safefile_err(struct err *e, enum err_kind kind, const char *what,
    const char *path, int dir)
{
	int sys = errno;
	struct stat st;

	err_sys(e, kind, what, path);
	if ((sys == EACCES || sys == EPERM) && fstat(dir, &st) == 0) {
		err_more(e,
		    "; its folder (owner %ld, group %ld, mode %04o) does not "
		    "let uid %ld, group %ld do that: it should be root:mail, "
		    "2775",
		    (long)st.st_uid, (long)st.st_gid,
		    (unsigned)st.st_mode & 07777, (long)geteuid(),
		    (long)getegid());
		/* with a MAILDROP the session has the group that users names */
		if (st.st_gid != getegid() && (st.st_mode & 020) != 0)
			err_more(e,
			    "; if users names this MAILDROP, its GID there has "
			    "to be %ld",
			    (long)st.st_gid);
	}
	errno = sys;
	return -1;
}

static int
refuse(const char *path, const struct stat *st, uid_t uid, const char *why,
    struct err *e)
{
	return err_set(e, ERR_PERM,
	    "%.200s (owner %ld, mode %04o, %ld links) %s: it has to be the "
	    "user's own regular file (uid %ld), with one link; "
	    "it was left alone",
	    path, (long)st->st_uid, (unsigned)st->st_mode & 07777,
	    (long)st->st_nlink, why, (long)uid);
}

int
safefile_check(
    const struct stat *st, const char *path, uid_t uid, struct err *e)
{
	if (S_ISLNK(st->st_mode))
		return refuse(path, st, uid, "is a symbolic link", e);
	if (!S_ISREG(st->st_mode))
		return refuse(path, st, uid, "is not a regular file", e);
	if (st->st_uid != uid)
		return refuse(path, st, uid, "belongs to somebody else", e);
	if (st->st_nlink != 1)
		return refuse(path, st, uid, "has more than one link", e);
	return 0;
}

int
safefile_open_user(int dir, const char *name, const char *path, int flags,
    uid_t uid, struct stat *st, struct err *e)
{
	int fd;

	/* looked at first: to open a device or a FIFO can do things already */
	if (fstatat(dir, name, st, AT_SYMLINK_NOFOLLOW) == 0) {
		/* no link: it is being unlinked right now */
		if (st->st_nlink != 0 && safefile_check(st, path, uid, e) == -1)
			return -1;
	} else if (errno != ENOENT || (flags & O_CREAT) == 0) {
		return safefile_err(
		    e, ERR_PERM, "Unable to look at", path, dir);
	}
	fd = openat(
	    dir, name, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	if (fd == -1)
		return safefile_err(e, ERR_PERM,
		    (flags & O_CREAT) != 0 ? "Unable to create or open"
					   : "Unable to open",
		    path, dir);
	if (fstat(fd, st) == -1) {
		err_sys(e, ERR_PERM, "Unable to look at", path);
	} else if (st->st_nlink != 0 &&
	    safefile_check(st, path, uid, e) == -1) {
		/* e tells; a file that was unlinked meanwhile is the
		   caller's business */
		;
	} else if ((flags & O_CREAT) != 0 && (st->st_mode & 0077) != 0 &&
	    fchmod(fd, 0600) == -1) {
		err_sys(e, ERR_PERM, "Unable to narrow the mode of", path);
	} else {
		return fd;
	}
	close(fd);
	return -1;
}

bool
safefile_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

bool
safefile_is(int dir, const char *name, const struct stat *st)
{
	struct stat now;

	return fstatat(dir, name, &now, AT_SYMLINK_NOFOLLOW) == 0 &&
	    safefile_same(&now, st);
}
