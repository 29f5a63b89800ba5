/* SPDX-License-Identifier: MIT */
#ifndef POPPER_SERVERMODE_H
#define POPPER_SERVERMODE_H

#include "auth.h"
#include "config.h"
#include "userdb.h"

/*
 * What group-server-mode, and after it group-no-server-mode, make of server
 * mode for this user; the users' files, read later, have the last word.  A
 * group that is not there is told in the log and has no members.  ask is
 * userdb_group; it is not called for an option that is not set.
 */
typedef int servermode_ask(const struct userdb *db, const char *group,
    const char *user, struct userdb_group *g, struct err *e);
void servermode_groups(
    struct config *c, const struct auth_ident *id, servermode_ask *ask);

#endif
