/* SPDX-License-Identifier: MIT */
/* runs as: the user */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "drop.h"
#include "lock.h"
#include "safefile.h"

#define ACL "system.posix_acl_access"
#define ACL_MAX 4096
#define COPY_MAX ((uint64_t)64 << 20) /* between two looks at the lock */

/* The messages still lie where the index says, in the same file. */
static int
check(struct drop *d, struct err *e)
{
	if (d->sp.fd == -1 || !safefile_same(&d->sp.st, &d->st))
		return drop_changed(d, e);
	return drop_verify(d, e);
}

/* Owner, mode and access control list of the spool. */
static int
dress(const struct drop *d, int fd, struct err *e)
{
	const struct stat *st = &d->sp.st;
	char acl[ACL_MAX];
	ssize_t n;

	if (fchown(fd, (uid_t)-1, st->st_gid) == -1 &&
	    (st->st_mode & 0070) != 0)
		return err_sys(
		    e, ERR_PERM, "Unable to keep the group of", d->sp.path);
	if (fchmod(fd, st->st_mode & 0777) == -1)
		return err_sys(
		    e, ERR_PERM, "Unable to keep the mode of", d->sp.path);
	n = fgetxattr(d->sp.fd, ACL, acl, sizeof acl);
	/* without one, that of a folder's default must not come in */
	if (n == -1)
		fremovexattr(fd, ACL);
	if (n > 0 && fsetxattr(fd, ACL, acl, (size_t)n, 0) == -1)
		return err_sys(
		    e, ERR_PERM, "Unable to keep the ACL of", d->sp.path);
	return 0;
}

/* For file systems that cannot copy by themselves.  Octets, or -1. */
static ssize_t
copy_plain(const struct drop *d, int fd, off_t *at, size_t n)
{
	static char block[131072];
	ssize_t done = 0;
	ssize_t r =
	    pread(d->sp.fd, block, n < sizeof block ? n : sizeof block, *at);

	while (r > 0 && done < r) {
		ssize_t w = write(fd, block + done, (size_t)(r - done));

		if (w == -1 && errno == EINTR)
			continue;
		if (w == -1)
			return -1;
		done += w;
	}
	*at += done;
	return r;
}

static bool
cannot_copy(int sys)
{
	return sys == ENOSYS || sys == EXDEV || sys == EOPNOTSUPP ||
	    sys == EINVAL;
}

static int
copy_range(struct drop *d, int fd, uint64_t from, uint64_t to, struct err *e)
{
	off_t at = (off_t)from;

	while ((uint64_t)at < to) {
		uint64_t left = to - (uint64_t)at;
		size_t n = left < COPY_MAX ? left : COPY_MAX;
		ssize_t r = copy_file_range(d->sp.fd, &at, fd, NULL, n, 0);

		if (r == -1 && cannot_copy(errno))
			r = copy_plain(d, fd, &at, n);
		if (r == -1 && errno == EINTR)
			continue;
		if (r == -1)
			return err_sys(
			    e, ERR_TEMP, "Unable to write", d->sp.fresh);
		if (r == 0)
			return drop_changed(d, e);
		lock_refresh(&d->sp);
	}
	return 0;
}

/* Runs of kept messages, then whatever came after the scan. */
static int
copy_kept(struct drop *d, int fd, struct err *e)
{
	uint64_t start = 0;
	uint32_t i;

	for (i = 0; i < d->ix.count; i++) {
		const struct msgloc *m;
		uint64_t from;
		uint64_t next = d->size;

		if (!drop_is_gone(d, i))
			continue;
		if ((m = index_get(&d->ix, i, e)) == NULL)
			return -1;
		from = m->from;
		if (i + 1 < d->ix.count) {
			if ((m = index_get(&d->ix, i + 1, e)) == NULL)
				return -1;
			next = m->from;
		}
		if (copy_range(d, fd, start, from, e) == -1)
			return -1;
		start = next;
	}
	return copy_range(d, fd, start, (uint64_t)d->sp.st.st_size, e);
}

static int
make_fresh(struct drop *d, int *fd, struct err *e)
{
	*fd = openat(d->sp.dir, d->sp.fresh,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (*fd == -1)
		return err_sys(e, ERR_PERM, "Unable to create", d->sp.fresh);
	if (dress(d, *fd, e) == -1 || copy_kept(d, *fd, e) == -1)
		return -1;
	if (fsync(*fd) == -1)
		return err_sys(e, ERR_TEMP, "Unable to sync", d->sp.fresh);
	return 0;
}

/* Nobody has broken our lock or touched the spool since we took it. */
static int
still_ours(const struct drop *d, struct err *e)
{
	struct stat now;

	if (!lock_ours(&d->sp))
		return err_set(e, ERR_TEMP,
		    "maillock error 6: the lock of %.200s was lost",
		    d->sp.path);
	if (fstatat(d->sp.dir, d->sp.name, &now, AT_SYMLINK_NOFOLLOW) == -1 ||
	    !safefile_same(&now, &d->sp.st) || now.st_size != d->sp.st.st_size)
		return drop_changed(d, e);
	return 0;
}

static int
replace(struct drop *d, struct err *e)
{
	int fd = -1;
	int r = -1;

	if (check(d, e) == 0 && make_fresh(d, &fd, e) == 0 &&
	    still_ours(d, e) == 0) {
		/* the commit point */
		r = renameat(d->sp.dir, d->sp.fresh, d->sp.dir, d->sp.name);
		if (r == -1)
			err_sys(e, ERR_TEMP, "Unable to rename", d->sp.fresh);
	}
	if (r == -1 && fd != -1)
		unlinkat(d->sp.dir, d->sp.fresh, 0);
	if (fd != -1)
		close(fd);
	return r;
}

int
drop_commit(struct drop *d, struct err *e)
{
	int r;

	if (d->gone_count == 0)
		return 0;
	if (lock_spool(&d->sp, e) == -1)
		return -1;
	r = replace(d, e);
	/* done either way: a failing sync can only be told, not undone */
	if (r == 0 && fsync(d->sp.dir) == -1) {
		err_sys(e, ERR_TEMP,
		    "Updated, but unable to sync the folder of", d->sp.path);
		r = 1;
	}
	lock_spool_end(&d->sp);
	return r;
}
