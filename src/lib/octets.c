/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "octets_way.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

/*
 * To ask the processor what it can do takes microseconds in a virtual machine,
 * so that is left until there is much to search.
 */
#define MUCH 131072

size_t
octets_section_from(const char *p, size_t at, size_t n, uint64_t *bare)
{
	while (at < n) {
		const char *lf = memchr(p + at, '\n', n - at);
		size_t i;

		if (lf == NULL)
			return n;
		i = (size_t)(lf - p);
		if (i == 0 || p[i - 1] != '\r')
			++*bare;
		at = i + 1;
		if (at < n && p[at] == 'F' && octets_empty(p, i))
			return at;
	}
	return n;
}

static size_t
section_plain(const char *p, size_t n, uint64_t *bare)
{
	return octets_section_from(p, 0, n, bare);
}

/* At most so many at once: of many NULs each one is a new beginning. */
#define PIECE 256

/* How many of the n octets come before an LF or NUL. */
static size_t
ordinary(const char *p, size_t n)
{
	const char *lf;
	const char *nul;

	if (n > PIECE)
		n = PIECE;
	lf = memchr(p, '\n', n);
	if (lf != NULL)
		n = (size_t)(lf - p);
	nul = memchr(p, '\0', n);
	return nul != NULL ? (size_t)(nul - p) : n;
}

static void
one_octet(struct octets_copy *c)
{
	if (*c->from == '\n' && !c->cr)
		*c->to++ = '\r';
	*c->to = *c->from++;
	if (*c->to == '\0')
		*c->to = '?';
	c->to++;
}

void
octets_wire_plain(struct octets_copy *c)
{
	while (c->from < c->end && c->limit - c->to >= OCTETS_ROOM) {
		size_t room = (size_t)(c->limit - c->to) - OCTETS_ROOM;
		size_t n = (size_t)(c->end - c->from);

		if (c->start && *c->from == '.')
			*c->to++ = '.';
		n = ordinary(c->from, n < room ? n : room);
		if (n == 0) {
			one_octet(c);
		} else {
			memcpy(c->to, c->from, n);
			c->from += n;
			c->to += n;
		}
		c->start = c->from[-1] == '\n';
		c->cr = c->from[-1] == '\r';
	}
}

static const struct octets_ops plain = { section_plain, octets_wire_plain };

#if defined(__x86_64__)
/* The system keeps the registers of AVX over a switch of contexts. */
static bool
keeps_avx(void)
{
	uint32_t low;
	uint32_t high;

	__asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return (low & 6) == 6;
}

static bool
has_avx2(void)
{
	const unsigned need = bit_OSXSAVE | bit_AVX | bit_POPCNT;
	unsigned a;
	unsigned b;
	unsigned c;
	unsigned d;

	if (__get_cpuid(1, &a, &b, &c, &d) == 0 || (c & need) != need ||
	    !keeps_avx() || __get_cpuid_count(7, 0, &a, &b, &c, &d) == 0)
		return false;
	return (b & bit_AVX2) != 0;
}
#endif

static const struct octets_ops *
find(enum octets_way way)
{
	switch (way) {
#if defined(__x86_64__)
	case OCTETS_AVX2:
		return has_avx2() ? &octets_avx2 : NULL;
	case OCTETS_SSE2:
		return &octets_sse2;
#endif
	case OCTETS_PLAIN:
		return &plain;
	default:
		return NULL;
	}
}

static const struct octets_ops *chosen;

static const struct octets_ops *
ops(size_t n)
{
	enum octets_way way = OCTETS_WAYS;

	if (chosen != NULL)
		return chosen;
#if defined(__x86_64__)
	if (n < MUCH)
		return &octets_sse2;
#else
	(void)n;
#endif
	while (chosen == NULL)
		chosen = find(--way);
	return chosen;
}

size_t
octets_section(const char *p, size_t n, uint64_t *bare)
{
	return ops(n)->section(p, n, bare);
}

void
octets_wire(struct octets_copy *c)
{
	ops((size_t)(c->end - c->from))->wire(c);
}

bool
octets_use(enum octets_way way)
{
	const struct octets_ops *o = find(way);

	if (o != NULL)
		chosen = o;
	return o != NULL;
}
