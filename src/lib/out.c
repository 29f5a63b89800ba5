/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "clock.h"
#include "io.h"
#include "octets.h"

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

		if (r <= 0) {
			out->bad = true;
			out->sys = errno;
		} else {
			done += (size_t)r;
		}
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

void
out_dot(struct out *out, struct dot *d, const char *data, size_t n)
{
	struct octets_copy c = {
		.from = data, .end = data + n, .start = !d->mid, .cr = d->cr
	};

	while (c.from < c.end && !out->bad) {
		if (out->cap - out->len < OCTETS_ROOM)
			out_flush(out);
		c.to = out->mem + out->len;
		c.limit = out->mem + out->cap;
		octets_wire(&c);
		out->len = (size_t)(c.to - out->mem);
	}
	d->mid = !c.start;
	d->cr = c.cr;
}

void
out_dot_end(struct out *out, struct dot *d)
{
	if (d->mid)
		out_str(out, d->cr ? "\n" : "\r\n");
	out_str(out, ".\r\n");
}
