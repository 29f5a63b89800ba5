/* SPDX-License-Identifier: MIT */
/* runs as: the user */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "fileio.h"
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
	ssize_t r = file_read(fd, to, n, at);

	if (r == -1)
		return err_sys(e, ERR_TEMP, "Unable to read", what);
	/* beyond the end there is nothing yet */
	memset((char *)to + r, 0, n - (size_t)r);
	return 0;
}

int
tmpfile_write(int fd, const void *from, size_t n, uint64_t at, const char *what,
    struct err *e)
{
	if (file_write(fd, from, n, at) == -1)
		return err_sys(e, ERR_TEMP, "Unable to write", what);
	return 0;
}
