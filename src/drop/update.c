/* SPDX-License-Identifier: MIT */
/* runs as: the user */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "collapse.h"
#include "compose.h"
#include "drop.h"
#include "lock.h"
#include "merge.h"
#include "putback.h"
#include "recheck.h"
#include "replace.h"
#include "safefile.h"
#include "shift.h"

#define LARGE ((uint64_t)4 << 20)
#define TICKS 12 /* of a millisecond; the clock has 4, or 10 */

/* The first message that goes, or count; all: nothing stays. */
static int
first_gone(struct drop *d, uint32_t *first, bool *all, struct err *e)
{
	uint32_t i;

	*first = d->ix.count;
	*all = d->hidden == 0;
	for (i = 0; i < d->ix.count; i++) {
		const struct msgloc *m = index_get(&d->ix, i, e);

		if (m == NULL)
			return -1;
		if (!drop_going(d, m))
			*all = false;
		else if (*first == d->ix.count)
			*first = i;
		if (!*all && *first < d->ix.count)
			break;
	}
	return 0;
}

/* Normal mode: the mail is in the journal, and what came is in the spool. */
static int
update_taken(struct drop *d, struct err *e)
{
	struct merge m;
	struct compose c = { &m.plan, false, JOURNAL_DATA, false };
	uint64_t end = d->j.end;
	uint32_t first;
	bool all;
	int r;

	/* empty lines in front of the first message go with the last one */
	if (first_gone(d, &first, &all, e) == -1)
		return -1;
	if (merge_begin(&m, &d->j, &d->sp, e) == -1 ||
	    (!all && compose(d, &c, 0, 0, e) == -1) || merge_end(&m, e) == -1) {
		journal_cut(&d->j, end);
		return -1;
	}
	r = d->fast ? replace_all(&m, &d->sp, e) : putback(&m, &d->sp, e);
	if (r != -1)
		d->taken = false;
	return r;
}

/*
 * Mail that came, as one more extent.  An agent may put the empty line that it
 * misses in front of it; behind one more deleted message it is too much.
 */
static int
add_new(struct drop *d, const struct compose *c, struct err *e)
{
	const struct msgloc *last = index_get(&d->ix, d->ix.count - 1, e);
	uint64_t at = d->size;
	uint64_t len = (uint64_t)d->sp.st.st_size - at;
	uint64_t empty = 0;
	int first = 0;

	if (last == NULL)
		return -1;
	if (d->kept > 0 && last->next == d->size && drop_going(d, last))
		first = merge_first(d->sp.fd, at, len, &empty);
	if (first == -1)
		return err_sys(e, ERR_TEMP, "Unable to read", d->sp.path);
	if (c->open && first == '\1' &&
	    plan_text(c->plan, MBOXSCAN_MARK, sizeof MBOXSCAN_MARK - 1) == -1)
		return merge_error(&d->j, e);
	if (plan_extent(c->plan, at + empty, len - empty) == -1)
		return merge_error(&d->j, e);
	return 0;
}

/* What comes after the first deleted message moves down or is copied. */
static int
move(struct drop *d, uint32_t first, bool all, struct err *e)
{
	struct plan_out plan;
	struct plan_in in;
	XXH128_hash_t digest;
	struct compose c = { &plan, !d->fast, 0, false };
	uint64_t size = (uint64_t)d->sp.st.st_size;
	const struct msgloc *m = index_get(&d->ix, first, e);
	const uint32_t last = d->ix.count - 1;
	uint64_t from;
	int r;

	d->kept = 0;
	if (m == NULL)
		return -1;
	/* what compose keeps of it need not move */
	from = first > 0 && (m->flags & MSG_SHARES) != 0 ? m->head : m->from;
	/* empty lines in front of the first message go with the last one */
	if (all && size == d->size)
		return recheck(d, first, last, e) == -1
		    ? -1
		    : shift_cut(&d->sp, 0, e);
	if (journal_open(&d->j, &d->sp, JOURNAL_BESIDE, true, e) == -1 ||
	    journal_begin(&d->j, e) == -1)
		return -1;
	r = d->fast ? COLLAPSE_NOT : collapse(d, first, e);
	if (r != COLLAPSE_NOT)
		return r;
	if (recheck(d, first, last, e) == -1)
		return -1;
	plan_begin(&plan, d->j.fd, JOURNAL_DATA, from);
	if (compose(d, &c, first, from, e) == -1)
		return -1;
	d->kept = from + plan.total;
	if (add_new(d, &c, e) == -1)
		return -1;
	if (plan_end(&plan, &digest) == -1)
		return merge_error(&d->j, e);
	if (plan.total == 0 && !d->fast)
		return shift_cut(&d->sp, from, e);
	/* messages of a few octets, as MMDF can have, leave no gap */
	if (!d->fast && plan.gap >= SHIFT_GAP)
		return shift(&d->j, &d->sp, &plan, &digest, e);
	plan_open(&in, d->j.fd, plan.start, plan.at - plan.start, d->sp.fd);
	return replace_rest(&d->sp, from, &in, e);
}

/* Server mode: the messages still lie where the index says. */
static int
update_in_place(struct drop *d, uint32_t first, bool all, struct err *e)
{
	struct err later;
	int r;

	if (d->sp.fd == -1 || !safefile_same(&d->sp.st, &d->st))
		return drop_changed(d, e);
	r = move(d, first, all, e);
	/* a plan that came to nothing, or was only needed for a while */
	if (r != 1)
		journal_drop(&d->j, &later);
	return r;
}

/* auto-delete: what was sent is deleted, whatever RSET said. */
static int
sweep(struct drop *d, struct err *e)
{
	uint32_t i;

	for (i = 0; i < d->ix.count; i++) {
		const struct msgloc *m = index_get(&d->ix, i, e);

		if (m == NULL)
			return -1;
		if ((m->flags & MSG_SENT) != 0 && !drop_going(d, m) &&
		    drop_delete(d, i, e) == -1)
			return -1;
	}
	return 0;
}

/*
 * What the spool is now, while it is locked.  A large one is worth a tick of
 * the clock, after which no change can look as if there were none.
 */
static void
look_after(struct drop *d)
{
	const struct timespec tick = { 0, 1000000 };
	int i;

	memset(&d->after, 0, sizeof d->after);
	if (!d->server || d->kept == 0 ||
	    fstatat(d->sp.dir, d->sp.name, &d->after, AT_SYMLINK_NOFOLLOW) ==
		-1)
		return;
	d->after_sure = cache_sure(d->sp.fd, &d->after);
	for (i = 0; i < TICKS && d->kept > LARGE && !d->after_sure; i++) {
		nanosleep(&tick, NULL);
		d->after_sure = cache_sure(d->sp.fd, &d->after);
	}
}

int
drop_commit(struct drop *d, struct err *e)
{
	uint32_t first = 0;
	bool all = false;
	int r;

	if (d->auto_delete && sweep(d, e) == -1)
		return -1;
	if (!d->taken) {
		if (d->gone_count == 0)
			return 0;
		if (first_gone(d, &first, &all, e) == -1)
			return -1;
		if (first == d->ix.count)
			return 0;
	}
	if (lock_spool(&d->sp, e) == -1)
		return -1;
	d->first = first;
	d->kept = d->size;
	r = d->taken ? update_taken(d, e) : update_in_place(d, first, all, e);
	if (r == 0)
		look_after(d);
	lock_spool_end(&d->sp);
	if (r == 0) {
		d->committed = true;
		d->learnt = true;
	}
	return r;
}
