/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "io.h"

/* A read of fd that has to end at its deadline: after how many ms. */
static int64_t
time_out(int fd, int64_t ms)
{
	int64_t begin = clock_ms();
	char buf[10];

	assert_int_equal(io_fd_read(&fd, buf, sizeof buf, begin + ms), -1);
	assert_int_equal(errno, ETIMEDOUT);
	return clock_ms() - begin;
}

/* A socket that times out by itself, later than the deadline or with it. */
static void
deadlines(void **state)
{
	int fd[2];
	int64_t took;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	took = time_out(fd[0], 30);
	CHECK(took >= 30, "%d ms", (int)took);
	io_fd_timed(fd[0], 1);
	took = time_out(fd[0], 1000);
	CHECK(took >= 980, "%d ms", (int)took);
	io_fd_timed(fd[0], 3600);
	took = time_out(fd[0], 30);
	CHECK(took >= 30 && took < 60000, "%d ms", (int)took);
	assert_int_equal(fcntl(fd[0], F_SETFL, O_NONBLOCK), 0);
	io_fd_timed(fd[0], 1);
	took = time_out(fd[0], 1000);
	CHECK(took >= 980, "%d ms, not blocking", (int)took);
	close(fd[0]);
	close(fd[1]);
}

/* Octets, then the end; and from what is no socket. */
static void
octets(void **state)
{
	int socket[2];
	int plain[2];
	int *const pair[] = { socket, plain };
	size_t i;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, socket), 0);
	assert_int_equal(pipe(plain), 0);
	for (i = 0; i < COUNT(pair); i++) {
		int *fd = pair[i];
		int64_t deadline = clock_ms() + 30000;
		char buf[10] = "";

		io_fd_timed(fd[0], 30);
		assert_int_equal(write(fd[1], "octets", 6), 6);
		assert_int_equal(io_fd_read(fd, buf, sizeof buf, deadline), 6);
		assert_string_equal(buf, "octets");
		close(fd[1]);
		assert_int_equal(io_fd_read(fd, buf, sizeof buf, deadline), 0);
		close(fd[0]);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(deadlines),
		cmocka_unit_test(octets),
	};

	return cmocka_run_group_tests_name("iofd", tests, NULL, NULL);
}
