/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base64.h"
#include "front.h"
#include "sasl.h"
#include "text.h"

#define PLAIN_MAX ((size_t)SASL_LINE_MAX / 4 * 3) /* of a response, decoded */

bool
sasl_clear(const struct session *s)
{
	return auth_clear_ok((enum auth_clear)s->cfg.clear_text_password,
	    s->peer.local, s->tls, false);
}

/* This was no try. */
static enum outcome
refuse(struct session *s, enum reply why, const char *arg)
{
	session_refuse(s, why, arg);
	return ++s->mechs < MECHS_MAX ? OC_ERR : OC_FAIL;
}

/*
 * A response, decoded: its octets, of which dst has room for PLAIN_MAX, made
 * a string.  given is the initial response, or NULL: then the challenge, n
 * octets, asks for it.  -1: *oc is what comes of the command.
 */
static int
response(struct session *s, const char *given, const void *challenge, size_t n,
    char dst[PLAIN_MAX], enum outcome *oc)
{
	char text[IO_LINE_MAX * 2];
	char *line;
	int len;

	if (given == NULL) {
		if (base64_encode(text, sizeof text, challenge, n) == -1) {
			*oc = refuse(s, REPLY_BAD_SASL, "");
			return -1;
		}
		*oc = session_challenge(s, text, &line);
		if (*oc == OC_ERR && ++s->mechs >= MECHS_MAX)
			*oc = OC_FAIL;
		if (*oc != OC_OK)
			return -1;
		given = line;
	} else if (strcmp(given, "=") == 0) {
		given = "";
	}
	len = base64_decode(dst, PLAIN_MAX, given);
	if (len == -1)
		*oc = refuse(s, REPLY_BAD_SASL, "");
	return len;
}

/* RFC 4616: who he acts for, who he is, his password; NULs in between. */
static enum outcome
run_plain(struct session *s, const char *initial)
{
	struct auth_try try = { .mech = AUTH_PLAIN };
	char got[PLAIN_MAX];
	enum outcome oc;
	int len = response(s, initial, "", 0, got, &oc);
	const char *user;
	const char *password;

	if (len == -1)
		return oc;
	user = got + strlen(got) + 1;
	if (user > got + len)
		return refuse(s, REPLY_BAD_SASL, "");
	password = user + strlen(user) + 1;
	if (password > got + len || password[0] == '\0' ||
	    password + strlen(password) != got + len ||
	    text_copy(try.proof, sizeof try.proof, password) == -1)
		return refuse(s, REPLY_BAD_SASL, "");
	if (got[0] != '\0' && strcmp(got, user) != 0)
		return refuse(s, REPLY_OTHER_USER, "");
	if (front_name(s, user) == -1)
		return refuse(s, REPLY_BAD_USER, "");
	return front_log_in(s, &try, NULL);
}

static enum outcome
run_login(struct session *s, const char *initial)
{
	struct auth_try try = { .mech = AUTH_LOGIN };
	char got[PLAIN_MAX];
	enum outcome oc;
	int len = response(s, initial, "Username:", 9, got, &oc);

	if (len == -1)
		return oc;
	if (strlen(got) != (size_t)len || front_name(s, got) == -1)
		return refuse(s, REPLY_BAD_USER, "");
	len = response(s, NULL, "Password:", 9, got, &oc);
	if (len == -1)
		return oc;
	if (len == 0 || strlen(got) != (size_t)len ||
	    text_copy(try.proof, sizeof try.proof, got) == -1)
		return refuse(s, REPLY_BAD_SASL, "");
	return front_log_in(s, &try, NULL);
}

/* RFC 2195; its challenge is the greeting's stamp, like that of APOP. */
static enum outcome
run_cram(struct session *s, const char *initial)
{
	struct auth_try try = { .mech = AUTH_CRAM_MD5 };
	char got[PLAIN_MAX];
	enum outcome oc;
	char *digest;
	int len;

	/* the server speaks first */
	if (initial != NULL)
		return refuse(s, REPLY_BAD_SASL, "");
	len = response(s, NULL, s->stamp, strlen(s->stamp), got, &oc);
	if (len == -1)
		return oc;
	digest = strrchr(got, ' ');
	if (strlen(got) != (size_t)len || digest == NULL ||
	    strlen(digest + 1) != 32)
		return refuse(s, REPLY_BAD_SASL, "");
	*digest++ = '\0';
	if (front_name(s, got) == -1)
		return refuse(s, REPLY_BAD_USER, "");
	text_copy(try.proof, sizeof try.proof, digest);
	return front_log_in(s, &try, NULL);
}

/* RFC 5802 section 5: our proof, which the client answers with nothing. */
static enum outcome
sign(struct session *s, const uint8_t signature[SCRAM_KEY])
{
	char text[BASE64_SIZE(SCRAM_KEY) + 2] = "v=";
	char got[PLAIN_MAX];
	enum outcome oc;
	int len;

	base64_encode(text + 2, sizeof text - 2, signature, SCRAM_KEY);
	len = response(s, NULL, text, strlen(text), got, &oc);
	if (len == 0)
		return front_taken(s);
	if (len > 0)
		session_refuse(s, REPLY_BAD_SASL, "");
	/* the one try is over */
	return len == -1 && oc == OC_GONE ? OC_GONE : OC_FAIL;
}

static enum outcome
run_scram(struct session *s, const char *initial)
{
	struct auth_try try = { .mech = AUTH_SCRAM_SHA_256 };
	char got[PLAIN_MAX];
	char text[SCRAM_SERVER_FIRST_MAX];
	uint8_t signature[SCRAM_KEY];
	struct scram_verifier v;
	struct scram_first f;
	enum outcome oc;
	int len = response(s, initial, "", 0, got, &oc);

	if (len == -1)
		return oc;
	if (strlen(got) != (size_t)len || scram_read_first(&f, got) == -1)
		return refuse(s, REPLY_BAD_SASL, "");
	if (f.other[0] != '\0' && strcmp(f.other, f.user) != 0)
		return refuse(s, REPLY_OTHER_USER, "");
	if (front_name(s, f.user) == -1)
		return refuse(s, REPLY_BAD_USER, "");
	if (front_salt(s, &v) == -1)
		return refuse(s, REPLY_TEMP, "");
	if (scram_write_first(text, sizeof text, f.nonce, s->nonce, &v) == -1)
		return refuse(s, REPLY_BAD_SASL, "");
	len = response(s, NULL, text, strlen(text), got, &oc);
	if (len == -1)
		return oc;
	if (strlen(got) != (size_t)len ||
	    scram_read_final(
		&f, s->nonce, got, try.scram.without, try.scram.proof) == -1)
		return refuse(s, REPLY_BAD_SASL, "");
	text_copy(try.scram.bare, sizeof try.scram.bare, f.bare);
	text_copy(try.scram.nonce, sizeof try.scram.nonce, f.nonce);
	oc = front_log_in(s, &try, signature);
	return oc == OC_OK ? sign(s, signature) : oc;
}

/*
 * RFC 4422 appendix A: who he acts for, or nothing.  Who he is, the monitor
 * knows of his certificate.
 */
static enum outcome
run_external(struct session *s, const char *initial)
{
	struct auth_try try = { .mech = AUTH_EXTERNAL };
	char got[PLAIN_MAX];
	enum outcome oc;
	int len = response(s, initial, "", 0, got, &oc);

	if (len == -1)
		return oc;
	if (strlen(got) != (size_t)len)
		return refuse(s, REPLY_BAD_SASL, "");
	if (front_name(s, len > 0 ? got : s->external) == -1)
		return refuse(s, REPLY_BAD_USER, "");
	if (strcmp(s->user, s->external) != 0)
		return refuse(s, REPLY_OTHER_USER, "");
	return front_log_in(s, &try, NULL);
}

static bool
can_external(const struct session *s)
{
	return s->external[0] != '\0';
}

/* ONE row a mechanism, the best one first: many clients take that. */
static const struct mechanism {
	const char *name;
	bool clear;			      /* the password is sent */
	unsigned needs;			      /* some user has one of these */
	bool (*can)(const struct session *s); /* or NULL: else it is unknown */
	enum outcome (*run)(struct session *s, const char *initial);
} mechanisms[] = {
	{ "EXTERNAL", false, 0, can_external, run_external },
	{ "SCRAM-SHA-256", false, AUTH_HAS_SCRAM | AUTH_HAS_APOP, NULL,
	    run_scram },
	{ "CRAM-MD5", false, AUTH_HAS_APOP, NULL, run_cram },
	{ "PLAIN", true, 0, NULL, run_plain },
	{ "LOGIN", true, 0, NULL, run_login },
};

#define COUNT (sizeof mechanisms / sizeof mechanisms[0])

/* Is it one of the words of sasl-mechanisms? */
static bool
wanted(const struct session *s, const char *name)
{
	const char *p = s->cfg.sasl_mechanisms;
	size_t len = strlen(name);

	for (;;) {
		size_t n;

		p += strspn(p, " \t,");
		n = strcspn(p, " \t,");
		if (n == 0)
			return false;
		if (n == len && strncasecmp(p, name, n) == 0)
			return true;
		p += n;
	}
}

static bool
usable(const struct session *s, const struct mechanism *m)
{
	return wanted(s, m->name) && (m->can == NULL || m->can(s));
}

static bool
known(const char *word, size_t n)
{
	size_t i;

	for (i = 0; i < COUNT; i++) {
		if (strlen(mechanisms[i].name) == n &&
		    strncasecmp(mechanisms[i].name, word, n) == 0)
			return true;
	}
	return false;
}

bool
sasl_names(const char *list)
{
	for (;;) {
		size_t n;

		list += strspn(list, " \t,");
		n = strcspn(list, " \t,");
		if (n == 0)
			return true;
		if (!known(list, n))
			return false;
		list += n;
	}
}

int
sasl_list(struct session *s, char *dst, size_t n)
{
	unsigned kinds = front_kinds(s);
	size_t len = 0;
	int count = 0;
	size_t i;

	dst[0] = '\0';
	for (i = 0; i < COUNT; i++) {
		const struct mechanism *m = &mechanisms[i];

		if (!usable(s, m) || (m->clear && !sasl_clear(s)) ||
		    (m->needs != 0 && (kinds & m->needs) == 0))
			continue;
		len += (size_t)snprintf(dst + len, n - len, " %s", m->name);
		count++;
	}
	return count;
}

/* RFC 1734 clients ask so for a list. */
int
sasl_body(struct session *s)
{
	char names[60];
	char *p = names;

	sasl_list(s, names, sizeof names);
	while (*p != '\0') {
		size_t n = strcspn(++p, " ");

		out_put(&s->out, p, n);
		out_str(&s->out, "\r\n");
		p += n;
	}
	out_str(&s->out, ".\r\n");
	return 0;
}

enum outcome
sasl_run(struct session *s, const struct args *a)
{
	char names[60];
	size_t i;

	if (a->count == 0) {
		if (sasl_list(s, names, sizeof names) == 0)
			return session_refuse(s, REPLY_TOO_FEW, "auth");
		s->more = true;
		snprintf(s->text, sizeof s->text, "Mechanisms follow");
		return OC_OK;
	}
	for (i = 0; i < COUNT; i++) {
		const struct mechanism *m = &mechanisms[i];

		if (!text_equal(m->name, a->arg[0]) || !usable(s, m))
			continue;
		if (m->clear && !sasl_clear(s))
			return refuse(s, REPLY_MECH_CLEAR, m->name);
		return m->run(s, a->count > 1 ? a->arg[1] : NULL);
	}
	return refuse(s, REPLY_MECH, a->arg[0]);
}
