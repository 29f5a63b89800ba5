/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "../../src/tools/popauth/ask.h"
#include "clock.h"

static int in[2];

static struct ask
begin(const char *given, int ms)
{
	struct ask a = { .deadline = clock_ms() + ms };

	assert_int_equal(pipe(in), 0);
	assert_int_equal(
	    write(in[1], given, strlen(given)), (int)strlen(given));
	a.fd = in[0];
	return a;
}

static void
end(void)
{
	close(in[0]);
	close(in[1]);
}

static void
a_line(void **state)
{
	struct ask a = begin("old\nnew\n", 10000);
	struct err e;
	char line[8];

	(void)state;
	assert_int_equal(ask_line(&a, "", true, line, sizeof line, &e), 0);
	assert_string_equal(line, "old");
	assert_int_equal(ask_line(&a, "", true, line, sizeof line, &e), 0);
	assert_string_equal(line, "new");
	end();
}

/* What does not come in time, all of it or its end. */
static void
too_late(void **state)
{
	static const char *const given[] = { "", "half" };
	struct err e;
	char line[8];
	size_t i;

	(void)state;
	/* a test that waits for ever is one that failed */
	alarm(20);
	for (i = 0; i < COUNT(given); i++) {
		struct ask a = begin(given[i], 50);

		e.kind = ERR_NONE;
		assert_int_equal(
		    ask_line(&a, "", true, line, sizeof line, &e), -1);
		assert_int_equal(e.kind, ERR_TEMP);
		assert_non_null(strstr(e.text, "within 5 minutes"));
		CHECK(clock_left(a.deadline) == 0, "too early");
		end();
	}
	alarm(0);
}

/* A deadline that has passed ends it, whatever there is to be read. */
static void
over(void **state)
{
	struct ask a = begin("password\n", -1);
	struct err e;
	char line[16];

	(void)state;
	assert_int_equal(ask_line(&a, "", true, line, sizeof line, &e), -1);
	assert_int_equal(e.kind, ERR_TEMP);
	end();
}

static void
limit(void **state)
{
	struct ask a;

	(void)state;
	ask_open(&a);
	CHECK(
	    clock_left(a.deadline) > 290000 && clock_left(a.deadline) <= 300000,
	    "%d ms", clock_left(a.deadline));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line),
		cmocka_unit_test(too_late),
		cmocka_unit_test(over),
		cmocka_unit_test(limit),
	};

	return cmocka_run_group_tests_name("ask", tests, NULL, NULL);
}
