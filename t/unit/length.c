/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scanref.h"

#define FROM "From a@b Thu Jan  1 00:00:00 1970\n" /* 34 octets */
#define MARK "\1\1\1\1\n"
#define TEN "0123456789"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN
#define THOUSAND \
	HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED \
	    HUNDRED HUNDRED

/* A body with a From_ line in it: 40 octets. */
#define BODY "x\n\n" FROM "\ny\n"

#define LIT(s) s, sizeof(s) - 1

static void
values(void **state)
{
	static const struct {
		const char *s;
		size_t n;
		uint64_t want;
	} row[] = {
		{ LIT("Content-Length: 40"), 40 },
		{ LIT("content-length:0\r"), 0 },
		{ LIT("Content-Length: \t 007 \t \r"), 7 },
		{ LIT("Content-Length: 18446744073709551613"), UINT64_MAX - 2 },
		{ LIT("Content-Length: 18446744073709551614"), LENGTH_BAD },
		{ LIT("Content-Length: 18446744073709551615"), LENGTH_BAD },
		{ LIT("Content-Length: 18446744073709551616"), LENGTH_BAD },
		{ LIT("Content-Length: 000000000000000000001"), LENGTH_BAD },
		{ LIT("Content-Length:"), LENGTH_BAD },
		{ LIT("Content-Length: \r"), LENGTH_BAD },
		{ LIT("Content-Length: +1"), LENGTH_BAD },
		{ LIT("Content-Length: -1"), LENGTH_BAD },
		{ LIT("Content-Length: 1 2"), LENGTH_BAD },
		{ LIT("Content-Length: 1,1"), LENGTH_BAD },
		{ LIT("Content-Length: 0x10"), LENGTH_BAD },
		{ LIT("Content-Length: 1 (one)"), LENGTH_BAD },
		{ LIT("Content-Length: 1\0"), LENGTH_BAD },
		{ LIT("Content-Length: 1\0 2"), LENGTH_BAD },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(row); i++)
		CHECK(header_length(row[i].s, row[i].n) == row[i].want, "%s",
		    row[i].s);
}

/* Both, wherever the spool is cut; and one look a message at most. */
static void
compare_all(const char *s, size_t n, const char *name, size_t number)
{
	struct scanref want;
	size_t cut;

	scanref_split(&want, s, n, true);
	for (cut = 0; cut <= n + 5; cut++) {
		struct scanref got;
		const char *why;

		if (cut <= n)
			scanref_scan(&got, s, n, true, cut, n);
		else
			scanref_scan(&got, s, n, true, 0, cut - n);
		why = scanref_differ(&want, &got);
		CHECK(why == NULL, "%s %zu cut at %zu: %s", name, number, cut,
		    why);
		CHECK(got.looks <= got.n, "%s %zu: %zu looks", name, number,
		    got.looks);
		scanref_free(&got);
	}
	scanref_free(&want);
}

/* As many messages, with lengths and without, and looks. */
static void
expect(const char *s, size_t n, size_t with, size_t without, const char *name,
    size_t number)
{
	struct scanref got;

	scanref_scan(&got, s, n, true, 0, n);
	CHECK(got.n == with, "%s %zu: %zu messages", name, number, got.n);
	scanref_free(&got);
	scanref_scan(&got, s, n, false, 0, n);
	CHECK(got.n == without, "%s %zu: %zu messages without", name, number,
	    got.n);
	scanref_free(&got);
	compare_all(s, n, name, number);
}

/*
 * Every length, in front of BODY, what ends it, and another message of 46
 * octets: the first one is the least that counts, and more is how many are as
 * good.  Those that lead to the end of the spool count, too.
 */
static void
each_length(void **state)
{
	static const struct {
		const char *name, *ends;
		size_t first, more;
	} row[] = {
		{ "one empty line", "\n", 39, 2 },
		{ "CRLF", "\r\n", 39, 3 },
		{ "three", "\n\n\n", 39, 4 },
		{ "fifteen", "\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n", 39, 16 },
		{ "eighteen", "\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n", 42, 16 },
		{ "not empty", " \n", 999, 0 },
		{ "a lone CR", "\n\r\r\n", 999, 0 },
		{ "no empty line", "", 999, 0 },
	};
	size_t i;
	size_t len;

	(void)state;
	for (i = 0; i < COUNT(row); i++) {
		const size_t k = strlen(row[i].ends);
		const bool other = row[i].first < 999;
		const size_t plain = other ? 3 : 2;
		const size_t last = 40 + k + 46; /* where the spool ends */

		for (len = 0; len < last + 20; len++) {
			char s[1000];
			size_t want = plain;
			int n = snprintf(s, sizeof s,
			    FROM "Content-Length: %03zu\n\n" BODY "%s" FROM
				 "A: b\n\nmore\n\n",
			    len, row[i].ends);

			if (len >= row[i].first &&
			    len <= row[i].first + row[i].more)
				want = 2;
			if (len >= last - 2 && len <= last)
				want = 1;
			expect(s, (size_t)n, want, plain, row[i].name, len);
		}
	}
}

static void
hand_made(void **state)
{
	static const struct {
		const char *name;
		const char *s;
		size_t n;
		size_t with, without;
	} row[] = {
		{ "two that differ",
		    LIT(FROM "Content-Length: 40\nContent-Length: 41\n\n" BODY
			     "\n" FROM "\nx\n"),
		    3, 3 },
		{ "two alike",
		    LIT(FROM "Content-Length: 40\nContent-Length: 40\n\n" BODY
			     "\n" FROM "\nx\n"),
		    3, 3 },
		{ "folded",
		    LIT(FROM "Content-Length: 40\n\n" BODY "\n" FROM
			     "Content-Length: 40\n \n\n" BODY "\n" FROM
			     "Content-Length:\n 40\n\n" BODY "\n" FROM
			     "X-A: b\n Content-Length: 40\n\n" BODY),
		    7, 8 },
		{ "another one folded",
		    LIT(FROM "X-A: b\n c\nContent-Length: 40\nX-B: c\n d\n"
			     "X-UIDL: a\n b\n\n" BODY),
		    1, 2 },
		{ "a long field",
		    LIT(FROM "Content-Length: 40          " THOUSAND
			     "\n\n" BODY),
		    2, 2 },
		{ "of the body", LIT(FROM "\nContent-Length: 60\n\n" BODY), 2,
		    2 },
		/* the second one has the same field, and no body at all */
		{ "in a header alone",
		    LIT(FROM "Content-Length: 0\n\n\n" FROM
			     "Content-Length: 0\n\n" FROM "Content-Length: 0"),
		    3, 3 },
		{ "all lines end with CR",
		    LIT("From a Thu Jan  1 00:00:00 1970\r\n"
			"Content-Length: 39\r\n\r\n"
			"From a Thu Jan  1 00:00:00 1970\r\n\r\nx\r\n\r\n\r\n"
			"From a Thu Jan  1 00:00:00 1970\r\n\r\n"),
		    2, 3 },
		/* the end of the spool, and one that is not there yet */
		{ "the last one", LIT(FROM "Content-Length: 40\n\n" BODY), 1,
		    2 },
		{ "and an empty line",
		    LIT(FROM "Content-Length: 40\n\n" BODY "\n"), 1, 2 },
		{ "without an end",
		    LIT(FROM "Content-Length: 39\n\nx\n\n" FROM "\ny"), 1, 2 },
		{ "to come", LIT(FROM "Content-Length: 43\n\n" BODY "\n"), 2,
		    2 },
		{ "never",
		    LIT(FROM "Content-Length: 18446744073709551613\n\n" BODY),
		    2, 2 },
		/* what is in the body has a length of its own */
		{ "nested",
		    LIT(FROM "Content-Length: 97\n\nx\n\n" FROM
			     "Content-Length: 40\n\n" BODY "\n" FROM "\nx\n"),
		    2, 4 },
		{ "nested, and wrong",
		    LIT(FROM "Content-Length: 44\n\nx\n\n" FROM
			     "Content-Length: 40\n\n" BODY "\n" FROM "\nx\n"),
		    3, 4 },
		/* the From_ line that it leads to has to be one */
		{ "a long From_ line",
		    LIT(FROM "Content-Length: 40\n\n" BODY "\nFrom " THOUSAND
			     " Thu Jan  1 00:00:00 1970\n\n"),
		    2, 2 },
		{ "one that may be as long",
		    LIT(FROM "Content-Length: 40\n\n" BODY "\nFrom " HUNDRED
			     " Thu Jan  1 00:00:00 1970"),
		    2, 3 },
		{ "another line",
		    LIT(FROM "Content-Length: 40\n\n" BODY "\nFrom here on\n"),
		    2, 2 },
		/* in MMDF only ^A lines count */
		{ "MMDF",
		    LIT(MARK "Content-Length: 7\n\nx\n" MARK MARK
			     "A: b\n" MARK),
		    2, 2 },
		{ "mbox in MMDF",
		    LIT(MARK "A: b\n\nx\n" MARK FROM
			     "Content-Length: 40\n\n" BODY "\n" FROM "\nx\n"),
		    4, 4 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(row); i++)
		expect(row[i].s, row[i].n, row[i].with, row[i].without,
		    row[i].name, i);
}

/* The longest From_ line that there can be, behind as many line ends. */
static void
longest(void **state)
{
	static const char date[] = " Thu Jan  1 00:00:00 1970";
	const char *const end[] = { "\n", "\r\n", "" };
	size_t over;
	size_t i;

	(void)state;
	for (over = 0; over < 2; over++) {
		for (i = 0; i < COUNT(end); i++) {
			char s[2000];
			int n = snprintf(s, sizeof s,
			    FROM "Content-Length: 40\n\n" BODY
				 "%.*sFrom %0*d%s%s",
			    LENGTH_SLACK, "\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n",
			    (int)(FROMLINE_MAX - sizeof date - 4 + over), 0,
			    date, end[i]);

			expect(s, (size_t)n, 2, over > 0 ? 2 : 3, "longest",
			    i + over * 10);
		}
	}
}

static uint32_t
chance(uint32_t *x, uint32_t n)
{
	*x = *x * 1664525 + 1013904223;
	return (*x >> 16) % n;
}

static void
by_chance(void **state)
{
	static const char *const piece[] = { "\n" FROM "\n",
		"\n\n" FROM "A: b\n\n", "\r\n" FROM "\r\n", "\n", "\r\n", "x\n",
		"From \n", "\r", TEN TEN "\n", "X-UIDL: a\n" };
	uint32_t x = 4155;
	size_t round;
	size_t fewer = 0;

	(void)state;
	for (round = 0; round < 3000; round++) {
		char s[2000] = FROM;
		struct scanref with;
		struct scanref without;
		uint32_t k = 2 + chance(&x, 12);
		size_t n = strlen(s);

		for (; k > 0; k--) {
			if (chance(&x, 3) > 0)
				n += (size_t)snprintf(s + n, sizeof s - n, "%s",
				    piece[chance(&x, COUNT(piece))]);
			else
				n += (size_t)snprintf(s + n, sizeof s - n,
				    "%s" FROM "Content-Length: %u%s\n",
				    chance(&x, 4) > 0 ? "\n" : "",
				    chance(&x, 200),
				    chance(&x, 2) > 0 ? "\n" : "\r\n\r");
		}
		compare_all(s, n, "by chance", round);
		scanref_split(&with, s, n, true);
		scanref_split(&without, s, n, false);
		fewer += with.n < without.n;
		assert_true(with.n <= without.n);
		scanref_free(&with);
		scanref_free(&without);
	}
	assert_true(fewer > 100);
}

/*
 * Right lengths cost nothing where bodies hold no From_ line, and lengths that
 * lead nowhere one look each.
 */
static void
looks(void **state)
{
	enum {
		MANY = 1000
	};
	char *s = malloc(MANY * 200);
	struct scanref got;
	size_t n = 0;
	size_t i;

	(void)state;
	assert_non_null(s);
	for (i = 0; i < MANY; i++)
		n += (size_t)sprintf(
		    s + n, FROM "Content-Length: 11\n\n" TEN "\n\n");
	scanref_scan(&got, s, n, true, 0, 997);
	assert_int_equal(got.n, MANY);
	assert_int_equal(got.looks, 0);
	scanref_free(&got);
	/* each into the text of another one, of 69 octets */
	for (n = i = 0; i < MANY; i++)
		n += (size_t)sprintf(s + n,
		    FROM "Content-Length: %05zu\n\n" TEN "\n\n",
		    (MANY - i) / 2 * 69 + 5);
	scanref_scan(&got, s, n, true, 0, 997);
	assert_int_equal(got.n, MANY);
	/* the last one leads to its own text */
	assert_int_equal(got.looks, MANY - 1);
	scanref_free(&got);
	free(s);
}

static int
no_message(void *ctx, const struct msgloc *loc)
{
	(void)ctx;
	(void)loc;
	return 0;
}

static int
no_look(void *ctx, uint64_t at, char *to, size_t n)
{
	size_t *asked = ctx;

	(void)at;
	(void)to;
	*asked += n;
	return -1;
}

/* A look that fails ends the scan, and is no fault of the spool. */
static void
look_fails(void **state)
{
	static const char s[] = FROM "Content-Length: 40\n\n" BODY;
	struct mboxscan scan;
	size_t asked = 0;

	(void)state;
	mboxscan_init(&scan, no_message, &asked);
	mboxscan_lengths(&scan, no_look, sizeof s - 1);
	assert_int_equal(mboxscan_feed(&scan, s, sizeof s - 1), -1);
	assert_false(mboxscan_bad(&scan));
	assert_true(asked > 0);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(values),
		cmocka_unit_test(each_length),
		cmocka_unit_test(hand_made),
		cmocka_unit_test(longest),
		cmocka_unit_test(by_chance),
		cmocka_unit_test(looks),
		cmocka_unit_test(look_fails),
	};

	return cmocka_run_group_tests_name("length", tests, NULL, NULL);
}
