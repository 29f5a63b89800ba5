/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "userdb.h"

static char dir[] = "/tmp/popper-unit-XXXXXX";
static char path[5][64];
static const char *const name[5] = { "nsswitch", "passwd", "shadow", "group",
	"getent" };
static const struct userdb db = { path[0], path[1], path[2], path[3], path[4] };

static void
put(int i, const char *text, size_t n)
{
	int fd = open(path[i], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700);

	assert_int_not_equal(fd, -1);
	assert_int_equal(write(fd, text, n), n);
	close(fd);
}

static void
puts_to(int i, const char *text)
{
	put(i, text, strlen(text));
}

static int
setup(void **state)
{
	size_t i;

	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	for (i = 0; i < COUNT(name); i++)
		snprintf(path[i], sizeof path[i], "%s/%s", dir, name[i]);
	puts_to(1,
	    "# remark:x:1:1::/r:\n"
	    "joe:x:1000:100:Joe,,,:/home/joe:/bin/sh\n"
	    "\n"
	    "  led:x:7:8::/led:\n"
	    "short:x:7\n"
	    "nouid:x::8::/h:\n"
	    "minus:x:-1:8::/h:\n"
	    "max:x:4294967295:8::/h:\n"
	    "twice:x:y:1::/one:\n"
	    "twice:x:5:1::/two:\n"
	    "+nis:x:1:1::/r:\n"
	    "nohome:x:9:9:::\n"
	    "joes:hash:1:2:g:/joes\n"
	    "one:x:50:51::/h:\n"
	    "two:x:50:52::/h:\n"
	    "last:x:3:4::/last:/bin/sh");
	puts_to(2,
	    "joe:$1$x:19000:0:99999:7:30:20000:\n"
	    "none:$1$y:::::::\n"
	    "minus:$1$z:-1:0:-1:7::-1:\n"
	    "bad:$1$y:x::::::\n"
	    "cut:$1$y:1\n");
	puts_to(3,
	    "mail:x:8:joe,sue\n"
	    "one:x:9:joe\n"
	    "empty:x:10:\n"
	    "like:x:11:joey,xjoe,jo\n"
	    "bad:x:y:joe\n"
	    "cut:x:12\n");
	/* says which database it was asked about, as an entry's home or so */
	puts_to(4,
	    "#!/bin/sh\n"
	    "[ \"$#:$1\" = 3:-- ] || exit 1\n"
	    "[ \"${HOME:-none}\" = none ] || exit 1\n"
	    "case $2:$3 in\n"
	    "passwd:far) echo 'far:*:77:78::/far:/bin/sh' ;;\n"
	    "passwd:joe) echo 'joe:*:1:1::/other:/bin/sh' ;;\n"
	    "passwd:1000) echo 'joe:*:1:1::/other:/bin/sh' ;;\n"
	    "passwd:77) echo 'far:*:77:78::/far:/bin/sh' ;;\n"
	    "passwd:3) echo 'last:*:3:4::/last:/bin/sh' ;;\n"
	    "passwd:broken) exit 3 ;;\n"
	    "passwd:killed) kill -9 $$ ;;\n"
	    "passwd:endless) echo 'endless:*:5:5::/e:/bin/sh'; exec sleep 60 "
	    ";;\n"
	    "shadow:far) echo 'far:$1$f:1:0:99999:7:::' ;;\n"
	    "group:afar) echo 'afar:*:55:sue,far' ;;\n"
	    "*) exit 2 ;;\n"
	    "esac\n");
	return 0;
}

static int
teardown(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(name); i++)
		unlink(path[i]);
	return rmdir(dir);
}

static const struct {
	const char *user;
	int rc;
	uint32_t uid, gid;
	const char *home, *hash;
} user[] = {
	{ "joe", 1, 1000, 100, "/home/joe", "x" },
	{ "led", 1, 7, 8, "/led", "x" },
	{ "twice", 1, 5, 1, "/two", "x" },
	{ "nohome", 1, 9, 9, "", "x" },
	{ "joes", 1, 1, 2, "/joes", "hash" },
	{ "last", 1, 3, 4, "/last", "x" },
	{ "Joe", 0, 0, 0, "", "" },
	{ "jo", 0, 0, 0, "", "" },
	{ "", 0, 0, 0, "", "" },
	{ "joe:x", 0, 0, 0, "", "" },
	{ "# remark", 0, 0, 0, "", "" },
	{ "+nis", 0, 0, 0, "", "" },
	{ "short", 0, 0, 0, "", "" },
	{ "nouid", 0, 0, 0, "", "" },
	{ "minus", 0, 0, 0, "", "" },
	{ "max", 0, 0, 0, "", "" },
	{ "1000", 0, 0, 0, "", "" },
};

static void
users(void **state)
{
	size_t i;

	(void)state;
	puts_to(0, "passwd: files\n");
	for (i = 0; i < COUNT(user); i++) {
		struct userdb_user u;
		struct err e = { .text = "" };
		int rc = userdb_user(&db, user[i].user, &u, &e);

		CHECK(rc == user[i].rc, "%s: %d %s", user[i].user, rc, e.text);
		if (rc != 1)
			continue;
		CHECK(u.uid == user[i].uid && u.gid == user[i].gid, "%s: %u %u",
		    user[i].user, u.uid, u.gid);
		assert_string_equal(u.home, user[i].home);
		assert_string_equal(u.hash, user[i].hash);
	}
}

/* By uid: lines that are none of an account do not count. */
static void
accounts(void **state)
{
	static const struct {
		const char *conf;
		uint32_t uid;
		unsigned count;
		const char *name;
		uint32_t gid;
	} row[] = {
		{ "passwd: files\n", 1000, 1, "joe", 100 },
		{ "passwd: files\n", 1, 1, "joes", 2 },
		{ "passwd: files\n", 7, 1, "led", 8 },
		{ "passwd: files\n", 50, 2, "two", 52 },
		{ "passwd: files\n", 3, 1, "last", 4 },
		{ "passwd: files\n", 77, 0, "", 0 },
		{ "passwd: files ldap\n", 77, 1, "far", 78 },
		{ "passwd: files ldap\n", 3, 1, "last", 4 },
		{ "passwd: files ldap\n", 4000, 0, "", 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(row); i++) {
		struct userdb_account a;
		struct err e = { .text = "" };

		puts_to(0, row[i].conf);
		CHECK(userdb_account(&db, row[i].uid, &a, &e) == 0,
		    "row %zu: %s", i, e.text);
		CHECK(a.count == row[i].count && a.gid == row[i].gid &&
			strcmp(a.name, row[i].name) == 0,
		    "row %zu: %u %s %u", i, a.count, a.name, a.gid);
	}
}

static void
shadows(void **state)
{
	static const struct {
		const char *user;
		int rc;
		long changed, max, expire;
	} row[] = {
		{ "joe", 1, 19000, 99999, 20000 },
		{ "none", 1, -1, -1, -1 },
		{ "minus", 1, -1, -1, -1 },
		{ "bad", 0, 0, 0, 0 },
		{ "cut", 0, 0, 0, 0 },
		{ "sue", 0, 0, 0, 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(row); i++) {
		struct userdb_shadow s;
		struct err e = { .text = "" };
		int rc = userdb_shadow(&db, row[i].user, &s, &e);

		CHECK(rc == row[i].rc, "%s: %d %s", row[i].user, rc, e.text);
		CHECK(rc != 1 ||
			(s.changed == row[i].changed && s.max == row[i].max &&
			    s.expire == row[i].expire),
		    "%s: %ld %ld %ld", row[i].user, s.changed, s.max, s.expire);
	}
}

static void
groups(void **state)
{
	static const struct {
		const char *group;
		int rc;
		uint32_t gid;
		bool lists;
	} row[] = {
		{ "mail", 1, 8, true },
		{ "one", 1, 9, true },
		{ "empty", 1, 10, false },
		{ "like", 1, 11, false },
		{ "bad", 0, 0, false },
		{ "cut", 0, 0, false },
		{ "wheel", 0, 0, false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(row); i++) {
		struct userdb_group g;
		struct err e = { .text = "" };
		int rc = userdb_group(&db, row[i].group, "joe", &g, &e);

		CHECK(rc == row[i].rc, "%s: %d %s", row[i].group, rc, e.text);
		CHECK(
		    rc != 1 || (g.gid == row[i].gid && g.lists == row[i].lists),
		    "%s: %u %d", row[i].group, g.gid, g.lists);
	}
}

/* Which service is asked: the file's joe is 1000, getent's is 1. */
static void
services(void **state)
{
	static const struct {
		const char *conf, *user;
		int rc;
		uint32_t uid;
	} row[] = {
		{ "", "joe", 1, 1000 },
		{ "", "far", 0, 0 },
		{ "group: ldap\n", "joe", 1, 1000 },
		{ "passwd: files", "far", 0, 0 },
		{ "passwd:files systemd\n", "joe", 1, 1000 },
		{ " passwd :\tfiles\tsystemd\n", "far", 1, 77 },
		{ "passwd: files # ldap\n", "far", 0, 0 },
		{ "passwd: files [NOTFOUND=return] ldap\n", "far", 0, 0 },
		{ "passwd: files [NOTFOUND=return] ldap\n", "joe", 1, 1000 },
		{ "passwd: files [SUCCESS=merge] ldap\n", "joe", 1, 1 },
		{ "passwd: filesystem\n", "joe", 1, 1 },
		{ "passwd: sss files\n", "joe", 1, 1 },
		{ "passwd: compat\n", "joe", 1, 1 },
		{ "passwd:\n", "joe", 1, 1 },
		{ "#passwd: sss\n", "joe", 1, 1000 },
		{ "passwd: sss\n", "nobody", 0, 0 },
		/* getent takes a number for a uid */
		{ "passwd: sss\n", "1000", 0, 0 },
		{ "passwd: sss\n", "broken", -1, 0 },
		{ "passwd: sss\n", "killed", -1, 0 },
		{ "passwd: sss\n", "endless", 1, 5 },
		{ "passwd: sss\n", "-s", 0, 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(row); i++) {
		struct userdb_user u = { .uid = 0 };
		struct err e = { .text = "" };
		int rc;

		puts_to(0, row[i].conf);
		rc = userdb_user(&db, row[i].user, &u, &e);
		CHECK(rc == row[i].rc && (rc != 1 || u.uid == row[i].uid),
		    "row %zu: %d %u %s", i, rc, u.uid, e.text);
		CHECK(rc != -1 ||
			(e.kind == ERR_TEMP &&
			    strstr(e.text, row[i].user) != NULL),
		    "row %zu: %s", i, e.text);
	}
}

static void
far(void **state)
{
	struct userdb_user u;
	struct userdb_shadow s;
	struct userdb_group g;
	struct err e;
	int shadow;

	(void)state;
	puts_to(0, "shadow: files ldap\ngroup: ldap\n");
	assert_int_equal(userdb_shadow(&db, "far", &s, &e), 1);
	assert_string_equal(s.hash, "$1$f");
	puts_to(0, "passwd: ldap\nshadow: files ldap\n");
	assert_int_equal(userdb_login(&db, "far", &u, &s, &shadow, &e), 1);
	assert_true(u.uid == 77 && shadow == 1);
	assert_string_equal(s.hash, "$1$f");
	puts_to(0, "passwd: ldap\nshadow: files\n");
	assert_int_equal(userdb_login(&db, "far", &u, &s, &shadow, &e), 1);
	assert_true(u.uid == 77 && shadow == 0);
	assert_int_equal(userdb_login(&db, "no", &u, &s, &shadow, &e), 0);
	puts_to(0, "group: ldap\n");
	assert_int_equal(userdb_group(&db, "afar", "far", &g, &e), 1);
	assert_true(g.lists && g.gid == 55);
}

/* Lines about as long as what is read at once, and longer, are whole. */
static void
long_lines(void **state)
{
	static char text[300000];
	static const size_t pad[] = { 8150, 8180, 8190, 8191, 8192, 8193, 8200,
		16384, 32767, 200000 };
	struct userdb_group g;
	struct err e;
	size_t i;

	(void)state;
	puts_to(0, "");
	for (i = 0; i < COUNT(pad); i++) {
		size_t n = (size_t)snprintf(text, sizeof text, "a:x:1:");

		memset(text + n, 'm', pad[i]);
		n += pad[i];
		n += (size_t)snprintf(
		    text + n, sizeof text - n, ",joe,sue\nb:x:2:joe\n");
		put(3, text, n);
		assert_int_equal(userdb_group(&db, "a", "joe", &g, &e), 1);
		CHECK(g.lists && g.gid == 1, "%zu", pad[i]);
		assert_int_equal(userdb_group(&db, "a", "mm", &g, &e), 1);
		CHECK(!g.lists, "%zu", pad[i]);
		assert_int_equal(userdb_group(&db, "b", "joe", &g, &e), 1);
		CHECK(g.lists && g.gid == 2, "%zu", pad[i]);
	}
}

static void
broken(void **state)
{
	static char text[1000];
	struct userdb none = db;
	struct userdb_user u;
	struct err e;

	(void)state;
	puts_to(0, "passwd: files\n");
	none.passwd = "/nowhere/passwd";
	assert_int_equal(userdb_user(&none, "joe", &u, &e), 0);
	none.passwd = dir;
	assert_int_equal(userdb_user(&none, "joe", &u, &e), -1);
	puts_to(0, "passwd: ldap\n");
	none.getent = "/nowhere/getent";
	assert_int_equal(userdb_user(&none, "joe", &u, &e), -1);
	assert_int_equal(e.kind, ERR_TEMP);
	/* a field that does not fit is told, not cut */
	puts_to(0, "passwd: files\n");
	snprintf(text, sizeof text, "joe:x:1:1::/%0300d:/bin/sh\n", 1);
	puts_to(1, text);
	assert_int_equal(userdb_user(&db, "joe", &u, &e), -1);
	assert_int_equal(e.kind, ERR_PERM);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(users),
		cmocka_unit_test(accounts),
		cmocka_unit_test(shadows),
		cmocka_unit_test(groups),
		cmocka_unit_test(services),
		cmocka_unit_test(far),
		cmocka_unit_test(long_lines),
		cmocka_unit_test(broken),
	};

	setenv("HOME", "/", 1);
	return cmocka_run_group_tests_name("userdb", tests, setup, teardown);
}
