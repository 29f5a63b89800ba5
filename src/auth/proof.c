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

/* 32 hexadecimal digits; -1 if they are not. */
static int
from_hex(unsigned char got[br_md5_SIZE], const char *digest)
{
	size_t i;

	if (strlen(digest) != br_md5_SIZE * 2)
		return -1;
	for (i = 0; i < br_md5_SIZE; i++) {
		int hi = num_hexdigit(digest[2 * i]);
		int lo = num_hexdigit(digest[2 * i + 1]);

		if (hi < 0 || lo < 0)
			return -1;
		got[i] = (unsigned char)(hi << 4 | lo);
	}
	return 0;
}

bool
proof_apop(const char *stamp, const char *secret, const char *digest)
{
	unsigned char want[br_md5_SIZE];
	unsigned char got[br_md5_SIZE];
	br_md5_context md;

	if (from_hex(got, digest) == -1)
		return false;
	br_md5_init(&md);
	br_md5_update(&md, stamp, strlen(stamp));
	br_md5_update(&md, secret, strlen(secret));
	br_md5_out(&md, want);
	explicit_bzero(&md, sizeof md);
	return same_octets(want, got, sizeof want);
}

bool
proof_cram(const char *stamp, const char *secret, const char *digest)
{
	unsigned char want[br_md5_SIZE];
	unsigned char got[br_md5_SIZE];
	br_hmac_key_context kc;
	br_hmac_context c;

	if (from_hex(got, digest) == -1)
		return false;
	br_hmac_key_init(&kc, &br_md5_vtable, secret, strlen(secret));
	br_hmac_init(&c, &kc, 0);
	br_hmac_update(&c, stamp, strlen(stamp));
	br_hmac_out(&c, want);
	explicit_bzero(&kc, sizeof kc);
	explicit_bzero(&c, sizeof c);
	return same_octets(want, got, sizeof want);
}

bool
proof_equal(const char *password, const char *secret)
{
	unsigned char a[br_sha256_SIZE];
	unsigned char b[br_sha256_SIZE];
	br_sha256_context c;

	/* of the same length, whatever these are */
	br_sha256_init(&c);
	br_sha256_update(&c, password, strlen(password));
	br_sha256_out(&c, a);
	br_sha256_init(&c);
	br_sha256_update(&c, secret, strlen(secret));
	br_sha256_out(&c, b);
	explicit_bzero(&c, sizeof c);
	return same_octets(a, b, sizeof a);
}
