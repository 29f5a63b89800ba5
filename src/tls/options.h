/* SPDX-License-Identifier: MIT */
#ifndef TLS_OPTIONS_H
#define TLS_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "err.h"

/*
 * The options of poptls(8): letters on its command line, and nothing else.
 * Strings are the caller's argv.
 */
enum tls_mode {
	TLS_SERVE,
	TLS_CHECK,   /* --check */
	TLS_VERSION, /* --version */
	TLS_HELP     /* --help */
};

struct tls_options {
	const char *ca;	     /* -a: who signs clients' certificates, or NULL */
	const char *cert;    /* -c: the chain, and the key if key is NULL */
	const char *dir;     /* -e: the empty root */
	const char *key;     /* -k, or NULL */
	const char *names;   /* -n: folder of more certificates, or NULL */
	const char *suites;  /* -p: names, or NULL */
	bool require;	     /* -r: no client without a certificate */
	bool on_request;     /* -s: by SSLCTLFD; else at once */
	uint32_t seconds;    /* -t: of a handshake */
	uint32_t uid;	     /* -u, or 0: a number of its own */
	const char *version; /* -v: the least one, or NULL */
};

/*
 * Reads the command line.  The index of the program's name in argv, or 0 if
 * there has to be none (mode tells), or -1 with e, ERR_CONF.
 */
int tls_options_read(struct tls_options *o, enum tls_mode *mode, int argc,
    char **argv, struct err *e);

void tls_options_help(FILE *to);

#endif
