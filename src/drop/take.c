/* SPDX-License-Identifier: MIT */
/* runs as: the user */
#include <string.h>
#include <unistd.h>

#include "fileio.h"
#include "lock.h"
#include "merge.h"
#include "recover.h"
#include "take.h"

struct taking {
	struct drop *d;
	const struct scan *job;
	struct err *e;
	uint64_t at;
};

static int
copy(void *ctx, const char *data, size_t n)
{
	struct taking *t = ctx;

	if (file_write(t->d->j.fd, data, n, JOURNAL_DATA + t->at) == -1)
		return merge_error(&t->d->j, t->e);
	file_start(t->d->j.fd, JOURNAL_DATA + t->at, n);
	t->at += n;
	/* it is emptied soon */
	file_forget(t->d->sp.fd, t->at, n);
	return 0;
}

static int
each(void *ctx, const struct msgloc *loc)
{
	const struct taking *t = ctx;

	return t->job->msg(t->job->ctx, loc);
}

/* The mail is in the journal, durably, and still in the spool. */
static int
copied(struct drop *d, struct err *e)
{
	struct journal_slot s = { .state = JOURNAL_TAKEN };

	s.data = d->size;
	s.digest = d->digest;
	d->j.end = JOURNAL_DATA + d->size;
	/* agents may not have synced what the state relies on */
	if (fdatasync(d->sp.fd) == -1)
		return err_sys(e, ERR_TEMP, "Unable to sync", d->sp.path);
	if (journal_put(&d->j, &s, e) != 0 ||
	    journal_sync_name(&d->j, e) == -1 ||
	    lock_intact(&d->sp, d->size, e) == -1)
		return -1;
	if (file_truncate(d->sp.fd, 0) == -1)
		return err_sys(e, ERR_TEMP, "Unable to empty", d->sp.path);
	return 0;
}

/* The spool is empty: the journal is the only place of this mail. */
static int
emptied(struct drop *d, struct err *e)
{
	struct journal_slot s = d->j.now;

	if (fsync(d->sp.fd) == -1)
		return err_sys(e, ERR_TEMP, "Unable to sync", d->sp.path);
	s.state = JOURNAL_HELD;
	return journal_put(&d->j, &s, e) == 0 ? 0 : -1;
}

int
take(struct drop *d, struct scan *job, struct err *e)
{
	struct taking t = { d, job, e, 0 };
	struct scan both = {
		.msg = each, .copy = copy, .ctx = &t, .lengths = job->lengths
	};
	struct err later;
	int r;

	if (journal_open(&d->j, &d->sp, JOURNAL_TEMP, true, e) == -1 ||
	    journal_begin(&d->j, e) == -1)
		return -1;
	r = scan_spool(&d->sp, d->size, &both, e);
	d->digest = both.digest;
	d->mmdf = both.mmdf;
	/* nothing but empty lines: there is no mail to take */
	if (r == 0 && d->ix.count == 0 && d->hidden == 0)
		return journal_drop(&d->j, e) == -1 ? -1 : 0;
	if (r == -1 || copied(d, e) == -1) {
		journal_drop(&d->j, &later);
		return -1;
	}
	if (emptied(d, e) == -1) {
		/* as it was, now or by the next session */
		d->sp.st.st_size = 0;
		recover_held(&d->j, &d->sp, &later);
		return -1;
	}
	d->taken = true;
	return 0;
}

int
take_back(struct drop *d, struct err *e)
{
	int r;

	if (!d->taken)
		return 0;
	if (lock_spool(&d->sp, e) == -1)
		return -1;
	r = recover_held(&d->j, &d->sp, e);
	lock_spool_end(&d->sp);
	if (r == 0)
		d->taken = false;
	return r;
}
