/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config.h"

#define DEEP 105

static char dir[] = "/tmp/popper-unit-XXXXXX";

/* The path of file n, in a static buffer. */
/* -f, or a config-file line in a file of another place */
static int
config_file(struct config *c, const char *path, unsigned where, struct err *e)
{
	const struct config_at at = { "test", 1,
		where == IN_FILE ? IN_CLI : where, -1 };

	return config_set(c, opt_find("config-file"), path, &at, e);
}

static const char *
path_of(unsigned n)
{
	static char path[64];

	snprintf(path, sizeof path, "%s/f%u", dir, n);
	return path;
}

static void
write_file(unsigned n, const char *text)
{
	int fd;
	size_t k = strlen(text);

	/* a test may have given it to somebody else */
	unlink(path_of(n));
	fd = open(path_of(n), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_int_not_equal(fd, -1);
	assert_int_equal(fchmod(fd, 0600), 0);
	assert_int_equal(write(fd, text, k), k);
	close(fd);
}

/* "set config-file = FILE n" and what may follow. */
static char *
naming(
    char *dst, size_t size, const char *before, unsigned n, const char *after)
{
	snprintf(dst, size, "%sset config-file = \"%s\"\n%s", before,
	    path_of(n), after);
	return dst;
}

static void
fresh(struct config *c, struct err *e)
{
	assert_int_equal(config_init(c, e), 0);
	memset(e, 0, sizeof *e);
}

static int
setup(void **state)
{
	(void)state;
	return mkdtemp(dir) != NULL ? 0 : -1;
}

static int
teardown(void **state)
{
	unsigned i;

	(void)state;
	for (i = 0; i <= DEEP; i++)
		unlink(path_of(i));
	return rmdir(dir);
}

/* What is said later counts, in files and on the command line. */
static void
order(void **state)
{
	char text[300];
	char *argv[6];
	char one[64];
	struct config c;
	struct err e;

	(void)state;
	write_file(1, "set timeout = 7\nset mail-lock-check = 2\n");
	write_file(0,
	    naming(text, sizeof text, "set timeout = 6\n", 1,
		"set mail-lock-check = 3\n"));
	fresh(&c, &e);
	assert_int_equal(config_file(&c, path_of(0), IN_FILE, &e), 0);
	assert_int_equal(c.timeout, 7);
	assert_int_equal(c.mail_lock_check, 3);
	assert_int_equal(c.depth, 0);
	config_free(&c);

	strcpy(one, path_of(1));
	argv[0] = one;
	argv[1] = (char *)(uintptr_t) "-T5";
	argv[2] = (char *)(uintptr_t) "-f";
	argv[3] = one;
	fresh(&c, &e);
	assert_int_equal(config_argv(&c, 4, argv, &e), 0);
	assert_int_equal(c.timeout, 7);
	assert_string_equal(c.config_file, one);
	config_free(&c);

	argv[1] = argv[2];
	argv[2] = one;
	argv[3] = (char *)(uintptr_t) "-T5";
	fresh(&c, &e);
	assert_int_equal(config_argv(&c, 4, argv, &e), 0);
	assert_int_equal(c.timeout, 5);
	assert_int_equal(c.mail_lock_check, 2);
	config_free(&c);
}

/* Files 0 to n - 1 name the next one each. */
static int
chain(unsigned n, struct config *c, struct err *e)
{
	char text[300];
	unsigned i;

	for (i = 0; i + 1 < n; i++)
		write_file(i, naming(text, sizeof text, "", i + 1, ""));
	write_file(i, "set timeout = 42\n");
	fresh(c, e);
	return config_file(c, path_of(0), IN_FILE, e);
}

static void
deep(void **state)
{
	struct config c;
	struct err e;

	(void)state;
	CHECK(chain(100, &c, &e) == 0, "%s", e.text);
	assert_int_equal(c.timeout, 42);
	config_free(&c);
	assert_int_equal(chain(102, &c, &e), -1);
	assert_int_equal(e.kind, ERR_CONF);
	assert_non_null(strstr(e.text, "100 deep"));
	assert_int_equal(c.timeout, 120);
	config_free(&c);
}

/* A file that names itself ends, with an error. */
static void
loop(void **state)
{
	char text[300];
	struct config c;
	struct err e;
	int i;

	(void)state;
	write_file(0, naming(text, sizeof text, "", 0, ""));
	fresh(&c, &e);
	assert_int_equal(config_file(&c, path_of(0), IN_FILE, &e), -1);
	assert_non_null(strstr(e.text, "100 deep"));
	config_free(&c);
	/* one after the other is not deep */
	write_file(1, "set timeout = 42\n");
	fresh(&c, &e);
	for (i = 0; i < 120; i++)
		assert_int_equal(config_file(&c, path_of(1), IN_FILE, &e), 0);
	config_free(&c);
}

/* An error in an inner file names that file. */
static void
inner_error(void **state)
{
	char text[300];
	char want[300];
	struct config c;
	struct err e;

	(void)state;
	write_file(0, naming(text, sizeof text, "\n", 1, "foo\n"));
	write_file(1, "\n\nset timeout = x\n");
	fresh(&c, &e);
	assert_int_equal(config_file(&c, path_of(0), IN_FILE, &e), -1);
	snprintf(want, sizeof want,
	    "%s:3: option timeout: needs an integer from 1 to 86400 (x)",
	    path_of(1));
	assert_string_equal(e.text, want);
	config_free(&c);
}

/* What the spool's file names has the spool's restrictions. */
static void
inner_place(void **state)
{
	char text[300];
	struct config c;
	struct err e;

	(void)state;
	write_file(0, naming(text, sizeof text, "", 1, ""));
	write_file(1, "set statistics\n");
	fresh(&c, &e);
	assert_int_equal(config_file(&c, path_of(0), IN_SPOOL, &e), 0);
	assert_true(c.statistics);
	config_free(&c);
	write_file(1, "set spool-dir = /x\n");
	fresh(&c, &e);
	assert_int_equal(config_file(&c, path_of(0), IN_SPOOL, &e), -1);
	assert_non_null(strstr(e.text, "restricted"));
	assert_string_equal(c.spool_dir, "/var/mail");
	config_free(&c);
}

/* Who could write the file could become root. */
static void
others_can_write(void **state)
{
	static const struct {
		mode_t mode;
		int want;
	} row[] = { { 0600, 0 }, { 0644, 0 }, { 0444, 0 }, { 0755, 0 },
		{ 0620, -1 }, { 0602, -1 }, { 0666, -1 }, { 0664, -1 } };
	size_t i;

	(void)state;
	write_file(0, "set timeout = 42\n");
	for (i = 0; i < COUNT(row); i++) {
		struct config c;
		struct err e;
		int rc;

		fresh(&c, &e);
		assert_int_equal(chmod(path_of(0), row[i].mode), 0);
		rc = config_file(&c, path_of(0), IN_FILE, &e);
		CHECK(rc == row[i].want, "mode %o: %d %s",
		    (unsigned)row[i].mode, rc, e.text);
		assert_int_equal(c.timeout, rc == 0 ? 42 : 120);
		if (rc == -1)
			CHECK(e.kind == ERR_CONF &&
				strstr(e.text, path_of(0)) != NULL,
			    "%s", e.text);
		config_free(&c);
	}
	assert_int_equal(chmod(path_of(0), 0600), 0);
}

static void
owner(void **state)
{
	struct config c;
	struct err e;

	(void)state;
	/* only root can give a file away */
	if (geteuid() != 0)
		return;
	write_file(0, "set timeout = 42\n");
	assert_int_equal(chown(path_of(0), 12345, 0), 0);
	fresh(&c, &e);
	assert_int_equal(config_file(&c, path_of(0), IN_FILE, &e), -1);
	assert_int_equal(e.kind, ERR_CONF);
	config_free(&c);
}

static void
no_file(void **state)
{
	struct config c;
	struct err e;

	(void)state;
	fresh(&c, &e);
	unlink(path_of(99));
	assert_int_equal(config_file(&c, path_of(99), IN_FILE, &e), -1);
	assert_int_equal(e.kind, ERR_CONF);
	assert_non_null(strstr(e.text, path_of(99)));
	/* a folder, and a FIFO that nobody writes to, are no files */
	assert_int_equal(config_file(&c, dir, IN_FILE, &e), -1);
	assert_int_equal(mkfifo(path_of(99), 0600), 0);
	assert_int_equal(config_file(&c, path_of(99), IN_FILE, &e), -1);
	unlink(path_of(99));
	config_free(&c);
}

/* The line at fault is the one that names what cannot be opened. */
static void
named_where(void **state)
{
	static const char *const option[] = { "config-file", "tracefile" };
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(option); i++) {
		char text[300];
		char want[300];
		struct config c;
		struct err e;

		snprintf(text, sizeof text, "\nset %s = /nonexistent/x\n",
		    option[i]);
		write_file(0, text);
		fresh(&c, &e);
		assert_int_equal(config_file(&c, path_of(0), IN_FILE, &e), -1);
		assert_int_equal(e.kind, ERR_CONF);
		CHECK(strstr(e.text, "/nonexistent/x") != NULL, "%s", e.text);
		snprintf(want, sizeof want, "%s:2: option %s: ", path_of(0),
		    option[i]);
		CHECK(strncmp(e.text, want, strlen(want)) == 0, "%s", e.text);
		config_free(&c);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(order),
		cmocka_unit_test(deep),
		cmocka_unit_test(loop),
		cmocka_unit_test(inner_error),
		cmocka_unit_test(inner_place),
		cmocka_unit_test(others_can_write),
		cmocka_unit_test(owner),
		cmocka_unit_test(no_file),
		cmocka_unit_test(named_where),
	};

	return cmocka_run_group_tests_name("conffile", tests, setup, teardown);
}
