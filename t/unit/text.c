/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <string.h>

#include "text.h"

static void
safe_octets(void **state)
{
	int c;

	(void)state;
	for (c = 1; c < 256; c++) {
		const char src[] = { 'a', (char)c, 'z', '\0' };
		char want[] = { 'a', (char)c, 'z', '\0' };
		char dst[4];

		if (c < ' ' || c > '~' || c == '"' || c == '\'' || c == '`' ||
		    c == '\\')
			want[1] = '?';
		CHECK(text_safe(dst, sizeof dst, src) == dst &&
			strcmp(dst, want) == 0,
		    "octet %d: %s", c, dst);
	}
}

static void
safe_cut(void **state)
{
	static const struct {
		size_t n;
		const char *want;
	} row[] = { { 1, "" }, { 2, "a" }, { 4, "a?c" }, { 5, "a?c" } };
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(row); i++) {
		char dst[8] = "#######";

		text_safe(dst, row[i].n, "a\nc");
		CHECK(
		    strcmp(dst, row[i].want) == 0, "n %zu: %s", row[i].n, dst);
		CHECK(dst[row[i].n] == '#', "n %zu: written behind", row[i].n);
	}
}

static void
copy(void **state)
{
	char dst[6] = "#####";

	(void)state;
	assert_int_equal(text_copy(dst, 4, "abc"), 0);
	assert_string_equal(dst, "abc");
	assert_int_equal(dst[4], '#');
	assert_int_equal(text_copy(dst, 4, "abcd"), -1);
	assert_string_equal(dst, "");
	assert_int_equal(text_copy(dst, 1, ""), 0);
	assert_string_equal(dst, "");
	assert_int_equal(text_copy(dst, 1, "a"), -1);
}

static void
lower(void **state)
{
	char s[] = "AZ@[az`{09\xc4\xe4";

	(void)state;
	text_lower(s);
	assert_string_equal(s, "az@[az`{09\xc4\xe4");
}

static void
equal(void **state)
{
	static const struct {
		const char *a, *b;
		bool want;
	} row[] = {
		{ "", "", true },
		{ "a", "", false },
		{ "quit", "QUIT", true },
		{ "quit", "QuIt", true },
		{ "quit", "qui", false },
		{ "quit", "quit ", false },
		{ "@", "`", false },
		{ "[", "{", false },
		{ "\xc4", "\xe4", false },
		{ "a\x01", "A\x01", true },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(row); i++) {
		CHECK(text_equal(row[i].a, row[i].b) == row[i].want &&
			text_equal(row[i].b, row[i].a) == row[i].want,
		    "\"%s\" \"%s\"", row[i].a, row[i].b);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(safe_octets),
		cmocka_unit_test(safe_cut),
		cmocka_unit_test(copy),
		cmocka_unit_test(lower),
		cmocka_unit_test(equal),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
