/* SPDX-License-Identifier: MIT */
/* runs as: the user */
#define XXH_INLINE_ALL
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "fileio.h"
#include "plan.h"

/* A piece as it lies in the file; text follows it, padded to 16 octets. */
struct piece {
	uint64_t src; /* TEXT: no extent */
	uint64_t len;
};

#define TEXT UINT64_MAX

static size_t
padded(size_t n)
{
	return (n + 15) & ~(size_t)15;
}

void
plan_begin(struct plan_out *p, int fd, uint64_t at, uint64_t base)
{
	memset(p, 0, offsetof(struct plan_out, buf));
	p->fd = fd;
	p->start = p->at = at;
	p->base = base;
	p->gap = UINT64_MAX;
	XXH3_128bits_reset(&p->digest);
}

static int
flush(struct plan_out *p)
{
	if (file_write(p->fd, p->buf, p->used, p->at) == -1)
		return -1;
	XXH3_128bits_update(&p->digest, p->buf, p->used);
	p->at += p->used;
	p->used = 0;
	return 0;
}

static int
put(struct plan_out *p, const void *data, size_t n, size_t with_pad)
{
	if (sizeof p->buf - p->used < with_pad && flush(p) == -1)
		return -1;
	memset(p->buf + p->used, 0, with_pad);
	memcpy(p->buf + p->used, data, n);
	p->used += with_pad;
	return 0;
}

static int
put_extent(struct plan_out *p)
{
	struct piece x = { p->src, p->len };

	if (p->len == 0)
		return 0;
	p->len = 0;
	return put(p, &x, sizeof x, sizeof x);
}

int
plan_extent(struct plan_out *p, uint64_t src, uint64_t len)
{
	uint64_t to = p->base + p->total;
	uint64_t gap = src > to ? src - to : 0;

	if (len == 0)
		return 0;
	p->total += len;
	if (gap < p->gap)
		p->gap = gap;
	if (p->len > 0 && src == p->src + p->len) {
		p->len += len;
		return 0;
	}
	if (put_extent(p) == -1)
		return -1;
	p->src = src;
	p->len = len;
	return 0;
}

int
plan_text(struct plan_out *p, const char *text, size_t len)
{
	struct piece x = { TEXT, len };

	if (len == 0)
		return 0;
	p->total += len;
	if (put_extent(p) == -1 || put(p, &x, sizeof x, sizeof x) == -1)
		return -1;
	return put(p, text, len, padded(len));
}

int
plan_again(struct plan_out *p, uint64_t at, uint64_t len, uint64_t total)
{
	char block[PLAN_BUFFER];

	if (put_extent(p) == -1 || flush(p) == -1)
		return -1;
	while (len > 0) {
		size_t n = len < sizeof block ? (size_t)len : sizeof block;

		if (file_read(p->fd, block, n, at) != (ssize_t)n) {
			errno = EIO;
			return -1;
		}
		if (put(p, block, n, n) == -1)
			return -1;
		at += n;
		len -= n;
	}
	p->total += total;
	return 0;
}

int
plan_end(struct plan_out *p, XXH128_hash_t *digest)
{
	if (put_extent(p) == -1 || flush(p) == -1)
		return -1;
	*digest = XXH3_128bits_digest(&p->digest);
	return 0;
}

void
plan_open(struct plan_in *p, int fd, uint64_t at, uint64_t len, int source)
{
	memset(p, 0, offsetof(struct plan_in, buf));
	p->fd = fd;
	p->source = source;
	p->at = at;
	p->end = at + len;
}

static int
broken(void)
{
	errno = EIO;
	return -1;
}

/* As file_read, but few octets at a time cost few calls. */
static ssize_t
read_ahead(int fd, struct plan_ahead *a, char *buf, size_t size, void *to,
    size_t n, uint64_t at)
{
	if (at < a->at || at - a->at > a->n || n > a->n - (at - a->at)) {
		ssize_t r = n > size / 2 ? -1 : file_read(fd, buf, size, at);

		/* what is not needed may not fail either */
		if (r < (ssize_t)n)
			return file_read(fd, to, n, at);
		a->at = at;
		a->n = (size_t)r;
	}
	memcpy(to, buf + (at - a->at), n);
	return (ssize_t)n;
}

static ssize_t
read_pieces(struct plan_in *p, void *to, size_t n)
{
	return read_ahead(
	    p->fd, &p->pieces, p->pieces_buf, PLAN_BUFFER, to, n, p->at);
}

/* Makes the next piece the one at hand: 1, 0 at the end, -1. */
static int
next(struct plan_in *p)
{
	struct piece x;

	if (p->at == p->end)
		return 0;
	if (read_pieces(p, &x, sizeof x) != sizeof x)
		return broken();
	p->at += sizeof x;
	p->src = x.src;
	p->left = x.len;
	if (x.src != TEXT)
		return 1;
	if (x.len > PLAN_TEXT_MAX ||
	    read_pieces(p, p->buf, padded(x.len)) != (ssize_t)padded(x.len))
		return broken();
	p->at += padded(x.len);
	p->text = 0;
	return 1;
}

/* Part of the piece at hand: its octets, or -1. */
static ssize_t
some(struct plan_in *p, char *to, size_t n)
{
	if (n > p->left)
		n = (size_t)p->left;
	if (p->src == TEXT) {
		if (to != NULL)
			memcpy(to, p->buf + p->text, n);
		p->text += n;
	} else {
		if (to != NULL &&
		    read_ahead(p->source, &p->octets, p->octets_buf, PLAN_AHEAD,
			to, n, p->src) != (ssize_t)n)
			return broken();
		p->src += n;
	}
	p->left -= n;
	return (ssize_t)n;
}

ssize_t
plan_read(struct plan_in *p, char *to, size_t n)
{
	size_t done = 0;

	while (done < n) {
		int r = p->left > 0 ? 1 : next(p);
		ssize_t k;

		if (r == -1)
			return -1;
		if (r == 0)
			break;
		k = some(p, to == NULL ? NULL : to + done, n - done);
		if (k == -1)
			return -1;
		done += (size_t)k;
	}
	return (ssize_t)done;
}

int
plan_skip(struct plan_in *p, uint64_t n)
{
	while (n > 0) {
		size_t want = n < SSIZE_MAX ? (size_t)n : SSIZE_MAX;
		ssize_t k = plan_read(p, NULL, want);

		if (k <= 0)
			return k == 0 ? broken() : -1;
		n -= (uint64_t)k;
	}
	return 0;
}

int
plan_source(const struct plan_in *p, uint64_t *src)
{
	struct piece x = { p->src, p->left };
	uint64_t at = p->at;

	while (x.src == TEXT || x.len == 0) {
		x.src = UINT64_MAX;
		if (at == p->end)
			break;
		if (file_read(p->fd, &x, sizeof x, at) != sizeof x ||
		    (x.src == TEXT && x.len > PLAN_TEXT_MAX))
			return broken();
		at += sizeof x + (x.src == TEXT ? padded(x.len) : 0);
	}
	*src = x.src;
	return 0;
}

int
plan_whole(int fd, uint64_t at, uint64_t len, const XXH128_hash_t *digest)
{
	static char block[PLAN_AHEAD];
	XXH3_state_t state;

	XXH3_128bits_reset(&state);
	while (len > 0) {
		size_t n = len < sizeof block ? (size_t)len : sizeof block;
		ssize_t r = file_read(fd, block, n, at);

		if (r == -1)
			return -1;
		if ((size_t)r < n)
			return 0;
		XXH3_128bits_update(&state, block, n);
		at += n;
		len -= n;
	}
	return XXH128_isEqual(XXH3_128bits_digest(&state), *digest);
}
