/* SPDX-License-Identifier: MIT */
#ifndef POPPER_USERDB_H
#define POPPER_USERDB_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"

/*
 * The accounts of the system, without loading the name service: the files in
 * /etc are read here where /etc/nsswitch.conf names "files" first, and all
 * else is asked of getent(1), which knows every service.  Lines are parsed
 * strictly; one that is malformed is not there.
 *
 * Each function returns 1 found, 0 no such entry, -1 with e.
 */
struct userdb {
	const char *nsswitch, *passwd, *shadow, *group, *getent;
};

extern const struct userdb userdb_system;

struct userdb_user {
	uint32_t uid, gid;
	char home[256];
	char shell[256]; /* empty: /bin/sh */
	char hash[512];
};

int userdb_user(const struct userdb *db, const char *name,
    struct userdb_user *u, struct err *e);

/*
 * The accounts with this uid: how many there are of different names, and one
 * of them.  0, or -1 with e; where a service other than files is asked, it
 * tells of one at most.
 */
struct userdb_account {
	unsigned count;
	uint32_t gid;
	char name[256];
};

int userdb_account(const struct userdb *db, uint32_t uid,
    struct userdb_account *a, struct err *e);

/* shadow(5); -1 is an empty field. */
struct userdb_shadow {
	long changed, max, expire;
	char hash[512];
};

int userdb_shadow(const struct userdb *db, const char *name,
    struct userdb_shadow *s, struct err *e);

/*
 * Both of one user: what userdb_user returns, and *shadow is what
 * userdb_shadow does, with its own error.
 */
int userdb_login(const struct userdb *db, const char *name,
    struct userdb_user *u, struct userdb_shadow *s, int *shadow, struct err *e);

/* Is user among those that the group's line lists? */
struct userdb_group {
	uint32_t gid;
	bool lists;
};

int userdb_group(const struct userdb *db, const char *name, const char *user,
    struct userdb_group *g, struct err *e);

#endif
