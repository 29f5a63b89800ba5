/* SPDX-License-Identifier: MIT */
/* runs as: root (checker, popauth) */
#include <bearssl.h>
#include <stdio.h>
#include <string.h>

#include "base64.h"
#include "num.h"
#include "same.h"
#include "scram.h"
#include "text.h"

static void
hmac(const void *key, size_t key_len, const void *data, size_t n,
    uint8_t out[SCRAM_KEY])
{
	br_hmac_key_context kc;
	br_hmac_context c;

	br_hmac_key_init(&kc, &br_sha256_vtable, key, key_len);
	br_hmac_init(&c, &kc, 0);
	br_hmac_update(&c, data, n);
	br_hmac_out(&c, out);
	explicit_bzero(&kc, sizeof kc);
	explicit_bzero(&c, sizeof c);
}

static void
hash(const void *data, size_t n, uint8_t out[SCRAM_KEY])
{
	br_sha256_context c;

	br_sha256_init(&c);
	br_sha256_update(&c, data, n);
	br_sha256_out(&c, out);
}

/* Hi(), which is PBKDF2 (RFC 8018) with one block. */
static void
salted(const struct scram_verifier *v, const char *password,
    uint8_t out[SCRAM_KEY])
{
	static const uint8_t one[] = { 0, 0, 0, 1 };
	br_hmac_key_context kc;
	br_hmac_context c;
	uint8_t u[SCRAM_KEY];
	uint32_t i;
	size_t k;

	br_hmac_key_init(&kc, &br_sha256_vtable, password, strlen(password));
	br_hmac_init(&c, &kc, 0);
	br_hmac_update(&c, v->salt, v->salt_len);
	br_hmac_update(&c, one, sizeof one);
	br_hmac_out(&c, u);
	memcpy(out, u, sizeof u);
	for (i = 1; i < v->iterations; i++) {
		br_hmac_init(&c, &kc, 0);
		br_hmac_update(&c, u, sizeof u);
		br_hmac_out(&c, u);
		for (k = 0; k < sizeof u; k++)
			out[k] ^= u[k];
	}
	explicit_bzero(&kc, sizeof kc);
	explicit_bzero(&c, sizeof c);
	explicit_bzero(u, sizeof u);
}

void
scram_make(struct scram_verifier *v, const char *password)
{
	uint8_t key[SCRAM_KEY];
	uint8_t client[SCRAM_KEY];

	salted(v, password, key);
	hmac(key, sizeof key, "Client Key", 10, client);
	hash(client, sizeof client, v->stored);
	hmac(key, sizeof key, "Server Key", 10, v->server);
	explicit_bzero(key, sizeof key);
	explicit_bzero(client, sizeof client);
}

int
scram_text(const struct scram_verifier *v, char *dst, size_t n)
{
	char salt[BASE64_SIZE(SCRAM_SALT_MAX)];
	char stored[BASE64_SIZE(SCRAM_KEY)];
	char server[BASE64_SIZE(SCRAM_KEY)];
	int k;

	if (v->salt_len > SCRAM_SALT_MAX)
		return -1;
	base64_encode(salt, sizeof salt, v->salt, v->salt_len);
	base64_encode(stored, sizeof stored, v->stored, SCRAM_KEY);
	base64_encode(server, sizeof server, v->server, SCRAM_KEY);
	k = snprintf(
	    dst, n, "%u:%s$%s:%s", v->iterations, salt, stored, server);
	return k > 0 && (size_t)k < n ? 0 : -1;
}

/* Cuts the field up to the next mark off *s; NULL when there is none. */
static char *
cut(char **s, char mark)
{
	char *f = *s;
	char *end = strchr(f, mark);

	if (end == NULL)
		return NULL;
	*end = '\0';
	*s = end + 1;
	return f;
}

static int
key(uint8_t dst[SCRAM_KEY], const char *text)
{
	uint8_t got[BASE64_SIZE(SCRAM_KEY)];

	if (base64_decode(got, sizeof got, text) != SCRAM_KEY)
		return -1;
	memcpy(dst, got, SCRAM_KEY);
	return 0;
}

int
scram_parse(struct scram_verifier *v, const char *text)
{
	char buf[SCRAM_TEXT_MAX];
	uint8_t got[SCRAM_SALT_MAX + 4];
	char *rest = buf;
	char *count;
	char *salt;
	char *stored;
	int n;

	if (text_copy(buf, sizeof buf, text) == -1 ||
	    (count = cut(&rest, ':')) == NULL ||
	    (salt = cut(&rest, '$')) == NULL ||
	    (stored = cut(&rest, ':')) == NULL ||
	    num_u32(count, &v->iterations) == -1 || v->iterations == 0 ||
	    v->iterations > SCRAM_ITERATIONS_MAX ||
	    (n = base64_decode(got, sizeof got, salt)) <= 0 ||
	    n > SCRAM_SALT_MAX)
		return -1;
	memcpy(v->salt, got, (size_t)n);
	v->salt_len = (size_t)n;
	return key(v->stored, stored) == 0 ? key(v->server, rest) : -1;
}

bool
scram_proof(const struct scram_verifier *v, const void *message, size_t n,
    const uint8_t proof[SCRAM_KEY])
{
	uint8_t client[SCRAM_KEY];
	uint8_t got[SCRAM_KEY];
	size_t i;
	bool ok;

	hmac(v->stored, SCRAM_KEY, message, n, client);
	for (i = 0; i < SCRAM_KEY; i++)
		client[i] ^= proof[i];
	hash(client, sizeof client, got);
	ok = same_octets(got, v->stored, SCRAM_KEY);
	explicit_bzero(client, sizeof client);
	return ok;
}

void
scram_signature(const struct scram_verifier *v, const void *message, size_t n,
    uint8_t signature[SCRAM_KEY])
{
	hmac(v->server, SCRAM_KEY, message, n, signature);
}

bool
scram_password(const struct scram_verifier *v, const char *password)
{
	struct scram_verifier made = *v;
	bool ok;

	scram_make(&made, password);
	ok = same_octets(made.stored, v->stored, SCRAM_KEY);
	explicit_bzero(&made, sizeof made);
	return ok;
}
