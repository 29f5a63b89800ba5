/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "io.h"
#include "memio.h"

#define CAP_MIN 1100

/* RFC 1939 section 3, an octet at a time; dst has room for 2 * n + 5. */
static size_t
reference(char *dst, const char *s, size_t n)
{
	bool start = true;
	size_t k = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		if (start && s[i] == '.')
			dst[k++] = '.';
		if (s[i] == '\n' && (i == 0 || s[i - 1] != '\r'))
			dst[k++] = '\r';
		dst[k++] = s[i];
		if (s[i] == '\0')
			dst[k - 1] = '?';
		start = s[i] == '\n';
	}
	if (!start) {
		if (s[n - 1] != '\r')
			dst[k++] = '\r';
		dst[k++] = '\n';
	}
	memcpy(dst + k, ".\r\n", 3);
	return k + 3;
}

struct text {
	const char *s;
	size_t n;
};

/* Through out_dot in pieces that end at a, b and n. */
static void
send_cut(const struct text *t, size_t a, size_t b, size_t cap, size_t step)
{
	char *want = malloc(2 * t->n + 5);
	char *mem = malloc(cap);
	struct memout to;
	struct out out;
	struct dot d = { false, false };
	size_t n;

	assert_non_null(want);
	assert_non_null(mem);
	n = reference(want, t->s, t->n);
	memout_init(&to, step);
	out_init(&out, memout_write, &to, mem, cap, 1);
	out_dot(&out, &d, t->s, a);
	out_dot(&out, &d, t->s + a, b - a);
	out_dot(&out, &d, t->s + b, t->n - b);
	out_dot_end(&out, &d);
	assert_int_equal(out_flush(&out), 0);
	CHECK(to.n == n && memcmp(to.data, want, n) == 0,
	    "\"%.60s\" (%zu) cut at %zu and %zu, buffer %zu, writes of %zu",
	    t->s, t->n, a, b, cap, step);
	memout_free(&to);
	free(mem);
	free(want);
}

static void
dots(void **state)
{
#define LIT(s) \
	{ \
		s, sizeof(s) - 1 \
	}
	static const struct text row[] = {
		LIT(""),
		LIT("\n"),
		LIT("\r\n"),
		LIT("\r"),
		LIT("\r\r\n"),
		LIT("."),
		LIT(".\n"),
		LIT(".\r\n"),
		LIT("..\r\n"),
		LIT(".\r\n.\r\n"),
		LIT(".\n.\n..\n"),
		LIT("a.\n.b\n"),
		LIT("a.\r\n.b\r\n"),
		LIT("a\r.b\n"),
		LIT("a\r\r.\r\n\r.\n"),
		LIT("a\n\n\n.\n"),
		LIT("no end"),
		LIT(".no end"),
		LIT("lone CR at the end\r"),
		LIT("a\0b\0\n\0\n.\0"),
		LIT("\0.\0\r\n.\0\r"),
		LIT("mixed\r\n.ends\n.of\r\n.lines\n"),
		LIT("8 bit \x80\xff\n.\xff\n"),
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(row); i++) {
		size_t a;
		size_t b;

		for (a = 0; a <= row[i].n; a++) {
			for (b = a; b <= row[i].n; b++)
				send_cut(&row[i], a, b, CAP_MIN, 7);
		}
	}
#undef LIT
}

/* What the reference above gives, checked by hand. */
static void
by_hand(void **state)
{
	static const char data[] = ".a\n.\r\nb\0c\n..";
	static const char want[] = "..a\r\n..\r\nb?c\r\n...\r\n.\r\n";
	char mem[CAP_MIN];
	struct memout to;
	struct out out;
	struct dot d = { false, false };

	(void)state;
	memout_init(&to, 1);
	out_init(&out, memout_write, &to, mem, sizeof mem, 1);
	out_str(&out, "+OK\r\n");
	out_dot(&out, &d, data, sizeof data - 1);
	out_dot_end(&out, &d);
	assert_int_equal(out_flush(&out), 0);
	assert_int_equal(to.n, 5 + sizeof want - 1);
	assert_memory_equal(to.data, "+OK\r\n", 5);
	assert_memory_equal(to.data + 5, want, sizeof want - 1);
	memout_free(&to);
}

/* Lines of about 1024 and 2048 octets, with things at their seams. */
static void
long_lines(void **state)
{
	static const char *const tail[] = { "\r\n.\r\n", "\n.\n", "\r", "",
		"\r.\n", ".\n..", "\r\r\n" };
	static const size_t cap[] = { CAP_MIN, 1101, 2047, 8192 };
	char data[2100];
	size_t i;
	size_t n;

	(void)state;
	for (n = 1020; n <= 2052; n = n == 1028 ? 2044 : n + 1) {
		for (i = 0; i < COUNT(tail); i++) {
			struct text t = { data, n + strlen(tail[i]) };
			size_t a;

			memset(data, '.', n);
			memcpy(data + n, tail[i], t.n - n);
			for (a = 0; a <= t.n; a += a < 1000 ? 97 : 1)
				send_cut(&t, a, a, cap[a % COUNT(cap)], 501);
		}
	}
}

/* Octets by chance, cut everywhere. */
static void
by_chance(void **state)
{
	static const char octet[] = "..\n\n\r\0ab";
	char data[3000];
	struct text t = { data, sizeof data };
	uint32_t x = 1939;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof data; i++) {
		x = x * 1664525 + 1013904223;
		data[i] = octet[(x >> 24) % 8];
	}
	for (i = 0; i <= t.n; i++)
		send_cut(&t, i, t.n - (t.n - i) / 2, CAP_MIN + i % 50, 997);
}

static void
put_and_flush(void **state)
{
	char data[500];
	size_t i;
	size_t cap;

	(void)state;
	for (i = 0; i < sizeof data; i++)
		data[i] = (char)i;
	for (cap = 1; cap < 600; cap += 37) {
		char mem[600];
		struct memout to;
		struct out out;

		memout_init(&to, 13);
		out_init(&out, memout_write, &to, mem, cap, 1);
		out_put(&out, data, 0);
		for (i = 0; i < sizeof data; i += 50)
			out_put(&out, data + i, 50);
		out_str(&out, "");
		assert_int_equal(out_flush(&out), 0);
		CHECK(to.n == sizeof data &&
			memcmp(to.data, data, sizeof data) == 0,
		    "buffer of %zu", cap);
		memout_free(&to);
	}
}

/* An error before each octet: what came before is right, then no call. */
static void
errors(void **state)
{
	static const struct text t = { "+OK\n.\n..\nmore than that\n", 25 };
	char want[60];
	size_t n = reference(want, t.s, t.n);
	size_t at;

	(void)state;
	for (at = 0; at < n; at++) {
		char mem[CAP_MIN];
		struct memout to;
		struct out out;
		struct dot d = { false, false };
		size_t calls;

		memout_init(&to, 4);
		to.err_at = at;
		to.err = at % 2 == 0 ? EPIPE : ETIMEDOUT;
		out_init(&out, memout_write, &to, mem, sizeof mem, 1);
		out_dot(&out, &d, t.s, t.n);
		out_dot_end(&out, &d);
		assert_int_equal(out_flush(&out), -1);
		assert_true(out.bad);
		CHECK(to.n == at && (at == 0 || memcmp(to.data, want, at) == 0),
		    "error at %zu: %zu came", at, to.n);
		calls = to.calls;
		out_put(&out, "x", 1);
		out_str(&out, "y\r\n");
		out_dot(&out, &d, t.s, t.n);
		out_dot_end(&out, &d);
		assert_int_equal(out_flush(&out), -1);
		assert_int_equal(to.calls, calls);
		memout_free(&to);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(dots),
		cmocka_unit_test(by_hand),
		cmocka_unit_test(long_lines),
		cmocka_unit_test(by_chance),
		cmocka_unit_test(put_and_flush),
		cmocka_unit_test(errors),
	};

	return cmocka_run_group_tests_name("out", tests, NULL, NULL);
}
