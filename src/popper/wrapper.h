/* SPDX-License-Identifier: MIT */
#ifndef POPPER_WRAPPER_H
#define POPPER_WRAPPER_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"

/*
 * What a TLS wrapper in front of popper tells (docs/DESIGN.md, "TLS"; poptls(8)
 * is one): TLS is on, or it can be had by STLS.
 */
#define WRAPPER_TELLS_MAX 8192 /* octets behind 'Y' */
#define WRAPPER_SECONDS_MAX 60 /* that a handshake may take */
#define WRAPPER_VARS_MAX 64
#define WRAPPER_NAME_MAX 400 /* of a certificate's owner, with the NUL */

struct wrapper {
	int control, in, out; /* SSLCTLFD and the others; -1: no STLS */
	/* of TLS that is on, printable ASCII without quotes; else "" */
	char protocol[32], cipher[64];
	/* of a client's certificate that was found good; else "" */
	char subject[WRAPPER_NAME_MAX];
	char cn[WRAPPER_NAME_MAX], email[WRAPPER_NAME_MAX];
	bool verified; /* private: SSL_CLIENT_VERIFY */
};

/*
 * From the environment.  -1 with e: it tells half, or both kinds, or of fds
 * that are not open.
 */
int wrapper_find(struct wrapper *w, struct err *e);

/* Takes all that wrapper_find looks at out of the environment. */
void wrapper_unset(void);

/* TLS is on. */
bool wrapper_tls(const struct wrapper *w);
/* It is not, and can be had. */
bool wrapper_can(const struct wrapper *w);

/*
 * Has the wrapper begin, and reads what it tells.  Fds 0 and 1, and 2 where
 * that is the client, are the plain ones then, so nothing holds the socket any
 * more.  -1 with e: there is no TLS, and nothing can be said to the client.
 * deadline is that of clock_ms().
 */
int wrapper_begin(struct wrapper *w, int64_t deadline, struct err *e);

/*
 * What the wrapper has told so far, n octets, and nothing that was known
 * before: 1 if that is all, 0 if more has to come, -1 with e.
 */
int wrapper_told(struct wrapper *w, const char *text, size_t n, struct err *e);

/* The fds of a wrapper that is not needed, or not here. */
void wrapper_close(struct wrapper *w);

#endif
