/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <string.h>

#include "scanref.h"

#define FROM "From a@b Thu Jan  1 00:00:00 1970"
#define MARK "\1\1\1\1\n"

#define LIT(s) \
	{ \
		s, sizeof(s) - 1 \
	}

/* Fives of octets from which messages begin, as letters from a on. */
static void
expect_extents(const char *s, size_t n, const char *want, const char *from)
{
	struct scanref got;
	size_t i;

	scanref_scan(&got, s, n, false, 0, n);
	CHECK(got.n == strlen(want), "%s: %zu messages", want, got.n);
	for (i = 0; i < got.n; i++) {
		const struct msgloc *m = &got.msg[i];
		uint64_t next = i + 1 < got.n ? got.msg[i + 1].from : n;

		CHECK(s[m->head + 3] == want[i], "%s: head of %zu", want, i);
		CHECK(m->from == (uint64_t)(from[i] - 'a') * 5,
		    "%s: message %zu begins at %u", want, i, (unsigned)m->from);
		CHECK(m->next == next, "%s: next of %zu", want, i);
		CHECK((i == 0 || m->from <= m->head) && m->head <= m->body &&
			m->body <= m->end && m->end <= m->next,
		    "%s: order in %zu", want, i);
	}
	scanref_free(&got);
}

/* All lines have five octets, or thirty-five: letters count fives. */
#define DATED "From ab Thu Jan  1 00:00:00 1970  \n"

/* What the reference says of MMDF, checked by hand. */
static void
by_hand(void **state)
{
	static const struct {
		const char *s;
		const char *want; /* the fourth octet of each header */
		const char *from;
	} hand[] = {
		{ MARK "A: 1\n" MARK MARK "A: 2\n" MARK, "12", "ad" },
		{ MARK DATED "A: 1\n" MARK MARK DATED "A: 2\n" MARK, "12",
		    "ak" },
		{ MARK "A: 1\n" MARK "\n\n\n\n\n" MARK "A: 2\n", "12", "ae" },
		{ MARK MARK "A: 1\n" MARK MARK MARK "A: 2\n" MARK MARK, "12",
		    "ae" },
		/* not closed: the line that opens the second ends the first */
		{ MARK "A: 1\n" MARK "A: 2\n" MARK MARK "A: 3\n" MARK, "123",
		    "acf" },
		{ MARK "A: 1\n" MARK DATED "A: 2\n" MARK MARK "A: 3\n" MARK,
		    "123", "acm" },
		/* delivered by an agent of mbox: these have no ^A line */
		{ MARK "A: 1\n" MARK DATED "A: 2\n\n\n\n\n\n" DATED "A: 3\n",
		    "123", "adm" },
		{ MARK "A: 1\n" MARK "\n\n\n\n\n" DATED "A: 2\n", "12", "ae" },
		{ MARK "A: 1\n" MARK DATED "A: 2\n\n\n\n\n\n" DATED
		       "A: 3\n" MARK MARK "A: 4\n",
		    "1234", "admv" },
		/* a ^A line is one whatever follows, and ends any message */
		{ "\1abc\n"
		  "A: 1\n"
		  "\1\r\n\r\n"
		  "\1\1\1\1\n"
		  "A: 2\n"
		  "\1   \n",
		    "12", "ad" },
		{ MARK "A: 1\n"
		       "\1xyz\n"
		       "A: 2\n" MARK MARK "A: 3\n" MARK,
		    "123", "acf" },
		{ "\1abc\n"
		  "A: 1\n" MARK DATED "A: 2\n"
		  "\1xyz\n" MARK "A: 3\n",
		    "123", "acm" },
		/* From_ lines are text, and so are ^A lines of mbox */
		{ MARK "A: 1\n\n\n\n\n\n" DATED MARK MARK "A: 2\n", "12",
		    "al" },
		{ DATED "A: 1\n\n\n\n\n\n" MARK MARK "A: 2\n", "1", "a" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(hand); i++)
		expect_extents(
		    hand[i].s, strlen(hand[i].s), hand[i].want, hand[i].from);
}

static void
expect_rest(const struct scanref *all, const char *s, const char *rest,
    size_t n, size_t without)
{
	struct scanref got;
	size_t i;

	scanref_scan(&got, rest, n, false, 0, n);
	CHECK(!got.bad && got.n == all->n - 1, "without %zu: %zu messages",
	    without, got.n);
	for (i = 0; i < got.n; i++) {
		const struct msgloc *a = &all->msg[i < without ? i : i + 1];
		const struct msgloc *b = &got.msg[i];

		CHECK(a->wire == b->wire && a->flags == b->flags &&
			a->end - a->from == b->end - b->from &&
			memcmp(s + a->from, rest + b->from, a->end - a->from) ==
			    0,
		    "without %zu: message %zu", without, i);
	}
	scanref_free(&got);
}

/* What one message takes with it changes no other one. */
static void
removed(void **state)
{
	static const struct {
		const char *s;
		size_t n;
	} sp[] = {
		LIT(MARK FROM "\nA: b\n\nx\n\n" MARK MARK "A: c\n\ny\n" MARK
			      "\n" MARK FROM "\n\nz\n\n" FROM "\n\n" MARK MARK
			      "A: d\n" MARK),
		/* not closed */
		LIT(MARK "A: b\n\nx\n" MARK FROM "\nA: c\n\ny\n" MARK MARK FROM
			 "\nA: d\n\nz\n" MARK MARK "A: e\n" MARK),
		LIT(MARK "A: b\n\nx\n" MARK "A: c\n\ny\n" MARK MARK
			 "A: d\n\nz\n" MARK MARK "A: e\n\n"),
		LIT(MARK "A: b\n" MARK "A: c\n" MARK MARK "A: d\n" MARK
			 "\n\nA: e\n\nx\n" MARK),
		/* several forms */
		LIT("\1 a b\n" FROM "\nA: b\n\nx\n\1\r\n\1\nA: c\n\1c\n\1 d\n"
		    "A: d\n\n\1\nA: e\n\nx\n" MARK),
		/* mbox messages behind the last one of MMDF */
		LIT(MARK "A: b\n\nx\n" MARK FROM "\nA: c\n\ny\n\n" FROM
			 "\nA: d\n\nz\n\n" FROM "\nA: e\n\nz\n\n"),
		LIT(FROM "\nA: b\n\nx\n\n" FROM "\n\n" MARK "\n" FROM
			 "\nA: c\n\n\n\n"),
	};
	size_t i;
	size_t k;

	(void)state;
	for (i = 0; i < COUNT(sp); i++) {
		struct scanref all;
		char rest[1000];

		scanref_split(&all, sp[i].s, sp[i].n, false);
		assert_true(all.n >= 3);
		for (k = 0; k < all.n; k++) {
			const struct msgloc *m = &all.msg[k];
			size_t tail = sp[i].n - m->next;

			memcpy(rest, sp[i].s, m->from);
			memcpy(rest + m->from, sp[i].s + m->next, tail);
			expect_rest(&all, sp[i].s, rest, m->from + tail, k);
		}
		scanref_free(&all);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_hand),
		cmocka_unit_test(removed),
	};

	return cmocka_run_group_tests_name("mmdf", tests, NULL, NULL);
}
