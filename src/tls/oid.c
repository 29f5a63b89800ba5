/* SPDX-License-Identifier: MIT */
/* runs as: root (keys, poptls --check), poptls's engine */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "oid.h"

static const struct {
	const char *numbers, *text;
} names[] = {
	{ "0.9.2342.19200300.100.1.1", "UID" },
	{ "0.9.2342.19200300.100.1.25", "DC" },
	{ "1.2.840.10040.4.1", "DSA" },
	{ "1.2.840.10045.2.1", "EC" },
	{ "1.2.840.10045.3.1.1", "P-192" },
	{ "1.2.840.10045.3.1.7", "P-256" },
	{ "1.2.840.113549.1.1.1", "RSA" },
	{ "1.2.840.113549.1.1.10", "RSA-PSS" },
	{ "1.2.840.113549.1.3.1", "DH" },
	{ "1.2.840.113549.1.9.1", "emailAddress" },
	{ "1.3.101.110", "X25519" },
	{ "1.3.101.111", "X448" },
	{ "1.3.101.112", "Ed25519" },
	{ "1.3.101.113", "Ed448" },
	{ "1.3.132.0.10", "secp256k1" },
	{ "1.3.132.0.33", "P-224" },
	{ "1.3.132.0.34", "P-384" },
	{ "1.3.132.0.35", "P-521" },
	{ "1.3.36.3.3.2.8.1.1.7", "brainpoolP256r1" },
	{ "1.3.36.3.3.2.8.1.1.11", "brainpoolP384r1" },
	{ "1.3.36.3.3.2.8.1.1.13", "brainpoolP512r1" },
	{ "2.5.4.3", "CN" },
	{ "2.5.4.4", "SN" },
	{ "2.5.4.42", "GN" },
	{ "2.5.4.5", "serialNumber" },
	{ "2.5.4.6", "C" },
	{ "2.5.4.7", "L" },
	{ "2.5.4.8", "ST" },
	{ "2.5.4.9", "street" },
	{ "2.5.4.10", "O" },
	{ "2.5.4.11", "OU" },
	{ "2.5.4.12", "title" },
};

/* Adds one number; the first octets stand for two. */
static size_t
add(char *dst, size_t n, uint64_t v)
{
	int r;

	if (n == 0) {
		uint64_t root = v < 80 ? v / 40 : 2;

		r = snprintf(dst, OID_TEXT_MAX, "%llu.%llu",
		    (unsigned long long)root,
		    (unsigned long long)(v - root * 40));
	} else {
		r = snprintf(
		    dst + n, OID_TEXT_MAX - n, ".%llu", (unsigned long long)v);
	}
	n += (size_t)r;
	return n < OID_TEXT_MAX ? n : OID_TEXT_MAX - 1;
}

const char *
oid_text(const struct der *oid, char dst[OID_TEXT_MAX])
{
	uint64_t v = 0;
	size_t n = 0;
	size_t i;

	dst[0] = '\0';
	for (i = 0; i < oid->left; i++) {
		v = v << 7 | (oid->at[i] & 0x7f);
		if (oid->at[i] < 0x80) {
			n = add(dst, n, v);
			v = 0;
		}
	}
	for (i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strcmp(dst, names[i].numbers) == 0)
			snprintf(dst, OID_TEXT_MAX, "%s", names[i].text);
	return dst;
}
