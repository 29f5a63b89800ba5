/* SPDX-License-Identifier: MIT */
/* Base64: the vectors of RFC 4648 section 10, and what is none. */
#include <string.h>

#include "base64.h"
#include "unit.h"

static void
test_vectors(void **state)
{
	static const struct {
		const char *plain, *coded;
	} row[] = {
		{ "", "" },
		{ "f", "Zg==" },
		{ "fo", "Zm8=" },
		{ "foo", "Zm9v" },
		{ "foob", "Zm9vYg==" },
		{ "fooba", "Zm9vYmE=" },
		{ "foobar", "Zm9vYmFy" },
		{ "\xff\xfe\xfb", "//77" },
	};
	char got[32];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof row / sizeof row[0]; i++) {
		int n = (int)strlen(row[i].plain);
		int c = (int)strlen(row[i].coded);

		assert_int_equal(
		    base64_encode(got, sizeof got, row[i].plain, (size_t)n), c);
		assert_string_equal(got, row[i].coded);
		assert_int_equal(
		    base64_decode(got, sizeof got, row[i].coded), n);
		assert_string_equal(got, row[i].plain);
		/* as small as it can be, and one smaller */
		assert_int_equal(
		    base64_encode(got, (size_t)c + 1, row[i].plain, (size_t)n),
		    c);
		assert_int_equal(
		    base64_encode(got, (size_t)c, row[i].plain, (size_t)n), -1);
	}
}

static void
test_wrong(void **state)
{
	static const char *const wrong[] = { "Z", "Zg", "Zg=", "Zg===", "Zh==",
		"Zm9=", "====", "A===", "=Zg=", "Zg==Zg==", "Zm 9v", "Zm9v\n",
		"Zm-_", "Zm9v====" };
	char got[32];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		assert_int_equal(base64_decode(got, sizeof got, wrong[i]), -1);
	assert_int_equal(base64_decode(got, 3, "Zm9v"), -1);
	assert_int_equal(base64_decode(got, 4, "Zm9v"), 3);
}

/* Each character, in a place where no bits are left over, and in place. */
static void
test_characters(void **state)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";
	int c;

	(void)state;
	for (c = 1; c < 256; c++) {
		char text[5] = { 'A', 'A', 'A', (char)c, '\0' };
		const char *d = strchr(digits, c);
		int n = base64_decode(text, sizeof text, text);

		if (c == '=')
			CHECK(n == 2, "%d", n);
		else if (d == NULL)
			CHECK(n == -1, "character %d: %d", c, n);
		else
			CHECK(n == 3 && text[2] == d - digits,
			    "character %d: %d", c, n);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
