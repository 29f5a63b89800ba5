/* SPDX-License-Identifier: MIT */
#ifndef POPPASSD_CHANGE_H
#define POPPASSD_CHANGE_H

#include <stdbool.h>

#include "link.h"

/*
 * Runs the program that checks and changes passwords, with fd 3 as
 * checkpassword programs have it: user, old and new password, a NUL behind
 * each.  The passwords are read from the front's socket by the process that
 * then becomes the program.  change: there is a new password; else the old
 * one is only checked.
 *
 * Fills a, and why with what the log should have: what is wrong with the
 * program, or the first line of its standard error without "PROGRAM: " and
 * "USER refused: " in front.
 */
void change_run(const struct session *s, const char *user, bool change,
    struct answer *a, char why[TEXT_MAX]);

#endif
