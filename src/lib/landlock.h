/* SPDX-License-Identifier: MIT */
#ifndef POPPER_LANDLOCK_H
#define POPPER_LANDLOCK_H

#include <stddef.h>

#include "err.h"

/*
 * From now on nothing can be done but to read, write, make and remove regular
 * files in and below the n folders that are open as dir; an fd of -1 is none.
 * Files that are open stay so.  No TCP connections, and, where the kernel
 * knows that, no abstract sockets, and no signals to other processes.
 * no_new_privs has to be set.  1 done, 0 the kernel has no Landlock, -1 with
 * e.
 */
int landlock_folders(const int *dir, size_t n, struct err *e);

/*
 * The same, but all that can be done is to read the n files that have these
 * paths now; those that are missing are left out.
 */
int landlock_files(const char *const *path, size_t n, struct err *e);

#endif
