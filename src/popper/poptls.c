/* SPDX-License-Identifier: MIT */
/* runs as: root */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "poptls.h"
#include "wrapper.h"

#define KEYS POPPER_RUN "/keys/" /* tls-unlock(8) makes these copies */

static void
add(struct poptls *p, const char *word)
{
	p->word[p->count++] = word;
}

/* An option with its value, if there is one. */
static void
add_value(struct poptls *p, const char *letter, const char *value)
{
	if (value == NULL)
		return;
	add(p, letter);
	add(p, value);
}

/* Where tls-unlock puts the copy of this file: its path with ":" for "/". */
static int
unlocked(
    struct poptls *p, const struct config *c, const char *from, struct err *e)
{
	struct stat key;
	struct stat copy;
	char *s;

	snprintf(p->key, sizeof p->key, KEYS "%s", from);
	for (s = p->key + strlen(KEYS); *s != '\0'; s++) {
		if (*s == '/')
			*s = ':';
	}
	if (stat(from, &key) == -1)
		return err_sys(e, ERR_CONF, "Unable to look at", from);
	if (stat(p->key, &copy) == -1)
		return config_fail(c, "tls-passphrase",
		    "there is no decrypted copy of the key: run tls-unlock",
		    p->key, e);
	/* the copy has the time of the key that it was made of */
	if (key.st_mtim.tv_sec != copy.st_mtim.tv_sec ||
	    key.st_mtim.tv_nsec != copy.st_mtim.tv_nsec)
		return config_fail(c, "tls-passphrase",
		    "the decrypted copy is of another key: run tls-unlock",
		    p->key, e);
	return 0;
}

static int
certificate(struct poptls *p, const struct config *c, struct err *e)
{
	const char *cert = c->tls_server_cert_file;
	const char *key = c->tls_private_key_file;

	if (cert != NULL && c->tls_identity_file != NULL)
		return config_fail(c, "tls-identity-file",
		    "names the certificate, and so does tls-server-cert-file: "
		    "remove one of them",
		    "", e);
	if (cert == NULL)
		cert = c->tls_identity_file;
	if (cert == NULL)
		return config_fail(c, "tls-support",
		    "needs a certificate: set tls-server-cert-file, and "
		    "tls-private-key-file if the key is not in it",
		    "", e);
	if (c->tls_passphrase != NULL) {
		if (unlocked(p, c, key != NULL ? key : cert, e) == -1)
			return -1;
		key = p->key;
	}
	add_value(p, "-c", cert);
	add_value(p, "-k", key);
	return 0;
}

int
poptls_command(struct poptls *p, const struct config *c, struct err *e)
{
	static const char *const version[] = {
		[TLS_1_2] = NULL, [TLS_1_1] = "TLSv1.1", [TLS_1_0] = "TLSv1"
	};

	memset(p, 0, sizeof *p);
	if (c->tls_support != TLS_STLS && c->tls_support != TLS_ALTERNATE)
		return 0;
	if (c->tls_client_required && c->tls_client_ca_file == NULL)
		return config_fail(c, "tls-client-required",
		    "needs tls-client-ca-file, with those who sign clients' "
		    "certificates",
		    "", e);
	if (programs_self(p->self, e) == -1 ||
	    programs_beside(p->path, p->self, "poptls", e) == -1)
		return -1;
	add(p, p->path);
	if (c->tls_support == TLS_STLS)
		add(p, "-s");
	if (certificate(p, c, e) == -1)
		return -1;
	add_value(p, "-n", c->tls_names_dir);
	add_value(p, "-a", c->tls_client_ca_file);
	if (c->tls_client_required)
		add(p, "-r");
	add_value(p, "-p", c->tls_cipher_list);
	add_value(p, "-v", version[c->tls_version]);
	snprintf(p->seconds, sizeof p->seconds, "%u",
	    c->timeout < WRAPPER_SECONDS_MAX ? c->timeout
					     : WRAPPER_SECONDS_MAX);
	add_value(p, "-t", p->seconds);
	if (!config_built_in(c, "empty-dir"))
		add_value(p, "-e", c->empty_dir);
	return 0;
}

void
poptls_print(const struct poptls *p, FILE *to)
{
	size_t i;
	const char *s;

	for (i = 0; i < p->count; i++) {
		fputs(i == 0 ? "'" : " '", to);
		for (s = p->word[i]; *s != '\0'; s++) {
			if (*s == '\'')
				fputs("'\\''", to);
			else
				fputc(*s, to);
		}
		fputc('\'', to);
	}
	if (p->count > 0)
		fputc('\n', to);
}

const char *
poptls_called(char *const *argv)
{
	const char *started = getenv(POPTLS_STARTED);

	if (started != NULL)
		return started;
	return argv[0] != NULL ? argv[0] : "";
}

int
poptls_start(const struct config *c, int argc, char **argv, struct err *e)
{
	struct poptls p;
	const char **all;

	if (poptls_command(&p, c, e) == -1)
		return -1;
	if (p.count == 0)
		return 0;
	if (getenv(POPTLS_STARTED) != NULL)
		return config_fail(c, "tls-support",
		    "the wrapper was started, and there is no TLS in its "
		    "environment",
		    p.path, e);
	all = calloc(p.count + (size_t)argc + 1, sizeof *all);
	if (all == NULL ||
	    setenv(POPTLS_STARTED, poptls_called(argv), 1) == -1) {
		free(all);
		return err_set(e, ERR_TEMP, "No memory to start %s", p.path);
	}
	memcpy(all, p.word, p.count * sizeof *all);
	all[p.count] = p.self;
	memcpy(all + p.count + 1, argv + 1, (size_t)argc * sizeof *all);
	signal(SIGPIPE, SIG_DFL);
	execv(p.path, (char *const *)all);
	err_sys(e, ERR_CONF, "Unable to run", p.path);
	signal(SIGPIPE, SIG_IGN);
	free(all);
	return -1;
}
