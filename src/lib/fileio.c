/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <unistd.h>

#include "fileio.h"

/* In a row: a file system that says nothing else is ill. */
#define SIGNALS 100
#define START ((uint64_t)1 << 20)

/* True if the call that gave r has to be made again. */
static bool
again(ssize_t r, int *signals)
{
	return r == -1 && errno == EINTR && ++*signals < SIGNALS;
}

ssize_t
file_read(int fd, void *to, size_t n, uint64_t at)
{
	char *p = to;
	size_t done = 0;
	int signals = 0;

	while (done < n) {
		ssize_t r = pread(fd, p + done, n - done, (off_t)(at + done));

		if (again(r, &signals))
			continue;
		if (r == -1)
			return -1;
		if (r == 0)
			break;
		done += (size_t)r;
	}
	return (ssize_t)done;
}

int
file_write(int fd, const void *from, size_t n, uint64_t at)
{
	const char *p = from;
	size_t done = 0;
	int signals = 0;

	while (done < n) {
		ssize_t r = pwrite(fd, p + done, n - done, (off_t)(at + done));

		if (again(r, &signals))
			continue;
		if (r == -1)
			return -1;
		/* a disk that takes nothing and says nothing is full */
		if (r == 0) {
			errno = ENOSPC;
			return -1;
		}
		done += (size_t)r;
	}
	return 0;
}

int
file_truncate(int fd, uint64_t size)
{
	int signals = 0;
	int r;

	do {
		r = ftruncate(fd, (off_t)size);
	} while (again(r, &signals));
	return r;
}

int
file_reserve(int fd, uint64_t from, uint64_t n, bool keep)
{
	int signals = 0;
	int r;

	do {
		r = fallocate(
		    fd, keep ? FALLOC_FL_KEEP_SIZE : 0, (off_t)from, (off_t)n);
	} while (again(r, &signals));
	return r == -1 && (errno == EOPNOTSUPP || errno == ENOSYS) ? 0 : r;
}

void
file_start(int fd, uint64_t at, size_t n)
{
	uint64_t to = (at + n) / START * START;

	if (at < to)
		sync_file_range(fd, (off_t)(to - START), (off_t)START,
		    SYNC_FILE_RANGE_WRITE);
}

void
file_forget(int fd, uint64_t to, size_t n)
{
	uint64_t end = to / START * START;

	if (to - n < end)
		posix_fadvise(fd, (off_t)(end - START), (off_t)START,
		    POSIX_FADV_DONTNEED);
}

int
file_collapse(int fd, uint64_t from, uint64_t n)
{
	int signals = 0;
	int r;

	do {
		r = fallocate(
		    fd, FALLOC_FL_COLLAPSE_RANGE, (off_t)from, (off_t)n);
	} while (again(r, &signals));
	return r;
}
