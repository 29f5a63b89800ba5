/* SPDX-License-Identifier: MIT */
/* runs as: the user */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "tmpfile.h"

int
tmpfile_open(int dir, struct err *e)
{
	const int flags = O_RDWR | O_TMPFILE | O_EXCL | O_CLOEXEC;
	int fd = openat(dir, ".", flags, 0600);

	if (fd == -1)
		fd = open("/tmp", flags, 0600);
	if (fd == -1)
		return err_sys(e, ERR_TEMP, "can't open temporary file.",
		    "Do you own the folder?");
	return fd;
}

int
tmpfile_read(
    int fd, void *to, size_t n, uint64_t at, const char *what, struct err *e)
{
	char *p = to;
	size_t done = 0;

	while (done < n) {
		ssize_t r = pread(fd, p + done, n - done, (off_t)(at + done));

		if (r == -1 && errno == EINTR)
			continue;
		if (r == -1)
			return err_sys(e, ERR_TEMP, "Unable to read", what);
		if (r == 0)
			break;
		done += (size_t)r;
	}
	memset(p + done, 0, n - done);
	return 0;
}

int
tmpfile_write(int fd, const void *from, size_t n, uint64_t at, const char *what,
    struct err *e)
{
	const char *p = from;
	size_t done = 0;

	while (done < n) {
		ssize_t r = pwrite(fd, p + done, n - done, (off_t)(at + done));

		if (r == -1 && errno == EINTR)
			continue;
		if (r <= 0)
			return err_sys(e, ERR_TEMP, "Unable to write", what);
		done += (size_t)r;
	}
	return 0;
}
