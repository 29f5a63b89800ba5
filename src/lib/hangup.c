/* SPDX-License-Identifier: MIT */
/* runs as: root (monitor) */
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hangup.h"

/* A handler has no argument of ours. */
static struct {
	int fd;
	pid_t pid;
	volatile sig_atomic_t got;
} hangup;

static const int signals[] = { SIGHUP, SIGTERM };
#define SIGNALS (sizeof signals / sizeof signals[0])

static void
end_connection(int number)
{
	int old = errno;

	if (getpid() != hangup.pid)
		_exit(111);
	/* who sends both means the stronger one */
	if (hangup.got != SIGTERM)
		hangup.got = number;
	if (shutdown(hangup.fd, SHUT_RDWR) == -1 && errno == ENOTSOCK)
		_exit(111);
	errno = old;
}

void
hangup_catch(int fd)
{
	struct sigaction on;
	struct sigaction was;
	size_t i;

	hangup.fd = fd;
	hangup.pid = getpid();
	memset(&on, 0, sizeof on);
	on.sa_handler = end_connection;
	on.sa_flags = SA_RESTART;
	for (i = 0; i < SIGNALS; i++) {
		sigaction(signals[i], &on, &was);
		if (was.sa_handler == SIG_IGN)
			sigaction(signals[i], &was, NULL);
	}
}

void
hangup_ignore(void)
{
	size_t i;

	for (i = 0; i < SIGNALS; i++)
		signal(signals[i], SIG_IGN);
}

int
hangup_signal(void)
{
	return hangup.got;
}
