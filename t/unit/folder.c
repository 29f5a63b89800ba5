/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "folder.h"

#define FOREIGN 1879000299
#define RACERS 12

static char top[] = "/tmp/popper-unit-XXXXXX";

static void
hashed(void **state)
{
	static const struct {
		unsigned method;
		const char *user, *want;
	} row[] = {
		{ 0, "maida", "" },
		{ 1, "maida", "o" },
		/* no more than five count */
		{ 1, "maidax", "o" },
		{ 1, "maid", "v" },
		{ 1, "a", "t" },
		{ 1, "x", "q" },
		{ 1, "h", "a" },
		{ 1, "g", "z" },
		{ 1, "zzzzz", "m" },
		{ 1, "0", "w" },
		{ 2, "maida", "ma" },
		{ 2, "ma", "ma" },
		{ 2, "x", "xx" },
		{ 2, "Maida", "Ma" },
		{ 2, "a.b", "a." },
		{ 2, "_-", "_-" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(row); i++) {
		char got[FOLDER_HASH_MAX + 1] = "";
		int n = folder_hashed(row[i].method, row[i].user, got);

		CHECK(n == (int)strlen(row[i].want) &&
			strcmp(got, row[i].want) == 0,
		    "method %u, %s: %d %s", row[i].method, row[i].user, n, got);
	}
}

static const char *
below(const char *name)
{
	static char path[100];

	snprintf(path, sizeof path, "%s/%s", top, name);
	return path;
}

static struct folder
open_top(mode_t mode)
{
	struct folder f;
	struct err e;

	assert_int_equal(chmod(top, mode), 0);
	assert_int_equal(folder_open(&f, top, "spool-dir", &e), 0);
	return f;
}

static int
setup(void **state)
{
	(void)state;
	return mkdtemp(top) != NULL ? 0 : -1;
}

static int
teardown(void **state)
{
	char cmd[100];

	(void)state;
	snprintf(cmd, sizeof cmd, "rm -rf %s", top);
	/* NOLINTNEXTLINE(cert-env33-c) */
	return system(cmd);
}

/* What is made has owner, group and mode of what is above it. */
static void
made(void **state)
{
	static const mode_t mode[] = { 02775, 01777, 0755, 03770 };
	size_t i;

	(void)state;
	umask(077);
	if (geteuid() == 0)
		assert_int_equal(chown(top, 1879000202, 1879000203), 0);
	for (i = 0; i < COUNT(mode); i++) {
		struct folder f = open_top(mode[i]);
		char user[3] = { (char)('a' + i), 'x', '\0' };
		struct stat up;
		struct stat st;
		struct err e;

		assert_int_equal(fstat(f.fd, &up), 0);
		CHECK(folder_hash(&f, 2, user, true, &e) == 0, "%s", e.text);
		assert_int_equal(fstat(f.fd, &st), 0);
		CHECK(st.st_uid == up.st_uid && st.st_gid == up.st_gid &&
			st.st_mode == up.st_mode,
		    "mode %o is %o", mode[i], st.st_mode);
		assert_int_equal(stat(f.path, &up), 0);
		assert_int_equal(st.st_ino, up.st_ino);
		folder_close(&f);
	}
	if (geteuid() == 0)
		assert_int_equal(chown(top, 0, 0), 0);
}

/* e tells the path, and all that is needed to mend it. */
static void
refused(const char *user, bool make, const char *const want[4])
{
	struct folder f = open_top(0755);
	struct err e;
	int i;

	assert_int_equal(folder_hash(&f, 2, user, make, &e), -1);
	for (i = 0; i < 4; i++)
		CHECK(want[i] == NULL || strstr(e.text, want[i]) != NULL,
		    "no %s in: %s", want[i], e.text);
	assert_int_equal(e.kind, ERR_PERM);
	assert_true(strlen(e.text) < 380);
	folder_close(&f);
}

static void
not_made(void **state)
{
	static const char *const missing[] = { "/m is missing",
		"check-hash-dir is off", "mode 0755", "make it" };
	static const char *const link_there[] = { "/l ", "is a symbolic link",
		"mode 0777", "move it away" };
	static const char *const file[] = { "/f ", "is no folder", "mode 0600",
		"move it away" };
	static const char *const foreign[] = { "/u ", "owner 1879000299",
		"mode 0711", "anybody may have made it" };

	(void)state;
	refused("m", false, missing);
	assert_int_equal(access(below("m"), F_OK), -1);
	assert_int_equal(symlink("/tmp", below("l")), 0);
	refused("l", true, link_there);
	assert_int_equal(close(open(below("f"), O_CREAT | O_WRONLY, 0600)), 0);
	refused("f", true, file);
	if (geteuid() != 0)
		return;
	assert_int_equal(mkdir(below("u"), 0700), 0);
	assert_int_equal(chmod(below("u"), 0711), 0);
	assert_int_equal(chown(below("u"), FOREIGN, 0), 0);
	refused("u", true, foreign);
}

/* A folder that a process with our pid began is no hindrance. */
static void
begun(void **state)
{
	struct folder f = open_top(0755);
	struct err e;
	char name[40];

	(void)state;
	snprintf(name, sizeof name, ".p.%ld.hash", (long)getpid());
	assert_int_equal(mkdir(below(name), 0700), 0);
	CHECK(folder_hash(&f, 2, "pq", true, &e) == 0, "%s", e.text);
	assert_int_equal(access(below(name), F_OK), -1);
	folder_close(&f);
}

/* Many at once make one folder, and each has it with its mode. */
static void
race(void **state)
{
	int gate[2];
	int i;
	int bad = 0;
	char byte;

	(void)state;
	folder_close(&(struct folder){ open_top(02775).fd, "" });
	assert_int_equal(pipe(gate), 0);
	for (i = 0; i < RACERS; i++) {
		struct folder f;
		struct stat st;
		struct err e;

		if (fork() != 0)
			continue;
		close(gate[1]);
		if (read(gate[0], &byte, 1) == 0 &&
		    folder_open(&f, top, "spool-dir", &e) == 0 &&
		    folder_hash(&f, 2, "race", true, &e) == 0 &&
		    fstat(f.fd, &st) == 0 && (st.st_mode & 07777) == 02775 &&
		    st.st_nlink > 0)
			_exit(0);
		_exit(1);
	}
	close(gate[0]);
	close(gate[1]);
	for (i = 0; i < RACERS; i++) {
		int st;

		assert_int_not_equal(wait(&st), -1);
		bad += st != 0;
	}
	assert_int_equal(bad, 0);
	assert_int_equal(access(below("r/a"), F_OK), 0);
}

static void
not_opened(void **state)
{
	struct folder f;
	struct err e;

	(void)state;
	assert_int_equal(chmod(top, 0755), 0);
	assert_int_equal(
	    folder_open(&f, below("no/where"), "temp-dir", &e), -1);
	assert_int_equal(e.sys, ENOENT);
	CHECK(strstr(e.text, "/no/where: ") != NULL &&
		strstr(e.text, "mode 0755: make it, or change temp-dir"),
	    "%s", e.text);
	assert_int_equal(f.fd, -1);
	folder_close(&f);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(hashed),
		cmocka_unit_test(made),
		cmocka_unit_test(not_made),
		cmocka_unit_test(begun),
		cmocka_unit_test(race),
		cmocka_unit_test(not_opened),
	};

	return cmocka_run_group_tests_name("folder", tests, setup, teardown);
}
