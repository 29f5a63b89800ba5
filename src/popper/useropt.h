/* SPDX-License-Identifier: MIT */
#ifndef POPPER_USEROPT_H
#define POPPER_USEROPT_H

#include "config.h"

/*
 * The option files that are read after log-in: .qpopper-options in the home
 * folder, with the user's rights (user-options), and after it
 * .USER.qpopper-options in the spool's folder (spool-options).
 */
int useropt_home(struct config *c, const char *home, struct err *e);

/*
 * The spool folder's file counts only if it is root's and nobody else can
 * write to it; its fd, to be opened before root is given up, or -1.
 */
int useropt_open_spool(int dir, const char *user);

/* Takes over fd. */
int useropt_spool(struct config *c, int fd, const char *user, struct err *e);

#endif
