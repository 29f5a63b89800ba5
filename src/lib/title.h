/* SPDX-License-Identifier: MIT */
#ifndef POPPER_TITLE_H
#define POPPER_TITLE_H

#include <stddef.h>

/*
 * What ps(1) shows of a process.  It is written over the strings of argv, and
 * over the first ones of the environment, which move to a place of their own;
 * so it takes no system call, and goes on in a process that may make none.
 */
#define TITLE_MAX 256 /* octets, with the NUL */

struct title {
	char *at; /* NULL: there is no room, and nothing is shown */
	size_t args, room;
	char moved[TITLE_MAX];
};

/*
 * argv and envp as main() had them, before any word is moved.  Once a title was
 * set, what stands in argv is not to be read any more.  t has to stay where it
 * is: the environment lies in it.
 */
void title_init(struct title *t, char *const *argv, char **envp);

/*
 * Shows text, cut to the room that there is.  It has to be safe to print: every
 * user of this machine can read it.
 */
void title_set(const struct title *t, const char *text);

#endif
