/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scanref.h"

struct line {
	size_t start, next; /* next: where the following one begins */
	size_t raw;	    /* octets without LF */
	size_t len;	    /* octets without LF or CRLF */
};

static void *
must(void *p)
{
	if (p == NULL)
		abort();
	return p;
}

static int
add(void *ctx, const struct msgloc *loc)
{
	struct scanref *r = ctx;

	if (r->n == r->cap) {
		r->cap = r->cap * 2 + 8;
		r->msg = must(realloc(r->msg, r->cap * sizeof *r->msg));
	}
	r->msg[r->n++] = *loc;
	return 0;
}

static struct line *
cut_lines(const char *data, size_t n, size_t *count)
{
	struct line *l = must(malloc((n + 1) * sizeof *l));
	size_t i = 0;
	size_t at = 0;

	while (at < n) {
		size_t end = at;

		while (end < n && data[end] != '\n')
			end++;
		l[i].start = at;
		l[i].raw = end - at;
		l[i].len = l[i].raw;
		if (l[i].len > 0 && data[end - 1] == '\r')
			l[i].len--;
		l[i].next = end < n ? end + 1 : n;
		at = l[i++].next;
	}
	*count = i;
	return l;
}

static bool
is_from(const char *data, const struct line *l)
{
	return fromline_valid(data + l->start, l->len);
}

/* What the maildrop notes from the header lines first to last - 1. */
static void
look_at_header(const char *data, const struct line *first,
    const struct line *last, struct msgloc *m)
{
	bool out = false;

	for (; first < last; first++) {
		const char *s = data + first->start;
		enum header kind = header_kind(s, first->raw);
		const char *at = NULL;
		size_t n;

		if (kind != HEADER_CONTINUED)
			out = kind == HEADER_UIDL || kind == HEADER_LENGTH;
		if (!out)
			m->wire += first->len + 2;
		/* over-long lines are not looked at */
		if (first->raw > FROMLINE_MAX)
			continue;
		if (kind == HEADER_STATUS &&
		    memchr(s + 7, 'R', first->raw - 7) != NULL)
			m->flags |= MSG_READ;
		if (kind != HEADER_UIDL || m->uid_len != 0)
			continue;
		/* a folded value has a blank in it */
		if (first + 1 < last &&
		    header_kind(data + first[1].start, first[1].raw) ==
			HEADER_CONTINUED)
			continue;
		n = header_uidl(s, first->raw, &at);
		if (n > 0)
			memcpy(m->uid, at, n);
		m->uid_len = (uint8_t)n;
	}
}

/* The message whose From_ line is l[i]; the number of the next one's. */
static size_t
one_message(const char *data, size_t n, const struct line *l, size_t count,
    size_t i, struct msgloc *m)
{
	size_t h; /* the empty line behind the header */
	size_t j; /* the next From_ line, or count */
	size_t k; /* the first line that is not of the body */

	memset(m, 0, sizeof *m);
	m->from = l[i].start;
	m->head = l[i].next;
	for (h = i + 1; h < count && l[h].len > 0;)
		h++;
	look_at_header(data, l + i + 1, l + h, m);
	m->wire += 2;
	if (h == count) {
		m->flags |= MSG_NOBLANK;
		m->body = m->end = n;
		return count;
	}
	m->body = l[h].next;
	if (l[h].raw > 0)
		m->flags |= MSG_BLANK_CR;
	for (j = h + 1; j < count; j++) {
		if (l[j - 1].len == 0 && is_from(data, &l[j]))
			break;
	}
	k = j - 1 > h && l[j - 1].len == 0 ? j - 1 : j;
	m->end = k < count ? l[k].start : n;
	for (i = h + 1; i < k; i++)
		m->wire += l[i].len + 2;
	return j;
}

void
scanref_split(struct scanref *r, const char *data, size_t n)
{
	size_t count;
	struct line *l = cut_lines(data, n, &count);
	struct msgloc m;
	size_t i = 0;

	memset(r, 0, sizeof *r);
	while (i < count && l[i].len == 0)
		i++;
	r->bad = i < count && !is_from(data, &l[i]);
	while (i < count && !r->bad) {
		i = one_message(data, n, l, count, i, &m);
		add(r, &m);
	}
	free(l);
}

/* In memory of its own, so that a sanitizer sees a read beyond the piece. */
static int
feed(struct mboxscan *s, const char *data, size_t n)
{
	char *piece = must(malloc(n + 1));
	char *tight = must(realloc(piece, n > 0 ? n : 1));
	int rc;

	if (n > 0)
		memcpy(tight, data, n);
	rc = mboxscan_feed(s, tight, n);
	free(tight);
	return rc;
}

void
scanref_scan(
    struct scanref *r, const char *data, size_t n, size_t cut, size_t step)
{
	struct mboxscan s;
	size_t at = cut;
	int rc;

	memset(r, 0, sizeof *r);
	mboxscan_init(&s, add, r);
	rc = feed(&s, data, cut);
	while (rc == 0 && at < n) {
		size_t k = n - at < step ? n - at : step;

		rc = feed(&s, data + at, k);
		at += k;
	}
	if (rc == 0)
		rc = mboxscan_end(&s);
	r->bad = mboxscan_bad(&s);
	/* nothing else can stop it */
	if (r->bad != (rc == -1))
		abort();
}

const char *
scanref_differ(const struct scanref *a, const struct scanref *b)
{
	static char text[200];
	size_t i;

	if (a->bad != b->bad || a->n != b->n) {
		snprintf(text, sizeof text,
		    "%zu messages (bad %d), and %zu (bad %d)", a->n, a->bad,
		    b->n, b->bad);
		return text;
	}
	for (i = 0; i < a->n; i++) {
		const struct msgloc *x = &a->msg[i];
		const struct msgloc *y = &b->msg[i];
		const uint64_t diff[] = { x->from ^ y->from, x->head ^ y->head,
			x->body ^ y->body, x->end ^ y->end, x->wire ^ y->wire,
			x->flags ^ y->flags,
			(uint64_t)(x->uid_len ^ y->uid_len),
			(uint64_t)(memcmp(x->uid, y->uid, UID_MAX) != 0) };
		static const char *const name[] = { "from", "head", "body",
			"end", "wire", "flags", "uid_len", "uid" };
		size_t k;

		for (k = 0; k < sizeof diff / sizeof diff[0]; k++) {
			if (diff[k] == 0)
				continue;
			snprintf(
			    text, sizeof text, "message %zu: %s", i, name[k]);
			return text;
		}
	}
	return NULL;
}

void
scanref_free(struct scanref *r)
{
	free(r->msg);
	memset(r, 0, sizeof *r);
}
