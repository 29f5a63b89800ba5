/* SPDX-License-Identifier: MIT */
#ifndef TLS_PUMP_H
#define TLS_PUMP_H

#include <bearssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hello.h"

/*
 * Octets between the client, who speaks TLS, and the program, who does not.
 *
 * Nothing here blocks but one poll(2), which waits only for what can be done:
 * who does not read is not read from, in either direction, and what is on its
 * way then are BearSSL's buffers (one record each way), in and out.  No fd's
 * flags are changed, because others may share the open file.
 */
#define PUMP_IN 4096		  /* octets of short records, read at once */
#define PUMP_OUT 66000		  /* of records in one write: four full ones */
#define PUMP_HANDSHAKE_MAX 200000 /* octets that a client may need for it */

enum pump_end {
	PUMP_UP,     /* of a handshake: it is done */
	PUMP_ENDED,  /* the program ended, and the client was told */
	PUMP_CLOSED, /* the client said close_notify */
	PUMP_CUT,    /* the connection ended without it; sys tells */
	PUMP_FAILED, /* TLS failed; BearSSL's error tells, if it has one */
	PUMP_LATE,   /* the deadline came first */
};

struct pump {
	br_ssl_engine_context *eng;
	int net_in, net_out; /* the client */
	int from, to;	     /* the program: what it writes, what it reads */

	/* what poll(2) told last, or a short read or write since */
	bool net_ready, from_ready; /* may have octets for us */
	bool net_room, to_room;	    /* may take some */
	/* these become true once, and stay so */
	bool carries;	 /* plain octets: the caller has accepted the client */
	bool heard;	 /* the client has sent something */
	bool refused;	 /* his session is another's, or endless */
	bool endless;	 /* his handshake had too many octets */
	bool net_told;	 /* poll(2) told of an end there */
	bool net_over;	 /* nothing more comes from him */
	bool net_broken; /* nothing more reaches him */
	bool from_over;	 /* poll(2) told of the program's end */
	bool from_end;	 /* all that it wrote was read */
	bool shut;	 /* and TLS was closed */
	bool to_broken;	 /* it reads no more */

	unsigned char first; /* octet that the client sent */
	int sys;	     /* errno of a broken connection, or 0 */
	int linger;	     /* ms that an end may take */
	int64_t deadline;    /* INT64_MAX: none yet */
	size_t shaken;	     /* octets of the handshake */
	size_t taken;	     /* by the client, since the deadline was set */
	size_t in_pos, in_len, out_pos, out_len;
	unsigned char in[PUMP_IN];
	unsigned char out[PUMP_OUT];
	struct hello hello;
};

/* tls has its buffers and was reset; store is its cache, or NULL. */
void pump_init(struct pump *p, br_ssl_server_context *tls, struct store *store,
    int net_in, int net_out, int from, int to);

/* Until the handshake is done, or clock_ms() is deadline. */
enum pump_end pump_handshake(struct pump *p, int64_t deadline);

/*
 * Carries plain octets, from now on, until either side ends.  Once the program
 * has, the client must take what it has written: linger ms after the end, and
 * after each record's worth that he takes.  Once he cannot be written to any
 * more, the program must have read within linger ms what came before.
 */
enum pump_end pump_run(struct pump *p, int linger);

/*
 * What is still to be sent, to the client, in the time that is left; then
 * nothing more is, and what comes from him or the program is thrown away, until
 * both have ended, or the client has had a second for it: a connection that is
 * closed with octets unread is reset, and he may lose what he has not read.
 */
void pump_finish(struct pump *p);

#endif
