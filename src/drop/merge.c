/* SPDX-License-Identifier: MIT */
/* runs as: the user */
#define XXH_INLINE_ALL
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "fileio.h"
#include "lock.h"
#include "mboxscan.h"
#include "merge.h"
#include "scan.h"

#define BLOCK 65536
#define LEAD 64

int
merge_error(const struct journal *j, struct err *e)
{
	return err_sys(e, ERR_TEMP,
	    "Unable to copy mail spool file to temp pop dropbox", j->path);
}

/* The spool from an offset on, into the journal. */
static int
save(const struct merge *m, uint64_t from, XXH3_state_t *state, struct err *e)
{
	char block[BLOCK];
	uint64_t size = m->slot.size;
	uint64_t to = m->saved;

	while (from < size) {
		size_t n = size - from < BLOCK ? (size_t)(size - from) : BLOCK;
		ssize_t r = file_read(m->sp->fd, block, n, from);

		if (r != (ssize_t)n) {
			errno = r == -1 ? errno : EIO;
			return err_sys(
			    e, ERR_TEMP, "Unable to read", m->sp->path);
		}
		if (file_write(m->j->fd, block, n, to) == -1)
			return merge_error(m->j, e);
		XXH3_128bits_update(state, block, n);
		from += n;
		to += n;
	}
	return 0;
}

static void
describe(struct merge *m)
{
	struct spool *sp = m->sp;
	struct journal_slot *s = &m->slot;

	memset(s, 0, sizeof *s);
	s->data = m->j->now.data;
	if (sp->fd != -1)
		s->size = (uint64_t)sp->st.st_size;
}

int
merge_begin(struct merge *m, struct journal *j, struct spool *sp, struct err *e)
{
	XXH3_state_t state;

	m->j = j;
	m->sp = sp;
	m->saved = j->end;
	describe(m);
	XXH3_128bits_reset(&state);
	if (save(m, 0, &state, e) == -1)
		return -1;
	m->slot.digest = XXH3_128bits_digest(&state);
	plan_begin(&m->plan, j->fd, m->saved + m->slot.size, 0);
	m->plan.digest = state;
	return 0;
}

static int
ends(const char *s, size_t n, const char *with)
{
	size_t k = strlen(with);

	return n >= k && memcmp(s + n - k, with, k) == 0;
}

/* The last line is a ^A line; of a very long one that is not known. */
static bool
ends_marked(const char *s, size_t n)
{
	const char *lf;

	if (n < 2 || s[n - 1] != '\n')
		return false;
	lf = memrchr(s, '\n', n - 1);
	return lf != NULL && lf[1] == '\1';
}

/* How many octets of empty lines these begin with. */
static size_t
lead(const char *s, size_t n)
{
	size_t i = 0;

	while (i < n &&
	    (s[i] == '\n' || (s[i] == '\r' && i + 1 < n && s[i + 1] == '\n')))
		i += s[i] == '\n' ? 1 : 2;
	return i;
}

int
merge_first(int fd, uint64_t at, uint64_t len, uint64_t *empty)
{
	char first[LEAD];
	size_t want = len < sizeof first ? (size_t)len : sizeof first;
	ssize_t n = file_read(fd, first, want, at);
	size_t i;

	if (n == -1)
		return -1;
	i = lead(first, (size_t)n);
	if (empty != NULL)
		*empty = i;
	return i < (size_t)n ? (unsigned char)first[i] : 0;
}

const char *
merge_gap(int fd, uint64_t at, const char *last, size_t n, int next)
{
	bool line = ends(last, n, "\n");
	int first = merge_first(fd, at, LEAD, NULL);

	if (first == -1)
		return NULL;
	if (first == '\1' && ends_marked(last, n))
		return "";
	if (first == '\1' && next == 'F')
		return line ? MBOXSCAN_FRONT : "\n" MBOXSCAN_FRONT;
	if (first == '\1')
		return line ? MBOXSCAN_MARK : "\n" MBOXSCAN_MARK;
	if (ends(last, n, "\n\n") || ends(last, n, "\n\r\n"))
		return "";
	return line ? "\n" : "\n\n";
}

/*
 * Mail that was saved goes behind what the plan has, which ends with last.  An
 * agent may put empty lines in front of mail; there they are too many.
 */
static int
append(struct merge *m, uint64_t size, const char *last, size_t n)
{
	const char *gap = "";
	uint64_t skip = 0;
	int first;

	if (size > 0 && m->plan.total > 0) {
		first = merge_first(m->j->fd, m->saved, size, &skip);
		if (first == -1)
			return -1;
		gap = merge_gap(m->j->fd, JOURNAL_DATA, last, n, first);
	}
	if (gap == NULL || plan_text(&m->plan, gap, strlen(gap)) == -1)
		return -1;
	return plan_extent(&m->plan, m->saved + skip, size - skip);
}

static int
finish(struct merge *m, struct err *e)
{
	if (plan_end(&m->plan, &m->slot.plan_digest) == -1)
		return merge_error(m->j, e);
	m->slot.region = m->saved;
	m->slot.plan = m->plan.start;
	m->slot.plan_len = m->plan.at - m->plan.start;
	m->slot.result = m->plan.total;
	m->j->end = m->plan.at;
	return 0;
}

int
merge_end(struct merge *m, struct err *e)
{
	const struct plan_out *p = &m->plan;
	char last[MERGE_LAST];
	size_t n = p->len < sizeof last ? (size_t)p->len : sizeof last;

	errno = EIO;
	if (file_read(m->j->fd, last, n, p->src + p->len - n) != (ssize_t)n ||
	    append(m, m->slot.size, last, n) == -1)
		return merge_error(m->j, e);
	return finish(m, e);
}

int
merge_all(struct merge *m, struct journal *j, struct spool *sp, struct err *e)
{
	if (merge_begin(m, j, sp, e) == -1)
		return -1;
	if (plan_extent(&m->plan, JOURNAL_DATA, j->now.data) == -1)
		return merge_error(j, e);
	return merge_end(m, e);
}

/* The last octets of what the journal's plan makes. */
static int
plan_last(const struct journal *j, char last[MERGE_LAST], size_t *n)
{
	const struct journal_slot *s = &j->now;
	struct plan_in in;

	*n = s->result < MERGE_LAST ? (size_t)s->result : MERGE_LAST;
	plan_open(&in, j->fd, s->plan, s->plan_len, j->fd);
	if (plan_skip(&in, s->result - *n) == -1 ||
	    plan_read(&in, last, *n) != (ssize_t)*n)
		return -1;
	return 0;
}

int
merge_more(struct merge *m, struct journal *j, struct spool *sp, struct err *e)
{
	const struct journal_slot *was = &j->now;
	uint64_t more = (uint64_t)sp->st.st_size - was->size;
	XXH3_state_t state;
	char last[MERGE_LAST];
	size_t n;
	int r;

	m->j = j;
	m->sp = sp;
	m->saved = j->end;
	describe(m);
	XXH3_128bits_reset(&state);
	if (save(m, was->size, &state, e) == -1)
		return -1;
	plan_begin(&m->plan, j->fd, m->saved + more, 0);
	m->plan.digest = state;
	errno = EIO;
	r = plan_again(&m->plan, was->plan, was->plan_len, was->result);
	if (r == 0)
		r = plan_last(j, last, &n);
	/* what came to an empty spool does not know what is in front */
	if (r == 0 && was->size == 0)
		r = append(m, more, last, n);
	else if (r == 0)
		r = plan_extent(&m->plan, m->saved, more);
	if (r == -1)
		return merge_error(j, e);
	if (scan_digest(sp, m->slot.size, &m->slot.digest, e) == -1)
		return -1;
	return finish(m, e);
}
