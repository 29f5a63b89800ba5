/* SPDX-License-Identifier: MIT */
/* runs as: root (poppam) */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "given.h"

/* The string at *at, and *at behind its NUL; NULL if it has none. */
static const char *
string(const struct given *g, size_t n, size_t *at)
{
	const char *s = g->mem + *at;
	const char *end = memchr(s, '\0', n - *at);

	if (end == NULL)
		return NULL;
	*at += (size_t)(end - s) + 1;
	return s;
}

int
given_read(struct given *g, int fd, bool third, struct err *e)
{
	size_t n = 0;
	size_t at = 0;
	ssize_t r = 1;

	while (n < sizeof g->mem && r != 0) {
		r = read(fd, g->mem + n, sizeof g->mem - n);
		if (r == -1 && errno == EINTR)
			continue;
		if (r == -1)
			return err_set(e, ERR_CONF, "fd %d cannot be read: %s",
			    fd, strerror(errno));
		n += (size_t)r;
	}
	close(fd);
	if (r != 0)
		return err_set(e, ERR_CONF, "too much came in on fd %d", fd);
	g->user = string(g, n, &at);
	g->password = g->user != NULL ? string(g, n, &at) : NULL;
	g->third = g->password != NULL ? string(g, n, &at) : NULL;
	if (g->password == NULL || (third && g->third == NULL))
		return err_set(e, ERR_CONF,
		    "what came in on fd %d are no strings with a NUL behind "
		    "each",
		    fd);
	return 0;
}

void
given_wipe(struct given *g)
{
	explicit_bzero(g, sizeof *g);
}
