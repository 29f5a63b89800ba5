/* SPDX-License-Identifier: MIT */
/* runs as: root (before tcpserver) */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <syslog.h>
#include <unistd.h>

#include "fds.h"
#include "log.h"
#include "num.h"
#include "store.h"

struct options {
	uint32_t entries, seconds;
};

static int
usage(const char *why)
{
	log_line("%s; usage: poptls-cache [-n 1..%d] [-t 1..%d] program "
		 "[arg ...]",
	    why, STORE_ENTRIES_MAX, STORE_SECONDS_MAX);
	return 100;
}

static int
number(const char *text, uint32_t max, uint32_t *v)
{
	return num_u32(text, v) == -1 || *v == 0 || *v > max ? -1 : 0;
}

static int
options_read(struct options *o, int argc, char **argv)
{
	int c;

	opterr = 0;
	/* +: what stands behind the program's name is the program's */
	while ((c = getopt(argc, argv, "+n:t:")) != -1) {
		switch (c) {
		case 'n':
			if (number(optarg, STORE_ENTRIES_MAX, &o->entries) ==
			    -1)
				return usage("this is no number for -n");
			break;
		case 't':
			if (number(optarg, STORE_SECONDS_MAX, &o->seconds) ==
			    -1)
				return usage("this is no number for -t");
			break;
		default:
			return usage("there is no such option, or it lacks its "
				     "argument");
		}
	}
	return optind < argc ? 0 : usage("there is no program to run");
}

/* Open for the program; its number is in STORE_ENV. */
static int
hand_down(int fd, struct err *e)
{
	char text[16];

	snprintf(text, sizeof text, "%d", fd);
	if (fcntl(fd, F_SETFD, 0) == -1 || setenv(STORE_ENV, text, 1) == -1)
		return err_sys(e, ERR_TEMP, "Unable to hand down", STORE_ENV);
	return 0;
}

int
main(int argc, char **argv)
{
	struct options o = { STORE_ENTRIES, STORE_SECONDS };
	struct err e;
	int closed = fds_hold();
	int fd;
	int code;

	if (closed == -1)
		return 111;
	log_open("poptls-cache", closed == 1, -1, LOG_MAIL);
	code = options_read(&o, argc, argv);
	if (code != 0)
		return code;
	fd = store_make(o.entries, o.seconds, &e);
	if (fd != -1 && hand_down(fd, &e) == 0) {
		execvp(argv[optind], argv + optind);
		err_sys(&e, ERR_PERM, "Unable to run", argv[optind]);
	}
	log_line("%s", e.text);
	return 111;
}
