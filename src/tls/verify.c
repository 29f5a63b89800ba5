/* SPDX-License-Identifier: MIT */
/* runs as: root (poptls --check) */
#include <string.h>

#include "verify.h"

#define RSA_OCTETS_MAX 512
#define DIGEST_MAX 64

/* Algorithms of signatures (RFC 3279 section 2.2, RFC 5758 section 3.2) */
static const struct kind {
	const char *oid;
	int key_type;
	const br_hash_class *hash; /* NULL: is not verified */
	const unsigned char *hash_oid;
	const char *weak;
} kinds[] = {
	{ "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x04", BR_KEYTYPE_RSA, NULL, NULL,
	    "MD5" },
	{ "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05", BR_KEYTYPE_RSA,
	    &br_sha1_vtable, BR_HASH_OID_SHA1, "SHA-1" },
	{ "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b", BR_KEYTYPE_RSA,
	    &br_sha256_vtable, BR_HASH_OID_SHA256, NULL },
	{ "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c", BR_KEYTYPE_RSA,
	    &br_sha384_vtable, BR_HASH_OID_SHA384, NULL },
	{ "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d", BR_KEYTYPE_RSA,
	    &br_sha512_vtable, BR_HASH_OID_SHA512, NULL },
	{ "\x2a\x86\x48\xce\x3d\x04\x01", BR_KEYTYPE_EC, &br_sha1_vtable, NULL,
	    "SHA-1" },
	{ "\x2a\x86\x48\xce\x3d\x04\x03\x02", BR_KEYTYPE_EC, &br_sha256_vtable,
	    NULL, NULL },
	{ "\x2a\x86\x48\xce\x3d\x04\x03\x03", BR_KEYTYPE_EC, &br_sha384_vtable,
	    NULL, NULL },
	{ "\x2a\x86\x48\xce\x3d\x04\x03\x04", BR_KEYTYPE_EC, &br_sha512_vtable,
	    NULL, NULL },
};

static const struct kind *
kind_of(const struct cert *c)
{
	size_t i;

	for (i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (c->sign_kind.left == strlen(kinds[i].oid) &&
		    memcmp(c->sign_kind.at, kinds[i].oid, c->sign_kind.left) ==
			0)
			return &kinds[i];
	return NULL;
}

/* The public key, which points into d; NULL: BearSSL does not have its kind. */
static const br_x509_pkey *
public_key(br_x509_decoder_context *d, const br_x509_certificate *cert)
{
	br_x509_decoder_init(d, NULL, NULL);
	br_x509_decoder_push(d, cert->data, cert->data_len);
	return br_x509_decoder_get_pkey(d);
}

static enum verify
same(const unsigned char *a, size_t a_len, const unsigned char *b, size_t b_len)
{
	for (; a_len > 0 && *a == 0; a_len--)
		a++;
	for (; b_len > 0 && *b == 0; b_len--)
		b++;
	return a_len != 0 && a_len == b_len && memcmp(a, b, a_len) == 0
	    ? VERIFY_GOOD
	    : VERIFY_BAD;
}

enum verify
verify_key(const struct identity *id)
{
	unsigned char got[RSA_OCTETS_MAX];
	br_x509_decoder_context d;
	const br_x509_pkey *cert = public_key(&d, &id->chain[0]);
	br_ec_public_key ec;
	size_t n;

	if (cert == NULL)
		return VERIFY_UNKNOWN;
	if (cert->key_type != id->key_type)
		return VERIFY_BAD;
	if (id->key_type == BR_KEYTYPE_EC) {
		n = br_ec_compute_pub(
		    br_ec_get_default(), &ec, got, &id->key.ec);
		return same(got, n, cert->key.ec.q, cert->key.ec.qlen);
	}
	/* not the default one, which has no room for 4096 bits */
	if (br_rsa_i15_compute_modulus(NULL, &id->key.rsa) > sizeof got)
		return VERIFY_BAD;
	n = br_rsa_i15_compute_modulus(got, &id->key.rsa);
	return same(got, n, cert->key.rsa.n, cert->key.rsa.nlen);
}

static size_t
digest(const br_hash_class *hash, const struct der *d,
    unsigned char out[DIGEST_MAX])
{
	br_hash_compat_context h;

	hash->init(&h.vtable);
	hash->update(&h.vtable, d->at, d->left);
	hash->out(&h.vtable, out);
	return hash->desc >> BR_HASHDESC_OUT_OFF & BR_HASHDESC_OUT_MASK;
}

enum verify
verify_signature(const struct cert *c, const br_x509_certificate *issuer)
{
	unsigned char got[DIGEST_MAX];
	unsigned char want[DIGEST_MAX];
	br_x509_decoder_context d;
	const br_x509_pkey *key = public_key(&d, issuer);
	const struct kind *kind = kind_of(c);
	size_t n;
	uint32_t ok;

	if (key == NULL || kind == NULL || kind->hash == NULL)
		return VERIFY_UNKNOWN;
	if (key->key_type != kind->key_type)
		return VERIFY_BAD;
	n = digest(kind->hash, &c->signed_part, want);
	if (kind->key_type == BR_KEYTYPE_EC)
		ok = br_ecdsa_vrfy_asn1_get_default()(br_ec_get_default(), want,
		    n, &key->key.ec, c->sign.at, c->sign.left);
	else
		ok = br_rsa_pkcs1_vrfy_get_default()(c->sign.at, c->sign.left,
			 kind->hash_oid, n, &key->key.rsa, got) != 0 &&
		    memcmp(got, want, n) == 0;
	return ok != 0 ? VERIFY_GOOD : VERIFY_BAD;
}

const char *
verify_weak(const struct cert *c)
{
	const struct kind *kind = kind_of(c);

	return kind != NULL ? kind->weak : NULL;
}
