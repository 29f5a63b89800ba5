/* SPDX-License-Identifier: MIT */
/* runs as: the user */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "drop.h"
#include "lock.h"
#include "message.h"
#include "scan.h"
#include "uid.h"

static bool
bit(const unsigned char *map, uint32_t i)
{
	return (map[i / 8] >> (i % 8) & 1) != 0;
}

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

	if (uid_stored(d, &m, o->e) == -1)
		return -1;
	/* the X-UIDL line that RETR adds; a computed id has a fixed length */
	m.wire += 10U + (m.uid_len > 0 ? m.uid_len : uid_length(d));
	if (index_add(&d->ix, &m, o->e) == -1)
		return -1;
	d->octets += m.wire;
	if ((m.flags & MSG_READ) != 0)
		d->last = d->ix.count;
	if (d->lock_check > 0 && d->ix.count % d->lock_check == 0)
		lock_refresh(&d->sp);
	return 0;
}

static int
fill(struct drop *d, struct err *e)
{
	struct opening o = { d, e };

	d->st = d->sp.st;
	d->size = d->sp.fd == -1 ? 0 : (uint64_t)d->st.st_size;
	if (scan_spool(&d->sp, d->size, add, &o, &d->digest, e) == -1)
		return -1;
	d->gone = calloc(d->ix.count / 8 + 1, 1);
	if (d->gone == NULL)
		return err_set(e, ERR_TEMP, "No memory for the maildrop");
	d->last_at_open = d->last;
	return 0;
}

int
drop_open(struct drop *d, struct err *e)
{
	int r;

	index_init(&d->ix, d->sp.dir);
	idset_init(&d->ids, d->sp.dir);
	if (lock_session(&d->sp, e) == -1)
		return -1;
	/* what a session that died was making means nothing */
	if (unlinkat(d->sp.dir, d->sp.fresh, 0) == -1 && errno != ENOENT)
		return err_sys(e, ERR_PERM, "Unable to remove", d->sp.fresh);
	if (lock_spool(&d->sp, e) == -1)
		return -1;
	r = fill(d, e);
	lock_spool_end(&d->sp);
	return r;
}

int
drop_changed(const struct drop *d, struct err *e)
{
	return err_set(e, ERR_TEMP,
	    "%.200s was changed by another program during the session: "
	    "nothing was deleted; try again",
	    d->sp.path);
}

static bool
same_times(const struct stat *a, const struct stat *b)
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

	if (d->sp.fd == -1)
		return 0;
	if (fstat(d->sp.fd, &now) == -1)
		return err_sys(e, ERR_TEMP, "Unable to look at", d->sp.path);
	if (same_times(&now, &d->st))
		return 0;
	if ((uint64_t)now.st_size < d->size)
		return drop_changed(d, e);
	r = scan_same(&d->sp, d->size, &d->digest, e);
	if (r == 0)
		return drop_changed(d, e);
	if (r == 1)
		d->st = now;
	return r == 1 ? 0 : -1;
}

void
drop_close(struct drop *d)
{
	index_close(&d->ix);
	idset_free(&d->ids);
	free(d->gone);
	d->gone = NULL;
	spool_close(&d->sp);
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
	if (message_walk(d, &m, 0, uid, lines, sink, ctx, e) == -1)
		return -1;
	if (lines == DROP_ALL && i + 1 > d->last)
		d->last = i + 1;
	return 0;
}

bool
drop_is_gone(const struct drop *d, uint32_t i)
{
	return bit(d->gone, i);
}

int
drop_delete(struct drop *d, uint32_t i, struct err *e)
{
	uint64_t octets;

	if (drop_octets(d, i, &octets, e) == -1)
		return -1;
	d->gone[i / 8] |= (unsigned char)(1U << (i % 8));
	d->gone_count++;
	d->gone_octets += octets;
	if (i + 1 > d->last)
		d->last = i + 1;
	return 0;
}

void
drop_reset(struct drop *d)
{
	memset(d->gone, 0, d->ix.count / 8 + 1);
	d->gone_count = 0;
	d->gone_octets = 0;
	d->last = d->last_at_open;
}
