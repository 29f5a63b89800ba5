/* SPDX-License-Identifier: MIT */
#ifndef TLS_ENGINE_H
#define TLS_ENGINE_H

#include "options.h"

/*
 * The process that holds the key and speaks TLS with the client for one
 * connection (docs/DESIGN.md, "TLS").
 */
struct engine_fds {
	int net_in, net_out; /* the client */
	int control;	     /* the program asks here, and is told */
	int from, to;	     /* plain octets of the program, and for it; to has
				one octet waiting, see below */
	int store;	     /* resumable sessions, or -1 */
};

#define ENGINE_LINGER 10000 /* ms of an end, see pump_run */

/*
 * Waits until control asks for TLS (end of file: it will not), reads
 * certificates and keys, gives up all rights, shakes hands, and carries octets
 * until one side ends.  Of all endings only a proper one takes the octet that
 * waits at to before it closes; after all others the program's read fails with
 * ECONNRESET.  client is his address, for the log.
 *
 * The exit code: 0; 1 when the handshake failed; 100 or 111 when we did.
 */
_Noreturn void engine_run(const struct tls_options *o,
    const struct engine_fds *f, const char *client);

#endif
