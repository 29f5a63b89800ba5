/* SPDX-License-Identifier: MIT */
#include "same.h"

bool
same_octets(const void *a, const void *b, size_t n)
{
	const unsigned char *p = a;
	const unsigned char *q = b;
	unsigned diff = 0;
	size_t i;

	for (i = 0; i < n; i++)
		diff |= (unsigned)(p[i] ^ q[i]);
	return diff == 0;
}
