/* SPDX-License-Identifier: MIT */
/* runs as: root (keys, authorities, poptls --check), poptls's engine */
#include <string.h>

#include "der.h"

/* The length octets; -1 if they are not as DER has them. */
static int
length(struct der *d, size_t *n)
{
	size_t octets;

	if (d->left == 0)
		return -1;
	*n = *d->at++;
	d->left--;
	if (*n < 0x80)
		return 0;
	octets = *n & 0x7f;
	if (octets == 0 || octets > 3 || octets > d->left || *d->at == 0)
		return -1;
	for (*n = 0; octets > 0; octets--, d->left--)
		*n = *n << 8 | *d->at++;
	return *n < 0x80 ? -1 : 0;
}

int
der_next(struct der *d, unsigned *tag, struct der *in)
{
	struct der rest = *d;
	size_t n;

	if (rest.left == 0)
		return -1;
	*tag = *rest.at++;
	rest.left--;
	/* a tag of several octets, or the end of an indefinite length */
	if ((*tag & 0x1f) == 0x1f || *tag == 0)
		return -1;
	if (length(&rest, &n) == -1 || n > rest.left)
		return -1;
	*in = (struct der){ rest.at, n };
	*d = (struct der){ rest.at + n, rest.left - n };
	return 0;
}

int
der_take(struct der *d, unsigned tag, struct der *in)
{
	struct der rest = *d;
	struct der found;
	unsigned t;

	if (der_next(&rest, &t, &found) == -1 || t != tag)
		return -1;
	*in = found;
	*d = rest;
	return 0;
}

int
der_whole(struct der *d, unsigned tag, struct der *whole, struct der *in)
{
	const unsigned char *from = d->at;

	if (der_take(d, tag, in) == -1)
		return -1;
	*whole = (struct der){ from, (size_t)(d->at - from) };
	return 0;
}

int
der_number(struct der *d, struct der *in)
{
	struct der rest = *d;
	struct der n;

	if (der_take(&rest, DER_INTEGER, &n) == -1 || n.left == 0 ||
	    n.at[0] >= 0x80)
		return -1;
	if (n.at[0] == 0) {
		n.at++;
		n.left--;
		/* a zero in front is there only for the sign */
		if (n.left > 0 && n.at[0] < 0x80)
			return -1;
	}
	*in = n;
	*d = rest;
	return 0;
}

int
der_bits(struct der *d, struct der *in)
{
	struct der rest = *d;
	struct der bits;

	if (der_take(&rest, DER_BITS, &bits) == -1 || bits.left == 0 ||
	    bits.at[0] != 0)
		return -1;
	*in = (struct der){ bits.at + 1, bits.left - 1 };
	*d = rest;
	return 0;
}

/* Days from 1970-01-01 to a date of the Gregorian calendar. */
static int64_t
days(int64_t year, int64_t month, int64_t day)
{
	/* a year begins with March here, so that its last day can be the 29th
	   of February */
	int64_t y = month > 2 ? year : year - 1;
	int64_t m = month > 2 ? month - 3 : month + 9;

	return y * 365 + y / 4 - y / 100 + y / 400 + (m * 153 + 2) / 5 + day -
	    1 - 719468;
}

/* Pairs of digits. */
static int
pairs(const unsigned char *p, size_t n, int64_t *to)
{
	size_t i;

	for (i = 0; i < 2 * n; i++) {
		if (p[i] < '0' || p[i] > '9')
			return -1;
		if (i % 2 == 1)
			to[i / 2] = (p[i - 1] - '0') * 10 + (p[i] - '0');
	}
	return 0;
}

static bool
is_date(int64_t year, int64_t month, int64_t day)
{
	static const int64_t last[] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31,
		30, 31 };
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return month >= 1 && month <= 12 && day >= 1 &&
	    day <= last[month - 1] && (month != 2 || day < 29 || leap);
}

int
der_time(struct der *d, int64_t *t)
{
	struct der rest = *d;
	struct der s;
	int64_t
	    v[6]; /* year in its century, month, day, hour, minute, second */
	int64_t year;

	if (der_take(&rest, DER_UTC_TIME, &s) == 0) {
		if (s.left != 13 || s.at[12] != 'Z' || pairs(s.at, 6, v) == -1)
			return -1;
		year = v[0] + (v[0] >= 50 ? 1900 : 2000);
	} else if (der_take(&rest, DER_TIME, &s) == 0) {
		if (s.left != 15 || s.at[14] != 'Z' ||
		    pairs(s.at, 1, &year) == -1 || pairs(s.at + 2, 6, v) == -1)
			return -1;
		year = year * 100 + v[0];
	} else {
		return -1;
	}
	if (!is_date(year, v[1], v[2]) || v[3] > 23 || v[4] > 59 || v[5] > 59)
		return -1;
	*t = (days(year, v[1], v[2]) * 24 + v[3]) * 3600 + v[4] * 60 + v[5];
	*d = rest;
	return 0;
}

bool
der_equal(const struct der *a, const struct der *b)
{
	return a->left == b->left &&
	    (a->left == 0 || memcmp(a->at, b->at, a->left) == 0);
}
