/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "collapse.h"
#include "mboxscan.h"

#define BLOCK 512
#define LEAST 8
#define REST 700 /* octets behind the From_ line */

/* What is in the file in the end, made as collapse.c makes it. */
static void
works(uint64_t from, uint64_t gap, size_t line, uint64_t block, size_t least)
{
	const uint64_t next = from + gap;
	const uint64_t head = next + line;
	const uint64_t size = head + REST;
	struct collapse c;
	char *old;
	char *text;
	uint64_t first;
	size_t i;

	if (!collapse_fit(&c, from, next, head, block, least)) {
		/* two blocks are always enough */
		CHECK(gap < 2 * block + least, "%zu octets at %zu", (size_t)gap,
		    (size_t)from);
		return;
	}
	CHECK(c.from == from && c.head == head && c.line == line &&
		c.hole % block == 0 && c.len % block == 0 && c.len > 0 &&
		c.hole >= from && c.hole + c.len <= head && c.pad >= least &&
		c.pad + c.len == gap && c.pad < 2 * block + least,
	    "%zu octets at %zu, line of %zu: %zu at %zu, %zu", (size_t)gap,
	    (size_t)from, line, (size_t)c.len, (size_t)c.hole, c.pad);
	old = malloc(size);
	text = malloc(line + c.pad);
	assert_non_null(old);
	assert_non_null(text);
	for (i = 0; i < size; i++)
		old[i] = i < from || i >= head ? (char)(i % 251) : '?';
	memset(text, 'T', line);
	collapse_pad(text + line, c.pad, least != LEAST);
	first = c.hole - from;
	memcpy(old + from, text, first);
	memcpy(old + c.hole + c.len, text + first, line + c.pad - first);
	memmove(old + c.hole, old + c.hole + c.len, size - c.hole - c.len);
	for (i = 0; i < from; i++)
		assert_int_equal(old[i], (char)(i % 251));
	assert_memory_equal(old + from, text, line + c.pad);
	for (i = head; i < size; i++)
		assert_int_equal(old[i - c.len], (char)(i % 251));
	free(old);
	free(text);
}

/* Every length of the run to four blocks, at any place. */
static void
fits(void **state)
{
	static const uint64_t from[] = { 0, 1, 7, 8, 100, 255, 503, 504, 505,
		510, 511, 512, 513, 1024, 1500 };
	static const size_t line[] = { 11, 60, 505, 1000 };
	struct collapse c;
	uint64_t gap;
	size_t i;
	size_t k;

	(void)state;
	for (i = 0; i < COUNT(from); i++) {
		for (k = 0; k < COUNT(line); k++) {
			for (gap = 0; gap < 4 * BLOCK; gap += 1 + (gap & k)) {
				works(from[i], gap, line[k], BLOCK, LEAST);
				works(from[i], gap, line[k], BLOCK, LEAST + 1);
			}
		}
	}
	/* the message behind it begins at the border of a block, and beside */
	for (gap = 0; gap < 20; gap++)
		works(4096 * 3 - 9000, 9000 - 10 + gap, 50, 4096, LEAST);
	/* more than 32 bits */
	assert_true(collapse_fit(&c, 7, ((uint64_t)5 << 32) + 7,
	    ((uint64_t)5 << 32) + 57, 4096, LEAST));
	assert_true(c.hole == 4096 && c.len == ((uint64_t)5 << 32) - 4096);
	assert_int_equal(c.pad, 4096);
	assert_false(collapse_fit(&c, 0, 4096 + 7, 4200, 4096, LEAST));
	assert_true(collapse_fit(&c, 0, 4096 + 8, 4200, 4096, LEAST));
	/* it would fit if it lay one octet lower */
	assert_false(collapse_fit(&c, 4000, 8104, 8180, 4096, LEAST));
	assert_true(collapse_fit(&c, 4000, 8104, 8192, 4096, LEAST));
}

static int
take(void *ctx, const struct msgloc *loc)
{
	*(struct msgloc *)ctx = *loc;
	return 0;
}

/* The one message of a text. */
static struct msgloc
scan(const char *text, size_t n)
{
	struct msgloc m = { 0 };
	struct mboxscan s;

	mboxscan_init(&s, take, &m);
	assert_int_equal(mboxscan_feed(&s, text, n), 0);
	assert_int_equal(mboxscan_end(&s), 0);
	return m;
}

/* Padding of any length: short lines of X-UIDL, and nothing else. */
static void
pads(void **state)
{
	static const char *const eols[] = { "\n", "\r\n" };
	static const char line[] = "From a@b Thu Jan  1 00:00:00 1970";
	static const char rest[][80] = {
		"X-UIDL: good\nA: b\n\nbody\n",
		"X-UIDL: good\r\nA: b\r\n\r\nbody\r\n",
		"X-UIDL:\nA: b\nStatus: RO\n\nbody\n",
	};
	char text[6000];
	size_t n;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rest); i++) {
		const char *eol = eols[i & 1];
		const size_t end = strlen(eol);
		const size_t from = strlen(line) + end;
		struct msgloc plain;

		strcat(strcat(strcpy(text, line), eol), rest[i]);
		plain = scan(text, strlen(text));
		for (n = 7 + end; n < 4200; n++) {
			struct msgloc m;
			const char *p = text + from;
			const char *stop = p + n;

			collapse_pad(text + from, n, end == 2);
			strcpy(text + from + n, rest[i]);
			while (p < stop) {
				const char *lf = memchr(p, '\n', 999);

				CHECK(lf != NULL && lf < stop && lf - p < 998 &&
					memcmp(p, "X-UIDL:", 7) == 0 &&
					memcmp(lf + 1 - end, eol, end) == 0 &&
					strspn(p + 7, " ") + 7 + end ==
					    (size_t)(lf + 1 - p),
				    "%zu octets, at %zu", n,
				    (size_t)(p - text) - from);
				p = lf + 1;
			}
			m = scan(text, strlen(text));
			CHECK(m.wire == plain.wire && m.flags == plain.flags &&
				m.uid_len == plain.uid_len &&
				memcmp(m.uid, plain.uid, m.uid_len) == 0 &&
				m.body == plain.body + n,
			    "%zu octets", n);
		}
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(fits),
		cmocka_unit_test(pads),
	};

	return cmocka_run_group_tests_name("collapse", tests, NULL, NULL);
}
