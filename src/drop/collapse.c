/* SPDX-License-Identifier: MIT */
/* runs as: the user */
#define XXH_INLINE_ALL
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "collapse.h"
#include "fileio.h"
#include "fromline.h"
#include "lock.h"
#include "recheck.h"
#include "shift.h"

#ifndef COLLAPSE_BEHIND /* tests have less; less mail than that is moved */
#define COLLAPSE_BEHIND ((uint64_t)8 << 20)
#endif
#define BLOCK_MIN 512
#define BLOCK_MAX 16384
#define TEXT_MAX (FROMLINE_MAX + 2 + 2 * BLOCK_MAX + 16)
#define FIELD "X-UIDL:"
#define FIELD_MAX 998 /* octets of a line */
#define WITNESS 65536

static int
cannot(const struct spool *sp, const char *what, struct err *e)
{
	return err_sys(e, ERR_TEMP, what, sp->path);
}

bool
collapse_fit(struct collapse *c, uint64_t from, uint64_t next, uint64_t head,
    uint64_t block, size_t least)
{
	uint64_t gap = next - from;

	if (gap < block + least)
		return false;
	c->from = from;
	c->head = head;
	c->line = (size_t)(head - next);
	c->hole = (from + block - 1) / block * block;
	c->len = (gap - least) / block * block;
	if (c->hole + c->len > head)
		c->len -= block;
	c->pad = (size_t)(gap - c->len);
	return c->len > 0;
}

void
collapse_pad(char *to, size_t n, bool cr)
{
	const size_t name = sizeof FIELD - 1;
	const size_t end = cr ? 2 : 1;

	while (n > 0) {
		size_t k = n < FIELD_MAX ? n : FIELD_MAX;

		/* the rest has to be a field, too */
		if (n > k && n - k < name + end)
			k -= name + end;
		memcpy(to, FIELD, name);
		memset(to + name, ' ', k - name);
		to[k - 1] = '\n';
		if (cr)
			to[k - 2] = '\r';
		to += k;
		n -= k;
	}
}

static uint64_t
length(const struct journal_slot *s)
{
	return s->size - s->result;
}

/*
 * The digest of octets that no step writes to: the last ones in front of the
 * run, and the last ones of the spool, of which those from hole on have not
 * moved down yet.
 */
static int
witness(struct spool *sp, const struct journal_slot *s, uint64_t hole,
    XXH128_hash_t *digest, struct err *e)
{
	static char block[WITNESS];
	const uint64_t low = s->from + s->plan_len;
	uint64_t at = s->result - low > WITNESS ? s->result - WITNESS : low;
	size_t n = s->from < WITNESS ? (size_t)s->from : WITNESS;
	XXH3_state_t state;

	XXH3_128bits_reset(&state);
	if (file_read(sp->fd, block, n, s->from - n) != (ssize_t)n)
		return cannot(sp, "Unable to read", e);
	XXH3_128bits_update(&state, block, n);
	n = at < hole ? (size_t)((hole < s->result ? hole : s->result) - at)
		      : 0;
	if (file_read(sp->fd, block, n, at) != (ssize_t)n)
		return cannot(sp, "Unable to read", e);
	XXH3_128bits_update(&state, block, n);
	at += n;
	n = (size_t)(s->result - at);
	if (file_read(sp->fd, block, n, at + length(s)) != (ssize_t)n)
		return cannot(sp, "Unable to read", e);
	XXH3_128bits_update(&state, block, n);
	*digest = XXH3_128bits_digest(&state);
	return 0;
}

/* 1 the spool is the one that the state knows, 0 it is not, -1 with e */
static int
is_ours(struct spool *sp, const struct journal_slot *s, uint64_t hole,
    struct err *e)
{
	XXH128_hash_t now;

	if (hole < s->result && (uint64_t)sp->st.st_size < s->size)
		return 0;
	if (witness(sp, s, hole, &now, e) == -1)
		return -1;
	return XXH128_isEqual(now, s->digest);
}

/*
 * The first octets from at on that are all zeros, as many as are taken out:
 * 1 with where they begin, 0 there are none, -1.
 */
static int
zeros(struct spool *sp, const struct journal_slot *s, uint64_t at,
    uint64_t *begin)
{
	static char block[WITNESS];
	uint64_t run = 0;

	while (at < s->size) {
		uint64_t left = s->size - at;
		size_t n = left < sizeof block ? (size_t)left : sizeof block;
		size_t i;

		if (file_read(sp->fd, block, n, at) != (ssize_t)n)
			return -1;
		for (i = 0; i < n; i++) {
			run = block[i] == 0 ? run + 1 : 0;
			if (run == length(s)) {
				*begin = at + i + 1 - run;
				return 1;
			}
		}
		at += n;
		lock_refresh(sp);
	}
	return 0;
}

enum found {
	FOUND_ERROR = -1,
	FOUND_DONE,
	FOUND_HOLE, /* still to be taken out */
	FOUND_OTHER /* not the spool that the state knows */
};

/* A hole may have come half the way to the end of the file. */
static enum found
find_moving(struct spool *sp, const struct journal_slot *s, uint64_t *hole,
    struct err *e)
{
	int r = is_ours(sp, s, s->result, e);
	uint64_t from = s->hole;

	if (r == -1)
		return FOUND_ERROR;
	if (r == 1 && (uint64_t)sp->st.st_size < s->size)
		return FOUND_DONE;
	if ((uint64_t)sp->st.st_size < s->size)
		return FOUND_OTHER;
	/* all is in its place: it is at the end, or what is there is mail */
	if (r == 1)
		from = s->result;
	switch (zeros(sp, s, from, hole)) {
	case 0:
		return r == 1 ? FOUND_DONE : FOUND_OTHER;
	case 1:
		r = is_ours(sp, s, *hole, e);
		return r == 1 ? FOUND_HOLE : r == 0 ? FOUND_OTHER : FOUND_ERROR;
	default:
		cannot(sp, "Unable to read", e);
		return FOUND_ERROR;
	}
}

/* Where the octets that are taken out lie now. */
static enum found
find(struct spool *sp, const struct journal_slot *s, uint64_t *hole,
    struct err *e)
{
	unsigned char at[JOURNAL_NONCE];
	ssize_t n;
	int r;

	if (fstat(sp->fd, &sp->st) == -1) {
		cannot(sp, "Unable to look at", e);
		return FOUND_ERROR;
	}
	if ((uint64_t)sp->st.st_size < s->result)
		return FOUND_OTHER;
	n = file_read(sp->fd, at, sizeof at, s->hole);
	if (n == -1) {
		cannot(sp, "Unable to read", e);
		return FOUND_ERROR;
	}
	if (n != sizeof at || memcmp(at, s->nonce, sizeof at) != 0)
		return find_moving(sp, s, hole, e);
	*hole = s->hole;
	r = is_ours(sp, s, s->hole, e);
	return r == 1 ? FOUND_HOLE : r == 0 ? FOUND_OTHER : FOUND_ERROR;
}

/*
 * Takes the octets out, by moving those behind them if the file system will
 * not.  0 done, 1 the spool is not what it was, -1 with e.
 */
static int
take_out(struct journal *j, struct spool *sp, struct err *e)
{
	const struct journal_slot s = j->now;
	uint64_t hole = 0;
	enum found now = find(sp, &s, &hole, e);

	if (now == FOUND_HOLE) {
		if (lock_intact(sp, (uint64_t)sp->st.st_size, e) == -1)
			return -1;
		if (file_collapse(sp->fd, hole, length(&s)) == -1) {
			/* it may have done part of it */
			now = find(sp, &s, &hole, e);
			if (now == FOUND_HOLE)
				return shift_rest(
				    j, sp, hole + length(&s), hole, e);
		}
		if (now != FOUND_ERROR && fsync(sp->fd) == -1)
			return cannot(sp, "Unable to sync", e);
	}
	if (now == FOUND_ERROR)
		return -1;
	if (now == FOUND_OTHER)
		return 1;
	return journal_drop(j, e) == 0 ? 0 : -1;
}

/* The text to its place, and in two parts where that is cut in two. */
static int
write_text(struct spool *sp, const struct journal_slot *s, const char *t,
    struct err *e)
{
	size_t first = (size_t)(s->hole - s->from);

	if (file_write(sp->fd, t, first, s->from) == -1 ||
	    file_write(sp->fd, t + first, s->plan_len - first,
		s->hole + length(s)) == -1 ||
	    file_write(sp->fd, s->nonce, JOURNAL_NONCE, s->hole) == -1)
		return cannot(sp, "Unable to write", e);
	if (fdatasync(sp->fd) == -1)
		return cannot(sp, "Unable to sync", e);
	return 0;
}

/* From the commit point on. */
static int
finish(struct journal *j, struct spool *sp, const char *text, struct err *e)
{
	struct journal_slot next = j->now;

	if (write_text(sp, &next, text, e) == -1)
		return -1;
	next.state = JOURNAL_REMOVE;
	if (journal_put(j, &next, e) != 0)
		return -1;
	return take_out(j, sp, e);
}

int
collapse_resume(struct journal *j, struct spool *sp, struct err *e)
{
	static char text[TEXT_MAX];
	const struct journal_slot *s = &j->now;
	int r;

	if (sp->fd == -1)
		return 1;
	if (s->state == JOURNAL_REMOVE)
		return take_out(j, sp, e);
	if (s->plan_len > sizeof text)
		return 1;
	r = is_ours(sp, s, s->hole, e);
	if (r != 1)
		return r == 0 ? 1 : -1;
	if (file_read(j->fd, text, s->plan_len, s->plan) !=
	    (ssize_t)s->plan_len)
		return err_sys(e, ERR_TEMP, "Unable to read", j->path);
	return finish(j, sp, text, e);
}

/* The messages that go are one run: 1 with the one behind it, 0, -1. */
static int
find_run(struct drop *d, uint32_t first, uint32_t *next, struct msgloc *behind,
    struct err *e)
{
	uint64_t end = 0;
	uint32_t i;

	for (i = first; i < d->ix.count; i++) {
		const struct msgloc *m = index_get(&d->ix, i, e);

		if (m == NULL)
			return -1;
		/* hidden ones between them stay */
		if (i > first && m->from != end)
			return 0;
		if (!drop_going(d, m)) {
			*next = i;
			*behind = *m;
			return i - first == d->gone_count;
		}
		end = m->next;
	}
	return 0;
}

/* Files of this folder can lose blocks of this size; the journal is empty. */
static bool
can_collapse(const struct journal *j, uint64_t block)
{
	bool can = file_truncate(j->fd, 2 * block) == 0 &&
	    file_collapse(j->fd, 0, block) == 0;

	return file_truncate(j->fd, 0) == 0 && can;
}

/*
 * The From_ line and its padding.  False if that cannot be: a first line that
 * begins with a blank would become part of a field.
 */
static bool
make_text(struct spool *sp, const struct msgloc *m, const struct collapse *c,
    char text[TEXT_MAX])
{
	char next;

	if (c->line > FROMLINE_MAX + 2 || c->line < 5 ||
	    file_read(sp->fd, text, c->line, m->from) != (ssize_t)c->line ||
	    memcmp(text, "From ", 5) != 0 ||
	    file_read(sp->fd, &next, 1, m->head) != 1 || next == ' ' ||
	    next == '\t')
		return false;
	collapse_pad(text + c->line, c->pad, (m->flags & MSG_BLANK_CR) != 0);
	return true;
}

/* 0 it is the state now, 1 perhaps, -1 it is not */
static int
commit(struct journal *j, struct spool *sp, const struct collapse *c,
    const char *text, struct err *e)
{
	struct journal_slot s = { .state = JOURNAL_COLLAPSE };
	struct err later;
	int r;

	s.size = (uint64_t)sp->st.st_size;
	s.result = s.size - c->len;
	s.from = c->from;
	s.hole = c->hole;
	s.region = s.plan = JOURNAL_DATA;
	s.plan_len = c->line + c->pad;
	s.plan_digest = XXH3_128bits(text, s.plan_len);
	journal_nonce(s.nonce);
	if (file_write(j->fd, text, s.plan_len, s.plan) == -1)
		return err_sys(e, ERR_TEMP, "Unable to write", j->path);
	j->end = s.plan + s.plan_len;
	if (witness(sp, &s, s.hole, &s.digest, e) == -1 ||
	    lock_intact(sp, s.size, e) == -1)
		return -1;
	r = journal_put(j, &s, e);
	if (r == 0)
		r = journal_sync_name(j, e) == -1 ? 1 : 0;
	/* perhaps on the disk, and not sure to be: given up, if that can be */
	return r == 1 && journal_drop(j, &later) != -1 ? -1 : r;
}

/* Holes of its own would be taken for the one that moves. */
static bool
is_solid(const struct spool *sp, uint64_t from)
{
	return lseek(sp->fd, (off_t)from, SEEK_HOLE) == sp->st.st_size;
}

int
collapse(struct drop *d, uint32_t first, struct err *e)
{
	static char text[TEXT_MAX];
	const uint64_t size = (uint64_t)d->sp.st.st_size;
	const uint64_t block = (uint64_t)d->sp.st.st_blksize;
	const struct msgloc *m;
	struct msgloc next;
	struct collapse c;
	uint32_t i;
	int r;

	if (!d->headers || d->mmdf || block < BLOCK_MIN || block > BLOCK_MAX)
		return COLLAPSE_NOT;
	r = find_run(d, first, &i, &next, e);
	if (r != 1)
		return r == 0 ? COLLAPSE_NOT : -1;
	if (recheck(d, first, i, e) == -1)
		return -1;
	m = index_get(&d->ix, first, e);
	if (m == NULL)
		return -1;
	if ((next.flags & MSG_NOBLANK) != 0 ||
	    size - next.head < COLLAPSE_BEHIND ||
	    !collapse_fit(&c, m->from, next.from, next.head, block,
		sizeof FIELD + ((next.flags & MSG_BLANK_CR) != 0)) ||
	    !make_text(&d->sp, &next, &c, text) || !can_collapse(&d->j, block))
		return COLLAPSE_NOT;
	/* agents may not have synced what the state relies on */
	if (fdatasync(d->sp.fd) == -1)
		return cannot(&d->sp, "Unable to sync", e);
	if (!is_solid(&d->sp, c.from))
		return COLLAPSE_NOT;
	r = commit(&d->j, &d->sp, &c, text, e);
	if (r != 0)
		return r;
	r = finish(&d->j, &d->sp, text, e);
	if (r == 1)
		err_set(e, ERR_TEMP, "%.200s was changed in spite of our lock",
		    d->sp.path);
	if (r != 0)
		return 1;
	d->kept = d->size - c.len;
	d->collapsed =
	    (struct collapsed){ true, i, c.from, c.line, c.pad, c.len };
	return 0;
}
