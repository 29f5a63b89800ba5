/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "clock.h"
#include "io.h"

void
out_init(struct out *out, io_write_op *op, void *ctx, char *mem, size_t cap,
    uint32_t timeout)
{
	memset(out, 0, sizeof *out);
	out->op = op;
	out->ctx = ctx;
	out->mem = mem;
	out->cap = cap;
	out->timeout = timeout;
}

int
out_flush(struct out *out)
{
	size_t done = 0;

	while (!out->bad && done < out->len) {
		int64_t deadline = clock_ms() + (int64_t)out->timeout * 1000;
		ssize_t r = out->op(
		    out->ctx, out->mem + done, out->len - done, deadline);

		if (r <= 0)
			out->bad = true;
		else
			done += (size_t)r;
	}
	out->len = 0;
	return out->bad ? -1 : 0;
}

void
out_put(struct out *out, const char *data, size_t n)
{
	while (n > 0 && !out->bad) {
		size_t room = out->cap - out->len;
		size_t k = n < room ? n : room;

		memcpy(out->mem + out->len, data, k);
		out->len += k;
		data += k;
		n -= k;
		if (out->len == out->cap)
			out_flush(out);
	}
}

void
out_str(struct out *out, const char *s)
{
	out_put(out, s, strlen(s));
}

/* At most this much of a line is copied at once; buffers are far larger. */
#define PIECE 1024

/* One line, or a piece of one, of k octets; room for k + 3 is there. */
static void
put_piece(struct out *out, struct dot *d, const char *p, size_t k, bool nul)
{
	char *to = out->mem + out->len;
	size_t i;

	if (!d->mid && p[0] == '.')
		*to++ = '.';
	memcpy(to, p, k);
	for (i = 0; nul && i < k; i++) {
		if (to[i] == '\0')
			to[i] = '?';
	}
	to += k;
	d->mid = true;
	d->cr = p[k - 1] == '\r';
	out->len = (size_t)(to - out->mem);
}

void
out_dot(struct out *out, struct dot *d, const char *data, size_t n)
{
	const char *end = data + n;
	bool nul = n > 0 && memchr(data, '\0', n) != NULL;

	while (data < end && !out->bad) {
		size_t most = (size_t)(end - data);
		const char *lf;
		size_t k;

		if (most > PIECE)
			most = PIECE;
		lf = memchr(data, '\n', most);
		k = lf != NULL ? (size_t)(lf - data) : most;
		if (out->cap - out->len < k + 3)
			out_flush(out);
		if (k > 0)
			put_piece(out, d, data, k, nul);
		if (lf != NULL) {
			if (!d->cr)
				out->mem[out->len++] = '\r';
			out->mem[out->len++] = '\n';
			d->mid = d->cr = false;
			k++;
		}
		data += k;
	}
}

void
out_dot_end(struct out *out, struct dot *d)
{
	if (d->mid)
		out_str(out, d->cr ? "\n" : "\r\n");
	out_str(out, ".\r\n");
}
