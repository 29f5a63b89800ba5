/* SPDX-License-Identifier: MIT */
/* runs as: root (popauth) */
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fds.h"
#include "start.h"

/* What the caller may have, and root whatever it needs. */
#define LIFT(kind, most) \
	do { \
		struct rlimit l; \
\
		if (getrlimit(kind, &l) == -1) \
			break; \
		l.rlim_cur = l.rlim_max; \
		setrlimit(kind, &l); \
		l.rlim_cur = l.rlim_max = (most); \
		if (geteuid() == 0) \
			setrlimit(kind, &l); \
	} while (0)

static void
limits(void)
{
	const struct rlimit none = { 0, 0 };

	setrlimit(RLIMIT_CORE, &none);
	LIFT(RLIMIT_FSIZE, RLIM_INFINITY);
	LIFT(RLIMIT_CPU, RLIM_INFINITY);
	LIFT(RLIMIT_AS, RLIM_INFINITY);
	LIFT(RLIMIT_DATA, RLIM_INFINITY);
	LIFT(RLIMIT_NOFILE, 1024);
	/* a lock must not be held for long by one who is slow on purpose */
	if (geteuid() == 0 && getpriority(PRIO_PROCESS, 0) > 0)
		setpriority(PRIO_PROCESS, 0, 0);
}

/*
 * What the caller has blocked or ignores stays so over exec: SIGCHLD has to
 * be there for waitpid(2).  A write that is too long is an error and no
 * signal.  The caller cannot kill us, so nothing may keep us for ever: not the
 * background of a terminal, nor a pipe that nobody reads.
 */
static void
signals(unsigned seconds)
{
	sigset_t none;

	signal(SIGCHLD, SIG_DFL);
	signal(SIGALRM, SIG_DFL);
	alarm(seconds);
	signal(SIGTTIN, SIG_IGN);
	signal(SIGTTOU, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

int
start_clean(unsigned keep, unsigned seconds)
{
	if (fds_hold() == -1 || clearenv() != 0 ||
	    close_range(keep, ~0U, 0) == -1)
		return -1;
	umask(077);
	limits();
	signals(seconds);
	return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1 ? -1 : 0;
}
