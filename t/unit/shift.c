/* SPDX-License-Identifier: MIT */
/* What shift.c and collapse.c rely on: their slots, and where plans read. */
#define XXH_INLINE_ALL
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "fileio.h"
#include "journal.h"
#include "plan.h"
#include "tmpfile.h"

static int
temporary(void)
{
	struct err e = { .text = "" };
	int fd = tmpfile_open(AT_FDCWD, &e);

	CHECK(fd != -1, "%s", e.text);
	return fd;
}

static struct journal
begin(void)
{
	struct journal j = { .fd = temporary(), .path = "the drop" };

	return j;
}

/* What another session would find. */
static enum journal_found
look(struct journal *j)
{
	struct err e;

	return journal_read(j, &e);
}

/* Numbers that would lead a reader astray. */
static void
windows(void **state)
{
	static const struct {
		uint64_t from, result, done, window_len, copy, halves, half_len;
		uint64_t plan, region;
		bool good;
	} row[] = {
		{ 0, 100, 0, 10, 0, 0, 0, 2000, 2000, true },
		{ 0, 100, 90, 10, 0, 0, 0, 2000, 2000, true },
		{ 0, 100, 91, 10, 0, 0, 0, 2000, 2000, false },
		{ 0, 100, 100, 0, 0, 0, 0, 2000, 2000, false },
		{ 0, 100, 101, 10, 0, 0, 0, 2000, 2000, false },
		{ 0, 100, UINT64_MAX, 10, 0, 0, 0, 2000, 2000, false },
		{ 101, 100, 0, 10, 0, 0, 0, 2000, 2000, false },
		{ 0, 100, 0, 0, 0, 0, 0, 2000, 2000, false },
		{ 0, UINT64_MAX, 0, 10, 0, 0, 0, 2000, 2000, false },
		{ 0, 100, 0, UINT64_MAX, 0, 0, 0, 2000, 2000, false },
		{ 0, 100, 0, 10, 0, UINT64_MAX / 2, 10, 2000, 2000, false },
		{ 0, 100, 0, 10, 0, 3000, UINT64_MAX / 2, 2000, 2000, false },
		{ 0, 100, 0, 10, 3000, 3000, 10, 2000, 2000, true },
		{ 0, 100, 0, 10, 3990, 3000, 10, 2000, 2000, true },
		{ 0, 100, 0, 10, 3991, 3000, 10, 2000, 2000, false },
		{ 0, 100, 0, 10, UINT64_MAX, 3000, 10, 2000, 2000, false },
		{ 0, 100, 0, 10, 3000, 3000, 9, 2000, 2000, false },
		{ 0, 100, 0, 10, 0, 0, 0, 1999, 2000, false },
		{ 0, 100, 0, 10, 0, 0, 0, UINT64_MAX, 2000, false },
		{ 0, 100, 0, 10, 0, 0, 0, 2000, 100, false },
	};
	const char zeros[10] = { 0 };
	struct err e;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(row); i++) {
		struct journal_slot s = { .state = JOURNAL_SHIFT,
			.from = row[i].from,
			.result = row[i].result,
			.done = row[i].done,
			.window_len = row[i].window_len,
			.copy = row[i].copy,
			.halves = row[i].halves,
			.half_len = row[i].half_len,
			.plan = row[i].plan,
			.region = row[i].region,
			.window_digest = XXH3_128bits(zeros, sizeof zeros) };
		struct journal j = begin();

		s.plan_digest = XXH3_128bits("", 0);
		assert_int_equal(journal_put(&j, &s, &e), 0);
		assert_int_equal(ftruncate(j.fd, 4000), 0);
		CHECK(
		    look(&j) == (row[i].good ? JOURNAL_OURS : JOURNAL_NOTHING),
		    "row %zu", i);
		close(j.fd);
	}
}

/* The same for blocks that are taken out. */
static void
holes(void **state)
{
	static const struct {
		uint64_t from, hole, size, result, plan_len;
		bool good;
	} row[] = {
		{ 10, 100, 5000, 4488, 100, true },
		{ 10, 110, 5000, 4488, 100, true },
		{ 10, 111, 5000, 4488, 100, false },
		{ 10, 9, 5000, 4488, 100, false },
		{ 10, 100, 5000, 5000, 100, false },
		{ 10, 100, 4488, 5000, 100, false },
		{ 10, 100, 5000, 4990, 100, false },
		{ 10, 100, 5000, 110, 100, true },
		{ 10, 100, 5000, 109, 100, false },
		{ 10, 100, UINT64_MAX, 109, 100, false },
		{ 10, 100, 5000, 4488, UINT64_MAX - 5, false },
		{ UINT64_MAX, 100, 5000, 4488, 100, false },
		{ 10, UINT64_MAX, 5000, 4488, 100, false },
	};
	const char zeros[100] = { 0 };
	struct err e;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(row); i++) {
		struct journal_slot s = { .from = row[i].from,
			.hole = row[i].hole,
			.size = row[i].size,
			.result = row[i].result,
			.region = JOURNAL_DATA,
			.plan = JOURNAL_DATA,
			.plan_len = row[i].plan_len,
			.plan_digest = XXH3_128bits(zeros, sizeof zeros) };
		struct journal j = begin();

		s.state = JOURNAL_COLLAPSE;
		assert_int_equal(journal_put(&j, &s, &e), 0);
		/* it needs its text */
		assert_int_equal(look(&j), JOURNAL_NOTHING);
		assert_int_equal(ftruncate(j.fd, JOURNAL_DATA + 100), 0);
		CHECK(
		    look(&j) == (row[i].good ? JOURNAL_OURS : JOURNAL_NOTHING),
		    "row %zu", i);
		assert_int_equal(ftruncate(j.fd, JOURNAL_DATA), 0);
		s.state = JOURNAL_REMOVE;
		assert_int_equal(journal_put(&j, &s, &e), 0);
		CHECK(
		    look(&j) == (row[i].good ? JOURNAL_OURS : JOURNAL_NOTHING),
		    "row %zu, without the text", i);
		close(j.fd);
	}
}

/* Where reading goes on in the source, whatever lies between. */
static void
sources(void **state)
{
	static const struct {
		size_t skip;
		uint64_t want;
	} row[] = { { 0, 100 }, { 1, 101 }, { 9, 109 }, { 10, 200 },
		{ 12, 200 }, { 13, 200 }, { 17, 200 }, { 18, 201 }, { 37, 220 },
		{ 38, UINT64_MAX }, { 41, UINT64_MAX } };
	struct plan_out out;
	struct plan_in in;
	XXH128_hash_t digest;
	uint64_t src = 0;
	int fd = temporary();
	size_t i;

	(void)state;
	plan_begin(&out, fd, 50, 0);
	assert_int_equal(plan_extent(&out, 100, 10), 0);
	assert_int_equal(plan_text(&out, "one", 3), 0);
	assert_int_equal(plan_text(&out, "four", 4), 0);
	assert_int_equal(plan_extent(&out, 200, 21), 0);
	assert_int_equal(plan_text(&out, "end", 3), 0);
	assert_int_equal(plan_end(&out, &digest), 0);
	assert_int_equal(file_truncate(fd, 1000), 0);
	for (i = 0; i < COUNT(row); i++) {
		plan_open(&in, fd, 50, out.at - 50, fd);
		assert_int_equal(plan_skip(&in, row[i].skip), 0);
		assert_int_equal(plan_source(&in, &src), 0);
		CHECK(src == row[i].want, "%zu: %zu", row[i].skip, (size_t)src);
	}
	assert_int_equal(file_truncate(fd, 50 + 20), 0);
	plan_open(&in, fd, 50, out.at - 50, fd);
	assert_int_equal(plan_skip(&in, 10), 0);
	errno = 0;
	assert_int_equal(plan_source(&in, &src), -1);
	assert_int_equal(errno, EIO);
	close(fd);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(windows),
		cmocka_unit_test(holes),
		cmocka_unit_test(sources),
	};

	return cmocka_run_group_tests_name("shift", tests, NULL, NULL);
}
