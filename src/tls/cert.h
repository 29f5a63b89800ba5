/* SPDX-License-Identifier: MIT */
#ifndef TLS_CERT_H
#define TLS_CERT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "der.h"

/*
 * A certificate (RFC 5280 section 4.1): what BearSSL does not tell.  All
 * points into the octets that were read.  A part that is not there has no
 * octets.
 */
struct cert {
	struct der signed_part;	      /* what the signature is of */
	struct der issuer, subject;   /* names, whole elements */
	int64_t from, until;	      /* Unix time */
	struct der key_kind, key_of;  /* OID, and its parameters */
	struct der key;		      /* the public key itself */
	struct der sign_kind, sign;   /* OID, signature */
	struct der names;	      /* GeneralNames of the SAN */
	struct der purposes;	      /* OIDs of the extended key usage */
	struct der usage;	      /* bits of the key usage */
	bool has_names, has_purposes; /* the extension is there */
	bool issuer_told;	      /* says where its issuer's is */
	bool ca;
};

/* -1 if it is none; what is passed over may be anything. */
int cert_read(struct cert *c, const unsigned char *data, size_t n);

/* Its issuer has its own name: a root, or one that was signed by itself. */
bool cert_own(const struct cert *c);

/* The next DNS name of the SAN; names is a copy of c->names. */
int cert_next_name(struct der *names, struct der *name);

/*
 * Good for a host (RFC 6125 section 6.4): by a DNS name of the SAN; if it has
 * no such extension at all, by the common name.  "_.example.org" asks for
 * "*.example.org".
 */
bool cert_is_for(const struct cert *c, const char *host);

/* Purposes of the extended key usage (RFC 5280 section 4.2.1.12) */
#define CERT_SERVER "\x2b\x06\x01\x05\x05\x07\x03\x01"
#define CERT_CLIENT "\x2b\x06\x01\x05\x05\x07\x03\x02"

/* purpose is one of the above; true too if the certificate does not say. */
bool cert_may(const struct cert *c, const char *purpose);

/* Attributes of names (RFC 4519 section 2; RFC 2985 section 5.2.1) */
#define CERT_CN "\x55\x04\x03"
#define CERT_EMAIL "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01"

/*
 * A name as "CN=bob,O=Example": in the order of RFC 4514, its last part first.
 * Printable ASCII: every octet of a value that is none, or that would have to
 * be quoted there, is made '?', so no value can look like an attribute.  Cut
 * to n octets with the NUL, n > 0.  Returns dst.
 */
char *cert_name(const struct der *name, char *dst, size_t n);

/*
 * The value of its attribute of a type, treated like that; "" if it has none,
 * or several.
 */
char *cert_attribute(
    const struct der *name, const char *type, char *dst, size_t n);

/* Text of somebody's, such as a DNS name, treated like that. */
char *cert_octets(const struct der *text, char *dst, size_t n);

#endif
