/* SPDX-License-Identifier: MIT */
/* DER: what is taken, and what is none. */
#include <string.h>

#include "der.h"
#include "oid.h"
#include "unit.h"

/* A literal's octets, with NULs. */
#define OCTETS(s) \
	{ \
		(const unsigned char *)(s), sizeof(s) - 1 \
	}

static void
test_elements(void **state)
{
	static unsigned char big[0x10000 + 5] = { 0x04, 0x83, 0x01, 0x00,
		0x00 };
	static const struct {
		struct der d;
		int n; /* octets of contents, or -1: it is none */
	} row[] = {
		{ OCTETS("\x04\x00"), 0 },
		{ OCTETS("\x04\x02xy"), 2 },
		{ OCTETS("\x04\x02xy\x05\x00"), 2 },
		{ { big, sizeof big }, 0x10000 },
		{ { big, sizeof big - 1 }, -1 },
		{ OCTETS(""), -1 },
		{ OCTETS("\x04"), -1 },
		{ OCTETS("\x04\x03xy"), -1 },
		/* another tag; one of several octets; the end of contents */
		{ OCTETS("\x05\x00"), -1 },
		{ OCTETS("\x1f\x04\x00"), -1 },
		{ OCTETS("\x00\x00"), -1 },
		/* indefinite; longer than it need be; too long to be read */
		{ OCTETS("\x04\x80xy\x00\x00"), -1 },
		{ OCTETS("\x04\x81\x02xy"), -1 },
		{ OCTETS("\x04\x82\x00\x02xy"), -1 },
		{ OCTETS("\x04\x81"), -1 },
		{ OCTETS("\x04\x84\x00\x00\x00\x02xy"), -1 },
		{ OCTETS("\x04\x84\xff\xff\xff\xff"), -1 },
		{ OCTETS("\x04\x83\xff\xff\xff"), -1 },
		{ OCTETS("\x04\xff"), -1 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(row); i++) {
		struct der d = row[i].d;
		struct der in;
		int r = der_take(&d, DER_OCTETS, &in);

		CHECK((r == 0 ? (int)in.left : r) == row[i].n, "row %zu: %d", i,
		    r);
		/* what is none stays */
		CHECK(r == 0 ? d.at == in.at + in.left
			     : d.at == row[i].d.at && d.left == row[i].d.left,
		    "row %zu", i);
	}
}

static void
test_numbers(void **state)
{
	static const struct {
		struct der d;
		int n; /* octets without zeros in front, or -1 */
	} row[] = {
		{ OCTETS("\x02\x01\x00"), 0 },
		{ OCTETS("\x02\x01\x7f"), 1 },
		{ OCTETS("\x02\x02\x00\x80"), 1 },
		{ OCTETS("\x02\x03\x01\x00\x00"), 3 },
		{ OCTETS("\x02\x00"), -1 },
		{ OCTETS("\x02\x01\x80"), -1 },
		{ OCTETS("\x02\x02\x00\x7f"), -1 },
		{ OCTETS("\x02\x03\x00\x00\x80"), -1 },
		{ OCTETS("\x03\x01\x00"), -1 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(row); i++) {
		struct der d = row[i].d;
		struct der in;
		int r = der_number(&d, &in);

		CHECK((r == 0 ? (int)in.left : r) == row[i].n, "row %zu: %d", i,
		    r);
	}
}

static void
test_bits(void **state)
{
	struct der good = OCTETS("\x03\x03\x00xy");
	struct der part = OCTETS("\x03\x02\x04\xf0");
	struct der none = OCTETS("\x03\x00");
	struct der in;

	(void)state;
	assert_int_equal(der_bits(&good, &in), 0);
	assert_true(DER_IS(&in, "xy"));
	assert_int_equal(der_bits(&part, &in), -1);
	assert_int_equal(der_bits(&none, &in), -1);
}

/* Times, as date -u +%s has them. */
static void
test_times(void **state)
{
	static const struct {
		const char *text;
		int64_t t;
	} row[] = {
		{ "\x17\x0d"
		  "700101000000Z",
		    0 },
		{ "\x17\x0d"
		  "691231235959Z",
		    -1 },
		{ "\x17\x0d"
		  "000229000000Z",
		    951782400 },
		{ "\x17\x0d"
		  "491231235959Z",
		    2524607999 },
		{ "\x17\x0d"
		  "500101000000Z",
		    -631152000 },
		{ "\x17\x0d"
		  "261122174959Z",
		    1795369799 },
		{ "\x18\x0f"
		  "20500101000000Z",
		    2524608000 },
		{ "\x18\x0f"
		  "99991231235959Z",
		    253402300799 },
		{ "\x18\x0f"
		  "20000301000000Z",
		    951868800 },
	};
	static const char *const wrong[] = {
		"\x17\x0d"
		"700101000000X",
		"\x17\x0b"
		"7001010000Z",
		"\x17\x0d"
		"700001000000Z",
		"\x17\x0d"
		"701301000000Z",
		"\x17\x0d"
		"700100000000Z",
		"\x17\x0d"
		"700431000000Z",
		"\x17\x0d"
		"010229000000Z",
		"\x17\x0d"
		"700101240000Z",
		"\x17\x0d"
		"700101006000Z",
		"\x17\x0d"
		"700101000060Z",
		"\x17\x0d"
		"7001010000 0Z",
		"\x17\x0d"
		"70010100000/Z",
		"\x17\x0f"
		"19700101000000Z",
		"\x18\x0d"
		"700101000000Z",
		"\x18\x0f"
		"21000229000000Z",
		"\x18\x11"
		"20500101000000.0Z",
		"\x04\x0d"
		"700101000000Z",
	};
	int64_t t;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(row); i++) {
		struct der d = { (const unsigned char *)row[i].text,
			strlen(row[i].text) };

		CHECK(der_time(&d, &t) == 0 && t == row[i].t && d.left == 0,
		    "%s: %lld", row[i].text + 2, (long long)t);
	}
	for (i = 0; i < COUNT(wrong); i++) {
		struct der d = { (const unsigned char *)wrong[i],
			strlen(wrong[i]) };

		CHECK(der_time(&d, &t) == -1, "%s", wrong[i] + 2);
	}
}

static void
test_names(void **state)
{
	static const struct {
		struct der oid;
		const char *text;
	} row[] = {
		{ OCTETS(OID_RSA), "RSA" },
		{ OCTETS(OID_EC), "EC" },
		{ OCTETS(OID_P256), "P-256" },
		{ OCTETS(OID_P384), "P-384" },
		{ OCTETS("\x55\x04\x03"), "CN" },
		{ OCTETS("\x27"), "0.39" },
		{ OCTETS("\x88\x37"), "2.999" },
		{ OCTETS("\x2a\x86\x48\x01"), "1.2.840.1" },
		{ OCTETS(""), "" },
		{ OCTETS("\xff\xff"), "" },
		/* cut */
		{ OCTETS("\xff\xff\xff\xff\xff\xff\xff\xff\x7f"
			 "\xff\xff\xff\xff\xff\xff\xff\xff\x7f"
			 "\xff\xff\xff\xff\xff\xff\xff\xff\x7f\x01\x01"),
		    "2.9223372036854775727.9223372036854775807.92233" },
	};
	char text[OID_TEXT_MAX];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(row); i++)
		assert_string_equal(oid_text(&row[i].oid, text), row[i].text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_elements),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_bits),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
