/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "tmpfile.h"

/* What was written is read, and zeros where nothing was. */
static void
octets(void **state)
{
	struct err e = { .text = "" };
	char got[10];
	int fd = tmpfile_open(AT_FDCWD, &e);

	(void)state;
	CHECK(fd != -1, "%s", e.text);
	assert_int_equal(tmpfile_write(fd, "abcd", 4, 3, "it", &e), 0);
	memset(got, 'x', sizeof got);
	assert_int_equal(tmpfile_read(fd, got, sizeof got, 0, "it", &e), 0);
	assert_memory_equal(got, "\0\0\0abcd\0\0\0", sizeof got);
	memset(got, 'x', sizeof got);
	assert_int_equal(tmpfile_read(fd, got, 2, 4, "it", &e), 0);
	assert_memory_equal(got, "bcxx", 4);
	assert_int_equal(tmpfile_read(fd, got, 4, 1000, "it", &e), 0);
	assert_memory_equal(got, "\0\0\0\0xx", 6);
	close(fd);
}

static void
errors(void **state)
{
	struct err e = { .kind = ERR_NONE };
	char c = 'x';

	(void)state;
	assert_int_equal(tmpfile_read(-1, &c, 1, 0, "the thing", &e), -1);
	assert_int_equal(e.kind, ERR_TEMP);
	assert_non_null(strstr(e.text, "Unable to read the thing"));
	e.kind = ERR_NONE;
	assert_int_equal(tmpfile_write(-1, &c, 1, 0, "the thing", &e), -1);
	assert_int_equal(e.kind, ERR_TEMP);
	assert_non_null(strstr(e.text, "Unable to write the thing"));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(octets),
		cmocka_unit_test(errors),
	};

	return cmocka_run_group_tests_name("tmpfile", tests, NULL, NULL);
}
