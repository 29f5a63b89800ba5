/* SPDX-License-Identifier: MIT */
/* runs as: root (checker) */
#include <string.h>

#include "account.h"
#include "list.h"
#include "oracle.h"
#include "proof.h"
#include "records.h"
#include "text.h"

#define SHELLS "/etc/shells"

const char *
auth_reason(enum auth_rc rc)
{
	static const char *const text[] = {
		[AUTH_YES] = "accepted",
		[AUTH_WRONG] = "the proof is wrong",
		[AUTH_UNKNOWN] = "no such user",
		[AUTH_NOSECRET] = "the account is locked or has no secret",
		[AUTH_POLICY] = "clear-text-password forbids it",
		[AUTH_EXPIRED] = "the account or its password has expired",
		[AUTH_LOWUID] = "a uid of block-uid or below",
		[AUTH_LISTED] = "the lists of users say no",
		[AUTH_SHELL] = "the shell is not in /etc/shells",
		[AUTH_OTHER] = "checkpassword has another name for the user",
		[AUTH_TEMP] = "it cannot be checked now",
	};

	return text[rc];
}

bool
auth_clear_ok(enum auth_clear rule, bool local, bool tls, bool has_secret)
{
	switch (rule) {
	case CLEAR_NEVER:
		return false;
	case CLEAR_ALWAYS:
		return true;
	case CLEAR_LOCAL:
		return local;
	case CLEAR_TLS:
		return tls;
	case CLEAR_DEFAULT:
	default:
		return !has_secret;
	}
}

/* One try: what is known, and what comes of it. */
struct inquiry {
	const struct auth_cfg *cfg;
	const struct auth_try *try;
	struct records rec;
	struct account a;
	enum {
		NOBODY,
		VIRTUAL, /* of users.cdb */
		SYSTEM,	 /* of passwd */
		PROGRAM	 /* known to the program, if to anybody */
	} found;
	uint8_t *signature;
	struct err e;
};

static enum auth_rc
yes_or_wrong(bool ok)
{
	return ok ? AUTH_YES : AUTH_WRONG;
}

/* A hash that cannot be compared costs as much as one that can. */
static enum auth_rc
by_hash(struct inquiry *q, const char *hash)
{
	enum auth_rc rc = proof_crypt(q->try->proof, hash);

	if (rc == AUTH_NOSECRET)
		proof_crypt_dummy(q->try->proof);
	if (rc == AUTH_TEMP)
		err_set(&q->e, ERR_TEMP, "crypt(3) failed");
	return rc;
}

/* A virtual user without a hash has perhaps another secret. */
static enum auth_rc
by_secret(struct inquiry *q)
{
	const struct records *r = &q->rec;
	struct scram_verifier v;

	if (r->crypt[0] != '\0')
		return by_hash(q, r->crypt);
	if (r->scram[0] != '\0') {
		if (records_verifier(r, q->try->user, &v, &q->e) == -1)
			return AUTH_TEMP;
		return yes_or_wrong(scram_password(&v, q->try->proof));
	}
	if (r->apop[0] != '\0')
		return yes_or_wrong(proof_equal(q->try->proof, r->apop));
	return by_hash(q, "");
}

static bool
has_secret(const struct records *r)
{
	return r->apop[0] != '\0' || r->scram[0] != '\0';
}

/* It knows best whether the password is too old. */
static enum auth_rc
by_program(struct inquiry *q)
{
	enum auth_rc rc =
	    oracle_ask(q->cfg, q->try->user, q->try->proof, &q->a, &q->e);

	if (q->found == NOBODY)
		q->found = PROGRAM;
	if (rc == AUTH_YES)
		q->a.old = false;
	return rc;
}

static enum auth_rc
by_password(struct inquiry *q)
{
	const struct auth_cfg *cfg = q->cfg;
	enum auth_rc rc;

	if (q->found == VIRTUAL)
		rc = by_secret(q);
	else if (cfg->program != NULL)
		rc = by_program(q);
	else
		rc = by_hash(q, q->a.hash);
	if (rc != AUTH_TEMP &&
	    !auth_clear_ok(
		cfg->clear, cfg->local, cfg->tls, has_secret(&q->rec)))
		return AUTH_POLICY;
	return rc;
}

static enum auth_rc
by_digest(const struct inquiry *q)
{
	const char *secret = q->rec.apop;
	/* computed without a secret too: it takes the same time */
	bool ok = q->try->mech == AUTH_APOP
	    ? proof_apop(q->cfg->stamp, secret, q->try->proof)
	    : proof_cram(q->cfg->stamp, secret, q->try->proof);

	return secret[0] == '\0' ? AUTH_NOSECRET : yes_or_wrong(ok);
}

/* The challenge is built here, so that a front cannot replay an old one. */
static enum auth_rc
by_scram(struct inquiry *q)
{
	const struct auth_try *try = q->try;
	char first[SCRAM_SERVER_FIRST_MAX];
	char message[SCRAM_MESSAGE_MAX];
	struct scram_verifier v;
	int there = records_verifier(&q->rec, try->user, &v, &q->e);
	bool ok;
	int n;

	if (there == -1)
		return AUTH_TEMP;
	if (scram_write_first(
		first, sizeof first, try->scram.nonce, q->cfg->nonce, &v) == -1)
		return AUTH_WRONG;
	n = scram_auth_message(message, sizeof message, try->scram.bare, first,
	    try->scram.without);
	if (n == -1)
		return AUTH_WRONG;
	ok = scram_proof(&v, message, (size_t)n, try->scram.proof);
	scram_signature(&v, message, (size_t)n, q->signature);
	explicit_bzero(&v, sizeof v);
	return there == 0 ? AUTH_NOSECRET : yes_or_wrong(ok);
}

static enum auth_rc
by_mechanism(struct inquiry *q)
{
	switch (q->try->mech) {
	case AUTH_APOP:
	case AUTH_CRAM_MD5:
		return by_digest(q);
	case AUTH_SCRAM_SHA_256:
		return by_scram(q);
	case AUTH_EXTERNAL:
		/* TLS has proved it; never what the front says */
		return yes_or_wrong(q->cfg->external[0] != '\0' &&
		    strcmp(q->cfg->external, q->try->user) == 0);
	default:
		return by_password(q);
	}
}

/* What is against a user who has proved who he is. */
static enum auth_rc
admitted(struct inquiry *q)
{
	const struct auth_cfg *cfg = q->cfg;
	const struct account *a = &q->a;
	int r;

	if (a->uid <= cfg->block_uid)
		return AUTH_LOWUID;
	if (a->over || a->old)
		return AUTH_EXPIRED;
	r = list_admits(cfg, &q->rec, q->try->user, &q->e);
	if (r != 1)
		return r == 0 ? AUTH_LISTED : AUTH_TEMP;
	if (cfg->check_shell && q->found == SYSTEM) {
		r = list_shell(SHELLS, a->shell, &q->e);
		if (r != 1)
			return r == 0 ? AUTH_SHELL : AUTH_TEMP;
	}
	return AUTH_YES;
}

/* Who is it?  -1 with q->e. */
static int
find(struct inquiry *q)
{
	const char *user = q->try->user;
	int r;

	if (records_get(q->cfg, user, &q->rec, &q->e) == -1)
		return -1;
	r = account_virtual(&q->rec, user, &q->a, &q->e);
	if (r == 1)
		q->found = VIRTUAL;
	if (r != 0)
		return r;
	r = account_system(q->cfg, user, &q->a, &q->e);
	if (r == 1)
		q->found = SYSTEM;
	return r;
}

static enum auth_rc
verdict(struct inquiry *q)
{
	enum auth_rc rc;

	if (find(q) == -1)
		return AUTH_TEMP;
	rc = by_mechanism(q);
	if (q->found == NOBODY && rc != AUTH_TEMP)
		return AUTH_UNKNOWN;
	return rc == AUTH_YES ? admitted(q) : rc;
}

void
auth_check(const struct auth_cfg *cfg, const struct auth_try *try,
    struct auth_ident *id)
{
	struct inquiry q = { .cfg = cfg, .try = try };

	memset(id, 0, sizeof *id);
	q.signature = id->signature;
	id->mech = try->mech;
	text_copy(id->user, sizeof id->user, try->user);
	id->rc = verdict(&q);
	if (id->rc == AUTH_TEMP)
		text_copy(id->why, sizeof id->why, q.e.text);
	if (id->rc != AUTH_YES)
		memset(id->signature, 0, sizeof id->signature);
	id->kinds = q.rec.kinds;
	id->uid = q.a.uid;
	id->gid = q.a.gid;
	text_copy(id->home, sizeof id->home, q.a.home);
	text_copy(id->maildrop, sizeof id->maildrop, q.a.maildrop);
	explicit_bzero(&q, sizeof q);
}

int
auth_salt(const struct auth_cfg *cfg, const char *user,
    struct scram_verifier *v, struct err *e)
{
	struct records rec;
	int r = -1;

	if (records_get(cfg, user, &rec, e) == 0)
		r = records_salt(&rec, user, v, e);
	explicit_bzero(&rec, sizeof rec);
	memset(v->stored, 0, sizeof v->stored);
	memset(v->server, 0, sizeof v->server);
	return r;
}

int
auth_kinds(const struct auth_cfg *cfg, unsigned *kinds, struct err *e)
{
	struct records rec;
	int r = records_get(cfg, "", &rec, e);

	*kinds = rec.kinds;
	return r;
}
