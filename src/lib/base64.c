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

/* Four characters, of which the last pad ones are padding; -1 if wrong. */
static int
group(const char *src, int pad, uint32_t *v)
{
	static const char digits[] = DIGITS;
	int i;

	*v = 0;
	for (i = 0; i < 4 - pad; i++) {
		const char *d = src[i] != '\0' ? strchr(digits, src[i]) : NULL;

		if (d == NULL)
			return -1;
		*v = *v << 6 | (uint32_t)(d - digits);
	}
	*v <<= 6 * pad;
	/* bits that stand for nothing have to be 0 */
	return (*v & ((1U << 8 * pad) - 1)) == 0 ? 0 : -1;
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
