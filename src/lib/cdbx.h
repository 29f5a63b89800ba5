/* SPDX-License-Identifier: MIT */
#ifndef POPPER_CDBX_H
#define POPPER_CDBX_H

#include <cdb.h>
#include <stdbool.h>
#include <stddef.h>

#include "err.h"

/* A CDB whose keys are TYPE, one character, and NAME, which can be empty. */
struct cdbx {
	struct cdb cdb;
	int fd;
	const char *path; /* for error texts */
};

struct cdbx_record {
	char type;
	char *text; /* made a string; at most n octets with the NUL */
	size_t n;
	bool there;
};

/*
 * fd becomes the CDB's, and is closed also if it is none: -1 with e.  path has
 * to live as long as it.
 */
int cdbx_open(struct cdbx *c, int fd, const char *path, struct err *e);

/*
 * Fills the records of one name.  0, or -1 with e if the CDB is damaged or a
 * record does not fit; the texts of those that are not there are left alone.
 */
int cdbx_read(struct cdbx *c, const char *name, struct cdbx_record *want,
    size_t count, struct err *e);

void cdbx_close(struct cdbx *c);

/*
 * One look into a CDB of the administrator's: 1 if the record is there, 0 if
 * it is not or there is no such CDB, -1 with e.
 */
int cdbx_get(const char *path, char type, const char *name, char *dst, size_t n,
    struct err *e);

/* Several records of one name with one look: 0, or -1 with e. */
int cdbx_get_all(const char *path, const char *name, struct cdbx_record *want,
    size_t count, struct err *e);

#endif
