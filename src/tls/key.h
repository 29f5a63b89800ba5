/* SPDX-License-Identifier: MIT */
#ifndef TLS_KEY_H
#define TLS_KEY_H

#include <stdbool.h>

#include "identity.h"
#include "pem.h"

/*
 * Private keys: PKCS#8 (RFC 5958), RSAPrivateKey (RFC 8017 appendix A.1.2)
 * and ECPrivateKey (RFC 5915).  BearSSL has a decoder, which takes 140 us for
 * RSA; here it is 1 us, and faults are told by their names.
 */

/* True if this is the label of a private key, of whatever kind. */
bool key_is(const char *label);

/*
 * Sets key_type and key, which point into the object's octets.  -1 with e,
 * which begins with path: an encrypted key, or one that is not as identity.h
 * wants it.  That the numbers are those of a key is not looked at.
 */
int key_decode(struct identity *id, const struct pem_object *o,
    const char *path, struct err *e);

#endif
