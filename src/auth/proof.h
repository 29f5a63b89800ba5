/* SPDX-License-Identifier: MIT */
#ifndef POPPER_PROOF_H
#define POPPER_PROOF_H

#include <stdbool.h>

#include "auth.h"

/*
 * Compares a password with a crypt(5) hash.  A hash that cannot be one (an
 * empty, locked or starred field) is AUTH_NOSECRET; a crypt(3) that fails
 * is AUTH_TEMP, never a wrong password.
 */
enum auth_rc proof_crypt(const char *password, const char *hash);

/*
 * Costs what proof_crypt costs with the system's preferred hash: for users
 * without one, so that their refusal takes as long.
 */
void proof_crypt_dummy(const char *password);

/*
 * RFC 1939 section 7: digest is MD5(stamp secret), and RFC 2195: it is
 * HMAC-MD5(secret, stamp); in 32 hexadecimal digits.
 */
bool proof_apop(const char *stamp, const char *secret, const char *digest);
bool proof_cram(const char *stamp, const char *secret, const char *digest);

/* The password itself, against a secret that is kept as it is. */
bool proof_equal(const char *password, const char *secret);

#endif
