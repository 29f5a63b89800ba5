/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "io.h"
#include "memio.h"

#define MEM 4096

struct fixture {
	struct memin from;
	struct in in;
	char mem[MEM];
};

static void
begin(struct fixture *f, const char *data, size_t n, size_t step, size_t cap)
{
	memin_init(&f->from, data, n, step);
	/* what was there before has to do no harm */
	memset(f->mem, '\n', sizeof f->mem);
	in_init(&f->in, memin_read, &f->from, f->mem, cap);
}

/* What the n octets of a line, with its LF, have to come to. */
static enum io_line
judge(const char *s, size_t n)
{
	if (n > IO_LINE_MAX)
		return IO_LONG;
	n--;
	if (n > 0 && s[n - 1] == '\r')
		n--;
	if (n > 0 && memchr(s, '\0', n) != NULL)
		return IO_NUL;
	if (n > 0 && memchr(s, '\r', n) != NULL)
		return IO_CR;
	return IO_LINE;
}

/* All lines of data, read step octets at a time into cap octets. */
static void
compare(const char *data, size_t n, size_t step, size_t cap)
{
	struct fixture f;
	size_t at = 0;
	size_t i = 0;
	char *line = NULL;

	begin(&f, data, n, step, cap);
	for (; at < n; i++) {
		const char *s = data + at;
		const char *lf = memchr(s, '\n', n - at);
		size_t k;
		enum io_line got = in_line(&f.in, &line, 0);

		if (lf == NULL) {
			CHECK(got == IO_EOF && in_partial(&f.in),
			    "step %zu cap %zu: %d at the end", step, cap, got);
			break;
		}
		k = (size_t)(lf - s) + 1;
		CHECK(got == judge(s, k), "step %zu cap %zu line %zu: %d", step,
		    cap, i, got);
		if (got == IO_LINE) {
			size_t len = k - 1;

			if (len > 0 && s[len - 1] == '\r')
				len--;
			CHECK(strlen(line) == len && memcmp(line, s, len) == 0,
			    "step %zu cap %zu line %zu: \"%s\"", step, cap, i,
			    line);
		}
		at += k;
	}
	if (at == n)
		assert_false(in_partial(&f.in));
	/* the end stays the end */
	assert_int_equal(in_line(&f.in, &line, 0), IO_EOF);
}

static void
compare_all(const char *data, size_t n)
{
	static const size_t cap[] = { IO_LINE_MAX, IO_LINE_MAX + 1, 700, MEM };
	size_t i;
	size_t step;

	for (i = 0; i < COUNT(cap); i++) {
		for (step = 1; step <= n + 1; step++)
			compare(data, n, step, cap[i]);
	}
}

static void
short_lines(void **state)
{
#define LIT(s) \
	{ \
		s, sizeof(s) - 1 \
	}
	static const struct {
		const char *s;
		size_t n;
	} row[] = {
		LIT(""),
		LIT("\n"),
		LIT("\r\n"),
		LIT("QUIT\r\n"),
		LIT("QUIT\n"),
		LIT("QUIT"),
		LIT("QUIT\r"),
		LIT("\r"),
		LIT("USER a\r\nPASS b\nSTAT\r\n\r\n\nQUIT\r\n"),
		LIT("USER a\r\nPASS b"),
		LIT("NO\0OP\r\nNOOP\r\n"),
		LIT("\0\r\nNOOP\r\n"),
		LIT("NOOP\0\r\nNOOP\r\n"),
		LIT("NOOP\0"),
		LIT("NO\rOP\r\nNOOP\r\n"),
		LIT("NOOP\r\r\nNOOP\r\n"),
		LIT("\rNOOP\nNOOP\n"),
		LIT(" \t x \x80\xff \r\n"),
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(row); i++)
		compare_all(row[i].s, row[i].n);
#undef LIT
}

/* n octets of x with its line end, then NOOP. */
static size_t
long_line(char *dst, size_t n, const char *end)
{
	size_t k = strlen(end);

	memset(dst, 'x', n - k);
	memcpy(dst + n - k, end, k);
	memcpy(dst + n, "NOOP\r\n", 6);
	return n + 6;
}

static void
around_the_limit(void **state)
{
	static const char *const end[] = { "\r\n", "\n" };
	char data[2200];
	size_t i;
	size_t n;

	(void)state;
	for (i = 0; i < COUNT(end); i++) {
		for (n = 510; n <= 515; n++)
			compare_all(data, long_line(data, n, end[i]));
		for (n = 1022; n <= 1027; n++) {
			size_t all = long_line(data, n, end[i]);

			compare(data, all, 1, IO_LINE_MAX);
			compare(data, all, 511, IO_LINE_MAX);
			compare(data, all, 512, IO_LINE_MAX);
			compare(data, all, 513, 600);
			compare(data, all, all, MEM);
		}
	}
}

/* That judge() above is right in what RFC 2449 section 4 is about. */
static void
limit_itself(void **state)
{
	char data[600];
	struct fixture f;
	char *line = NULL;

	(void)state;
	begin(&f, data, long_line(data, 512, "\r\n"), 600, MEM);
	assert_int_equal(in_line(&f.in, &line, 0), IO_LINE);
	assert_int_equal(strlen(line), 510);
	assert_int_equal(in_line(&f.in, &line, 0), IO_LINE);
	assert_string_equal(line, "NOOP");
	assert_int_equal(in_line(&f.in, &line, 0), IO_EOF);
	begin(&f, data, long_line(data, 513, "\r\n"), 600, MEM);
	assert_int_equal(in_line(&f.in, &line, 0), IO_LONG);
	assert_int_equal(in_line(&f.in, &line, 0), IO_LINE);
	assert_string_equal(line, "NOOP");
	assert_int_equal(in_line(&f.in, &line, 0), IO_EOF);
}

static void
very_long(void **state)
{
	const size_t n = 1 << 20;
	char *data = malloc(n + 6);
	size_t all;

	(void)state;
	assert_non_null(data);
	all = long_line(data, n, "\r\n");
	compare(data, all, 1, IO_LINE_MAX);
	compare(data, all, 1000, IO_LINE_MAX);
	compare(data, all, all, MEM);
	/* without an end it is no line */
	compare(data, n - 2, 700, MEM);
	/* a NUL in it changes nothing */
	data[n / 2] = '\0';
	data[n / 3] = '\r';
	compare(data, all, 900, 1000);
	free(data);
}

static void
pending(void **state)
{
	static const char data[] = "STAT\r\nLIST\r\nQU";
	struct fixture f;
	char *line = NULL;

	(void)state;
	begin(&f, data, sizeof data - 1, 100, MEM);
	assert_false(in_pending(&f.in));
	assert_false(in_partial(&f.in));
	assert_int_equal(in_line(&f.in, &line, 0), IO_LINE);
	assert_string_equal(line, "STAT");
	assert_true(in_pending(&f.in));
	assert_int_equal(in_line(&f.in, &line, 0), IO_LINE);
	assert_string_equal(line, "LIST");
	assert_false(in_pending(&f.in));
	assert_true(in_partial(&f.in));
}

/* The hand-over after log-in, at every place. */
static void
ahead(void **state)
{
	static const char data[] = "PASS x\r\nSTAT\r\nQUIT\r\n";
	static const char rest[] = "STAT\r\nQUIT\r\n";
	size_t step;

	(void)state;
	for (step = 1; step < sizeof data; step++) {
		struct fixture a;
		struct fixture b;
		const char *left;
		char *line = NULL;
		size_t n;

		begin(&a, data, sizeof data - 1, step, MEM);
		assert_int_equal(in_line(&a.in, &line, 0), IO_LINE);
		assert_string_equal(line, "PASS x");
		left = in_ahead(&a.in, &n);
		CHECK(n == a.from.pos - 8 && memcmp(left, rest, n) == 0,
		    "step %zu: %zu ahead", step, n);
		begin(&b, data + a.from.pos, sizeof data - 1 - a.from.pos, step,
		    MEM);
		assert_int_equal(in_seed(&b.in, left, n), 0);
		assert_int_equal(in_line(&b.in, &line, 0), IO_LINE);
		assert_string_equal(line, "STAT");
		assert_int_equal(in_line(&b.in, &line, 0), IO_LINE);
		assert_string_equal(line, "QUIT");
		assert_int_equal(in_line(&b.in, &line, 0), IO_EOF);
	}
}

static void
seed_limits(void **state)
{
	char data[IO_LINE_MAX + 1];
	struct fixture f;

	(void)state;
	memset(data, 'x', sizeof data);
	begin(&f, "", 0, 1, IO_LINE_MAX);
	assert_int_equal(in_seed(&f.in, data, sizeof data), -1);
	assert_false(in_partial(&f.in));
	assert_int_equal(in_seed(&f.in, data, sizeof data - 1), 0);
	assert_int_equal(in_seed(&f.in, data, 0), 0);
	assert_int_equal(in_seed(&f.in, data, 1), -1);
}

/* A read that fails before each octet; the line is whole afterwards. */
static void
failures(void **state)
{
	static const char data[] = "RETR 1\r\n";
	static const struct {
		int err;
		enum io_line want;
	} row[] = {
		{ ETIMEDOUT, IO_TIMEOUT },
		{ ECONNRESET, IO_FAIL },
		{ EIO, IO_FAIL },
	};
	size_t i;
	size_t at;

	(void)state;
	for (i = 0; i < COUNT(row); i++) {
		for (at = 0; at < sizeof data - 1; at++) {
			struct fixture f;
			char *line = NULL;
			enum io_line got;

			begin(&f, data, sizeof data - 1, 3, MEM);
			f.from.err_at = at;
			f.from.err = row[i].err;
			errno = 0;
			got = in_line(&f.in, &line, 0);
			CHECK(got == row[i].want && errno == row[i].err,
			    "errno %d at %zu: %d", row[i].err, at, got);
			assert_null(line);
			CHECK(in_partial(&f.in) == (at > 0), "partial at %zu",
			    at);
			assert_int_equal(in_line(&f.in, &line, 0), IO_LINE);
			assert_string_equal(line, "RETR 1");
		}
	}
}

/* A time-out inside a line that is thrown away does not end it. */
static void
timeout_in_long(void **state)
{
	char data[3000];
	size_t n = long_line(data, 2000, "\r\n");
	struct fixture f;
	char *line = NULL;

	(void)state;
	begin(&f, data, n, 100, IO_LINE_MAX);
	f.from.err_at = 1500;
	f.from.err = ETIMEDOUT;
	assert_int_equal(in_line(&f.in, &line, 0), IO_TIMEOUT);
	assert_true(in_partial(&f.in));
	assert_int_equal(in_line(&f.in, &line, 0), IO_LONG);
	assert_false(
	    in_partial(&f.in) && !in_pending(&f.in) && f.from.pos == f.from.n);
	assert_int_equal(in_line(&f.in, &line, 0), IO_LINE);
	assert_string_equal(line, "NOOP");
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(short_lines),
		cmocka_unit_test(around_the_limit),
		cmocka_unit_test(limit_itself),
		cmocka_unit_test(very_long),
		cmocka_unit_test(pending),
		cmocka_unit_test(ahead),
		cmocka_unit_test(seed_limits),
		cmocka_unit_test(failures),
		cmocka_unit_test(timeout_in_long),
	};

	return cmocka_run_group_tests_name("in", tests, NULL, NULL);
}
