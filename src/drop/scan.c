/* SPDX-License-Identifier: MIT */
/* runs as: the user */
#define XXH_INLINE_ALL
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fileio.h"
#include "lock.h"
#include "print.h"
#include "scan.h"

#define BLOCK 262144
#define TAIL 32768 /* of the block before: most messages are whole in both */

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

static int
cut_off(const struct spool *sp, struct err *e)
{
	return err_set(
	    e, ERR_TEMP, "%.200s was cut off by another program", sp->path);
}

/* Some octets of the spool, and as many of those before them. */
struct block {
	const char *data;
	size_t n;
	size_t before;
};

typedef int take_block(void *ctx, const struct block *b);

/* Reads to block, in front of which is room for tail octets. */
static int
read_blocks(struct spool *sp, uint64_t at, uint64_t size, char *block,
    size_t tail, take_block *take, void *ctx, struct err *e)
{
	struct block b = { .data = block };

	while (at < size) {
		size_t want = size - at < BLOCK ? (size_t)(size - at) : BLOCK;
		ssize_t r = pread(sp->fd, block, want, (off_t)at);
		size_t keep;

		if (r == -1 && errno == EINTR)
			continue;
		if (r == -1)
			return err_sys(e, ERR_TEMP, "Unable to read", sp->path);
		if (r == 0)
			return cut_off(sp, e);
		b.n = (size_t)r;
		if (take(ctx, &b) == -1)
			return -1;
		at += b.n;
		if (at < size) {
			keep = b.before + b.n;
			keep = keep < tail ? keep : tail;
			memmove(block - keep, block + b.n - keep, keep);
			b.before = keep;
		}
		lock_refresh(sp);
	}
	b.n = 0;
	return take(ctx, &b);
}

/*
 * Gives the octets of the spool from at to size to take, block by block, and
 * then a block of none.  The memory is for this only.
 */
static int
each_block(struct spool *sp, uint64_t at, uint64_t size, take_block *take,
    void *ctx, struct err *e)
{
	const size_t tail = size - at > BLOCK ? TAIL : 0;
	const size_t n = tail > 0 ? BLOCK : (size_t)(size - at) + 1;
	char *mem = mmap(NULL, tail + n, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	int r;

	if (mem == MAP_FAILED)
		return err_sys(e, ERR_TEMP, "No memory to read", sp->path);
	r = read_blocks(sp, at, size, mem + tail, tail, take, ctx, e);
	munmap(mem, tail + n);
	return r;
}

struct scanning {
	XXH3_state_t digest;
	struct scan *job;
	struct spool *sp;
	uint64_t at;
	struct print_have have; /* the block at hand */
	struct mboxscan scan;
	struct err *e;
};

static int
found(void *ctx, const struct msgloc *loc)
{
	struct scanning *s = ctx;
	struct msgloc m = *loc;

	if (print_take(s->sp->fd, 0, &s->have, &m) == -1)
		return err_sys(s->e, ERR_TEMP, "Unable to read", s->sp->path);
	return s->job->msg(s->job->ctx, &m);
}

/* What Content-Length leads to. */
static int
look(void *ctx, uint64_t at, char *to, size_t n)
{
	const struct scanning *s = ctx;
	ssize_t r = file_read(s->sp->fd, to, n, at);

	if (r == -1)
		return err_sys(s->e, ERR_TEMP, "Unable to read", s->sp->path);
	return r == (ssize_t)n ? 0 : cut_off(s->sp, s->e);
}

static int
scan_block(void *ctx, const struct block *b)
{
	struct scanning *s = ctx;
	struct scan *job = s->job;

	if (b->n == 0)
		return mboxscan_end(&s->scan);
	if (job->copy != NULL) {
		XXH3_128bits_update(&s->digest, b->data, b->n);
		if (job->copy(job->ctx, b->data, b->n) == -1)
			return -1;
	}
	s->have.data = b->data - b->before;
	s->have.at = s->at - b->before;
	s->have.len = b->before + b->n;
	s->at += b->n;
	return mboxscan_feed(&s->scan, b->data, b->n);
}

int
scan_spool(struct spool *sp, uint64_t size, struct scan *job, struct err *e)
{
	struct scanning s = { .job = job, .sp = sp, .e = e };

	e->kind = ERR_NONE;
	if (job->from == 0)
		mboxscan_init(&s.scan, found, &s);
	else
		mboxscan_init_at(&s.scan, job->from, found, &s);
	if (job->lengths)
		mboxscan_lengths(&s.scan, look, size);
	s.at = job->from;
	XXH3_128bits_reset(&s.digest);
	if (each_block(sp, job->from, size, scan_block, &s, e) == -1)
		return refuse(&s.scan, sp, e);
	if (job->copy != NULL)
		job->digest = XXH3_128bits_digest(&s.digest);
	job->mmdf = mboxscan_mmdf(&s.scan);
	return 0;
}

static int
digest_block(void *ctx, const struct block *b)
{
	return XXH3_128bits_update(ctx, b->data, b->n) == XXH_OK ? 0 : -1;
}

int
scan_digest(
    struct spool *sp, uint64_t size, XXH128_hash_t *digest, struct err *e)
{
	XXH3_state_t state;

	XXH3_128bits_reset(&state);
	if (each_block(sp, 0, size, digest_block, &state, e) == -1)
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
