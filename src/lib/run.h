/* SPDX-License-Identifier: MIT */
#ifndef POPPER_RUN_H
#define POPPER_RUN_H

#include <stddef.h>
#include <stdint.h>

#include "err.h"

#define RUN_INPUT_MAX 4096

/*
 * A program that is run and waited for, with nothing of ours but what is
 * named here: no other fds, no other environment, default signals.  Its
 * standard error is the log, unless that is a socket.  When it ends, or its
 * time, all processes of its group are killed.
 */
struct run {
	char *const *argv; /* argv[0] is its path */
	char *const *envp;
	const void *input; /* what it can read from fd 3, or NULL */
	size_t input_len;  /* at most RUN_INPUT_MAX */
	char *out;	   /* its standard output, made a string */
	size_t out_size;
	int64_t limit; /* milliseconds: it is killed then */
};

/*
 * Returns the exit code; 127 if there is no such program.  -1 with e: it could
 * not be started, was killed, took too long, or wrote more than fits.
 */
int run_program(const struct run *r, struct err *e);

/*
 * Cuts text at blanks into words, with a NULL behind them; -1 if there are
 * more than n - 1, or none.
 */
int run_words(char *text, char **word, size_t n);

#endif
