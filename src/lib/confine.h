/* SPDX-License-Identifier: MIT */
#ifndef POPPER_CONFINE_H
#define POPPER_CONFINE_H

#include "err.h"

/*
 * Filters of system calls, for the processes that read what strangers sent.
 * no_new_privs has to be set.  In builds with a sanitizer, and for machines
 * that the filter does not know, nothing is done.
 */

/* Kills at any call but reading, writing and polling fds that are open. */
int confine_front(struct err *e);

/*
 * What a session does once the files of its maildrop are open: no file that
 * exists can be opened any more, new ones can be made.  A call that is not
 * known fails with ENOSYS; one that only an intruder would make kills.
 */
int confine_session(struct err *e);

#endif
