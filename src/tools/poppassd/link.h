/* SPDX-License-Identifier: MIT */
#ifndef POPPASSD_LINK_H
#define POPPASSD_LINK_H

#include <stdint.h>

#include "peer.h"
#include "username.h"

/*
 * What front and monitor of poppassd say to each other, over a SOCK_SEQPACKET
 * pair: messages of fixed sizes, so nothing that a client sent is parsed by
 * the monitor.
 */

#define PASSWORD_MAX 256 /* with the NUL */
#define TEXT_MAX 200	 /* what is told of a refusal, with the NUL */
#define NEW_TRIES 3	 /* new passwords, as long as they are refused */

enum ask_op {
	ASK_CHECK = 1, /* is the old password right?  A struct passwords
			  follows, for both of these */
	ASK_CHANGE,
	ASK_END, /* code is an enum end */
};

enum end {
	END_OVER, /* by QUIT, or the client has gone */
	END_REFUSED,
	END_TIMEOUT,
	END_UNCONFINED, /* the front could not give up its rights: text */
};

struct ask {
	uint8_t op;
	uint8_t code;
	char user[USERNAME_MAX];
	char text[TEXT_MAX];
};

/* Read by the process that becomes the program, not by the monitor. */
struct passwords {
	char old[PASSWORD_MAX];
	char new[PASSWORD_MAX];
};

enum verdict {
	VERDICT_YES = 1,
	VERDICT_NO,
	VERDICT_TEMP
};

struct answer {
	uint8_t verdict;
	char text[TEXT_MAX]; /* for the user, made safe; may be empty */
};

/* One session; front and monitor each have a copy. */
struct session {
	struct peer peer;
	const char *empty_dir;
	uint32_t timeout; /* seconds of a silent client */
	uint32_t limit;	  /* seconds of the program */
	char **program;
	int link; /* to the other process */
};

#endif
