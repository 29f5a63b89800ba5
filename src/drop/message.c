/* SPDX-License-Identifier: MIT */
/* runs as: the user */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "message.h"

#define BLOCK 131072

struct walk {
	const struct drop *d;
	unsigned what;
	const char *uid; /* still to be put in, or NULL */
	drop_sink *sink;
	message_range *range; /* instead of sink */
	void *ctx;
	bool dropping; /* inside a field that is left out */
	struct err *e;
};

/* At least one octet of [at, end), into the block; their number or -1. */
static ssize_t
read_at(const struct walk *w, char *block, uint64_t at, uint64_t end)
{
	uint64_t want = end - at < BLOCK ? end - at : BLOCK;
	ssize_t r;

	do {
		r = pread(drop_mail(w->d), block, want,
		    (off_t)(drop_base(w->d) + at));
	} while (r == -1 && errno == EINTR);
	if (r == -1)
		return err_sys(w->e, ERR_TEMP, "Unable to read", w->d->sp.path);
	if (r == 0)
		return err_set(w->e, ERR_TEMP,
		    "%.200s was cut off by another program during the session",
		    w->d->sp.path);
	return r;
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

/* The beginning of a header line: is it to be left out? */
static int
judge(struct walk *w, const char *line, size_t n)
{
	enum header kind = header_kind(line, n);

	if (kind == HEADER_CONTINUED)
		return 0;
	w->dropping = (w->what & WALK_DROP(kind)) != 0;
	return kind == HEADER_STATUS ? give_uid(w) : 0;
}

/* A header line, or a part of one, that is not left out. */
static int
keep(const struct walk *w, uint64_t at, const char *data, size_t n)
{
	if (w->range == NULL)
		return give(w, data, n);
	return w->range(w->ctx, at, n);
}

/*
 * The header's fields, up to but without the empty line.  A line that is cut
 * at the end of a block is read again from its beginning, unless it fills
 * the block: then its rest goes the way its beginning went.
 */
static int
walk_header(struct walk *w, uint64_t at, uint64_t end)
{
	char block[BLOCK];
	bool mid = false;

	while (at < end) {
		ssize_t r = read_at(w, block, at, end);
		const char *p = block;
		const char *stop;

		if (r == -1)
			return -1;
		stop = block + r;
		while (p < stop) {
			const char *lf = memchr(p, '\n', (size_t)(stop - p));
			const char *next = lf != NULL ? lf + 1 : stop;

			if (lf == NULL && p > block &&
			    at + (size_t)(stop - block) < end)
				break;
			if (!mid && judge(w, p, (size_t)(next - p)) == -1)
				return -1;
			if (!w->dropping &&
			    keep(w, at + (size_t)(p - block), p,
				(size_t)(next - p)) == -1)
				return -1;
			mid = lf == NULL;
			p = next;
		}
		at += (size_t)(p - block);
	}
	/* a header that just stops has no line end either */
	return mid && !w->dropping && w->range == NULL ? give(w, "\n", 1) : 0;
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
	char block[BLOCK];

	while (at < end && lines > 0) {
		ssize_t r = read_at(w, block, at, end);
		size_t n = (size_t)r;

		if (r == -1)
			return -1;
		if (lines != DROP_ALL)
			n = take_lines(block, n, &lines);
		if (give(w, block, n) == -1)
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

	if ((what & WALK_FROM) != 0 &&
	    walk_body(&w, m->from, m->head, DROP_ALL) == -1)
		return -1;
	if (walk_header(&w, m->head, message_fields_end(m)) == -1 ||
	    give_uid(&w) == -1 || give(&w, "\n", 1) == -1)
		return -1;
	return walk_body(&w, m->body, m->end, lines);
}

int
message_fields(struct drop *d, const struct msgloc *m, unsigned what,
    message_range *range, void *ctx, struct err *e)
{
	struct walk w = {
		.d = d, .what = what, .range = range, .ctx = ctx, .e = e
	};

	return walk_header(&w, m->head, message_fields_end(m));
}
