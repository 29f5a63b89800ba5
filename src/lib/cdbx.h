/* SPDX-License-Identifier: MIT */
#ifndef POPPER_CDBX_H
#define POPPER_CDBX_H

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

#endif
