/* SPDX-License-Identifier: MIT */
#ifndef POPPER_TRANS_H
#define POPPER_TRANS_H

#include "session.h"

/*
 * After log-in: becomes the user, reads his options, opens the maildrop and
 * speaks TRANSACTION and UPDATE (RFC 1939 sections 5 and 6).  ahead are the
 * n octets that the front had read already.  The exit code.
 */
int trans_run(struct session *s, const struct auth_ident *id, const char *ahead,
    size_t n);

/* The update: 0, or -1 with e and nothing changed.  Doubts are logged. */
int trans_commit(struct session *s, struct err *e);

#endif
