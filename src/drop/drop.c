/* SPDX-License-Identifier: MIT */
/* runs as: the user */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "drop.h"
#include "lock.h"
#include "marks.h"
#include "message.h"
#include "recover.h"
#include "scan.h"
#include "take.h"
#include "uid.h"

struct opening {
	struct drop *d;
	struct err *e;
};

static int
add(void *ctx, const struct msgloc *loc)
{
	struct opening *o = ctx;
	struct drop *d = o->d;
	struct msgloc m = *loc;

	if (d->hide && (m.flags & MSG_HIDDEN) != 0) {
		d->hidden++;
		return 0;
	}
	if (uid_stored(d, &m, o->e) == -1)
		return -1;
	/* the X-UIDL line that RETR adds; a computed id has a fixed length */
	m.wire += 10U + (m.uid_len > 0 ? m.uid_len : uid_length(d));
	if (index_add(&d->ix, &m, o->e) == -1)
		return -1;
	d->octets += m.wire;
	if ((m.flags & (MSG_READ | MSG_SEEN)) != 0)
		d->last = d->ix.count;
	if (d->lock_check > 0 && d->ix.count % d->lock_check == 0)
		lock_refresh(&d->sp);
	return 0;
}

static int
fill(struct drop *d, struct err *e)
{
	struct opening o = { d, e };
	struct scan job = { .msg = add, .ctx = &o };
	struct marks marks;
	int r;

	d->st = d->sp.st;
	d->size = d->sp.fd == -1 ? 0 : (uint64_t)d->st.st_size;
	if (!d->server && d->size > 0)
		return take(d, &job, e);
	marks_open(&marks, d);
	job.part = marks.size;
	r = scan_spool(&d->sp, d->size, &job, e);
	d->digest = job.digest;
	if (r == 0)
		r = marks_apply(&marks, d, &job.part_digest, e);
	marks_close(&marks);
	return r;
}

int
drop_open(struct drop *d, struct err *e)
{
	int r;

	index_init(&d->ix, d->sp.dir);
	idset_init(&d->ids, d->sp.dir);
	d->mark = 1;
	d->j.fd = -1; /* opened when it is needed */
	if (lock_session(&d->sp, e) == -1 || lock_spool(&d->sp, e) == -1)
		return -1;
	r = recover(&d->sp, e);
	if (r == 0)
		r = fill(d, e);
	lock_spool_end(&d->sp);
	d->last_at_open = d->last;
	return r;
}

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

int
drop_verify(struct drop *d, struct err *e)
{
	struct stat now;
	int r;

	/* what was taken is ours alone */
	if (d->taken || d->sp.fd == -1)
		return 0;
	if (fstat(d->sp.fd, &now) == -1)
		return err_sys(e, ERR_TEMP, "Unable to look at", d->sp.path);
	if (drop_same_times(&now, &d->st))
		return 0;
	message_forget(d);
	if ((uint64_t)now.st_size < d->size)
		return drop_changed(d, e);
	r = scan_same(&d->sp, d->size, &d->digest, e);
	if (r == 0)
		return drop_changed(d, e);
	if (r == 1)
		d->st = now;
	return r == 1 ? 0 : -1;
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

	if (uid_compute(d, i, e) == -1)
		return -1;
	m = index_get(&d->ix, i, e);
	if (m == NULL)
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
		d->unmarked = true;
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
