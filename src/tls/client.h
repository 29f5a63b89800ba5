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
#define CLIENT_CAS_MAX 200
#define CLIENT_CAS_FILE_MAX ((size_t)1 << 20) /* octets of the file */

struct client_cas {
	br_x509_trust_anchor *anchors;
	br_x500_name *names; /* what a client is asked for */
	size_t count;
	struct client_cas_memory *memory; /* what the above points into */
};

/*
 * Every certificate in the PEM file, which is the administrator's
 * (safefile_open_admin).  One that is no authority's (basicConstraints), or
 * has a key that BearSSL does not have, is an error, and so are none, and more
 * names than a CertificateRequest has room for.  Their own dates and
 * signatures do not count.  0, or -1 with e, nothing is held.
 */
int client_cas_load(struct client_cas *c, const char *file, struct err *e);

void client_cas_free(struct client_cas *c);

/*
 * The validator of one connection.  It is given to br_ssl_engine_set_x509 as
 * &k->vtable, and lives as long as the connection, as cas does.  Besides what
 * BearSSL looks at: RSA keys have 2048 bits or more, signatures are not of MD5
 * or SHA-1, the client's key is RSA or on P-256 or P-384 and may be signed
 * with, and its certificate is for clients if it says what it is for
 * (extendedKeyUsage).
 *
 * good is true when a chain was found good.  That the client has the key is
 * known only when the handshake is done.  RSA and ECDSA have to be set in the
 * engine, or the handshake fails.
 */
struct client_check {
	const br_x509_class *vtable; /* first: BearSSL calls it */
	br_x509_minimal_context minimal;
	unsigned char leaf[8192]; /* the client's own certificate */
	size_t leaf_len;
	size_t certificates; /* that have begun */
	bool too_long, good;
	unsigned error; /* private */
};

/* The time of the validation is that of this call. */
void client_check_init(struct client_check *k, const struct client_cas *cas);

/*
 * BearSSL's error if a certificate was shown that is not good, else 0.  With
 * BR_OPT_TOLERATE_NO_CLIENT_AUTH the engine goes on, as if there were none.
 */
unsigned client_error(const struct client_check *k);

/*
 * The subject of a certificate that was found good (cert_name: printable
 * ASCII, in which no value can look like an attribute), and its common
 * name and e-mail address, or "": also if there are several.  False: there is
 * none.
 */
bool client_subject(const struct client_check *k,
    char subject[CLIENT_SUBJECT_MAX], char cn[CLIENT_SUBJECT_MAX],
    char email[CLIENT_SUBJECT_MAX]);

#endif
