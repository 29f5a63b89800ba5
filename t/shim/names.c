/* SPDX-License-Identifier: MIT */
/* Calls that change names, sizes, owners and modes, or sync. */
#include "shim.h"
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <utime.h>

static int
do_open(int dir, const char *path, int flags, mode_t mode)
{
	struct stat st;
	int changes = (flags & (O_CREAT | __O_TMPFILE | O_TRUNC)) != 0;
	int was = 1;
	int fd;

	if (changes && fault("openat"))
		return -1;
	if (changes && recording())
		was = (flags & __O_TMPFILE) == 0 &&
		    fstatat(dir, path, &st, 0) == 0;
	fd = REAL(openat64)(dir, path, flags, mode);
	if (fd != -1 && changes && recording())
		record_open(fd, dir, path, flags, was);
	return fd;
}

#define MODE(flags) \
	mode_t mode = 0; \
	va_list ap; \
\
	va_start(ap, flags); \
	if ((flags & (O_CREAT | __O_TMPFILE)) != 0) \
		mode = va_arg(ap, mode_t); \
	va_end(ap)
#define OPENAT(name) \
	int name(int dir, const char *path, int flags, ...) \
	{ \
		MODE(flags); \
		return do_open(dir, path, flags, mode); \
	}
#define OPEN(name) \
	int name(const char *path, int flags, ...) \
	{ \
		MODE(flags); \
		return do_open(AT_FDCWD, path, flags, mode); \
	}
#define CREAT(name) \
	int name(const char *path, mode_t mode) \
	{ \
		return do_open( \
		    AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, mode); \
	}

OPENAT(openat)
OPENAT(openat64)
OPEN(open)
OPEN(open64)
CREAT(creat)
CREAT(creat64)

/* what _FORTIFY_SOURCE calls: without a mode, so nothing can be created */
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int dir, const char *path, int flags);
int __openat64_2(int dir, const char *path, int flags);

int
__open_2(const char *path, int flags)
{
	return do_open(AT_FDCWD, path, flags, 0);
}

int
__open64_2(const char *path, int flags)
{
	return do_open(AT_FDCWD, path, flags, 0);
}

int
__openat_2(int dir, const char *path, int flags)
{
	return do_open(dir, path, flags, 0);
}

int
__openat64_2(int dir, const char *path, int flags)
{
	return do_open(dir, path, flags, 0);
}

/* A call that fails with -1, and what is recorded of it when it does not. */
#define WRAP(name, args, call, record) \
	int name args \
	{ \
		if (fault(#name) || REAL(name) call == -1) \
			return -1; \
		if (recording()) \
			record; \
		return 0; \
	}
#define NOTHING (void)0

WRAP(fsync, (int fd), (fd), record_fd(R_SYNC, fd, 0, 0))
WRAP(fdatasync, (int fd), (fd), record_fd(R_DATASYNC, fd, 0, 0))
WRAP(syncfs, (int fd), (fd), record_fd(R_ALLSYNC, fd, 0, 0))
/* promises nothing of a power cut */
WRAP(sync_file_range, (int fd, off64_t at, off64_t n, unsigned flags),
    (fd, at, n, flags), NOTHING)

static int
cut(int fd, off64_t n)
{
	struct stat st;

	if (fstat(fd, &st) == 0)
		space_cut(&st, n);
	record_fd(R_SIZE, fd, (uint64_t)n, 0);
	return 0;
}

static void
cut_path(const char *path, off64_t n)
{
	int fd = REAL(openat64)(AT_FDCWD, path, O_WRONLY | O_CLOEXEC);

	if (fd != -1) {
		cut(fd, n);
		close(fd);
	}
}

#define FTRUNCATE(name, off) \
	int name(int fd, off n) \
	{ \
		if (fault("ftruncate64")) \
			return -1; \
		return REAL(name)(fd, n) == -1 ? -1 : cut(fd, n); \
	}
#define TRUNCATE(name, off) \
	int name(const char *path, off n) \
	{ \
		if (fault("truncate") || REAL(name)(path, n) == -1) \
			return -1; \
		cut_path(path, n); \
		return 0; \
	}

FTRUNCATE(ftruncate, off_t)
FTRUNCATE(ftruncate64, off64_t)
TRUNCATE(truncate, off_t)
TRUNCATE(truncate64, off64_t)

WRAP(rename, (const char *p, const char *q), (p, q),
    record_names(R_RENAME, AT_FDCWD, p, AT_FDCWD, q, 0))
WRAP(renameat, (int a, const char *p, int b, const char *q), (a, p, b, q),
    record_names(R_RENAME, a, p, b, q, 0))
WRAP(renameat2, (int a, const char *p, int b, const char *q, unsigned flags),
    (a, p, b, q, flags), record_names(R_RENAME, a, p, b, q, flags))
WRAP(link, (const char *p, const char *q), (p, q),
    record_names(R_LINK, AT_FDCWD, p, AT_FDCWD, q, 0))
WRAP(linkat, (int a, const char *p, int b, const char *q, int flags),
    (a, p, b, q, flags), record_names(R_LINK, a, p, b, q, 0))
WRAP(unlink, (const char *p), (p), record_name(R_UNLINK, AT_FDCWD, p))
WRAP(unlinkat, (int dir, const char *p, int flags), (dir, p, flags),
    record_name((flags & AT_REMOVEDIR) != 0 ? R_RMDIR : R_UNLINK, dir, p))
WRAP(remove, (const char *p), (p), record_name(R_UNLINK, AT_FDCWD, p))
WRAP(symlink, (const char *to, const char *p), (to, p),
    record_name(R_SYMLINK, AT_FDCWD, p))
WRAP(symlinkat, (const char *to, int dir, const char *p), (to, dir, p),
    record_name(R_SYMLINK, dir, p))
WRAP(mkdir, (const char *p, mode_t mode), (p, mode),
    record_name(R_MKDIR, AT_FDCWD, p))
WRAP(mkdirat, (int dir, const char *p, mode_t mode), (dir, p, mode),
    record_name(R_MKDIR, dir, p))
WRAP(rmdir, (const char *p), (p), record_name(R_RMDIR, AT_FDCWD, p))

WRAP(fchmod, (int fd, mode_t mode), (fd, mode), record_mode(fd, 0, NULL, 0))
WRAP(chmod, (const char *p, mode_t mode), (p, mode),
    record_mode(-1, AT_FDCWD, p, 0))
WRAP(fchmodat, (int dir, const char *p, mode_t mode, int flags),
    (dir, p, mode, flags), record_mode(-1, dir, p, flags))
WRAP(fchown, (int fd, uid_t uid, gid_t gid), (fd, uid, gid),
    record_mode(fd, 0, NULL, 0))
WRAP(chown, (const char *p, uid_t uid, gid_t gid), (p, uid, gid),
    record_mode(-1, AT_FDCWD, p, 0))
WRAP(lchown, (const char *p, uid_t uid, gid_t gid), (p, uid, gid),
    record_mode(-1, AT_FDCWD, p, AT_SYMLINK_NOFOLLOW))
WRAP(fchownat, (int dir, const char *p, uid_t uid, gid_t gid, int flags),
    (dir, p, uid, gid, flags), record_mode(-1, dir, p, flags))

WRAP(futimens, (int fd, const struct timespec t[2]), (fd, t), NOTHING)
WRAP(utimensat, (int dir, const char *p, const struct timespec t[2], int flags),
    (dir, p, t, flags), NOTHING)
WRAP(utime, (const char *p, const struct utimbuf *t), (p, t), NOTHING)
WRAP(fsetxattr,
    (int fd, const char *name, const void *value, size_t n, int flags),
    (fd, name, value, n, flags), NOTHING)
WRAP(setxattr,
    (const char *p, const char *name, const void *value, size_t n, int flags),
    (p, name, value, n, flags), NOTHING)
WRAP(fremovexattr, (int fd, const char *name), (fd, name), NOTHING)
WRAP(removexattr, (const char *p, const char *name), (p, name), NOTHING)
