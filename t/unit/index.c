/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "index.h"

/* A record that no other number or round has. */
static struct msgloc
record(uint32_t i, uint32_t round)
{
	struct msgloc m;

	memset(&m, 0, sizeof m);
	m.from = (uint64_t)i << 33 | round;
	m.head = m.from + 1;
	m.body = m.from + 2;
	m.end = m.from + 3;
	m.next = m.from + 4;
	m.wire = ~m.from;
	m.flags = i ^ round;
	m.uid_len = UID_MAX;
	memset(m.uid, (int)('!' + (i + round) % 90), sizeof m.uid);
	return m;
}

static void
expect(struct index *ix, uint32_t i, uint32_t round)
{
	struct msgloc want = record(i, round);
	struct err e = { .text = "" };
	const struct msgloc *got = index_get(ix, i, &e);

	CHECK(got != NULL && memcmp(got, &want, sizeof want) == 0,
	    "record %u of %u: %s", i, ix->count, e.text);
}

static void
fill(struct index *ix, uint32_t n)
{
	struct err e;
	uint32_t i;

	for (i = 0; i < n; i++) {
		struct msgloc m = record(i, 0);

		assert_int_equal(index_add(ix, &m, &e), 0);
		assert_int_equal(ix->count, i + 1);
	}
}

static void
one_size(int dir, uint32_t n)
{
	static struct index ix;
	uint32_t round[200] = { 0 };
	struct err e;
	uint32_t x = n;
	uint32_t i;

	index_init(&ix, dir);
	fill(&ix, n);
	for (i = 0; i < n; i++)
		expect(&ix, i, 0);
	for (i = n; i > 0; i--)
		expect(&ix, i - 1, 0);
	for (i = 0; i < 5000; i++) {
		uint32_t k;

		x = x * 1664525 + 1013904223;
		k = (x >> 16) % n;
		expect(&ix, k, round[k]);
		if ((x >> 10) % 3 == 0) {
			struct msgloc m = record(k, i);

			assert_int_equal(index_set(&ix, k, &m, &e), 0);
			round[k] = i;
		}
	}
	for (i = 0; i < n; i++)
		expect(&ix, i, round[i]);
	assert_int_equal(ix.count, n);
	/* up to a block there is no file */
	CHECK(
	    (ix.fd == -1) == (n <= INDEX_BLOCK), "%u records, fd %d", n, ix.fd);
	index_close(&ix);
	assert_int_equal(ix.fd, -1);
	assert_int_equal(ix.count, 0);
}

static void
sizes(void **state)
{
	static const uint32_t n[] = { 1, 2, 63, 64, 65, 127, 128, 129, 200 };
	char dir[] = "/tmp/popper-unit-XXXXXX";
	size_t i;
	int fd;

	(void)state;
	assert_non_null(mkdtemp(dir));
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_not_equal(fd, -1);
	for (i = 0; i < COUNT(n); i++)
		one_size(fd, n[i]);
	close(fd);
	/* the temporary had no name */
	assert_int_equal(rmdir(dir), 0);
}

/* Additions after looks back, as uid_compute makes them. */
static void
mixed(void **state)
{
	static struct index ix;
	struct err e;
	uint32_t i;

	(void)state;
	index_init(&ix, AT_FDCWD);
	for (i = 0; i < 300; i++) {
		struct msgloc m = record(i, 0);

		assert_int_equal(index_add(&ix, &m, &e), 0);
		expect(&ix, i / 2, 0);
		expect(&ix, 0, 0);
	}
	for (i = 0; i < 300; i++)
		expect(&ix, i, 0);
	index_close(&ix);
}

/* A base of 150 records, of which round 7 is what mends it. */
struct based {
	struct index ix;
	bool bad[3];
	unsigned reads, mends;
};

static int
base_read(void *ctx, uint32_t at, struct msgloc to[INDEX_BLOCK])
{
	struct based *b = ctx;
	uint32_t i;

	b->reads++;
	assert_true(at < COUNT(b->bad));
	for (i = 0; i < INDEX_BLOCK; i++)
		to[i] = record(at * INDEX_BLOCK + i, b->bad[at] ? 9 : 0);
	return b->bad[at] ? -1 : 0;
}

static int
base_mend(void *ctx, struct err *e)
{
	struct based *b = ctx;
	struct msgloc block[INDEX_BLOCK];
	uint32_t at;
	uint32_t i;

	b->mends++;
	for (at = 0; at < COUNT(b->bad); at++) {
		for (i = 0; i < INDEX_BLOCK; i++)
			block[i] = record(at * INDEX_BLOCK + i, 7);
		assert_int_equal(index_restore(&b->ix, at, block, e), 0);
	}
	return 0;
}

static void
based(void **state)
{
	static struct based b;
	const struct index_base base = { base_read, base_mend, &b };
	struct msgloc m;
	struct err e;
	uint32_t i;

	(void)state;
	index_init(&b.ix, AT_FDCWD);
	index_use(&b.ix, &base, 150);
	for (i = 150; i > 0; i--)
		expect(&b.ix, i - 1, 0);
	assert_int_equal(b.reads, 3);
	assert_int_equal(b.ix.fd, -1);

	/* a change goes elsewhere, and so do additions, in a block begun */
	m = record(3, 5);
	assert_int_equal(index_set(&b.ix, 3, &m, &e), 0);
	for (i = 150; i < 250; i++) {
		m = record(i, 0);
		assert_int_equal(index_add(&b.ix, &m, &e), 0);
	}
	for (i = 0; i < 250; i++)
		expect(&b.ix, i, i == 3 ? 5 : 0);

	/* the one block that only the base has is damaged */
	b.bad[1] = true;
	for (i = 0; i < 250; i++)
		expect(&b.ix, i, i == 3 ? 5 : i / INDEX_BLOCK == 1 ? 7 : 0);
	assert_int_equal(b.mends, 1);
	index_close(&b.ix);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes),
		cmocka_unit_test(mixed),
		cmocka_unit_test(based),
	};

	return cmocka_run_group_tests_name("index", tests, NULL, NULL);
}
