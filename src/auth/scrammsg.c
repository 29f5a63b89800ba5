/* SPDX-License-Identifier: MIT */
/* runs as: root (checker), which only writes messages */
#include <stdio.h>
#include <string.h>

#include "base64.h"
#include "scrammsg.h"
#include "text.h"

/* n octets as a string; -1 if they do not fit. */
static int
take(char *dst, size_t size, const char *src, size_t n)
{
	if (n >= size)
		return -1;
	memcpy(dst, src, n);
	dst[n] = '\0';
	return 0;
}

/* A saslname up to the next comma: =2C is a comma and =3D an equals sign. */
static int
take_name(char *dst, size_t size, const char **s)
{
	const char *p = *s;
	size_t n = 0;

	while (*p != '\0' && *p != ',') {
		char c = *p++;

		if (c == '=' && strncmp(p, "2C", 2) == 0)
			c = ',';
		else if (c == '=' && strncmp(p, "3D", 2) != 0)
			return -1;
		if (p[-1] == '=')
			p += 2;
		if (n + 1 >= size)
			return -1;
		dst[n++] = c;
	}
	dst[n] = '\0';
	*s = p;
	return n > 0 ? 0 : -1;
}

/* Printable characters up to the next comma, or the end. */
static int
take_nonce(char *dst, size_t size, const char *s)
{
	size_t n = strcspn(s, ",");
	size_t i;

	for (i = 0; i < n; i++) {
		if (s[i] <= 0x20 || s[i] >= 0x7f)
			return -1;
	}
	return n > 0 ? take(dst, size, s, n) : -1;
}

int
scram_read_first(struct scram_first *f, const char *message)
{
	const char *p = message;

	memset(f, 0, sizeof *f);
	if ((p[0] != 'n' && p[0] != 'y') || p[1] != ',')
		return -1;
	p += 2;
	if (strncmp(p, "a=", 2) == 0) {
		p += 2;
		if (take_name(f->other, sizeof f->other, &p) == -1)
			return -1;
	}
	if (*p++ != ',' ||
	    take(f->gs2, sizeof f->gs2, message, (size_t)(p - message)) == -1 ||
	    text_copy(f->bare, sizeof f->bare, p) == -1)
		return -1;
	/* "m=" would be an extension that has to be understood */
	if (strncmp(p, "n=", 2) != 0)
		return -1;
	p += 2;
	if (take_name(f->user, sizeof f->user, &p) == -1 ||
	    strncmp(p, ",r=", 3) != 0)
		return -1;
	return take_nonce(f->nonce, sizeof f->nonce, p + 3);
}

int
scram_write_first(char *dst, size_t n, const char *nonce, const char *ours,
    const struct scram_verifier *v)
{
	char salt[BASE64_SIZE(SCRAM_SALT_MAX)];
	int k;

	if (base64_encode(salt, sizeof salt, v->salt, v->salt_len) == -1)
		return -1;
	k = snprintf(
	    dst, n, "r=%s%s,s=%s,i=%u", nonce, ours, salt, v->iterations);
	return k > 0 && (size_t)k < n ? 0 : -1;
}

int
scram_read_final(const struct scram_first *f, const char *ours,
    const char *message, char without[SCRAM_FINAL_MAX],
    uint8_t proof[SCRAM_KEY])
{
	char gs2[BASE64_SIZE(sizeof f->gs2)];
	char want[SCRAM_FINAL_MAX];
	uint8_t got[BASE64_SIZE(SCRAM_KEY)];
	const char *p = NULL;
	const char *next = message;
	size_t n;

	/* the proof comes last; extensions may stand before it */
	while ((next = strstr(next, ",p=")) != NULL)
		p = next++;
	if (p == NULL ||
	    take(without, SCRAM_FINAL_MAX, message, (size_t)(p - message)) ==
		-1 ||
	    base64_encode(gs2, sizeof gs2, f->gs2, strlen(f->gs2)) == -1)
		return -1;
	n = (size_t)snprintf(
	    want, sizeof want, "c=%s,r=%s%s", gs2, f->nonce, ours);
	if (n >= sizeof want || strncmp(without, want, n) != 0 ||
	    (without[n] != '\0' && without[n] != ','))
		return -1;
	if (base64_decode(got, sizeof got, p + 3) != SCRAM_KEY)
		return -1;
	memcpy(proof, got, SCRAM_KEY);
	return 0;
}

int
scram_auth_message(char *dst, size_t n, const char *bare, const char *first,
    const char *without)
{
	int k = snprintf(dst, n, "%s,%s,%s", bare, first, without);

	return k > 0 && (size_t)k < n ? k : -1;
}
