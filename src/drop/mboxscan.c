/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "length.h"
#include "mboxhead.h"
#include "octets.h"

void
mboxscan_init(struct mboxscan *s,
    int (*msg)(void *ctx, const struct msgloc *loc), void *ctx)
{
	memset(s, 0, sizeof *s);
	s->msg = msg;
	s->ctx = ctx;
	s->state = SCAN_START;
}

void
mboxscan_init_at(struct mboxscan *s, uint64_t off,
    int (*msg)(void *ctx, const struct msgloc *loc), void *ctx)
{
	mboxscan_init(s, msg, ctx);
	s->off = s->line = off;
	s->inside = true;
}

void
mboxscan_lengths(struct mboxscan *s, length_look *look, uint64_t size)
{
	s->look = look;
	s->size = size;
}

bool
mboxscan_bad(const struct mboxscan *s)
{
	return s->state == SCAN_BAD;
}

static bool
is_from(const struct mboxline *l)
{
	return l->len > 5 && l->p[0] == 'F' && l->seen == l->len &&
	    fromline_valid(l->p, l->seen - (l->cr ? 1 : 0));
}

static bool
is_mark(const struct mboxline *l)
{
	return l->len > 0 && l->p[0] == '\1';
}

static void
begin(struct mboxscan *s, uint64_t from, uint64_t head, bool mbox)
{
	memset(&s->loc, 0, sizeof s->loc);
	s->loc.from = from;
	s->loc.head = head;
	s->state = SCAN_HEAD;
	s->mbox = mbox;
	s->dropping = false;
	s->value = VALUE_OTHER;
	s->proof = 0;
	s->length = LENGTH_NONE;
	s->until = 0;
}

static void
set_end(struct mboxscan *s, uint64_t end)
{
	s->loc.end = end;
	/* two of three bits */
	if ((s->proof & (s->proof - 1)) != 0)
		s->loc.flags |= MSG_HIDDEN;
	if (s->state == SCAN_HEAD) {
		s->loc.flags |= MSG_NOBLANK;
		s->loc.body = end;
		s->loc.wire += 2;
	} else if (s->mbox && s->blank && !s->head_blank) {
		/* of the separator, which a ^A line may have come behind */
		s->loc.end -= s->blank_len;
		s->loc.wire -= 2;
	}
}

/* The message in front of a gap, if there is one. */
static int
release(struct mboxscan *s, uint64_t next)
{
	if (!s->held)
		return 0;
	s->held = false;
	s->last.next = next;
	return s->msg(s->ctx, &s->last);
}

/* The end of a message that no ^A line ends. */
static int
finish(struct mboxscan *s, uint64_t end)
{
	set_end(s, end);
	s->loc.next = end;
	return s->msg(s->ctx, &s->loc);
}

/* The present line is a ^A line behind a message. */
static void
close_mmdf(struct mboxscan *s)
{
	set_end(s, s->line);
	s->last = s->loc;
	s->held = true;
	s->mark = s->line;
	s->opened = false;
	s->blank = false;
	s->state = SCAN_GAP;
}

/*
 * The present line would be a separator: 1 if it is text of the message by its
 * length, 0, or -1.  Where the length leads is looked at once, and only if
 * such a line lies before that.
 */
static int
is_text(struct mboxscan *s)
{
	if (s->look == NULL || s->mmdf || s->length >= LENGTH_BAD)
		return 0;
	if (s->until == 0) {
		if (s->length <= s->line - s->loc.body)
			return 0;
		s->until = s->loc.body;
		if (length_end(
			s->look, s->ctx, s->length, s->size, &s->until) == -1)
			return -1;
	}
	return s->line < s->until;
}

static int
body_line(struct mboxscan *s, const struct mboxline *l)
{
	const int text = s->blank && s->mbox && is_from(l) ? is_text(s) : 1;

	if (text == -1)
		return -1;
	if (text == 0) {
		if (finish(s, s->line) == -1)
			return -1;
		begin(s, s->line, mboxline_end(l, s->line), true);
		return 0;
	}
	s->blank = mboxline_empty(l);
	s->blank_len = l->len + (l->lf ? 1 : 0);
	s->head_blank = false;
	s->loc.wire += mboxline_wire(l);
	return 0;
}

static int
start_line(struct mboxscan *s, const struct mboxline *l)
{
	if (mboxline_empty(l) && !s->inside)
		return 0; /* left behind by an agent: harmless */
	if (is_mark(l) && !s->inside) {
		s->mmdf = s->opened = true;
		s->mark = s->line;
		s->state = SCAN_GAP;
		return 0;
	}
	if (is_from(l)) {
		begin(s, s->line, mboxline_end(l, s->line), true);
		return 0;
	}
	s->state = SCAN_BAD;
	return -1;
}

/* Behind a ^A line, before anything else came. */
static int
gap_line(struct mboxscan *s, const struct mboxline *l)
{
	bool from;
	bool mbox;

	if (mboxline_empty(l)) {
		s->blank = true;
		return 0;
	}
	if (is_mark(l)) {
		/* of several in a row the first one opens */
		if (!s->opened)
			s->mark = s->line;
		s->opened = true;
		s->blank = false;
		return 0;
	}
	from = is_from(l);
	mbox = from && (s->blank || !s->opened);
	if (mbox && !s->opened)
		s->mark = s->line;
	if (release(s, s->mark) == -1)
		return -1;
	begin(s, s->mark, from ? mboxline_end(l, s->line) : s->line, mbox);
	if (!from) {
		s->loc.flags |= s->opened ? 0 : MSG_SHARES;
		mboxhead_line(s, l);
	}
	return 0;
}

static int
take_line(struct mboxscan *s, const struct mboxline *l)
{
	int r = 0;

	switch (s->state) {
	case SCAN_START:
		r = start_line(s, l);
		break;
	case SCAN_GAP:
		r = gap_line(s, l);
		break;
	case SCAN_HEAD:
		if (s->mmdf && is_mark(l))
			close_mmdf(s);
		else
			mboxhead_line(s, l);
		break;
	case SCAN_BODY:
		if (s->mmdf && is_mark(l))
			close_mmdf(s);
		else
			r = body_line(s, l);
		break;
	case SCAN_BAD:
	default:
		return -1;
	}
	s->cr = false;
	s->line = mboxline_end(l, s->line);
	return r;
}

/* Keeps the beginning of a line whose end has not come yet. */
static void
keep(struct mboxscan *s, const char *p, size_t n)
{
	size_t room = sizeof s->keep - s->have;
	size_t k = n < room ? n : room;

	if (n == 0)
		return;
	memcpy(s->keep + s->have, p, k);
	s->have += k;
	s->cr = p[n - 1] == '\r';
}

/* The rest of a line that was begun in an earlier push. */
static int
join(struct mboxscan *s, const char *p, size_t n, bool lf)
{
	struct mboxline l;

	keep(s, p, n);
	l.p = s->keep;
	l.seen = s->have;
	l.len = s->off + n - s->line;
	l.cr = s->cr;
	l.lf = lf;
	s->have = 0;
	return take_line(s, &l);
}

/*
 * Whole lines of a body that are no From_ line, at once: how many octets of
 * the n that begin at a line were dealt with.
 */
static size_t
body_lines(struct mboxscan *s, const char *p, size_t n)
{
	uint64_t bare = 0;
	size_t k = octets_section(p, n, &bare);
	const char *lf;

	if (k == n && n > 0 && p[n - 1] != '\n') {
		lf = memrchr(p, '\n', n);
		k = lf != NULL ? (size_t)(lf - p) + 1 : 0;
	}
	if (k == 0)
		return 0;
	/* k is behind an LF */
	s->blank_len = k > 1 && p[k - 2] == '\r' ? 2 : 1;
	s->blank = k == s->blank_len || p[k - s->blank_len - 1] == '\n';
	s->head_blank = false;
	s->loc.wire += k + bare;
	s->off += k;
	s->line = s->off;
	return k;
}

/* At the beginning of a body's line that can be no From_ line. */
static bool
in_body(const struct mboxscan *s, char first)
{
	return s->state == SCAN_BODY && !s->mmdf && s->off == s->line &&
	    !(s->blank && first == 'F');
}

int
mboxscan_feed(struct mboxscan *s, const char *data, size_t n)
{
	const char *end = data + n;

	while (data < end) {
		const char *lf;
		size_t k;
		int r;

		if (in_body(s, *data)) {
			k = body_lines(s, data, (size_t)(end - data));
			data += k;
			if (k > 0)
				continue;
		}
		lf = memchr(data, '\n', (size_t)(end - data));
		if (lf == NULL) {
			keep(s, data, (size_t)(end - data));
			s->off += (size_t)(end - data);
			return 0;
		}
		k = (size_t)(lf - data);
		if (s->off > s->line) {
			r = join(s, data, k, true);
		} else {
			struct mboxline l = { data, k, k,
				k > 0 && data[k - 1] == '\r', true };

			r = take_line(s, &l);
		}
		s->off += k + 1;
		if (r == -1)
			return -1;
		data = lf + 1;
	}
	return 0;
}

int
mboxscan_end(struct mboxscan *s)
{
	if (s->off > s->line && join(s, NULL, 0, false) == -1)
		return -1;
	switch (s->state) {
	case SCAN_START:
		return 0;
	case SCAN_GAP:
		return release(s, s->off);
	case SCAN_HEAD:
	case SCAN_BODY:
		return finish(s, s->off);
	case SCAN_BAD:
	default:
		return -1;
	}
}
