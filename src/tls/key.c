/* SPDX-License-Identifier: MIT */
/* runs as: root (poptls: the engine, until it is confined) */
#include <string.h>

#include "key.h"
#include "oid.h"

#define RSA_BITS_MIN 2048
#define RSA_BITS_MAX 4096
#define FACTOR_BITS_MAX ((RSA_BITS_MAX + 64) / 2)
#define KINDS "RSA, and EC on P-256 and P-384"

struct reading {
	struct identity *id;
	unsigned char *data; /* the object, which BearSSL wants writable */
	const struct der *whole;
	const char *path;
	struct err *e;
};

bool
key_is(const char *label)
{
	static const char tail[] = "PRIVATE KEY";
	size_t n = strlen(label);

	return n >= sizeof tail - 1 &&
	    strcmp(label + n - (sizeof tail - 1), tail) == 0;
}

static int
damaged(const struct reading *r)
{
	return err_set(r->e, ERR_PERM,
	    "%.200s: the private key is damaged: take it from a copy, or make "
	    "a new key and certificate",
	    r->path);
}

static int
unknown(const struct reading *r, const char *what, const char *name)
{
	return err_set(r->e, ERR_PERM,
	    "%.200s: the private key is %s%.60s, which poptls does not have: "
	    "make a key and a certificate of another kind (" KINDS ")",
	    r->path, what, name);
}

/* The octets of d as part of the object. */
static unsigned char *
own(const struct reading *r, const struct der *d)
{
	return r->data + (d->at - r->whole->at);
}

static uint32_t
bits(const struct der *n)
{
	uint32_t count = (uint32_t)n->left * 8;
	unsigned top = n->left > 0 ? n->at[0] : 0x80;

	for (; top < 0x80; top <<= 1)
		count--;
	return count;
}

static int
rsa(const struct reading *r, struct der d)
{
	enum {
		VERSION,
		N,
		E,
		D,
		P,
		Q,
		DP,
		DQ,
		IQ,
		NUMBERS
	};
	br_rsa_private_key *k = &r->id->key.rsa;
	struct der n[NUMBERS];
	struct der in;
	size_t i;

	if (der_take(&d, DER_SEQUENCE, &in) == -1 || d.left != 0)
		return damaged(r);
	for (i = 0; i < NUMBERS; i++)
		if (der_number(&in, &n[i]) == -1 ||
		    (i != VERSION && n[i].left == 0))
			return damaged(r);
	if (n[VERSION].left != 0)
		return unknown(r, "RSA ", "of more than two primes");
	if (in.left != 0)
		return damaged(r);
	k->n_bitlen = bits(&n[N]);
	if (k->n_bitlen < RSA_BITS_MIN || k->n_bitlen > RSA_BITS_MAX)
		return err_set(r->e, ERR_PERM,
		    "%.200s: the RSA key has %u bits: make a key of %d to %d "
		    "bits and a new certificate",
		    r->path, k->n_bitlen, RSA_BITS_MIN, RSA_BITS_MAX);
	/* BearSSL has room for factors of a half, and for odd ones an inverse
	 */
	if (bits(&n[P]) > FACTOR_BITS_MAX || bits(&n[Q]) > FACTOR_BITS_MAX ||
	    bits(&n[P]) + bits(&n[Q]) - k->n_bitlen > 1 ||
	    (n[P].at[n[P].left - 1] & n[Q].at[n[Q].left - 1] & 1) == 0)
		return damaged(r);
	k->p = own(r, &n[P]);
	k->plen = n[P].left;
	k->q = own(r, &n[Q]);
	k->qlen = n[Q].left;
	k->dp = own(r, &n[DP]);
	k->dplen = n[DP].left;
	k->dq = own(r, &n[DQ]);
	k->dqlen = n[DQ].left;
	k->iq = own(r, &n[IQ]);
	k->iqlen = n[IQ].left;
	r->id->key_type = BR_KEYTYPE_RSA;
	return 0;
}

/* The curve of an OBJECT IDENTIFIER, and the size of its private keys. */
static int
curve(const struct reading *r, struct der d, int *id, size_t *size)
{
	char name[OID_TEXT_MAX];
	struct der oid;

	if (der_take(&d, DER_OID, &oid) == -1)
		return unknown(r, "on a curve ", "given by its numbers");
	if (d.left != 0)
		return damaged(r);
	if (DER_IS(&oid, OID_P256)) {
		*id = BR_EC_secp256r1;
		*size = 32;
	} else if (DER_IS(&oid, OID_P384)) {
		*id = BR_EC_secp384r1;
		*size = 48;
	} else {
		return unknown(r, "on the curve ", oid_text(&oid, name));
	}
	return 0;
}

/* outer: the curve that PKCS#8 names, or one of no octets. */
static int
ec(const struct reading *r, struct der d, const struct der *outer)
{
	br_ec_private_key *k = &r->id->key.ec;
	struct der in;
	struct der version;
	struct der x;
	struct der inner = { NULL, 0 };
	size_t size = 0;

	if (der_take(&d, DER_SEQUENCE, &in) == -1 || d.left != 0 ||
	    der_number(&in, &version) == -1 || !DER_IS(&version, "\1") ||
	    der_take(&in, DER_OCTETS, &x) == -1)
		return damaged(r);
	/* the public key may follow, or not */
	der_take(&in, DER_CONTEXT_CONS + 0, &inner);
	if (inner.left == 0 && outer->left == 0)
		return unknown(r, "on a curve ", "that it does not name");
	if (inner.left != 0 && outer->left != 0 && !der_equal(&inner, outer))
		return damaged(r);
	if (curve(r, inner.left != 0 ? inner : *outer, &k->curve, &size) == -1)
		return -1;
	while (x.left > 0 && x.at[0] == 0) {
		x.at++;
		x.left--;
	}
	if (x.left == 0 || x.left > size)
		return damaged(r);
	k->x = own(r, &x);
	k->xlen = x.left;
	r->id->key_type = BR_KEYTYPE_EC;
	return 0;
}

static int
pkcs8(const struct reading *r, struct der d)
{
	char name[OID_TEXT_MAX];
	struct der in;
	struct der version;
	struct der algorithm;
	struct der oid;
	struct der octets;

	if (der_take(&d, DER_SEQUENCE, &in) == -1 || d.left != 0 ||
	    der_number(&in, &version) == -1 ||
	    der_take(&in, DER_SEQUENCE, &algorithm) == -1 ||
	    der_take(&algorithm, DER_OID, &oid) == -1 ||
	    der_take(&in, DER_OCTETS, &octets) == -1)
		return damaged(r);
	if (DER_IS(&oid, OID_RSA))
		return rsa(r, octets);
	if (DER_IS(&oid, OID_EC))
		return ec(r, octets, &algorithm);
	return unknown(r, "of the kind ", oid_text(&oid, name));
}

int
key_decode(struct identity *id, const struct pem_object *o, const char *path,
    struct err *e)
{
	static const struct der none = { NULL, 0 };
	const struct der whole = { o->data, o->len };
	const struct reading r = { id, o->data, &whole, path, e };

	if (o->encrypted || strcmp(o->label, "ENCRYPTED PRIVATE KEY") == 0)
		return err_set(e, ERR_PERM,
		    "%.200s: the private key is encrypted, and poptls has no "
		    "passphrase: decrypt it with tls-unlock(8), which reads "
		    "the option tls-passphrase",
		    path);
	if (strcmp(o->label, "PRIVATE KEY") == 0)
		return pkcs8(&r, whole);
	if (strcmp(o->label, "RSA PRIVATE KEY") == 0)
		return rsa(&r, whole);
	if (strcmp(o->label, "EC PRIVATE KEY") == 0)
		return ec(&r, whole, &none);
	return unknown(&r, "of the kind ", o->label);
}
