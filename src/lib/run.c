/* SPDX-License-Identifier: MIT */
/* runs as: root (checker) */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "run.h"

enum {
	INPUT,	   /* what it reads */
	OUR_INPUT, /* and our end of that */
	OUR_OUTPUT,
	OUTPUT,
	ENDS
};

static void
close_ends(int fd[ENDS])
{
	int i;

	for (i = 0; i < ENDS; i++) {
		if (fd[i] != -1)
			close(fd[i]);
		fd[i] = -1;
	}
}

/* The input lies in the pipe before anything reads it: it fits. */
static int
open_ends(const struct run *r, int fd[ENDS])
{
	int i;

	for (i = 0; i < ENDS; i++)
		fd[i] = -1;
	if (pipe2(&fd[OUR_OUTPUT], O_CLOEXEC) == -1)
		return -1;
	if (r->input == NULL)
		return 0;
	if (r->input_len > RUN_INPUT_MAX) {
		errno = E2BIG;
		return -1;
	}
	if (pipe2(&fd[INPUT], O_CLOEXEC) == -1 ||
	    write(fd[OUR_INPUT], r->input, r->input_len) !=
		(ssize_t)r->input_len)
		return -1;
	close(fd[OUR_INPUT]);
	fd[OUR_INPUT] = -1;
	return 0;
}

static int
log_fd(int null)
{
	struct stat st;

	return fstat(STDERR_FILENO, &st) == -1 || S_ISSOCK(st.st_mode)
	    ? null
	    : STDERR_FILENO;
}

static _Noreturn void
child(const struct run *r, const int fd[ENDS])
{
	int input = fd[INPUT] == -1 ? -1 : fcntl(fd[INPUT], F_DUPFD, 10);
	int output = fcntl(fd[OUTPUT], F_DUPFD, 10);
	int null = open("/dev/null", O_RDWR);
	sigset_t none;

	/* a group of its own, to be killed with all that it starts */
	setpgid(0, 0);
	/* whoever waits for it may be ended first */
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	if (output == -1 || null == -1 ||
	    dup2(log_fd(null), STDERR_FILENO) == -1 ||
	    /* or it would be closed, and the first file opened be fd 2 */
	    fcntl(STDERR_FILENO, F_SETFD, 0) == -1 ||
	    dup2(null, STDIN_FILENO) == -1 ||
	    dup2(output, STDOUT_FILENO) == -1 ||
	    (input != -1 && dup2(input, 3) == -1) ||
	    close_range(input == -1 ? 3 : 4, ~0U, 0) == -1)
		_exit(126);
	execve(r->argv[0], r->argv, r->envp);
	_exit(errno == ENOENT ? 127 : 126);
}

/* What there is to read of fd: -1 with errno, which is EMSGSIZE if too much. */
static int
collect(const struct run *r, int fd, size_t *len)
{
	ssize_t n = read(fd, r->out + *len, r->out_size - *len);

	if (n == -1)
		return errno == EINTR || errno == EAGAIN ? 0 : -1;
	*len += (size_t)n;
	if (*len < r->out_size)
		return n == 0;
	errno = EMSGSIZE;
	return -1;
}

/*
 * Until the program is gone, and what it wrote was read, whoever else may hold
 * its output; -1 with errno.
 */
static int
follow(const struct run *r, int fd, int program, int64_t deadline)
{
	struct pollfd p[2] = { { .fd = fd, .events = POLLIN },
		{ .fd = program, .events = POLLIN } };
	size_t len = 0;
	int got = 0;

	while (got != -1 && (p[1].revents & POLLIN) == 0) {
		int n = poll(p, 2, clock_left(deadline));

		if (n == -1 && errno != EINTR)
			return -1;
		if (n == 0) {
			errno = ETIMEDOUT;
			return -1;
		}
		if (n > 0 && p[0].revents != 0)
			got = collect(r, fd, &len);
		if (got == 1)
			p[0].fd = -1;
	}
	/* a pipe may hold more than was asked for at once */
	while (got == 0 && poll(p, 1, 0) == 1)
		got = collect(r, fd, &len);
	r->out[len < r->out_size ? len : 0] = '\0';
	return got == -1 ? -1 : 0;
}

/* Nobody else is to find in the pipe what the program has not read. */
static void
drain(int fd)
{
	char rest[RUN_INPUT_MAX];

	if (fd != -1 &&
	    poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, 0) == 1 &&
	    read(fd, rest, sizeof rest) > 0)
		explicit_bzero(rest, sizeof rest);
}

/* And all that it has left behind.  -1 with errno: how it ended is unknown. */
static int
end(pid_t pid, int *st)
{
	pid_t r;

	kill(-pid, SIGKILL);
	kill(pid, SIGKILL);
	do {
		r = waitpid(pid, st, 0);
	} while (r == -1 && errno == EINTR);
	return r == -1 ? -1 : 0;
}

int
run_program(const struct run *r, struct err *e)
{
	int64_t deadline = clock_ms() + r->limit;
	int fd[ENDS];
	int program = -1;
	int st = 0;
	int bad;
	pid_t pid = -1;

	if (open_ends(r, fd) == -1 || (pid = fork()) == -1) {
		err_sys(e, ERR_TEMP, "Unable to run", r->argv[0]);
		close_ends(fd);
		return -1;
	}
	if (pid == 0)
		child(r, fd);
	close(fd[OUTPUT]);
	fd[OUTPUT] = -1;
	program = (int)syscall(SYS_pidfd_open, pid, 0);
	bad =
	    program == -1 || follow(r, fd[OUR_OUTPUT], program, deadline) == -1;
	if (bad)
		err_sys(e, ERR_TEMP, "No use was to be had of", r->argv[0]);
	if (program != -1)
		close(program);
	if (end(pid, &st) == -1 && !bad)
		bad = err_sys(e, ERR_TEMP, "Unable to wait for", r->argv[0]);
	drain(fd[INPUT]);
	close_ends(fd);
	if (bad)
		return -1;
	if (!WIFEXITED(st))
		return err_set(e, ERR_TEMP, "%.200s was ended by signal %d",
		    r->argv[0], WTERMSIG(st));
	return WEXITSTATUS(st);
}

int
run_words(char *text, char **word, size_t n)
{
	size_t count = 0;

	for (;;) {
		text += strspn(text, " \t");
		if (*text == '\0')
			break;
		if (count + 1 >= n)
			return -1;
		word[count++] = text;
		text += strcspn(text, " \t");
		if (*text == '\0')
			break;
		*text++ = '\0';
	}
	word[count] = NULL;
	return count > 0 ? 0 : -1;
}
