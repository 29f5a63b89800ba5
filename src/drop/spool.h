/* SPDX-License-Identifier: MIT */
#ifndef POPPER_SPOOL_H
#define POPPER_SPOOL_H

#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "err.h"

#define SPOOL_NAME_MAX 96 /* the name of a file in the folder */
#define SPOOL_PATH_MAX 400

/*
 * A spool, its folder, and the names beside it.  All work is relative to
 * dir, which was opened before privileges were dropped.
 */
struct spool {
	int dir;
	uid_t uid;
	char path[SPOOL_PATH_MAX];     /* for messages only */
	char name[SPOOL_NAME_MAX];     /* USER */
	char drop[SPOOL_NAME_MAX];     /* .USER.pop, the session lock */
	char fresh[SPOOL_NAME_MAX];    /* .USER.pop.new, a spool being made */
	char dotlock[SPOOL_NAME_MAX];  /* USER.lock */
	char prepared[SPOOL_NAME_MAX]; /* .USER.lk, linked to USER.lock */

	int session;	/* the session lock's fd, or -1 */
	int fd;		/* the spool, or -1 */
	struct stat st; /* of the spool when it was locked last */
	int held;	/* the prepared lock's fd while we hold USER.lock */
	struct stat held_st;
	int64_t touched; /* clock_ms() when the dot-lock was, last */
};

/*
 * Takes over the folder's fd.  name is the spool's file name, drop_name what
 * temp-name makes of it; -1 if a name is too long.
 */
int spool_init(struct spool *sp, int dir, const char *folder, const char *name,
    const char *drop_name, uid_t uid, struct err *e);
void spool_close(struct spool *sp);

#endif
