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
		if (NAME("x-imap:"))
			return HEADER_XIMAP;
		if (NAME("x-uid:") || NAME("x-imapbase:") ||
		    NAME("x-keywords:"))
			return HEADER_IMAP;
		return HEADER_OTHER;
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

	while (s < end && is_blank(*s))
		s++;
	while (end > s && is_blank(end[-1]))
		end--;
	*at = s;
	return header_uid_good(s, (size_t)(end - s)) ? (size_t)(end - s) : 0;
}

bool
header_uid_good(const char *uid, size_t n)
{
	size_t i;

	if (n == 0 || n > UID_MAX)
		return false;
	for (i = 0; i < n; i++) {
		if (uid[i] < 0x21 || uid[i] > 0x7e)
			return false;
	}
	return true;
}

bool
header_holds(const char *line, size_t n, const char *text)
{
	const size_t len = strlen(text);
	const char *end = line + n;

	while ((size_t)(end - line) >= len) {
		const char *at =
		    memchr(line, text[0], (size_t)(end - line) - len + 1);

		if (at == NULL)
			return false;
		if (memcmp(at, text, len) == 0)
			return true;
		line = at + 1;
	}
	return false;
}
