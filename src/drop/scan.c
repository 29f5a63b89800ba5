/* SPDX-License-Identifier: MIT */
/* runs as: the user */
#define XXH_INLINE_ALL
#include <errno.h>
#include <unistd.h>

#include "lock.h"
#include "scan.h"

#define BLOCK 262144

static int
refuse(struct mboxscan *s, struct spool *sp, struct err *e)
{
	if (!mboxscan_bad(s))
		return -1;
	return err_set(e, ERR_PERM,
	    "Unable to process From lines (envelope), change recognition "
	    "modes: %.160s (owner %ld, mode %04o, %lld octets) does not begin "
	    "with a From_ line: mend or remove what stands before the first "
	    "message",
	    sp->path, (long)sp->st.st_uid, (unsigned)sp->st.st_mode & 07777,
	    (long long)sp->st.st_size);
}

/* Gives the first size octets of the spool to take, block by block. */
static int
each_block(struct spool *sp, uint64_t size,
    int (*take)(void *ctx, const char *data, size_t n), void *ctx,
    struct err *e)
{
	static char block[BLOCK];
	uint64_t at = 0;

	while (at < size) {
		size_t want = size - at < BLOCK ? (size_t)(size - at) : BLOCK;
		ssize_t r = pread(sp->fd, block, want, (off_t)at);

		if (r == -1 && errno == EINTR)
			continue;
		if (r == -1)
			return err_sys(e, ERR_TEMP, "Unable to read", sp->path);
		if (r == 0)
			return err_set(e, ERR_TEMP,
			    "%.200s was cut off by another program", sp->path);
		if (take(ctx, block, (size_t)r) == -1)
			return -1;
		at += (uint64_t)r;
		lock_refresh(sp);
	}
	return 0;
}

struct scanning {
	XXH3_state_t digest;
	struct scan *job;
	uint64_t at;
	struct mboxscan scan;
};

static int
scan_block(void *ctx, const char *data, size_t n)
{
	struct scanning *s = ctx;
	struct scan *job = s->job;
	size_t k = 0;

	if (job->copy != NULL && job->copy(job->ctx, data, n) == -1)
		return -1;
	if (job->part > s->at && job->part <= s->at + n) {
		k = (size_t)(job->part - s->at);
		XXH3_128bits_update(&s->digest, data, k);
		job->part_digest = XXH3_128bits_digest(&s->digest);
	}
	XXH3_128bits_update(&s->digest, data + k, n - k);
	s->at += n;
	return mboxscan_feed(&s->scan, data, n);
}

int
scan_spool(struct spool *sp, uint64_t size, struct scan *job, struct err *e)
{
	struct scanning s = { .job = job };

	e->kind = ERR_NONE;
	mboxscan_init(&s.scan, job->msg, job->ctx);
	XXH3_128bits_reset(&s.digest);
	if (each_block(sp, size, scan_block, &s, e) == -1 ||
	    mboxscan_end(&s.scan) == -1)
		return refuse(&s.scan, sp, e);
	job->digest = XXH3_128bits_digest(&s.digest);
	return 0;
}

static int
digest_block(void *ctx, const char *data, size_t n)
{
	return XXH3_128bits_update(ctx, data, n) == XXH_OK ? 0 : -1;
}

int
scan_digest(
    struct spool *sp, uint64_t size, XXH128_hash_t *digest, struct err *e)
{
	XXH3_state_t state;

	XXH3_128bits_reset(&state);
	if (each_block(sp, size, digest_block, &state, e) == -1)
		return -1;
	*digest = XXH3_128bits_digest(&state);
	return 0;
}

int
scan_same(
    struct spool *sp, uint64_t size, const XXH128_hash_t *digest, struct err *e)
{
	XXH128_hash_t now;

	if (scan_digest(sp, size, &now, e) == -1)
		return -1;
	return XXH128_isEqual(now, *digest);
}
