/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <string.h>

#include "username.h"

static void
table(void **state)
{
	static const struct {
		const char *s;
		bool want;
	} row[] = {
		{ "a", true },
		{ "joe", true },
		{ "Joe.User", true },
		{ "joe@example.com", true },
		{ "joe+pop-1_x", true },
		{ "joe.", true },
		{ "~joe", true },
		{ "-joe", true },
		{ "lock", true },
		{ "joe.lock.", true },
		{ "joe.lockx", true },
		{ "joelock", true },
		{ "!#$&()*,;<=>?[]^{|}", true },
		{ "joe#1", true },
		{ "#joe", false },
		{ "#", false },
		{ "", false },
		{ ".", false },
		{ "..", false },
		{ ".joe", false },
		{ ".joe.pop", false },
		{ "a..b", false },
		{ "joe..", false },
		{ "../joe", false },
		{ "/joe", false },
		{ "a/b", false },
		{ "a b", false },
		{ " a", false },
		{ "a\t", false },
		{ "a\n", false },
		{ "a\r", false },
		{ "a%s", false },
		{ "%n", false },
		{ "a\"b", false },
		{ "a'b", false },
		{ "a`b", false },
		{ "a\\b", false },
		{ "a:b", false },
		{ "joe.lock", false },
		{ ".lock", false },
		{ "a.lock", false },
		{ "a\x7f", false },
		{ "a\x80", false },
		{ "\xe4", false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(row); i++)
		CHECK(username_ok(row[i].s) == row[i].want, "\"%s\"", row[i].s);
}

static void
length(void **state)
{
	char s[80];
	size_t n;

	(void)state;
	for (n = 1; n < sizeof s; n++) {
		memset(s, 'x', n);
		s[n] = '\0';
		CHECK(username_ok(s) == (n <= 63), "%zu", n);
	}
}

/* Each octet in the middle. */
static void
octets(void **state)
{
	int c;

	(void)state;
	for (c = 1; c < 256; c++) {
		const char s[] = { 'a', (char)c, 'b', '\0' };
		bool want =
		    c > ' ' && c <= '~' && strchr("/%\"'`\\:", c) == NULL;

		CHECK(username_ok(s) == want, "octet %d", c);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(table),
		cmocka_unit_test(length),
		cmocka_unit_test(octets),
	};

	return cmocka_run_group_tests_name("username", tests, NULL, NULL);
}
