/* SPDX-License-Identifier: MIT */
/* runs as: the user */
#include <sys/stat.h>

#include "cache.h"
#include "recheck.h"
#include "scan.h"

struct checking {
	struct drop *d;
	struct err *e;
	uint32_t i;    /* the message that has to come next */
	uint32_t last; /* that matters */
	bool done;
	bool failed; /* with e */
};

/* -1 ends the scan, also when all that matters was seen. */
static int
compare(void *ctx, const struct msgloc *loc)
{
	struct checking *c = ctx;
	const struct msgloc *m;

	if (c->d->hide && (loc->flags & MSG_HIDDEN) != 0)
		return 0;
	m = index_get(&c->d->ix, c->i, c->e);
	if (m == NULL) {
		c->failed = true;
		return -1;
	}
	if (!drop_same_place(m, loc) || m->next != loc->next)
		return -1;
	c->done = c->i == c->last;
	c->i++;
	return c->done ? -1 : 0;
}

static int
scan_again(struct drop *d, uint32_t first, uint32_t last, struct err *e)
{
	struct checking c = { .d = d, .e = e, .last = last };
	struct scan job = { .msg = compare, .ctx = &c, .lengths = d->lengths };
	struct err ended;
	const struct msgloc *m;

	/* what a line means in MMDF depends on all before it */
	if (!d->mmdf) {
		m = index_get(&d->ix, first, e);
		if (m == NULL)
			return -1;
		job.from = m->from;
		c.i = first;
	}
	if (scan_spool(&d->sp, d->size, &job, &ended) == -1 && !c.done &&
	    !c.failed && ended.kind == ERR_TEMP) {
		*e = ended;
		return -1;
	}
	if (c.failed)
		return -1;
	if (c.done)
		return 0;
	return drop_distrust(d, e);
}

int
recheck(struct drop *d, uint32_t first, uint32_t last, struct err *e)
{
	int same = drop_unchanged(d, e);

	if (same == -1)
		return -1;
	if (same == 1 && !d->from_cache)
		return 0;
	return scan_again(d, first, last, e);
}
