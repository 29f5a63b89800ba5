/* SPDX-License-Identifier: MIT */
#ifndef POPPER_CONFINE_H
#define POPPER_CONFINE_H

#include <stddef.h>

#include "err.h"

/*
 * Filters of system calls, for the processes that read what strangers sent.
 * no_new_privs has to be set.  In builds with a sanitizer, and for machines
 * that the filter does not know, nothing is done.
 */

/* Kills at any call but reading, writing and polling fds that are open. */
int confine_front(struct err *e);

/*
 * What an engine of TLS does: the same, and closing fds, ending connections,
 * reading and writing at a place of a file that is open, and the log's calls.
 */
int confine_engine(struct err *e);

/*
 * What looking a name up takes (getaddrinfo(3)), and the log: files can be
 * opened to be read, sockets made that send datagrams.  All else fails, with
 * ENOSYS.  log is the fd of the log, which can only be added to; -1 is none.
 */
int confine_lookup(int log, struct err *e);

/*
 * What a session has of open files: the client, the log, and those of its
 * maildrop; -1 is none.
 */
struct confine_fds {
	int in, out, log;
	const int *file;
	size_t files;
};

/*
 * What a session does once the files of its maildrop are open: no file that
 * exists can be opened any more, new ones can be made.  Of what is open only
 * the maildrop's files can be changed, locked or closed; the client can be
 * read and written, the log only written.  A call that is not known fails
 * with ENOSYS; one that only an intruder would make kills.
 * ERR_TEMP: there are too many open files.
 */
int confine_session(const struct confine_fds *fds, struct err *e);

#endif
