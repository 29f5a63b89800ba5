/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "tlspair.h"

static const unsigned char octets[32] = { 1 };
static unsigned char nothing[100];

const br_ec_private_key tlspair_key = { .curve = BR_EC_secp256r1,
	.x = (unsigned char *)octets,
	.xlen = sizeof octets };
const br_x509_certificate tlspair_chain = { nothing, sizeof nothing };

void
tlspair_client(br_ssl_client_context *c, br_x509_knownkey_context *known,
    const br_ec_private_key *pinned, unsigned char *buf)
{
	static br_x509_minimal_context unused;
	static unsigned char point[BR_EC_KBUF_PUB_MAX_SIZE];
	br_ec_public_key public;

	br_ec_compute_pub(br_ec_get_default(), &public, point, pinned);
	br_x509_knownkey_init_ec(
	    known, &public, BR_KEYTYPE_KEYX | BR_KEYTYPE_SIGN);
	br_ssl_client_init_full(c, &unused, NULL, 0);
	br_ssl_engine_set_x509(&c->eng, &known->vtable);
	br_ssl_engine_set_buffer(&c->eng, buf, BR_SSL_BUFSIZE_BIDI, 1);
}

size_t
tlspair_carry(
    br_ssl_engine_context *from, br_ssl_engine_context *to, size_t max)
{
	size_t n;
	size_t room;
	unsigned char *p = br_ssl_engine_sendrec_buf(from, &n);
	unsigned char *q = br_ssl_engine_recvrec_buf(to, &room);

	if (p == NULL || q == NULL)
		return 0;
	n = n < room ? n : room;
	n = n < max ? n : max;
	memcpy(q, p, n);
	br_ssl_engine_sendrec_ack(from, n);
	return n;
}
