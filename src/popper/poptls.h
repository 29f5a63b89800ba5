/* SPDX-License-Identifier: MIT */
#ifndef POPPER_POPTLS_H
#define POPPER_POPTLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "config.h"
#include "programs.h"

/*
 * poptls(8), the TLS wrapper, as the tls- options want it.  It is beside
 * popper's own file.
 */
#define POPTLS_WORDS 20
/* set for the popper behind poptls, that it does not start it again */
#define POPTLS_STARTED "POPPER_TLS_STARTED"

struct poptls {
	char self[PROGRAMS_PATH]; /* popper */
	char path[PROGRAMS_PATH]; /* poptls */
	char key[PROGRAMS_PATH];  /* the decrypted copy of a key */
	char seconds[12];
	const char *word[POPTLS_WORDS]; /* the command line; points into it */
	size_t count;			/* 0: no TLS is wanted */
};

/* ERR_CONF: the options name no certificate, or contradict each other. */
int poptls_command(struct poptls *p, const struct config *c, struct err *e);

/* The command line in words quoted for sh(1), or nothing. */
void poptls_print(const struct poptls *p, FILE *to);

/*
 * Becomes poptls, which becomes this program again, with the same arguments;
 * -1 with e.  Before that nothing may be closed or marked to be closed.
 * Returns 0 if no TLS is wanted.
 */
int poptls_start(const struct config *c, int argc, char **argv, struct err *e);

/* The name that we were called by, also before poptls was started. */
const char *poptls_called(char *const *argv);

#endif
