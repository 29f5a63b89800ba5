/* SPDX-License-Identifier: MIT */
/* runs as: root (checker) */
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "account.h"
#include "num.h"
#include "text.h"
#include "userdb.h"

/* Cuts the field up to the next colon off *s; NULL when there is none. */
static char *
field(char **s)
{
	char *f = *s;
	char *colon;

	if (f == NULL)
		return NULL;
	colon = strchr(f, ':');
	*s = NULL;
	if (colon != NULL) {
		*colon = '\0';
		*s = colon + 1;
	}
	return f;
}

static int
parse(char *rec, struct account *a)
{
	uint32_t uid;
	uint32_t gid;
	char *f;

	if ((f = field(&rec)) == NULL || num_u32(f, &uid) == -1 ||
	    uid == UINT32_MAX)
		return -1;
	/* to setresgid(2) this number means no change */
	if ((f = field(&rec)) == NULL || num_u32(f, &gid) == -1 ||
	    gid == UINT32_MAX)
		return -1;
	if ((f = field(&rec)) == NULL || f[0] != '/' ||
	    text_copy(a->home, sizeof a->home, f) == -1)
		return -1;
	a->uid = uid;
	a->gid = gid;
	if ((f = field(&rec)) == NULL)
		return 0;
	if (f[0] != '/' || rec != NULL)
		return -1;
	return text_copy(a->maildrop, sizeof a->maildrop, f);
}

int
account_virtual(
    const struct records *r, const char *user, struct account *a, struct err *e)
{
	char rec[sizeof r->account];

	if (!r->is_virtual)
		return 0;
	text_copy(rec, sizeof rec, r->account);
	if (parse(rec, a) == 0)
		return 1;
	return err_set(e, ERR_PERM,
	    "users.cdb has a bad record for \"%s\": run rebuild-cdb again",
	    user);
}

/* shadow(5): days since 1970; -1 and 0 mean no such limit. */
static bool
is_over(const struct userdb_shadow *sh, long today)
{
	return sh->expire > 0 && today >= sh->expire;
}

static bool
is_old(const struct userdb_shadow *sh, long today)
{
	if (sh->changed < 0)
		return false;
	if (sh->changed == 0)
		return true; /* has to be changed at the next log-in */
	return sh->max >= 0 && sh->max < 99999 && today > sh->changed + sh->max;
}

int
account_system(const struct auth_cfg *cfg, const char *user, struct account *a,
    struct err *e)
{
	struct userdb_user u = { .uid = 0 };
	struct userdb_shadow sh = { .changed = -1 };
	long today = (long)(time(NULL) / 86400);
	int shadow;
	int r = userdb_login(&userdb_system, user, &u, &sh, &shadow, e);

	if (r != 1)
		return r;
	a->uid = u.uid;
	a->gid = u.gid;
	text_copy(a->home, sizeof a->home, u.home);
	text_copy(a->shell, sizeof a->shell, u.shell);
	text_copy(a->hash, sizeof a->hash, u.hash);
	/* nobody but root can read it */
	if (shadow == -1 && geteuid() == 0)
		return -1;
	if (shadow == 1) {
		a->over = is_over(&sh, today);
		a->old = cfg->check_expired && is_old(&sh, today);
		text_copy(a->hash, sizeof a->hash, sh.hash);
	}
	explicit_bzero(&sh, sizeof sh);
	explicit_bzero(&u, sizeof u);
	return 1;
}
