/* SPDX-License-Identifier: MIT */
/* runs as: the user */
#define XXH_INLINE_ALL
#include <errno.h>
#include <xxhash.h>

#include "fileio.h"
#include "print.h"

/* n octets at offset at, from memory or by way of buf; NULL with errno */
static const char *
octets(int fd, const struct print_have *have, uint64_t at, size_t n, char *buf)
{
	ssize_t r;

	if (have != NULL && at >= have->at && at + n <= have->at + have->len)
		return have->data + (at - have->at);
	r = file_read(fd, buf, n, at);
	if (r == (ssize_t)n)
		return buf;
	if (r != -1)
		errno = 0;
	return NULL;
}

int
print_take(
    int fd, uint64_t base, const struct print_have *have, struct msgloc *m)
{
	char buf[PRINT_HEAD];
	uint64_t len = m->end - m->from;
	size_t head = len < PRINT_HEAD ? (size_t)len : PRINT_HEAD;
	size_t tail =
	    len - head < PRINT_TAIL ? (size_t)(len - head) : PRINT_TAIL;
	const char *p = octets(fd, have, base + m->from, head, buf);
	uint64_t h;

	if (p == NULL)
		return -1;
	h = XXH3_64bits_withSeed(p, head, len);
	p = octets(fd, have, base + m->end - tail, tail, buf);
	if (p == NULL)
		return -1;
	m->print = XXH3_64bits_withSeed(p, tail, h);
	return 0;
}

int
print_same(int fd, uint64_t base, const struct msgloc *m)
{
	struct msgloc now = *m;

	if (print_take(fd, base, NULL, &now) == -1)
		return errno == 0 ? 0 : -1;
	return now.print == m->print;
}
