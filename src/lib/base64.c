/* SPDX-License-Identifier: MIT */
#include <limits.h>
#include <stdint.h>
#include <string.h>

#include "base64.h"

#define DIGITS \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

static char
digit(uint32_t v)
{
	return DIGITS[v & 63];
}

int
base64_encode(char *dst, size_t size, const void *src, size_t n)
{
	const unsigned char *p = src;
	size_t len = 0;
	size_t i;

	if (n > INT_MAX / 2 || BASE64_SIZE(n) > size)
		return -1;
	for (i = 0; i < n; i += 3) {
		size_t left = n - i;
		uint32_t v = (uint32_t)p[i] << 16;

		if (left > 1)
			v |= (uint32_t)p[i + 1] << 8;
		if (left > 2)
			v |= p[i + 2];
		dst[len++] = digit(v >> 18);
		dst[len++] = digit(v >> 12);
		dst[len++] = '=';
		dst[len++] = '=';
		if (left > 1)
			dst[len - 2] = digit(v >> 6);
		if (left > 2)
			dst[len - 1] = digit(v);
	}
	dst[len] = '\0';
	return (int)len;
}

/*
 * What a character from first to last stands for, if the first one stands for
 * v, and 1 more; 0 for all others.
 */
static uint32_t
within(uint32_t c, uint32_t first, uint32_t last, uint32_t v)
{
	uint32_t mask = 0U - (((first - 1 - c) & (c - last - 1)) >> 31);

	return mask & (c - first + v + 1);
}

/*
 * 0 to 63, or more if c is no digit.  Without branches and tables: it may be
 * a private key that is decoded, and a processor foretells none of it.
 */
static uint32_t
value(char c)
{
	uint32_t u = (unsigned char)c;

	return (within(u, 'A', 'Z', 0) | within(u, 'a', 'z', 26) |
		   within(u, '0', '9', 52) | within(u, '+', '+', 62) |
		   within(u, '/', '/', 63)) -
	    1;
}

/* Four characters, of which the last pad ones are padding; -1 if wrong. */
static int
group(const char *src, int pad, uint32_t *v)
{
	uint32_t wrong = 0;
	int i;

	*v = 0;
	for (i = 0; i < 4 - pad; i++) {
		uint32_t d = value(src[i]);

		wrong |= d >> 6;
		*v = *v << 6 | (d & 63);
	}
	*v <<= 6 * pad;
	/* bits that stand for nothing have to be 0 */
	return wrong == 0 && (*v & ((1U << 8 * pad) - 1)) == 0 ? 0 : -1;
}

int
base64_decode(void *dst, size_t size, const char *src)
{
	unsigned char *out = dst;
	size_t n = strlen(src);
	size_t len = 0;
	size_t i;

	if (n % 4 != 0 || n / 4 * 3 + 1 > size || n > INT_MAX)
		return -1;
	for (i = 0; i < n; i += 4) {
		int pad = 0;
		uint32_t v;

		if (i + 4 == n)
			pad = (src[n - 1] == '=') +
			    (src[n - 1] == '=' && src[n - 2] == '=');
		if (group(src + i, pad, &v) == -1)
			return -1;
		out[len++] = (unsigned char)(v >> 16);
		if (pad < 2)
			out[len++] = (unsigned char)(v >> 8 & 255);
		if (pad < 1)
			out[len++] = (unsigned char)(v & 255);
	}
	out[len] = '\0';
	return (int)len;
}
