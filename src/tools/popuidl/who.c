/* SPDX-License-Identifier: MIT */
/* runs as: root (popuidl, before it is the user) */
#include <string.h>

#include "account.h"
#include "records.h"
#include "text.h"
#include "who.h"

/* 1 found, 0 no such user, -1 with e */
static int
look_up(
    const struct config *c, const char *user, struct account *a, struct err *e)
{
	const struct auth_cfg cfg = { .dir = c->cdb_dir };
	struct records r;
	int got = -1;

	memset(&r, 0, sizeof r);
	if (records_get(&cfg, user, &r, e) == 0)
		got = account_virtual(&r, user, a, e);
	explicit_bzero(&r, sizeof r);
	if (got == 0)
		got = account_system(&cfg, user, a, e);
	explicit_bzero(a->hash, sizeof a->hash);
	return got;
}

static int
read_given(
    const char *user, const char *given, struct account *a, struct err *e)
{
	struct records r;

	memset(&r, 0, sizeof r);
	r.is_virtual = true;
	if (text_copy(r.account, sizeof r.account, given) == 0 &&
	    account_virtual(&r, user, a, e) == 1)
		return 1;
	return err_set(e, ERR_CONF, "-u takes UID:GID:HOME[:MAILDROP]");
}

int
who_is(const struct config *c, const char *user, const char *given,
    struct auth_ident *id, struct err *e)
{
	struct account a;
	int r;

	memset(&a, 0, sizeof a);
	memset(id, 0, sizeof *id);
	if (!username_ok(user))
		return err_set(e, ERR_CONF, "this can be no user's name");
	r = given != NULL ? read_given(user, given, &a, e)
			  : look_up(c, user, &a, e);
	if (r == -1)
		return -1;
	if (r == 0)
		return err_set(e, ERR_CONF,
		    "there is no user %s in users.cdb or passwd; -u can tell "
		    "who that is",
		    user);
	if (a.uid == 0)
		return err_set(e, ERR_CONF, "root has no mail here");
	id->uid = a.uid;
	id->gid = a.gid;
	text_copy(id->user, sizeof id->user, user);
	text_copy(id->home, sizeof id->home, a.home);
	text_copy(id->maildrop, sizeof id->maildrop, a.maildrop);
	return 0;
}
