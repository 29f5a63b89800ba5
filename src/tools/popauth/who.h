/* SPDX-License-Identifier: MIT */
#ifndef POPAUTH_WHO_H
#define POPAUTH_WHO_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "err.h"

/*
 * Who calls, whose secrets he may edit, and in which folder they lie: cdb/pop
 * if it is there, else cdb.
 */
struct who {
	uid_t real;  /* the caller */
	bool all;    /* root or the pop owner: for everybody */
	uid_t owner; /* of the folder; this is who we are from now on */
	bool pop;    /* it is cdb/pop */
	int dir;     /* the folder */
	const char *path;
};

/*
 * Finds that out and gives up all other uids for good, so that the caller can
 * no longer send signals.  init: root wants cdb/pop if the program is set-uid
 * to another account, and it is made.  0; 1 refused; -1; both with e.
 */
int who_begin(struct who *w, bool init, struct err *e);

/*
 * Whose secret it is about: name, or the caller's own if it is NULL.  May he?
 * 0 and dst (n octets); 1 refused; -1; both with e.
 */
int who_is_it(
    const struct who *w, const char *name, char *dst, size_t n, struct err *e);

/*
 * Root's source beside cdb/pop, whose secrets count for users who have none in
 * pop; NULL if there is none, or no cdb/pop.
 */
const char *who_beside(const struct who *w);

#endif
