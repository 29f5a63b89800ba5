/* SPDX-License-Identifier: MIT */
#include <bearssl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "suites.h"

static char skipped[200];

static void
note(void *ctx, const char *word)
{
	(void)ctx;
	strncat(skipped, word, sizeof skipped - strlen(skipped) - 1);
	strncat(skipped, " ", sizeof skipped - strlen(skipped) - 1);
}

/* The names of a list, a blank between them; "" and e if it is refused. */
static const char *
names(const char *list, unsigned least, struct err *e)
{
	static char text[1000];
	uint16_t ids[SUITES_MAX];
	size_t n;
	size_t i;

	text[0] = skipped[0] = '\0';
	if (suites_select(ids, &n, list, least, note, NULL, e) == -1)
		return text;
	for (i = 0; i < n; i++) {
		strcat(text, i > 0 ? " " : "");
		strcat(text, suite_find(ids[i])->name);
	}
	return text;
}

static void
best_is_aead(void **state)
{
	struct err e;
	const char *all = names(NULL, BR_TLS12, &e);
	uint16_t ids[SUITES_MAX];
	size_t n;
	size_t i;

	(void)state;
	assert_non_null(strstr(all, "ECDHE-ECDSA-AES128-GCM-SHA256"));
	assert_non_null(strstr(all, "ECDHE-RSA-CHACHA20-POLY1305"));
	assert_int_equal(
	    suites_select(ids, &n, NULL, BR_TLS12, NULL, NULL, &e), 0);
	assert_int_equal(n, 6);
	for (i = 0; i < n; i++)
		assert_false(suite_find(ids[i])->cbc);
	/* those of one bulk cipher stay together, EC before RSA */
	assert_int_equal(suite_find(ids[0])->key_type, BR_KEYTYPE_EC);
	assert_int_equal(suite_find(ids[1])->key_type, BR_KEYTYPE_RSA);
}

static void
old_versions_bring_cbc(void **state)
{
	struct err e;
	const char *all = names(NULL, BR_TLS10, &e);

	(void)state;
	assert_non_null(strstr(all, "ECDHE-RSA-AES128-SHA"));
	assert_non_null(strstr(all, "ECDHE-RSA-AES128-GCM-SHA256"));
	/* this one is of TLS 1.2 only */
	assert_null(strstr(all, "ECDHE-RSA-AES128-SHA256"));
}

static void
lists(void **state)
{
	static const struct {
		const char *list, *want;
	} row[] = {
		{ "ECDHE-RSA-AES256-GCM-SHA384",
		    "ECDHE-RSA-AES256-GCM-SHA384" },
		{ "ECDHE-RSA-AES128-SHA", "ECDHE-RSA-AES128-SHA" },
		{ "CHACHA20",
		    "ECDHE-ECDSA-CHACHA20-POLY1305 "
		    "ECDHE-RSA-CHACHA20-POLY1305" },
		{ "CHACHA20 aRSA+AES128",
		    "ECDHE-ECDSA-CHACHA20-POLY1305 ECDHE-RSA-CHACHA20-POLY1305 "
		    "ECDHE-RSA-AES128-GCM-SHA256" },
		{ "HIGH:!ECDSA:!AES:!MD5:!aNULL",
		    "ECDHE-RSA-CHACHA20-POLY1305" },
		{ "CHACHA20,-aRSA", "ECDHE-ECDSA-CHACHA20-POLY1305" },
		{ "CHACHA20:-aRSA:aRSA+CHACHA20",
		    "ECDHE-ECDSA-CHACHA20-POLY1305 "
		    "ECDHE-RSA-CHACHA20-POLY1305" },
		{ "CHACHA20:!aRSA:aRSA+CHACHA20",
		    "ECDHE-ECDSA-CHACHA20-POLY1305" },
		{ "CHACHA20:+ECDSA",
		    "ECDHE-RSA-CHACHA20-POLY1305 "
		    "ECDHE-ECDSA-CHACHA20-POLY1305" },
		{ "aRSA+AESGCM:@STRENGTH",
		    "ECDHE-RSA-AES256-GCM-SHA384 "
		    "ECDHE-RSA-AES128-GCM-SHA256" },
		{ "RC4-SHA:AES128-SHA:aRSA+AES256:@SECLEVEL=0",
		    "ECDHE-RSA-AES256-GCM-SHA384" },
		/* what is there keeps its place */
		{ "aRSA+CHACHA20:CHACHA20",
		    "ECDHE-RSA-CHACHA20-POLY1305 "
		    "ECDHE-ECDSA-CHACHA20-POLY1305" },
	};
	struct err e;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof row / sizeof row[0]; i++)
		assert_string_equal(
		    names(row[i].list, BR_TLS12, &e), row[i].want);
}

static void
what_is_not_here_is_told(void **state)
{
	struct err e;

	(void)state;
	names("RC4-SHA:HIGH:!MD5:DES-CBC3-SHA:MEDIUM", BR_TLS12, &e);
	assert_string_equal(skipped, "RC4-SHA DES-CBC3-SHA MEDIUM ");
}

static void
refused(void **state)
{
	static const struct {
		const char *list, *why;
	} row[] = {
		{ "HIHG", "HIHG" },
		{ "!FOO", "FOO" },
		{ "", "none" },
		{ "RC4-SHA", "none" },
		{ "SSLv2:LOW", "none" },
		{ "HIGH:!ALL", "none" },
		{ ":,: ", "none" },
		{ "HIGH:!", "0 characters" },
		{ "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
		  "AAAAAAAAAAAA",
		    "72 characters" },
		{ "\x1b[1mX", "?[1mX" },
	};
	struct err e;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof row / sizeof row[0]; i++) {
		e.kind = ERR_NONE;
		assert_string_equal(names(row[i].list, BR_TLS12, &e), "");
		assert_int_equal(e.kind, ERR_CONF);
		assert_non_null(strstr(e.text, row[i].why));
	}
}

static void
versions(void **state)
{
	unsigned v;
	struct err e;

	(void)state;
	assert_int_equal(suites_version(&v, NULL, &e), 0);
	assert_int_equal(v, BR_TLS12);
	assert_int_equal(suites_version(&v, "TLSv1", &e), 0);
	assert_int_equal(v, BR_TLS10);
	assert_int_equal(suites_version(&v, "tlsv1.1", &e), 0);
	assert_int_equal(v, BR_TLS11);
	assert_int_equal(suites_version(&v, "SSLv3", &e), -1);
	assert_int_equal(e.kind, ERR_CONF);
	assert_int_equal(suites_version(&v, "TLSv1.3", &e), -1);
	assert_string_equal(suite_version(BR_TLS12), "TLSv1.2");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(best_is_aead),
		cmocka_unit_test(old_versions_bring_cbc),
		cmocka_unit_test(lists),
		cmocka_unit_test(what_is_not_here_is_told),
		cmocka_unit_test(refused),
		cmocka_unit_test(versions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
