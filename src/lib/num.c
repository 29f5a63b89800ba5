/* SPDX-License-Identifier: MIT */
#include "num.h"

int
num_hexdigit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static int
scan(const char *s, unsigned base, uint64_t max, uint64_t *v)
{
	uint64_t n = 0;

	if (*s == '\0')
		return -1;
	for (; *s != '\0'; s++) {
		int d = num_hexdigit(*s);

		if (d < 0 || (unsigned)d >= base)
			return -1;
		if ((unsigned)d > max || n > (max - (unsigned)d) / base)
			return -1;
		n = n * base + (unsigned)d;
	}
	*v = n;
	return 0;
}

int
num_u64(const char *s, uint64_t *v)
{
	return scan(s, 10, UINT64_MAX, v);
}

int
num_u32(const char *s, uint32_t *v)
{
	uint64_t n;

	if (scan(s, 10, UINT32_MAX, &n) == -1)
		return -1;
	*v = (uint32_t)n;
	return 0;
}

int
num_conf(const char *s, uint32_t max, uint32_t *v)
{
	uint64_t n;
	unsigned base = 10;

	if (s[0] == '0' && (s[1] == 'x' || s[1] == 'X')) {
		base = 16;
		s += 2;
	} else if (s[0] == '0' && s[1] != '\0') {
		base = 8;
		s += 1;
	}
	if (scan(s, base, max, &n) == -1)
		return -1;
	*v = (uint32_t)n;
	return 0;
}
