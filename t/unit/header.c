/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <string.h>

#include "header.h"

static void
kind(void **state)
{
	static const struct {
		const char *s;
		enum header want;
	} row[] = {
		{ "X-UIDL: abc", HEADER_UIDL },
		{ "X-UIDL:", HEADER_UIDL },
		{ "x-uidl:abc", HEADER_UIDL },
		{ "X-UIDLS: abc", HEADER_OTHER },
		{ "X-UIDL abc", HEADER_OTHER },
		{ "X-UIDL", HEADER_OTHER },
		{ "Status: RO", HEADER_STATUS },
		{ "STATUS:RO", HEADER_STATUS },
		{ "Statu", HEADER_OTHER },
		{ "X-Status: A", HEADER_XSTATUS },
		{ "X-Status", HEADER_OTHER },
		{ "Content-Length: 3", HEADER_LENGTH },
		{ "content-length:", HEADER_LENGTH },
		{ "Content-Length", HEADER_OTHER },
		{ "Content-Type: text/plain", HEADER_OTHER },
		{ "Subject: Status: R", HEADER_SUBJECT },
		{ "SUBJECT:", HEADER_SUBJECT },
		{ "Subjec:", HEADER_OTHER },
		{ "From: a", HEADER_FROM },
		{ "fROM:", HEADER_FROM },
		{ "From a@b", HEADER_OTHER },
		{ "X-IMAP: 1", HEADER_XIMAP },
		{ "x-imap:", HEADER_XIMAP },
		{ "X-IMAPbase: 1 2", HEADER_IMAP },
		{ "x-imapBASE:", HEADER_IMAP },
		{ "X-IMAPbas: 1", HEADER_OTHER },
		{ "X-UID: 7", HEADER_IMAP },
		{ "x-uid:", HEADER_IMAP },
		{ "X-UIDs: 7", HEADER_OTHER },
		{ "X-Keywords: Junk", HEADER_IMAP },
		{ "X-KEYWORDS:", HEADER_IMAP },
		{ "X-Keyword: a", HEADER_OTHER },
		{ " Status: R", HEADER_CONTINUED },
		{ "\tX-UIDL: a", HEADER_CONTINUED },
		{ " ", HEADER_CONTINUED },
		{ "", HEADER_OTHER },
		{ ":", HEADER_OTHER },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(row); i++) {
		size_t n = strlen(row[i].s);
		char longer[80];

		CHECK(header_kind(row[i].s, n) == row[i].want, "\"%s\"",
		    row[i].s);
		/* HEADER_LOOK octets are enough to be sure */
		snprintf(longer, sizeof longer, "%-40s:", row[i].s);
		if (strchr(row[i].s, ':') != NULL)
			CHECK(header_kind(longer, HEADER_LOOK) == row[i].want,
			    "\"%s\"", longer);
	}
}

/* A name that ends with the octets that may be read is none. */
static void
kind_bounds(void **state)
{
	static const char *const s[] = { "X-UIDL:", "Status:", "X-Status:",
		"Content-Length:", "From:", "Subject:", "X-IMAP:", "X-UID:",
		"X-IMAPbase:", "X-Keywords:" };
	size_t i;
	size_t n;

	(void)state;
	for (i = 0; i < COUNT(s); i++) {
		for (n = 0; n < strlen(s[i]); n++)
			CHECK(header_kind(s[i], n) == HEADER_OTHER,
			    "%zu octets of %s", n, s[i]);
		assert_int_not_equal(
		    header_kind(s[i], strlen(s[i])), HEADER_OTHER);
	}
}

#define TEN "0123456789"
#define SEVENTY TEN TEN TEN TEN TEN TEN TEN

static void
uidl(void **state)
{
	static const struct {
		const char *s;
		const char *want; /* NULL: no good one */
	} row[] = {
		{ "X-UIDL: abc", "abc" },
		{ "X-UIDL:abc", "abc" },
		{ "x-uidl: \t abc \t", "abc" },
		{ "X-UIDL: abc\r", "abc" },
		{ "X-UIDL: !~", "!~" },
		{ "X-UIDL: a", "a" },
		{ "X-UIDL: " SEVENTY, SEVENTY },
		{ "X-UIDL: " SEVENTY "  \r", SEVENTY },
		{ "X-UIDL: " SEVENTY "0", NULL },
		{ "X-UIDL: a b", NULL },
		{ "X-UIDL: a\tb", NULL },
		{ "X-UIDL: a\rb", NULL },
		{ "X-UIDL: a\x7f", NULL },
		{ "X-UIDL: a\x80", NULL },
		{ "X-UIDL: \xff", NULL },
		{ "X-UIDL: \x01", NULL },
		{ "X-UIDL:", NULL },
		{ "X-UIDL: ", NULL },
		{ "X-UIDL: \r", NULL },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(row); i++) {
		const char *at = NULL;
		size_t n = header_uidl(row[i].s, strlen(row[i].s), &at);
		size_t want = row[i].want != NULL ? strlen(row[i].want) : 0;

		CHECK(n == want &&
			(n == 0 ||
			    (at >= row[i].s &&
				memcmp(at, row[i].want, n) == 0)),
		    "\"%s\": %zu", row[i].s, n);
	}
	assert_int_equal(
	    header_uidl("X-UIDL: a\0b", 11, &(const char *){ 0 }), 0);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(kind),
		cmocka_unit_test(kind_bounds),
		cmocka_unit_test(uidl),
	};

	return cmocka_run_group_tests_name("header", tests, NULL, NULL);
}
