/* SPDX-License-Identifier: MIT */
/* The messages of SCRAM: the example of RFC 7677, and what is none. */
#include <string.h>

#include "base64.h"
#include "scrammsg.h"
#include "unit.h"

#define FIRST "n,,n=user,r=rOprNGfwEbeRWgbNEkqO"
#define OURS "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
#define BOTH "rOprNGfwEbeRWgbNEkqO" OURS
#define SALT "W22ZaJ0SNY7soEsUEjb6gQ=="
#define PROOF "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="

static void
test_rfc7677(void **state)
{
	struct scram_first f;
	struct scram_verifier v = { .iterations = 4096, .salt_len = 16 };
	char first[SCRAM_SERVER_FIRST_MAX];
	char without[SCRAM_FINAL_MAX];
	char message[SCRAM_MESSAGE_MAX];
	uint8_t proof[SCRAM_KEY];
	int n;

	(void)state;
	assert_int_equal(scram_read_first(&f, FIRST), 0);
	assert_string_equal(f.user, "user");
	assert_string_equal(f.other, "");
	assert_string_equal(f.gs2, "n,,");
	assert_string_equal(f.nonce, "rOprNGfwEbeRWgbNEkqO");
	base64_decode(v.salt, sizeof v.salt, SALT);
	assert_int_equal(
	    scram_write_first(first, sizeof first, f.nonce, OURS, &v), 0);
	assert_string_equal(first, "r=" BOTH ",s=" SALT ",i=4096");
	assert_int_equal(scram_read_final(&f, OURS,
			     "c=biws,r=" BOTH ",p=" PROOF, without, proof),
	    0);
	scram_make(&v, "pencil");
	n = scram_auth_message(message, sizeof message, f.bare, first, without);
	assert_true(n > 0);
	assert_true(scram_proof(&v, message, (size_t)n, proof));
}

static void
test_first(void **state)
{
	static const struct {
		const char *message, *user, *other;
	} good[] = {
		{ "y,,n=a,r=x", "a", "" },
		{ "n,a=b=2Cc=3D,n=d=2C=3D,r=x", "d,=", "b,c=" },
		{ "n,,n=a,r=x,ext=1", "a", "" },
	};
	static const char *const wrong[] = { "", "n", "n,", "n,,",
		"n,,n=", "n,,n=,r=x", "n,,n=a", "n,,n=a,r=", "n,,n=a,r=,x",
		"n,,r=x,n=a", "p=tls-unique,,n=a,r=x", "x,,n=a,r=x",
		"n,,m=1,n=a,r=x", "n,b=c,n=a,r=x", "n,a=,n=a,r=x",
		"n,,n=a=2,r=x", "n,,n=a=2c,r=x", "n,,n=a=,r=x", "n,,n=a,r=x y",
		"n,,n=a,r=\x7f", "n,n=a,r=x", ",,n=a,r=x" };
	static char long_name[600] = "n,,n=";
	static char long_nonce[300] = "n,,n=a,r=";
	struct scram_first f;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof good / sizeof good[0]; i++) {
		assert_int_equal(scram_read_first(&f, good[i].message), 0);
		assert_string_equal(f.user, good[i].user);
		assert_string_equal(f.other, good[i].other);
	}
	for (i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		if (scram_read_first(&f, wrong[i]) != -1)
			fail_msg("\"%s\" was taken", wrong[i]);
	}
	memset(long_name + 5, 'a', 500);
	memcpy(long_name + 505, ",r=x", 5);
	assert_int_equal(scram_read_first(&f, long_name), -1);
	memset(long_nonce + 9, 'x', 200);
	assert_int_equal(scram_read_first(&f, long_nonce), -1);
}

static void
test_final(void **state)
{
	static const char *const wrong[] = {
		"",
		"c=biws,r=" BOTH,
		"c=biws,r=" BOTH ",p=",
		"c=biws,r=" BOTH ",p=AAAA",
		"c=biws,r=" BOTH ",p=" PROOF ",x=1",
		"c=biws,r=rOprNGfwEbeRWgbNEkqO,p=" PROOF,
		"c=biws,r=" BOTH "x,p=" PROOF,
		"c=eSws,r=" BOTH ",p=" PROOF, /* "y,," */
		"r=" BOTH ",c=biws,p=" PROOF,
		" c=biws,r=" BOTH ",p=" PROOF,
	};
	struct scram_first f;
	char without[SCRAM_FINAL_MAX];
	uint8_t proof[SCRAM_KEY];
	size_t i;

	(void)state;
	assert_int_equal(scram_read_first(&f, FIRST), 0);
	for (i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		if (scram_read_final(&f, OURS, wrong[i], without, proof) != -1)
			fail_msg("\"%s\" was taken", wrong[i]);
	}
	assert_int_equal(
	    scram_read_final(
		&f, OURS, "c=biws,r=" BOTH ",x=,p=no,p=" PROOF, without, proof),
	    0);
	assert_string_equal(without, "c=biws,r=" BOTH ",x=,p=no");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rfc7677),
		cmocka_unit_test(test_first),
		cmocka_unit_test(test_final),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
