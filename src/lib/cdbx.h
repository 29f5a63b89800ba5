/* SPDX-License-Identifier: MIT */
#ifndef POPPER_CDBX_H
#define POPPER_CDBX_H

#include <stdbool.h>
#include <stddef.h>

#include "err.h"

/*
 * One look into a CDB of the administrator's: the record of the key TYPE
 * followed by NAME is copied to dst as a string.  Returns 1 if it is there,
 * 0 if it is not or there is no such CDB, -1 with e if the CDB cannot be
 * used or the record does not fit.
 */
int cdbx_get(const char *path, char type, const char *name, char *dst, size_t n,
    struct err *e);

/* Several records of one name with one look: 0, or -1 with e. */
struct cdbx_record {
	char type;
	char *text;
	size_t n;
	bool there;
};

int cdbx_get_all(const char *path, const char *name, struct cdbx_record *want,
    size_t count, struct err *e);

#endif
