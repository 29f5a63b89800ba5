/* SPDX-License-Identifier: MIT */
#ifndef POPPER_FDS_H
#define POPPER_FDS_H

#include <stdbool.h>

/*
 * Opens /dev/null as those of fds 0, 1 and 2 that are closed: nothing may be
 * opened there that then takes what was meant for them.  1 if fd 2 was
 * closed, 0 if not, -1 if it cannot be done.
 */
int fds_hold(void);

/* Both are one socket: inetd makes fd 2 the client's, too. */
bool fds_same_socket(int a, int b);

#endif
