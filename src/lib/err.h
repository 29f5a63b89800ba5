/* SPDX-License-Identifier: MIT */
#ifndef POPPER_ERR_H
#define POPPER_ERR_H

/*
 * What went wrong, as a value.  A function that can fail returns -1 (or its
 * own enum) and fills the caller's struct err; nobody below main exits.
 * The kind decides the response code that a client sees and the exit code.
 */
enum err_kind {
	ERR_NONE,
	ERR_TEMP, /* may work later: [SYS/TEMP], exit 111 */
	ERR_PERM, /* somebody has to mend something: [SYS/PERM], exit 111 */
	ERR_BUSY, /* the maildrop is locked: [IN-USE], exit 111 */
	ERR_CONF, /* wrong use or configuration: [SYS/PERM], exit 100 */
};

struct err {
	enum err_kind kind;
	int sys;	/* errno, or 0 */
	char text[400]; /* says what, where and what to do */
};

/* Each returns -1, so that a failing function can return the call. */
int err_set(struct err *e, enum err_kind kind, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * "WHAT PATH: strerror" of the present errno, and what to do about it.  ENOSPC,
 * EDQUOT, EIO, ENOMEM and the like make it ERR_TEMP, whatever kind says.
 */
int err_sys(
    struct err *e, enum err_kind kind, const char *what, const char *path);

/* Adds to the text. */
void err_more(struct err *e, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

int err_exit_code(const struct err *e);

#endif
