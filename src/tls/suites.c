/* SPDX-License-Identifier: MIT */
/* runs as: root (before poptls's engine is confined) */
#include <bearssl.h>
#include <string.h>

#include "suites.h"
#include "text.h"

#define RSA BR_KEYTYPE_RSA
#define EC BR_KEYTYPE_EC
#define ANY " ALL ECDHE kECDHE EECDH kEECDH "
#define AEAD ANY " HIGH DEFAULT TLSv1.2 "
#define BY_RSA " RSA aRSA "
#define BY_EC " ECDSA aECDSA "

/* In the order that is best where the processor has AES. */
/* clang-format off */
static const struct suite rows[] = {
	{ BR_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
	    "ECDHE-ECDSA-AES128-GCM-SHA256", 128, EC, false,
	    AEAD BY_EC " AES AES128 AESGCM SHA256 " },
	{ BR_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	    "ECDHE-RSA-AES128-GCM-SHA256", 128, RSA, false,
	    AEAD BY_RSA " AES AES128 AESGCM SHA256 " },
	{ BR_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
	    "ECDHE-ECDSA-CHACHA20-POLY1305", 256, EC, false,
	    AEAD BY_EC " CHACHA20 " },
	{ BR_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
	    "ECDHE-RSA-CHACHA20-POLY1305", 256, RSA, false,
	    AEAD BY_RSA " CHACHA20 " },
	{ BR_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
	    "ECDHE-ECDSA-AES256-GCM-SHA384", 256, EC, false,
	    AEAD BY_EC " AES AES256 AESGCM SHA384 " },
	{ BR_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
	    "ECDHE-RSA-AES256-GCM-SHA384", 256, RSA, false,
	    AEAD BY_RSA " AES AES256 AESGCM SHA384 " },
	{ BR_TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256,
	    "ECDHE-ECDSA-AES128-SHA256", 128, EC, true,
	    ANY BY_EC " AES AES128 SHA256 TLSv1.2 " },
	{ BR_TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256,
	    "ECDHE-RSA-AES128-SHA256", 128, RSA, true,
	    ANY BY_RSA " AES AES128 SHA256 TLSv1.2 " },
	{ BR_TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384,
	    "ECDHE-ECDSA-AES256-SHA384", 256, EC, true,
	    ANY BY_EC " AES AES256 SHA384 TLSv1.2 " },
	{ BR_TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384,
	    "ECDHE-RSA-AES256-SHA384", 256, RSA, true,
	    ANY BY_RSA " AES AES256 SHA384 TLSv1.2 " },
	{ BR_TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA,
	    "ECDHE-ECDSA-AES128-SHA", 128, EC, true,
	    ANY BY_EC " AES AES128 SHA SHA1 TLSv1 SSLv3 " },
	{ BR_TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA,
	    "ECDHE-RSA-AES128-SHA", 128, RSA, true,
	    ANY BY_RSA " AES AES128 SHA SHA1 TLSv1 SSLv3 " },
	{ BR_TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA,
	    "ECDHE-ECDSA-AES256-SHA", 256, EC, true,
	    ANY BY_EC " AES AES256 SHA SHA1 TLSv1 SSLv3 " },
	{ BR_TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA,
	    "ECDHE-RSA-AES256-SHA", 256, RSA, true,
	    ANY BY_RSA " AES AES256 SHA SHA1 TLSv1 SSLv3 " },
};
/* clang-format on */

#define ROWS (sizeof rows / sizeof rows[0])
_Static_assert(ROWS <= SUITES_MAX, "a list of all suites does not fit");

/* Words of OpenSSL's that mean none of these; a name has a dash in it. */
static const char unknown_here[] =
    " 3DES ADH AECDH ARIA CAMELLIA COMPLEMENTOFALL COMPLEMENTOFDEFAULT DES DH "
    "DHE DSS ECDH EDH eNULL EXP EXPORT FZA GOST IDEA kDHE kECDH kEDH kRSA "
    "kPSK kSRP LOW MD5 MEDIUM NULL PSK RC2 RC4 SEED SRP SSLv2 aDSS aECDH aGOST "
    "aNULL aPSK AESCCM ARIAGCM ";

static const struct {
	const char *name;
	unsigned least;
} versions[] = {
	{ "TLSv1", BR_TLS10 },
	{ "TLSv1.1", BR_TLS11 },
	{ "TLSv1.2", BR_TLS12 },
};

const struct suite *
suite_row(size_t n)
{
	return n < ROWS ? &rows[n] : NULL;
}

const struct suite *
suite_find(uint16_t id)
{
	size_t i;

	for (i = 0; i < ROWS; i++) {
		if (rows[i].id == id)
			return &rows[i];
	}
	return NULL;
}

const char *
suite_version(unsigned version)
{
	size_t i;

	for (i = 0; i < sizeof versions / sizeof versions[0]; i++) {
		if (versions[i].least == version)
			return versions[i].name;
	}
	return "unknown";
}

bool
suites_cbc(const uint16_t *suites, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (suite_find(suites[i])->cbc)
			return true;
	}
	return false;
}

int
suites_version(unsigned *least, const char *name, struct err *e)
{
	char shown[40];
	size_t i;

	*least = BR_TLS12;
	if (name == NULL)
		return 0;
	for (i = 0; i < sizeof versions / sizeof versions[0]; i++) {
		if (text_equal(versions[i].name, name)) {
			*least = versions[i].least;
			return 0;
		}
	}
	return err_set(e, ERR_CONF,
	    "There is no version \"%s\" here (SSL 2 and 3 are broken, TLS 1.3 "
	    "is not in BearSSL): TLSv1.2, or for old clients TLSv1.1 or TLSv1",
	    text_safe(shown, sizeof shown, name));
}

static bool
has_word(const char *words, const char *w, size_t n)
{
	const char *p = words;

	while ((p = strstr(p, " ")) != NULL) {
		p++;
		if (strncmp(p, w, n) == 0 && p[n] == ' ')
			return true;
	}
	return false;
}

/* All of the parts, between "+": ECDHE+AESGCM. */
static bool
means(const struct suite *s, const char *w, size_t n)
{
	if (strlen(s->name) == n && strncmp(s->name, w, n) == 0)
		return true;
	for (;;) {
		size_t part = 0;

		while (part < n && w[part] != '+')
			part++;
		if (!has_word(s->words, w, part))
			return false;
		if (part == n)
			return true;
		w += part + 1;
		n -= part + 1;
	}
}

/* The list that is being made, of rows. */
struct chosen {
	const struct suite *s[ROWS];
	size_t n;
	bool killed[ROWS]; /* by "!": for good */
};

static bool
chosen_has(const struct chosen *c, const struct suite *s)
{
	size_t i;

	for (i = 0; i < c->n; i++) {
		if (c->s[i] == s)
			return true;
	}
	return false;
}

static bool
chosen_take(struct chosen *c, const struct suite *s)
{
	size_t n = c->n;
	size_t i;

	c->n = 0;
	for (i = 0; i < n; i++) {
		if (c->s[i] != s)
			c->s[c->n++] = c->s[i];
	}
	return c->n < n;
}

/* Old versions know no AEAD. */
static bool
by_default(const struct suite *s, unsigned least)
{
	return !s->cbc ||
	    (least < BR_TLS12 && has_word(s->words, "TLSv1", strlen("TLSv1")));
}

/* ALL and the like never mean CBC unless old versions need it. */
static bool
wanted(const struct suite *s, const char *w, size_t n, unsigned least)
{
	return means(s, w, n) && (by_default(s, least) || strlen(s->name) == n);
}

/* Returns how many suites the word means. */
static size_t
apply(struct chosen *c, char op, const char *w, size_t n, unsigned least)
{
	size_t found = 0;
	size_t i;

	for (i = 0; i < ROWS; i++) {
		const struct suite *s = &rows[i];

		if (!means(s, w, n))
			continue;
		found++;
		if (op == 0) {
			if (wanted(s, w, n, least) && !c->killed[i] &&
			    !chosen_has(c, s))
				c->s[c->n++] = s;
			continue;
		}
		if (op == '!')
			c->killed[i] = true;
		if (chosen_take(c, s) && op == '+')
			c->s[c->n++] = s;
	}
	return found;
}

static void
best(struct chosen *c, unsigned least)
{
	size_t i;
	bool aes = br_aes_x86ni_ctr_get_vtable() != NULL ||
	    br_aes_pwr8_ctr_get_vtable() != NULL;
	int pass;

	/* without AES in the processor ChaCha20 is three times as fast */
	for (pass = 0; pass < 2; pass++) {
		for (i = 0; i < ROWS; i++) {
			bool first =
			    aes || has_word(rows[i].words, "CHACHA20", 8);

			if (by_default(&rows[i], least) && first == (pass == 0))
				c->s[c->n++] = &rows[i];
		}
	}
}

/* @STRENGTH: longer keys first, and else the order stays. */
static void
by_strength(struct chosen *c)
{
	size_t i;
	size_t k;

	for (i = 1; i < c->n; i++) {
		const struct suite *s = c->s[i];

		for (k = i; k > 0 && c->s[k - 1]->bits < s->bits; k--)
			c->s[k] = c->s[k - 1];
		c->s[k] = s;
	}
}

static int
one_word(struct chosen *c, const char *w, size_t n, unsigned least,
    void (*skipped)(void *, const char *), void *ctx, struct err *e)
{
	char word[64];
	char op = 0;

	if (*w == '!' || *w == '-' || *w == '+') {
		op = *w++;
		n--;
	}
	if (n == 0 || n >= sizeof word)
		return err_set(e, ERR_CONF,
		    "The list of cipher suites has a word of %zu characters",
		    n);
	memcpy(word, w, n);
	word[n] = '\0';
	text_safe(word, sizeof word, word);
	if (strcmp(word, "@STRENGTH") == 0) {
		by_strength(c);
		return 0;
	}
	if (strncmp(word, "@SECLEVEL=", 10) == 0)
		return 0;
	if (apply(c, op, w, n, least) > 0)
		return 0;
	if (strpbrk(word, "-+") == NULL && !has_word(unknown_here, word, n))
		return err_set(e, ERR_CONF,
		    "The word \"%s\" in the list of cipher suites is not known "
		    "(poptls --help names those that are)",
		    word);
	if (op == 0 && skipped != NULL)
		skipped(ctx, word);
	return 0;
}

int
suites_select(uint16_t dst[SUITES_MAX], size_t *count, const char *list,
    unsigned least, void (*skipped)(void *ctx, const char *word), void *ctx,
    struct err *e)
{
	static const char between[] = ":, \t;";
	struct chosen c;
	size_t i;

	memset(&c, 0, sizeof c);
	if (list == NULL)
		best(&c, least);
	while (list != NULL && *(list += strspn(list, between)) != '\0') {
		size_t n = strcspn(list, between);

		if (one_word(&c, list, n, least, skipped, ctx, e) == -1)
			return -1;
		list += n;
	}
	if (c.n == 0)
		return err_set(e, ERR_CONF,
		    "The list of cipher suites leaves none: all that poptls "
		    "has are ECDHE with AES-GCM, ChaCha20 or AES (poptls "
		    "--help)");
	for (i = 0; i < c.n; i++)
		dst[i] = c.s[i]->id;
	*count = c.n;
	return 0;
}
