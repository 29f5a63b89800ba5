/* SPDX-License-Identifier: MIT */
#ifndef POPPER_SCRAMMSG_H
#define POPPER_SCRAMMSG_H

#include <stddef.h>
#include <stdint.h>

#include "scram.h"

/*
 * The messages of SCRAM (RFC 5802 section 7), as text without base64.  Channel
 * binding is not offered, so a client that asks for it is refused.
 */

#define SCRAM_NAME_MAX 256  /* a user name as the client gives it */
#define SCRAM_NONCE_MAX 128 /* one side's, with the NUL */
#define SCRAM_BARE_MAX 512  /* client-first-message-bare */
#define SCRAM_FINAL_MAX 512 /* client-final-message-without-proof */

struct scram_first {
	char gs2[SCRAM_NAME_MAX + 8]; /* the header: "n,,", "y,a=bob," */
	char other[SCRAM_NAME_MAX];   /* authorization identity, or empty */
	char user[SCRAM_NAME_MAX];
	char nonce[SCRAM_NONCE_MAX]; /* the client's */
	char bare[SCRAM_BARE_MAX];
};

/* -1 if it is no client-first-message that can be served. */
int scram_read_first(struct scram_first *f, const char *message);

/*
 * The server-first-message: nonce is the client's, ours is added.  -1 if it
 * does not fit.
 */
int scram_write_first(char *dst, size_t n, const char *nonce, const char *ours,
    const struct scram_verifier *v);

/*
 * The client-final-message that answers it: what precedes the proof, and the
 * proof.  -1 if it is none, or not of this exchange.
 */
int scram_read_final(const struct scram_first *f, const char *ours,
    const char *message, char without[SCRAM_FINAL_MAX],
    uint8_t proof[SCRAM_KEY]);

/*
 * AuthMessage, which proof and signature are computed over.  Its length, or
 * -1 if it does not fit.
 */
int scram_auth_message(char *dst, size_t n, const char *bare, const char *first,
    const char *without);

#define SCRAM_SERVER_FIRST_MAX 512
#define SCRAM_MESSAGE_MAX \
	(SCRAM_BARE_MAX + SCRAM_SERVER_FIRST_MAX + SCRAM_FINAL_MAX)

#endif
