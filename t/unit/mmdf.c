/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <string.h>

#include "scanrest.h"

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
		    "123", "adm" },
		/* a From_ line of its own, behind a ^A line */
		{ MARK "\n\n\n\n\n" DATED "A: 1\n\n\n\n\n\n" DATED "A: 2\n",
		    "12", "al" },
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
		    "123", "adm" },
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

/*
 * What agents deliver: of MMDF; and of mbox, with the empty line behind mail,
 * or in front of it.
 */
static const char *const agent[] = {
	"",
	MARK "A: new\n\nx\n" MARK,
	MARK FROM "\nA: new\n\nx\n" MARK,
	FROM "\nA: new\n\nx\n\n",
	"\n" FROM "\nA: new\n\nx\n",
};

#define SPOOL_MAX 4000

/* Less some messages, and with mail that came: the same others. */
static void
less(const char *s, size_t n, uint32_t gone, const char *mail)
{
	char whole[SPOOL_MAX];
	char rest[SPOOL_MAX];
	struct scanref was;
	struct scanref all;
	struct scanref now;
	bool last;
	bool open;
	size_t len;

	scanref_scan(&was, s, n, false, 0, n);
	assert_true(was.n < 30 && n < SPOOL_MAX - 100);
	gone &= (1U << was.n) - 1;
	last = was.n == 0 || (gone >> (was.n - 1) & 1) != 0;
	memcpy(whole, s, n);
	memcpy(whole + n, mail, strlen(mail));
	scanref_scan(&all, whole, n + strlen(mail), false, 0, 1);
	len = scanrest_without(&was, s, n, gone, rest, &open);
	if (open && *mail == '\1') {
		strcpy(rest + len, MBOXSCAN_MARK);
		len += strlen(MBOXSCAN_MARK);
	}
	/* an update takes it off */
	if (last && len > 0 && *mail == '\n')
		mail++;
	memcpy(rest + len, mail, strlen(mail));
	scanref_scan(&now, rest, len + strlen(mail), false, 0, 1);
	/* mail may become text of one that goes, or use its ^A lines */
	if (!last || (all.n > was.n && all.msg[was.n].from >= n)) {
		const char *why =
		    scanrest_differ(&all, whole, gone, &now, rest);

		CHECK(why == NULL, "without %x, and \"%s\": %s: \"%s\"", gone,
		    mail, why, s);
	}
	scanref_free(&was);
	scanref_free(&all);
	scanref_free(&now);
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
	uint32_t gone;
	size_t i;
	size_t k;

	(void)state;
	for (i = 0; i < COUNT(sp); i++) {
		for (k = 0; k < COUNT(agent); k++) {
			for (gone = 0; gone < 256; gone++)
				less(sp[i].s, sp[i].n, gone, agent[k]);
		}
	}
}

/* Nor do many, of all mixtures of lines. */
static void
by_chance(void **state)
{
	static const char *const piece[] = { MARK, MARK, MARK, MARK MARK,
		"\1 x\n", FROM "\n", "\n" FROM "\nA: b\n\n", "\n", "\n", "x\n",
		"A: b\n\ny\n", "\r\n" };
	uint32_t x = 1939;
	int round;

	(void)state;
	for (round = 0; round < 100000; round++) {
		char s[SPOOL_MAX] = MARK;
		uint32_t v[16];
		size_t i;

		for (i = 0; i < COUNT(v); i++) {
			x = x * 1664525 + 1013904223;
			v[i] = x >> 16;
		}
		if (v[0] % 8 == 0)
			s[0] = '\0';
		for (i = 2; i < 3 + v[1] % 13; i++)
			strcat(s, piece[v[i] % COUNT(piece)]);
		less(s, strlen(s), v[0] >> 3, agent[v[15] % COUNT(agent)]);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_hand),
		cmocka_unit_test(removed),
		cmocka_unit_test(by_chance),
	};

	return cmocka_run_group_tests_name("mmdf", tests, NULL, NULL);
}
