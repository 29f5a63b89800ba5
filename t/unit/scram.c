/* SPDX-License-Identifier: MIT */
/* SCRAM-SHA-256: the example of RFC 7677 section 3, and stored forms. */
#include <string.h>

#include "base64.h"
#include "scram.h"
#include "unit.h"

#define SALT "W22ZaJ0SNY7soEsUEjb6gQ=="
#define MESSAGE \
	"n=user,r=rOprNGfwEbeRWgbNEkqO," \
	"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0," \
	"s=" SALT ",i=4096," \
	"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"

static void
example(struct scram_verifier *v)
{
	memset(v, 0, sizeof *v);
	v->iterations = 4096;
	v->salt_len = (size_t)base64_decode(v->salt, sizeof v->salt, SALT);
	scram_make(v, "pencil");
}

static void
test_rfc7677(void **state)
{
	struct scram_verifier v;
	uint8_t proof[SCRAM_KEY + 4];
	uint8_t signature[SCRAM_KEY];
	char text[BASE64_SIZE(SCRAM_KEY)];

	(void)state;
	example(&v);
	assert_int_equal(v.salt_len, 16);
	assert_int_equal(base64_decode(proof, sizeof proof,
			     "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="),
	    SCRAM_KEY);
	assert_true(scram_proof(&v, MESSAGE, strlen(MESSAGE), proof));
	proof[31] ^= 1;
	assert_false(scram_proof(&v, MESSAGE, strlen(MESSAGE), proof));
	scram_signature(&v, MESSAGE, strlen(MESSAGE), signature);
	base64_encode(text, sizeof text, signature, sizeof signature);
	assert_string_equal(
	    text, "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
	assert_true(scram_password(&v, "pencil"));
	assert_false(scram_password(&v, "pencils"));
}

static void
test_stored_form(void **state)
{
	struct scram_verifier v;
	struct scram_verifier w;
	char text[SCRAM_TEXT_MAX];

	(void)state;
	example(&v);
	memset(&w, 0, sizeof w);
	assert_int_equal(scram_text(&v, text, sizeof text), 0);
	assert_memory_equal(text, "4096:" SALT "$", 30);
	assert_int_equal(scram_parse(&w, text), 0);
	assert_memory_equal(&v, &w, sizeof v);
	assert_int_equal(scram_text(&v, text, 40), -1);
}

static void
test_wrong_forms(void **state)
{
#define KEY "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
	static const char *const wrong[] = {
		"",
		"4096",
		"4096:" SALT,
		"4096:" SALT "$" KEY,
		"0:" SALT "$" KEY ":" KEY,
		"-1:" SALT "$" KEY ":" KEY,
		"1000001:" SALT "$" KEY ":" KEY,
		"4096:$" KEY ":" KEY,
		"4096:" SALT "$" KEY ":" KEY " ",
		"4096:" SALT "$" KEY ":" SALT,
		"4096:W22ZaJ0SNY7soEsUEjb6gR==$" KEY ":" KEY,
	};
	struct scram_verifier v;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		assert_int_equal(scram_parse(&v, wrong[i]), -1);
	assert_int_equal(scram_parse(&v, "1:" SALT "$" KEY ":" KEY), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rfc7677),
		cmocka_unit_test(test_stored_form),
		cmocka_unit_test(test_wrong_forms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
