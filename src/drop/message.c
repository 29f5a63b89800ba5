/* SPDX-License-Identifier: MIT */
/* runs as: the user */
#include <errno.h>
#include <string.h>

#include "message.h"

struct walk {
	struct drop *d;
	unsigned what;
	const char *uid; /* still to be put in, or NULL */
	drop_sink *sink;
	message_range *range; /* instead of sink */
	void *ctx;
	bool dropping;	/* inside a field that is left out */
	uint64_t ahead; /* how far may be read */
	struct err *e;
};

typedef const char *window_op(
    struct window *w, int fd, uint64_t at, uint64_t ahead, size_t *n);

/* Octets of [at, end), one at least: *n of them, or NULL with e. */
static const char *
look(const struct walk *w, window_op *op, uint64_t at, uint64_t end, size_t *n)
{
	struct drop *d = w->d;
	uint64_t base = drop_base(d);
	const char *p =
	    op(&d->window, drop_mail(d), base + at, base + w->ahead, n);

	if (p != NULL) {
		if (*n > end - at)
			*n = (size_t)(end - at);
	} else if (errno != 0) {
		err_sys(w->e, ERR_TEMP, "Unable to read", d->sp.path);
	} else {
		err_set(w->e, ERR_TEMP,
		    "%.200s was cut off by another program during the session",
		    d->sp.path);
	}
	return p;
}

/*
 * Who reads on behind the message before gets more than he asks for; else
 * the message is all that is read.  One that fits is in memory as a whole.
 */
static int
prepare(struct walk *w, const struct msgloc *m)
{
	struct drop *d = w->d;
	uint64_t base = drop_base(d);
	size_t n;

	w->ahead = m->end;
	if (d->read_to > 0 && m->from >= d->read_to &&
	    m->from - d->read_to < WINDOW_OCTETS && d->size > m->end)
		w->ahead = d->size;
	d->read_to = m->next;
	if (m->end - m->from > WINDOW_OCTETS ||
	    window_holds(
		&d->window, drop_mail(d), base + m->from, base + m->end))
		return 0;
	return look(w, window_read, m->from, m->end, &n) == NULL ? -1 : 0;
}

static int
give(const struct walk *w, const char *data, size_t n)
{
	if (n > 0 && w->sink != NULL && w->sink(w->ctx, data, n) == -1) {
		w->e->kind = ERR_NONE;
		return -1;
	}
	return 0;
}

static int
give_uid(struct walk *w)
{
	const char *uid = w->uid;

	if (uid == NULL)
		return 0;
	w->uid = NULL;
	if (give(w, "X-UIDL: ", 8) == -1 || give(w, uid, strlen(uid)) == -1)
		return -1;
	return give(w, "\n", 1);
}

/* Header lines, or a part of one, that are not left out. */
static int
keep(const struct walk *w, uint64_t at, const char *data, size_t n)
{
	if (w->dropping || n == 0)
		return 0;
	if (w->range == NULL)
		return give(w, data, n);
	return w->range(w->ctx, at, n);
}

/* Header lines in memory; what is behind kept is not dealt with yet. */
struct lines {
	uint64_t at; /* of start in the mail */
	const char *start, *kept, *p, *stop;
	bool end;  /* the header ends at stop */
	bool full; /* no more fits */
	bool mid;  /* p is inside a line */
};

static int
keep_to(const struct walk *w, struct lines *l)
{
	const char *from = l->kept;

	l->kept = l->p;
	return keep(w, l->at + (uint64_t)(from - l->start), from,
	    (size_t)(l->p - from));
}

/* The beginning of a header line: is it to be left out? */
static int
judge(struct walk *w, struct lines *l)
{
	enum header kind = header_kind(l->p, (size_t)(l->stop - l->p));
	bool drop = (w->what & WALK_DROP(kind)) != 0;
	bool put = kind == HEADER_STATUS && w->uid != NULL;

	if (kind == HEADER_CONTINUED || (drop == w->dropping && !put))
		return 0;
	if (keep_to(w, l) == -1)
		return -1;
	w->dropping = drop;
	return put ? give_uid(w) : 0;
}

/*
 * A line that is cut at the end is left, unless there is nothing else; then
 * its rest goes the way its beginning goes.
 */
static int
take_header(struct walk *w, struct lines *l)
{
	while (l->p < l->stop) {
		const char *lf = memchr(l->p, '\n', (size_t)(l->stop - l->p));

		if (lf == NULL && !l->end &&
		    !(l->p == l->start && (l->full || l->mid)))
			break;
		if (!l->mid && judge(w, l) == -1)
			return -1;
		l->mid = lf == NULL;
		l->p = lf != NULL ? lf + 1 : l->stop;
	}
	return keep_to(w, l);
}

/* The header's fields, up to but without the empty line. */
static int
walk_header(struct walk *w, uint64_t at, uint64_t end)
{
	struct lines l = { .mid = false };
	window_op *op = window_look;

	while (at < end) {
		size_t n;
		const char *p = look(w, op, at, end, &n);

		if (p == NULL)
			return -1;
		l.at = at;
		l.start = l.kept = l.p = p;
		l.stop = p + n;
		l.end = at + n == end;
		l.full = op == window_read;
		if (take_header(w, &l) == -1)
			return -1;
		at += (uint64_t)(l.p - l.start);
		/* a cut line is read again from its beginning */
		op = l.p < l.stop ? window_read : window_look;
	}
	/* a header that just stops has no line end either */
	return l.mid && !w->dropping && w->range == NULL ? give(w, "\n", 1) : 0;
}

/* How much of the n octets at p is up to *lines line ends. */
static size_t
take_lines(const char *p, size_t n, uint64_t *lines)
{
	size_t done = 0;

	while (*lines > 0 && done < n) {
		const char *lf = memchr(p + done, '\n', n - done);

		if (lf == NULL)
			return n;
		done = (size_t)(lf - p) + 1;
		--*lines;
	}
	return done;
}

static int
walk_body(struct walk *w, uint64_t at, uint64_t end, uint64_t lines)
{
	while (at < end && lines > 0) {
		size_t n;
		const char *p = look(w, window_look, at, end, &n);

		if (p == NULL)
			return -1;
		if (lines != DROP_ALL)
			n = take_lines(p, n, &lines);
		if (give(w, p, n) == -1)
			return -1;
		at += n;
	}
	return 0;
}

/* Lines in front of a From_ line come and go with other messages. */
static int
walk_from(struct walk *w, uint64_t at, uint64_t end)
{
	bool begins = true;
	bool from = false;

	while (at < end) {
		size_t n;
		const char *p = look(w, window_look, at, end, &n);
		const char *lf;

		if (p == NULL)
			return -1;
		if (begins)
			from = *p == 'F';
		lf = memchr(p, '\n', n);
		begins = lf != NULL;
		if (begins)
			n = (size_t)(lf - p) + 1;
		if (from && give(w, p, n) == -1)
			return -1;
		at += n;
	}
	return 0;
}

uint64_t
message_fields_end(const struct msgloc *m)
{
	if ((m->flags & MSG_NOBLANK) != 0)
		return m->body;
	return m->body - ((m->flags & MSG_BLANK_CR) != 0 ? 2 : 1);
}

int
message_walk(struct drop *d, const struct msgloc *m, unsigned what,
    const char *uid, uint64_t lines, drop_sink *sink, void *ctx, struct err *e)
{
	struct walk w = { .d = d,
		.what = what,
		.uid = uid,
		.sink = sink,
		.ctx = ctx,
		.e = e };

	if (prepare(&w, m) == -1)
		return -1;
	if ((what & WALK_FROM) != 0 && walk_from(&w, m->from, m->head) == -1)
		return -1;
	if (walk_header(&w, m->head, message_fields_end(m)) == -1 ||
	    give_uid(&w) == -1 || give(&w, "\n", 1) == -1)
		return -1;
	return walk_body(&w, m->body, m->end, lines);
}

void
message_forget(struct drop *d)
{
	window_forget(&d->window);
}

int
message_fields(struct drop *d, const struct msgloc *m, unsigned what,
    message_range *range, void *ctx, struct err *e)
{
	struct walk w = { .d = d,
		.what = what,
		.range = range,
		.ctx = ctx,
		.ahead = message_fields_end(m),
		.e = e };

	return walk_header(&w, m->head, message_fields_end(m));
}
