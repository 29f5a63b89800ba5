/* SPDX-License-Identifier: MIT */
#ifndef POPAUTH_START_H
#define POPAUTH_START_H

/*
 * What has to be done first in a program that may be set-uid: fds 0 to 2 are
 * open and those from keep on closed, no environment, umask 077, no core
 * file, the usual signals, and the caller's limits put aside as far as that
 * is allowed.  SIGALRM ends it after so many seconds, whatever it waits for,
 * and it is not stopped in the background of a terminal.  -1: not even that
 * can be done.
 */
int start_clean(unsigned keep, unsigned seconds);

#endif
