/* SPDX-License-Identifier: MIT */
#include <bearssl.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "key.h"

struct number {
	const unsigned char *at;
	size_t n;
};

static void
same(struct number a, struct number b)
{
	for (; a.n > 0 && a.at[0] == 0; a.n--)
		a.at++;
	for (; b.n > 0 && b.at[0] == 0; b.n--)
		b.at++;
	if (a.n != b.n || memcmp(a.at, b.at, a.n) != 0)
		abort();
}

static void
same_rsa(const br_rsa_private_key *a, const br_rsa_private_key *b)
{
	if (a->n_bitlen != b->n_bitlen)
		abort();
	same(
	    (struct number){ a->p, a->plen }, (struct number){ b->p, b->plen });
	same(
	    (struct number){ a->q, a->qlen }, (struct number){ b->q, b->qlen });
	same((struct number){ a->dp, a->dplen },
	    (struct number){ b->dp, b->dplen });
	same((struct number){ a->dq, a->dqlen },
	    (struct number){ b->dq, b->dqlen });
	same((struct number){ a->iq, a->iqlen },
	    (struct number){ b->iq, b->iqlen });
}

/* A key that BearSSL's decoder takes, too, is the same one. */
static void
compare(const struct identity *id, const unsigned char *data, size_t n)
{
	br_skey_decoder_context d;

	br_skey_decoder_init(&d);
	br_skey_decoder_push(&d, data, n);
	if (br_skey_decoder_last_error(&d) != 0)
		return;
	if (br_skey_decoder_key_type(&d) != id->key_type)
		abort();
	if (id->key_type == BR_KEYTYPE_RSA) {
		same_rsa(&id->key.rsa, br_skey_decoder_get_rsa(&d));
	} else {
		const br_ec_private_key *ec = br_skey_decoder_get_ec(&d);

		if (ec->curve != id->key.ec.curve)
			abort();
		same((struct number){ id->key.ec.x, id->key.ec.xlen },
		    (struct number){ ec->x, ec->xlen });
	}
}

/* The first octet says which form it is, the others are the key. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const char *const label[] = { "PRIVATE KEY", "RSA PRIVATE KEY",
		"EC PRIVATE KEY" };
	struct pem_object o = { 0 };
	struct identity id = { 0 };
	unsigned char *copy;
	struct err e;

	if (n == 0)
		return 0;
	copy = malloc(n);
	if (copy == NULL)
		abort();
	memcpy(copy, data, n);
	o.label = label[data[0] % 3];
	o.data = copy + 1;
	o.len = n - 1;
	if (key_decode(&id, &o, "fuzz", &e) == 0)
		compare(&id, o.data, o.len);
	else if (e.kind == ERR_NONE || strncmp(e.text, "fuzz: ", 6) != 0)
		abort();
	free(copy);
	return 0;
}
