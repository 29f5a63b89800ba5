/* SPDX-License-Identifier: MIT */
#ifndef POPPER_SPLIT_H
#define POPPER_SPLIT_H

#include <sys/types.h>

/*
 * What programs that are a monitor and a front have in common (docs/DESIGN.md,
 * "Processes").
 */

/*
 * A number for the front's uid and gid, above all that is given to users or
 * containers: no other front has it, so none can touch another.  It is that of
 * the calling process, which is the monitor.
 */
uid_t split_id(void);

/* The front: fds 0 and 1, and its socket to the monitor, stay open. */
void split_close_others(int keep);

/* The monitor: ends the front, and logs if something else has done that. */
void split_reap(pid_t front);

#endif
