/* SPDX-License-Identifier: MIT */
/* runs as: poptls's engine */
#include <stddef.h>
#include <string.h>

#include "crypto.h"
#include "policy.h"
#include "suites.h"

#define BY_HASH 0xff00 /* algo_id, and a hash's number */
#define MD5_SHA1 0     /* the number of both, for RSA before TLS 1.2 */

static const struct {
	int id;
	const br_hash_class *hash;
	const unsigned char *oid; /* for RSA (RFC 8017 section 9.2) */
} hashes[] = {
	{ br_sha256_ID, &br_sha256_vtable, BR_HASH_OID_SHA256 },
	{ br_sha384_ID, &br_sha384_vtable, BR_HASH_OID_SHA384 },
	{ br_sha512_ID, &br_sha512_vtable, BR_HASH_OID_SHA512 },
	{ br_sha1_ID, &br_sha1_vtable, BR_HASH_OID_SHA1 },
};

#define HASHES (sizeof hashes / sizeof hashes[0])

/* The hash of the signature, or -1: bits 0 to 7 for RSA, 8 to 15 for ECDSA. */
static int
hash_for(const struct policy *p, const br_ssl_server_context *cc, int key_type)
{
	uint32_t offered = br_ssl_server_get_client_hashes(cc);
	unsigned shift = key_type == BR_KEYTYPE_EC ? 8 : 0;
	size_t i;

	if (br_ssl_engine_get_version(&cc->eng) < BR_TLS12)
		return key_type == BR_KEYTYPE_EC ? br_sha1_ID : MD5_SHA1;
	/* RFC 9155: no SHA-1 with TLS 1.2, unless old clients are wanted */
	for (i = 0; i < HASHES; i++) {
		if ((hashes[i].id != br_sha1_ID || p->old) &&
		    (offered >> (shift + (unsigned)hashes[i].id) & 1) != 0)
			return hashes[i].id;
	}
	return -1;
}

static int
choose(const br_ssl_server_policy_class **pctx, const br_ssl_server_context *cc,
    br_ssl_server_choices *choices)
{
	struct policy *p = (struct policy *)(void *)pctx;
	const struct identity *id =
	    identity_find(p->all, br_ssl_engine_get_server_name(&cc->eng));
	const br_suite_translated *offered;
	size_t n;
	size_t i;
	int hash = hash_for(p, cc, id->key_type);

	offered = br_ssl_server_get_client_suites(cc, &n);
	/* both know these; they stand in our order */
	for (i = 0; i < n && hash != -1; i++) {
		const struct suite *s = suite_find(offered[i][0]);

		if (s == NULL || s->key_type != id->key_type)
			continue;
		choices->cipher_suite = s->id;
		choices->algo_id = BY_HASH + (unsigned)hash;
		choices->chain = id->chain;
		choices->chain_len = id->chain_len;
		p->shown = id;
		return 1;
	}
	return 0;
}

/* All suites have ECDHE, so the key decrypts nothing. */
static uint32_t
do_keyx(
    const br_ssl_server_policy_class **pctx, unsigned char *data, size_t *len)
{
	(void)pctx;
	(void)data;
	(void)len;
	return 0;
}

static size_t
sign_rsa(const br_rsa_private_key *k, const unsigned char *oid,
    unsigned char *data, size_t hv_len, size_t len)
{
	unsigned char hash[64];
	size_t n = (k->n_bitlen + 7) / 8;

	if (n > len || hv_len > sizeof hash)
		return 0;
	memcpy(hash, data, hv_len);
	return br_rsa_pkcs1_sign_get_default()(oid, hash, hv_len, k, data) == 1
	    ? n
	    : 0;
}

static size_t
sign_ec(const br_ec_private_key *k, const br_hash_class *hash,
    unsigned char *data, size_t hv_len, size_t len)
{
	unsigned char sig[160]; /* P-521 needs 141 */
	size_t n;

	(void)hv_len;
	n = br_ecdsa_sign_asn1_get_default()(crypto_ec(), hash, data, k, sig);
	if (n == 0 || n > len)
		return 0;
	memcpy(data, sig, n);
	return n;
}

static size_t
do_sign(const br_ssl_server_policy_class **pctx, unsigned algo_id,
    unsigned char *data, size_t hv_len, size_t len)
{
	const struct policy *p = (const struct policy *)(const void *)pctx;
	const struct identity *id = p->shown;
	int hash = (int)(algo_id - BY_HASH);
	size_t i;

	if (id == NULL)
		return 0;
	if (id->key_type == BR_KEYTYPE_RSA && hash == MD5_SHA1)
		return sign_rsa(&id->key.rsa, NULL, data, hv_len, len);
	for (i = 0; i < HASHES; i++) {
		if (hashes[i].id != hash)
			continue;
		return id->key_type == BR_KEYTYPE_RSA
		    ? sign_rsa(&id->key.rsa, hashes[i].oid, data, hv_len, len)
		    : sign_ec(&id->key.ec, hashes[i].hash, data, hv_len, len);
	}
	return 0;
}

void
policy_init(struct policy *p, const struct identities *all, bool old)
{
	static const br_ssl_server_policy_class class = { sizeof(struct policy),
		choose, do_keyx, do_sign };

	p->vtable = &class;
	p->all = all;
	p->old = old;
	p->shown = NULL;
}
