/* SPDX-License-Identifier: MIT */
/* runs as: the user */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "fileio.h"
#include "tmpfile.h"

/*
 * File systems that know no files without a name, NFS for one: it has one for
 * an instant.
 */
static int
named(int dir)
{
	char name[48];
	int fd;

	snprintf(name, sizeof name, ".popper.%ld.%lld", (long)getpid(),
	    (long long)clock_ms());
	fd = openat(dir, name,
	    O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd != -1)
		unlinkat(dir, name, 0);
	return fd;
}

int
tmpfile_open(int dir, struct err *e)
{
	int fd =
	    openat(dir, ".", O_RDWR | O_TMPFILE | O_EXCL | O_CLOEXEC, 0600);

	if (fd == -1)
		fd = named(dir);
	if (fd == -1)
		return err_sys(e, ERR_TEMP, "can't open temporary file.",
		    "Do you own it?");
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
