/* SPDX-License-Identifier: MIT */
/* runs as: the user */
#define XXH_INLINE_ALL
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "fileio.h"
#include "given.h"
#include "lock.h"
#include "merge.h"
#include "message.h"
#include "putback.h"
#include "recover.h"
#include "scan.h"
#include "uid.h"

#define BLOCK 65536

/* X-UIDL, Status and what IMAP servers add */
#define SERVERS \
	(WALK_SERVER | WALK_DROP(HEADER_STATUS) | WALK_DROP(HEADER_XSTATUS) | \
	    WALK_DROP(HEADER_XIMAP) | WALK_DROP(HEADER_IMAP))

int
given_uid(struct drop *d, uint32_t i, const char *uid, size_t n, struct err *e)
{
	const struct msgloc *at = index_get(&d->ix, i, e);
	struct msgloc m;

	if (at == NULL)
		return -1;
	if (at->uid_len == n && memcmp(at->uid, uid, n) == 0 &&
	    (at->flags & MSG_UID_STORED) != 0)
		return 1;
	if ((at->flags & MSG_NOBLANK) != 0)
		return 2;
	m = *at;
	d->octets -= uid_line(d, &m);
	m.wire -= uid_line(d, &m);
	memset(m.uid, 0, sizeof m.uid);
	memcpy(m.uid, uid, n);
	m.uid_len = (uint8_t)n;
	m.flags &= ~(uint32_t)MSG_UID_STORED;
	m.flags |= MSG_UID_GIVEN;
	m.wire += uid_line(d, &m);
	d->octets += uid_line(d, &m);
	return index_set(&d->ix, i, &m, e);
}

struct counting {
	uint64_t octets;
	char last;
};

static int
count_sink(void *ctx, const char *data, size_t n)
{
	struct counting *c = ctx;
	size_t i;

	for (i = 0; i < n; i++) {
		c->octets += data[i] == '\n' && c->last != '\r' ? 2 : 1;
		c->last = data[i];
	}
	return 0;
}

/* The header's, with its empty line. */
static int
header_octets(struct drop *d, const struct msgloc *m, unsigned without,
    uint64_t *octets, struct err *e)
{
	struct counting c = { 0, '\0' };

	if (message_walk(d, m, without, NULL, 0, count_sink, &c, e) == -1)
		return -1;
	*octets = c.octets;
	return 0;
}

int
given_sizes(
    struct drop *d, uint32_t i, uint64_t *least, uint64_t *most, struct err *e)
{
	const struct msgloc *at = index_get(&d->ix, i, e);
	struct msgloc m;
	uint64_t sent;
	uint64_t bare;
	uint64_t all;

	if (at == NULL)
		return -1;
	m = *at;
	if (header_octets(d, &m, WALK_SERVER, &sent, e) == -1 ||
	    header_octets(d, &m, SERVERS, &bare, e) == -1 ||
	    header_octets(d, &m, 0, &all, e) == -1)
		return -1;
	m.wire -= uid_line(d, &m);
	*least = m.wire - (sent - bare);
	*most = m.wire + (all - sent);
	return 0;
}

struct coming {
	XXH3_state_t digest;
	struct drop *d;
	uint64_t octets;
	struct err *e;
	struct mboxscan scan;
	uint32_t count;
};

static int
one(void *ctx, const struct msgloc *m)
{
	struct coming *c = ctx;

	(void)m;
	c->count++;
	return 0;
}

static int
any(void *ctx, const struct msgloc *m)
{
	(void)ctx;
	(void)m;
	return 0;
}

static int
no_mbox(struct err *e)
{
	return err_set(e, ERR_CONF,
	    "The mail is no mbox: it does not begin with a From_ line");
}

static int
take_block(struct coming *c, const char *data, size_t n)
{
	struct drop *d = c->d;

	if (mboxscan_feed(&c->scan, data, n) == -1)
		return no_mbox(c->e);
	if (file_write(d->j.fd, data, n, JOURNAL_DATA + c->octets) == -1)
		return merge_error(&d->j, c->e);
	XXH3_128bits_update(&c->digest, data, n);
	c->octets += n;
	return 0;
}

/* All of it, behind the journal's slots. */
static int
copy(struct coming *c, int fd)
{
	static char block[BLOCK];
	ssize_t n;

	mboxscan_init(&c->scan, one, c);
	XXH3_128bits_reset(&c->digest);
	do {
		n = read(fd, block, sizeof block);
		if (n == -1 && errno != EINTR)
			return err_sys(c->e, ERR_TEMP, "Unable to read",
			    "the mail that is given");
		if (n > 0 && take_block(c, block, (size_t)n) == -1)
			return -1;
	} while (n != 0);
	if (mboxscan_end(&c->scan) == -1 || mboxscan_mmdf(&c->scan))
		return no_mbox(c->e);
	return 0;
}

/*
 * Other mail may stand in front of that in the spool: then it is an mbox, or
 * none yet.  Whoever does not know if an earlier call did it may call again.
 */
static int
check_spool(struct coming *c)
{
	struct spool *sp = &c->d->sp;
	const XXH128_hash_t digest = XXH3_128bits_digest(&c->digest);
	struct mboxscan scan;
	char block[BLOCK];
	ssize_t n;
	int r = 0;

	if (sp->fd == -1 || sp->st.st_size == 0)
		return 0;
	n = file_read(sp->fd, block, sizeof block, 0);
	if (n == -1)
		return err_sys(c->e, ERR_TEMP, "Unable to read", sp->path);
	mboxscan_init(&scan, any, NULL);
	if (mboxscan_feed(&scan, block, (size_t)n) == -1 ||
	    mboxscan_end(&scan) == -1 || mboxscan_mmdf(&scan))
		return err_set(c->e, ERR_CONF,
		    "%.200s is no mbox, so no mail can be put in front of it",
		    sp->path);
	if ((uint64_t)sp->st.st_size >= c->octets)
		r = scan_same(sp, c->octets, &digest, c->e);
	return r == 1 ? err_set(c->e, ERR_CONF,
			    "%.200s begins with this mail already", sp->path)
		      : r;
}

/*
 * As an update of normal mode, of mail that is all kept: so room is there, or
 * nothing is done.  No slot tells of the mail before it is on the disk, because
 * none has its digest.
 */
static int
put(struct coming *c)
{
	struct drop *d = c->d;
	struct merge m;

	if (check_spool(c) == -1)
		return -1;
	d->j.now.data = c->octets;
	d->j.end = JOURNAL_DATA + c->octets;
	if (fdatasync(d->j.fd) == -1)
		return err_sys(c->e, ERR_TEMP, "Unable to sync", d->j.path);
	if (journal_sync_name(&d->j, c->e) == -1 ||
	    merge_all(&m, &d->j, &d->sp, c->e) == -1)
		return -1;
	return putback(&m, &d->sp, c->e);
}

/* What a session left is finished first; then there has to be no mail. */
static int
prepare(struct drop *d, bool add, struct err *e)
{
	int r = d->sp.held != -1 ? 0 : lock_spool(&d->sp, e);

	if (r == 0)
		r = recover(&d->sp, e);
	if (r == 0 && !add && d->sp.fd != -1 && d->sp.st.st_size > 0)
		r = err_set(e, ERR_CONF, "%.200s has mail already", d->sp.path);
	/* or the one that an agent makes meanwhile would be in the way */
	if (r == 0 && d->sp.fd == -1)
		r = spool_make(&d->sp, e);
	if (d->sp.held != -1)
		lock_spool_end(&d->sp);
	return r;
}

int
given_mail(struct drop *d, int fd, bool add, uint32_t *count, struct err *e)
{
	struct coming c = { .d = d, .e = e };
	struct err later;
	int r = prepare(d, add, e);

	if (r == 0)
		r = journal_open(&d->j, &d->sp, JOURNAL_TEMP, true, e);
	if (r == -1)
		return -1;
	r = journal_begin(&d->j, e);
	/* agents need not wait for whoever gives the mail */
	if (r == 0)
		r = copy(&c, fd);
	*count = c.count;
	if (r == 0 && c.count > 0) {
		r = lock_spool(&d->sp, e);
		if (r == 0)
			r = put(&c);
		if (d->sp.held != -1)
			lock_spool_end(&d->sp);
	}
	if (r != -1)
		cache_remove(&d->sp);
	if (r != 1)
		journal_drop(&d->j, &later);
	return r;
}
