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

/*
 * For the mechanisms.  The name as the configuration wants it becomes s->user;
 * -1 if it cannot be one.
 */
int front_name(struct session *s, const char *name);

/* AUTH_HAS_: what the monitor knows of the secrets of all. */
unsigned front_kinds(struct session *s);

/* The salt and iterations of s->user; -1: cannot be told now. */
int front_salt(const struct session *s, struct scram_verifier *v);

/*
 * The one try of a session, as s->user.  If it is good this does not return,
 * because the front is ended; but by SCRAM it is OK, and the client has to get
 * the signature.  OC_FAIL: refused, a second and a bit later.
 */
enum outcome front_log_in(
    struct session *s, struct auth_try *try, uint8_t signature[SCRAM_KEY]);

/* The client has taken it.  Does not return OK. */
enum outcome front_taken(struct session *s);

#endif
