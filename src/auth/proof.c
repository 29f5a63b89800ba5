/* SPDX-License-Identifier: MIT */
/* runs as: root (checker) */
#include <bearssl.h>
#include <crypt.h>
#include <stdint.h>
#include <string.h>

#include "num.h"
#include "proof.h"
#include "same.h"

enum auth_rc
proof_crypt(const char *password, const char *hash)
{
	static struct crypt_data cd;
	const char *got;
	size_t n = strlen(hash);
	enum auth_rc rc;

	if (n < 13 || hash[0] == '!' || hash[0] == '*')
		return AUTH_NOSECRET;
	got = crypt_r(password, hash, &cd);
	if (got == NULL || got[0] == '*')
		rc = AUTH_TEMP;
	else if (strlen(got) == n && same_octets(got, hash, n))
		rc = AUTH_YES;
	else
		rc = AUTH_WRONG;
	/* the process ends now, and its memory with it */
	return rc;
}

void
proof_crypt_dummy(const char *password)
{
	static struct crypt_data cd;
	char setting[CRYPT_GENSALT_OUTPUT_SIZE];

	if (crypt_gensalt_rn(NULL, 0, NULL, 0, setting, sizeof setting) != NULL)
		crypt_r(password, setting, &cd);
}

bool
proof_apop(const char *stamp, const char *secret, const char *digest)
{
	unsigned char want[br_md5_SIZE];
	unsigned char got[br_md5_SIZE];
	br_md5_context md;
	size_t i;

	if (strlen(digest) != sizeof got * 2)
		return false;
	for (i = 0; i < sizeof got; i++) {
		int hi = num_hexdigit(digest[2 * i]);
		int lo = num_hexdigit(digest[2 * i + 1]);

		if (hi < 0 || lo < 0)
			return false;
		got[i] = (unsigned char)(hi << 4 | lo);
	}
	br_md5_init(&md);
	br_md5_update(&md, stamp, strlen(stamp));
	br_md5_update(&md, secret, strlen(secret));
	br_md5_out(&md, want);
	explicit_bzero(&md, sizeof md);
	return same_octets(want, got, sizeof want);
}
