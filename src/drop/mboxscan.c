/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "mboxscan.h"

void
mboxscan_init(struct mboxscan *s,
    int (*msg)(void *ctx, const struct msgloc *loc), void *ctx)
{
	memset(s, 0, sizeof *s);
	s->msg = msg;
	s->ctx = ctx;
	s->state = SCAN_START;
}

bool
mboxscan_bad(const struct mboxscan *s)
{
	return s->state == SCAN_BAD;
}

/*
 * A line: the first seen octets of it are at p, len is its length without
 * LF, and cr tells of a CR at its end.
 */
struct line {
	const char *p;
	size_t seen;
	uint64_t len;
	bool cr, lf;
};

static bool
is_empty(const struct line *l)
{
	return l->len == (l->cr ? 1 : 0);
}

static uint64_t
wire_of(const struct line *l)
{
	return l->len - (l->cr ? 1 : 0) + 2;
}

static void
begin(struct mboxscan *s, const struct line *l)
{
	memset(&s->loc, 0, sizeof s->loc);
	s->loc.from = s->line;
	s->loc.head = s->line + l->len + (l->lf ? 1 : 0);
	s->state = SCAN_HEAD;
	s->dropping = false;
}

static int
finish(struct mboxscan *s, uint64_t end)
{
	s->loc.end = s->loc.next = end;
	if (s->state == SCAN_HEAD) {
		s->loc.flags |= MSG_NOBLANK;
		s->loc.body = end;
		s->loc.wire += 2;
	} else if (s->blank && !s->head_blank) {
		/* the separator's empty line */
		s->loc.end -= s->blank_len;
		s->loc.wire -= 2;
	}
	return s->msg(s->ctx, &s->loc);
}

static void
take_uidl(struct mboxscan *s, const struct line *l)
{
	const char *at = NULL;
	size_t n;

	/* the same limit wherever the line was cut */
	if (s->loc.uid_len > 0 || l->len > FROMLINE_MAX)
		return;
	n = header_uidl(l->p, l->seen, &at);
	if (n > 0)
		memcpy(s->loc.uid, at, n);
	s->loc.uid_len = (uint8_t)n;
	s->uidl = n > 0;
}

static void
head_line(struct mboxscan *s, const struct line *l)
{
	enum header kind;

	if (is_empty(l)) {
		s->loc.wire += 2;
		s->loc.body = s->line + l->len + (l->lf ? 1 : 0);
		s->loc.flags |= l->cr ? MSG_BLANK_CR : 0;
		s->state = SCAN_BODY;
		s->blank = s->head_blank = true;
		return;
	}
	kind = header_kind(l->p, l->seen);
	/* a folded value has a blank in it, so it was no id */
	if (kind == HEADER_CONTINUED && s->uidl) {
		memset(s->loc.uid, 0, sizeof s->loc.uid);
		s->loc.uid_len = 0;
	}
	s->uidl = false;
	switch (kind) {
	case HEADER_CONTINUED:
		break;
	case HEADER_UIDL:
		take_uidl(s, l);
		s->dropping = true;
		break;
	case HEADER_LENGTH:
		s->dropping = true;
		break;
	case HEADER_STATUS:
		if (l->len <= FROMLINE_MAX &&
		    memchr(l->p + 7, 'R', l->seen - 7) != NULL)
			s->loc.flags |= MSG_READ;
		s->dropping = false;
		break;
	case HEADER_XSTATUS:
	case HEADER_OTHER:
	default:
		s->dropping = false;
		break;
	}
	if (!s->dropping)
		s->loc.wire += wire_of(l);
}

static int
body_line(struct mboxscan *s, const struct line *l)
{
	if (s->blank && l->seen == l->len && l->len > 5 && l->p[0] == 'F' &&
	    fromline_valid(l->p, l->seen - (l->cr ? 1 : 0))) {
		if (finish(s, s->line) == -1)
			return -1;
		begin(s, l);
		return 0;
	}
	s->blank = is_empty(l);
	s->blank_len = l->len + (l->lf ? 1 : 0);
	s->head_blank = false;
	s->loc.wire += wire_of(l);
	return 0;
}

static int
take_line(struct mboxscan *s, const struct line *l)
{
	int r = 0;

	switch (s->state) {
	case SCAN_START:
		if (is_empty(l))
			break; /* left behind by an agent: harmless */
		if (l->seen < l->len ||
		    !fromline_valid(l->p, l->seen - (l->cr ? 1 : 0))) {
			s->state = SCAN_BAD;
			return -1;
		}
		begin(s, l);
		break;
	case SCAN_HEAD:
		head_line(s, l);
		break;
	case SCAN_BODY:
		r = body_line(s, l);
		break;
	case SCAN_BAD:
	default:
		return -1;
	}
	s->cr = false;
	s->line += l->len + (l->lf ? 1 : 0);
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
	struct line l;

	keep(s, p, n);
	l.p = s->keep;
	l.seen = s->have;
	l.len = s->off + n - s->line;
	l.cr = s->cr;
	l.lf = lf;
	s->have = 0;
	return take_line(s, &l);
}

int
mboxscan_feed(struct mboxscan *s, const char *data, size_t n)
{
	const char *end = data + n;

	while (data < end) {
		const char *lf = memchr(data, '\n', (size_t)(end - data));
		size_t k;
		int r;

		if (lf == NULL) {
			keep(s, data, (size_t)(end - data));
			s->off += (size_t)(end - data);
			return 0;
		}
		k = (size_t)(lf - data);
		if (s->off > s->line) {
			r = join(s, data, k, true);
		} else {
			struct line l = { data, k, k,
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
	if (s->state == SCAN_BAD)
		return -1;
	return s->state == SCAN_START ? 0 : finish(s, s->off);
}
