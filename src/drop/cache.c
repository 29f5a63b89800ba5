/* SPDX-License-Identifier: MIT */
/* runs as: the user */
#define XXH_INLINE_ALL
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>
#include <xxhash.h>

#include "cache.h"
#include "fileio.h"
#include "message.h"
#include "print.h"
#include "safefile.h"

#define ORDER 0x01020304U
#define BLOCKS 512 /* the first block lies there */
#define SAMPLES 8
#ifndef CACHE_SMALL /* tests have less; as much as this is soon scanned again \
		     */
#define CACHE_SMALL ((uint64_t)64 << 20)
#endif
#define OUT_OCTETS 131072
#define CIFS_MAGIC 0xff534d42
#define SMB2_MAGIC 0xfe534d42
#define FLAGS \
	(MSG_NOBLANK | MSG_READ | MSG_BLANK_CR | MSG_STATUS | MSG_HIDDEN | \
	    MSG_SHARES | MSG_SEEN | MSG_UID_STORED)

static const char magic[8] = "POPIDX\3";

static uint64_t
place(uint32_t at)
{
	return BLOCKS +
	    (uint64_t)at *
	    (sizeof(struct msgloc[INDEX_BLOCK]) + sizeof(uint64_t));
}

static uint32_t
in_block(uint32_t count, uint32_t at)
{
	uint32_t left = count - at * INDEX_BLOCK;

	return left < INDEX_BLOCK ? left : INDEX_BLOCK;
}

static uint64_t
check_of(const struct cache_head *h)
{
	return XXH3_64bits(h, offsetof(struct cache_head, check));
}

static bool
good_head(const struct cache_head *h)
{
	return memcmp(h->magic, magic, sizeof magic) == 0 &&
	    h->order == ORDER && h->record == sizeof(struct msgloc) &&
	    h->check == check_of(h) && h->count > 0 && h->size <= INT64_MAX &&
	    h->ids_known <= h->count && h->last <= h->count &&
	    h->hidden_before <= h->hidden;
}

static uint64_t
file_size(const struct cache_head *h)
{
	uint32_t at = (h->count - 1) / INDEX_BLOCK;

	return place(at) + in_block(h->count, at) * sizeof(struct msgloc) +
	    sizeof(uint64_t);
}

void
cache_open(struct cache *c, const struct spool *sp)
{
	struct stat st;
	struct err e;

	memset(c, 0, sizeof *c);
	c->fd = safefile_open_user(sp->cache, sp->cache_name, sp->cache_name,
	    O_RDONLY, sp->uid, &st, &e);
	if (c->fd == -1)
		return;
	c->size = (uint64_t)st.st_size;
	c->written = st.st_mtim;
}

void
cache_read(struct cache *c)
{
	if (c->fd == -1)
		return;
	if (file_read(c->fd, &c->head, sizeof c->head, 0) !=
		(ssize_t)sizeof c->head ||
	    !good_head(&c->head) || c->size < file_size(&c->head))
		cache_close(c);
}

void
cache_close(struct cache *c)
{
	if (c->fd != -1)
		close(c->fd);
	c->fd = -1;
}

static bool
good_uid(const struct msgloc *m)
{
	return m->uid_len == 0 ||
	    (m->uid_len <= UID_MAX && header_uid_good(m->uid, m->uid_len));
}

/* Nothing lies where it cannot be. */
static bool
good_record(const struct msgloc *m, uint64_t least, uint64_t most)
{
	uint64_t len = m->next - m->from;

	return m->from >= least && m->next <= most && m->from < m->next &&
	    m->from <= m->head && m->head <= m->body && m->body <= m->end &&
	    m->end <= m->next && message_fields_end(m) >= m->head &&
	    message_fields_end(m) <= m->body &&
	    (m->flags & ~(unsigned)FLAGS) == 0 && m->gone == 0 &&
	    m->wire <= 2 * (len + UID_MAX) && good_uid(m);
}

int
cache_block(struct cache *c, uint32_t at, struct msgloc to[INDEX_BLOCK])
{
	uint32_t n = in_block(c->head.count, at);
	size_t len = n * sizeof *to;
	uint64_t least = 0;
	uint64_t check;
	uint32_t i;

	if (file_read(c->fd, to, len, place(at)) != (ssize_t)len ||
	    file_read(c->fd, &check, sizeof check, place(at) + len) !=
		(ssize_t)sizeof check ||
	    check != XXH3_64bits_withSeed(to, len, at))
		c->bad = true;
	for (i = 0; i < n && !c->bad; i++) {
		c->bad = !good_record(&to[i], least, c->head.size);
		least = to[i].next;
	}
	return c->bad ? -1 : 0;
}

static bool
same_file(const struct cache_head *h, const struct stat *st)
{
	return h->dev == st->st_dev && h->ino == st->st_ino;
}

bool
cache_same(const struct cache *c, const struct stat *st)
{
	const struct cache_head *h = &c->head;

	return c->fd != -1 && (h->flags & CACHE_SURE) != 0 &&
	    same_file(h, st) && h->size == (uint64_t)st->st_size &&
	    h->mtime == st->st_mtim.tv_sec &&
	    h->mtime_ns == st->st_mtim.tv_nsec &&
	    h->ctime == st->st_ctim.tv_sec &&
	    h->ctime_ns == st->st_ctim.tv_nsec;
}

static int
edge(int fd, uint64_t at, size_t n, uint64_t *digest)
{
	char buf[CACHE_EDGE];
	ssize_t r = file_read(fd, buf, n, at);

	if (r == -1)
		return -1;
	*digest = XXH3_64bits(buf, (size_t)r);
	return 0;
}

int
cache_edges(int fd, uint64_t size, struct cache_edges *to)
{
	size_t n = size < CACHE_EDGE ? (size_t)size : CACHE_EDGE;

	if (edge(fd, 0, n, &to->first) == -1)
		return -1;
	return edge(fd, size - n, n, &to->final);
}

/* Messages here and there, the first and the last among them. */
static int
samples(struct cache *c, const struct spool *sp, struct err *e)
{
	struct msgloc block[INDEX_BLOCK];
	uint32_t last = c->head.count - 1;
	uint32_t k;

	for (k = 0; k <= SAMPLES; k++) {
		uint32_t i = (uint32_t)((uint64_t)last * k / SAMPLES);
		int r;

		if (cache_block(c, i / INDEX_BLOCK, block) == -1)
			return 0;
		r = print_same(sp->fd, 0, &block[i % INDEX_BLOCK]);
		if (r == -1)
			return err_sys(e, ERR_TEMP, "Unable to read", sp->path);
		if (r == 0)
			return 0;
	}
	return 1;
}

int
cache_grown(struct cache *c, const struct spool *sp, const struct stat *st,
    struct err *e)
{
	const struct cache_head *h = &c->head;
	struct cache_edges now;

	if (c->fd == -1 || h->size < CACHE_SMALL ||
	    (h->flags & CACHE_MMDF) != 0 || !same_file(h, st) ||
	    (uint64_t)st->st_size <= h->size)
		return 0;
	if (cache_edges(sp->fd, h->size, &now) == -1)
		return err_sys(e, ERR_TEMP, "Unable to read", sp->path);
	if (now.first != h->edges.first || now.final != h->edges.final)
		return 0;
	return samples(c, sp, e);
}

/* Times are another machine's there, or come late. */
static bool
is_remote(int fd)
{
	struct statfs fs;

	if (fstatfs(fd, &fs) == -1)
		return true;
	switch ((unsigned long)fs.f_type) {
	case NFS_SUPER_MAGIC:
	case FUSE_SUPER_MAGIC:
	case AFS_SUPER_MAGIC:
	case V9FS_MAGIC:
	case CIFS_MAGIC:
	case SMB2_MAGIC:
		return true;
	default:
		return false;
	}
}

static bool
is_past(const struct timespec *t, const struct timespec *now, bool seconds)
{
	if (t->tv_sec != now->tv_sec || seconds)
		return t->tv_sec < now->tv_sec;
	return t->tv_nsec < now->tv_nsec;
}

bool
cache_sure(int spool, const struct stat *st)
{
	/* some file systems count in seconds */
	bool seconds = st->st_mtim.tv_nsec == 0 && st->st_ctim.tv_nsec == 0;
	struct timespec now;

	/* the clock that files get their times from */
	return clock_gettime(CLOCK_REALTIME_COARSE, &now) == 0 &&
	    is_past(&st->st_mtim, &now, seconds) &&
	    is_past(&st->st_ctim, &now, seconds) && !is_remote(spool);
}

static void
fail(struct cache_out *w, const char *what)
{
	if (!w->failed)
		err_sys(&w->e, ERR_TEMP, what, w->name);
	w->failed = true;
}

static void
new_name(const struct spool *sp, char *name, size_t n)
{
	snprintf(name, n, "%s.new", sp->cache_name);
}

void
cache_begin(struct cache_out *w, const struct spool *sp)
{
	memset(w, 0, sizeof *w);
	w->sp = sp;
	new_name(sp, w->name, sizeof w->name);
	cache_tidy(sp);
	w->fd = openat(sp->cache, w->name,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	w->place = BLOCKS;
	w->mem = malloc(OUT_OCTETS);
	if (w->fd == -1 || w->mem == NULL)
		fail(w, "Unable to create");
}

static void
write_out(struct cache_out *w)
{
	if (!w->failed && file_write(w->fd, w->mem, w->used, w->place) == -1)
		fail(w, "Unable to write");
	w->place += w->used;
	w->used = 0;
}

/* The block, with its checksum behind it. */
static void
put_block(struct cache_out *w)
{
	uint32_t at = (w->head.count - w->have) / INDEX_BLOCK;
	size_t len = w->have * sizeof w->block[0];
	uint64_t check = XXH3_64bits_withSeed(w->block, len, at);

	w->have = 0;
	if (len == 0 || w->failed)
		return;
	if (OUT_OCTETS - w->used < sizeof w->block + sizeof check)
		write_out(w);
	memcpy(w->mem + w->used, w->block, len);
	memcpy(w->mem + w->used + len, &check, sizeof check);
	w->used += len + sizeof check;
}

void
cache_add(struct cache_out *w, const struct msgloc *m)
{
	struct msgloc *to = &w->block[w->have++];

	*to = *m;
	to->flags &= FLAGS;
	to->gone = 0;
	w->head.count++;
	if (w->have == INDEX_BLOCK)
		put_block(w);
}

int
cache_end(struct cache_out *w, const struct stat *st, struct err *e)
{
	struct cache_head *h = &w->head;

	put_block(w);
	write_out(w);
	memcpy(h->magic, magic, sizeof magic);
	h->order = ORDER;
	h->record = sizeof(struct msgloc);
	h->dev = st->st_dev;
	h->ino = st->st_ino;
	h->size = (uint64_t)st->st_size;
	h->mtime = st->st_mtim.tv_sec;
	h->mtime_ns = st->st_mtim.tv_nsec;
	h->ctime = st->st_ctim.tv_sec;
	h->ctime_ns = st->st_ctim.tv_nsec;
	h->check = check_of(h);
	if (!w->failed && file_write(w->fd, h, sizeof *h, 0) == -1)
		fail(w, "Unable to write");
	/* a rename to a name that is there starts writing to the disk */
	if (!w->failed)
		cache_remove(w->sp);
	if (!w->failed &&
	    renameat(w->sp->cache, w->name, w->sp->cache, w->sp->cache_name) ==
		-1)
		fail(w, "Unable to write");
	if (w->failed) {
		*e = w->e;
		cache_give_up(w);
		return -1;
	}
	free(w->mem);
	close(w->fd);
	return 0;
}

void
cache_give_up(struct cache_out *w)
{
	free(w->mem);
	if (w->fd == -1)
		return;
	close(w->fd);
	unlinkat(w->sp->cache, w->name, 0);
}

void
cache_tidy(const struct spool *sp)
{
	char name[SPOOL_NAME_MAX + 8];

	new_name(sp, name, sizeof name);
	unlinkat(sp->cache, name, 0);
}

void
cache_remove(const struct spool *sp)
{
	unlinkat(sp->cache, sp->cache_name, 0);
}
