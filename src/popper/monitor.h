/* SPDX-License-Identifier: MIT */
#ifndef POPPER_MONITOR_H
#define POPPER_MONITOR_H

#include <stdint.h>

#include "session.h"

/*
 * Three kinds of process (docs/DESIGN.md, "Processes"):
 *
 *	front	 speaks with the client before log-in, confined
 *	checker	 forked for a try, opens the secrets, answers, ends
 *	monitor	 the process that was started: logs, starts the others,
 *		 and after log-in becomes the user and speaks on
 *
 * They talk over a SOCK_SEQPACKET pair in messages of fixed sizes, so that
 * nothing a client sent is ever parsed by the monitor.
 */
enum mon_op {
	MON_SAID = 1, /* the front gave an -ERR: code is its enum reply */
	MON_DID,      /* for debug: code is the row of a command */
	MON_TRY,      /* len octets of read-ahead follow, if any, and then a
			 struct auth_try, which the checker reads */
	MON_END,      /* code is an enum session_end */
};

struct mon_msg {
	uint8_t op;
	uint8_t code;
	uint16_t len;
	char user[USERNAME_MAX];
	char arg[REPLY_ARG_MAX + 1];
};

/* The answer to MON_TRY.  There is none to a good one: the front is ended. */
enum mon_verdict {
	MON_NO = 1,
	MON_TEMP
};

/*
 * The whole session: front, checker, then the maildrop.  The exit code.
 * s->cfg, s->peer and the fds are set.
 */
int monitor_run(struct session *s);

#endif
