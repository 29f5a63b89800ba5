/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "octets.h"
#include "scanref.h"

#define FROM "From a@b Thu Jan  1 00:00:00 1970"
#define MARK "\1\1\1\1\n"
#define TEN "0123456789"
#define SEVENTY TEN TEN TEN TEN TEN TEN TEN
#define HUNDRED SEVENTY TEN TEN TEN
#define LONG \
	HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED \
	    HUNDRED HUNDRED HUNDRED

#define LIT(s) \
	{ \
		s, sizeof(s) - 1 \
	}

struct spool {
	const char *s;
	size_t n;
};

static void
compare(const struct scanref *want, const struct spool *sp, size_t cut,
    size_t step, size_t i)
{
	struct scanref got;
	const char *why;

	scanref_scan(&got, sp->s, sp->n, false, cut, step);
	why = scanref_differ(want, &got);
	CHECK(why == NULL, "spool %zu cut at %zu, then each %zu: %s", i, cut,
	    step, why);
	scanref_free(&got);
}

static void
compare_all(const struct spool *sp, size_t i)
{
	struct scanref want;
	size_t cut;

	scanref_split(&want, sp->s, sp->n, false);
	for (cut = 0; cut <= sp->n; cut++)
		compare(&want, sp, cut, sp->n, i);
	for (cut = 1; cut <= 5; cut++)
		compare(&want, sp, 0, cut, i);
	scanref_free(&want);
}

static uint32_t
chance(uint32_t *x, uint32_t n)
{
	*x = *x * 1664525 + 1013904223;
	return (*x >> 16) % n;
}

/* Long bodies, with what matters to them in any place. */
static void
bodies(void **state)
{
	static const struct spool piece[] = {
		LIT("\n" FROM "\n\n"),
		LIT("\r\n" FROM "\r\n\r\n"),
		LIT(FROM "\n"),
		LIT("\n"),
		LIT("\r\n"),
		LIT("\nF"),
		LIT("\n\nF"),
		LIT("\r\n\r\nF"),
		LIT("\r"),
		LIT("From "),
		LIT(MARK),
		LIT(TEN),
		LIT(SEVENTY),
		LIT(SEVENTY "\n"),
		LIT(SEVENTY "\r\n"),
		LIT(LONG),
	};
	enum octets_way way;
	uint32_t x = 822;
	size_t round;

	(void)state;
	for (round = 0; round < 60; round++) {
		char s[9000] = FROM "\n\n";
		struct spool sp = { s, strlen(s) };

		while (sp.n < 800 + round * 10) {
			const struct spool *p =
			    &piece[chance(&x, COUNT(piece))];

			memcpy(s + sp.n, p->s, p->n);
			sp.n += p->n;
		}
		for (way = 0; way < OCTETS_WAYS; way++) {
			if (octets_use(way))
				compare_all(&sp, round);
		}
	}
}

static int
put(void *ctx, const struct msgloc *loc)
{
	struct scanref *r = ctx;

	assert_true(r->n < r->cap);
	r->msg[r->n++] = *loc;
	return 0;
}

/* From each message on: the messages from it on. */
static void
from_the_middle(void **state)
{
	static const char s[] =
	    "\n" FROM "\nA: b\n\nx\n\n" FROM "\n\n" SEVENTY "\n\n" FROM
	    "\r\nX-UIDL: a\r\n\r\nx\r\n\r\n" FROM "\nA: c";
	struct msgloc msg[4];
	struct scanref want;
	struct mboxscan scan;
	size_t i;

	(void)state;
	scanref_split(&want, s, sizeof s - 1, false);
	assert_int_equal(want.n, COUNT(msg));
	for (i = 0; i < want.n; i++) {
		struct scanref rest = { want.msg + i, want.n - i, 0, false, 0 };
		struct scanref l = { msg, 0, COUNT(msg), false, 0 };
		size_t off = want.msg[i].from;
		const char *why;

		mboxscan_init_at(&scan, off, put, &l);
		assert_int_equal(
		    mboxscan_feed(&scan, s + off, sizeof s - 1 - off), 0);
		assert_int_equal(mboxscan_end(&scan), 0);
		assert_false(mboxscan_mmdf(&scan));
		why = scanref_differ(&rest, &l);
		CHECK(why == NULL, "from message %zu: %s", i, why);
	}
	scanref_free(&want);
}

/* There only a From_ line will do. */
static void
not_in_the_middle(void **state)
{
	static const char *const text[] = { "\n", "\r\n", MARK, "From \n",
		"\n" FROM "\n", "x\n" };
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(text); i++) {
		struct scanref l = { NULL, 0, 0, false, 0 };
		struct mboxscan scan;

		mboxscan_init_at(&scan, 7, put, &l);
		CHECK(mboxscan_feed(&scan, text[i], strlen(text[i])) == -1,
		    "%zu", i);
		assert_true(mboxscan_bad(&scan));
		assert_false(mboxscan_mmdf(&scan));
	}
}

static void
which_form(void **state)
{
	static const struct {
		const char *s;
		bool mmdf;
	} row[] = {
		{ "", false },
		{ "\n", false },
		{ FROM "\n\n" MARK, false },
		{ MARK, true },
		{ "\r\n\n\1\1\1\1\r\n", true },
		{ "\1", true },
		{ "\n\1 text", true },
		{ FROM "\n\n\1\n", false },
		{ MARK FROM "\n\n", true },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(row); i++) {
		struct msgloc msg[2];
		struct scanref l = { msg, 0, COUNT(msg), false, 0 };
		struct mboxscan scan;

		mboxscan_init(&scan, put, &l);
		assert_int_equal(
		    mboxscan_feed(&scan, row[i].s, strlen(row[i].s)), 0);
		assert_int_equal(mboxscan_end(&scan), 0);
		CHECK(mboxscan_mmdf(&scan) == row[i].mmdf, "%zu", i);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(bodies),
		cmocka_unit_test(from_the_middle),
		cmocka_unit_test(not_in_the_middle),
		cmocka_unit_test(which_form),
	};

	return cmocka_run_group_tests_name("mboxbody", tests, NULL, NULL);
}
