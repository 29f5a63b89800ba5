/* SPDX-License-Identifier: MIT */
#ifndef POPPER_SPLIT_H
#define POPPER_SPLIT_H

#include <stdint.h>
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

/*
 * The front: waits until a refusal of what was asked then (clock_ms()) may
 * leave.  That is 1.1 s later, or a multiple of it: equal for all reasons.
 */
void split_wait_refusal(int64_t asked);

/* The monitor: ends the front, and logs if something else has done that. */
void split_reap(pid_t front);

#endif
