/* SPDX-License-Identifier: MIT */
/* runs as: the user */
#define XXH_INLINE_ALL
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "fileio.h"
#include "lock.h"
#include "putback.h"
#include "replace.h"
#include "scan.h"

#define BLOCK 262144
#define TAIL JOURNAL_NONCE

static int
cannot(const struct spool *sp, const char *what, struct err *e)
{
	return err_sys(e, ERR_TEMP, what, sp->path);
}

/* Space for what will be written, while it can still be refused. */
static int
reserve(const struct spool *sp, const struct journal_slot *s, struct err *e)
{
	if (file_reserve(sp->fd, s->size, s->result - s->size, true) == 0)
		return 0;
	cannot(sp, "No space to write back", e);
	file_truncate(sp->fd, s->size);
	return -1;
}

/*
 * The new length, and at its end what tells that it is only that.  Each is
 * sure before the next: mail that comes after a crash lies behind the old
 * length or the new one.
 */
static int
witness(const struct spool *sp, const struct journal_slot *s, struct err *e)
{
	struct stat now;

	/* mail that came after a crash may have made it longer */
	if (fstat(sp->fd, &now) == -1 ||
	    ((uint64_t)now.st_size < s->result &&
		(file_truncate(sp->fd, s->result) == -1 ||
		    fdatasync(sp->fd) == -1)))
		return cannot(sp, "Unable to extend", e);
	if (file_write(sp->fd, s->nonce, TAIL, s->result - TAIL) == -1)
		return cannot(sp, "Unable to write", e);
	if (fdatasync(sp->fd) == -1)
		return cannot(sp, "Unable to sync", e);
	return 0;
}

/* The last octets of the plan; reading has come to them. */
static int
write_tail(struct plan_in *in, const struct spool *sp,
    const struct journal_slot *s, struct err *e)
{
	char tail[TAIL];

	if (plan_read(in, tail, TAIL) != TAIL ||
	    file_write(sp->fd, tail, TAIL, s->result - TAIL) == -1)
		return cannot(sp, "Unable to write", e);
	if (fsync(sp->fd) == -1)
		return cannot(sp, "Unable to sync", e);
	return 0;
}

/* All but the last octets. */
static int
write_body(struct plan_in *in, struct spool *sp, const struct journal_slot *s,
    XXH128_hash_t *digest, struct err *e)
{
	static char block[BLOCK];
	XXH3_state_t state;
	uint64_t at = 0;

	XXH3_128bits_reset(&state);
	while (at < s->result - TAIL) {
		uint64_t left = s->result - TAIL - at;
		size_t n = left < BLOCK ? (size_t)left : BLOCK;

		if (plan_read(in, block, n) != (ssize_t)n ||
		    file_write(sp->fd, block, n, at) == -1)
			return cannot(sp, "Unable to write", e);
		file_start(sp->fd, at, n);
		/* extents come in their order */
		if (in->src != UINT64_MAX && in->src >= n)
			file_forget(in->source, in->src, n);
		XXH3_128bits_update(&state, block, n);
		at += n;
		lock_refresh(sp);
	}
	if (fdatasync(sp->fd) == -1)
		return cannot(sp, "Unable to sync", e);
	*digest = XXH3_128bits_digest(&state);
	return 0;
}

static int
finish(struct journal *j, struct spool *sp, struct plan_in *in, struct err *e)
{
	if (write_tail(in, sp, &j->now, e) == -1)
		return -1;
	/* nor the name of a spool that they have made */
	if (fsync(sp->dir) == -1)
		return cannot(sp, "Unable to sync the folder of", e);
	return journal_drop(j, e) == 0 ? 0 : -1;
}

/* From the commit point on, with the length as it will be. */
static int
pour(struct journal *j, struct spool *sp, struct err *e)
{
	struct journal_slot next = j->now;
	struct plan_in in;

	plan_open(&in, j->fd, next.plan, next.plan_len, j->fd);
	if (write_body(&in, sp, &next, &next.digest, e) == -1)
		return -1;
	next.state = JOURNAL_WRITTEN;
	if (journal_put(j, &next, e) != 0)
		return -1;
	return finish(j, sp, &in, e);
}

static int
write_out(struct journal *j, struct spool *sp, struct err *e)
{
	if (lock_intact(sp, j->now.size, e) == -1 ||
	    witness(sp, &j->now, e) == -1)
		return -1;
	return pour(j, sp, e);
}

/* 0 it is the state now, 1 perhaps, -1 it is not */
static int
commit(struct merge *m, struct spool *sp, struct err *e)
{
	if (lock_intact(sp, m->slot.size, e) == -1 ||
	    reserve(sp, &m->slot, e) == -1)
		return -1;
	/* agents may not have synced what the state relies on */
	if (fdatasync(sp->fd) == -1)
		return cannot(sp, "Unable to sync", e);
	m->slot.state = JOURNAL_PUT;
	journal_nonce(m->slot.nonce);
	return journal_put(m->j, &m->slot, e);
}

int
putback(struct merge *m, struct spool *sp, struct err *e)
{
	int r;

	/* nothing that the journal holds is kept: the spool is right */
	if (m->slot.result == m->slot.size)
		return journal_drop(m->j, e);
	/* no room for the nonce behind what is there */
	if (m->slot.result < m->slot.size + TAIL)
		return replace_all(m, sp, e);
	if (sp->fd == -1 && spool_make(sp, e) == -1)
		return -1;
	r = commit(m, sp, e);
	if (r != 0)
		return r;
	return write_out(m->j, sp, e) == -1 ? 1 : 0;
}

/* Behind the old length nothing but zeros, and what came of the nonce. */
static int
is_filler(const struct spool *sp, const struct journal_slot *s)
{
	char block[4096];
	uint64_t at = s->size;

	while (at < s->result - TAIL) {
		uint64_t left = s->result - TAIL - at;
		size_t n = left < sizeof block ? (size_t)left : sizeof block;
		size_t i;

		if (file_read(sp->fd, block, n, at) != (ssize_t)n)
			return -1;
		for (i = 0; i < n; i++) {
			if (block[i] != 0)
				return 0;
		}
		at += n;
	}
	return 1;
}

/* 1 it has its new length already, and all octets of the old one; 0; -1 */
static int
is_extended(const struct spool *sp, const struct journal_slot *s)
{
	unsigned char at[TAIL];
	bool whole = true;
	int i;

	if ((uint64_t)sp->st.st_size < s->result)
		return 0;
	if (file_read(sp->fd, at, TAIL, s->result - TAIL) != TAIL)
		return -1;
	for (i = 0; i < TAIL; i++) {
		if (at[i] != s->nonce[i] && at[i] != 0)
			return 0;
		whole = whole && at[i] == s->nonce[i];
	}
	return whole ? 1 : is_filler(sp, s);
}

/* The old spool is untouched: mail may have come behind it. */
static int
again(struct journal *j, struct spool *sp, struct err *e)
{
	const struct journal_slot *s = &j->now;
	struct merge m;
	int r = (uint64_t)sp->st.st_size < s->size
	    ? 0
	    : scan_same(sp, s->size, &s->digest, e);

	if (r != 1)
		return r == -1 ? -1 : 1;
	if (s->size == (uint64_t)sp->st.st_size) {
		if (lock_intact(sp, s->size, e) == -1 ||
		    witness(sp, s, e) == -1)
			return -1;
		return pour(j, sp, e);
	}
	if (merge_more(&m, j, sp, e) == -1)
		return -1;
	return putback(&m, sp, e) == 0 ? 0 : -1;
}

int
putback_resume(struct journal *j, struct spool *sp, struct err *e)
{
	const struct journal_slot *s = &j->now;
	struct plan_in in;
	int r;

	if (s->result < s->size || s->result - s->size < TAIL ||
	    (sp->fd == -1 && s->size > 0))
		return 1;
	/* an empty spool may have been removed */
	if (sp->fd == -1 && spool_make(sp, e) == -1)
		return -1;
	if (s->state == JOURNAL_WRITTEN) {
		r = (uint64_t)sp->st.st_size < s->result
		    ? 0
		    : scan_same(sp, s->result - TAIL, &s->digest, e);
		if (r != 1)
			return r == -1 ? -1 : 1;
		plan_open(&in, j->fd, s->plan, s->plan_len, j->fd);
		if (plan_skip(&in, s->result - TAIL) == -1)
			return cannot(sp, "Unable to read the plan of", e);
		return finish(j, sp, &in, e);
	}
	r = is_extended(sp, s);
	if (r == -1)
		return cannot(sp, "Unable to read", e);
	if (r == 1 && witness(sp, s, e) == -1)
		return -1;
	return r == 1 ? pour(j, sp, e) : again(j, sp, e);
}
