/* SPDX-License-Identifier: MIT */
#ifndef POPPER_MAILDROP_H
#define POPPER_MAILDROP_H

#include <stdbool.h>

#include "config.h"
#include "drop.h"

/*
 * Finds a user's maildrop and becomes the user: what is root's to do is done
 * (locate.h), the options of c are also the user's, d->sp is ready for
 * drop_enter, and the options of d are set.  normal: mail is taken, as in
 * normal mode, whatever the options say.  -1 with e: d is as it was.
 */
int maildrop_find(struct drop *d, struct config *c, const struct auth_ident *id,
    bool normal, struct err *e);

/*
 * drop_enter; then the process is confined to what is open by now; in, out and
 * log are its own.  drop_open comes next, or with -1 and e drop_close.
 */
int maildrop_enter(struct drop *d, int in, int out, int log, struct err *e);

#endif
