/* SPDX-License-Identifier: MIT */
/* runs as: the user */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cache.h"
#include "clock.h"
#include "drop.h"
#include "lock.h"
#include "recover.h"
#include "scan.h"
#include "take.h"
#include "uid.h"

struct opening {
	struct drop *d;
	struct err *e;
	bool carry; /* ids and marks from what the cache has */
	bool any;   /* block number at is in memory */
	uint32_t at;
	struct msgloc block[INDEX_BLOCK];
};

/* What the cache knows of the message that is number i now, or NULL. */
static const struct msgloc *
known(struct opening *o, uint32_t i, const struct msgloc *m)
{
	struct cache *c = &o->d->cache;
	uint32_t at = i / INDEX_BLOCK;
	const struct msgloc *old;

	if (!o->carry || i >= c->head.count)
		return NULL;
	if (!o->any || o->at != at) {
		o->carry = o->any = cache_block(c, at, o->block) == 0;
		o->at = at;
	}
	old = &o->block[i % INDEX_BLOCK];
	return o->carry && drop_same_place(old, m) ? old : NULL;
}

static int
add(void *ctx, const struct msgloc *loc)
{
	struct opening *o = ctx;
	struct drop *d = o->d;
	struct msgloc m = *loc;
	const struct msgloc *old;
	int r;

	if (d->hide && (m.flags & MSG_HIDDEN) != 0) {
		d->hidden++;
		return 0;
	}
	d->hidden_before = d->hidden;
	old = known(o, d->ix.count, &m);
	if (old != NULL && d->headers)
		m.flags |= old->flags & MSG_SEEN;
	r = old != NULL ? uid_carried(d, &m, old, o->e)
			: uid_stored(d, &m, o->e);
	if (r == -1)
		return -1;
	m.wire += uid_line(d, &m);
	if (index_add(&d->ix, &m, o->e) == -1)
		return -1;
	d->octets += m.wire;
	if (m.uid_len > 0 && d->ids_known + 1 == d->ix.count)
		d->ids_known++;
	if ((m.flags & (MSG_READ | MSG_SEEN)) != 0)
		d->last = d->ix.count;
	if (d->lock_check > 0 && d->ix.count % d->lock_check == 0)
		lock_refresh(&d->sp);
	return 0;
}

struct mending {
	struct drop *d;
	struct err *e;
	struct idset ids;
	uint32_t count;
	struct msgloc block[INDEX_BLOCK];
};

static int
mend_block(struct mending *w)
{
	uint32_t at = (w->count - 1) / INDEX_BLOCK;

	return index_restore(&w->d->ix, at, w->block, w->e);
}

static int
mend_one(void *ctx, const struct msgloc *loc)
{
	struct mending *w = ctx;
	struct msgloc *m = &w->block[w->count % INDEX_BLOCK];
	int r = 0;

	if (w->d->hide && (loc->flags & MSG_HIDDEN) != 0)
		return 0;
	if (w->count % INDEX_BLOCK == 0)
		memset(w->block, 0, sizeof w->block);
	*m = *loc;
	if (m->uid_len > 0)
		r = idset_take(&w->ids, m->uid, m->uid_len, w->e);
	if (r == -1)
		return -1;
	if (r == 1)
		m->flags |= MSG_UID_STORED;
	else
		m->uid_len = 0;
	m->wire += uid_line(w->d, m);
	w->count++;
	return w->count % INDEX_BLOCK == 0 ? mend_block(w) : 0;
}

/* What the cache's head said of all messages. */
static int
add_up(struct drop *d, struct err *e)
{
	uint32_t i;

	d->octets = 0;
	for (i = 0; i < d->ix.count; i++) {
		const struct msgloc *m = index_get(&d->ix, i, e);

		if (m == NULL)
			return -1;
		d->octets += m->wire;
	}
	return 0;
}

/*
 * A block of the cache was not what it should be: the session goes on with
 * records from the spool.  What it has changed itself stays.
 */
static int
mend(void *ctx, struct err *e)
{
	struct drop *d = ctx;
	struct mending w = { .d = d, .e = e };
	struct scan job = { .msg = mend_one, .ctx = &w, .lengths = d->lengths };
	int r;

	cache_remove(&d->sp);
	if (!d->opened)
		return err_set(
		    e, ERR_TEMP, "The cache of %.200s is damaged", d->sp.path);
	r = drop_unchanged(d, e);
	if (r != 1)
		return r == 0 ? drop_changed(d, e) : -1;
	idset_init(&w.ids, d->sp.dir);
	r = scan_spool(&d->sp, d->size, &job, e);
	idset_free(&w.ids);
	if (r == 0 && w.count % INDEX_BLOCK != 0)
		r = mend_block(&w);
	if (r == -1)
		return -1;
	if (w.count != d->ix.count)
		return err_set(e, ERR_TEMP,
		    "The cache of %.200s was wrong, and was removed: log in "
		    "again",
		    d->sp.path);
	idset_free(&d->ids);
	d->ids_ready = false;
	d->ids_lost = true;
	d->learnt = true;
	return add_up(d, e);
}

/* As after index_init: nothing is known of the messages. */
static void
forget(struct drop *d)
{
	index_close(&d->ix);
	idset_free(&d->ids);
	d->octets = 0;
	d->hidden = d->hidden_before = d->last = d->ids_known = 0;
	d->from_cache = d->grown = false;
	d->ids_ready = true;
}

static bool
fits(const struct drop *d)
{
	const uint32_t all =
	    CACHE_HIDE | CACHE_OLD_STYLE | CACHE_MARKS | CACHE_LENGTHS;

	return d->cache.fd != -1 &&
	    (d->cache.head.flags & all) == drop_cache_options(d);
}

static int
read_block(void *ctx, uint32_t at, struct msgloc to[INDEX_BLOCK])
{
	struct drop *d = ctx;

	return cache_block(&d->cache, at, to);
}

/* The index is what the cache says. */
static void
use(struct drop *d)
{
	const struct cache_head *h = &d->cache.head;

	d->base.read = read_block;
	d->base.mend = mend;
	d->base.ctx = d;
	index_use(&d->ix, &d->base, h->count);
	d->octets = h->octets;
	d->hidden = h->hidden;
	d->hidden_before = h->hidden_before;
	d->last = h->last;
	d->ids_known = h->ids_known;
	d->ids_ready = false;
	d->mmdf = (h->flags & CACHE_MMDF) != 0;
	d->edges = h->edges;
	d->from_cache = true;
}

/*
 * The spool has grown: what came is scanned, and the message before it, which
 * may have ended otherwise.
 */
static int
grow(struct drop *d, struct err *e)
{
	struct opening o = { .d = d, .e = e, .carry = true };
	struct scan job = { .msg = add, .ctx = &o, .lengths = d->lengths };
	const struct msgloc *m;

	use(d);
	d->grown = true;
	m = index_get(&d->ix, d->ix.count - 1, e);
	if (m == NULL)
		return -1;
	job.from = m->from;
	d->octets -= m->wire;
	d->hidden = d->hidden_before;
	d->ix.count--;
	if (d->ids_known > d->ix.count)
		d->ids_known = d->ix.count;
	if (d->last > d->ix.count)
		d->last = d->ix.count;
	while (d->last > 0) {
		m = index_get(&d->ix, d->last - 1, e);
		if (m == NULL)
			return -1;
		if ((m->flags & (MSG_READ | MSG_SEEN)) != 0)
			break;
		d->last--;
	}
	return scan_spool(&d->sp, d->size, &job, e);
}

static int
scan_all(struct drop *d, struct err *e)
{
	struct opening o = { .d = d, .e = e, .carry = d->cache.fd != -1 };
	struct scan job = { .msg = add, .ctx = &o, .lengths = d->lengths };

	d->ids_ready = !o.carry;
	if (scan_spool(&d->sp, d->size, &job, e) == -1)
		return -1;
	d->mmdf = job.mmdf;
	cache_close(&d->cache);
	return 0;
}

/* Server mode, with the spool lock. */
static int
look(struct drop *d, struct err *e)
{
	int r = 0;

	if (d->size == 0)
		return 0;
	d->sure = cache_sure(d->sp.fd, &d->st);
	cache_read(&d->cache);
	if (fits(d) && cache_same(&d->cache, &d->st)) {
		use(d);
		return 0;
	}
	d->learnt = true;
	if (fits(d))
		r = cache_grown(&d->cache, &d->sp, &d->st, e);
	if (r == 1) {
		r = grow(d, e) == -1 ? -1 : 1;
		if (r == -1 && d->cache.bad) {
			forget(d);
			r = 0;
		}
	}
	if (d->cache.bad)
		cache_close(&d->cache);
	if (r == 0)
		r = scan_all(d, e);
	if (r == -1)
		return -1;
	if (cache_edges(d->sp.fd, d->size, &d->edges) == -1)
		return err_sys(e, ERR_TEMP, "Unable to read", d->sp.path);
	return 0;
}

static int
fill(struct drop *d, struct err *e)
{
	struct opening o = { .d = d, .e = e };
	struct scan job = { .msg = add, .ctx = &o, .lengths = d->lengths };

	d->st = d->sp.st;
	d->size = d->sp.fd == -1 ? 0 : (uint64_t)d->st.st_size;
	if (!d->server && d->size > 0)
		return take(d, &job, e);
	return look(d, e);
}

/*
 * False if the spool has to be read, as far as that can be told without
 * reading anything: a cache that is older than the spool tells of another
 * state.
 */
static bool
may_be_at_once(const struct drop *d)
{
	const struct spool *sp = &d->sp;
	const struct timespec *then = &d->cache.written;

	if (!recover_nothing(sp))
		return false;
	if (sp->fd == -1 || sp->st.st_size == 0)
		return true;
	return d->cache.fd != -1 && !clock_later(&sp->st.st_mtim, then) &&
	    !clock_later(&sp->st.st_ctim, then);
}

/*
 * True if nobody has to be kept away, because there is nothing to be read:
 * the spool is as the cache tells, or empty.
 */
static bool
at_once(struct drop *d)
{
	const struct spool *sp = &d->sp;

	if (sp->fd == -1)
		return true;
	d->st = sp->st;
	d->size = (uint64_t)d->st.st_size;
	if (d->size == 0)
		return true;
	if (!d->server)
		return false;
	cache_read(&d->cache);
	if (!fits(d) || !cache_same(&d->cache, &d->st))
		return false;
	d->sure = true;
	use(d);
	return true;
}

static void
find_cache(struct drop *d)
{
	if (d->server && d->sp.fd != -1 && d->sp.st.st_size > 0 &&
	    d->cache.fd == -1)
		cache_open(&d->cache, &d->sp);
}

/*
 * While it waits for the lock, another program may make the spool, or put
 * another file in its place: that has to be opened, which is possible now.
 */
static int
lock_early(struct drop *d, struct err *e)
{
	int r;

	d->sp.reopen = true;
	r = lock_spool(&d->sp, e);
	d->sp.reopen = false;
	if (r == 0)
		find_cache(d);
	return r;
}

int
drop_enter(struct drop *d, struct err *e)
{
	index_init(&d->ix, d->sp.dir);
	idset_init(&d->ids, d->sp.dir);
	d->ids_ready = true;
	d->mark = 1;
	d->j.fd = -1; /* opened when it is needed */
	d->cache.fd = -1;
	if (lock_session(&d->sp, e) == -1 || spool_open(&d->sp, e) == -1)
		return -1;
	find_cache(d);
	return may_be_at_once(d) ? 0 : lock_early(d, e);
}

int
drop_open(struct drop *d, struct err *e)
{
	bool locked = d->sp.held != -1;
	int r = 0;

	if (locked || !at_once(d)) {
		if (!locked && lock_spool(&d->sp, e) == -1)
			return -1;
		r = recover(&d->sp, e);
		if (r == 0)
			r = fill(d, e);
		lock_spool_end(&d->sp);
	}
	d->opened = true;
	d->last_at_open = d->last;
	return r == -1 ? -1 : 0;
}
