/* SPDX-License-Identifier: MIT */
/* runs as: root (poppassd) */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <syslog.h>
#include <unistd.h>

#include "fds.h"
#include "guard.h"
#include "io.h"
#include "log.h"
#include "num.h"

#define SECONDS_MAX 86400

static struct session session = {
	.empty_dir = POPPER_EMPTY,
	.timeout = 120,
	.limit = 30,
};

static int
usage(void)
{
	log_line("usage: poppassd [-e emptydir] [-n name] [-t seconds] "
		 "[-w seconds] program [argument ...]");
	return 100;
}

static int
seconds(const char *text, uint32_t *v)
{
	return num_u32(text, v) == 0 && *v > 0 && *v <= SECONDS_MAX ? 0 : -1;
}

static int
options(struct session *s, int argc, char **argv)
{
	int c;

	opterr = 0;
	while ((c = getopt(argc, argv, "+e:n:t:w:")) != -1) {
		switch (c) {
		case 'e':
			s->empty_dir = optarg;
			break;
		case 'n':
			if (setenv("TCPLOCALHOST", optarg, 1) == -1)
				return -1;
			break;
		case 't':
			if (seconds(optarg, &s->timeout) == -1)
				return -1;
			break;
		case 'w':
			if (seconds(optarg, &s->limit) == -1)
				return -1;
			break;
		default:
			return -1;
		}
	}
	s->program = argv + optind;
	return optind < argc ? 0 : -1;
}

int
main(int argc, char **argv)
{
	struct session *s = &session;
	int closed;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_DFL); /* or nothing could be waited for */
	closed = fds_hold();
	if (closed == -1)
		return 111;
	log_open("poppassd", closed == 1, STDIN_FILENO, LOG_MAIL);
	if (options(s, argc, argv) == -1)
		return usage();
	peer_find(&s->peer, STDIN_FILENO, true);
	io_tune(STDIN_FILENO);
	return guard_run(s);
}
