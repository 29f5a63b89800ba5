/* SPDX-License-Identifier: MIT */
#ifndef TLS_IDENTITY_H
#define TLS_IDENTITY_H

#include <bearssl.h>
#include <stddef.h>

#include "err.h"

/*
 * What a server shows and signs with: a chain of certificates and the private
 * key of the first one, from PEM files (RFC 7468).
 *
 * A key is RSA, or EC on P-256 or P-384, as PKCS#8 (PRIVATE KEY) or in the
 * traditional form (RSA PRIVATE KEY, EC PRIVATE KEY with or without EC
 * PARAMETERS).  It may stand before or behind the certificates.  An encrypted
 * key, in either form, is an error that names tls-unlock(8).  Other objects in
 * the file are passed over.
 *
 * Files are the administrator's: safefile_open_admin, and a file with a key
 * may be read by nobody but its owner, and a group of root's.
 */
struct identity {
	char
	    *name; /* of the folder's entry, in lower case; NULL: the default */
	br_x509_certificate *chain;
	size_t chain_len;
	int key_type;	/* BR_KEYTYPE_RSA or BR_KEYTYPE_EC */
	int issuer_key; /* that the first certificate is signed with */
	union {
		br_rsa_private_key rsa;
		br_ec_private_key ec;
	} key;
	void *memory; /* private: what the above points into */
};

#define IDENTITIES_MAX 100

struct identities {
	struct identity one[IDENTITIES_MAX]; /* [0] is the default */
	size_t count;
};

/* key NULL: it is in the chain's file.  0, or -1 with e, nothing is held. */
int identity_load(
    struct identity *id, const char *chain, const char *key, struct err *e);

/*
 * Adds what is in a folder, for clients that ask for a name (SNI, RFC 6066
 * section 3).  An entry NAME.pem holds chain and key; one that is a folder
 * NAME has fullchain.pem and privkey.pem.  "_.example.org" stands for all
 * names with one label before "example.org".  All else is passed over.
 */
int identity_load_dir(struct identities *all, const char *dir, struct err *e);

/* The one for this name, whatever its case, or the default. */
const struct identity *identity_find(
    const struct identities *all, const char *name);

/* Keys are overwritten, and all is freed. */
void identity_free(struct identities *all);

#endif
