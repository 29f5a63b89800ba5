/* SPDX-License-Identifier: MIT */
/* runs as: root (poptls --check), poptls's engine */
#include <string.h>

#include "cert.h"
#include "oid.h"

#define BMP_STRING 0x1e /* UCS-2 */

struct out {
	char *dst;
	size_t n, len;
};

static void
put(struct out *o, const char *s, size_t n)
{
	size_t room = o->n - 1 - o->len;

	if (n > room)
		n = room;
	memcpy(o->dst + o->len, s, n);
	o->len += n;
	o->dst[o->len] = '\0';
}

static void
put_value(struct out *o, unsigned tag, const struct der *value)
{
	size_t step = tag == BMP_STRING ? 2 : 1;
	size_t i;

	for (i = 0; i + step <= value->left; i += step) {
		const unsigned char *p = value->at + i;
		char c = (char)p[step - 1];

		if ((step == 2 && p[0] != 0) || c < 0x20 || c > 0x7e ||
		    strchr("\"'`\\,+;<>", c) != NULL)
			c = '?';
		put(o, &c, 1);
	}
}

/* One attribute of a part of a name: type and value. */
static int
attribute(struct der *part, struct der *type, unsigned *tag, struct der *value)
{
	struct der in;

	if (der_take(part, DER_SEQUENCE, &in) == -1 ||
	    der_take(&in, DER_OID, type) == -1)
		return -1;
	return der_next(&in, tag, value);
}

static void
put_part(struct out *o, struct der part)
{
	char text[OID_TEXT_MAX];
	const char *before = o->len > 0 ? "," : "";
	struct der type;
	struct der value;
	unsigned tag;

	while (attribute(&part, &type, &tag, &value) == 0) {
		put(o, before, strlen(before));
		oid_text(&type, text);
		put(o, text, strlen(text));
		put(o, "=", 1);
		put_value(o, tag, &value);
		before = "+";
	}
}

#define PARTS 32 /* more are not told */

char *
cert_name(const struct der *name, char *dst, size_t n)
{
	struct out o = { dst, n, 0 };
	struct der whole = *name;
	struct der in;
	struct der part[PARTS];
	size_t count = 0;

	dst[0] = '\0';
	if (der_take(&whole, DER_SEQUENCE, &in) == -1)
		return dst;
	while (count < PARTS && der_take(&in, DER_SET, &part[count]) == 0)
		count++;
	while (count > 0)
		put_part(&o, part[--count]);
	return dst;
}

char *
cert_attribute(const struct der *name, const char *type, char *dst, size_t n)
{
	const struct der wanted = { (const unsigned char *)type, strlen(type) };
	struct out o = { dst, n, 0 };
	struct der whole = *name;
	struct der in;
	struct der part;
	struct der found;
	struct der value;
	unsigned count = 0;
	unsigned tag;

	dst[0] = '\0';
	if (der_take(&whole, DER_SEQUENCE, &in) == -1)
		return dst;
	while (der_take(&in, DER_SET, &part) == 0)
		while (attribute(&part, &found, &tag, &value) == 0)
			if (der_equal(&found, &wanted) && count++ == 0)
				put_value(&o, tag, &value);
	/* of two names nobody can say which one is meant */
	if (count > 1)
		dst[0] = '\0';
	return dst;
}

char *
cert_octets(const struct der *text, char *dst, size_t n)
{
	struct out o = { dst, n, 0 };

	dst[0] = '\0';
	put_value(&o, 0, text);
	return dst;
}
