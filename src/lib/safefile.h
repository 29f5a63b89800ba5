/* SPDX-License-Identifier: MIT */
#ifndef POPPER_SAFEFILE_H
#define POPPER_SAFEFILE_H

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "err.h"

/*
 * Opens a file of the administrator's (configuration, CDB): a regular file
 * that belongs to root or to the uid we run with, and that no other user can
 * write to.  The fd, or -1 with e (e->sys is ENOENT if there is none).
 */
int safefile_open_admin(const char *path, struct err *e);

/*
 * Opens name in the folder dir without following a symbolic link and checks
 * it: a regular file, owned by uid, with one link.  flags are those of
 * open(2); with O_CREAT the mode is 0600, and a wider mode that is found
 * there is narrowed to it.  path is for the error text.  The fd and *st, or
 * -1 with e (e->sys is ENOENT if there is none).
 */
int safefile_open_user(int dir, const char *name, const char *path, int flags,
    uid_t uid, struct stat *st, struct err *e);

/*
 * The same of a file that is open: 0, or -1 with e.
 */
int safefile_check(
    const struct stat *st, const char *path, uid_t uid, struct err *e);

/*
 * err_sys, and for what the rights of a folder forbid, whose folder it is and
 * who we are.
 */
int safefile_err(struct err *e, enum err_kind kind, const char *what,
    const char *path, int dir);

/* The same file, by device and inode. */
bool safefile_same(const struct stat *a, const struct stat *b);

/* True if name in dir is, itself and not by a link, the file st tells of. */
bool safefile_is(int dir, const char *name, const struct stat *st);

#endif
