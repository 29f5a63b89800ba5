/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "idset.h"

/* Enough for a table in memory, and for one that grew within its file. */
#define FEW 10000
#define MANY 300000

static char folder[] = "/tmp/popper-unit-XXXXXX";

static int
open_folder(void **state)
{
	static int fd;

	*state = &fd;
	if (mkdtemp(folder) == NULL)
		return -1;
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd == -1 ? -1 : 0;
}

/* The temporaries had no names. */
static int
close_folder(void **state)
{
	close(*(int *)*state);
	return rmdir(folder);
}

static size_t
name(char *dst, size_t n, unsigned i)
{
	int k = snprintf(dst, n, "id.%u", i);

	assert_true(k > 0 && (size_t)k < n);
	return (size_t)k;
}

static int
take(struct idset *s, unsigned i)
{
	struct err e = { .text = "" };
	char id[20];
	int r = idset_take(s, id, name(id, sizeof id, i), &e);

	CHECK(r != -1, "id %u: %s", i, e.text);
	return r;
}

static uint32_t
again(struct idset *s, unsigned i)
{
	struct err e = { .text = "" };
	uint32_t times = 0;
	char id[20];
	int r = idset_again(s, id, name(id, sizeof id, i), &times, &e);

	CHECK(r == 0, "id %u: %s", i, e.text);
	return times;
}

static void
fill(int dir, unsigned ids)
{
	struct idset s;
	unsigned i;

	idset_init(&s, dir);
	for (i = 0; i < ids; i++) {
		CHECK(take(&s, i) == 1, "new %u", i);
		if (i % 16 != 0)
			continue;
		CHECK(take(&s, i) == 0, "again %u", i);
		CHECK(take(&s, i / 2) == 0, "old %u", i / 2);
		/* counters go where their ids go */
		CHECK(again(&s, i) == 1, "counter of %u", i);
		CHECK(again(&s, 0) == i / 16 + 2, "counter at %u", i);
	}
	CHECK(
	    (s.fd == -1) == (ids <= IDSET_MEMORY), "%u ids, fd %d", ids, s.fd);
	for (i = 0; i < ids; i++)
		CHECK(take(&s, i) == 0, "at the end %u", i);
	for (i = 16; i < ids; i += 16)
		CHECK(again(&s, i) == 2, "counter of %u at the end", i);
	CHECK(take(&s, ids) == 1, "one more than %u", ids);
	assert_true(s.used + s.file_used >= ids + 1);
	CHECK((uint64_t)1 << s.bits <= 2 * IDSET_MEMORY, "%u bits", s.bits);
	idset_free(&s);
	assert_int_equal(s.used, 0);
	assert_int_equal(s.fd, -1);
	/* an empty set once more */
	assert_int_equal(take(&s, 1), 1);
	idset_free(&s);
	idset_free(&s);
}

static void
many(void **state)
{
	fill(*(int *)*state, 1);
	fill(*(int *)*state, FEW);
	fill(*(int *)*state, IDSET_MEMORY);
	fill(*(int *)*state, IDSET_MEMORY + 1);
	fill(*(int *)*state, MANY);
}

/* An error is told, and the set stays what it was. */
static void
no_file(void **state)
{
	struct idset s;
	struct err e = { .kind = ERR_NONE };
	struct rlimit old;
	struct rlimit none;
	unsigned i;

	idset_init(&s, *(int *)*state);
	for (i = 0; i < IDSET_MEMORY; i++)
		assert_int_equal(take(&s, i), 1);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	none = old;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_int_equal(idset_take(&s, "x", 1, &e), -1);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_int_equal(e.kind, ERR_TEMP);
	assert_true(e.text[0] != '\0');
	assert_int_equal(s.used, IDSET_MEMORY);
	assert_int_equal(take(&s, IDSET_MEMORY), 1);
	assert_int_equal(take(&s, 1), 0);
	idset_free(&s);
}

/* Ids are octets and a length. */
static void
octets(void **state)
{
	static const struct {
		const char *id;
		size_t n;
		int want;
	} row[] = {
		{ "abcd", 4, 1 },
		{ "abcd", 3, 1 },
		{ "abcx", 3, 0 },
		{ "ABCD", 4, 1 },
		{ "a\0b", 3, 1 },
		{ "a\0c", 3, 1 },
		{ "a", 1, 1 },
		{ "", 0, 1 },
		{ "", 0, 0 },
	};
	struct idset s;
	struct err e;
	size_t i;

	idset_init(&s, *(int *)*state);
	for (i = 0; i < COUNT(row); i++)
		CHECK(idset_take(&s, row[i].id, row[i].n, &e) == row[i].want,
		    "row %zu", i);
	idset_free(&s);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(many),
		cmocka_unit_test(octets),
		cmocka_unit_test(no_file),
	};

	return cmocka_run_group_tests_name(
	    "idset", tests, open_folder, close_folder);
}
