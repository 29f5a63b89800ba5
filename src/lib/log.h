/* SPDX-License-Identifier: MIT */
#ifndef POPPER_LOG_H
#define POPPER_LOG_H

#include <stdbool.h>

/*
 * The log: one event, one line, one write of at most 1,024 octets with the
 * prefix "popper[PID]: ".  It goes to fd 2; to syslog if fd 2 is closed or
 * is the client's socket (inetd), or if asked to (log_syslog); or,
 * time-stamped, to a trace file.  A log
 * that blocks for a second loses the line, and the next one tells how many
 * were lost: a full log never holds a maildrop.
 *
 * There is one log a process, so its state is the module's.
 */

/*
 * closed: fd 2 was closed when we were started.  client: the fd that must
 * never be written to.  facility: of syslog(3).
 */
void log_open(const char *name, bool closed, int client, int facility);

/* What lines in syslog begin with, in the place of name. */
void log_tag(const char *tag);

/* Changes the facility, should the log go to syslog. */
void log_facility(int facility);

/*
 * The log goes to syslog, unless it has a trace file.  If nobody listens at
 * /dev/log, it stays where it is, and says so.
 */
void log_syslog(void);

/* Appends to this file from now on; -1 with errno. */
int log_trace(const char *path);

/* Debugging lines are written from now on, or not. */
void log_debugging(bool on);

/*
 * Opens what lines will need, for a process that soon can open nothing: a
 * log's socket that breaks later is not opened anew.  The fd that lines go to,
 * or -1.
 */
int log_settle(void);

/* The last line was lost: the log takes no more for now. */
bool log_is_lost(void);

void log_line(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
