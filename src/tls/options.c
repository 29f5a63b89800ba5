/* SPDX-License-Identifier: MIT */
/* runs as: root (before poptls's engine is confined) */
#include <bearssl.h>
#include <stddef.h>
#include <string.h>

#include "num.h"
#include "options.h"
#include "suites.h"
#include "text.h"

enum type {
	FLAG,
	STRING,
	NUMBER
};

/* a field of another type does not compile */
#define AT(f, selected) \
	offsetof(struct tls_options, f) + 0 * sizeof(char[(selected)])
#define FLAG_AT(f) FLAG, AT(f, _Generic(((struct tls_options *)0)->f, bool : 1))
#define STRING_AT(f) \
	STRING, AT(f, _Generic(((struct tls_options *)0)->f, const char * : 1))
#define NUMBER_AT(f) \
	NUMBER, AT(f, _Generic(((struct tls_options *)0)->f, uint32_t : 1))

/* clang-format off */
static const struct row {
	char letter;
	enum type type;
	size_t field;
	const char *arg; /* what it is called, or NULL */
	uint32_t min, max;
	const char *help;
} rows[] = {
	{ 'a', STRING_AT(ca), "file", 0, 0,
	    "ask clients for a certificate that one of these has signed" },
	{ 'c', STRING_AT(cert), "file", 0, 0,
	    "certificate, those above it, and the key if there is no -k" },
	{ 'e', STRING_AT(dir), "dir", 0, 0,
	    "empty folder of root's, the engine's root" },
	{ 'k', STRING_AT(key), "file", 0, 0, "private key" },
	{ 'n', STRING_AT(names), "dir", 0, 0,
	    "folder of more certificates, for clients that name a host" },
	{ 'p', STRING_AT(suites), "list", 0, 0, "cipher suites" },
	{ 'r', FLAG_AT(require), NULL, 0, 0,
	    "refuse clients without a certificate" },
	{ 's', FLAG_AT(on_request), NULL, 0, 0,
	    "start when the program asks for it (STLS), not at once" },
	{ 't', NUMBER_AT(seconds), "seconds", 1, 3600,
	    "that a handshake may take, 30 if not told" },
	{ 'u', NUMBER_AT(uid), "uid", 1, UINT32_MAX - 1,
	    "of the engine, a number of its own if not told" },
	{ 'v', STRING_AT(version), "version", 0, 0,
	    "the least one: TLSv1.2 if not told, TLSv1.1, TLSv1" },
};
/* clang-format on */

static const struct row *
find(char letter)
{
	size_t i;

	for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		if (rows[i].letter == letter)
			return &rows[i];
	}
	return NULL;
}

static int
set(struct tls_options *o, const struct row *r, const char *value,
    struct err *e)
{
	char *field = (char *)o + r->field;
	char shown[60];
	uint32_t n;

	switch (r->type) {
	case FLAG:
		*(bool *)field = true;
		return 0;
	case STRING:
		if (*value == '\0')
			return err_set(
			    e, ERR_CONF, "-%c %s is empty", r->letter, r->arg);
		*(const char **)field = value;
		return 0;
	case NUMBER:
	default:
		if (num_u32(value, &n) == -1 || n < r->min || n > r->max)
			return err_set(e, ERR_CONF,
			    "-%c \"%s\" is no number from %u to %u", r->letter,
			    text_safe(shown, sizeof shown, value), r->min,
			    r->max);
		*(uint32_t *)field = n;
		return 0;
	}
}

/* One word of letters; *used tells that the next word was its argument. */
static int
letters(struct tls_options *o, const char *word, const char *next, bool *used,
    struct err *e)
{
	*used = false;
	for (word++; *word != '\0'; word++) {
		const struct row *r = find(*word);
		char shown[2] = { *word, '\0' };

		if (r == NULL)
			return err_set(e, ERR_CONF,
			    "There is no option -%s (poptls --help)",
			    text_safe(shown, sizeof shown, shown));
		if (r->type == FLAG) {
			if (set(o, r, NULL, e) == -1)
				return -1;
			continue;
		}
		if (word[1] != '\0')
			return set(o, r, word + 1, e);
		*used = true;
		if (next == NULL)
			return err_set(
			    e, ERR_CONF, "-%c has no %s", r->letter, r->arg);
		return set(o, r, next, e);
	}
	return 0;
}

static int
whole(const struct tls_options *o, struct err *e)
{
	if (o->cert == NULL)
		return err_set(e, ERR_CONF, "-c (the certificate) is missing");
	if (o->require && o->ca == NULL)
		return err_set(e, ERR_CONF,
		    "-r refuses all clients unless -a says who signs their "
		    "certificates");
	return 0;
}

/* A word for the whole program, as the first one only. */
static int
first_word(const char *word, enum tls_mode *mode)
{
	static const struct {
		const char *name;
		enum tls_mode mode;
	} words[] = {
		{ "--check", TLS_CHECK },
		{ "--help", TLS_HELP },
		{ "--version", TLS_VERSION },
	};
	size_t i;

	*mode = TLS_SERVE;
	for (i = 0; i < sizeof words / sizeof words[0]; i++) {
		if (strcmp(word, words[i].name) == 0) {
			*mode = words[i].mode;
			return 1;
		}
	}
	return 0;
}

int
tls_options_read(struct tls_options *o, enum tls_mode *mode, int argc,
    char **argv, struct err *e)
{
	int i = 1 + first_word(argc > 1 ? argv[1] : "", mode);

	memset(o, 0, sizeof *o);
	o->dir = POPPER_EMPTY;
	o->seconds = 30;
	if (*mode == TLS_HELP || *mode == TLS_VERSION)
		return 0;
	for (; i < argc && argv[i][0] == '-' && argv[i][1] != '\0'; i++) {
		bool used;

		if (strcmp(argv[i], "--") == 0) {
			i++;
			break;
		}
		/* behind what popper --print-tls says */
		if (strcmp(argv[i], "--check") == 0) {
			*mode = TLS_CHECK;
			continue;
		}
		if (letters(o, argv[i], argv[i + 1], &used, e) == -1)
			return -1;
		i += used;
	}
	if (whole(o, e) == -1)
		return -1;
	if (*mode == TLS_CHECK)
		return i == argc
		    ? 0
		    : err_set(e, ERR_CONF, "--check runs no program");
	return i < argc ? i
			: err_set(e, ERR_CONF,
			      "There is no program to run (poptls --help)");
}

void
tls_options_help(FILE *to)
{
	const struct suite *s;
	size_t i;

	fputs("usage: tcpserver ... poptls -c file [option ...] program [arg "
	      "...]\n"
	      "       poptls --check -c file [option ...]\n"
	      "       poptls --help | --version\n\n"
	      "poptls runs a program behind TLS, see poptls(8):\n\n",
	    to);
	for (i = 0; i < sizeof rows / sizeof rows[0]; i++)
		fprintf(to, "  -%c %-8s  %s\n", rows[i].letter,
		    rows[i].arg != NULL ? rows[i].arg : "", rows[i].help);
	fputs("\nCipher suites, as OpenSSL names them; those without GCM or "
	      "CHACHA20 only if\nthey are named:\n\n",
	    to);
	for (i = 0; (s = suite_row(i)) != NULL; i++)
		fprintf(to, "  %s\n", s->name);
	fputs("\nWords for several of them: ALL HIGH DEFAULT ECDHE AES AES128 "
	      "AES256 AESGCM\nCHACHA20 ECDSA RSA SHA SHA256 SHA384 TLSv1 "
	      "TLSv1.2; "
	      "joined by + they mean both.\n",
	    to);
}
