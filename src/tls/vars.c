/* SPDX-License-Identifier: MIT */
/* runs as: root (poptls, before it is the program), poptls's engine */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suites.h"
#include "text.h"
#include "vars.h"

#define NAME_MAX_SHOWN 256 /* a host's name */

extern char **environ;

static void __attribute__((format(printf, 3, 4)))
add(char *dst, size_t *n, const char *fmt, ...)
{
	va_list ap;
	int k;

	va_start(ap, fmt);
	k = vsnprintf(dst + *n, VARS_MAX - *n, fmt, ap);
	va_end(ap);
	/* the last octet is for the end; what does not fit is not told */
	if (k >= 0 && *n + (size_t)k + 1 < VARS_MAX)
		*n += (size_t)k + 1;
}

static void
add_client(char *dst, size_t *n, const struct client_check *k)
{
	char subject[CLIENT_SUBJECT_MAX];
	char cn[CLIENT_SUBJECT_MAX];
	char email[CLIENT_SUBJECT_MAX];

	if (k == NULL || !client_subject(k, subject, cn, email)) {
		add(dst, n, "SSL_CLIENT_VERIFY=NONE");
		return;
	}
	add(dst, n, "SSL_CLIENT_VERIFY=SUCCESS");
	add(dst, n, "SSL_CLIENT_S_DN=%s", subject);
	if (cn[0] != '\0')
		add(dst, n, "SSL_CLIENT_S_DN_CN=%s", cn);
	if (email[0] != '\0')
		add(dst, n, "SSL_CLIENT_S_DN_Email=%s", email);
}

size_t
vars_make(char dst[VARS_MAX], const struct vars *v)
{
	const struct suite *s = suite_find(v->suite);
	char name[NAME_MAX_SHOWN];
	size_t n = 0;

	add(dst, &n, "SSL_PROTOCOL=%s", suite_version(v->version));
	add(dst, &n, "SSL_CIPHER=%s", s != NULL ? s->name : "unknown");
	add(dst, &n, "SSL_CIPHER_USEKEYSIZE=%u",
	    s != NULL ? (unsigned)s->bits : 0);
	add(dst, &n, "SSL_SESSION_RESUMED=%s",
	    v->resumed ? "Resumed" : "Initial");
	if (v->server_name[0] != '\0') {
		text_safe(name, sizeof name, v->server_name);
		add(dst, &n, "SSL_SERVER_NAME=%s", name);
		add(dst, &n, "SSL_TLS_SNI_SERVERNAME=%s", name);
	}
	add_client(dst, &n, v->client);
	dst[n++] = '\0';
	return n;
}

void
vars_clear(void)
{
	char **from = environ;
	char **to = environ;

	/* SSLCTLFD and the like, too */
	for (; from != NULL && *from != NULL; from++) {
		if (strncmp(*from, "SSL", 3) != 0)
			*to++ = *from;
	}
	if (to != NULL)
		*to = NULL;
}

int
vars_put(char *strings, size_t n)
{
	char *p = strings;

	if (n < 2 || strings[n - 1] != '\0' || strings[n - 2] != '\0')
		return -1;
	for (; *p != '\0'; p += strlen(p) + 1) {
		if (strncmp(p, "SSL_", 4) != 0 || strchr(p, '=') == NULL ||
		    putenv(p) != 0)
			return -1;
	}
	return 0;
}
