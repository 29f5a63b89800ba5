/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "scanrest.h"

static bool
is_gone(uint32_t gone, size_t i)
{
	return (gone >> (i % 32) & 1) != 0;
}

size_t
scanrest_without(const struct scanref *r, const char *s, size_t n,
    uint32_t gone, char *to, bool *open)
{
	size_t from = r->n > 0 ? (size_t)r->msg[0].from : n;
	bool mmdf = from < n && s[from] == '\1';
	size_t len = 0;
	size_t i;

	*open = false;
	for (i = 0; i < r->n; i++) {
		const struct msgloc *m = &r->msg[i];
		bool run = i > 0 && !is_gone(gone, i - 1);
		uint64_t end = m->next;

		if (is_gone(gone, i) && run)
			*open = mmdf && s[m->from] == 'F';
		if (is_gone(gone, i))
			end = run && (m->flags & MSG_SHARES) != 0 ? m->head
								  : m->from;
		if (len == 0 && mmdf && end > m->from && s[m->from] == 'F') {
			memcpy(to, MBOXSCAN_FRONT, sizeof MBOXSCAN_FRONT - 1);
			len = sizeof MBOXSCAN_FRONT - 1;
		}
		if (*open && end > m->from && s[m->from] == '\1') {
			memcpy(
			    to + len, MBOXSCAN_MARK, sizeof MBOXSCAN_MARK - 1);
			len += sizeof MBOXSCAN_MARK - 1;
		}
		*open = *open && end == m->from;
		memcpy(to + len, s + m->from, (size_t)(end - m->from));
		len += (size_t)(end - m->from);
	}
	return len;
}

const char *
scanrest_differ(const struct scanref *was, const char *s, uint32_t gone,
    const struct scanref *now, const char *rest)
{
	size_t i;
	size_t k = 0;

	for (i = 0; i < was->n; i++) {
		const struct msgloc *a = &was->msg[i];
		const struct msgloc *b;

		if (is_gone(gone, i))
			continue;
		if (k == now->n)
			return "a message is missing";
		b = &now->msg[k++];
		if (a->wire != b->wire ||
		    (a->flags & ~(unsigned)MSG_SHARES) !=
			(b->flags & ~(unsigned)MSG_SHARES) ||
		    a->end - a->head != b->end - b->head ||
		    a->body - a->head != b->body - b->head ||
		    memcmp(s + a->head, rest + b->head, a->end - a->head) != 0)
			return "a message is another one";
	}
	return k == now->n ? NULL : "a message is too many";
}
