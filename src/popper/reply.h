/* SPDX-License-Identifier: MIT */
#ifndef POPPER_REPLY_H
#define POPPER_REPLY_H

#include <stddef.h>

#include "err.h"

/* RFC 1939 section 3: a reply has at most 512 octets with its CRLF. */
#define REPLY_MAX 512
#define REPLY_ARG_MAX 40

/*
 * Every -ERR text before log-in, by number, so that the front can tell the
 * monitor what it said, and the monitor can log it, without text crossing
 * between them.  Most of them serve after log-in, too.
 */
enum reply {
	REPLY_UNKNOWN,	/* the word */
	REPLY_STATE,	/* the command */
	REPLY_TOO_FEW,	/* the command */
	REPLY_TOO_MANY, /* the command */
	REPLY_LONG,
	REPLY_NUL,
	REPLY_CR,
	REPLY_BAD_USER,
	REPLY_NO_USER,
	REPLY_BAD_DIGEST,
	REPLY_BAD_NUMBER, /* the argument */
	REPLY_NO_MESSAGE, /* the number */
	REPLY_GONE,	  /* the number */
	REPLY_MECH,	  /* the mechanism */
	REPLY_MECH_CLEAR, /* the mechanism */
	REPLY_CANCELLED,
	REPLY_BAD_SASL,
	REPLY_OTHER_USER,
	REPLY_TLS_ON,
	REPLY_NO_TLS,
	REPLY_REFUSED, /* the user */
	REPLY_TEMP,
	REPLY_COUNT,
};

/* The text after "-ERR "; arg is made safe and cut to REPLY_ARG_MAX. */
void reply_text(enum reply r, const char *arg, char *dst, size_t n);

/* "[SYS/TEMP] " and the like of RFC 2449 and RFC 3206. */
const char *reply_code(enum err_kind kind);

#endif
