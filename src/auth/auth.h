/* SPDX-License-Identifier: MIT */
#ifndef POPPER_AUTH_H
#define POPPER_AUTH_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include "username.h"

/*
 * Who are you?  Value in, value out; called by the checker only, which is
 * root where popper was started by root, and which ends right afterwards.
 */

#define AUTH_SECRET_MAX 512 /* a password, digest or stored proof, with NUL */
#define AUTH_STAMP_MAX 320  /* the greeting's time stamp, with NUL */

enum auth_mech {
	AUTH_PASS = 1,
	AUTH_APOP
};

/* clear-text-password of qpopper.conf(5) */
enum auth_clear {
	CLEAR_DEFAULT,
	CLEAR_NEVER,
	CLEAR_ALWAYS,
	CLEAR_LOCAL,
	CLEAR_TLS
};

struct auth_cfg {
	const char *secrets; /* path of secrets.cdb */
	const char *users;   /* path of users.cdb */
	enum auth_clear clear;
	bool check_expired; /* passwords, too: check-password-expired */
	bool low_uids;	    /* uid 10 and below may log in */
	bool local;	    /* the client is on the loopback */
	bool tls;
};

struct auth_try {
	enum auth_mech mech;
	char user[USERNAME_MAX];
	char proof[AUTH_SECRET_MAX]; /* the password, or the APOP digest */
};

/* What comes of a try.  Only YES, NO and TEMP can be told outside. */
enum auth_rc {
	AUTH_YES,
	AUTH_WRONG,    /* wrong password or digest */
	AUTH_UNKNOWN,  /* no such user */
	AUTH_NOSECRET, /* nothing to compare with: locked, empty, no secret */
	AUTH_POLICY,   /* clear-text-password forbids it */
	AUTH_EXPIRED,  /* the account or its password is too old */
	AUTH_LOWUID,   /* uid 10 or below, or 0 */
	AUTH_TEMP,     /* cannot tell now: the log has why */
};

struct auth_ident {
	enum auth_rc rc;
	enum auth_mech mech;
	uid_t uid;
	gid_t gid;
	char user[USERNAME_MAX];
	char home[256];
	char maildrop[256]; /* empty: the user's file in spool-dir */
	char why[400];	    /* for the log, with AUTH_TEMP */
};

/*
 * Fills id.  stamp is the greeting's, with its angle brackets (RFC 1939
 * section 7, APOP).  A virtual user of users.cdb comes before one of passwd.
 */
void auth_check(const struct auth_cfg *cfg, const struct auth_try *try,
    const char *stamp, struct auth_ident *id);

/* What the log says of a refusal. */
const char *auth_reason(enum auth_rc rc);

#endif
