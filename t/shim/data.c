/* SPDX-License-Identifier: MIT */
/* Calls that put data into regular files. */
#include "shim.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#define HERE ((off64_t)-1) /* where the fd stands */

struct data {
	struct stat st;
	off64_t at;
	size_t n;
};

/*
 * A call that writes at most n octets to fd: 1 if it may write d->n of them,
 * 0 if it is none of ours, -1 if it fails.  The log and the client are no
 * files.
 */
static int
begins(struct data *d, const char *name, int fd, off64_t at, size_t n)
{
	int flags;

	if (!shim_mine() || fd <= 2 || fstat(fd, &d->st) == -1 ||
	    !S_ISREG(d->st.st_mode))
		return 0;
	d->n = n;
	if (fault_data(name, &d->n))
		return -1;
	flags = fcntl(fd, F_GETFL);
	d->at = flags != -1 && (flags & O_APPEND) != 0 ? d->st.st_size
	    : at == HERE ? lseek64(fd, 0, SEEK_CUR)
			 : at;
	n = d->n;
	d->n = space_for(&d->st, d->at, d->n);
	if (n > 0 && d->n == 0) {
		errno = ENOSPC;
		return -1;
	}
	return 1;
}

static ssize_t
wrote(const struct data *d, const void *data, ssize_t r)
{
	if (r > 0) {
		space_used(&d->st, d->at + r);
		record_data(&d->st, data, (size_t)r, d->at);
	}
	return r;
}

static ssize_t
copied(const struct data *d, int from, off64_t from_at, ssize_t r)
{
	if (r > 0) {
		space_used(&d->st, d->at + r);
		record_copy(&d->st, from, from_at, (size_t)r, d->at);
	}
	return r;
}

ssize_t
write(int fd, const void *data, size_t n)
{
	struct data d;
	int go = begins(&d, "write", fd, HERE, n);

	if (go == -1)
		return -1;
	if (go == 1)
		return wrote(&d, data, REAL(write)(fd, data, d.n));
	record_reply(fd, data, n);
	return REAL(write)(fd, data, n);
}

ssize_t
send(int fd, const void *data, size_t n, int flags)
{
	record_reply(fd, data, n);
	return REAL(send)(fd, data, n, flags);
}

#define PWRITE(name, off) \
	ssize_t name(int fd, const void *data, size_t n, off at) \
	{ \
		struct data d; \
		int go = begins(&d, "pwrite64", fd, at, n); \
\
		if (go == -1) \
			return -1; \
		if (go == 0) \
			return REAL(name)(fd, data, n, at); \
		return wrote(&d, data, REAL(name)(fd, data, d.n, at)); \
	}

PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

/* Gathered, and written as one piece. */
static ssize_t
vector(const char *name, int fd, const struct iovec *v, int n, off64_t at,
    int flags)
{
	struct data d;
	struct iovec one = { NULL, 0 };
	size_t all = 0;
	ssize_t r;
	int go;
	int i;

	for (i = 0; i < n; i++)
		all += v[i].iov_len;
	go = begins(&d, name, fd, at, all);
	if (go == -1)
		return -1;
	if (go == 0) {
		if (n > 0)
			record_reply(fd, v[0].iov_base, v[0].iov_len);
		return at == HERE && flags == 0
		    ? REAL(writev)(fd, v, n)
		    : REAL(pwritev64v2)(fd, v, n, at, flags);
	}
	one.iov_base = malloc(all + 1);
	if (one.iov_base == NULL)
		abort();
	for (i = 0; i < n; i++) {
		memcpy((char *)one.iov_base + one.iov_len, v[i].iov_base,
		    v[i].iov_len);
		one.iov_len += v[i].iov_len;
	}
	one.iov_len = d.n;
	r = wrote(&d, one.iov_base, REAL(pwritev64v2)(fd, &one, 1, at, flags));
	free(one.iov_base);
	return r;
}

ssize_t
writev(int fd, const struct iovec *v, int n)
{
	return vector("writev", fd, v, n, HERE, 0);
}

#define PWRITEV(name, off) \
	ssize_t name(int fd, const struct iovec *v, int n, off at) \
	{ \
		return vector("pwritev", fd, v, n, at, 0); \
	}
#define PWRITEV2(name, off) \
	ssize_t name(int fd, const struct iovec *v, int n, off at, int flags) \
	{ \
		return vector("pwritev2", fd, v, n, at, flags); \
	}

PWRITEV(pwritev, off_t)
PWRITEV(pwritev64, off64_t)
PWRITEV2(pwritev2, off_t)
PWRITEV2(pwritev64v2, off64_t)

ssize_t
copy_file_range(
    int in, off64_t *i, int out, off64_t *o, size_t n, unsigned flags)
{
	struct data d;
	off64_t from = i != NULL ? *i : lseek64(in, 0, SEEK_CUR);
	int go = begins(&d, "copy_file_range", out, o != NULL ? *o : HERE, n);

	if (go == -1)
		return -1;
	if (go == 0)
		return REAL(copy_file_range)(in, i, out, o, n, flags);
	return copied(
	    &d, in, from, REAL(copy_file_range)(in, i, out, o, d.n, flags));
}

#define SENDFILE(name, off) \
	ssize_t name(int out, int in, off *i, size_t n) \
	{ \
		struct data d; \
		off64_t from = i != NULL ? *i : lseek64(in, 0, SEEK_CUR); \
		int go = begins(&d, "sendfile", out, HERE, n); \
\
		if (go == -1) \
			return -1; \
		if (go == 0) \
			return REAL(name)(out, in, i, n); \
		return copied(&d, in, from, REAL(name)(out, in, i, d.n)); \
	}

SENDFILE(sendfile, off_t)
SENDFILE(sendfile64, off64_t)

#define HOLE_MODES \
	(FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE | \
	    FALLOC_FL_COLLAPSE_RANGE | FALLOC_FL_INSERT_RANGE)

/* Before room is made: 0 if there is enough. */
static int
reserves(struct stat *st, int fd, int mode, off64_t at, off64_t n)
{
	if (fstat(fd, st) == -1)
		return 0;
	if ((mode & HOLE_MODES) == 0 &&
	    space_for(st, at, (size_t)n) < (size_t)n) {
		errno = ENOSPC;
		return -1;
	}
	return 0;
}

static void
reserved(const struct stat *st, int fd, int mode, off64_t at, off64_t n)
{
	if (mode == FALLOC_FL_COLLAPSE_RANGE) {
		space_cut(st, st->st_size - n);
		record_fd(R_COLLAPSE, fd, (uint64_t)at, (uint64_t)n);
		return;
	}
	if ((mode & HOLE_MODES) != 0)
		record_fd(R_HOLE, fd, (uint64_t)at, (uint64_t)n);
	else
		space_used(st, at + n);
	if ((mode & (HOLE_MODES | FALLOC_FL_KEEP_SIZE)) == 0)
		record_fd(R_SIZE, fd, (uint64_t)(at + n), 1);
}

/* As ext4 does it, for file systems that cannot: the tests' is in memory. */
static int
collapse(int fd, const struct stat *st, off64_t at, off64_t n)
{
	off64_t left = st->st_size - at - n;
	char *rest;
	int r;

	if (at % st->st_blksize != 0 || n % st->st_blksize != 0 || n == 0 ||
	    left <= 0) {
		errno = EINVAL;
		return -1;
	}
	rest = malloc((size_t)left);
	if (rest == NULL ||
	    REAL(pread64)(fd, rest, (size_t)left, at + n) != left ||
	    REAL(pwrite64)(fd, rest, (size_t)left, at) != left)
		abort();
	r = REAL(ftruncate64)(fd, at + left);
	free(rest);
	return r;
}

#define FALLOCATE(name, off) \
	int name(int fd, int mode, off at, off n) \
	{ \
		struct stat st = { 0 }; \
\
		if (!shim_mine()) \
			return REAL(name)(fd, mode, at, n); \
		if (fault("fallocate") || \
		    reserves(&st, fd, mode, at, n) == -1) \
			return -1; \
		if (REAL(name)(fd, mode, at, n) == -1 && \
		    (mode != FALLOC_FL_COLLAPSE_RANGE || \
			errno != EOPNOTSUPP || \
			collapse(fd, &st, at, n) == -1)) \
			return -1; \
		reserved(&st, fd, mode, at, n); \
		return 0; \
	}
/* returns the number of the error */
#define POSIX_FALLOCATE(name, off) \
	int name(int fd, off at, off n) \
	{ \
		struct stat st = { 0 }; \
		int r; \
\
		if (!shim_mine()) \
			return REAL(name)(fd, at, n); \
		if (fault("posix_fallocate") || \
		    reserves(&st, fd, 0, at, n) == -1) \
			return errno; \
		r = REAL(name)(fd, at, n); \
		if (r == 0) \
			reserved(&st, fd, 0, at, n); \
		return r; \
	}

FALLOCATE(fallocate, off_t)
FALLOCATE(fallocate64, off64_t)
POSIX_FALLOCATE(posix_fallocate, off_t)
POSIX_FALLOCATE(posix_fallocate64, off64_t)
