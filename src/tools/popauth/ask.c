/* SPDX-License-Identifier: MIT */
/* runs as: root (popauth) */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "ask.h"
#include "clock.h"

#define SIGNALLED 2

void
ask_open(struct ask *a)
{
	int fd;

	a->deadline = clock_ms() + ASK_MS;
	a->fd = STDIN_FILENO;
	a->tty = isatty(STDIN_FILENO) == 1;
	if (!a->tty)
		return;
	fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (fd != -1)
		a->fd = fd;
}

static void
say(int fd, const char *text)
{
	/* a terminal that takes nothing is told by the read that follows */
	if (write(fd, text, strlen(text)) == -1)
		errno = 0;
}

static int
no_line(struct err *e, const char *why)
{
	err_set(e, ERR_PERM, "%s", why);
	return 1;
}

/*
 * Octet by octet: what follows the line is not ours.  signals is -1, or tells
 * of signals that wait.
 */
static int
read_line(const struct ask *a, int signals, char *dst, size_t n, struct err *e)
{
	struct pollfd p[2] = { { .fd = a->fd, .events = POLLIN },
		{ .fd = signals, .events = POLLIN } };
	size_t len = 0;
	char c;

	for (;;) {
		ssize_t r = poll(p, 2, clock_left(a->deadline));

		if (r == -1 && errno != EINTR)
			return err_sys(e, ERR_TEMP, "Unable to wait for", "it");
		if (r > 0 && (p[1].revents & POLLIN) != 0)
			return SIGNALLED;
		/* also for one who gives an octet now and then */
		if (clock_left(a->deadline) == 0)
			return err_set(e, ERR_TEMP,
			    "Nothing was done: this has to be given within %d "
			    "minutes",
			    ASK_MS / 60000);
		if (r <= 0)
			continue;
		r = read(a->fd, &c, 1);
		if (r == -1 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (r == -1)
			return err_sys(
			    e, ERR_TEMP, "Unable to read", "standard input");
		if (r == 0 && len == 0)
			return no_line(e, "Nothing was given");
		if (r == 0 || c == '\n')
			break;
		if (len + 1 >= n)
			return no_line(e, "This is too long");
		/* no string could hold it */
		dst[len++] = c;
		if (c == '\0')
			dst[len - 1] = '\177';
	}
	dst[len] = '\0';
	return 0;
}

/*
 * The signals wait until echo is on again; the process may end then, or stop
 * and go on with the same question.
 */
static int
hidden_once(
    const struct ask *a, const char *prompt, char *dst, size_t n, struct err *e)
{
	static const int held[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP };
	struct termios was;
	struct termios now;
	sigset_t set;
	sigset_t before;
	size_t i;
	int signals;
	int r;

	sigemptyset(&set);
	for (i = 0; i < sizeof held / sizeof held[0]; i++)
		sigaddset(&set, held[i]);
	sigprocmask(SIG_BLOCK, &set, &before);
	signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signals == -1 || tcgetattr(a->fd, &was) == -1) {
		r = err_sys(e, ERR_TEMP, "Unable to ask on", "the terminal");
	} else {
		now = was;
		now.c_lflag &= ~(tcflag_t)ECHO;
		now.c_lflag |= ECHONL | ICANON | ISIG;
		r = tcsetattr(a->fd, TCSAFLUSH, &now);
		if (r == -1)
			err_sys(e, ERR_TEMP, "Unable to hide", "what is typed");
		say(a->fd, prompt);
		if (r == 0)
			r = read_line(a, signals, dst, n, e);
		tcsetattr(a->fd, TCSAFLUSH, &was);
	}
	if (signals != -1)
		close(signals);
	if (r == SIGNALLED)
		say(a->fd, "\n");
	sigprocmask(SIG_SETMASK, &before, NULL);
	return r;
}

/* SIGTTIN, which would stop us there, is ignored. */
static bool
in_background(const struct ask *a)
{
	pid_t group = tcgetpgrp(a->fd);

	return group != -1 && group != getpgrp();
}

static int
no_terminal(struct err *e)
{
	return err_set(
	    e, ERR_TEMP, "The terminal cannot be asked from the background");
}

int
ask_line(const struct ask *a, const char *prompt, bool hidden, char *dst,
    size_t n, struct err *e)
{
	int r;

	if (a->tty && hidden) {
		do {
			if (in_background(a))
				return no_terminal(e);
			r = hidden_once(a, prompt, dst, n, e);
		} while (r == SIGNALLED);
		return r;
	}
	if (a->tty && in_background(a))
		return no_terminal(e);
	if (a->tty)
		say(a->fd, prompt);
	return read_line(a, -1, dst, n, e);
}
