/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "io.h"

void
in_init(struct in *in, io_read_op *op, void *ctx, char *mem, size_t cap)
{
	memset(in, 0, sizeof *in);
	in->op = op;
	in->ctx = ctx;
	in->mem = mem;
	in->cap = cap;
	in->max = IO_LINE_MAX;
}

static enum io_line
fill(struct in *in, int64_t deadline)
{
	ssize_t r;

	if (in->pos > 0) {
		memmove(in->mem, in->mem + in->pos, in->len - in->pos);
		in->len -= in->pos;
		in->pos = 0;
	}
	r = in->op(in->ctx, in->mem + in->len, in->cap - in->len, deadline);
	if (r == 0)
		return IO_EOF;
	if (r == -1)
		return errno == ETIMEDOUT ? IO_TIMEOUT : IO_FAIL;
	in->len += (size_t)r;
	return IO_LINE;
}

/* The line of n octets at s, without its LF, made a string. */
static enum io_line
check(char *s, size_t n)
{
	if (n > 0 && s[n - 1] == '\r')
		n--;
	s[n] = '\0';
	if (memchr(s, '\0', n) != NULL)
		return IO_NUL;
	if (memchr(s, '\r', n) != NULL)
		return IO_CR;
	return IO_LINE;
}

enum io_line
in_line(struct in *in, char **line, int64_t deadline)
{
	for (;;) {
		char *s = in->mem + in->pos;
		size_t have = in->len - in->pos;
		char *lf = have > 0 ? memchr(s, '\n', have) : NULL;
		enum io_line st;

		if (lf != NULL) {
			size_t n = (size_t)(lf - s);

			in->pos += n + 1;
			if (in->skip || n >= in->max) {
				in->skip = false;
				return IO_LONG;
			}
			*line = s;
			return check(s, n);
		}
		if (have >= in->max || in->skip) {
			in->skip = true;
			in->pos = in->len;
		}
		st = fill(in, deadline);
		if (st != IO_LINE)
			return st;
	}
}

bool
in_pending(const struct in *in)
{
	size_t have = in->len - in->pos;

	return have > 0 && memchr(in->mem + in->pos, '\n', have) != NULL;
}

bool
in_partial(const struct in *in)
{
	return in->skip || in->len > in->pos;
}

const char *
in_ahead(const struct in *in, size_t *n)
{
	*n = in->len - in->pos;
	return in->mem + in->pos;
}

int
in_seed(struct in *in, const char *data, size_t n)
{
	if (n > in->cap - in->len)
		return -1;
	if (n > 0)
		memcpy(in->mem + in->len, data, n);
	in->len += n;
	return 0;
}
