/* SPDX-License-Identifier: MIT */
#ifndef POPPER_AUTH_H
#define POPPER_AUTH_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include "err.h"
#include "scrammsg.h"
#include "username.h"

/*
 * Who are you?  Value in, value out; called by the checker only, which is
 * root where popper was started by root, and which ends right afterwards.
 */

#define AUTH_SECRET_MAX 512 /* a password, digest or stored proof, with NUL */
#define AUTH_STAMP_MAX 320  /* the greeting's time stamp, with NUL */

enum auth_mech {
	AUTH_PASS = 1, /* USER and PASS */
	AUTH_APOP,
	AUTH_PLAIN,	    /* RFC 4616 */
	AUTH_LOGIN,	    /* an Internet-Draft that many clients have */
	AUTH_CRAM_MD5,	    /* RFC 2195 */
	AUTH_SCRAM_SHA_256, /* RFC 7677 */
	AUTH_EXTERNAL,	    /* RFC 4422 appendix A: a certificate */
	AUTH_MECHS
};

/* clear-text-password of qpopper.conf(5) */
enum auth_clear {
	CLEAR_DEFAULT,
	CLEAR_NEVER,
	CLEAR_ALWAYS,
	CLEAR_LOCAL,
	CLEAR_TLS
};

/*
 * The one place where that is decided: may this user send his password?
 * has_secret: he has one for APOP or SCRAM; false if it is not known who he
 * is.
 */
bool auth_clear_ok(enum auth_clear rule, bool local, bool tls, bool has_secret);

/* What kinds of secret there are, of whomever. */
enum {
	AUTH_HAS_APOP = 1, /* APOP and CRAM-MD5 can work, and SCRAM, too */
	AUTH_HAS_SCRAM = 2
};

struct auth_cfg {
	const char *dir;	  /* cdb-dir */
	const char *allow, *deny; /* auth-file and nonauth-file, or NULL */
	const char *program;	  /* checkpassword, or NULL */
	const char *program_dir;  /* where popid is */
	enum auth_clear clear;
	bool check_expired;  /* passwords, too: check-password-expired */
	bool check_shell;    /* of accounts of the system: check-shell */
	uint32_t block_uid;  /* this one and those below may not log in */
	bool downcase, trim; /* downcase-user, trim-domain: for lists */
	bool local;	     /* the client is on the loopback */
	bool tls;
	const char *ip;	      /* the client's, for the program */
	const char *stamp;    /* the greeting's, with its angle brackets */
	const char *nonce;    /* ours for SCRAM */
	const char *external; /* whose certificate the client has, or "" */
};

struct auth_try {
	enum auth_mech mech;
	char user[USERNAME_MAX];
	char proof[AUTH_SECRET_MAX]; /* the password, or the digest in hex */
	struct {
		char bare[SCRAM_BARE_MAX];
		char nonce[SCRAM_NONCE_MAX];
		char without[SCRAM_FINAL_MAX];
		uint8_t proof[SCRAM_KEY];
	} scram;
};

/* What comes of a try.  Only YES, NO and TEMP can be told outside. */
enum auth_rc {
	AUTH_YES,
	AUTH_WRONG,    /* wrong password or digest */
	AUTH_UNKNOWN,  /* no such user */
	AUTH_NOSECRET, /* nothing to compare with: locked, empty, no secret */
	AUTH_POLICY,   /* clear-text-password forbids it */
	AUTH_EXPIRED,  /* the account or its password is too old */
	AUTH_LOWUID,   /* block-uid or below, or 0 */
	AUTH_LISTED,   /* auth-file, nonauth-file, allow or deny say no */
	AUTH_SHELL,    /* not one of /etc/shells */
	AUTH_OTHER,    /* a program takes the name for another one */
	AUTH_TEMP,     /* cannot tell now: the log has why */
};

struct auth_ident {
	enum auth_rc rc;
	enum auth_mech mech;
	uid_t uid;
	gid_t gid;
	char user[USERNAME_MAX];
	char home[256];
	char maildrop[256];	      /* empty: the user's file in spool-dir */
	unsigned kinds;		      /* AUTH_HAS_ */
	uint8_t signature[SCRAM_KEY]; /* the server's, of SCRAM */
	char why[400];		      /* for the log, with AUTH_TEMP */
};

/* Fills id.  A virtual user of users.cdb comes before one of passwd. */
void auth_check(const struct auth_cfg *cfg, const struct auth_try *try,
    struct auth_ident *id);

/*
 * The salt and the iterations of a user for SCRAM, who need not be there:
 * nobody can tell.  -1 with e.
 */
int auth_salt(const struct auth_cfg *cfg, const char *user,
    struct scram_verifier *v, struct err *e);

/* AUTH_HAS_ of all users.  -1 with e. */
int auth_kinds(const struct auth_cfg *cfg, unsigned *kinds, struct err *e);

/* What the log says of a refusal. */
const char *auth_reason(enum auth_rc rc);

#endif
