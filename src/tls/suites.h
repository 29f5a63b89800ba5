/* SPDX-License-Identifier: MIT */
#ifndef TLS_SUITES_H
#define TLS_SUITES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

/*
 * Versions and cipher suites: the names that OpenSSL has for them, and so
 * Qpopper's configuration, beside BearSSL's numbers.  All exchange keys by
 * ECDHE.
 */
struct suite {
	uint16_t id; /* BR_TLS_ */
	const char *name;
	uint16_t bits; /* of the key */
	int key_type; /* BR_KEYTYPE_RSA or BR_KEYTYPE_EC, of the server's key */
	bool cbc;     /* no AEAD: only if it is named, or for old versions */
	const char
	    *words; /* by which a list may mean it, a blank around each */
};

#define SUITES_MAX 20

/* The suite with this number, or NULL. */
const struct suite *suite_find(uint16_t id);

/* "TLSv1.2" for BR_TLS12. */
const char *suite_version(unsigned version);

/* Row n of the table of all, or NULL behind the last. */
const struct suite *suite_row(size_t n);

/* One of these has CBC. */
bool suites_cbc(const uint16_t *suites, size_t count);

/*
 * The least version of TLS by its name (BR_TLS10, 11 or 12); NULL is TLS 1.2.
 * -1 with e: ERR_CONF.
 */
int suites_version(unsigned *least, const char *name, struct err *e);

/*
 * Suites in the server's order, by a list in OpenSSL's syntax: names and
 * words, with "!", "-" and "+" before them, between ":", "," or blanks.  NULL
 * is what is best here: AES first if the processor has it.  What a word means
 * that is not done here is passed over, and told to skipped if that is not
 * NULL: words of OpenSSL's, and all that looks like a suite's name, with a dash
 * in it.  -1 with e, ERR_CONF: another word is not known, or nothing is left.
 */
int suites_select(uint16_t dst[SUITES_MAX], size_t *count, const char *list,
    unsigned least, void (*skipped)(void *ctx, const char *word), void *ctx,
    struct err *e);

#endif
