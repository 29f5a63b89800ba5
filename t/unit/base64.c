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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
