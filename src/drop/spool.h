/* SPDX-License-Identifier: MIT */
#ifndef POPPER_SPOOL_H
#define POPPER_SPOOL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "err.h"

#define SPOOL_NAME_MAX 96 /* the name of a file in the folder */
#define SPOOL_PATH_MAX 400

/*
 * Where the files of one maildrop lie: open folders, their paths for
 * messages, and names in them.  The folders were opened before privileges
 * were dropped where that needs them; -1 for temp and cache is the spool's
 * own folder, for old that there is none.
 */
struct spool_place {
	int dir;
	const char *folder, *name; /* the spool */
	int temp;
	const char *temp_folder, *temp_name; /* the temporary drop */
	int cache;
	const char *cache_folder, *cache_name; /* ids and marks beside it */
	int old;
	const char *old_folder, *old_name; /* a left-over temporary drop */
};

/*
 * A spool, its folder, and the names beside it.  All work is relative to
 * folders that are open.  Files that exist are opened by spool_open and
 * lock_session, before anything is read of them; from then on the session may
 * be unable to open any (docs/DESIGN.md, "Confinement").
 */
struct spool {
	int dir;
	int temp;  /* may be dir */
	int cache; /* may be dir */
	int old;   /* or -1 */
	uid_t uid;
	char path[SPOOL_PATH_MAX];	/* for messages only */
	char temp_path[SPOOL_PATH_MAX]; /* the same, of the temporary drop */
	char name[SPOOL_NAME_MAX];	/* USER */
	char lock_path[SPOOL_PATH_MAX]; /* the same, of the session lock */
	char lock[SPOOL_NAME_MAX];	/* .USER.pop, the session lock */
	char drop[SPOOL_NAME_MAX];	/* in temp: the temporary drop */
	char lock_new[SPOOL_NAME_MAX];	/* one being made of a left-over */
	char drop_new[SPOOL_NAME_MAX]; /* in temp: one being made of a left-over
					*/
	char fresh[SPOOL_NAME_MAX];    /* .USER.pop.new, a spool being made */
	char dotlock[SPOOL_NAME_MAX];  /* USER.lock */
	char prepared[SPOOL_NAME_MAX]; /* .USER.lk, linked to USER.lock */
	char cache_name[SPOOL_NAME_MAX]; /* in cache */
	char left[SPOOL_NAME_MAX];	 /* in old */

	int session;	  /* the session lock's fd, or -1 */
	bool session_old; /* its file was there before */
	bool apart_old;
	int apart;	/* the temporary drop, if it is another file, or -1 */
	int fd;		/* the spool, or -1 */
	bool reopen;	/* another file in its place can be opened still */
	int made;	/* fresh, if a session that died left it, or -1 */
	int left_fd;	/* what lies in left, or -1 */
	struct stat st; /* of the spool when it was locked last */
	int held;	/* the prepared lock's fd while we hold USER.lock */
	struct stat held_st;
	bool trust_links; /* no-atomic-open: only the link count tells */
	bool keep_drop;	  /* keep-temp-drop */
	int64_t touched;  /* clock_ms() when the dot-lock was, last */
};

/* Takes over the folders' fds, also if it fails: -1 if a name is too long. */
int spool_init(
    struct spool *sp, const struct spool_place *at, uid_t uid, struct err *e);
void spool_close(struct spool *sp);

/*
 * With the session lock: opens what there is of the spool, a temporary drop
 * that lies elsewhere, and what sessions that died and other servers left.
 * ERR_BUSY: another server works on the temporary drop.
 */
int spool_open(struct spool *sp, struct err *e);

/*
 * The spool alone, once more, while sp->reopen: what has its name now.  fd is
 * -1 if there is none.
 */
int spool_reopen(struct spool *sp, struct err *e);

/*
 * With the spool lock: makes the spool that is not there, with the mode that
 * delivery agents expect, and locks it.
 */
int spool_make(struct spool *sp, struct err *e);

/* "WHAT PATH: ..." of the present errno, for a name in one of the folders. */
int spool_err(const struct spool *sp, struct err *e, enum err_kind kind,
    const char *what, int dir, const char *name);

/*
 * A system call has not made the temporary drop, or session lock: e says so in
 * front, by the words that Qpopper's manuals explain.
 */
int spool_no_drop(struct err *e);

/* The temporary drop and the session lock are one file. */
bool spool_together(const struct spool *sp);

#endif
