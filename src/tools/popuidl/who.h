/* SPDX-License-Identifier: MIT */
#ifndef POPUIDL_WHO_H
#define POPUIDL_WHO_H

#include "auth.h"
#include "config.h"

/*
 * Who a user of popper's is, and where his maildrop was put: by users.cdb,
 * else as an account of the system; or by given, UID:GID:HOME[:MAILDROP],
 * unless that is NULL.  -1 with e: ERR_CONF if there is no such user.
 */
int who_is(const struct config *c, const char *user, const char *given,
    struct auth_ident *id, struct err *e);

#endif
