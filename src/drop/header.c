/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <strings.h>

#include "header.h"

enum header
header_kind(const char *line, size_t n)
{
	static const struct {
		const char *name;
		size_t len;
		enum header kind;
	} row[] = {
		{ "X-UIDL:", 7, HEADER_UIDL },
		{ "Status:", 7, HEADER_STATUS },
		{ "X-Status:", 9, HEADER_XSTATUS },
		{ "Content-Length:", 15, HEADER_LENGTH },
	};
	size_t i;

	if (n > 0 && (line[0] == ' ' || line[0] == '\t'))
		return HEADER_CONTINUED;
	for (i = 0; i < sizeof row / sizeof row[0]; i++) {
		if (n >= row[i].len &&
		    strncasecmp(line, row[i].name, row[i].len) == 0)
			return row[i].kind;
	}
	return HEADER_OTHER;
}

static int
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

size_t
header_uidl(const char *line, size_t n, const char **at)
{
	const char *s = line + 7;
	const char *end = line + n;
	const char *p;

	while (s < end && is_blank(*s))
		s++;
	while (end > s && is_blank(end[-1]))
		end--;
	for (p = s; p < end; p++) {
		if (*p < 0x21 || *p > 0x7e)
			return 0;
	}
	*at = s;
	return end - s > UID_MAX ? 0 : (size_t)(end - s);
}
