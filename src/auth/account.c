/* SPDX-License-Identifier: MIT */
/* runs as: root (checker) */
#include <errno.h>
#include <pwd.h>
#include <shadow.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "account.h"
#include "cdbx.h"
#include "num.h"
#include "text.h"

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
account_virtual(const struct auth_cfg *cfg, const char *user, struct account *a,
    struct err *e)
{
	char rec[600];
	int r = cdbx_get(cfg->users, 'u', user, rec, sizeof rec, e);

	if (r != 1)
		return r;
	if (parse(rec, a) == -1)
		return err_set(e, ERR_PERM,
		    "%.200s has a bad record for \"%s\": run rebuild-cdb again",
		    cfg->users, user);
	r = cdbx_get(cfg->secrets, 'c', user, a->hash, sizeof a->hash, e);
	return r == -1 ? -1 : 1;
}

/* shadow(5): days since 1970; -1 and 0 mean no such limit. */
static bool
too_old(const struct spwd *sp, bool passwords)
{
	long today = (long)(time(NULL) / 86400);

	if (sp->sp_expire > 0 && today >= sp->sp_expire)
		return true;
	if (!passwords || sp->sp_lstchg < 0)
		return false;
	if (sp->sp_lstchg == 0)
		return true; /* has to be changed at the next log-in */
	return sp->sp_max >= 0 && sp->sp_max < 99999 &&
	    today > sp->sp_lstchg + sp->sp_max;
}

int
account_system(const struct auth_cfg *cfg, const char *user, struct account *a,
    struct err *e)
{
	const struct passwd *pw;
	const struct spwd *sp;

	errno = 0;
	pw = getpwnam(user);
	if (pw == NULL && errno != 0 && errno != ENOENT && errno != ESRCH)
		return err_sys(e, ERR_TEMP, "Unable to look up", user);
	if (pw == NULL)
		return 0;
	a->uid = pw->pw_uid;
	a->gid = pw->pw_gid;
	if (text_copy(a->home, sizeof a->home, pw->pw_dir) == -1 ||
	    text_copy(a->hash, sizeof a->hash, pw->pw_passwd) == -1)
		return err_set(e, ERR_PERM,
		    "The passwd entry of \"%s\" is too long", user);
	errno = 0;
	sp = getspnam(user);
	if (sp == NULL && errno != 0 && errno != ENOENT && errno != ESRCH &&
	    geteuid() == 0)
		return err_sys(
		    e, ERR_TEMP, "Unable to look up shadow of", user);
	if (sp == NULL)
		return 1;
	a->expired = too_old(sp, cfg->check_expired);
	if (text_copy(a->hash, sizeof a->hash, sp->sp_pwdp) == -1)
		return err_set(e, ERR_PERM,
		    "The shadow entry of \"%s\" is too long", user);
	return 1;
}
