/* SPDX-License-Identifier: MIT */
#ifndef POPPER_TMPFILE_H
#define POPPER_TMPFILE_H

#include <stddef.h>
#include <stdint.h>

#include "err.h"

/*
 * Temporary files without a name: they hold what is too much for memory, and
 * are gone with the session, however it ends.
 */

/* In dir: an fd, or -1 with e. */
int tmpfile_open(int dir, struct err *e);

/*
 * All n octets at offset at; what lies beyond the end reads as zeros.  what
 * says in errors what is in the file.
 */
int tmpfile_read(
    int fd, void *to, size_t n, uint64_t at, const char *what, struct err *e);
int tmpfile_write(int fd, const void *from, size_t n, uint64_t at,
    const char *what, struct err *e);

#endif
