/* SPDX-License-Identifier: MIT */
/* runs as: the user */
#include <string.h>
#include <unistd.h>

#include "drop.h"
#include "lock.h"
#include "message.h"
#include "print.h"
#include "recheck.h"
#include "take.h"
#include "uid.h"

int
drop_mail(const struct drop *d)
{
	return d->taken ? d->j.fd : d->sp.fd;
}

uint64_t
drop_base(const struct drop *d)
{
	return d->taken ? JOURNAL_DATA : 0;
}

int
drop_changed(const struct drop *d, struct err *e)
{
	return err_set(e, ERR_TEMP,
	    "%.200s was changed by another program during the session: "
	    "nothing was deleted; try again",
	    d->sp.path);
}

bool
drop_same_times(const struct stat *a, const struct stat *b)
{
	return a->st_size == b->st_size &&
	    a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	    a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	    a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
	    a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

bool
drop_same_place(const struct msgloc *a, const struct msgloc *b)
{
	return a->from == b->from && a->head == b->head && a->body == b->body &&
	    a->end == b->end && a->print == b->print;
}

int
drop_unchanged(const struct drop *d, struct err *e)
{
	struct stat now;

	/* what was taken is ours alone */
	if (d->taken || d->sp.fd == -1)
		return 1;
	if (fstat(d->sp.fd, &now) == -1)
		return err_sys(e, ERR_TEMP, "Unable to look at", d->sp.path);
	if ((uint64_t)now.st_size < d->size)
		return drop_changed(d, e);
	return drop_same_times(&now, &d->st);
}

uint32_t
drop_cache_options(const struct drop *d)
{
	return (d->hide ? CACHE_HIDE : 0U) |
	    (d->old_style_uid ? CACHE_OLD_STYLE : 0U) |
	    (d->headers ? CACHE_MARKS : 0U) | (d->lengths ? CACHE_LENGTHS : 0U);
}

int
drop_distrust(struct drop *d, struct err *e)
{
	d->distrust = true;
	cache_remove(&d->sp);
	return drop_changed(d, e);
}

int
drop_verify(struct drop *d, uint32_t i, struct err *e)
{
	const struct msgloc *m;
	int r = drop_unchanged(d, e);

	if (r == -1 || (r == 1 && !d->grown))
		return r == 1 ? 0 : -1;
	if (r == 0)
		message_forget(d);
	m = index_get(&d->ix, i, e);
	if (m == NULL)
		return -1;
	r = print_same(d->sp.fd, 0, m);
	if (r == -1)
		return err_sys(e, ERR_TEMP, "Unable to read", d->sp.path);
	return r == 1 ? 0 : drop_distrust(d, e);
}

int
drop_verify_all(struct drop *d, struct err *e)
{
	if (!d->grown || d->ix.count == 0)
		return 0;
	if (recheck(d, 0, d->ix.count - 1, e) == -1)
		return -1;
	d->grown = false;
	return 0;
}

int
drop_close(struct drop *d, struct err *e)
{
	int r = take_back(d, e);
	struct journal kept;
	struct err later;

	/* keep-temp-drop: also if this session had no use for one */
	if (d->sp.keep_drop && d->sp.session != -1)
		journal_open(&kept, &d->sp, JOURNAL_TEMP, true, &later);
	message_forget(d);
	index_close(&d->ix);
	cache_close(&d->cache);
	idset_free(&d->ids);
	spool_close(&d->sp);
	return r;
}

int
drop_octets(struct drop *d, uint32_t i, uint64_t *octets, struct err *e)
{
	const struct msgloc *m = index_get(&d->ix, i, e);

	if (m == NULL)
		return -1;
	*octets = m->wire;
	return 0;
}

int
drop_uid(struct drop *d, uint32_t i, char uid[UID_MAX + 1], struct err *e)
{
	const struct msgloc *m;

	do {
		if (uid_compute(d, i, e) == -1)
			return -1;
		m = index_get(&d->ix, i, e);
		if (m == NULL)
			return -1;
	} while (d->ids_lost);
	if (d->grown &&
	    (drop_verify(d, i, e) == -1 ||
		(m = index_get(&d->ix, i, e)) == NULL))
		return -1;
	memcpy(uid, m->uid, m->uid_len);
	uid[m->uid_len] = '\0';
	return 0;
}

/* RETR has sent it. */
static int
seen(struct drop *d, uint32_t i, struct msgloc *m, struct err *e)
{
	if (i + 1 > d->last)
		d->last = i + 1;
	if ((m->flags & MSG_SENT) != 0)
		return 0;
	if ((m->flags & (MSG_SEEN | MSG_READ)) == 0)
		d->learnt = true;
	m->flags |= MSG_SEEN | MSG_SENT;
	return index_set(&d->ix, i, m, e);
}

int
drop_send(struct drop *d, uint32_t i, uint64_t lines, drop_sink *sink,
    void *ctx, struct err *e)
{
	char uid[UID_MAX + 1];
	const struct msgloc *at;
	struct msgloc m;

	if (drop_uid(d, i, uid, e) == -1)
		return -1;
	at = index_get(&d->ix, i, e);
	if (at == NULL)
		return -1;
	m = *at;
	if (message_walk(d, &m, WALK_SERVER, uid, lines, sink, ctx, e) == -1)
		return -1;
	return lines == DROP_ALL ? seen(d, i, &m, e) : 0;
}

int
drop_is_gone(struct drop *d, uint32_t i, struct err *e)
{
	const struct msgloc *m = index_get(&d->ix, i, e);

	return m == NULL ? -1 : m->gone == d->mark;
}

bool
drop_going(const struct drop *d, const struct msgloc *m)
{
	return m->gone == d->mark;
}

int
drop_delete(struct drop *d, uint32_t i, struct err *e)
{
	const struct msgloc *at = index_get(&d->ix, i, e);
	struct msgloc m;

	if (at == NULL)
		return -1;
	m = *at;
	m.gone = d->mark;
	if (index_set(&d->ix, i, &m, e) == -1)
		return -1;
	d->gone_count++;
	d->gone_octets += m.wire;
	if (i + 1 > d->last)
		d->last = i + 1;
	return 0;
}

void
drop_reset(struct drop *d)
{
	d->mark++;
	d->gone_count = 0;
	d->gone_octets = 0;
	d->last = d->last_at_open;
}
