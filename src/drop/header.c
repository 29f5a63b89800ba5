/* SPDX-License-Identifier: MIT */
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "header.h"
#include "num.h"

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

/* The value behind a name of so many octets: its length. */
static size_t
value(const char *line, size_t n, size_t name, const char **at)
{
	const char *s = line + name;
	const char *end = line + n;

	while (s < end && is_blank(*s))
		s++;
	while (end > s && is_blank(end[-1]))
		end--;
	*at = s;
	return (size_t)(end - s);
}

size_t
header_uidl(const char *line, size_t n, const char **at)
{
	size_t len = value(line, n, sizeof "X-UIDL:" - 1, at);

	return header_uid_good(*at, len) ? len : 0;
}

uint64_t
header_length(const char *line, size_t n)
{
	char text[21]; /* as many digits as 64 bits can have */
	const char *at;
	size_t len = value(line, n, sizeof "Content-Length:" - 1, &at);
	uint64_t v;

	if (len >= sizeof text || memchr(at, '\0', len) != NULL)
		return LENGTH_BAD;
	memcpy(text, at, len);
	text[len] = '\0';
	return num_u64(text, &v) == 0 && v < LENGTH_BAD ? v : LENGTH_BAD;
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

unsigned
header_proof(enum header kind, const char *line, size_t n)
{
	switch (kind) {
	case HEADER_XIMAP:
		return 1;
	case HEADER_FROM:
		return header_holds(line, n, "Mail System Internal Data") ? 2
									  : 0;
	case HEADER_SUBJECT:
		return header_holds(line, n, "DO NOT DELETE") ||
			header_holds(line, n, "FOLDER INTERNAL DATA")
		    ? 4
		    : 0;
	default:
		return 0;
	}
}
