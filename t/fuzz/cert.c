/* SPDX-License-Identifier: MIT */
#include <bearssl.h>
#include <stdlib.h>
#include <string.h>

#include "cert.h"
#include "fuzz.h"
#include "verify.h"

static void
gather(void *ctx, const void *buf, size_t len)
{
	br_x500_name *dn = ctx;

	memcpy(dn->data + dn->len, buf, len);
	dn->len += len;
}

/* A subject that BearSSL finds, too, is the same one. */
static void
compare(const struct cert *c, const unsigned char *data, size_t n)
{
	br_x509_decoder_context d;
	br_x500_name dn = { malloc(n), 0 };

	if (dn.data == NULL)
		abort();
	br_x509_decoder_init(&d, gather, &dn);
	br_x509_decoder_push(&d, data, n);
	if (br_x509_decoder_last_error(&d) == 0 &&
	    (dn.len != c->subject.left ||
		memcmp(dn.data, c->subject.at, dn.len) != 0))
		abort();
	free(dn.data);
}

/* No value can look like an attribute, nor end a line. */
static void
tell(const struct der *name, size_t n)
{
	char *text = malloc(n);
	size_t i;

	if (text == NULL)
		abort();
	cert_name(name, text, n);
	if (strlen(text) >= n)
		abort();
	cert_attribute(name, CERT_CN, text, n);
	for (i = 0; text[i] != '\0'; i++)
		if (text[i] < 0x20 || text[i] > 0x7e ||
		    strchr("\"'`\\,+;<>", text[i]) != NULL)
			abort();
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	unsigned char *copy = malloc(n + 1);
	struct der names;
	struct der name;
	struct cert c;

	if (copy == NULL)
		abort();
	/* to its end, behind which nothing may be read */
	copy = memcpy(copy + 1, data, n);
	if (cert_read(&c, copy, n) == 0) {
		compare(&c, copy, n);
		tell(&c.subject, 400);
		tell(&c.issuer, 10);
		tell(&c.issuer, 1);
		names = c.names;
		while (cert_next_name(&names, &name) == 0)
			tell(&name, 100);
		cert_is_for(&c, "mail.example.org");
		cert_is_for(&c, "_.example.org");
		cert_may(&c, CERT_CLIENT);
		cert_own(&c);
		verify_weak(&c);
	}
	free(copy - 1);
	return 0;
}
