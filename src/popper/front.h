/* SPDX-License-Identifier: MIT */
#ifndef POPPER_FRONT_H
#define POPPER_FRONT_H

#include "cmd.h"
#include "session.h"

/*
 * The process that speaks with the client before log-in (RFC 1939 section 4,
 * AUTHORIZATION).  It has fds 0, 1 and its socket to the monitor, sees no
 * file, and holds no secret but what the client types.
 */

/* Never returns.  s->mon is the socket; uid and gid are the front's own. */
_Noreturn void front_run(struct session *s, uid_t uid, gid_t gid);

/* Tells the monitor of an -ERR, and of a command (with debug). */
void front_said(struct session *s);
void front_did(struct session *s, const struct cmd *c, const char *shown);

#endif
