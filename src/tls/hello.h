/* SPDX-License-Identifier: MIT */
#ifndef TLS_HELLO_H
#define TLS_HELLO_H

#include <bearssl.h>
#include <stdbool.h>
#include <stddef.h>

#include "store.h"

/*
 * A client's first words, kept until they are answered: if the session that
 * they resume was made for another name (store_suits), the server hears them
 * once more, without this session, and answers with a full handshake, as RFC
 * 6066 section 3 asks.
 */
#define HELLO_MAX 4096 /* octets; those of today's clients have up to 2,000 */

struct hello {
	br_ssl_server_context *server; /* buffer set, and reset */
	struct store *store; /* NULL: none, and nothing is done here */
	unsigned char octets[HELLO_MAX];
	size_t len;
	bool answered;
};

void hello_init(
    struct hello *h, br_ssl_server_context *server, struct store *s);

/*
 * To be called in place of br_ssl_engine_recvrec_ack, all the connection long,
 * and before anything that br_ssl_engine_sendrec_buf gives is sent.  False:
 * end the connection, unanswered: a session of another name, and the hello was
 * longer than HELLO_MAX.
 */
bool hello_received(struct hello *h, size_t n);

#endif
