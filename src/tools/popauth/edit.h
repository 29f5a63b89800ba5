/* SPDX-License-Identifier: MIT */
#ifndef POPAUTH_EDIT_H
#define POPAUTH_EDIT_H

#include <stdbool.h>

#include "err.h"
#include "store.h"

/*
 * One change of one user's secrets.  All signals are blocked as long as the
 * lock is held, nothing is waited for but the lock, and nothing is said.
 */
struct edit {
	const char *name;
	bool proves;	 /* who asks has to know the old password, if any */
	bool must_have;	 /* and there has to be one */
	bool only_check; /* nothing is changed */
	const char *old; /* NULL: not given */
	const char *new; /* NULL: is deleted */
};

/* 0 done; 1 refused, with e; -1 with e. */
int edit_do(struct store *st, const struct edit *d, struct err *e);

/*
 * Makes an empty source and its CDB; what is there is replaced only if
 * overwrite is set.  0 done, 1 it is there, -1 with e.
 */
int edit_init(struct store *st, bool overwrite, struct err *e);

#endif
