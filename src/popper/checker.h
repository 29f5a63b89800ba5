/* SPDX-License-Identifier: MIT */
#ifndef POPPER_CHECKER_H
#define POPPER_CHECKER_H

#include "session.h"

/*
 * Forks a checker, which reads one struct auth_try from the front at mon,
 * opens the secrets, answers and ends; the monitor never sees the proof.
 * Fills id; a checker that fails or takes too long is AUTH_TEMP.  When this
 * returns the checker is gone.
 */
void checker_run(const struct session *s, int mon, struct auth_ident *id);

#endif
