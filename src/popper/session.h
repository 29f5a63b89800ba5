/* SPDX-License-Identifier: MIT */
#ifndef POPPER_SESSION_H
#define POPPER_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "auth.h"
#include "config.h"
#include "drop.h"
#include "io.h"
#include "peer.h"
#include "reply.h"
#include "title.h"
#include "wrapper.h"

#define IN_OCTETS 4096	   /* of input at once, and of read-ahead handed over */
#define MECHS_MAX 3	   /* mechanisms that are refused, or cancelled */
#define SASL_LINE_MAX 2048 /* a response of AUTH (RFC 5034 section 4) */
#define OUT_SMALL 4096	   /* of output at once, if it is not gathered */

enum session_end {
	END_QUIT,
	END_EOF,     /* between two commands */
	END_CUT,     /* EOF inside a command, or a broken connection */
	END_TIMEOUT, /* between two commands */
	END_TIMEOUT_CUT,
	END_REFUSED,
	END_DEAD,	/* we cannot go on */
	END_UNCONFINED, /* the front could not give up its rights */
};

/*
 * One POP3 session.  The same struct serves the front (AUTHORIZATION) and,
 * after log-in, the monitor (TRANSACTION); they are different processes.
 */
struct session {
	struct config cfg;
	struct peer peer;
	struct title title;
	char stamp[AUTH_STAMP_MAX]; /* of the greeting, with its brackets */
	int fd_in, fd_out;	    /* the client */
	struct in in;
	struct out out;
	char nonce[SCRAM_NONCE_MAX]; /* ours for SCRAM */
	struct wrapper wrapper;
	bool tls;		     /* the connection is encrypted */
	bool greeted;		     /* by the front before STLS */
	char external[USERNAME_MAX]; /* whose certificate it is, or "" */
	int64_t total; /* clock_ms() by which all has to be over */
	bool in_transaction;

	/* what a handler says: the loop makes a reply of it */
	char text[REPLY_MAX];
	bool more;	 /* lines follow: cmd->body writes them */
	enum reply said; /* front: which -ERR it was */
	char said_arg[REPLY_ARG_MAX + 1];

	char user[USERNAME_MAX]; /* as given by USER; after log-in, for good */

	unsigned kinds; /* of secrets: AUTH_HAS_ */
	bool kinds_known;

	/* front */
	int mon;	       /* the socket to the monitor */
	bool named;	       /* by USER: PASS can come */
	unsigned mechs;	       /* that were refused or cancelled */
	enum session_end gone; /* with OC_GONE */

	/* transaction */
	struct drop drop;
	uint32_t msg;	/* 0-based, of the command being carried out */
	uint64_t lines; /* TOP */
	bool one;	/* LIST or UIDL with a message number */
	bool committed;
	unsigned said_count; /* -ERRs so far */
	int sys;	     /* errno of a connection that broke, else 0 */
	int64_t t_start, t_auth, t_init, t_end; /* for the timing line */
};

enum outcome {
	OC_OK,	 /* +OK and s->text; with s->more, cmd->body follows */
	OC_ERR,	 /* -ERR and s->text */
	OC_BYE,	 /* the session ends with +OK */
	OC_FAIL, /* -ERR and s->text, and the session ends */
	OC_DEAD, /* nothing more can be said */
	OC_GONE, /* the client has gone, and s->gone says how */
};

/* Fills s->text (and what the front reports) and returns OC_ERR. */
enum outcome session_refuse(struct session *s, enum reply r, const char *arg);
enum outcome session_error(struct session *s, const struct err *e);

/*
 * Sends a challenge of AUTH, as it stands behind "+ ", and reads the response
 * (RFC 5034): OC_OK and the line; OC_ERR if that is none, or "*"; OC_GONE.
 */
enum outcome session_challenge(
    struct session *s, const char *text, char **line);

struct cmd;

/*
 * A user's name as it is given, and as the configuration has it: downcase-user,
 * trim-domain.  -1: it cannot be one.
 */
int session_name(
    const struct config *c, const char *given, char user[USERNAME_MAX]);

/* What ps(1) shows of this process: user, once he is logged in, host, state. */
void session_title(const struct session *s, const char *state);

/* TLS is on: whose certificate is it, if the configuration asks? */
void session_certificate(struct session *s);

/* Can the client have STLS now (RFC 2595 section 4)? */
bool session_stls(const struct session *s);

/* Replies leave in large blocks: chunky-writes says so. */
bool session_gathers(const struct session *s);

/* Why the connection broke, if it did: an errno, or 0. */
int session_errno(const struct session *s);

/*
 * Reads commands and writes their replies until the session ends.  Each line
 * gets one reply; replies to pipelined commands may be gathered.  total is the
 * clock_ms() by which all has to be over, or INT64_MAX.
 */
enum session_end session_loop(
    struct session *s, const struct cmd *table, int64_t total);

/* "+OK Pop server at HOST signing off." */
void session_sign_off(struct session *s);

#endif
