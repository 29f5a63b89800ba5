/* SPDX-License-Identifier: MIT */
/* runs as: the user */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cache.h"
#include "drop.h"
#include "lock.h"
#include "print.h"
#include "safefile.h"
#include "scan.h"
#include "uid.h"

struct remembering {
	struct drop *d;
	struct err *e;
	struct cache_out out;
	uint32_t next; /* of the old index: the next one may be kept */
	bool differs;
};

static void
put(struct remembering *w, const struct msgloc *from)
{
	struct cache_head *h = &w->out.head;
	struct msgloc m = *from;

	if (!w->d->headers)
		m.flags &= ~(unsigned)MSG_SEEN;
	h->hidden_before = h->hidden;
	if (m.uid_len > 0 && h->ids_known == h->count)
		h->ids_known++;
	cache_add(&w->out, &m);
	h->octets += m.wire;
	if ((m.flags & (MSG_READ | MSG_SEEN)) != 0)
		h->last = h->count;
}

/* The next message that was kept; NULL: none, or with w->differs an error. */
static const struct msgloc *
kept(struct remembering *w)
{
	while (w->next < w->d->ix.count) {
		const struct msgloc *m = index_get(&w->d->ix, w->next++, w->e);

		if (m == NULL)
			break;
		if (!w->d->committed || !drop_going(w->d, m))
			return m;
	}
	return NULL;
}

/* Messages that lie where they lay. */
static int
put_old(struct remembering *w, uint32_t count)
{
	while (w->next < count) {
		const struct msgloc *m = index_get(&w->d->ix, w->next, w->e);

		if (m == NULL)
			return -1;
		put(w, m);
		w->next++;
	}
	return 0;
}

/* A message of the new spool is the next one of those that were kept. */
static int
moved(void *ctx, const struct msgloc *loc)
{
	struct remembering *w = ctx;
	struct msgloc m = *loc;
	const struct msgloc *old;

	if (w->d->hide && (m.flags & MSG_HIDDEN) != 0) {
		w->out.head.hidden++;
		return 0;
	}
	old = kept(w);
	if (old == NULL) {
		w->differs = true;
		return -1;
	}
	m.flags |= old->flags & MSG_SEEN;
	if (old->uid_len > 0 && m.uid_len == old->uid_len &&
	    memcmp(m.uid, old->uid, m.uid_len) == 0)
		m.flags |= MSG_UID_STORED;
	m.uid_len = old->uid_len;
	memcpy(m.uid, old->uid, old->uid_len);
	m.wire += uid_line(w->d, &m);
	put(w, &m);
	return 0;
}

/* Of mail that was there nothing else may have been changed since. */
static int
still(struct remembering *w, int fd)
{
	const struct drop *d = w->d;
	struct stat st;

	if (cache_edges(fd, d->kept, &w->out.head.edges) == -1)
		return err_sys(w->e, ERR_TEMP, "Unable to read", d->sp.path);
	if (fstat(fd, &st) == -1)
		return err_sys(w->e, ERR_TEMP, "Unable to look at", d->sp.path);
	if (safefile_same(&st, &d->after) &&
	    (drop_same_times(&st, &d->after) || st.st_size > d->after.st_size))
		return 0;
	return err_set(
	    w->e, ERR_TEMP, "%.200s has changed meanwhile", d->sp.path);
}

/* After an update that has only moved the mail behind a run. */
static int
put_moved(struct remembering *w, int fd)
{
	const struct collapsed *c = &w->d->collapsed;

	if (put_old(w, w->d->first) == -1)
		return -1;
	for (w->next = c->next; w->next < w->d->ix.count; w->next++) {
		const struct msgloc *old = index_get(&w->d->ix, w->next, w->e);
		struct msgloc m;

		if (old == NULL)
			return -1;
		m = *old;
		m.from -= c->moved;
		m.head -= c->moved;
		m.body -= c->moved;
		m.end -= c->moved;
		m.next -= c->moved;
		if (w->next == c->next) {
			m.from = c->from;
			m.head = c->from + c->line;
			if (print_take(fd, 0, NULL, &m) == -1)
				return err_sys(w->e, ERR_TEMP, "Unable to read",
				    w->d->sp.path);
		}
		put(w, &m);
	}
	w->out.head.hidden = w->d->hidden;
	w->out.head.hidden_before = w->d->hidden_before;
	return still(w, fd);
}

/* After an update: what lies behind the first removed message is new. */
static int
after_update(struct remembering *w, struct spool *now)
{
	struct drop *d = w->d;
	struct scan job = { .msg = moved, .ctx = w, .lengths = d->lengths };
	const struct msgloc *m = index_get(&d->ix, d->first, w->e);

	if (m == NULL)
		return -1;
	if (!d->mmdf && d->hidden == 0) {
		job.from = m->from;
		if (put_old(w, d->first) == -1)
			return -1;
	}
	if (scan_spool(now, d->kept, &job, w->e) == -1 && !w->differs)
		return -1;
	if (w->differs || kept(w) != NULL)
		return err_set(w->e, ERR_TEMP,
		    "%.200s is not what the update left", d->sp.path);
	return still(w, now->fd);
}

static uint32_t
flags(const struct drop *d)
{
	bool sure = d->committed ? d->after_sure : d->sure;

	return drop_cache_options(d) | (sure ? CACHE_SURE : 0U) |
	    (d->mmdf ? CACHE_MMDF : 0U);
}

static int
write_cache(struct remembering *w, struct spool *now)
{
	struct drop *d = w->d;
	struct stat st = d->committed ? d->after : d->st;
	int r;

	cache_begin(&w->out, &d->sp);
	w->out.head.flags = flags(d);
	if (d->committed) {
		/* what came during the update will be found as having come */
		st.st_size = (off_t)d->kept;
		r = d->collapsed.done ? put_moved(w, now->fd)
				      : after_update(w, now);
	} else {
		w->out.head.hidden = d->hidden;
		w->out.head.edges = d->edges;
		r = put_old(w, d->ix.count);
		w->out.head.hidden_before = d->hidden_before;
	}
	if (r == 0 && w->out.head.count == 0)
		cache_remove(&d->sp);
	if (r == 0 && w->out.head.count > 0)
		return cache_end(&w->out, &st, w->e);
	cache_give_up(&w->out);
	return r;
}

void
drop_closing(struct drop *d)
{
	/* mail that has to go back is nobody else's business */
	if (!d->taken && d->sp.session != -1)
		lock_session_closing(&d->sp);
}

int
drop_remember(struct drop *d, struct err *e)
{
	struct remembering w = { .d = d, .e = e };
	struct spool now;

	if (!d->server || !d->learnt || d->distrust || d->sp.fd == -1)
		return 0;
	drop_closing(d);
	if (d->sp.session == -1)
		return err_set(e, ERR_TEMP,
		    "The session lock of %.200s was taken by the next session",
		    d->sp.path);
	if (d->committed && d->kept == 0) {
		cache_remove(&d->sp);
		return 0;
	}
	now = d->sp;
	return write_cache(&w, &now);
}
