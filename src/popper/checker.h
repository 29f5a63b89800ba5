/* SPDX-License-Identifier: MIT */
#ifndef POPPER_CHECKER_H
#define POPPER_CHECKER_H

#include "session.h"

/*
 * Each forks a checker, which opens the secrets, answers and ends; when this
 * returns it is gone.  One that fails or takes too long is an error: no
 * session waits for it for ever.
 */

/*
 * Who is it?  The checker reads one struct auth_try from the front at mon: the
 * monitor never sees the proof.  Fills id; an error is AUTH_TEMP.
 */
void checker_try(const struct session *s, int mon, struct auth_ident *id);

/* auth_salt and auth_kinds; an error is logged, and -1. */
int checker_salt(
    const struct session *s, const char *user, struct scram_verifier *v);
int checker_kinds(const struct session *s, unsigned *kinds);

#endif
