/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <string.h>

#include "idset.h"

#define IDS 10000

static size_t
name(char *dst, size_t n, unsigned i)
{
	int k = snprintf(dst, n, "id.%u", i);

	assert_true(k > 0 && (size_t)k < n);
	return (size_t)k;
}

static void
many(void **state)
{
	struct idset s = { NULL, 0, 0, 0 };
	char id[20];
	unsigned i;

	(void)state;
	for (i = 0; i < IDS; i++) {
		size_t n = name(id, sizeof id, i);

		CHECK(idset_take(&s, id, n, NULL) == 1, "new %s", id);
		CHECK(idset_take(&s, id, n, NULL) == 0, "again %s", id);
		n = name(id, sizeof id, i / 2);
		CHECK(idset_take(&s, id, n, NULL) == 0, "old %s", id);
	}
	for (i = 0; i < IDS; i++)
		CHECK(idset_take(&s, id, name(id, sizeof id, i), NULL) == 0,
		    "at the end %s", id);
	assert_int_equal(s.used, IDS);
	idset_free(&s);
	assert_int_equal(s.used, 0);
	/* an empty set once more */
	assert_int_equal(idset_take(&s, "id.1", 4, NULL), 1);
	idset_free(&s);
	idset_free(&s);
}

/* Ids are octets and a length. */
static void
octets(void **state)
{
	struct idset s = { NULL, 0, 0, 0 };

	(void)state;
	assert_int_equal(idset_take(&s, "abcd", 4, NULL), 1);
	assert_int_equal(idset_take(&s, "abcd", 3, NULL), 1);
	assert_int_equal(idset_take(&s, "abcx", 3, NULL), 0);
	assert_int_equal(idset_take(&s, "ABCD", 4, NULL), 1);
	assert_int_equal(idset_take(&s, "a\0b", 3, NULL), 1);
	assert_int_equal(idset_take(&s, "a\0c", 3, NULL), 1);
	assert_int_equal(idset_take(&s, "a", 1, NULL), 1);
	assert_int_equal(idset_take(&s, "", 0, NULL), 1);
	assert_int_equal(idset_take(&s, "", 0, NULL), 0);
	idset_free(&s);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(many),
		cmocka_unit_test(octets),
	};

	return cmocka_run_group_tests_name("idset", tests, NULL, NULL);
}
