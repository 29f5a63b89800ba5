/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "uid.h"

#define FROM "From a@b Thu Jan  1 00:00:00 1970\n"
#define EQUAL FROM "A: b\n\nx\n\n"

static const char text[] =
    FROM "A: a\n\nx\n\n" EQUAL EQUAL EQUAL FROM "X-UIDL: stored\n\n";
#define MESSAGES 5

/* As much of a maildrop as ids need. */
static void
open_all(struct drop *d, bool old_style)
{
	char name[] = "/tmp/popper-unit-XXXXXX";

	memset(d, 0, sizeof *d);
	d->old_style_uid = old_style;
	d->sp.fd = mkstemp(name);
	assert_int_not_equal(d->sp.fd, -1);
	unlink(name);
	assert_int_equal(
	    write(d->sp.fd, text, sizeof text - 1), sizeof text - 1);
	assert_int_equal(fstat(d->sp.fd, &d->st), 0);
	d->size = sizeof text - 1;
	index_init(&d->ix, AT_FDCWD);
	idset_init(&d->ids, AT_FDCWD);
}

static int
add(void *ctx, const struct msgloc *loc)
{
	struct drop *d = ctx;
	struct msgloc m = *loc;
	struct err e;

	assert_int_equal(uid_stored(d, &m, &e), 0);
	return index_add(&d->ix, &m, &e);
}

static void
read_ids(bool old_style, char id[MESSAGES][UID_MAX + 1])
{
	static struct drop d;
	struct mboxscan s;
	struct err e = { .text = "" };
	uint32_t i;

	open_all(&d, old_style);
	assert_int_equal(
	    uid_length(&d), old_style ? UID_OLD_STYLE : UID_COMPUTED);
	mboxscan_init(&s, add, &d);
	assert_int_equal(mboxscan_feed(&s, text, sizeof text - 1), 0);
	assert_int_equal(mboxscan_end(&s), 0);
	assert_int_equal(d.ix.count, MESSAGES);
	for (i = 0; i < MESSAGES; i++)
		CHECK(drop_uid(&d, i, id[i], &e) == 0, "%s", e.text);
	index_close(&d.ix);
	idset_free(&d.ids);
	close(d.sp.fd);
}

static void
differ(char id[MESSAGES][UID_MAX + 1], size_t len)
{
	size_t i;
	size_t k;

	for (i = 0; i < MESSAGES - 1; i++) {
		CHECK(strlen(id[i]) == len, "%zu: %s", i, id[i]);
		for (k = 0; k < i; k++)
			CHECK(strcmp(id[i], id[k]) != 0, "%zu, %zu", i, k);
	}
	assert_string_equal(id[MESSAGES - 1], "stored");
}

static uint64_t
value80(const char *s)
{
	static const char digit[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "abcdefghijklmnopqrstuvwxyz"
				    "!#$&()*+-./:;=?@[]";
	uint64_t v = 0;
	int i;

	for (i = UID_COMPUTED / 2 - 1; i >= 0; i--)
		v = v * 80 + (uint64_t)(strchr(digit, s[i]) - digit);
	return v;
}

static uint64_t
value16(const char *s)
{
	char half[UID_OLD_STYLE / 2 + 1];

	snprintf(half, sizeof half, "%s", s);
	assert_int_equal(strspn(half, "0123456789abcdef"), sizeof half - 1);
	return strtoull(half, NULL, 16);
}

/* Both styles write one number; ten digits of base 80 lose some of it. */
static void
styles(void **state)
{
	static const uint64_t most = 10737418240000000000U;
	char base80[MESSAGES][UID_MAX + 1];
	char hex[MESSAGES][UID_MAX + 1];
	size_t i;

	(void)state;
	read_ids(false, base80);
	read_ids(true, hex);
	differ(base80, UID_COMPUTED);
	differ(hex, UID_OLD_STYLE);
	for (i = 0; i < MESSAGES - 1; i++) {
		CHECK(value16(hex[i]) % most ==
			value80(base80[i] + UID_COMPUTED / 2),
		    "%zu: %s, %s", i, hex[i], base80[i]);
		CHECK(value16(hex[i] + UID_OLD_STYLE / 2) % most ==
			value80(base80[i]),
		    "%zu: %s, %s", i, hex[i], base80[i]);
	}
}

/* The same spool gives the same ids. */
static void
stable(void **state)
{
	char once[MESSAGES][UID_MAX + 1];
	char twice[MESSAGES][UID_MAX + 1];
	size_t i;

	(void)state;
	read_ids(false, once);
	read_ids(false, twice);
	for (i = 0; i < MESSAGES; i++)
		assert_string_equal(once[i], twice[i]);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(styles),
		cmocka_unit_test(stable),
	};

	return cmocka_run_group_tests_name("uid", tests, NULL, NULL);
}
