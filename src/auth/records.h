/* SPDX-License-Identifier: MIT */
#ifndef POPPER_RECORDS_H
#define POPPER_RECORDS_H

#include "auth.h"
#include "err.h"

/*
 * What users.cdb and secrets.cdb have of a user (popper-cdb(5)), each with one
 * look.  Of the second there can be two: cdb-dir's own is root's; that of
 * cdb-dir/pop belongs to the owner of this folder, the pop owner, is edited by
 * popauth(8), and has no {crypt} records.  A user who is in the second one has
 * his APOP and SCRAM secrets from there.
 *
 * Each function returns 0, or -1 with e.
 */
struct records {
	char crypt[AUTH_SECRET_MAX]; /* each is empty if there is none */
	char apop[AUTH_SECRET_MAX];
	char scram[SCRAM_TEXT_MAX];
	unsigned kinds; /* of all users: AUTH_HAS_ */
	char key[80];	/* for the salts of users who have none */

	bool is_virtual; /* there is this account */
	char account[600];
	bool denied, allowed; /* by the lists of these names */
	bool allow_list;      /* there is such a list */
};

int records_get(const struct auth_cfg *cfg, const char *user, struct records *r,
    struct err *e);

/*
 * A user's salt and iterations for SCRAM.  Those of users without a verifier
 * look as others do, and are always the same.
 */
int records_salt(const struct records *r, const char *user,
    struct scram_verifier *v, struct err *e);

/*
 * The whole verifier: that of his record, or one that is made of his APOP
 * secret, with that salt.  1, 0 if he has neither, -1 with e.
 */
int records_verifier(const struct records *r, const char *user,
    struct scram_verifier *v, struct err *e);

#endif
