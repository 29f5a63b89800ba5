/* SPDX-License-Identifier: MIT */
#ifndef TLS_POLICY_H
#define TLS_POLICY_H

#include <bearssl.h>

#include <stdbool.h>

#include "identity.h"

/*
 * What BearSSL asks its owner in a full handshake: which certificate, suite
 * and hash, and for a signature.  A resumed session asks nothing.
 */
struct policy {
	const br_ssl_server_policy_class *vtable; /* first: BearSSL calls it */
	const struct identities *all;
	bool old;		      /* versions before 1.2 are allowed */
	const struct identity *shown; /* NULL: nothing was asked yet */
};

/* Both live as long as the connection. */
void policy_init(struct policy *p, const struct identities *all, bool old);

#endif
