/* SPDX-License-Identifier: MIT */
#ifndef POPPER_ACCOUNT_H
#define POPPER_ACCOUNT_H

#include "auth.h"
#include "err.h"
#include "records.h"

/* Where a user's identity comes from, and with it what is against him. */
struct account {
	uid_t uid;
	gid_t gid;
	char home[256];
	char maildrop[256];	    /* account_virtual */
	char shell[256];	    /* account_system */
	char hash[AUTH_SECRET_MAX]; /* account_system; empty: none */
	bool over;		    /* account_system: it has expired */
	bool old;		    /* and so has its password */
};

/*
 * Each looks the user up in its source: 1 found, 0 not there, -1 with e.
 * account_virtual takes the record of users.cdb (UID:GID:HOME[:MAILDROP]),
 * account_system reads passwd and shadow.
 */
int account_virtual(const struct records *r, const char *user,
    struct account *a, struct err *e);
int account_system(const struct auth_cfg *cfg, const char *user,
    struct account *a, struct err *e);

#endif
