/* SPDX-License-Identifier: MIT */
#ifndef TLS_CLIENT_H
#define TLS_CLIENT_H

#include <bearssl.h>
#include <stdbool.h>
#include <stddef.h>

#include "err.h"

/*
 * Certificates of clients (RFC 5246 section 7.4.6): validated by BearSSL
 * against the certificates of a CA file, then the subject is told.
 */
#define CLIENT_SUBJECT_MAX 400 /* octets, with the NUL */

struct client_cas {
	br_x509_trust_anchor *anchors;
	br_x500_name *names; /* what a client is asked for */
	size_t count;
	void *memory; /* private */
};

/* Every certificate in the PEM file.  -1 with e. */
int client_cas_load(struct client_cas *c, const char *file, struct err *e);

/*
 * The validator of one connection.  It is given to br_ssl_engine_set_x509 and
 * lives as long as the connection.
 */
struct client_check {
	const br_x509_class *vtable; /* first: BearSSL calls it */
	br_x509_minimal_context minimal;
	unsigned char leaf[8192]; /* the client's own certificate */
	size_t leaf_len;
	bool in_leaf, good;
};

void client_check_init(struct client_check *k, const struct client_cas *cas);

/*
 * The subject of a certificate that was found good, made printable ASCII
 * without quotes (text_safe): "CN=bob,O=Example" in the order of RFC 4514,
 * and its common name and e-mail address, or "".  False: there is none.
 */
bool client_subject(const struct client_check *k,
    char subject[CLIENT_SUBJECT_MAX], char cn[CLIENT_SUBJECT_MAX],
    char email[CLIENT_SUBJECT_MAX]);

#endif
