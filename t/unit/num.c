/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "num.h"

#define UNTOUCHED 77

static void
decimal(void **state)
{
	static const struct {
		const char *s;
		int rc32;
		uint32_t v32;
		int rc64;
		uint64_t v64;
	} row[] = {
		{ "0", 0, 0, 0, 0 },
		{ "1", 0, 1, 0, 1 },
		{ "007", 0, 7, 0, 7 },
		{ "1939", 0, 1939, 0, 1939 },
		{ "4294967295", 0, UINT32_MAX, 0, UINT32_MAX },
		{ "4294967296", -1, 0, 0, 4294967296 },
		{ "4294967305", -1, 0, 0, 4294967305 },
		{ "18446744073709551615", -1, 0, 0, UINT64_MAX },
		{ "18446744073709551616", -1, 0, -1, 0 },
		{ "18446744073709551625", -1, 0, -1, 0 },
		{ "99999999999999999999999", -1, 0, -1, 0 },
		{ "0000000000000000000000000000012", 0, 12, 0, 12 },
		{ "", -1, 0, -1, 0 },
		{ " ", -1, 0, -1, 0 },
		{ "+1", -1, 0, -1, 0 },
		{ "-1", -1, 0, -1, 0 },
		{ "-0", -1, 0, -1, 0 },
		{ " 1", -1, 0, -1, 0 },
		{ "1 ", -1, 0, -1, 0 },
		{ "1\n", -1, 0, -1, 0 },
		{ "1.0", -1, 0, -1, 0 },
		{ "1a", -1, 0, -1, 0 },
		{ "a", -1, 0, -1, 0 },
		{ "0x10", -1, 0, -1, 0 },
		{ "\xb2", -1, 0, -1, 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(row); i++) {
		uint32_t a = UNTOUCHED;
		uint64_t b = UNTOUCHED;
		uint32_t want32 = row[i].rc32 == 0 ? row[i].v32 : UNTOUCHED;
		uint64_t want64 = row[i].rc64 == 0 ? row[i].v64 : UNTOUCHED;

		CHECK(num_u32(row[i].s, &a) == row[i].rc32 && a == want32,
		    "num_u32 \"%s\": %u", row[i].s, a);
		CHECK(num_u64(row[i].s, &b) == row[i].rc64 && b == want64,
		    "num_u64 \"%s\": %ju", row[i].s, (uintmax_t)b);
	}
}

static void
of_files(void **state)
{
	static const struct {
		const char *s;
		uint32_t max;
		int rc;
		uint32_t v;
	} row[] = {
		{ "0", 10, 0, 0 },
		{ "10", 10, 0, 10 },
		{ "11", 10, -1, 0 },
		{ "010", 10, 0, 8 },
		{ "012", 10, 0, 10 },
		{ "013", 10, -1, 0 },
		{ "08", 100, -1, 0 },
		{ "0x0", 10, 0, 0 },
		{ "0xa", 10, 0, 10 },
		{ "0XA", 10, 0, 10 },
		{ "0xb", 10, -1, 0 },
		{ "0xB", 10, -1, 0 },
		{ "0x", 10, -1, 0 },
		{ "x1", 10, -1, 0 },
		{ "0xg", 100, -1, 0 },
		{ "a", 100, -1, 0 },
		{ "", 100, -1, 0 },
		{ "-1", 100, -1, 0 },
		{ "+1", 100, -1, 0 },
		{ " 1", 100, -1, 0 },
		{ "0x-1", 100, -1, 0 },
		{ "0xFFFFFFFF", UINT32_MAX, 0, UINT32_MAX },
		{ "037777777777", UINT32_MAX, 0, UINT32_MAX },
		{ "040000000000", UINT32_MAX, -1, 0 },
		{ "0x100000000", UINT32_MAX, -1, 0 },
		{ "4294967296", UINT32_MAX, -1, 0 },
		{ "86400", 86400, 0, 86400 },
		{ "86401", 86400, -1, 0 },
		/* a last digit above the limit */
		{ "2", 2, 0, 2 },
		{ "3", 2, -1, 0 },
		{ "9", 2, -1, 0 },
		{ "15", 2, -1, 0 },
		{ "0xf", 9, -1, 0 },
		{ "1", 0, -1, 0 },
		{ "0", 0, 0, 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(row); i++) {
		uint32_t a = UNTOUCHED;
		uint32_t want = row[i].rc == 0 ? row[i].v : UNTOUCHED;
		int rc = num_conf(row[i].s, row[i].max, &a);

		CHECK(rc == row[i].rc && a == want,
		    "num_conf \"%s\" up to %u: %d, %u", row[i].s, row[i].max,
		    rc, a);
	}
}

static void
hexdigit(void **state)
{
	static const char lower[] = "0123456789abcdef";
	static const char upper[] = "0123456789ABCDEF";
	int c;

	(void)state;
	for (c = 0; c < 256; c++) {
		int want = -1;
		int i;

		for (i = 0; i < 16; i++) {
			if (c == lower[i] || c == upper[i])
				want = i;
		}
		CHECK(num_hexdigit((char)c) == want, "octet %d", c);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(decimal),
		cmocka_unit_test(of_files),
		cmocka_unit_test(hexdigit),
	};

	return cmocka_run_group_tests_name("num", tests, NULL, NULL);
}
