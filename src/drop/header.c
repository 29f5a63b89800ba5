/* SPDX-License-Identifier: MIT */
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "header.h"

/* A name is lower case, with its colon. */
static bool
has_name(const char *line, size_t n, const char *name, size_t len)
{
	return n >= len && strncasecmp(line, name, len) == 0;
}

#define NAME(s) has_name(line, n, s, sizeof(s) - 1)

enum header
header_kind(const char *line, size_t n)
{
	if (n == 0)
		return HEADER_OTHER;
	/* most lines are told by their first octet */
	switch (line[0]) {
	case ' ':
	case '\t':
		return HEADER_CONTINUED;
	case 'C':
	case 'c':
		return NAME("content-length:") ? HEADER_LENGTH : HEADER_OTHER;
	case 'F':
	case 'f':
		return NAME("from:") ? HEADER_FROM : HEADER_OTHER;
	case 'S':
	case 's':
		if (NAME("status:"))
			return HEADER_STATUS;
		return NAME("subject:") ? HEADER_SUBJECT : HEADER_OTHER;
	case 'X':
	case 'x':
		if (NAME("x-uidl:"))
			return HEADER_UIDL;
		if (NAME("x-status:"))
			return HEADER_XSTATUS;
		return NAME("x-imap:") ? HEADER_XIMAP : HEADER_OTHER;
	default:
		return HEADER_OTHER;
	}
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
