/* SPDX-License-Identifier: MIT */
#ifndef POPPER_USERNAME_H
#define POPPER_USERNAME_H

#include <stdbool.h>

#define USERNAME_MAX 64 /* with the NUL */

/*
 * True if s can be the name of a maildrop: 1 to 63 printable ASCII
 * characters, none of them a blank, a slash, a percent sign, a quote, a
 * backslash or a colon; no dot in front, no two dots in a row; no # in front,
 * which is a remark in the sources of the CDBs; and not the name of another
 * user's dot-lock (.lock at the end).
 */
bool username_ok(const char *s);

#endif
