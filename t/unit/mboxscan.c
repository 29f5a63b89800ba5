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

#define BLANK_50 "                                                  "
#define BLANK_350 BLANK_50 BLANK_50 BLANK_50 BLANK_50 BLANK_50 BLANK_50 BLANK_50
#define BLANKS BLANK_350 BLANK_350 BLANK_350

#define LIT(s) \
	{ \
		s, sizeof(s) - 1 \
	}

static const struct spool {
	const char *s;
	size_t n;
} spool[] = {
	LIT(""),
	LIT("\n"),
	LIT("\r\n\n\r\n"),
	LIT("\r"),
	LIT(FROM "\n"),
	LIT(FROM),
	LIT(FROM "\r"),
	LIT(FROM "\n\n"),
	LIT(FROM "\n\n\n"),
	LIT(FROM "\nSubject: a\n\nbody\n\n" FROM "\nSubject: b\n\nmore\n\n"),
	/* CRLF, and both */
	LIT(FROM "\r\nSubject: a\r\n\r\nbody\r\n\r\n" FROM
		 "\r\nSubject: b\r\n\r\nmore\r\n\r\n"),
	LIT(FROM "\nSubject: a\r\n\nbody\r\n\n" FROM
		 "\r\nSubject: b\n\r\nmore\n\r\n"),
	/* a last line without its end */
	LIT(FROM "\nSubject: a\n\nbody\n\n" FROM "\nA: b\n\nmore"),
	LIT(FROM "\nSubject: a\n\nbody\n\n" FROM "\nA: b\n\nmore\n\r"),
	LIT(FROM "\nSubject: a\n\nbody\n\n" FROM "\nA: b"),
	LIT(FROM "\nSubject: a\n\nbody\n\n" FROM),
	/* NUL and lone CR */
	LIT(FROM "\nSub\0ject: a\n\nbo\0dy\n\0\n\n" FROM "\n\0\n\n\0"),
	LIT(FROM "\nA: b\rc\n\na\rb\n\r\r\n" FROM "\n\r\n" FROM "\n\nz\n"),
	/* From_ where it is none */
	LIT(FROM "\nA: b\n\n>" FROM "\n\n>" FROM "\nx\n" FROM "\n\ny\n"),
	LIT(FROM "\nA: b\n\nx\n\nFrom here on we go\n\nFrom a@b Thu Foo  1 "
		 "00:00:00 1970\n\nFrom \n\nFrom: a@b\n\n"),
	LIT(FROM "\n" FROM "\nA: b\n\n" FROM "\n\nx\n"),
	/* headers alone */
	LIT(FROM "\nA: b\n\n" FROM "\nA: c\n\n" FROM "\nA: d\n\n"),
	LIT(FROM "\nA: b\n\n\n" FROM "\nA: c\n\n\n\n" FROM "\n\n" FROM
		 "\nA: d"),
	LIT("\n\r\n\n" FROM "\nA: b\n\nx\n"),
	/* X-UIDL */
	LIT(FROM "\nX-UIDL: one\nA: b\n\nX-UIDL: none\n\n" FROM
		 "\nX-UIDL: a b\n\nx\n\n" FROM "\nX-UIDL: " SEVENTY
		 "\n\nx\n\n" FROM "\nX-UIDL: " SEVENTY "0\n\nx\n"),
	LIT(FROM "\nX-UIDL: one\nX-UIDL: two\n\nx\n\n" FROM
		 "\nx-uidl:\nx-UIDL: two\r\n\nx\n"),
	LIT(FROM "\nX-UIDL:\n one\nA: b\n c\nX-UIDL: two\n\tthree\n d\n\n\n"),
	/* good, but for the length of its line */
	LIT(FROM "\nX-UIDL: one" BLANKS "\nX-UIDL: two\n\nx\n"),
	LIT(FROM "\nX-UIDL: one" LONG "\nX-UIDL: two\n\nx\n"),
	/* Status and Content-Length */
	LIT(FROM "\nStatus: RO\n\nx\n\n" FROM "\nStatus: O\n R\n\nx\n\n" FROM
		 "\nX-Status: R\nstatus: OR\r\n\nx\n\n" FROM
		 "\nReply: R\nStatus:\n\nStatus: R\n"),
	LIT(FROM "\nContent-Length: 3\n 4\nA: b\n\nx\n\n" FROM
		 "\nContent-Length:\n\nContent-Length: 5\n\n"),
	LIT(FROM "\nContent-Length: 3"),
	LIT(FROM "\n folded\nA: b\n\n folded\n"),
	/* long lines: a piece of one is never a separator */
	LIT(FROM "\nA: " LONG "\n\n" LONG FROM "\n\n" FROM LONG "\n\n" FROM
		 "\n\nx\n"),
	LIT(FROM LONG "\nA: b\n\nx\n"),
	LIT(FROM "\nStatus: R" LONG "\nContent-Length: " LONG "\n\n" LONG),
	LIT(LONG "\n" FROM "\n\nx\n"),
	/* several empty lines at the end of a message */
	LIT(FROM "\nA: b\n\nx\n\n\n\n\r\n" FROM "\nA: c\n\nx\n\n\n\n"),
	LIT(FROM "\nA: b\n\nx\n\r\n\r"),
	/* MMDF */
	LIT(MARK),
	LIT("\1\1\1\1"),
	LIT("\n\r\n" MARK MARK "\n" MARK),
	LIT(MARK "A: b\n\nx\n" MARK MARK "A: c\n\ny\n" MARK),
	LIT(MARK FROM "\nA: b\n\nx\n\n" MARK MARK FROM "\nA: c\n\ny\n" MARK),
	LIT("\1\1\1\1\r\n" FROM "\r\nA: b\r\n\r\nx\r\n\1\1\1\1\r\n"
	    "\1\1\1\1\r\nA: c\r\n\1\1\1\1\r\n"),
	LIT(MARK "A: b\n\nx\n\1\1\1\1"),
	LIT(MARK "A: b\n\nx\n\1\1\1\1\r"),
	/* not closed: at the end, before another, and in a header */
	LIT(MARK "A: b\n\nx\n\n"),
	LIT(MARK "A: b\n\nx\n" MARK FROM "\nA: c\n\ny\n" MARK MARK
		 "A: d\n\nz\n" MARK),
	LIT(MARK "A: b\n\nx\n" MARK "A: c\n\ny\n" MARK MARK "A: d\n" MARK),
	LIT(MARK "A: b\n" MARK "X-UIDL: u\n" MARK " folded\n" MARK MARK FROM),
	/* opened or closed twice, and nothing between */
	LIT(MARK MARK "A: b\n\nx\n" MARK MARK MARK MARK "A: c\n\n" MARK MARK),
	LIT(MARK FROM "\n" MARK MARK FROM "\n\n" MARK MARK FROM "\n\n\n" MARK),
	/* gaps, with nothing, an mbox message or other text in them */
	LIT(MARK "A: b\n\nx\n" MARK "\n\r\n" MARK "A: c\n\ny\n" MARK "\n\n"),
	LIT(MARK "\n\n" FROM "\nA: b\n" MARK "\n" FROM "\nA: c\n\n\n" MARK),
	LIT(MARK "A: b\n\nx\n" MARK FROM "\nA: c\n\ny\n\n" FROM
		 "\nA: d\n\nz\n\n"),
	LIT(MARK "A: b\n\nx\n" MARK "\n" FROM "\nA: c\n\ny\n\n" FROM
		 "\nA: d\n\nz\n\n" MARK MARK "A: e\n\n" FROM "\n" MARK),
	LIT(MARK "A: b\n\nx\n" MARK "junk\n\n" FROM "\n\n" MARK "\n\njunk\n"),
	LIT(MARK "A: b\n\nx\n" MARK FROM "\nA: c\n" MARK FROM "\n\n\n" MARK),
	/* text of a message */
	LIT(MARK FROM "\nA: b\n\n\n" FROM "\nx\n\n" FROM "\n" MARK),
	LIT(MARK "A: b\n\n \1\1\1\n>\1\nx\1\n\r\1\n" MARK),
	LIT(FROM "\nA: b\n\n" MARK MARK "A: c\n\n" MARK "\n" FROM "\n" MARK),
	/* ^A lines of any form, also within a message, or cut off */
	LIT("\1\nA: b\n\nx\n\1\n\1\1\1\n\1\1\1\nA: c\n\1\1\1\1\1\n"),
	LIT("\n\1 from x\r\n" FROM "\nA: b\n\nx\n\1\0\1\r\n\1" FROM "\n" FROM
	    "\nA: c\n\ny\n\1 end"),
	LIT("\1" LONG "\nA: b\n\n\1" LONG "\r\nA: c\n\1" LONG),
	LIT(MARK "A: b\n\nx\n\1y\nz\n\n" FROM "\n" MARK MARK
		 "A: c\n\n\1\n" MARK),
	LIT("\1\1\1\n"),
	LIT("\1\1\1\1\1\n" FROM "\n\nx\n"),
	/* UW IMAP */
	LIT(FROM "\nFrom: Mail System Internal Data <x@y>\n"
		 "Subject: DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA\n"
		 "X-IMAP: 1 2\n\nx\n\n" FROM
		 "\nSubject: DO NOT DELETE\nSubject: FOLDER INTERNAL DATA\n\n"
		 "X-IMAP: 1\n\n" FROM "\nx-imap:\nsubject: a DO NOT DELETE\n"),
	LIT(FROM "\nX-IMAPbase: 1\nfrom: Mail System Internal Data\n\n" FROM
		 "\nX-IMAP: 1\nfrom:Mail System Internal Data\n\n\n" FROM
		 "\nX-IMAP: 1\nfrom: mail system internal data\n\n\n" FROM
		 "\nX-IMAP: " LONG
		 "\nFrom: Mail System Internal Data\n\n\n" FROM
		 "\nX-IMAP: 1\nSubject:\n DO NOT DELETE\n\n\n"),
	LIT(MARK "X-IMAP: 1\nSubject: DO NOT DELETE\n" MARK MARK "X-IMAP: 1\n"),
	/* no mbox */
	LIT(" \1\n"),
	LIT("\r\1\1\1\1\n" FROM "\n\nx\n"),
	LIT("junk\n" FROM "\n\nx\n"),
	LIT("\n\njunk\n\n" FROM "\n\nx\n"),
	LIT("junk"),
	LIT("\0\n"),
	LIT(">" FROM "\n\nx\n"),
	LIT("From here on\n"),
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

static void
hand_made(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(spool); i++)
		compare_all(&spool[i], i);
}

/* Hand-made ones again, behind a body that is passed over in large steps. */
static void
behind_others(void **state)
{
	static const char first[] =
	    FROM "\nA: b\n\n" SEVENTY "\n" SEVENTY "\n" SEVENTY "\n\n";
	enum octets_way way;
	size_t i;

	(void)state;
	for (way = 0; way < OCTETS_WAYS; way++) {
		if (!octets_use(way))
			continue;
		for (i = 0; i < COUNT(spool); i++) {
			char s[9000];
			struct spool sp = { s, sizeof first - 1 + spool[i].n };

			assert_true(sp.n + 200 < sizeof s);
			memcpy(s, first, sizeof first - 1);
			memcpy(s + sizeof first - 1, spool[i].s, spool[i].n);
			memset(s + sp.n, 'z', 200);
			sp.n += 200;
			compare_all(&sp, i);
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
	static const struct spool piece[] = {
		LIT(FROM "\n"),
		LIT(FROM "\r\n"),
		LIT("\n" FROM "\n"),
		LIT("\n"),
		LIT("\n"),
		LIT("\r\n"),
		LIT("\r"),
		LIT("\0"),
		LIT(" "),
		LIT("From "),
		LIT(">From "),
		LIT("x\n"),
		LIT("body"),
		LIT("Subject: a\n"),
		LIT("X-UIDL: abc\n"),
		LIT("X-UIDL: "),
		LIT("Status: R\n"),
		LIT("Status: "),
		LIT("X-Status: R\n"),
		LIT("Content-Length: 4\r\n"),
		LIT(HUNDRED),
		LIT("X-IMAP: 1\n"),
		LIT("Subject: DO NOT DELETE\n"),
		LIT("From: Mail System Internal Data\n"),
		LIT(MARK),
		LIT(MARK),
		LIT(MARK MARK),
		LIT("\1\1\1\1\r\n"),
		LIT("\1"),
		LIT("\1 x\n"),
	};
	uint32_t x = 1939;
	size_t round;

	(void)state;
	for (round = 0; round < 500; round++) {
		char s[4000];
		struct spool sp = { s, 0 };
		uint32_t n = 2 + chance(&x, 25);

		/* most of them begin as they should */
		if (chance(&x, 10) > 0) {
			const struct spool *first =
			    &piece[chance(&x, 2) > 0 ? 0 : COUNT(piece) - 5];

			memcpy(s, first->s, first->n);
			sp.n = first->n;
		}
		for (; n > 0; n--) {
			const struct spool *p =
			    &piece[chance(&x, COUNT(piece))];

			memcpy(s + sp.n, p->s, p->n);
			sp.n += p->n;
		}
		compare_all(&sp, round);
	}
}

/* What the reference says, checked by hand. */
static void
by_hand(void **state)
{
	static const char s[] = "\n" FROM "\n"		   /* 1, 34 octets */
				"Subject: a\nX-UIDL: u1\n" /* 35, 22 */
				"Status: RO\n\n"	   /* 57, 12 */
				"x\ny\n\n"		   /* 69, 5 */
	    FROM "\r\n"					   /* 74, 35 */
				"A: b\r\n\r\n"		   /* 109, 8 */
	    FROM "\n"					   /* 117, 34 */
				"A: c\n\n\n"		   /* 151, 7 */
	    FROM "\n"					   /* 158, 34 */
				"A: d";			   /* 192, 4 */
	static const struct msgloc want[] = {
		{ .from = 1,
		    .head = 35,
		    .body = 69,
		    .end = 73,
		    .next = 74,
		    .wire = 12 + 12 + 2 + 6,
		    .flags = MSG_READ | MSG_STATUS,
		    .uid_len = 2,
		    .uid = "u1" },
		{ .from = 74,
		    .head = 109,
		    .body = 117,
		    .end = 117,
		    .next = 117,
		    .wire = 8,
		    .flags = MSG_BLANK_CR },
		{ .from = 117,
		    .head = 151,
		    .body = 157,
		    .end = 157,
		    .next = 158,
		    .wire = 8 },
		{ .from = 158,
		    .head = 192,
		    .body = 196,
		    .end = 196,
		    .next = 196,
		    .wire = 8,
		    .flags = MSG_NOBLANK },
	};
	struct msgloc copy[COUNT(want)];
	struct scanref hand = { copy, COUNT(want), COUNT(want), false, 0 };
	struct scanref got;
	const char *why;

	(void)state;
	memcpy(copy, want, sizeof copy);
	scanref_split(&got, s, sizeof s - 1, false);
	why = scanref_differ(&hand, &got);
	CHECK(why == NULL, "reference: %s", why);
	scanref_free(&got);
	scanref_scan(&got, s, sizeof s - 1, false, 0, 1);
	why = scanref_differ(&hand, &got);
	CHECK(why == NULL, "scanner: %s", why);
	scanref_free(&got);
}

/* Which of the messages are hidden: written as digits. */
static void
hidden(void **state)
{
	static const char s[] =
	    FROM "\nFrom: Mail System Internal Data <M@x>\n"
		 "Subject: DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA\n"
		 "X-IMAP: 1 2\nStatus: RO\n\nx\n\n" FROM
		 "\nSubject: DO NOT DELETE\nX-IMAPbase: 1\n\n\n" FROM
		 "\nX-IMAP: 1\nSubject: DO NOT DELETE\n\n\n" FROM
		 "\nX-IMAP: 1\nX-IMAP: 2\n\n\n" FROM
		 "\nsubject: x FOLDER INTERNAL DATA\n"
		 "FROM: Mail System Internal Data\n\n\n" FROM
		 "\nX-IMAP: 1\n\nSubject: DO NOT DELETE\n\n" FROM
		 "\nX-IMAP: 1\nSubject: do not delete\n\n\n" FROM
		 "\nX-IMAP: 1\nSubject: DO NOT DELETE";
	static const char want[] = "10101001";
	struct scanref got;
	size_t i;

	(void)state;
	scanref_scan(&got, s, sizeof s - 1, false, 0, 7);
	assert_int_equal(got.n, sizeof want - 1);
	for (i = 0; i < got.n; i++)
		CHECK(
		    ((got.msg[i].flags & MSG_HIDDEN) != 0) == (want[i] == '1'),
		    "message %zu", i);
	scanref_free(&got);
}

static int
stop_at(void *ctx, const struct msgloc *loc)
{
	int *left = ctx;

	(void)loc;
	return --*left > 0 ? 0 : -1;
}

/* -1 of msg stops it, and is no fault of the spool. */
static void
stopped(void **state)
{
	static const char s[] =
	    FROM "\n\nx\n\n" FROM "\n\ny\n\n" FROM "\n\nz\n";
	int n;

	(void)state;
	for (n = 1; n <= 4; n++) {
		struct mboxscan scan;
		int left = n;
		int rc;

		mboxscan_init(&scan, stop_at, &left);
		rc = mboxscan_feed(&scan, s, sizeof s - 1);
		/* the third message ends with the spool */
		CHECK(rc == (n <= 2 ? -1 : 0), "feed, %d", n);
		if (rc == 0)
			CHECK(mboxscan_end(&scan) == (n == 3 ? -1 : 0),
			    "end, %d", n);
		assert_false(mboxscan_bad(&scan));
		assert_int_equal(left, n == 4 ? 1 : 0);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_hand),
		cmocka_unit_test(hidden),
		cmocka_unit_test(hand_made),
		cmocka_unit_test(by_chance),
		cmocka_unit_test(behind_others),
		cmocka_unit_test(stopped),
	};

	return cmocka_run_group_tests_name("mboxscan", tests, NULL, NULL);
}
