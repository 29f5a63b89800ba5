/* SPDX-License-Identifier: MIT */
#ifndef POPPER_SCRAM_H
#define POPPER_SCRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * SCRAM-SHA-256 (RFC 5802, RFC 7677): what a server keeps of a password, and
 * what it computes of it.  Pure: no files, no state.
 */

#define SCRAM_KEY 32	      /* octets of SHA-256 */
#define SCRAM_SALT 16	      /* octets of salt that we make */
#define SCRAM_SALT_MAX 64     /* and take */
#define SCRAM_ITERATIONS 4096 /* RFC 7677 section 4 */
#define SCRAM_ITERATIONS_MAX 1000000

struct scram_verifier {
	uint32_t iterations;
	size_t salt_len;
	uint8_t salt[SCRAM_SALT_MAX];
	uint8_t stored[SCRAM_KEY]; /* H(HMAC(SaltedPassword, "Client Key")) */
	uint8_t server[SCRAM_KEY]; /* HMAC(SaltedPassword, "Server Key") */
};

/* The verifier's stored form with its NUL, at most. */
#define SCRAM_TEXT_MAX 256

/* salt_len octets at v->salt and v->iterations are set; fills the rest. */
void scram_make(struct scram_verifier *v, const char *password);

/*
 * The stored form, as in RFC 5803: ITERATIONS:SALT$STOREDKEY:SERVERKEY, the
 * last three in base64.  -1 if it does not fit, or is not of this form.
 */
int scram_text(const struct scram_verifier *v, char *dst, size_t n);
int scram_parse(struct scram_verifier *v, const char *text);

/*
 * RFC 5802 section 3: is ClientProof right, for the AuthMessage of n octets,
 * and what is ServerSignature?  Both take the same time for any input.
 */
bool scram_proof(const struct scram_verifier *v, const void *message, size_t n,
    const uint8_t proof[SCRAM_KEY]);
void scram_signature(const struct scram_verifier *v, const void *message,
    size_t n, uint8_t signature[SCRAM_KEY]);

/* Is this the password that the verifier was made of? */
bool scram_password(const struct scram_verifier *v, const char *password);

#endif
