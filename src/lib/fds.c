/* SPDX-License-Identifier: MIT */
/* runs as: root */
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fds.h"

int
fds_hold(void)
{
	struct pollfd p[3] = { { .fd = 0 }, { .fd = 1 }, { .fd = 2 } };
	int closed;
	int fd;

	poll(p, 3, 0);
	closed = (p[2].revents & POLLNVAL) != 0;
	if (((p[0].revents | p[1].revents) & POLLNVAL) == 0 && !closed)
		return 0;
	do {
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	} while (fd != -1 && fd < 2);
	if (fd > 2)
		close(fd);
	return fd == -1 ? -1 : closed;
}

bool
fds_same_socket(int a, int b)
{
	struct stat x;
	struct stat y;

	return fstat(a, &x) == 0 && fstat(b, &y) == 0 && S_ISSOCK(x.st_mode) &&
	    x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}
