/* SPDX-License-Identifier: MIT */
#ifndef POPPER_SERVERMODE_H
#define POPPER_SERVERMODE_H

#include <grp.h>

#include "auth.h"
#include "config.h"

/*
 * What group-server-mode, and after it group-no-server-mode, make of server
 * mode for this user; the users' files, read later, have the last word.  A
 * group that is not there is told in the log and has no members.  ask is
 * getgrnam_r(3); it is not called for an option that is not set, because a
 * look-up costs a third of a log-in.
 */
typedef int servermode_ask(const char *group, struct group *gr, char *mem,
    size_t n, struct group **found);
void servermode_groups(
    struct config *c, const struct auth_ident *id, servermode_ask *ask);

#endif
