/* SPDX-License-Identifier: MIT */
#ifndef POPPER_HANGUP_H
#define POPPER_HANGUP_H

/*
 * SIGHUP and SIGTERM end the connection and not the process: the next read is
 * the end of file, and so the session ends as if its client had gone, but in
 * its own time, and with a line in the log.  A signal that was ignored stays
 * so.
 */

/*
 * From now on; fd is the client's.  If that is no socket, and in processes that
 * are forked later, the signals end the process.
 */
void hangup_catch(int fd);

/* For a forked process that may not even be told. */
void hangup_ignore(void);

/* The signal that came, or 0. */
int hangup_signal(void);

#endif
