/* SPDX-License-Identifier: MIT */
/* runs as: the user */
#define XXH_INLINE_ALL
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fileio.h"
#include "marks.h"
#include "safefile.h"
#include "scan.h"
#include "uid.h"

static const char magic[8] = "POPMARK\1";

struct head {
	char magic[8];
	uint64_t size;
	uint32_t count;
	uint32_t hidden; /* messages that the option hides */
	XXH128_hash_t digest;
	uint64_t records; /* their checksum */
	uint64_t check;	  /* of what is above */
};

/* A message, in the order of the spool. */
struct record {
	uint8_t read;
	uint8_t uid_len;
	char uid[UID_MAX];
};

#define SEVERAL 64

static uint64_t
place(uint32_t i)
{
	return sizeof(struct head) + (uint64_t)i * sizeof(struct record);
}

static uint64_t
check_of(const struct head *h)
{
	return XXH3_64bits(h, offsetof(struct head, check));
}

static bool
marks_whole(const struct marks *k, uint64_t want)
{
	struct record block[SEVERAL];
	XXH3_state_t state;
	uint32_t i;

	XXH3_64bits_reset(&state);
	for (i = 0; i < k->count; i += SEVERAL) {
		uint32_t n = k->count - i < SEVERAL ? k->count - i : SEVERAL;
		size_t octets = n * sizeof block[0];

		if (file_read(k->fd, block, octets, place(i)) !=
		    (ssize_t)octets)
			return false;
		XXH3_64bits_update(&state, block, octets);
	}
	return XXH3_64bits_digest(&state) == want;
}

void
marks_open(struct marks *k, const struct drop *d)
{
	struct head h;
	struct stat st;
	struct err e;

	memset(k, 0, sizeof *k);
	k->fd = -1;
	if (!d->server || !d->headers || d->size == 0)
		return;
	k->fd = safefile_open_user(d->sp.cache, d->sp.marks, d->sp.marks,
	    O_RDONLY, d->sp.uid, &st, &e);
	if (k->fd == -1)
		return;
	if (file_read(k->fd, &h, sizeof h, 0) == (ssize_t)sizeof h &&
	    memcmp(h.magic, magic, sizeof magic) == 0 &&
	    h.check == check_of(&h) && h.size <= d->size &&
	    (h.hidden != 0) == d->hide) {
		k->size = h.size;
		k->count = h.count;
		k->digest = h.digest;
		if (marks_whole(k, h.records))
			return;
	}
	marks_close(k);
	k->size = 0;
}

void
marks_close(struct marks *k)
{
	if (k->fd != -1)
		close(k->fd);
	k->fd = -1;
}

/*
 * The id of the record is the message's.  One in its header may be another's,
 * which is gone now, so that it looks as if it were the first of its kind.
 */
static int
recall_uid(
    struct drop *d, struct msgloc *m, const struct record *r, struct err *e)
{
	unsigned was = m->uid_len > 0 ? m->uid_len : uid_length(d);
	int got;

	if (!header_uid_good(r->uid, r->uid_len) ||
	    (m->uid_len == r->uid_len &&
		memcmp(m->uid, r->uid, r->uid_len) == 0))
		return 0;
	got = idset_take(&d->ids, r->uid, r->uid_len, e);
	if (got != 1)
		return got;
	d->octets = d->octets - was + r->uid_len;
	m->wire = m->wire - was + r->uid_len;
	m->uid_len = r->uid_len;
	memcpy(m->uid, r->uid, r->uid_len);
	m->flags &= ~(uint32_t)MSG_UID_STORED;
	return 0;
}

/* What the record says of message i. */
static int
recall(struct drop *d, uint32_t i, const struct record *r, struct err *e)
{
	const struct msgloc *at = index_get(&d->ix, i, e);
	struct msgloc m;

	if (at == NULL)
		return -1;
	m = *at;
	if (r->read != 0) {
		m.flags |= MSG_SEEN;
		d->last = i + 1;
	}
	if (recall_uid(d, &m, r, e) == -1)
		return -1;
	return index_set(&d->ix, i, &m, e);
}

int
marks_apply(const struct marks *k, struct drop *d, const XXH128_hash_t *digest,
    struct err *e)
{
	struct record block[SEVERAL];
	uint32_t i;

	if (k->size == 0 || !XXH128_isEqual(*digest, k->digest) ||
	    k->count > d->ix.count)
		return 0;
	for (i = 0; i < k->count; i++) {
		uint32_t left = k->count - i;
		uint32_t n = left < SEVERAL ? left : SEVERAL;

		if (i % SEVERAL == 0 &&
		    file_read(k->fd, block, n * sizeof block[0], place(i)) !=
			(ssize_t)(n * sizeof block[0]))
			return 0;
		if (recall(d, i, &block[i % SEVERAL], e) == -1)
			return -1;
	}
	return 0;
}

struct saving {
	XXH3_state_t state;
	struct head head;
	struct drop *d;
	size_t have;
	int fd;
	struct record block[SEVERAL];
};

static int
flush(struct saving *w)
{
	size_t n = w->have * sizeof w->block[0];

	if (file_write(w->fd, w->block, n,
		place(w->head.count - (uint32_t)w->have)) == -1)
		return -1;
	XXH3_64bits_update(&w->state, w->block, n);
	w->have = 0;
	return 0;
}

static int
save_records(struct saving *w, struct err *e)
{
	uint32_t i;

	XXH3_64bits_reset(&w->state);
	for (i = 0; i < w->d->ix.count; i++) {
		const struct msgloc *m = index_get(&w->d->ix, i, e);
		struct record *r = &w->block[w->have];

		if (m == NULL)
			return -1;
		if (w->d->committed && drop_going(w->d, m))
			continue;
		memset(r, 0, sizeof *r);
		r->read = (m->flags & (MSG_SEEN | MSG_READ)) != 0;
		r->uid_len = m->uid_len;
		memcpy(r->uid, m->uid, m->uid_len);
		w->head.count++;
		if (++w->have == SEVERAL && flush(w) == -1)
			return err_sys(
			    e, ERR_TEMP, "Unable to write", w->d->sp.marks);
	}
	return flush(w) == -1
	    ? err_sys(e, ERR_TEMP, "Unable to write", w->d->sp.marks)
	    : 0;
}

/* The digest of the mail that is left, in the spool that is there now. */
static int
save_digest(struct saving *w, struct err *e)
{
	struct spool now = w->d->sp;
	struct stat st;
	int r;

	w->head.size = w->d->size;
	w->head.digest = w->d->digest;
	if (!w->d->committed)
		return 0;
	w->head.size = w->d->kept;
	now.fd = safefile_open_user(
	    now.dir, now.name, now.path, O_RDONLY, now.uid, &st, e);
	if (now.fd == -1)
		return -1;
	r = scan_digest(&now, w->head.size, &w->head.digest, e);
	/* somebody else was there: who knows what has which id */
	if (r == 0 &&
	    (fstat(now.fd, &st) == -1 || !drop_same_times(&st, &w->d->after)))
		r = err_set(
		    e, ERR_TEMP, "%.200s has changed meanwhile", now.path);
	close(now.fd);
	return r;
}

static int
save(struct saving *w, const char *name, struct err *e)
{
	if (save_records(w, e) == -1 || save_digest(w, e) == -1)
		return -1;
	memcpy(w->head.magic, magic, sizeof magic);
	w->head.hidden = w->d->hide;
	w->head.records = XXH3_64bits_digest(&w->state);
	w->head.check = check_of(&w->head);
	if (file_write(w->fd, &w->head, sizeof w->head, 0) == -1 ||
	    renameat(w->d->sp.cache, name, w->d->sp.cache, w->d->sp.marks) ==
		-1)
		return err_sys(e, ERR_TEMP, "Unable to write", name);
	return 0;
}

int
drop_remember(struct drop *d, struct err *e)
{
	struct saving w = { .d = d };
	char name[SPOOL_NAME_MAX + 8];
	int r;

	if (!d->server || !d->headers || !d->unmarked)
		return 0;
	if (d->committed && d->kept == 0) {
		unlinkat(d->sp.cache, d->sp.marks, 0);
		return 0;
	}
	snprintf(name, sizeof name, "%s.new", d->sp.marks);
	unlinkat(d->sp.cache, name, 0);
	w.fd = openat(d->sp.cache, name,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (w.fd == -1)
		return err_sys(e, ERR_PERM, "Unable to create", name);
	r = save(&w, name, e);
	close(w.fd);
	if (r == -1)
		unlinkat(d->sp.cache, name, 0);
	return r;
}
