/* SPDX-License-Identifier: MIT */
/* runs as: the user */
#include <stdio.h>
#include <string.h>

#include "bodylog.h"
#include "log.h"

void
bodylog_init(struct bodylog *b, const char *user)
{
	b->user = user;
	b->lines = 0;
	b->n = 0;
	b->cr = false;
}

static void
flush(struct bodylog *b)
{
	b->line[b->n] = '\0';
	if (b->lines < BODYLOG_LINES)
		log_debug("%s: sent: %s", b->user, b->line);
	else if (b->lines == BODYLOG_LINES)
		log_debug("%s: sent: (more lines than are shown)", b->user);
	b->n = 0;
	b->cr = false;
	if (b->lines <= BODYLOG_LINES)
		b->lines++;
	if (log_is_lost())
		b->lines = BODYLOG_LINES + 1;
}

/* As a line shows it, if it still fits. */
static void
put(struct bodylog *b, char c)
{
	char shown[8] = { c, '\0' };
	size_t k;

	if (c == '\t' || c == '\\')
		snprintf(shown, sizeof shown, "\\%c", c == '\t' ? 't' : c);
	else if (c < 0x20 || c > 0x7e)
		snprintf(shown, sizeof shown, "\\x%02x", (unsigned char)c);
	k = strlen(shown);
	if (k > BODYLOG_OCTETS - b->n)
		return;
	memcpy(b->line + b->n, shown, k);
	b->n += k;
}

void
bodylog_octets(struct bodylog *b, const char *data, size_t n)
{
	size_t i;

	for (i = 0; i < n && b->lines <= BODYLOG_LINES; i++) {
		if (data[i] == '\n') {
			flush(b);
			continue;
		}
		if (b->cr)
			put(b, '\r');
		b->cr = data[i] == '\r';
		if (!b->cr)
			put(b, data[i]);
	}
}

void
bodylog_end(struct bodylog *b)
{
	if (b->cr)
		put(b, '\r');
	if (b->n > 0)
		flush(b);
}
