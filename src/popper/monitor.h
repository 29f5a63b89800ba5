/* SPDX-License-Identifier: MIT */
#ifndef POPPER_MONITOR_H
#define POPPER_MONITOR_H

#include <stdint.h>

#include "session.h"

/*
 * Three kinds of process (docs/DESIGN.md, "Processes"):
 *
 *	front	 speaks with the client before log-in, confined
 *	checker	 forked for a question, opens the secrets, answers, ends
 *	monitor	 the process that was started: logs, starts the others,
 *		 and after log-in becomes the user and speaks on
 *
 * They talk over a SOCK_SEQPACKET pair in messages of fixed sizes, so that
 * nothing a client sent is ever parsed by the monitor.
 */
enum mon_op {
	MON_SAID = 1, /* the front gave an -ERR: code is its enum reply */
	MON_DID,      /* for debug: code is the row of a command */
	MON_KINDS,    /* which kinds of secret are there? */
	MON_SALT,     /* the salt of user, for SCRAM? */
	MON_TRY,      /* len octets of read-ahead follow, if any, and then a
			 struct auth_try, which the checker reads */
	MON_TAKEN,    /* the client has taken the signature that the answer to
			 a try by SCRAM had; len as above */
	MON_STLS,     /* TLS is to begin; code is how many mechanisms were
			 refused so far */
	MON_END,      /* code is an enum session_end, len an errno or 0 */
	MON_OPS
};

struct mon_msg {
	uint8_t op;
	uint8_t code;
	uint16_t len;
	char user[USERNAME_MAX];
	char arg[REPLY_ARG_MAX + 1];
};

/*
 * The answer to MON_KINDS, MON_SALT and MON_TRY.  A good try and MON_STLS have
 * none, because then the front is ended; only that by SCRAM is answered with
 * MON_YES.
 */
enum mon_verdict {
	MON_YES = 1,
	MON_NO,
	MON_TEMP
};

struct mon_reply {
	uint8_t verdict;
	uint8_t kinds;
	uint8_t salt_len;
	uint32_t iterations;
	uint8_t salt[SCRAM_SALT_MAX];
	uint8_t signature[SCRAM_KEY];
};

/* The monitor's side, while the front is there. */
struct monitor {
	struct session *s;
	int fd; /* to the front */
	unsigned asked[MON_OPS];
	bool tried, accepted;
	unsigned said;
	struct auth_ident id;
	char ahead[IN_OCTETS];
	size_t ahead_len;
};

enum mon_end {
	MON_ON, /* not over yet */
	MON_LOGGED_IN,
	MON_SECURE, /* TLS is to begin, and another front */
	MON_REFUSED,
	MON_FAILED, /* there is no front */
	MON_OVER
};

/*
 * Answers the front's messages until it is done with, or does what only one
 * that was taken over would do.
 */
enum mon_end monitor_listen(struct monitor *m);

/*
 * The whole session: front, checker, then the maildrop.  The exit code.
 * s->cfg, s->peer and the fds are set.
 */
int monitor_run(struct session *s);

#endif
