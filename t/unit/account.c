/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <cdb.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "account.h"
#include "cdbx.h"

#define TEN "0123456789"
#define DIR_51 "/" TEN TEN TEN TEN TEN
#define LONG_255 DIR_51 DIR_51 DIR_51 DIR_51 DIR_51

static char dir[] = "/tmp/popper-unit-XXXXXX";
static char users[64], secrets[64];

static const struct {
	const char *user, *rec;
	int rc;
	uid_t uid;
	gid_t gid;
	const char *home, *maildrop;
} row[] = {
	{ "joe", "1000:1001:/home/joe", 1, 1000, 1001, "/home/joe", "" },
	{ "sue", "1:2:/h:/var/mail/s", 1, 1, 2, "/h", "/var/mail/s" },
	{ "max", "4294967294:0:/", 1, 4294967294, 0, "/", "" },
	{ "long", "5:6:" LONG_255, 1, 5, 6, LONG_255, "" },
	{ "longdrop", "5:6:/:" LONG_255, 1, 5, 6, "/", LONG_255 },
	{ "longer", "5:6:/" LONG_255, -1, 0, 0, "", "" },
	{ "longerdrop", "5:6:/:/" LONG_255, -1, 0, 0, "", "" },
	{ "nohome", "5:6", -1, 0, 0, "", "" },
	{ "nogid", "5", -1, 0, 0, "", "" },
	{ "empty", "", -1, 0, 0, "", "" },
	{ "emptyuid", ":6:/", -1, 0, 0, "", "" },
	{ "emptygid", "5::/", -1, 0, 0, "", "" },
	{ "minus", "-5:6:/", -1, 0, 0, "", "" },
	{ "plus", "5:+6:/", -1, 0, 0, "", "" },
	{ "blank", " 5:6:/", -1, 0, 0, "", "" },
	{ "hex", "0x5:6:/", -1, 0, 0, "", "" },
	{ "wrap", "4294967296:6:/", -1, 0, 0, "", "" },
	{ "wrapgid", "5:4294967296:/", -1, 0, 0, "", "" },
	{ "name", "joe:6:/", -1, 0, 0, "", "" },
};

static void
put(struct cdb_make *m, char type, const char *name, const char *value)
{
	char key[80];
	int n = snprintf(key, sizeof key, "%c%s", type, name);

	assert_true(n > 0);
	assert_int_equal(
	    cdb_make_add(m, key, (unsigned)n, value, (unsigned)strlen(value)),
	    0);
}

static int
create(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_int_not_equal(fd, -1);
	return fd;
}

static int
setup(void **state)
{
	struct cdb_make m;
	size_t i;
	int fd;

	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(users, sizeof users, "%s/users.cdb", dir);
	snprintf(secrets, sizeof secrets, "%s/secrets.cdb", dir);
	fd = create(users);
	cdb_make_start(&m, fd);
	for (i = 0; i < COUNT(row); i++)
		put(&m, 'u', row[i].user, row[i].rec);
	put(&m, 'x', "other", "1:2:/");
	cdb_make_finish(&m);
	close(fd);
	fd = create(secrets);
	cdb_make_start(&m, fd);
	put(&m, 'c', "joe", "$6$salt$hash");
	put(&m, 'a', "sue", "apop secret");
	cdb_make_finish(&m);
	close(fd);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	unlink(users);
	unlink(secrets);
	return rmdir(dir);
}

static int
find(const char *user, struct account *a, struct err *e)
{
	const struct auth_cfg cfg = { .dir = dir };
	struct records r;

	if (records_get(&cfg, user, &r, e) == -1)
		return -1;
	assert_string_equal(
	    r.crypt, strcmp(user, "joe") == 0 ? "$6$salt$hash" : "");
	assert_string_equal(
	    r.apop, strcmp(user, "sue") == 0 ? "apop secret" : "");
	return account_virtual(&r, user, a, e);
}

static void
records(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(row); i++) {
		struct account a;
		struct err e = { .text = "" };
		int rc;

		memset(&a, 0, sizeof a);
		rc = find(row[i].user, &a, &e);
		CHECK(rc == row[i].rc, "%s: %d %s", row[i].user, rc, e.text);
		if (rc == -1) {
			/* somebody has to mend the record: which, and where */
			CHECK(e.kind == ERR_PERM &&
				strstr(e.text, "users.cdb") != NULL &&
				strstr(e.text, row[i].user) != NULL,
			    "%s: %s", row[i].user, e.text);
			continue;
		}
		CHECK(a.uid == row[i].uid && a.gid == row[i].gid, "%s: %ju %ju",
		    row[i].user, (uintmax_t)a.uid, (uintmax_t)a.gid);
		assert_string_equal(a.home, row[i].home);
		assert_string_equal(a.maildrop, row[i].maildrop);
	}
}

static void
nobody(void **state)
{
	static const char *const name[] = { "nobody", "", "jo", "joee", "Joe",
		"other", "ujoe" };
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(name); i++) {
		struct account a;
		struct err e;

		memset(&a, 0, sizeof a);
		CHECK(find(name[i], &a, &e) == 0, "\"%s\"", name[i]);
	}
}

static void
lookup(void **state)
{
	char dst[13];
	char huge[400];
	struct err e;

	(void)state;
	memset(huge, 'x', sizeof huge - 1);
	huge[sizeof huge - 1] = '\0';
	assert_int_equal(cdbx_get(secrets, 'c', "joe", dst, sizeof dst, &e), 1);
	assert_string_equal(dst, "$6$salt$hash");
	/* the NUL has to fit, too */
	assert_int_equal(
	    cdbx_get(secrets, 'c', "joe", dst, sizeof dst - 1, &e), -1);
	assert_int_equal(e.kind, ERR_PERM);
	assert_int_equal(cdbx_get(secrets, 'a', "joe", dst, sizeof dst, &e), 0);
	assert_int_equal(cdbx_get(secrets, 'a', huge, dst, sizeof dst, &e), 0);
	assert_int_equal(
	    cdbx_get("/nonexistent/x.cdb", 'a', "joe", dst, sizeof dst, &e), 0);
}

/* Whatever part of a CDB is there: no crash, and no record made up. */
static void
cut_off(void **state)
{
	char whole[8192];
	char path[80];
	int fd = open(secrets, O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, whole, sizeof whole);
	ssize_t i;

	(void)state;
	close(fd);
	assert_true(n > 2048 && (size_t)n < sizeof whole);
	snprintf(path, sizeof path, "%s/cut.cdb", dir);
	for (i = 0; i < n; i += i < 2040 ? 97 : 1) {
		char dst[40] = "";
		struct err e = { .text = "" };
		int rc;

		fd = create(path);
		assert_int_equal(write(fd, whole, (size_t)i), i);
		close(fd);
		rc = cdbx_get(path, 'c', "joe", dst, sizeof dst, &e);
		CHECK(rc != 1 || strcmp(dst, "$6$salt$hash") == 0,
		    "%zd octets: %s", i, dst);
		if (i < 2048)
			CHECK(rc == -1 && strstr(e.text, path) != NULL,
			    "%zd octets: %d %s", i, rc, e.text);
	}
	unlink(path);
}

static void
others_can_write(void **state)
{
	char dst[40];
	struct err e;

	(void)state;
	assert_int_equal(chmod(secrets, 0620), 0);
	assert_int_equal(
	    cdbx_get(secrets, 'c', "joe", dst, sizeof dst, &e), -1);
	assert_int_equal(e.kind, ERR_PERM);
	assert_non_null(strstr(e.text, secrets));
	assert_int_equal(chmod(secrets, 0602), 0);
	assert_int_equal(
	    cdbx_get(secrets, 'c', "joe", dst, sizeof dst, &e), -1);
	assert_int_equal(chmod(secrets, 0644), 0);
	assert_int_equal(cdbx_get(secrets, 'c', "joe", dst, sizeof dst, &e), 1);
	/* a folder is no CDB */
	assert_int_equal(cdbx_get(dir, 'c', "joe", dst, sizeof dst, &e), -1);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(records),
		cmocka_unit_test(nobody),
		cmocka_unit_test(lookup),
		cmocka_unit_test(cut_off),
		cmocka_unit_test(others_can_write),
	};

	return cmocka_run_group_tests_name("account", tests, setup, teardown);
}
