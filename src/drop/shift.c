/* SPDX-License-Identifier: MIT */
/* runs as: the user */
#define XXH_INLINE_ALL
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fileio.h"
#include "lock.h"
#include "shift.h"

#define BLOCK 262144
#ifndef SHIFT_WINDOW /* tests have small ones */
#define SHIFT_WINDOW ((uint64_t)4 << 20)
#endif
/* of much mail this part is a window, and takes as much room, twice */
#define WINDOW_PART 16
#define WINDOW_MAX (8 * SHIFT_WINDOW)
#define WITNESS 65536
#define WINDOWS_SMALL 1000 /* of another size, each with two syncs */

static int
cannot(const struct spool *sp, const char *what, struct err *e)
{
	return err_sys(e, ERR_TEMP, what, sp->path);
}

int
shift_cut(struct spool *sp, uint64_t size, struct err *e)
{
	if (lock_intact(sp, (uint64_t)sp->st.st_size, e) == -1)
		return -1;
	if (file_truncate(sp->fd, size) == -1)
		return cannot(sp, "Unable to cut", e);
	if (fsync(sp->fd) == 0)
		return 0;
	cannot(sp, "Unable to sync", e);
	return 1;
}

static uint64_t
total(const struct journal_slot *s)
{
	return s->result - s->from;
}

static bool
is_last(const struct journal_slot *s)
{
	return s->done + s->window_len == total(s);
}

/*
 * The digest of octets that no window touches: the last ones in front of the
 * first window, and the last ones of the spool.  They tell if it is still the
 * same mail.
 */
static int
witness(struct spool *sp, const struct journal_slot *s, XXH128_hash_t *digest,
    struct err *e)
{
	char block[WITNESS];
	const uint64_t from[2] = { 0, s->result + JOURNAL_NONCE };
	const uint64_t to[2] = { s->from, s->size };
	XXH3_state_t state;
	int i;

	XXH3_128bits_reset(&state);
	for (i = 0; i < 2; i++) {
		uint64_t n = to[i] - from[i];

		if (n > WITNESS)
			n = WITNESS;
		if (file_read(sp->fd, block, n, to[i] - n) != (ssize_t)n)
			return cannot(sp, "Unable to read", e);
		XXH3_128bits_update(&state, block, n);
	}
	*digest = XXH3_128bits_digest(&state);
	return 0;
}

/* The next window of the plan into the journal, and its digest. */
static int
store(struct journal *j, struct spool *sp, struct plan_in *in,
    struct journal_slot *next, struct err *e)
{
	static char block[BLOCK];
	uint64_t left = next->window_len;
	uint64_t at = next->copy;
	XXH3_state_t state;

	XXH3_128bits_reset(&state);
	while (left > 0) {
		size_t n = left < BLOCK ? (size_t)left : BLOCK;

		if (plan_read(in, block, n) != (ssize_t)n)
			return cannot(sp, "Unable to read", e);
		if (file_write(j->fd, block, n, at) == -1)
			return err_sys(e, ERR_TEMP, "Unable to write", j->path);
		file_start(j->fd, at, n);
		XXH3_128bits_update(&state, block, n);
		at += n;
		left -= n;
		lock_refresh(sp);
	}
	next->window_digest = XXH3_128bits_digest(&state);
	return 0;
}

/*
 * The window behind what is done.  It can be written at once as far as it
 * touches neither its own source nor any that is read later, and the nonce
 * does not either; if that is little, it is copied first.
 */
static int
prepare(struct journal *j, struct spool *sp, struct plan_in *in,
    struct journal_slot *next, struct err *e)
{
	uint64_t to = next->from + next->done;
	uint64_t left = total(next) - next->done;
	uint64_t apart = left;
	uint64_t src;

	if (plan_source(in, &src) == -1)
		return cannot(sp, "Unable to read the plan of", e);
	if (src < to + left + SHIFT_GAP)
		apart = src < to + SHIFT_GAP ? 0 : src - to - SHIFT_GAP;
	if (apart == left || apart >= SHIFT_WINDOW ||
	    (apart > 0 && next->halves == 0)) {
		next->window_len = apart;
		next->copy = 0;
		return 0;
	}
	if (next->halves == 0)
		return err_set(
		    e, ERR_TEMP, "%.200s has no room to move mail", sp->path);
	next->window_len = left < next->half_len ? left : next->half_len;
	/* the one before has to stay until this one is the state */
	next->copy = next->copy == next->halves ? next->halves + next->half_len
						: next->halves;
	return store(j, sp, in, next, e);
}

/* The window that the state names to its place. */
static int
place(struct journal *j, struct spool *sp, struct plan_in *in, struct err *e)
{
	static char block[BLOCK];
	const struct journal_slot *s = &j->now;
	uint64_t left = s->window_len;
	uint64_t to = s->from + s->done;
	uint64_t at = s->copy;

	while (left > 0) {
		size_t n = left < BLOCK ? (size_t)left : BLOCK;
		ssize_t r = s->copy != 0 ? file_read(j->fd, block, n, at)
					 : plan_read(in, block, n);

		if (r != (ssize_t)n || file_write(sp->fd, block, n, to) == -1)
			return cannot(sp, "Unable to write", e);
		file_start(sp->fd, to, n);
		at += n;
		to += n;
		left -= n;
		lock_refresh(sp);
	}
	/* from the journal it can be done once more, whatever it covers */
	if (is_last(s) && s->copy != 0 &&
	    file_write(sp->fd, s->nonce, JOURNAL_NONCE, s->result) == -1)
		return cannot(sp, "Unable to write", e);
	if (fdatasync(sp->fd) == -1)
		return cannot(sp, "Unable to sync", e);
	return 0;
}

/* The windows from the one on that the state names. */
static int
windows(struct journal *j, struct spool *sp, struct plan_in *in, struct err *e)
{
	for (;;) {
		struct journal_slot next = j->now;

		if (place(j, sp, in, e) == -1)
			return -1;
		if (is_last(&next))
			return 0;
		next.done += next.window_len;
		if (prepare(j, sp, in, &next, e) == -1 ||
		    journal_put(j, &next, e) != 0)
			return -1;
	}
}

static int begin(struct journal *j, struct spool *sp,
    const struct plan_out *plan, const XXH128_hash_t *plan_digest,
    struct plan_in *in, struct err *e);

/* Mail behind the end that the state knows: it moves down, too. */
static int
follow(struct journal *j, struct spool *sp, uint64_t size, struct err *e)
{
	struct plan_out plan;
	struct plan_in in;
	XXH128_hash_t digest;

	plan_begin(&plan, j->fd, j->end, j->now.result);
	if (plan_extent(&plan, j->now.size, size - j->now.size) == -1 ||
	    plan_end(&plan, &digest) == -1)
		return err_sys(e, ERR_TEMP, "Unable to write", j->path);
	if (begin(j, sp, &plan, &digest, &in, e) != 0)
		return -1;
	return windows(j, sp, &in, e);
}

/* All octets are in their place: cuts the spool off. */
static int
cut(struct journal *j, struct spool *sp, struct err *e)
{
	struct journal_slot next;
	struct stat st;

	for (;;) {
		if (fstat(sp->fd, &st) == -1)
			return cannot(sp, "Unable to look at", e);
		sp->st = st;
		if ((uint64_t)st.st_size <= j->now.size)
			break;
		if (follow(j, sp, (uint64_t)st.st_size, e) == -1)
			return -1;
	}
	next = j->now;
	if (file_write(sp->fd, next.nonce, JOURNAL_NONCE, next.result) == -1)
		return cannot(sp, "Unable to write", e);
	if (next.copy == 0 && fdatasync(sp->fd) == -1)
		return cannot(sp, "Unable to sync", e);
	next.state = JOURNAL_CUT;
	if (journal_put(j, &next, e) != 0)
		return -1;
	return shift_cut(sp, next.result, e) == 0 && journal_drop(j, e) == 0
	    ? 0
	    : -1;
}

/*
 * Room for copies of windows, if there may be one that needs it.  Without the
 * room a gap that is large enough makes do.
 */
static int
reserve(struct journal *j, const struct plan_out *plan, struct journal_slot *s,
    struct err *e)
{
	uint64_t apart = plan->gap - SHIFT_GAP;
	uint64_t n = plan->total / WINDOW_PART;

	if (apart >= SHIFT_WINDOW || apart >= plan->total)
		return 0;
	n = n < SHIFT_WINDOW ? SHIFT_WINDOW : n < WINDOW_MAX ? n : WINDOW_MAX;
	for (; n >= SHIFT_WINDOW; n = n > SHIFT_WINDOW ? SHIFT_WINDOW : 0) {
		s->half_len = n < plan->total ? n : plan->total;
		s->halves = j->end;
		if (file_reserve(j->fd, s->halves, 2 * s->half_len, false) == 0)
			return 0;
		err_sys(
		    e, ERR_TEMP, "No space to move mail by way of", j->path);
		file_truncate(j->fd, j->end);
		s->halves = s->half_len = 0;
	}
	return apart > 0 && plan->total / apart <= WINDOWS_SMALL ? 0 : -1;
}

/* 0 the first window is the state now, 1 perhaps, -1 it is not */
static int
begin(struct journal *j, struct spool *sp, const struct plan_out *plan,
    const XXH128_hash_t *plan_digest, struct plan_in *in, struct err *e)
{
	struct journal_slot s = { .state = JOURNAL_SHIFT };
	struct stat st;
	int r;

	/* agents may not have synced what the state relies on */
	if (fdatasync(sp->fd) == -1)
		return cannot(sp, "Unable to sync", e);
	if (fstat(sp->fd, &st) == -1)
		return cannot(sp, "Unable to look at", e);
	if (st.st_size != sp->st.st_size || plan->gap < SHIFT_GAP)
		return err_set(e, ERR_TEMP,
		    "%.200s was changed by another program: nothing was "
		    "deleted; try again",
		    sp->path);
	s.size = (uint64_t)st.st_size;
	s.from = plan->base;
	s.result = plan->base + plan->total;
	s.region = s.plan = plan->start;
	s.plan_len = plan->at - plan->start;
	s.plan_digest = *plan_digest;
	j->end = plan->at;
	journal_nonce(s.nonce);
	plan_open(in, j->fd, s.plan, s.plan_len, sp->fd);
	if (reserve(j, plan, &s, e) == -1 || prepare(j, sp, in, &s, e) == -1 ||
	    witness(sp, &s, &s.digest, e) == -1 ||
	    lock_intact(sp, s.size, e) == -1)
		return -1;
	r = journal_put(j, &s, e);
	if (r == 0 && s.halves != 0)
		j->end += 2 * s.half_len;
	return r;
}

int
shift_rest(struct journal *j, struct spool *sp, uint64_t from, uint64_t to,
    struct err *e)
{
	j->now.size = from;
	j->now.result = to;
	if (fstat(sp->fd, &sp->st) == -1)
		return cannot(sp, "Unable to look at", e);
	if ((uint64_t)sp->st.st_size > from)
		return follow(j, sp, (uint64_t)sp->st.st_size, e) == -1 ||
			cut(j, sp, e) == -1
		    ? -1
		    : 0;
	return shift_cut(sp, to, e) == 0 && journal_drop(j, e) == 0 ? 0 : -1;
}

int
shift(struct journal *j, struct spool *sp, const struct plan_out *plan,
    const XXH128_hash_t *plan_digest, struct err *e)
{
	struct plan_in in;
	struct err later;
	int r = begin(j, sp, plan, plan_digest, &in, e);

	if (r == -1)
		return -1;
	/* perhaps on the disk: given up, if that can be */
	if (r == 1)
		return journal_drop(j, &later) == -1 ? 1 : -1;
	/* not sure to be there after a power cut: given up, if that is sure */
	if (journal_sync_name(j, e) == -1)
		return journal_drop(j, &later) == -1 ? 1 : -1;
	if (windows(j, sp, &in, e) == -1 || cut(j, sp, e) == -1)
		return 1;
	return 0;
}

/* 1 the nonce is at the new end, 0 it is not, -1 */
static int
is_marked(const struct spool *sp, const struct journal_slot *s)
{
	unsigned char at[JOURNAL_NONCE];
	ssize_t r = file_read(sp->fd, at, sizeof at, s->result);

	if (r == -1)
		return -1;
	return r == (ssize_t)sizeof at && memcmp(at, s->nonce, sizeof at) == 0;
}

static int
resume_cut(struct journal *j, struct spool *sp, struct err *e)
{
	const struct journal_slot *s = &j->now;
	int r = 0;

	if (sp->fd != -1 && s->size >= JOURNAL_NONCE &&
	    s->result <= s->size - JOURNAL_NONCE &&
	    (uint64_t)sp->st.st_size >= s->size)
		r = is_marked(sp, s);
	if (r == -1)
		return cannot(sp, "Unable to read", e);
	if (r == 1)
		return cut(j, sp, e);
	/* it was cut off; what is behind the end is new mail */
	return journal_drop(j, e) == -1 ? -1 : 0;
}

int
shift_resume(struct journal *j, struct spool *sp, struct err *e)
{
	const struct journal_slot *s = &j->now;
	XXH128_hash_t now;
	struct plan_in in;
	int r;

	if (s->state == JOURNAL_CUT)
		return resume_cut(j, sp, e);
	if (sp->fd == -1 || (uint64_t)sp->st.st_size < s->size ||
	    s->size < JOURNAL_NONCE || s->result > s->size - JOURNAL_NONCE)
		return 1;
	if (witness(sp, s, &now, e) == -1)
		return -1;
	if (!XXH128_isEqual(now, s->digest))
		return 1;
	plan_open(&in, j->fd, s->plan, s->plan_len, sp->fd);
	/* what is in the journal was read from the plan already */
	r = plan_skip(&in, s->done + (s->copy != 0 ? s->window_len : 0));
	if (r == -1)
		return cannot(sp, "Unable to read the plan of", e);
	return windows(j, sp, &in, e) == -1 || cut(j, sp, e) == -1 ? -1 : 0;
}
