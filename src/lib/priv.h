/* SPDX-License-Identifier: MIT */
#ifndef POPPER_PRIV_H
#define POPPER_PRIV_H

#include <stddef.h>
#include <sys/types.h>

#include "confine.h"
#include "err.h"

/*
 * Becomes uid and gid for good, with no other group than also, and proves
 * that there is no way back.  A process that is not root can only become
 * what it is.
 */
int priv_become(uid_t uid, gid_t gid, gid_t also, struct err *e);

/*
 * A folder that a process can have as its root: root's, nobody else writes to
 * it, and nothing is in it.  Its fd, or -1 with e.
 */
int priv_open_empty(const char *dir, struct err *e);

/*
 * What a process before log-in may still do: chroot to dir, an empty folder
 * of root's (only root can; others skip it), uid and gid as given (only
 * root), not dumpable, no new privileges, and a seccomp filter that kills at
 * any call but reading, writing and polling open fds.  It is killed when its
 * parent ends.
 */
int priv_confine(const char *dir, uid_t uid, gid_t gid, struct err *e);

/* The same for an engine of TLS, with its own filter; it may stay longer. */
int priv_confine_engine(const char *dir, uid_t uid, gid_t gid, struct err *e);

/*
 * What a process that looks a name up may still do: uid and gid as given (only
 * root), not dumpable, no new privileges, no files but those that say where
 * names are looked up, and its own filter (confine.h), which knows the log's
 * fd.
 */
int priv_confine_lookup(uid_t uid, gid_t gid, int log, struct err *e);

/*
 * What a session may still do once it is the user, and the files of its
 * maildrop are open (confine.h, landlock.h): make, rename and remove files in
 * the n folders that are open as dir, -1 is none; and use fds.  Not dumpable,
 * no new privileges.  1 done, 0 done without Landlock, which the kernel has
 * not.
 */
int priv_confine_session(
    const int *dir, size_t n, const struct confine_fds *fds, struct err *e);

#endif
