/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/*
 * Functions of glibc that the libraries call which were compiled for it, and
 * that compat.h makes popper's own code call.
 */

#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#ifndef __GLIBC__
#define CHECKED(name) __##name##_chk
#else
#define CHECKED(name) popper_##name##_chk
#define arc4random_buf popper_arc4random_buf
#endif

static void
fits(size_t n, size_t room)
{
	if (n > room)
		abort();
}

void *
CHECKED(memcpy)(void *d, const void *s, size_t n, size_t room)
{
	fits(n, room);
	return memcpy(d, s, n);
}

void *
CHECKED(memmove)(void *d, const void *s, size_t n, size_t room)
{
	fits(n, room);
	return memmove(d, s, n);
}

void *
CHECKED(memset)(void *d, int c, size_t n, size_t room)
{
	fits(n, room);
	return memset(d, c, n);
}

void
CHECKED(explicit_bzero)(void *d, size_t n, size_t room)
{
	fits(n, room);
	explicit_bzero(d, n);
}

int
CHECKED(vsnprintf)(
    char *d, size_t n, int flag, size_t room, const char *fmt, va_list ap)
{
	(void)flag;
	fits(n, room);
	return vsnprintf(d, n, fmt, ap);
}

int
CHECKED(snprintf)(
    char *d, size_t n, int flag, size_t room, const char *fmt, ...)
{
	va_list ap;
	int r;

	(void)flag;
	fits(n, room);
	va_start(ap, fmt);
	r = vsnprintf(d, n, fmt, ap);
	va_end(ap);
	return r;
}

/* for crypt_gensalt(3) */
void
arc4random_buf(void *p, size_t n)
{
	char *c = p;

	while (n > 0) {
		ssize_t r = getrandom(c, n, 0);

		if (r == -1)
			abort();
		c += r;
		n -= (size_t)r;
	}
}
