/* SPDX-License-Identifier: MIT */
/* runs as: poptls's engine */
#include <string.h>

#include "hello.h"

void
hello_init(struct hello *h, br_ssl_server_context *server, struct store *s)
{
	h->server = server;
	h->store = s;
	h->len = 0;
	h->answered = s == NULL;
}

/* One octet more than there is room for says that it was too long. */
static void
keep(struct hello *h, size_t n)
{
	size_t room;
	unsigned char *p = br_ssl_engine_recvrec_buf(&h->server->eng, &room);

	if (p == NULL || n > sizeof h->octets - h->len) {
		h->len = sizeof h->octets + 1;
		return;
	}
	memcpy(h->octets + h->len, p, n);
	h->len += n;
}

static bool
again(struct hello *h)
{
	br_ssl_engine_context *eng = &h->server->eng;
	size_t done = 0;
	size_t n;

	if (h->len > sizeof h->octets)
		return false;
	/* the store gives a connection no second session */
	if (!br_ssl_server_reset(h->server))
		return false;
	while (done < h->len) {
		unsigned char *p = br_ssl_engine_recvrec_buf(eng, &n);

		/* it is closed, or has its answer: as the first time */
		if (p == NULL)
			return true;
		if (n > h->len - done)
			n = h->len - done;
		memcpy(p, h->octets + done, n);
		br_ssl_engine_recvrec_ack(eng, n);
		done += n;
	}
	return true;
}

bool
hello_received(struct hello *h, size_t n)
{
	br_ssl_engine_context *eng = &h->server->eng;

	if (!h->answered && h->len <= sizeof h->octets)
		keep(h, n);
	br_ssl_engine_recvrec_ack(eng, n);
	if (h->answered ||
	    (br_ssl_engine_current_state(eng) &
		(BR_SSL_SENDREC | BR_SSL_CLOSED)) == 0)
		return true;
	h->answered = true;
	return store_suits(h->store, h->server) || again(h);
}
