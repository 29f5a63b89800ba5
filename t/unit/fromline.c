/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "fromline.h"

static const struct {
	bool want;
	const char *s;
} row[] = {
	/* ctime(3) */
	{ true, "From a@b Thu Jan  1 00:00:00 1970" },
	{ true, "From a@b Thu Jan 1 00:00:00 1970" },
	{ true, "From a@b Sat Nov 22 04:30:27 2026" },
	{ true, "From a@b  Sat  Nov  22  04:30:27  2026" },
	{ true, "From a@b\tSat Nov 22 04:30:27 2026" },
	{ true, "From a@b Sat Nov 22 04:30:27 2026 " },
	{ true, "From MAILER-DAEMON Mon Feb 29 23:59:60 2016" },
	{ true, "From a Sun Mar  9 1:02:03 2025" },
	/* without seconds */
	{ true, "From a@b Thu Jan  1 00:00 1970" },
	{ true, "From a@b Thu Jan  1 1:02 1970" },
	/* zones before and after the year */
	{ true, "From a@b Fri Apr  4 12:00:00 EST 2025" },
	{ true, "From a@b Fri Apr  4 12:00:00 MET DST 2025" },
	{ true, "From a@b Fri Apr  4 12:00 EST 2025" },
	{ true, "From a@b Fri Apr  4 12:00:00 +0100 2025" },
	{ true, "From a@b Fri Apr  4 12:00:00 2025 +0100" },
	{ true, "From a@b Fri Apr  4 12:00:00 2025 -0700" },
	{ true, "From a@b Fri Apr  4 12:00:00 2025 EST" },
	{ true, "From a@b Fri Apr  4 12:00 2025 -0700 (PDT)" },
	{ true, "From a@b Fri Apr  4 12:00:00 GMT+1 2025" },
	/* a year of two digits */
	{ true, "From a@b Wed Dec 31 23:59:59 69" },
	{ true, "From a@b Wed Dec 31 23:59 EST 98" },
	/* RFC 822 */
	{ true, "From a@b Tue, 04 Jan 94 10:23:11 EST" },
	{ true, "From a@b Tue, 4 Jan 1994 10:23:11 +0100" },
	{ true, "From a@b Tue, 4 Jan 1994 10:23" },
	{ true, "From a@b 4 Jan 1994 10:23:11 GMT" },
	{ true, "From a@b 4 Jan 94 10:23" },
	{ true, "From a@b Tue 4 Jan 1994 10:23:11 GMT" },
	/* UUCP */
	{ true, "From uucp Thu Jan  1 00:00:00 1970 remote from host" },
	{ true, "From uucp Thu Jan  1 00:00 EST 1970 remote from h.dom" },
	{ true, "From x!y Thu Jan  1 00:00:00 1970 GMT remote from h" },
	{ true, "From u Tue, 4 Jan 1994 10:23:11 GMT remote from x" },
	/* addresses */
	{ true, "From Thu Jan  1 00:00:00 1970" },
	{ true, "From  Thu Jan  1 00:00:00 1970" },
	{ true, "From <> Thu Jan  1 00:00:00 1970" },
	{ true, "From Joe Q. User Thu Jan  1 00:00:00 1970" },
	{ true, "From \"Joe User\"@b.c Thu Jan  1 00:00:00 1970" },
	{ true, "From \"a b Thu\"@c Thu Jan  1 00:00:00 1970" },
	{ true, "From Thu Thu Jan  1 00:00:00 1970" },
	{ true, "From Sun Jan Thu Jan  1 00:00:00 1970" },
	{ true, "From a@b (Joe) Thu Jan  1 00:00:00 1970" },
	{ true, "From \xe4@b Thu Jan  1 00:00:00 1970" },
	/* no separators */
	{ false, "" },
	{ false, "From" },
	{ false, "From " },
	{ false, "From a@b" },
	{ false, "From a@b " },
	{ false, "From: a@b Thu Jan  1 00:00:00 1970" },
	{ false, ">From a@b Thu Jan  1 00:00:00 1970" },
	{ false, " From a@b Thu Jan  1 00:00:00 1970" },
	{ false, "from a@b Thu Jan  1 00:00:00 1970" },
	{ false, "FROM a@b Thu Jan  1 00:00:00 1970" },
	{ false, "From\ta@b Thu Jan  1 00:00:00 1970" },
	{ false, "From here on we go" },
	{ false, "From here to Thu the 1 of Jan" },
	{ false, "From Monday to Sunday" },
	{ false, "From Jan 1 to Feb 2 at 12:00 in 1970" },
	{ false, "From a@b Thu Foo  1 00:00:00 1970" },
	{ false, "From a@b Foo Jan  1 00:00:00 1970" },
	{ false, "From a@b thu jan  1 00:00:00 1970" },
	{ false, "From a@b Thursday Jan  1 00:00:00 1970" },
	{ false, "From a@b Jan  1 00:00:00 1970" },
	{ false, "From a@b Thu Jan 00:00:00 1970" },
	{ false, "From a@b Thu Jan  1 1970" },
	{ false, "From a@b Thu Jan  1 00:00:00" },
	{ false, "From a@b Thu Jan  1 00:00:00 EST" },
	{ false, "From a@b Thu Jan  1 00:00:00 197" },
	{ false, "From a@b Thu Jan  1 00:00:00 19700" },
	{ false, "From a@b Thu Jan  100 00:00:00 1970" },
	{ false, "From a@b Thu Jan  x 00:00:00 1970" },
	{ false, "From a@b Thu Jan  1 00 1970" },
	{ false, "From a@b Thu Jan  1 000:00:00 1970" },
	{ false, "From a@b Thu Jan  1 00:00:00:00 1970" },
	{ false, "From a@b Thu Jan  1 00:00: 1970" },
	{ false, "From a@b Thu Jan  1 :00:00 1970" },
	{ false, "From a@b Thu Jan  1 00:0x:00 1970" },
	{ false, "From a@b Thu Jan  1 00:00:00 1970, he said" },
	{ false, "From a@b Thu Jan  1 00:00:00 1970 was a Thursday too" },
	{ false, "From a@b Thu Jan  1 00:00:00 1970 we met again" },
	{ false, "From a@b Thu Jan  1 00:00:00 1970 remote" },
	{ false, "From a@b Thu Jan  1 00:00:00 1970 remote from" },
	{ false, "From a@b Thu, Jan  1 00:00:00 1970" },
	{ false, "From a@b Tue, 4 Foo 1994 10:23:11 GMT" },
	{ false, "From a@b 4 Jan 10:23:11 1994" },
};

static void
table(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(row); i++) {
		size_t n = strlen(row[i].s);
		char *tight = malloc(n + 1);

		/* its end is its length: no octet behind it counts */
		assert_non_null(tight);
		memcpy(tight, row[i].s, n);
		tight[n] = '0';
		CHECK(fromline_valid(tight, n) == row[i].want, "\"%s\"",
		    row[i].s);
		free(tight);
	}
}

/* What is cut before its year is no date yet. */
static void
prefixes(void **state)
{
	static const char s[] = "From a@b Thu Jan  1 00:00:00 1970";
	size_t n;

	(void)state;
	for (n = 0; n < sizeof s - 1; n++) {
		/* 19 is a year as well */
		bool want = n == sizeof s - 1 - 2;

		CHECK(fromline_valid(s, n) == want, "%zu octets", n);
	}
}

static void
length(void **state)
{
	static const char tail[] = " Thu Jan  1 00:00:00 1970";
	char s[FROMLINE_MAX + 2];
	size_t n;

	(void)state;
	for (n = FROMLINE_MAX - 1; n <= FROMLINE_MAX + 1; n++) {
		memset(s, 'a', n);
		memcpy(s, "From ", 5);
		memcpy(s + n - (sizeof tail - 1), tail, sizeof tail - 1);
		CHECK(fromline_valid(s, n) == (n <= FROMLINE_MAX), "%zu", n);
	}
}

/* A NUL is no part of a date, a time or a zone. */
static void
nul(void **state)
{
	static const char s[] = "From a@b Thu Jan  1 00:00:00 EST 1970 EST";
	size_t i;

	(void)state;
	assert_true(fromline_valid(s, sizeof s - 1));
	for (i = 5; i < sizeof s - 1; i++) {
		char t[sizeof s];
		/* but addresses have whatever form */
		bool want = i < 8;

		if (s[i] == ' ')
			continue;
		memcpy(t, s, sizeof s);
		t[i] = '\0';
		CHECK(fromline_valid(t, sizeof s - 1) == want, "NUL at %zu", i);
	}
}

/* A blank at the end has each octet of the date looked at another way. */
static void
two_ways(void **state)
{
	static const char date[] = "From a Thu Jan  1 00:00:00 1970 ";
	static const char octet[] = " 0:9aJT\t\0";
	const size_t n = sizeof date - 1;
	size_t i;
	size_t k;

	(void)state;
	for (i = 0; i < n; i++) {
		for (k = 0; k < sizeof octet; k++) {
			char s[sizeof date];

			memcpy(s, date, sizeof s);
			s[i] = octet[k];
			s[n - 1] = ' ';
			CHECK(fromline_valid(s, n - 1) == fromline_valid(s, n),
			    "%s, octet %zu", s, i);
		}
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(table),
		cmocka_unit_test(prefixes),
		cmocka_unit_test(length),
		cmocka_unit_test(nul),
		cmocka_unit_test(two_ways),
	};

	return cmocka_run_group_tests_name("fromline", tests, NULL, NULL);
}
