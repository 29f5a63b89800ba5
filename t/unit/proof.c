/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <string.h>

#include "proof.h"

/* RFC 1939 section 7, APOP */
#define STAMP "<1896.697170952@dbc.mtview.ca.us>"
#define SECRET "tanstaaf"
#define DIGEST "c4c9334bac560ecc979e58001b3e22fb"

static void
apop(void **state)
{
	static const struct {
		const char *stamp, *secret, *digest;
		bool want;
	} row[] = {
		{ STAMP, SECRET, DIGEST, true },
		{ STAMP, SECRET, "C4C9334BAC560ECC979E58001B3E22FB", true },
		{ STAMP, SECRET, "c4c9334bac560ecc979E58001B3E22FB", true },
		/* MD5 of nothing, RFC 1321 A.5, and of "abc" cut in two */
		{ "", "", "d41d8cd98f00b204e9800998ecf8427e", true },
		{ "a", "bc", "900150983cd24fb0d6963f7d28e17f72", true },
		{ STAMP, SECRET, "c4c9334bac560ecc979e58001b3e22fa", false },
		{ STAMP, SECRET, "d4c9334bac560ecc979e58001b3e22fb", false },
		{ STAMP, SECRET, "", false },
		{ STAMP, SECRET, "c4c9334bac560ecc979e58001b3e22f", false },
		{ STAMP, SECRET, DIGEST "0", false },
		{ STAMP, SECRET, DIGEST DIGEST, false },
		{ STAMP, SECRET, "c4c9334bac560ecc979e58001b3e22fg", false },
		{ STAMP, SECRET, " 4c9334bac560ecc979e58001b3e22fb", false },
		{ STAMP, SECRET, "0xc9334bac560ecc979e58001b3e22fb", false },
		{ STAMP, "tanstaaF", DIGEST, false },
		{ STAMP, "", DIGEST, false },
		{ "<1896.697170952@dbc.mtview.ca.us", SECRET, DIGEST, false },
		{ "<1897.697170952@dbc.mtview.ca.us>", SECRET, DIGEST, false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(row); i++)
		CHECK(proof_apop(row[i].stamp, row[i].secret, row[i].digest) ==
			row[i].want,
		    "row %zu: %s", i, row[i].digest);
}

static void
cram(void **state)
{
	/* the example of RFC 2195 section 2 */
	static const char stamp[] =
	    "<1896.697170952@postoffice.reston.mci.net>";
	static const char digest[] = "b913a602c7eda7a495b4e6e7334d3890";

	(void)state;
	assert_true(proof_cram(stamp, "tanstaaftanstaaf", digest));
	assert_false(proof_cram(stamp, "tanstaaftanstaag", digest));
	assert_false(proof_cram(STAMP, "tanstaaftanstaaf", digest));
	assert_false(proof_cram(stamp, "tanstaaftanstaaf", "b913"));
	assert_false(proof_apop(stamp, "tanstaaftanstaaf", digest));
}

static void
equal(void **state)
{
	(void)state;
	assert_true(proof_equal(SECRET, SECRET));
	assert_false(proof_equal(SECRET, SECRET "f"));
	assert_false(proof_equal("", SECRET));
}

/* openssl passwd -1 and -6, -salt abcdefgh, of tanstaaf */
#define MD5_HASH "$1$abcdefgh$hDf8O5em1.mnibl8TkeZO."
#define SHA_HASH \
	"$6$abcdefgh$Do.voiaiW61EmXmNVa79i4/Xls.8Y.t8XppJLhkeseHYWz." \
	"PAgFtRVSSnnGt8seBbSxBol8XOP1w44Mjj1vzV/"

static void
crypt_hash(void **state)
{
	static const struct {
		const char *password, *hash;
		enum auth_rc want;
	} row[] = {
		{ SECRET, MD5_HASH, AUTH_YES },
		{ SECRET, SHA_HASH, AUTH_YES },
		{ "Tanstaaf", MD5_HASH, AUTH_WRONG },
		{ "tanstaa", MD5_HASH, AUTH_WRONG },
		{ "tanstaaf ", MD5_HASH, AUTH_WRONG },
		{ "", MD5_HASH, AUTH_WRONG },
		{ "Tanstaaf", SHA_HASH, AUTH_WRONG },
		{ "tanstaaff", SHA_HASH, AUTH_WRONG },
		{ "", SHA_HASH, AUTH_WRONG },
		{ MD5_HASH, MD5_HASH, AUTH_WRONG },
		/* a hash that was cut off is not matched by its beginning */
		{ SECRET, "$1$abcdefgh$hDf8O5em1.mnibl8TkeZO", AUTH_WRONG },
		{ SECRET, MD5_HASH ".", AUTH_WRONG },
		{ SECRET, "", AUTH_NOSECRET },
		{ "", "", AUTH_NOSECRET },
		{ SECRET, "*", AUTH_NOSECRET },
		{ SECRET, "!", AUTH_NOSECRET },
		{ SECRET, "!!", AUTH_NOSECRET },
		{ SECRET, "x", AUTH_NOSECRET },
		{ "x", "x", AUTH_NOSECRET },
		{ SECRET, "*LK*", AUTH_NOSECRET },
		{ SECRET, "*NP*", AUTH_NOSECRET },
		{ SECRET, "*0", AUTH_NOSECRET },
		{ "*0", "*0", AUTH_NOSECRET },
		{ SECRET, "*no password login*", AUTH_NOSECRET },
		{ SECRET, "!" SHA_HASH, AUTH_NOSECRET },
		{ SECRET, "!" MD5_HASH, AUTH_NOSECRET },
		{ SECRET, "*" SHA_HASH, AUTH_NOSECRET },
		{ SECRET, "$9$abcdefgh$hDf8O5em1.mnibl8TkeZO.", AUTH_TEMP },
		{ SECRET, "$zz$abcdefgh$hDf8O5em1.mnibl8TkeZO.", AUTH_TEMP },
		{ SECRET, "{SSHA}abcdefghijklmnop", AUTH_TEMP },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(row); i++) {
		enum auth_rc rc = proof_crypt(row[i].password, row[i].hash);

		CHECK(rc == row[i].want, "\"%s\" with \"%s\": %d",
		    row[i].password, row[i].hash, rc);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(apop),
		cmocka_unit_test(cram),
		cmocka_unit_test(equal),
		cmocka_unit_test(crypt_hash),
	};

	return cmocka_run_group_tests_name("proof", tests, NULL, NULL);
}
