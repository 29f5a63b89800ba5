/* SPDX-License-Identifier: MIT */
#ifndef POPPER_CMD_H
#define POPPER_CMD_H

#include "session.h"

#define CMD_ARGS 4 /* with the command itself at most five words */

struct args {
	int count;
	const char *arg[CMD_ARGS];
};

/*
 * A command of one state: ONE row has all there is to it.  A table ends with
 * a row without a name.
 */
struct cmd {
	const char *name; /* lower case */
	int min, max;	  /* number of arguments; raw commands take one */
	bool raw;	  /* the rest of the line is the argument, as it is */
	const char *log;  /* how the log shows it: NULL as it came, or a text
			     without the secret */
	enum outcome (*run)(struct session *s, const struct args *a);
	/* writes the lines after +OK; -1 if the client cannot be told */
	int (*body)(struct session *s);
};

extern const struct cmd cmd_authorization[];
extern const struct cmd cmd_transaction[];

/* Finds and runs the command in line, which is cut up; *c is its row. */
enum outcome cmd_exec(const struct cmd *table, struct session *s, char *line,
    const struct cmd **c);

#endif
