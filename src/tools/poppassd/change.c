/* SPDX-License-Identifier: MIT */
/* runs as: root (poppassd) */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "change.h"
#include "clock.h"
#include "io.h"
#include "text.h"

#define TRY_MS 5000

/* What the program writes: its beginning counts, the rest is thrown away. */
struct tap {
	int fd;
	char text[TEXT_MAX];
	size_t len;
};

enum {
	OUT,
	ERRORS,
	TAPS
};

static size_t
add(char *to, size_t at, const char *s)
{
	size_t n = strlen(s) + 1;

	memcpy(to + at, s, n);
	return at + n;
}

/* The three strings as a pipe's content: it holds far more than that. */
static int
given(const struct session *s, const char *user, bool change)
{
	static struct passwords pw;
	static char text[sizeof pw + USERNAME_MAX];
	size_t n;
	int p[2];

	if (io_recv(s->link, &pw, sizeof pw, clock_ms() + TRY_MS) !=
	    (ssize_t)sizeof pw)
		return -1;
	pw.old[sizeof pw.old - 1] = '\0';
	pw.new[sizeof pw.new - 1] = '\0';
	/* to the program no new password means that nothing is to change */
	if (!change)
		pw.new[0] = '\0';
	else if (pw.new[0] == '\0')
		return -1;
	if (pipe(p) == -1)
		return -1;
	n = add(text, 0, user);
	n = add(text, n, pw.old);
	n = add(text, n, pw.new);
	if (write(p[1], text, n) != (ssize_t)n)
		return -1;
	close(p[1]);
	explicit_bzero(text, sizeof text);
	explicit_bzero(&pw, sizeof pw);
	return p[0];
}

/* Nothing of the client's, and nothing that it chose, but its address. */
static int
set_environment(const struct session *s)
{
	return clearenv() == 0 &&
		setenv("PATH",
		    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:"
		    "/sbin:/bin",
		    1) == 0 &&
		setenv("TCPREMOTEIP", s->peer.ip, 1) == 0
	    ? 0
	    : -1;
}

static _Noreturn void
child(const struct session *s, const char *user, bool change, int out, int err)
{
	int null = open("/dev/null", O_RDWR);
	int in;

	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	/* a group of its own, to be killed with all that it starts */
	setpgid(0, 0);
	in = given(s, user, change);
	if (in == -1 || null == -1 || set_environment(s) == -1)
		_exit(111);
	/* in is above 3, because the pipes and the socket are open */
	if (dup2(null, STDIN_FILENO) == -1 || dup2(out, STDOUT_FILENO) == -1 ||
	    dup2(err, STDERR_FILENO) == -1 || dup2(in, 3) == -1 ||
	    close_range(4, ~0U, 0) == -1)
		_exit(111);
	signal(SIGPIPE, SIG_DFL);
	execvp(s->program[0], s->program);
	dprintf(STDERR_FILENO, "cannot run %s: %s\n", s->program[0],
	    strerror(errno));
	_exit(111);
}

/* -1 at its end. */
static int
tap_read(struct tap *t)
{
	char piece[512];
	ssize_t r = read(t->fd, piece, sizeof piece);
	size_t room = sizeof t->text - 1 - t->len;

	if (r == -1 && errno == EINTR)
		return 0;
	if (r <= 0)
		return -1;
	if ((size_t)r < room)
		room = (size_t)r;
	memcpy(t->text + t->len, piece, room);
	t->len += room;
	return 0;
}

/*
 * Until the process is gone, and what it wrote was read, whoever still holds
 * its pipes.  -1: too late.
 */
static int
wait_for(int pid_fd, struct tap tap[TAPS], int64_t deadline)
{
	struct pollfd p[TAPS + 1] = { { .fd = tap[OUT].fd, .events = POLLIN },
		{ .fd = tap[ERRORS].fd, .events = POLLIN },
		{ .fd = pid_fd, .events = POLLIN } };
	bool gone = false;
	int left;
	int i;

	while ((left = clock_left(deadline)) > 0) {
		int r = poll(p, TAPS + 1, gone ? 0 : left);

		if (r == 0 && gone)
			return 0;
		if (r == -1 && errno != EINTR)
			return -1;
		for (i = 0; r > 0 && i < TAPS; i++) {
			if (p[i].revents != 0 && tap_read(&tap[i]) == -1)
				p[i].fd = -1;
		}
		if (r > 0 && p[TAPS].revents != 0) {
			gone = true;
			p[TAPS].fd = -1;
		}
	}
	return -1;
}

/* Its first line, made safe. */
static void
tap_line(struct tap *t, char to[TEXT_MAX])
{
	t->text[t->len] = '\0';
	t->text[strcspn(t->text, "\r\n")] = '\0';
	text_safe(to, TEXT_MAX, t->text);
}

/* Without the program's name and the user's in front: the log has both. */
static void
shorten(char why[TEXT_MAX], const char *program, const char *user)
{
	const char *slash = strrchr(program, '/');
	char front[2][TEXT_MAX];
	size_t i;

	snprintf(front[0], TEXT_MAX,
	    "%.100s: ", slash != NULL ? slash + 1 : program);
	snprintf(front[1], TEXT_MAX, "%s refused: ", user);
	for (i = 0; i < 2; i++) {
		size_t n = strlen(front[i]);

		if (strncmp(why, front[i], n) == 0)
			memmove(why, why + n, strlen(why + n) + 1);
	}
}

static void
judge(int st, bool late, struct answer *a, char why[TEXT_MAX])
{
	char said[TEXT_MAX];

	a->verdict = VERDICT_TEMP;
	if (late) {
		text_copy(why, TEXT_MAX, "the program took too long");
	} else if (WIFSIGNALED(st)) {
		snprintf(why, TEXT_MAX, "the program was ended by signal %d",
		    WTERMSIG(st));
	} else if (WEXITSTATUS(st) == 0) {
		a->verdict = VERDICT_YES;
	} else if (WEXITSTATUS(st) == 1) {
		a->verdict = VERDICT_NO;
	} else {
		text_copy(said, sizeof said, why);
		snprintf(why, TEXT_MAX, "the program ended with %d%s%.160s",
		    WEXITSTATUS(st), said[0] != '\0' ? ": " : "", said);
	}
}

static void
supervise(const struct session *s, const char *user, pid_t pid,
    struct tap tap[TAPS], struct answer *a, char why[TEXT_MAX])
{
	int64_t deadline = clock_ms() + (int64_t)s->limit * 1000;
	int pid_fd = (int)syscall(SYS_pidfd_open, pid, 0);
	bool late = pid_fd == -1 || wait_for(pid_fd, tap, deadline) == -1;
	int st = 0;

	/* also what it left behind: nothing is to work as root unwatched */
	kill(-pid, SIGKILL);
	kill(pid, SIGKILL);
	while (waitpid(pid, &st, 0) == -1 && errno == EINTR)
		;
	if (pid_fd != -1)
		close(pid_fd);
	tap_line(&tap[OUT], a->text);
	tap_line(&tap[ERRORS], why);
	shorten(why, s->program[0], user);
	judge(st, late, a, why);
}

/* A program that could not be started has the passwords still to come. */
static void
throw_away(const struct session *s)
{
	struct passwords pw;

	io_recv(s->link, &pw, sizeof pw, clock_ms() + TRY_MS);
	explicit_bzero(&pw, sizeof pw);
}

void
change_run(const struct session *s, const char *user, bool change,
    struct answer *a, char why[TEXT_MAX])
{
	struct tap tap[TAPS] = { { .fd = -1 }, { .fd = -1 } };
	int out[2] = { -1, -1 };
	int err[2] = { -1, -1 };
	pid_t pid = -1;

	memset(a, 0, sizeof *a);
	a->verdict = VERDICT_TEMP;
	if (pipe2(out, O_CLOEXEC) == 0 && pipe2(err, O_CLOEXEC) == 0)
		pid = fork();
	if (pid == 0)
		child(s, user, change, out[1], err[1]);
	close(out[1]);
	close(err[1]);
	if (pid == -1) {
		throw_away(s);
		text_copy(why, TEXT_MAX, "no process for the program");
	} else {
		tap[OUT].fd = out[0];
		tap[ERRORS].fd = err[0];
		supervise(s, user, pid, tap, a, why);
	}
	close(out[0]);
	close(err[0]);
}
