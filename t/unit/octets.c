/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "octets.h"

/* What octets_section promises, octet by octet. */
static size_t
section(const char *p, size_t n, uint64_t *bare)
{
	size_t line = 0; /* where the present one begins */
	bool blank = false;
	size_t i;

	for (i = 0; i < n; i++) {
		if (i == line && blank && p[i] == 'F')
			return i;
		if (p[i] != '\n')
			continue;
		*bare += i == 0 || p[i - 1] != '\r';
		blank = i == line || (i == line + 1 && p[line] == '\r');
		line = i + 1;
	}
	return n;
}

/* The same of octets_wire; *cr and *start go from piece to piece. */
static size_t
wire(char *to, const char *p, size_t n, bool *start, bool *cr)
{
	size_t k = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		if (*start && p[i] == '.')
			to[k++] = '.';
		if (p[i] == '\n' && !*cr)
			to[k++] = '\r';
		to[k++] = p[i] == '\0' ? '?' : p[i];
		*start = p[i] == '\n';
		*cr = p[i] == '\r';
	}
	return k;
}

/* A copy of its own, so that a sanitizer sees a read beyond either end. */
static char *
own(const char *s, size_t n)
{
	char *p = malloc(n > 0 ? n : 1);

	assert_non_null(p);
	if (n > 0)
		memcpy(p, s, n);
	return p;
}

static void
check_section(const char *s, size_t n, enum octets_way way)
{
	char *p = own(s, n);
	uint64_t want_bare = 5;
	uint64_t bare = 5;
	size_t want = section(p, n, &want_bare);
	size_t got = octets_section(p, n, &bare);

	CHECK(got == want && bare == want_bare,
	    "way %d: of %zu octets %zu, not %zu; %zu bare, not %zu", way, n,
	    got, want, (size_t)bare, (size_t)want_bare);
	free(p);
}

/* In pieces of piece octets, through a buffer of room octets. */
static void
check_wire(
    const char *s, size_t n, size_t piece, size_t room, enum octets_way way)
{
	char *want = malloc(2 * n + 1);
	char *got = malloc(2 * n + room);
	struct octets_copy c = { .start = true };
	bool start = true;
	bool cr = false;
	size_t k;
	size_t have = 0;
	size_t at = 0;

	assert_non_null(want);
	assert_non_null(got);
	k = wire(want, s, n, &start, &cr);
	while (at < n) {
		size_t len = n - at < piece ? n - at : piece;
		char *p = own(s + at, len);

		c.from = p;
		c.end = p + len;
		while (c.from < c.end) {
			char *buf = malloc(room);

			assert_non_null(buf);
			c.to = buf;
			c.limit = buf + room;
			octets_wire(&c);
			CHECK(c.from == c.end || c.limit - c.to < OCTETS_ROOM,
			    "way %d: %td left, %td free", way, c.end - c.from,
			    c.limit - c.to);
			assert_true(have + (size_t)(c.to - buf) <= 2 * n);
			memcpy(got + have, buf, (size_t)(c.to - buf));
			have += (size_t)(c.to - buf);
			free(buf);
		}
		free(p);
		at += len;
	}
	CHECK(have == k && memcmp(got, want, k) == 0 && c.start == start &&
		c.cr == cr,
	    "way %d: %zu octets by %zu, room %zu", way, n, piece, room);
	free(want);
	free(got);
}

static uint32_t
chance(uint32_t *x, uint32_t n)
{
	*x = *x * 1664525 + 1013904223;
	return (*x >> 16) % n;
}

/* By chance, with what matters seldom or often. */
static void
fill(char *s, size_t n, uint32_t *x)
{
	static const char octet[] = { '\n', '\r', 'F', '.', '\0', '\n', 'x' };
	uint32_t often = 1 + chance(x, 40);
	size_t i;

	for (i = 0; i < n; i++)
		s[i] = chance(x, often) == 0 ? octet[chance(x, sizeof octet)]
					     : (char)chance(x, 256);
}

static void
check(const char *s, size_t n, uint32_t *x)
{
	enum octets_way way;

	for (way = 0; way < OCTETS_WAYS; way++) {
		if (!octets_use(way))
			continue;
		check_section(s, n, way);
		check_wire(s, n, n, 2 * n + 40, way);
		check_wire(s, n, 1 + chance(x, 90), 3 + chance(x, 90), way);
		check_wire(s, n, n, 36, way);
	}
}

static void
by_chance(void **state)
{
	char s[700];
	uint32_t x = 1939;
	size_t round;

	(void)state;
	for (round = 0; round < 6000; round++) {
		size_t n = round < 3000 ? round % 300 : chance(&x, sizeof s);

		fill(s, n, &x);
		check(s, n, &x);
	}
}

/* Each of these at each place, of texts of each length. */
static void
everywhere(void **state)
{
	static const char *const text[] = { "\n", "\r\n", "\n\nF", "\nF",
		"\r\n\r\nF", "\n\r\nF", "\r\n\nF", "\r\r\nF", "\n\n", "F",
		"\n.", "\r\n.", "\n..\n.", "\r", "\n\n\n\nFF" };
	char s[330];
	uint32_t x = 1;
	size_t n;
	size_t i;

	(void)state;
	for (n = 0; n < sizeof s; n += n < 140 ? 1 : 17) {
		for (i = 0; i < n * COUNT(text); i++) {
			const char *t = text[i % COUNT(text)];
			size_t at = i / COUNT(text);
			size_t k = strlen(t) < n - at ? strlen(t) : n - at;

			memset(s, i % 2 != 0 ? 'F' : '.', n);
			memcpy(s + at, t, k);
			check(s, n, &x);
		}
	}
}

/* More LFs than a vector's octets can count. */
static void
many_lines(void **state)
{
	const size_t n = 100000;
	char *s = malloc(n);
	uint32_t x = 1;
	size_t i;

	(void)state;
	assert_non_null(s);
	memset(s, '\n', n);
	check(s, n, &x);
	for (i = 0; i < n; i += 2)
		s[i] = '\r';
	check(s, n, &x);
	for (i = 0; i < n; i++)
		s[i] = i % 3 == 0 ? '\n' : 'F';
	check(s, n, &x);
	free(s);
}

/* Buffers that begin anywhere. */
static void
alignments(void **state)
{
	char s[400];
	char moved[500];
	uint32_t x = 7;
	size_t off;
	enum octets_way way;

	(void)state;
	for (off = 0; off < 64; off++) {
		fill(s, sizeof s, &x);
		memcpy(moved + off, s, sizeof s);
		for (way = 0; way < OCTETS_WAYS; way++) {
			uint64_t a = 0;
			uint64_t b = 0;

			if (!octets_use(way))
				continue;
			CHECK(octets_section(moved + off, sizeof s, &a) ==
				    section(s, sizeof s, &b) &&
				a == b,
			    "way %d at %zu", way, off);
		}
	}
}

/* There is always a plain one, and what is no way is none. */
static void
ways(void **state)
{
	(void)state;
	assert_true(octets_use(OCTETS_PLAIN));
	assert_false(octets_use(OCTETS_WAYS));
#if defined(__x86_64__)
	assert_true(octets_use(OCTETS_SSE2));
	assert_int_equal(octets_use(OCTETS_AVX2),
	    __builtin_cpu_supports("avx2") && __builtin_cpu_supports("popcnt"));
#else
	assert_false(octets_use(OCTETS_SSE2));
#endif
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_chance),
		cmocka_unit_test(everywhere),
		cmocka_unit_test(many_lines),
		cmocka_unit_test(alignments),
		cmocka_unit_test(ways),
	};

	return cmocka_run_group_tests_name("octets", tests, NULL, NULL);
}
