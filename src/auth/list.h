/* SPDX-License-Identifier: MIT */
#ifndef POPPER_LIST_H
#define POPPER_LIST_H

#include "auth.h"
#include "err.h"
#include "records.h"

/*
 * Who may log in at all: auth-file and nonauth-file, which are texts with a
 * user name a line, and the lists allow and deny of users.cdb.  1 he may, 0 he
 * may not, -1 with e: a list that cannot be read lets nobody in.
 */
int list_admits(const struct auth_cfg *cfg, const struct records *rec,
    const char *user, struct err *e);

/*
 * Is this one of /etc/shells?  The shell /POPPER/ANY/SHELL, in the account or
 * in that file, always is.
 */
int list_shell(const char *shells, const char *shell, struct err *e);

#endif
