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
 * A key is RSA of 2048 to 4096 bits, or EC on P-256 or P-384, as PKCS#8
 * (PRIVATE KEY) or in the traditional form (RSA PRIVATE KEY, EC PRIVATE KEY
 * with or without EC PARAMETERS).  It may stand before or behind the
 * certificates.  An encrypted key, in either form, is an error that names
 * tls-unlock(8), and so are two keys.  Other objects in the file are passed
 * over: text, parameters, certificates in a key's file, and keys in the
 * chain's file if the key has its own.
 *
 * Files are the administrator's: safefile_open_admin.  One with a private key
 * may be read by nobody but its owner; if that is root, by its group, too
 * (0640 root:ssl-cert is how Debian has them).
 *
 * Certificates are not decoded, and that they fit together is not looked at:
 * that is check_run's, because it takes much longer.
 */
struct identity {
	const char *name; /* of the entry, in lower case; NULL: the default */
	const char *file, *key_file; /* key_file: NULL if it is in file */
	br_x509_certificate *chain;
	size_t chain_len;
	int key_type; /* BR_KEYTYPE_RSA or BR_KEYTYPE_EC */
	union {
		br_rsa_private_key rsa;
		br_ec_private_key ec;
	} key;
	struct identity_memory *memory; /* what the above points into */
};

#define IDENTITIES_MAX 100
#define IDENTITY_CHAIN_MAX 10
#define IDENTITY_FILE_MAX ((size_t)128 << 10) /* octets of a file */

/* {0} has none; the default one is loaded into one[0], and count made 1. */
struct identities {
	struct identity one[IDENTITIES_MAX];
	size_t count;
};

/*
 * key NULL: it is in the chain's file.  0, or -1 with e, nothing is held.  e
 * is "FILE: what: what to do", ERR_PERM or ERR_TEMP.
 */
int identity_load(
    struct identity *id, const char *chain, const char *key, struct err *e);

/*
 * Adds what is in a folder, for clients that ask for a name (SNI, RFC 6066
 * section 3).  An entry NAME.pem holds chain and key; one that is a folder
 * NAME has fullchain.pem and privkey.pem, as certbot makes them.
 * "_.example.org" stands for all names with one label before "example.org".
 * All else, folders with none of these files too, is passed over.  One that
 * is wrong is told, and passed over, too; with told NULL it is an error.  -1
 * with e: also when the folder cannot be read; what was added before stays.
 */
int identity_load_dir(struct identities *all, const char *dir,
    void (*told)(void *ctx, const struct err *wrong), void *ctx, struct err *e);

const struct identity *identity_find(
    const struct identities *all, const char *name);

/* Keys are overwritten, and all is freed. */
void identity_free(struct identities *all);

#endif
