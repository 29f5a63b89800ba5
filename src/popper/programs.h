/* SPDX-License-Identifier: MIT */
#ifndef POPPER_PROGRAMS_H
#define POPPER_PROGRAMS_H

#include "err.h"

/* popper's own file, and those that are installed beside it. */
#define PROGRAMS_PATH 1024 /* octets of a path, with the NUL */

/* The absolute path of the running program; ERR_PERM. */
int programs_self(char path[PROGRAMS_PATH], struct err *e);

/* The same of the file of this name in self's folder, there or not. */
int programs_beside(char path[PROGRAMS_PATH], const char *self,
    const char *name, struct err *e);

#endif
