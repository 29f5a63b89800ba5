/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "clock.h"
#include "io.h"

int
io_wait(int fd, short events, int64_t deadline)
{
	struct pollfd p = { .fd = fd, .events = events };

	int left;

	/* over is over, also for who always has more to send */
	while ((left = clock_left(deadline)) > 0) {
		int r = poll(&p, 1, left);

		if (r > 0)
			return p.revents;
		if (r == -1 && errno != EINTR)
			return -1;
	}
	errno = ETIMEDOUT;
	return -1;
}

/* A socket whose reads end by themselves. */
static struct {
	int fd;
	int64_t after; /* ms */
} timed = { -1, 0 };

#define LATE 10 /* ms that a deadline may be late by it */

void
io_fd_timed(int fd, uint32_t seconds)
{
	const struct timeval t = { .tv_sec = seconds };

	timed.fd = -1;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t) == -1)
		return;
	timed.fd = fd;
	timed.after = (int64_t)seconds * 1000;
}

/* True if a read ends in time without a look before it. */
static bool
ends_in_time(int fd, int64_t deadline)
{
	return fd == timed.fd && clock_left(deadline) + LATE >= timed.after;
}

static bool
has_error(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) == 1 && (p.revents & POLLERR) != 0;
}

ssize_t
io_recv(int fd, void *buf, size_t n, int64_t deadline)
{
	for (;;) {
		ssize_t r = recv(fd, buf, n, MSG_DONTWAIT);

		if (r != -1 || (errno != EAGAIN && errno != EINTR))
			return r;
		if (io_wait(fd, POLLIN, deadline) == -1)
			return -1;
	}
}

ssize_t
io_fd_read(void *ctx, char *buf, size_t n, int64_t deadline)
{
	int fd = *(const int *)ctx;
	bool look = !ends_in_time(fd, deadline);
	ssize_t r;

	do {
		if (look && io_wait(fd, POLLIN, deadline) == -1)
			return -1;
		r = read(fd, buf, n);
		look = true;
	} while (r == -1 && (errno == EINTR || errno == EAGAIN));
	/* a vanished client is not a silent one, and a reset is no end */
	if ((r == -1 && errno == ETIMEDOUT) || (r == 0 && has_error(fd))) {
		errno = ECONNRESET;
		return -1;
	}
	return r;
}

/* A pipe that polls writable takes this much without blocking. */
static ssize_t
write_plain(int fd, const char *buf, size_t n, int64_t deadline)
{
	if (io_wait(fd, POLLOUT, deadline) == -1)
		return -1;
	return write(fd, buf, n < PIPE_BUF ? n : PIPE_BUF);
}

ssize_t
io_fd_write(void *ctx, const char *buf, size_t n, int64_t deadline)
{
	int fd = *(const int *)ctx;

	for (;;) {
		ssize_t r = send(fd, buf, n, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (r == -1 && errno == ENOTSOCK)
			r = write_plain(fd, buf, n, deadline);
		if (r >= 0)
			return r;
		if (errno == EAGAIN) {
			if (io_wait(fd, POLLOUT, deadline) == -1)
				return -1;
		} else if (errno != EINTR) {
			return -1;
		}
	}
}

static bool
is_ready(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	return poll(&p, 1, 0) > 0;
}

ssize_t
io_try_read(int fd, void *to, size_t n)
{
	ssize_t r = recv(fd, to, n, MSG_DONTWAIT);

	if (r == -1 && errno == ENOTSOCK) {
		if (!is_ready(fd, POLLIN)) {
			errno = EAGAIN;
			return -1;
		}
		r = read(fd, to, n);
	}
	return r;
}

ssize_t
io_try_write(int fd, const void *from, size_t n)
{
	ssize_t r = send(fd, from, n, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (r == -1 && errno == ENOTSOCK) {
		if (!is_ready(fd, POLLOUT)) {
			errno = EAGAIN;
			return -1;
		}
		/* a pipe that polls writable takes this much */
		r = write(fd, from, n < PIPE_BUF ? n : PIPE_BUF);
	}
	return r;
}

void
io_tune(int fd)
{
	static const struct {
		int level, name, value;
	} row[] = {
		/* fails on what is no TCP socket: then nothing is to do */
		{ IPPROTO_TCP, TCP_NODELAY, 1 },
		{ SOL_SOCKET, SO_KEEPALIVE, 1 },
		{ IPPROTO_TCP, TCP_KEEPIDLE, 15 },
		{ IPPROTO_TCP, TCP_KEEPINTVL, 5 },
		{ IPPROTO_TCP, TCP_KEEPCNT, 3 },
		{ IPPROTO_TCP, TCP_USER_TIMEOUT, 30000 },
	};
	size_t i;

	for (i = 0; i < sizeof row / sizeof row[0]; i++) {
		if (setsockopt(fd, row[i].level, row[i].name, &row[i].value,
			sizeof row[i].value) == -1)
			return;
	}
}
