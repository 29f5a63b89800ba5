/* SPDX-License-Identifier: MIT */
/* The source of the secrets: what is taken, what a change leaves alone. */
#include "unit.h"

#include <cdb.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "secrets.h"

#define KEY "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
#define V "4096:W22ZaJ0SNY7soEsUEjb6gQ==$" KEY ":" KEY
#define SALT "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static struct secrets
source(const char *text)
{
	return (struct secrets){ "here", text, strlen(text), false };
}

static void
test_change(void **state)
{
	static const struct {
		const char *was, *secret, *is;
	} c[] = {
		{ "", "x", "joe:{apop}x\njoe:{scram-sha-256}" V "\n" },
		{ "", NULL, "" },
		{ "# no end", "x",
		    "# no end\njoe:{apop}x\njoe:{scram-sha-256}" V "\n" },
		{ "# no end", NULL, "# no end" },
		{ "sue:{apop}a\n \t# \xff\n\njoe:{apop}old\njoe:{crypt}"
		  "1234567890123\njoey:{apop} z ",
		    " y ",
		    "sue:{apop}a\n \t# \xff\n\njoe:{apop} y \n"
		    "joe:{scram-sha-256}" V "\njoe:{crypt}1234567890123\n"
		    "joey:{apop} z " },
		{ "joe:{scram-sha-256}" V "\nsue:{apop}a\n", "x",
		    "joe:{apop}x\njoe:{scram-sha-256}" V "\nsue:{apop}a\n" },
		{ "joe:{scram-sha-256}" V "\nsue:{apop}a\njoe:{apop}o", "x",
		    "joe:{scram-sha-256}" V "\nsue:{apop}a\njoe:{apop}x\n" },
		{ "joe:{crypt}1234567890123\njoe:{apop}o\nsue:{apop}a", NULL,
		    "joe:{crypt}1234567890123\nsue:{apop}a" },
	};
	char got[SECRETS_ROOM(1000)];
	struct err e;
	size_t i;
	size_t n;

	(void)state;
	for (i = 0; i < COUNT(c); i++) {
		const struct secrets s = source(c[i].was);

		CHECK(
		    secrets_change(&s, "joe", c[i].secret, V, got, &n, &e) == 0,
		    "case %zu: %s", i, e.text);
		CHECK(n == strlen(c[i].is) && memcmp(got, c[i].is, n) == 0,
		    "case %zu: %.*s", i, (int)n, got);
	}
}

/* The longest lines fit. */
static void
test_room(void **state)
{
	char secret[256];
	char name[64];
	char got[SECRETS_ROOM(1)];
	const struct secrets s = source("#");
	struct err e;
	size_t n;

	(void)state;
	memset(secret, 'x', sizeof secret);
	secret[255] = '\0';
	memset(name, 'n', sizeof name);
	name[63] = '\0';
	assert_int_equal(secrets_change(&s, name, secret, V, got, &n, &e), 0);
	assert_true(n < sizeof got);
}

static void
test_is(void **state)
{
	const struct secrets s = source(
	    "a:{apop}pen\na:{scram-sha-256}" V "\nc:{crypt}1234567890123");
	struct secrets_entry entry;
	struct err e;

	(void)state;
	assert_int_equal(secrets_find(&s, "a", &entry, &e), 0);
	assert_true(entry.apop && entry.scram && !entry.crypt);
	assert_string_equal(entry.secret, "pen");
	assert_string_equal(entry.verifier, V);
	assert_true(secrets_is(&entry, "pen"));
	assert_false(secrets_is(&entry, "pe"));
	assert_false(secrets_is(&entry, "peN"));
	assert_false(secrets_is(&entry, ""));
	assert_int_equal(secrets_find(&s, "c", &entry, &e), 0);
	assert_true(!entry.apop && !entry.scram && entry.crypt);
	assert_false(secrets_is(&entry, "1234567890123"));
	/* RFC 7677's example */
	entry = (struct secrets_entry){ .scram = true,
		.verifier = "4096:W22ZaJ0SNY7soEsUEjb6gQ==$"
			    "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:"
			    "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=" };
	assert_true(secrets_is(&entry, "pencil"));
	assert_false(secrets_is(&entry, "pencils"));
}

static void
test_wrong(void **state)
{
	static const struct {
		const char *text;
		int line;
	} c[] = {
		{ "joe", 1 },
		{ "\n#\njoe:secret\n", 3 },
		{ "joe:{apop}\n", 1 },
		{ "joe:{md5}x\n", 1 },
		{ "joe:{apop\n", 1 },
		{ ":{apop}x\n", 1 },
		{ ".joe:{apop}x\n", 1 },
		{ "joe:{apop}x\r\n", 1 },
		{ "joe:{apop}\xe4\n", 1 },
		{ "joe:{crypt}short\n", 1 },
		{ "joe:{scram-sha-256}x\n", 1 },
		{ "a:{apop}x\nb:{apop}x\na:{apop}y\nb:{apop}y\n", 3 },
	};
	char longest[1100];
	char want[32];
	struct secrets s = source("joe:{crypt}1234567890123\n");
	struct secrets_entry entry;
	struct err e;
	size_t i;
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

	(void)state;
	for (i = 0; i < COUNT(c); i++) {
		const struct secrets bad = source(c[i].text);

		snprintf(want, sizeof want, "here:%d: ", c[i].line);
		CHECK(secrets_build(&bad, fd, SALT, &e) == -1 &&
			e.kind == ERR_CONF,
		    "case %zu", i);
		CHECK(strncmp(e.text, want, strlen(want)) == 0, "case %zu: %s",
		    i, e.text);
	}
	assert_int_equal(secrets_find(&s, "joe", &entry, &e), 0);
	s.pop = true;
	assert_int_equal(secrets_find(&s, "joe", &entry, &e), -1);
	memset(longest, '#', sizeof longest);
	longest[1000] = '\0';
	s = source(longest);
	assert_int_equal(secrets_find(&s, "joe", &entry, &e), 0);
	longest[1000] = '#';
	s.n++;
	assert_int_equal(secrets_find(&s, "joe", &entry, &e), -1);
	close(fd);
}

static void
check_record(struct cdb *c, const char *key, const char *want)
{
	size_t n = strlen(want);
	char got[200];

	CHECK(cdb_find(c, key, (unsigned)strlen(key)) == 1, "%s", key);
	CHECK(cdb_datalen(c) == n && cdb_readdata(c, got) == 0 &&
		memcmp(got, want, n) == 0,
	    "%s", key);
}

static void
test_build(void **state)
{
	static const char *const mechanisms[][2] = {
		{ "", "" },
		{ "a:{crypt}1234567890123\n", "" },
		{ "a:{apop}x\n", "apop" },
		{ "a:{scram-sha-256}" V "\n", "scram" },
		{ "a:{scram-sha-256}" V "\nb:{apop} y ", "apop scram" },
	};
	char file[] = "/tmp/popper-unit-XXXXXX";
	struct err e;
	struct cdb c;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(mechanisms); i++) {
		const struct secrets s = source(mechanisms[i][0]);
		int fd = mkstemp(file);

		assert_int_not_equal(fd, -1);
		unlink(file);
		memcpy(file + sizeof file - 7, "XXXXXX", 6);
		assert_int_equal(secrets_build(&s, fd, SALT, &e), 0);
		assert_int_equal(cdb_init(&c, fd), 0);
		check_record(&c, "k", SALT);
		check_record(&c, "m", mechanisms[i][1]);
		if (i == 4) {
			check_record(&c, "sa", V);
			check_record(&c, "ab", " y ");
		}
		cdb_free(&c);
		close(fd);
	}
	assert_true(secrets_salt_ok(SALT, 64));
	assert_false(secrets_salt_ok(SALT, 63));
	assert_false(secrets_salt_ok("g" SALT, 64));
}

static void
test_unfit(void **state)
{
	char longest[257];

	(void)state;
	memset(longest, '~', sizeof longest);
	longest[256] = '\0';
	assert_non_null(secrets_unfit(longest));
	longest[255] = '\0';
	assert_null(secrets_unfit(longest));
	assert_null(secrets_unfit(" a:b{c} "));
	assert_non_null(secrets_unfit(""));
	assert_non_null(secrets_unfit("a\tb"));
	assert_non_null(secrets_unfit("a\177"));
	assert_non_null(secrets_unfit("\xc3\xa4"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_change),
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_is),
		cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_build),
		cmocka_unit_test(test_unfit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
