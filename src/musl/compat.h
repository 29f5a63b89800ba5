/* SPDX-License-Identifier: MIT */
#ifndef POPPER_COMPAT_H
#define POPPER_COMPAT_H

/*
 * Read before every file of popper that is compiled for musl: system calls
 * that it has no functions for, and some of the checks that _FORTIFY_SOURCE
 * makes with glibc.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE 1
#endif
#ifndef RWF_NOWAIT
#define RWF_NOWAIT 8
#endif

static inline int
compat_renameat2(
    int from_dir, const char *from, int dir, const char *to, unsigned flags)
{
	return (int)syscall(SYS_renameat2, from_dir, from, dir, to, flags);
}

static inline int
compat_close_range(unsigned first, unsigned last, int flags)
{
	return (int)syscall(SYS_close_range, first, last, flags);
}

/* at is -1: where the file stands */
static inline ssize_t
compat_pwritev2(int fd, const struct iovec *v, int n, off_t at, int flags)
{
	return syscall(SYS_pwritev2, fd, v, (long)n, (long)at, (long)at, flags);
}

#define renameat2 compat_renameat2
#define close_range compat_close_range
#define pwritev2 compat_pwritev2

#define ROOM(p) __builtin_object_size(p, 0)

#define memcpy(d, s, n) __builtin___memcpy_chk(d, s, n, ROOM(d))
#define memmove(d, s, n) __builtin___memmove_chk(d, s, n, ROOM(d))
#define memset(d, c, n) __builtin___memset_chk(d, c, n, ROOM(d))
#define snprintf(d, n, ...) \
	__builtin___snprintf_chk(d, n, 1, ROOM(d), __VA_ARGS__)
#define vsnprintf(d, n, fmt, ap) \
	__builtin___vsnprintf_chk(d, n, 1, ROOM(d), fmt, ap)

#endif
