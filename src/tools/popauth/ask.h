/* SPDX-License-Identifier: MIT */
#ifndef POPAUTH_ASK_H
#define POPAUTH_ASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

#define ASK_MS 300000 /* for all that is waited for in a run */

/*
 * Passwords and answers.  If standard input is a terminal they are asked for
 * on /dev/tty, else they are lines of standard input, without a prompt.
 */
struct ask {
	int fd;
	bool tty;
	int64_t deadline; /* of clock_ms(): no line is waited for after it */
};

/* The deadline is ASK_MS away. */
void ask_open(struct ask *a);

/*
 * A line of at most n - 1 octets, without its LF; hidden: without echo, which
 * is on again if a signal ends or stops us.  0; 1 with e if there is no line,
 * or it is too long; -1 with e, ERR_TEMP if it did not come in time, or if we
 * are in the background of the terminal.
 */
int ask_line(const struct ask *a, const char *prompt, bool hidden, char *dst,
    size_t n, struct err *e);

#endif
