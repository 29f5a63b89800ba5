/* SPDX-License-Identifier: MIT */
#ifndef TLS_VARS_H
#define TLS_VARS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client.h"

/*
 * What the program is told of the connection: NAME=VALUE strings with a NUL
 * behind each, and an empty one at the end (UCSPI-TLS).
 */
#define VARS_MAX 4096

struct vars {
	unsigned version;
	uint16_t suite;
	const char *server_name; /* as the client sent it, or "" */
	bool resumed;
	const struct client_check *client; /* NULL: not asked for */
};

/* The octets of it, which fit. */
size_t vars_make(char dst[VARS_MAX], const struct vars *v);

/* Takes all that begins with SSL out of the environment, OpenSSL's too. */
void vars_clear(void);

/* Puts n octets of such strings into the environment; -1: they are none. */
int vars_put(char *strings, size_t n);

#endif
