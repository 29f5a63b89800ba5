#define _DEFAULT_SOURCE
#include <bearssl.h>
#include <err.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base64.h"
#include "popproof.h"

#define KEY br_sha256_SIZE
#define KEY64 BASE64_SIZE(KEY)
#define ITERATIONS 4096
#define MESSAGE (3 * PROOF_LINE)

/* What stands behind a password and a salt. */
struct keys {
	unsigned iterations;
	char salt[100]; /* base64; empty: nothing is known yet */
	uint8_t client[KEY], stored[KEY], server[KEY];
};

static struct keys *known;
static const char *password;

void
proof_apop(char hex[33], const char *stamp, size_t n, const char *pass)
{
	uint8_t digest[br_md5_SIZE];
	br_md5_context c;
	size_t i;

	br_md5_init(&c);
	br_md5_update(&c, stamp, n);
	br_md5_update(&c, pass, strlen(pass));
	br_md5_out(&c, digest);
	for (i = 0; i < sizeof(digest); i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
}

static void
hmac(const void *key, size_t key_len, const void *data, size_t n,
    uint8_t out[KEY])
{
	br_hmac_key_context kc;
	br_hmac_context c;

	br_hmac_key_init(&kc, &br_sha256_vtable, key, key_len);
	br_hmac_init(&c, &kc, 0);
	br_hmac_update(&c, data, n);
	br_hmac_out(&c, out);
}

/* Hi() of RFC 5802. */
static void
salted(const uint8_t *salt, size_t n, unsigned iterations, uint8_t out[KEY])
{
	br_hmac_key_context kc;
	br_hmac_context c;
	uint8_t u[KEY];
	unsigned i;
	int k;

	br_hmac_key_init(&kc, &br_sha256_vtable, password, strlen(password));
	br_hmac_init(&c, &kc, 0);
	br_hmac_update(&c, salt, n);
	br_hmac_update(&c, "\0\0\0\1", 4);
	br_hmac_out(&c, u);
	memcpy(out, u, KEY);
	for (i = 1; i < iterations; i++) {
		br_hmac_init(&c, &kc, 0);
		br_hmac_update(&c, u, KEY);
		br_hmac_out(&c, u);
		for (k = 0; k < KEY; k++)
			out[k] ^= u[k];
	}
}

/* The user's keys for this salt: computed, unless they are there. */
static const struct keys *
keys(int user, const char *salt, unsigned iterations)
{
	struct keys *k = &known[user];
	uint8_t octets[76], key[KEY];
	br_sha256_context c;
	int n;

	if (iterations == k->iterations && strcmp(salt, k->salt) == 0)
		return k;
	n = base64_decode(octets, sizeof(octets), salt);
	if (n < 1 || iterations < 1 || strlen(salt) >= sizeof(k->salt))
		return NULL;
	salted(octets, (size_t)n, iterations, key);
	hmac(key, KEY, "Client Key", 10, k->client);
	hmac(key, KEY, "Server Key", 10, k->server);
	br_sha256_init(&c);
	br_sha256_update(&c, k->client, KEY);
	br_sha256_out(&c, k->stored);
	strcpy(k->salt, salt);
	k->iterations = iterations;
	return k;
}

/* With the salt that the user has in the benchmark. */
static const struct keys *
own_keys(int user)
{
	char octets[16], salt[BASE64_SIZE(sizeof(octets))];
	const struct keys *k;

	snprintf(octets, sizeof(octets), "salt %010d", user);
	base64_encode(salt, sizeof(salt), octets, sizeof(octets));
	k = keys(user, salt, ITERATIONS);
	if (k == NULL)
		errx(1, "no keys");
	return k;
}

void
scram_users(int users, const char *pass)
{
	int i;

	known = calloc((size_t)users, sizeof(*known));
	if (known == NULL)
		err(1, NULL);
	password = pass;
	for (i = 0; i < users; i++)
		own_keys(i);
}

static void
bare(const struct scram *s, char *text, size_t n)
{
	snprintf(text, n, "n=u%d,r=%s", s->user, s->nonce);
}

void
scram_begin(struct scram *s, int user, char line[PROOF_LINE])
{
	static unsigned long count;
	char text[100], encoded[BASE64_SIZE(103)];
	int n;

	s->user = user;
	/* a server does not ask how good it is, only if it comes again */
	snprintf(s->nonce, sizeof(s->nonce), "benchmark%016lx", ++count);
	memcpy(text, "n,,", 3);
	bare(s, text + 3, sizeof(text) - 3);
	n = base64_encode(encoded, sizeof(encoded), text, strlen(text));
	if (n == -1)
		errx(1, "a user's name is too long");
	snprintf(line, PROOF_LINE, "AUTH SCRAM-SHA-256 %s", encoded);
}

/* The text of "+ BASE64". */
static int
challenge_text(char text[PROOF_LINE], const char *challenge)
{
	char encoded[PROOF_LINE];
	size_t n;

	if (strncmp(challenge, "+ ", 2) != 0)
		return -1;
	n = strcspn(challenge + 2, "\r\n");
	if (n >= sizeof(encoded))
		return -1;
	memcpy(encoded, challenge + 2, n);
	encoded[n] = '\0';
	return base64_decode(text, PROOF_LINE, encoded);
}

int
scram_answer(struct scram *s, const char *challenge, char line[PROOF_LINE])
{
	char first[PROOF_LINE], message[MESSAGE], reply[PROOF_LINE];
	char nonce[200], salt[100], own[100], proof64[KEY64];
	uint8_t proof[KEY], signature[KEY];
	const struct keys *k;
	unsigned iterations;
	int i, n;

	if (challenge_text(first, challenge) == -1 ||
	    sscanf(first, "r=%199[^,],s=%99[^,],i=%u", nonce, salt,
		&iterations) != 3 ||
	    strncmp(nonce, s->nonce, strlen(s->nonce)) != 0 ||
	    (k = keys(s->user, salt, iterations)) == NULL)
		return -1;
	bare(s, own, sizeof(own));
	n = snprintf(
	    message, sizeof(message), "%s,%s,c=biws,r=%s", own, first, nonce);
	hmac(k->stored, KEY, message, (size_t)n, proof);
	for (i = 0; i < KEY; i++)
		proof[i] ^= k->client[i];
	hmac(k->server, KEY, message, (size_t)n, signature);
	base64_encode(s->server, sizeof(s->server), signature, KEY);
	base64_encode(proof64, sizeof(proof64), proof, KEY);
	n = snprintf(reply, sizeof(reply), "c=biws,r=%s,p=%s", nonce, proof64);
	return base64_encode(line, PROOF_LINE, reply, (size_t)n);
}

int
scram_right(const struct scram *s, const char *challenge)
{
	char last[PROOF_LINE];

	return challenge_text(last, challenge) != -1 &&
	    strncmp(last, "v=", 2) == 0 && strcmp(last + 2, s->server) == 0;
}

void
scram_verifiers(int users)
{
	char stored[KEY64], server[KEY64];
	const struct keys *k;
	int i;

	for (i = 0; i < users; i++) {
		k = own_keys(i);
		base64_encode(stored, sizeof(stored), k->stored, KEY);
		base64_encode(server, sizeof(server), k->server, KEY);
		printf("u%d %u %s %s %s\n", i, k->iterations, k->salt, stored,
		    server);
	}
}
