/* SPDX-License-Identifier: MIT */
/* runs as: root (checker) */
#include <string.h>

#include "account.h"
#include "cdbx.h"
#include "proof.h"
#include "text.h"

#define LOW_UID 10

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
		[AUTH_LOWUID] = "uid 10 or below",
		[AUTH_TEMP] = "it cannot be checked now",
	};

	return text[rc];
}

static bool
clear_allowed(const struct auth_cfg *cfg, bool has_apop)
{
	switch (cfg->clear) {
	case CLEAR_NEVER:
		return false;
	case CLEAR_ALWAYS:
		return true;
	case CLEAR_LOCAL:
		return cfg->local;
	case CLEAR_TLS:
		return cfg->tls;
	case CLEAR_DEFAULT:
	default:
		return !has_apop;
	}
}

static enum auth_rc
judge(const struct auth_cfg *cfg, const struct auth_try *try, const char *stamp,
    const struct account *a)
{
	const char *apop = a->apop;
	enum auth_rc rc;

	if (try->mech == AUTH_APOP) {
		/* computed without a secret too: it takes the same time */
		bool ok = proof_apop(stamp, apop, try->proof);

		if (apop[0] == '\0')
			return AUTH_NOSECRET;
		rc = ok ? AUTH_YES : AUTH_WRONG;
	} else {
		rc = proof_crypt(try->proof, a->hash);
		if (rc == AUTH_NOSECRET)
			proof_crypt_dummy(try->proof);
		if (!clear_allowed(cfg, apop[0] != '\0') && rc != AUTH_TEMP)
			return AUTH_POLICY;
	}
	if (rc != AUTH_YES)
		return rc;
	if (a->expired)
		return AUTH_EXPIRED;
	if (a->uid == 0 || (a->uid <= LOW_UID && !cfg->low_uids))
		return AUTH_LOWUID;
	return AUTH_YES;
}

void
auth_check(const struct auth_cfg *cfg, const struct auth_try *try,
    const char *stamp, struct auth_ident *id)
{
	struct account a;
	struct err e = { .kind = ERR_NONE };
	int found;

	memset(&a, 0, sizeof a);
	memset(id, 0, sizeof *id);
	id->mech = try->mech;
	text_copy(id->user, sizeof id->user, try->user);
	found = account_virtual(cfg, try->user, &a, &e);
	if (found == 0) {
		found = account_system(cfg, try->user, &a, &e);
		if (found != -1 &&
		    cdbx_get(cfg->secrets, 'a', try->user, a.apop,
			sizeof a.apop, &e) == -1)
			found = -1;
	}
	if (found == -1) {
		id->rc = AUTH_TEMP;
		text_copy(id->why, sizeof id->why, e.text);
		return;
	}
	id->rc = judge(cfg, try, stamp, &a);
	if (found == 0 && id->rc != AUTH_TEMP)
		id->rc = AUTH_UNKNOWN;
	explicit_bzero(a.apop, sizeof a.apop);
	explicit_bzero(a.hash, sizeof a.hash);
	if (id->rc == AUTH_TEMP)
		text_copy(id->why, sizeof id->why, "crypt(3) failed");
	id->uid = a.uid;
	id->gid = a.gid;
	text_copy(id->home, sizeof id->home, a.home);
	text_copy(id->maildrop, sizeof id->maildrop, a.maildrop);
}
