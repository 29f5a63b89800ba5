/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tmpfile.h"

static bool unnamed_fails;

/* The libc's, but that files without a name can be unknown. */
int
openat(int dir, const char *path, int flags, ...)
{
	mode_t mode;
	va_list ap;

	va_start(ap, flags);
	mode = va_arg(ap, mode_t);
	va_end(ap);
	if (unnamed_fails && (flags & O_TMPFILE) == O_TMPFILE) {
		errno = EOPNOTSUPP;
		return -1;
	}
	return (int)syscall(SYS_openat, dir, path, flags, mode);
}

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
without_unnamed(void **state)
{
	struct err e = { .text = "" };
	struct stat st;
	char *made = mkdtemp(strdup("/tmp/popper-unit.XXXXXX"));
	int dir = open(made, O_RDONLY | O_DIRECTORY);
	int a;
	int b;

	(void)state;
	unnamed_fails = true;
	a = tmpfile_open(dir, &e);
	b = tmpfile_open(dir, &e);
	unnamed_fails = false;
	CHECK(a != -1 && b != -1, "%s", e.text);
	assert_int_equal(fstat(a, &st), 0);
	assert_int_equal(st.st_nlink, 0);
	assert_int_equal(tmpfile_write(a, "abcd", 4, 3, "it", &e), 0);
	close(a);
	close(b);
	close(dir);
	/* nothing is left in it */
	assert_int_equal(rmdir(made), 0);
	free(made);
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
		cmocka_unit_test(without_unnamed),
		cmocka_unit_test(errors),
	};

	return cmocka_run_group_tests_name("tmpfile", tests, NULL, NULL);
}
