/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "lines.h"

#define LINE_MAX_OCTETS (8U << 20)

void
lines_init(struct lines *l, int fd, char *mem, size_t cap)
{
	memset(l, 0, sizeof *l);
	l->fd = fd;
	l->mem = mem;
	l->cap = cap;
}

void
lines_text(struct lines *l, char *text, size_t n)
{
	lines_init(l, -1, text, n + 1);
	l->len = n;
	l->eof = true;
}

/* Room for more of a line that fills the memory, and its NUL. */
static int
grow(struct lines *l)
{
	char *p;

	if (l->cap >= LINE_MAX_OCTETS) {
		errno = EOVERFLOW;
		return -1;
	}
	p = malloc(4 * l->cap);
	if (p == NULL)
		return -1;
	memcpy(p, l->mem, l->len);
	free(l->heap);
	l->heap = l->mem = p;
	l->cap *= 4;
	return 0;
}

static int
fill(struct lines *l)
{
	ssize_t r;

	if (l->pos > 0) {
		memmove(l->mem, l->mem + l->pos, l->len - l->pos);
		l->len -= l->pos;
		l->pos = 0;
	}
	if (l->len + 1 >= l->cap && grow(l) == -1)
		return -1;
	do {
		if (l->deadline != 0 &&
		    io_wait(l->fd, POLLIN, l->deadline) == -1)
			return -1;
		r = read(l->fd, l->mem + l->len, l->cap - 1 - l->len);
	} while (r == -1 && errno == EINTR);
	if (r == -1)
		return -1;
	l->eof = r == 0;
	l->len += (size_t)r;
	return 0;
}

int
lines_next(struct lines *l, char **line, size_t *n)
{
	size_t seen = 0; /* octets that hold no LF */

	for (;;) {
		char *s = l->mem + l->pos;
		size_t have = l->len - l->pos;
		char *lf =
		    have > seen ? memchr(s + seen, '\n', have - seen) : NULL;

		if (lf != NULL)
			have = (size_t)(lf - s);
		if (lf != NULL || (l->eof && have > 0)) {
			s[have] = '\0';
			*line = s;
			*n = have;
			l->pos += have + (lf != NULL);
			return 1;
		}
		if (l->eof)
			return 0;
		seen = have;
		if (fill(l) == -1)
			return -1;
	}
}

void
lines_free(struct lines *l)
{
	free(l->heap);
	l->heap = NULL;
}
