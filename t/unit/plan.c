/* SPDX-License-Identifier: MIT */
#define XXH_INLINE_ALL
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fileio.h"
#include "plan.h"
#include "tmpfile.h"

#define START 100 /* a plan may lie anywhere */
#define SOURCE 5000

/* A plan in a file, and what it should make of the source. */
struct made {
	struct plan_out out;
	int fd, source;
	char *want; /* owned */
	size_t n;
	XXH128_hash_t digest;
};

static char letters[SOURCE];

static int
temporary(void)
{
	struct err e = { .text = "" };
	int fd = tmpfile_open(AT_FDCWD, &e);

	CHECK(fd != -1, "%s", e.text);
	return fd;
}

static void
made_begin(struct made *m, uint64_t base)
{
	size_t i;

	memset(m, 0, sizeof *m);
	for (i = 0; i < SOURCE; i++)
		letters[i] = (char)(i * 2654435761U >> 13);
	m->fd = temporary();
	m->source = temporary();
	assert_int_equal(file_write(m->source, letters, SOURCE, 0), 0);
	plan_begin(&m->out, m->fd, START, base);
}

static void
want(struct made *m, const char *data, size_t n)
{
	m->want = realloc(m->want, m->n + n + 1);
	assert_non_null(m->want);
	memcpy(m->want + m->n, data, n);
	m->n += n;
}

static void
extent(struct made *m, uint64_t src, size_t n)
{
	assert_int_equal(plan_extent(&m->out, src, n), 0);
	want(m, letters + src, n);
}

static void
text(struct made *m, const char *s, size_t n)
{
	assert_int_equal(plan_text(&m->out, s, n), 0);
	want(m, s, n);
}

static void
made_end(struct made *m)
{
	assert_int_equal(plan_end(&m->out, &m->digest), 0);
	assert_int_equal(m->out.total, m->n);
	/* nothing is not NULL */
	want(m, "", 0);
}

static uint64_t
length(const struct made *m)
{
	return m->out.at - m->out.start;
}

static void
open_it(const struct made *m, struct plan_in *in)
{
	plan_open(in, m->fd, START, length(m), m->source);
}

static void
made_free(struct made *m)
{
	close(m->fd);
	close(m->source);
	free(m->want);
}

/* Read so many octets at a time, behind so many that are skipped. */
static void
expect(const struct made *m, size_t skip, size_t step)
{
	struct plan_in in;
	char got[SOURCE];
	size_t at = skip;

	open_it(m, &in);
	CHECK(plan_skip(&in, skip) == 0, "skip %zu of %zu", skip, m->n);
	for (;;) {
		ssize_t r = plan_read(&in, got, step);
		size_t left = m->n - at;
		size_t k = left < step ? left : step;

		CHECK(r == (ssize_t)k, "%zd octets at %zu, step %zu", r, at,
		    step);
		CHECK(memcmp(got, m->want + at, k) == 0, "octets at %zu", at);
		if (r == 0)
			break;
		at += k;
	}
	CHECK(plan_skip(&in, 1) == -1 && errno == EIO, "skip behind the end");
}

static void
several(struct made *m, uint64_t base)
{
	char longest[PLAN_TEXT_MAX];

	memset(longest, 'l', sizeof longest);
	made_begin(m, base);
	text(m, "begin", 5);
	extent(m, 1000, 300);
	extent(m, 100, 1);
	text(m, "x", 1);
	text(m, "sixteen octets..", 16);
	extent(m, 4999, 1);
	extent(m, 0, 0);
	text(m, "", 0);
	text(m, longest, sizeof longest);
	extent(m, 0, 5000);
	made_end(m);
}

static void
reading(void **state)
{
	static const size_t step[] = { 1, 2, 15, 16, 17, 300, SOURCE };
	struct made m;
	size_t i;

	(void)state;
	several(&m, 0);
	for (i = 0; i < COUNT(step); i++)
		expect(&m, 0, step[i]);
	made_free(&m);
	made_begin(&m, 0);
	made_end(&m);
	assert_int_equal(length(&m), 0);
	expect(&m, 0, 1);
	made_free(&m);
}

static void
skipping(void **state)
{
	struct made m;
	size_t i;

	(void)state;
	several(&m, 0);
	for (i = 0; i <= m.n; i += i < 600 ? 1 : 97)
		expect(&m, i, SOURCE);
	expect(&m, m.n, 1);
	made_free(&m);
}

/* Extents that are next to each other are one piece of 16 octets. */
static void
merged(void **state)
{
	struct made m;

	(void)state;
	made_begin(&m, 0);
	extent(&m, 10, 5);
	extent(&m, 15, 20);
	extent(&m, 35, 0);
	extent(&m, 35, 1);
	made_end(&m);
	assert_int_equal(length(&m), 16);
	expect(&m, 0, 7);
	made_free(&m);

	made_begin(&m, 0);
	extent(&m, 10, 5);
	extent(&m, 16, 5);
	extent(&m, 10, 5);
	made_end(&m);
	assert_int_equal(length(&m), 48);
	expect(&m, 0, 7);
	made_free(&m);

	made_begin(&m, 0);
	extent(&m, 10, 5);
	text(&m, "17 octets of text", 17);
	extent(&m, 15, 5);
	made_end(&m);
	assert_int_equal(length(&m), 16 + 16 + 32 + 16);
	expect(&m, 0, 7);
	made_free(&m);
}

/* More pieces than its buffer holds. */
static void
many(void **state)
{
	struct made m;
	uint32_t x = 1;
	int i;

	(void)state;
	made_begin(&m, 0);
	for (i = 0; i < 3000; i++) {
		x = x * 1664525 + 1013904223;
		if (x >> 30 == 0)
			text(&m, "0123456789abcdefghijklmnopqrst",
			    (x >> 8) % 30);
		else
			extent(&m, (x >> 8) % 4000, (x >> 20) % 50);
	}
	made_end(&m);
	expect(&m, 0, SOURCE);
	expect(&m, 0, 61);
	expect(&m, m.n / 2, 1000);
	made_free(&m);
}

static void
gap(void **state)
{
	struct made m;

	(void)state;
	made_begin(&m, 50);
	assert_true(m.out.gap == UINT64_MAX);
	text(&m, "ten octets", 10);
	assert_true(m.out.gap == UINT64_MAX);
	extent(&m, 160, 5);
	assert_int_equal(m.out.gap, 100);
	extent(&m, 165, 5);
	assert_int_equal(m.out.gap, 100);
	extent(&m, 1000, 5);
	assert_int_equal(m.out.gap, 100);
	/* it would come to 75 */
	extent(&m, 95, 5);
	assert_int_equal(m.out.gap, 20);
	extent(&m, 0, 0);
	assert_int_equal(m.out.gap, 20);
	extent(&m, 80, 5);
	assert_int_equal(m.out.gap, 0);
	extent(&m, 5, 5);
	assert_int_equal(m.out.gap, 0);
	made_end(&m);
	made_free(&m);
}

/* A plan that takes up an earlier one. */
static void
again(void **state)
{
	struct made m;
	struct plan_out more;
	uint64_t len;

	(void)state;
	several(&m, 0);
	len = length(&m);
	plan_begin(&more, m.fd, m.out.at, 0);
	assert_int_equal(plan_text(&more, "new", 3), 0);
	assert_int_equal(plan_again(&more, START, len, m.n), 0);
	assert_int_equal(plan_extent(&more, 7, 9), 0);
	m.out = more;
	m.want = realloc(m.want, m.n + 12);
	assert_non_null(m.want);
	memmove(m.want + 3, m.want, m.n);
	memcpy(m.want, "new", 3);
	m.n += 3;
	want(&m, letters + 7, 9);
	made_end(&m);
	{
		struct plan_in in;
		char got[3 * SOURCE];

		plan_open(&in, m.fd, more.start, length(&m), m.source);
		assert_int_equal(plan_read(&in, got, sizeof got), m.n);
		assert_memory_equal(got, m.want, m.n);
	}
	/* one that is not there */
	plan_begin(&more, m.fd, m.out.at, 0);
	errno = 0;
	assert_int_equal(plan_again(&more, m.out.at, 16, 1), -1);
	assert_int_equal(errno, EIO);
	made_free(&m);
}

/* Reading has to fail, and not for ever. */
static void
fails(const struct made *m, uint64_t len, const char *why)
{
	struct plan_in in;
	char got[3 * SOURCE];

	plan_open(&in, m->fd, START, len, m->source);
	errno = 0;
	CHECK(plan_read(&in, got, sizeof got) == -1 && errno == EIO, "%s", why);
}

static void
broken(void **state)
{
	const uint64_t text_of[2] = { UINT64_MAX, PLAN_TEXT_MAX + 1 };
	const uint64_t far_of[2] = { UINT64_MAX / 2, 5 };
	char fill[1000];
	struct made m;
	uint64_t len;
	uint64_t i;

	(void)state;
	several(&m, 0);
	len = length(&m);
	assert_int_equal(ftruncate(m.source, SOURCE - 1), 0);
	fails(&m, len, "a source that is too short");
	assert_int_equal(file_write(m.source, letters, SOURCE, 0), 0);
	expect(&m, 0, SOURCE);
	for (i = 1; i < len; i++) {
		assert_int_equal(ftruncate(m.fd, (off_t)(START + len - i)), 0);
		fails(&m, len, "a plan that is cut off");
	}
	made_free(&m);

	made_begin(&m, 0);
	memset(fill, 0, sizeof fill);
	assert_int_equal(file_write(m.fd, fill, sizeof fill, START), 0);
	assert_int_equal(file_write(m.fd, text_of, 16, START), 0);
	fails(&m, 16 + PLAN_TEXT_MAX + 16, "a text that is too long");
	assert_int_equal(file_write(m.fd, far_of, 16, START), 0);
	errno = 0;
	{
		struct plan_in in;
		char c;

		plan_open(&in, m.fd, START, 16, m.source);
		assert_int_equal(plan_read(&in, &c, 1), -1);
	}
	made_free(&m);
}

static void
whole(void **state)
{
	struct made m;
	uint64_t len;
	uint64_t i;
	char c;

	(void)state;
	several(&m, 0);
	len = length(&m);
	assert_int_equal(plan_whole(m.fd, START, len, &m.digest), 1);
	assert_int_equal(plan_whole(m.fd, START, len - 1, &m.digest), 0);
	assert_int_equal(plan_whole(m.fd, START + 1, len, &m.digest), 0);
	assert_int_equal(plan_whole(-1, START, len, &m.digest), -1);
	for (i = START; i < START + len; i += 5) {
		assert_int_equal(file_read(m.fd, &c, 1, i), 1);
		c ^= 1;
		assert_int_equal(file_write(m.fd, &c, 1, i), 0);
		CHECK(plan_whole(m.fd, START, len, &m.digest) == 0, "octet %zu",
		    (size_t)i);
		c ^= 1;
		assert_int_equal(file_write(m.fd, &c, 1, i), 0);
	}
	assert_int_equal(plan_whole(m.fd, START, len, &m.digest), 1);
	made_free(&m);
}

/* A file that cannot be written: the error is seen at the end, at least. */
static void
unwritable(void **state)
{
	struct plan_out p;
	XXH128_hash_t digest;

	(void)state;
	plan_begin(&p, -1, 0, 0);
	assert_int_equal(plan_extent(&p, 0, 5), 0);
	errno = 0;
	assert_int_equal(plan_end(&p, &digest), -1);
	assert_int_equal(errno, EBADF);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(reading),
		cmocka_unit_test(skipping),
		cmocka_unit_test(merged),
		cmocka_unit_test(many),
		cmocka_unit_test(gap),
		cmocka_unit_test(again),
		cmocka_unit_test(broken),
		cmocka_unit_test(whole),
		cmocka_unit_test(unwritable),
	};

	return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
