/* SPDX-License-Identifier: MIT */
/*
 * Identities of a folder, and which one a name gets.  Forms of keys and faults
 * of files are in t/e2e/tls-check.t.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "identity.h"
#include "unit.h"

/* Certificates are not decoded, so this can be one. */
#define CERTIFICATE \
	"-----BEGIN CERTIFICATE-----\n" \
	"Zm9vYmFy\n" \
	"-----END CERTIFICATE-----\n"

static const char key[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgBiMKbxfBJID/7Dhz\n"
    "ZnSqRrvrqPI5eQGSbOvvxqZi9XGhRANCAATrw62mAhNqzbq1ucr1T3d3i3FJBdu8\n"
    "81WDj674vEPGucmsmQUx0IZfH84nNtIVDhE+CLoe9PIVmKAYEEnpWpy8\n"
    "-----END PRIVATE KEY-----\n";

static char dir[] = "/tmp/popper-identity.XXXXXX";

static const char *
path(const char *name)
{
	static char p[400];

	snprintf(p, sizeof p, "%s/%s", dir, name);
	return p;
}

static void
spew(const char *name, const char *a, const char *b)
{
	FILE *f = fopen(path(name), "w");

	assert_non_null(f);
	fchmod(fileno(f), 0600);
	fprintf(f, "%s%s", a, b);
	assert_int_equal(fclose(f), 0);
}

static int
set_up(void **state)
{
	(void)state;
	return mkdtemp(dir) == NULL;
}

static void
check_named(const struct identities *all, const char *name, const char *want)
{
	const struct identity *id = identity_find(all, name);

	CHECK(want == NULL ? id == &all->one[0] && id->name == NULL
			   : id->name != NULL && strcmp(id->name, want) == 0,
	    "%s: %s", name != NULL ? name : "(no name)",
	    id->name != NULL ? id->name : "the default");
}

static void
test_folder(void **state)
{
	static struct identities all;
	char name[300];
	struct err e;

	(void)state;
	spew("default", CERTIFICATE, key);
	mkdir(path("d"), 0700);
	mkdir(path("d/Two.Example"), 0700);
	mkdir(path("d/neither.example"), 0700);
	spew("d/one.example.pem", key, CERTIFICATE CERTIFICATE);
	spew("d/Two.Example/fullchain.pem", CERTIFICATE, "");
	spew("d/Two.Example/privkey.pem", key, "");
	spew("d/_.example.org.pem", CERTIFICATE, key);
	spew("d/mail.example.org.pem", CERTIFICATE, key);
	/* passed over */
	spew("d/README", "", "");
	spew("d/.hidden.pem", "", "");
	spew("d/.pem", "", "");
	spew("d/with blank.pem", "", "");
	spew("d/one.example.pem~", "", "");
	spew("d/-k.pem", "", "");
	assert_int_equal(
	    identity_load(&all.one[0], path("default"), NULL, &e), 0);
	all.count = 1;
	if (identity_load_dir(&all, path("d"), NULL, NULL, &e) == -1)
		fail_msg("%s", e.text);
	assert_int_equal(all.count, 5);
	assert_int_equal(identity_find(&all, "one.example")->chain_len, 2);
	assert_memory_equal(
	    identity_find(&all, "one.example")->chain[1].data, "foobar", 6);
	check_named(&all, NULL, NULL);
	check_named(&all, "", NULL);
	check_named(&all, "one.example", "one.example");
	check_named(&all, "ONE.example", "one.example");
	check_named(&all, "two.example", "two.example");
	check_named(&all, "one.example.", NULL);
	check_named(&all, "one", NULL);
	check_named(&all, "mail.example.org", "mail.example.org");
	check_named(&all, "x.example.org", "_.example.org");
	check_named(&all, "X.EXAMPLE.ORG", "_.example.org");
	check_named(&all, "x.y.example.org", NULL);
	check_named(&all, "example.org", NULL);
	check_named(&all, ".example.org", NULL);
	check_named(&all, ".", NULL);
	memset(name, 'x', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	name[5] = '.';
	check_named(&all, name, NULL);
	identity_free(&all);
	assert_int_equal(all.count, 0);
}

static void
count(void *ctx, const struct err *wrong)
{
	size_t *n = ctx;

	assert_int_not_equal(wrong->kind, ERR_NONE);
	(*n)++;
}

static void
test_wrong(void **state)
{
	static struct identities all;
	struct err e;
	size_t n = 0;

	(void)state;
	mkdir(path("w"), 0700);
	assert_int_equal(
	    identity_load_dir(&all, path("none"), NULL, NULL, &e), -1);
	spew("w/a.example.pem", CERTIFICATE, "");
	spew("w/b.example.pem", key, "");
	spew("w/c.example.pem", key, CERTIFICATE);
	assert_int_equal(
	    identity_load_dir(&all, path("w"), NULL, NULL, &e), -1);
	identity_free(&all);
	assert_int_equal(identity_load_dir(&all, path("w"), count, &n, &e), 0);
	assert_int_equal(n, 2);
	assert_int_equal(all.count, 1);
	identity_free(&all);
}

static void
test_bound(void **state)
{
	static struct identities all;
	char name[40];
	struct err e;
	int i;

	(void)state;
	mkdir(path("many"), 0700);
	for (i = 0; i < IDENTITIES_MAX; i++) {
		snprintf(name, sizeof name, "many/h%d.example.pem", i);
		spew(name, key, CERTIFICATE);
	}
	assert_int_equal(
	    identity_load_dir(&all, path("many"), NULL, NULL, &e), 0);
	assert_int_equal(all.count, IDENTITIES_MAX);
	identity_free(&all);
	spew("many/more.example.pem", key, CERTIFICATE);
	assert_int_equal(
	    identity_load_dir(&all, path("many"), NULL, NULL, &e), -1);
	assert_non_null(strstr(e.text, "more than"));
	identity_free(&all);
}

static int
tear_down(void **state)
{
	(void)state;
	if (setenv("IDENTITY_DIR", dir, 1) == -1)
		return -1;
	return system("rm -rf \"$IDENTITY_DIR\""); /* NOLINT: ours */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_folder),
		cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_bound),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
