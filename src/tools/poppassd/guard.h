/* SPDX-License-Identifier: MIT */
#ifndef POPPASSD_GUARD_H
#define POPPASSD_GUARD_H

#include "link.h"

/*
 * The monitor: starts the front and the program, and logs, until the session
 * is over.  The exit code.
 */
int guard_run(struct session *s);

#endif
