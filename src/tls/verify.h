/* SPDX-License-Identifier: MIT */
#ifndef TLS_VERIFY_H
#define TLS_VERIFY_H

#include <bearssl.h>

#include "cert.h"
#include "identity.h"

/*
 * Do keys, certificates and signatures fit together?  BearSSL computes.
 */
enum verify {
	VERIFY_GOOD,
	VERIFY_BAD,
	VERIFY_UNKNOWN /* of a kind that BearSSL does not have */
};

/* The private key, and the first certificate. */
enum verify verify_key(const struct identity *id);

/* The signature of a certificate, and the public key of its issuer's. */
enum verify verify_signature(
    const struct cert *c, const br_x509_certificate *issuer);

/* The digest of a signature that nobody should rely upon, or NULL. */
const char *verify_weak(const struct cert *c);

#endif
