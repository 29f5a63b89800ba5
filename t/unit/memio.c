/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "memio.h"

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

void
memin_init(struct memin *m, const char *data, size_t n, size_t step)
{
	memset(m, 0, sizeof *m);
	m->data = data;
	m->n = n;
	m->step = step;
	m->err_at = MEMIO_NEVER;
}

ssize_t
memin_read(void *ctx, char *buf, size_t n, int64_t deadline)
{
	struct memin *m = ctx;
	size_t k = least(least(n, m->step), m->n - m->pos);

	(void)deadline;
	if (m->pos >= m->err_at) {
		m->err_at = MEMIO_NEVER;
		errno = m->err;
		return -1;
	}
	k = least(k, m->err_at - m->pos);
	if (k > 0)
		memcpy(buf, m->data + m->pos, k);
	m->pos += k;
	return (ssize_t)k;
}

void
memout_init(struct memout *m, size_t step)
{
	memset(m, 0, sizeof *m);
	m->step = step;
	m->err_at = MEMIO_NEVER;
}

void
memout_free(struct memout *m)
{
	free(m->data);
	memset(m, 0, sizeof *m);
}

ssize_t
memout_write(void *ctx, const char *buf, size_t n, int64_t deadline)
{
	struct memout *m = ctx;
	size_t k = least(n, m->step);

	(void)deadline;
	m->calls++;
	if (m->n >= m->err_at) {
		errno = m->err;
		return -1;
	}
	k = least(k, m->err_at - m->n);
	if (m->n + k > m->cap) {
		m->cap = (m->n + k) * 2;
		m->data = realloc(m->data, m->cap);
		if (m->data == NULL)
			abort();
	}
	memcpy(m->data + m->n, buf, k);
	m->n += k;
	return (ssize_t)k;
}
