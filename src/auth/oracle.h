/* SPDX-License-Identifier: MIT */
#ifndef POPPER_ORACLE_H
#define POPPER_ORACLE_H

#include "account.h"
#include "auth.h"

/*
 * Asks a program with the checkpassword interface who somebody is: it gets
 * user, password and stamp through fd 3, and runs popid(8) as the user if it
 * finds them right, which tells us the identity: uid, gid and home of a.  YES,
 * WRONG, OTHER if it knows him by another name, or TEMP with e.
 */
enum auth_rc oracle_ask(const struct auth_cfg *cfg, const char *user,
    const char *password, struct account *a, struct err *e);

#endif
