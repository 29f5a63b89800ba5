/* SPDX-License-Identifier: MIT */
#ifndef POPPER_PRINT_H
#define POPPER_PRINT_H

#include "err.h"
#include "mboxscan.h"

/*
 * A message's print: 64 bits of its length, its first PRINT_HEAD and its last
 * PRINT_TAIL octets, From_ line and header included.  It tells if a message
 * that another program may have moved is still where it was found, at the
 * cost of one block of the disk.  It is no digest: a body that was changed in
 * its middle, without a change of length, has the same print.
 */
#define PRINT_HEAD 512
#define PRINT_TAIL 256

/* Octets of a file that are in memory. */
struct print_have {
	const char *data;
	uint64_t at, len;
};

/*
 * The print of the message m, whose from and end are set, in the file fd,
 * where mail begins at base.  -1 with errno (0 if the file is too short).
 */
int print_take(
    int fd, uint64_t base, const struct print_have *have, struct msgloc *m);

/* 1 if the message in the file has the print that m tells, 0 if not, -1. */
int print_same(int fd, uint64_t base, const struct msgloc *m);

#endif
