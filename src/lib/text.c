/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "text.h"

static char
lower(char c)
{
	static const char upper[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	static const char small[] = "abcdefghijklmnopqrstuvwxyz";

	if (c < 'A' || c > 'Z')
		return c;
	return small[strchr(upper, c) - upper];
}

char *
text_safe(char *dst, size_t n, const char *src)
{
	size_t i;

	for (i = 0; i + 1 < n && src[i] != '\0'; i++) {
		char c = src[i];
		bool ok = c >= 0x20 && c < 0x7f && c != '"' && c != '\'' &&
		    c != '`' && c != '\\';

		dst[i] = '?';
		if (ok)
			dst[i] = c;
	}
	dst[i] = '\0';
	return dst;
}

int
text_copy(char *dst, size_t n, const char *src)
{
	size_t len = strlen(src);

	dst[0] = '\0';
	if (len >= n)
		return -1;
	memcpy(dst, src, len + 1);
	return 0;
}

void
text_lower(char *s)
{
	for (; *s != '\0'; s++)
		*s = lower(*s);
}

bool
text_equal(const char *a, const char *b)
{
	while (*a != '\0' && lower(*a) == lower(*b)) {
		a++;
		b++;
	}
	return lower(*a) == lower(*b);
}
