/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <string.h>

#include "reply.h"

static void
texts(void **state)
{
	static const struct {
		enum reply r;
		const char *arg, *want;
	} row[] = {
		{ REPLY_UNKNOWN, "xxx", "Unknown command: \"xxx\"." },
		{ REPLY_UNKNOWN, "x\"y", "Unknown command: \"x?y\"." },
		{ REPLY_UNKNOWN, "", "Unknown command: \"\"." },
		{ REPLY_NO_MESSAGE, "7", "Message 7 does not exist." },
		{ REPLY_GONE, "7", "Message 7 has been deleted." },
		{ REPLY_REFUSED, "joe",
		    "[AUTH] Password supplied for \"joe\" is incorrect." },
		{ REPLY_REFUSED, "a\r\n+OK\x7f\xff'`\\",
		    "[AUTH] Password supplied for \"a??+OK?????\" is "
		    "incorrect." },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(row); i++) {
		char dst[REPLY_MAX];

		reply_text(row[i].r, row[i].arg, dst, sizeof dst);
		CHECK(strcmp(dst, row[i].want) == 0, "row %zu: %s", i, dst);
	}
}

/* RFC 1939 section 3: "-ERR " and CRLF and the text are 512 at most. */
static void
bounds(void **state)
{
	char arg[1000];
	int r;

	(void)state;
	memset(arg, '\r', sizeof arg - 1);
	arg[sizeof arg - 1] = '\0';
	for (r = 0; r < REPLY_COUNT; r++) {
		char dst[2 * REPLY_MAX];
		char cut[9];
		size_t n;
		size_t i;
		size_t marks = 0;

		reply_text((enum reply)r, arg, dst, sizeof dst);
		n = strlen(dst);
		CHECK(n > 0 && 5 + n + 2 <= REPLY_MAX, "%d: %zu", r, n);
		for (i = 0; i < n; i++) {
			CHECK(dst[i] >= ' ' && dst[i] <= '~', "%d: %s", r, dst);
			marks += dst[i] == '?';
		}
		CHECK(marks == 0 || marks == REPLY_ARG_MAX, "%d: %s", r, dst);
		memset(cut, '#', sizeof cut);
		reply_text((enum reply)r, arg, cut, sizeof cut - 1);
		assert_int_equal(cut[7], '\0');
		assert_int_equal(cut[8], '#');
	}
}

/* RFC 2449 section 8 and RFC 3206 section 4 */
static void
codes(void **state)
{
	char dst[REPLY_MAX];

	(void)state;
	assert_string_equal(reply_code(ERR_BUSY), "[IN-USE] ");
	assert_string_equal(reply_code(ERR_TEMP), "[SYS/TEMP] ");
	assert_string_equal(reply_code(ERR_PERM), "[SYS/PERM] ");
	assert_string_equal(reply_code(ERR_CONF), "[SYS/PERM] ");
	reply_text(REPLY_TEMP, "", dst, sizeof dst);
	assert_memory_equal(dst, "[SYS/TEMP] ", 11);
	reply_text(REPLY_REFUSED, "a", dst, sizeof dst);
	assert_memory_equal(dst, "[AUTH] ", 7);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts),
		cmocka_unit_test(bounds),
		cmocka_unit_test(codes),
	};

	return cmocka_run_group_tests_name("reply", tests, NULL, NULL);
}
