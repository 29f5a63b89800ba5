/* SPDX-License-Identifier: MIT */
#ifndef POPPER_VERSION_H
#define POPPER_VERSION_H

#define POPPER_NAME "popper"
#define POPPER_VERSION "0.1.0" /* digits and dots only: log tools match it */

/*
 * What greeting and CAPA announce: who changes the program says so with
 * make BANNER=-EXAMPLE.  The log does not have it.
 */
#ifndef POPPER_BANNER
#define POPPER_BANNER ""
#endif
#define POPPER_ANNOUNCED POPPER_VERSION POPPER_BANNER
_Static_assert(sizeof POPPER_BANNER <= 33, "BANNER has 32 characters at most");

#endif
