/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <unistd.h>

#include "fileio.h"

ssize_t
file_read(int fd, void *to, size_t n, uint64_t at)
{
	char *p = to;
	size_t done = 0;

	while (done < n) {
		ssize_t r = pread(fd, p + done, n - done, (off_t)(at + done));

		if (r == -1 && errno == EINTR)
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

	while (done < n) {
		ssize_t r = pwrite(fd, p + done, n - done, (off_t)(at + done));

		if (r == -1 && errno == EINTR)
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
	int r;

	do {
		r = ftruncate(fd, (off_t)size);
	} while (r == -1 && errno == EINTR);
	return r;
}
