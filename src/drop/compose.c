/* SPDX-License-Identifier: MIT */
/* runs as: the user */
#include <stdio.h>
#include <string.h>

#include "compose.h"
#include "merge.h"
#include "message.h"
#include "shift.h"

struct composing {
	struct drop *d;
	struct compose *c;
	uint64_t at; /* mail up to here is dealt with */
	bool front;  /* nothing that is kept has to begin the spool */
	bool going;  /* what is in front of at goes */
	struct err *e;
};

static int
cannot(const struct composing *w)
{
	return err_sys(w->e, ERR_TEMP, "Unable to write", w->d->j.path);
}

/* Octets that stay of an MMDF spool, behind some that go. */
static int
join(struct composing *w, uint64_t from, uint64_t len)
{
	const char *text = "";
	int first =
	    merge_first(drop_mail(w->d), drop_base(w->d) + from, len, NULL);

	if (first == -1)
		return err_sys(w->e, ERR_TEMP, "Unable to read", w->d->sp.path);
	if (!w->front && first == 'F')
		text = MBOXSCAN_FRONT;
	if (w->c->open && first == '\1')
		text = MBOXSCAN_MARK;
	w->front = w->front || first != 0;
	w->c->open = false;
	return plan_text(w->c->plan, text, strlen(text)) == -1 ? cannot(w) : 0;
}

static int
keep(void *ctx, uint64_t from, uint64_t len)
{
	struct composing *w = ctx;

	if (len == 0)
		return 0;
	w->going = false;
	if ((!w->front || w->c->open) && join(w, from, len) == -1)
		return -1;
	if (plan_extent(w->c->plan, w->c->base + from, len) == -1)
		return cannot(w);
	return 0;
}

/* Whether the header lacks what it should say. */
static bool
wants_uid(const struct drop *d, const struct msgloc *m)
{
	return m->uid_len > 0 && (m->flags & MSG_UID_STORED) == 0 &&
	    (d->headers || (m->flags & MSG_UID_GIVEN) != 0);
}

static bool
wants_status(const struct drop *d, const struct msgloc *m)
{
	return d->headers &&
	    ((m->flags & MSG_STATUS) == 0 ||
		((m->flags & MSG_SEEN) != 0 && (m->flags & MSG_READ) == 0));
}

/* The fields to put in: their octets. */
static size_t
fields(const struct drop *d, const struct msgloc *m, char text[PLAN_TEXT_MAX])
{
	const char *eol = (m->flags & MSG_BLANK_CR) != 0 ? "\r\n" : "\n";
	bool read = (m->flags & (MSG_SEEN | MSG_READ)) != 0;
	int n = 0;

	if (wants_uid(d, m))
		n = snprintf(text, PLAN_TEXT_MAX, "X-UIDL: %.*s%s", m->uid_len,
		    m->uid, eol);
	if (wants_status(d, m))
		n += snprintf(text + n, PLAN_TEXT_MAX - (size_t)n,
		    "Status: %s%s", read ? "RO" : "U", eol);
	return (size_t)n;
}

static bool
has_room(const struct composing *w, size_t n)
{
	const struct plan_out *p = w->c->plan;
	uint64_t from = w->c->base + w->at;
	uint64_t to = p->base + p->total;

	return !w->c->tight || from >= to + n + SHIFT_GAP;
}

/* A kept message: only its header may need anything. */
static int
keep_message(struct composing *w, const struct msgloc *m)
{
	char text[PLAN_TEXT_MAX];
	unsigned drop = 0;
	size_t n;

	if ((m->flags & MSG_NOBLANK) != 0)
		return 0;
	n = fields(w->d, m, text);
	if (n == 0 || !has_room(w, n))
		return 0;
	if (wants_uid(w->d, m))
		drop |= WALK_DROP(HEADER_UIDL);
	if (wants_status(w->d, m))
		drop |= WALK_DROP(HEADER_STATUS);
	if (keep(w, w->at, m->head - w->at) == -1 ||
	    message_fields(w->d, m, drop, keep, w, w->e) == -1)
		return -1;
	w->at = message_fields_end(m);
	return plan_text(w->c->plan, text, n) == -1 ? cannot(w) : 0;
}

/* The first one of some that go, behind what stays: see mboxscan.h. */
static int
leave_first(struct composing *w, const struct msgloc *m)
{
	int first;

	if ((m->flags & MSG_SHARES) != 0)
		return keep(w, w->at, m->head - w->at);
	first =
	    merge_first(drop_mail(w->d), drop_base(w->d) + m->from, 1, NULL);
	if (first == -1)
		return err_sys(w->e, ERR_TEMP, "Unable to read", w->d->sp.path);
	w->c->open = first == 'F';
	return 0;
}

static int
leave_out(struct composing *w, const struct msgloc *m)
{
	if (w->at < m->from) {
		if (keep(w, w->at, m->from - w->at) == -1)
			return -1;
		w->at = m->from;
	}
	if (w->d->mmdf && w->front && !w->going && leave_first(w, m) == -1)
		return -1;
	w->going = true;
	w->at = m->next;
	return 0;
}

int
compose(struct drop *d, struct compose *c, uint32_t first, uint64_t at,
    struct err *e)
{
	struct composing w = { d, c, at, !d->mmdf || first > 0, false, e };
	int before;
	struct msgloc m;
	uint32_t i;

	c->open = false;
	/* a hidden message */
	before = w.front ? 0 : merge_first(drop_mail(d), c->base, at, NULL);
	if (before == -1)
		return err_sys(e, ERR_TEMP, "Unable to read", d->sp.path);
	w.front = w.front || before != 0;
	for (i = first; i < d->ix.count; i++) {
		const struct msgloc *loc = index_get(&d->ix, i, e);

		if (loc == NULL)
			return -1;
		m = *loc;
		if (!drop_going(d, &m)) {
			if (keep_message(&w, &m) == -1)
				return -1;
			continue;
		}
		if (leave_out(&w, &m) == -1)
			return -1;
	}
	return keep(&w, w.at, d->size - w.at);
}
