/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

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

static bool
is_mark(const char *data, const struct line *l)
{
	return l->raw > 0 && data[l->start] == '\1';
}

static bool
holds(const char *s, size_t n, const char *text)
{
	size_t i;

	for (i = 0; i + strlen(text) <= n; i++) {
		if (memcmp(s + i, text, strlen(text)) == 0)
			return true;
	}
	return false;
}

/* UW IMAP's data, from the header lines first to last - 1. */
static bool
is_hidden(const char *data, const struct line *first, const struct line *last)
{
	bool subject = false;
	bool ximap = false;
	bool from = false;

	for (; first < last; first++) {
		const char *s = data + first->start;
		size_t n = first->raw;

		if (n > FROMLINE_MAX)
			continue;
		if (n >= 8 && strncasecmp(s, "Subject:", 8) == 0 &&
		    (holds(s, n, "DO NOT DELETE") ||
			holds(s, n, "FOLDER INTERNAL DATA")))
			subject = true;
		if (n >= 7 && strncasecmp(s, "X-IMAP:", 7) == 0)
			ximap = true;
		if (n >= 5 && strncasecmp(s, "From:", 5) == 0 &&
		    holds(s, n, "Mail System Internal Data"))
			from = true;
	}
	return subject + ximap + from >= 2;
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
		if (kind == HEADER_STATUS)
			m->flags |= MSG_STATUS;
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

/* A spool as lines, and what ends the messages in it. */
struct text {
	const char *data;
	size_t n;
	struct line *l;
	size_t count;
	bool marks;   /* ^A lines */
	bool lengths; /* Content-Length counts */
};

/* The offset of line i, which may be the end. */
static size_t
start_of(const struct text *t, size_t i)
{
	return i < t->count ? t->l[i].start : t->n;
}

static bool
ends_here(const struct text *t, size_t i)
{
	return t->marks && is_mark(t->data, &t->l[i]);
}

/* What Content-Length says in the lines from i to h - 1. */
static uint64_t
said_length(const struct text *t, size_t i, size_t h)
{
	uint64_t v = LENGTH_NONE;

	for (; i < h; i++) {
		const struct line *l = t->l + i;
		const char *s = t->data + l->start;

		if (header_kind(s, l->raw) != HEADER_LENGTH)
			continue;
		if (v != LENGTH_NONE || l->raw > FROMLINE_MAX)
			return LENGTH_BAD;
		if (i + 1 < h &&
		    header_kind(t->data + l[1].start, l[1].raw) ==
			HEADER_CONTINUED)
			return LENGTH_BAD;
		v = header_length(s, l->raw);
	}
	return v;
}

/*
 * The message with the header lines i to h: the offset to which its length
 * says it goes, 0 if that does not count.
 */
static size_t
length_goes_to(const struct text *t, size_t i, size_t h)
{
	uint64_t v = said_length(t, i, h);
	size_t at = t->l[h].next;
	size_t k = 0;

	if (!t->lengths || t->marks || v > t->n - at)
		return 0;
	at += v;
	while (at < t->n && (t->data[at] == '\n' || t->data[at] == '\r')) {
		at++;
		k++;
	}
	if (k > LENGTH_SLACK)
		return 0;
	if (at == t->n)
		return at;
	for (; h + 1 < t->count; h++) {
		if (t->l[h].len == 0 && t->l[h + 1].start == at &&
		    is_from(t->data, &t->l[h + 1]))
			return at;
	}
	return 0;
}

/*
 * The message whose header begins at line i: the number of the line that
 * ends it.  Of mbox messages From_ lines are the end, too.
 */
static size_t
one_message(const struct text *t, size_t i, bool mbox, struct msgloc *m)
{
	const struct line *l = t->l;
	size_t h;     /* the empty line behind the header */
	size_t j;     /* the line that ends the message, or count */
	size_t k;     /* the first line that is not of the body */
	size_t until; /* no From_ line before this ends it */

	m->head = start_of(t, i);
	for (h = i; h < t->count && l[h].len > 0 && !ends_here(t, h);)
		h++;
	look_at_header(t->data, l + i, l + h, m);
	if (is_hidden(t->data, l + i, l + h))
		m->flags |= MSG_HIDDEN;
	m->wire += 2;
	if (h == t->count || l[h].len > 0) {
		m->flags |= MSG_NOBLANK;
		m->body = m->end = start_of(t, h);
		return h;
	}
	m->body = l[h].next;
	if (l[h].raw > 0)
		m->flags |= MSG_BLANK_CR;
	until = length_goes_to(t, i, h);
	for (j = h + 1; j < t->count && !ends_here(t, j); j++) {
		if (mbox && l[j - 1].len == 0 && is_from(t->data, &l[j]) &&
		    l[j].start >= until)
			break;
	}
	k = j;
	if (mbox && j - 1 > h && l[j - 1].len == 0)
		k = j - 1;
	m->end = start_of(t, k);
	for (i = h + 1; i < k; i++)
		m->wire += l[i].len + 2;
	return j;
}

/* All messages, from the From_ line i on. */
static void
split_mbox(struct scanref *r, const struct text *t, size_t i)
{
	while (i < t->count) {
		struct msgloc m = { .from = start_of(t, i) };

		i = one_message(t, i + 1, true, &m);
		add(r, &m);
	}
}

/* All messages, from the ^A line i on. */
static void
split_mmdf(struct scanref *r, const struct text *t, size_t i)
{
	size_t mark = i;    /* where an MMDF message would begin */
	bool opened = true; /* not by the line that ended another one */

	while (i < t->count) {
		struct msgloc m = { 0 };
		bool from = is_from(t->data, &t->l[i]);
		bool mbox = from && (!opened || t->l[i - 1].len == 0);

		if (t->l[i].len == 0 || is_mark(t->data, &t->l[i])) {
			if (t->l[i].len > 0 && !opened && i > mark) {
				opened = true;
				mark = i;
			}
			i++;
			continue;
		}
		m.from = start_of(t, mbox && !opened ? i : mark);
		m.flags = from || opened ? 0 : MSG_SHARES;
		i = one_message(t, from ? i + 1 : i, mbox, &m);
		add(r, &m);
		mark = i;
		opened = false;
	}
}

void
scanref_split(struct scanref *r, const char *data, size_t n, bool lengths)
{
	struct text t = { .data = data, .n = n, .lengths = lengths };
	size_t i = 0;

	memset(r, 0, sizeof *r);
	t.l = cut_lines(data, n, &t.count);
	while (i < t.count && t.l[i].len == 0)
		i++;
	if (i < t.count) {
		t.marks = is_mark(data, &t.l[i]);
		r->bad = !t.marks && !is_from(data, &t.l[i]);
	}
	if (t.marks)
		split_mmdf(r, &t, i);
	else if (!r->bad)
		split_mbox(r, &t, i);
	/* nothing lies between messages */
	for (i = 0; i < r->n; i++)
		r->msg[i].next = i + 1 < r->n ? r->msg[i + 1].from : n;
	free(t.l);
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

/* The octets that are scanned, for those who look ahead. */
struct scanning {
	struct scanref *r;
	const char *data;
	size_t n;
};

static int
found(void *ctx, const struct msgloc *loc)
{
	struct scanning *w = ctx;

	return add(w->r, loc);
}

static int
look(void *ctx, uint64_t at, char *to, size_t n)
{
	struct scanning *w = ctx;

	if (at > w->n || n > w->n - at)
		abort();
	memcpy(to, w->data + at, n);
	w->r->looks++;
	return 0;
}

void
scanref_scan(struct scanref *r, const char *data, size_t n, bool lengths,
    size_t cut, size_t step)
{
	struct scanning w = { r, data, n };
	struct mboxscan s;
	size_t at = cut;
	int rc;

	memset(r, 0, sizeof *r);
	mboxscan_init(&s, found, &w);
	if (lengths)
		mboxscan_lengths(&s, look, n);
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
			x->next ^ y->next, x->flags ^ y->flags,
			(uint64_t)(x->uid_len ^ y->uid_len),
			(uint64_t)(memcmp(x->uid, y->uid, UID_MAX) != 0) };
		static const char *const name[] = { "from", "head", "body",
			"end", "wire", "next", "flags", "uid_len", "uid" };
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
