/* SPDX-License-Identifier: MIT */
#ifndef POPPER_SECRETS_H
#define POPPER_SECRETS_H

#include <stdbool.h>
#include <stddef.h>

#include "err.h"

/*
 * The text source of the secrets, and the CDB that is built from it
 * (popper-cdb(5)).  Pure but for secrets_build, which writes to an fd; the
 * caller owns all memory.  rebuild-cdb takes and refuses the same lines and
 * builds the same CDB.
 */

#define SECRETS_MAX ((size_t)64 << 20) /* octets of a source */
#define SECRETS_LINE 1000	       /* octets of a line without its LF */
#define SECRETS_VALUE 512	       /* of a secret, with its NUL */
#define SECRETS_SALT 65		       /* 32 octets in hex, with a NUL */
#define SECRETS_PASSWORD 256	       /* of what a user can choose, with NUL */

struct secrets {
	const char *path; /* for the error text */
	const char *text; /* n octets, no NUL needed behind them */
	size_t n;
	bool pop; /* that of the folder pop, which has no {crypt} */
};

/* What there is of a user; type is that of the CDB's key: a, c or s. */
struct secrets_line {
	size_t number; /* from 1 */
	size_t at, n;  /* where the line lies, with its LF if it has one */
	char type;     /* NUL: a remark, or an empty line */
	const char *name, *value;
	size_t name_len, value_len;
};

/*
 * The next line; *l is all zeros at the beginning.  1, 0 at the end, -1 with
 * e (ERR_CONF, "PATH:LINE: why") if it is wrong.  No error text has a name or
 * a secret in it: any user may read it.
 */
int secrets_next(
    const struct secrets *s, struct secrets_line *l, struct err *e);

/* Is this a record of the user's?  Two records: of the same one? */
bool secrets_of(const struct secrets_line *l, const char *name);
bool secrets_same_user(
    const struct secrets_line *a, const struct secrets_line *b);

/*
 * All records by user, kind and line: *n of them, which the caller frees;
 * NULL with e.
 */
struct secrets_line *secrets_records(
    const struct secrets *s, size_t *n, struct err *e);

struct secrets_entry {
	bool apop, scram, crypt;
	char secret[SECRETS_VALUE];   /* {apop} */
	char verifier[SECRETS_VALUE]; /* {scram-sha-256} */
};

/* Goes through all lines: 0, or -1 with e if one is wrong. */
int secrets_find(const struct secrets *s, const char *name,
    struct secrets_entry *entry, struct err *e);

/*
 * Is this the password of the entry?  The {apop} secret decides if there is
 * one, else the verifier.
 */
bool secrets_is(const struct secrets_entry *entry, const char *password);

/* Octets that secrets_change needs. */
#define SECRETS_ROOM(n) ((n) + 2 * (size_t)SECRETS_LINE)

/*
 * Writes the source to dst, which has SECRETS_ROOM(s->n) octets, with the
 * {apop} and {scram-sha-256} lines of the user replaced where they stand, or
 * added, the second one behind the first, else at the end.  secret is NULL:
 * without them.  All other octets stay as they are, but for an LF at the end
 * of the last line.  0 and *n, or -1 with e.
 */
int secrets_change(const struct secrets *s, const char *name,
    const char *secret, const char *verifier, char *dst, size_t *n,
    struct err *e);

/*
 * Writes the CDB to fd, which is an empty file: records in the order of the
 * source, then k with salt (64 characters), and m with the mechanisms that
 * anybody has a secret for.  0, or -1 with e.
 */
int secrets_build(
    const struct secrets *s, int fd, const char *salt, struct err *e);

/* Are these the 64 hexadecimal digits of a record k? */
bool secrets_salt_ok(const char *salt, size_t n);

/* Why this cannot be the password that a user chooses, or NULL. */
const char *secrets_unfit(const char *password);

#endif
