/* SPDX-License-Identifier: MIT */
/* runs as: root (monitors and fronts) */
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "split.h"

#define HIGH_ID 0x70000000
#define REFUSAL_MS 1100

uid_t
split_id(void)
{
	return (uid_t)HIGH_ID + (uid_t)getpid();
}

void
split_close_others(int keep)
{
	if (keep > 2)
		close_range(2, (unsigned)keep - 1, 0);
	close_range((unsigned)keep + 1, ~0U, 0);
}

void
split_wait_refusal(int64_t asked)
{
	int64_t at = asked + REFUSAL_MS;

	while (at < clock_ms())
		at += REFUSAL_MS;
	clock_wait(at);
}

void
split_reap(pid_t front)
{
	int st = 0;

	kill(front, SIGKILL);
	while (waitpid(front, &st, 0) == -1 && errno == EINTR)
		;
	if (WIFSIGNALED(st) && WTERMSIG(st) != SIGKILL)
		log_line("the front was ended by signal %d%s", WTERMSIG(st),
		    WTERMSIG(st) == SIGSYS ? " (a system call it may not make)"
					   : "");
}
