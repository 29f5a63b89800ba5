/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "username.h"

bool
username_ok(const char *s)
{
	size_t n = strlen(s);
	size_t i;

	if (n == 0 || n >= USERNAME_MAX || s[0] == '.' || s[0] == '#')
		return false;
	for (i = 0; i < n; i++) {
		if (s[i] <= 0x20 || s[i] >= 0x7f)
			return false;
	}
	if (strpbrk(s, "/%\"'`\\:") != NULL || strstr(s, "..") != NULL)
		return false;
	return n < 5 || strcmp(s + n - 5, ".lock") != 0;
}
