/* SPDX-License-Identifier: MIT */
/*
 * Loaded into popper by LD_PRELOAD: counts the file-changing calls of the
 * process that was started, and at call FAULT_AT kills it before the call,
 * or makes the call fail with FAULT_ERRNO, once or (FAULT_STAY) from then on,
 * and only if it is FAULT_ONLY, if that is given.
 * The count is written to FAULT_COUNT when the process ends by itself.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static pid_t started;
static long count, at, error, stay;
static const char *only;

static long
number(const char *name)
{
	const char *s = getenv(name);

	return s != NULL ? strtol(s, NULL, 10) : 0;
}

__attribute__((constructor)) static void
begin(void)
{
	started = getpid();
	at = number("FAULT_AT");
	error = number("FAULT_ERRNO");
	stay = number("FAULT_STAY");
	only = getenv("FAULT_ONLY");
}

__attribute__((destructor)) static void
end(void)
{
	const char *file = getenv("FAULT_COUNT");
	FILE *f;

	if (getpid() != started || file == NULL)
		return;
	at = 0;
	f = fopen(file, "w");
	if (f != NULL) {
		fprintf(f, "%ld\n", count);
		fclose(f);
	}
}

/* True if the call has to fail; errno is set. */
static int
fault(const char *name)
{
	if (getpid() != started)
		return 0;
	count++;
	if (only != NULL && strcmp(only, name) != 0)
		return 0;
	if (at == 0 || count < at || (count > at && !stay))
		return 0;
	if (error == 0)
		kill(started, SIGKILL);
	errno = (int)error;
	return 1;
}

/* POSIX lets dlsym give functions, ISO C does not know of it */
#define REAL(name) (__extension__(__typeof__(&name)) dlsym(RTLD_NEXT, #name))

int
openat64(int dir, const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list ap;

	va_start(ap, flags);
	if ((flags & (O_CREAT | __O_TMPFILE)) != 0)
		mode = va_arg(ap, mode_t);
	va_end(ap);
	if ((flags & O_CREAT) != 0 && fault("openat"))
		return -1;
	return REAL(openat64)(dir, path, flags, mode);
}

int
openat(int dir, const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list ap;

	va_start(ap, flags);
	if ((flags & (O_CREAT | __O_TMPFILE)) != 0)
		mode = va_arg(ap, mode_t);
	va_end(ap);
	return openat64(dir, path, flags, mode);
}

/* The log and the client are no files. */
ssize_t
write(int fd, const void *data, size_t n)
{
	struct stat st;

	if (fd > 2 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    fault("write"))
		return -1;
	return REAL(write)(fd, data, n);
}

#define WRAP(type, name, args, call) \
	type name args \
	{ \
		if (fault(#name)) \
			return -1; \
		return REAL(name) call; \
	}

WRAP(ssize_t, pwrite64, (int fd, const void *p, size_t n, off64_t o),
    (fd, p, n, o))
WRAP(ssize_t, copy_file_range,
    (int in, off64_t *i, int out, off64_t *o, size_t n, unsigned f),
    (in, i, out, o, n, f))
WRAP(int, unlinkat, (int dir, const char *path, int flags), (dir, path, flags))
WRAP(int, linkat, (int a, const char *p, int b, const char *q, int flags),
    (a, p, b, q, flags))
WRAP(int, renameat, (int a, const char *p, int b, const char *q), (a, p, b, q))
WRAP(int, fsync, (int fd), (fd))
WRAP(int, ftruncate64, (int fd, off64_t n), (fd, n))
WRAP(int, fchmod, (int fd, mode_t mode), (fd, mode))
WRAP(int, fchown, (int fd, uid_t uid, gid_t gid), (fd, uid, gid))
WRAP(int, futimens, (int fd, const struct timespec t[2]), (fd, t))
