/* SPDX-License-Identifier: MIT */
/* runs as: root (poptls --check, clients' authorities), poptls's engine */
#include <string.h>
#include <strings.h>

#include "cert.h"

#define EXT_USAGE "\x55\x1d\x0f"
#define EXT_NAMES "\x55\x1d\x11"
#define EXT_CONSTRAINTS "\x55\x1d\x13"
#define EXT_PURPOSES "\x55\x1d\x25"
#define EXT_ACCESS "\x2b\x06\x01\x05\x05\x07\x01\x01"
#define ANY_PURPOSE "\x55\x1d\x25\x00"
#define DNS_NAME (DER_CONTEXT + 2)

static bool
is_oid(const struct der *d, const char *oid)
{
	size_t n = strlen(oid);

	/* all but that of any purpose have no NUL */
	return d->left == n && memcmp(d->at, oid, n) == 0;
}

static int
constraints(struct cert *c, struct der d)
{
	struct der in;
	struct der flag;

	if (der_take(&d, DER_SEQUENCE, &in) == -1)
		return -1;
	if (der_take(&in, DER_BOOLEAN, &flag) == 0)
		c->ca = DER_IS(&flag, "\xff");
	return 0;
}

static int
key_usage(struct cert *c, struct der d)
{
	struct der bits;

	/* its first octet is the number of bits at the end that do not count,
	   which are 0 */
	if (der_take(&d, DER_BITS, &bits) == -1 || bits.left < 2)
		return -1;
	c->usage = (struct der){ bits.at + 1, bits.left - 1 };
	return 0;
}

static int
extension(struct cert *c, struct der d)
{
	struct der oid;
	struct der critical;
	struct der value;

	if (der_take(&d, DER_OID, &oid) == -1)
		return -1;
	der_take(&d, DER_BOOLEAN, &critical);
	if (der_take(&d, DER_OCTETS, &value) == -1 || d.left != 0)
		return -1;
	if (is_oid(&oid, EXT_USAGE))
		return key_usage(c, value);
	if (is_oid(&oid, EXT_CONSTRAINTS))
		return constraints(c, value);
	if (is_oid(&oid, EXT_NAMES)) {
		c->has_names = true;
		return der_take(&value, DER_SEQUENCE, &c->names);
	}
	if (is_oid(&oid, EXT_PURPOSES)) {
		c->has_purposes = true;
		return der_take(&value, DER_SEQUENCE, &c->purposes);
	}
	if (is_oid(&oid, EXT_ACCESS))
		c->issuer_told = true;
	return 0;
}

static int
extensions(struct cert *c, struct der *rest)
{
	struct der tagged;
	struct der all;
	struct der one;

	/* identifiers of issuer and subject, which nobody uses */
	der_take(rest, DER_CONTEXT + 1, &tagged);
	der_take(rest, DER_CONTEXT + 2, &tagged);
	if (rest->left == 0)
		return 0;
	if (der_take(rest, DER_CONTEXT_CONS + 3, &tagged) == -1 ||
	    rest->left != 0 || der_take(&tagged, DER_SEQUENCE, &all) == -1 ||
	    tagged.left != 0)
		return -1;
	while (all.left != 0)
		if (der_take(&all, DER_SEQUENCE, &one) == -1 ||
		    extension(c, one) == -1)
			return -1;
	return 0;
}

static int
public_key(struct cert *c, struct der d)
{
	if (der_take(&d, DER_SEQUENCE, &c->key_of) == -1 ||
	    der_take(&c->key_of, DER_OID, &c->key_kind) == -1)
		return -1;
	return der_bits(&d, &c->key);
}

static int
to_be_signed(struct cert *c, struct der d)
{
	struct der skip;
	struct der dates;
	struct der key;

	der_take(&d, DER_CONTEXT_CONS + 0, &skip); /* version */
	if (der_take(&d, DER_INTEGER, &skip) == -1 ||
	    der_take(&d, DER_SEQUENCE, &skip) == -1 ||
	    der_whole(&d, DER_SEQUENCE, &c->issuer, &skip) == -1 ||
	    der_take(&d, DER_SEQUENCE, &dates) == -1 ||
	    der_time(&dates, &c->from) == -1 ||
	    der_time(&dates, &c->until) == -1 || dates.left != 0 ||
	    der_whole(&d, DER_SEQUENCE, &c->subject, &skip) == -1 ||
	    der_take(&d, DER_SEQUENCE, &key) == -1 || public_key(c, key) == -1)
		return -1;
	return extensions(c, &d);
}

int
cert_read(struct cert *c, const unsigned char *data, size_t n)
{
	struct der d = { data, n };
	struct der whole;
	struct der in;
	struct der algorithm;

	*c = (struct cert){ 0 };
	if (der_take(&d, DER_SEQUENCE, &whole) == -1 || d.left != 0 ||
	    der_whole(&whole, DER_SEQUENCE, &c->signed_part, &in) == -1 ||
	    der_take(&whole, DER_SEQUENCE, &algorithm) == -1 ||
	    der_take(&algorithm, DER_OID, &c->sign_kind) == -1 ||
	    der_bits(&whole, &c->sign) == -1 || whole.left != 0)
		return -1;
	return to_be_signed(c, in);
}

bool
cert_own(const struct cert *c)
{
	return der_equal(&c->issuer, &c->subject);
}

int
cert_next_name(struct der *names, struct der *name)
{
	unsigned tag;

	while (der_next(names, &tag, name) == 0)
		if (tag == DNS_NAME)
			return 0;
	return -1;
}

/* host against a name, which may begin with "*.". */
static bool
same(const char *host, const unsigned char *name, size_t n)
{
	if (n > 1 && name[0] == '*' && name[1] == '.') {
		host = strchr(host, '.');
		name++;
		n--;
	}
	return host != NULL && strlen(host) == n &&
	    memchr(name, '\0', n) == NULL &&
	    strncasecmp(host, (const char *)name, n) == 0;
}

bool
cert_is_for(const struct cert *c, const char *host)
{
	struct der names = c->names;
	struct der name;
	char cn[256];

	if (!c->has_names) {
		cert_attribute(&c->subject, CERT_CN, cn, sizeof cn);
		return same(host, (const unsigned char *)cn, strlen(cn));
	}
	while (cert_next_name(&names, &name) == 0)
		if (same(host, name.at, name.left))
			return true;
	return false;
}

bool
cert_may(const struct cert *c, const char *purpose)
{
	struct der purposes = c->purposes;
	struct der oid;

	if (!c->has_purposes)
		return true;
	while (der_take(&purposes, DER_OID, &oid) == 0)
		if (is_oid(&oid, purpose) || DER_IS(&oid, ANY_PURPOSE))
			return true;
	return false;
}
