/* SPDX-License-Identifier: MIT */
/* runs as: root (until it is the user) */
#include <sys/stat.h>

#include "locate.h"
#include "log.h"
#include "maildrop.h"
#include "priv.h"
#include "servermode.h"
#include "useropt.h"

/*
 * From here on the process is the user, in the group of spool-dir.  A folder
 * of root's own group gives none, nor does one that users.cdb names: it may
 * be in the user's hands, and lead anywhere.  The user's own group comes along
 * where a spool in the home has to keep it.
 */
static int
become(const struct auth_ident *id, const struct locate *at, struct err *e)
{
	gid_t gid = at->group != 0 ? at->group : id->gid;

	if (priv_become(id->uid, gid, at->home_mail ? id->gid : gid, e) == -1)
		return -1;
	umask(077);
	return 0;
}

/* The last one that says something of an option wins. */
static int
read_options(
    struct config *c, const struct auth_ident *id, int spool, struct err *e)
{
	if (c->user_options && useropt_home(c, id->home, e) == -1)
		return -1;
	if (spool != -1 && useropt_spool(c, spool, id->user, e) == -1)
		return -1;
	log_debug("server mode: %s", c->server_mode ? "on" : "off");
	return 0;
}

static int
find(struct locate *at, struct config *c, const struct auth_ident *id,
    bool normal, struct err *e)
{
	int options = -1;

	if (locate_open(at, c, id, e) == -1)
		return -1;
	if (c->spool_options)
		options = useropt_open_spool(at->base.fd, id->user);
	servermode_groups(c, id, userdb_group);
	if (become(id, at, e) == -1 || read_options(c, id, options, e) == -1 ||
	    locate_mode(at, c->server_mode && !normal, e) == -1)
		return -1;
	return locate_settle(at, c, id, e);
}

int
maildrop_find(struct drop *d, struct config *c, const struct auth_ident *id,
    bool normal, struct err *e)
{
	struct locate at;

	if (find(&at, c, id, normal, e) == -1) {
		locate_close(&at);
		return -1;
	}
	if (spool_init(&d->sp, &at.at, id->uid, e) == -1) {
		spool_close(&d->sp);
		return -1;
	}
	d->server = c->server_mode && !normal;
	d->fast = c->fast_update && !normal;
	d->headers = c->update_status_headers;
	d->auto_delete = c->auto_delete && !normal;
	d->old_style_uid = c->old_style_uid;
	d->hide = c->uw_kluge;
	d->lengths = c->content_length;
	d->lock_check = c->mail_lock_check;
	d->sp.trust_links = c->no_atomic_open;
	d->sp.keep_drop = c->keep_temp_drop;
	return 0;
}

/*
 * Before an octet of mail is looked at, and once all that there is of the
 * maildrop is open.
 */
static int
confine(const struct drop *d, int in, int out, int log, struct err *e)
{
	const struct spool *sp = &d->sp;
	const int dir[] = { sp->dir, sp->temp == sp->dir ? -1 : sp->temp,
		sp->cache == sp->dir ? -1 : sp->cache, sp->old };
	const int file[] = { sp->fd, sp->session, sp->apart, sp->made,
		sp->left_fd, sp->held, d->cache.fd };
	const struct confine_fds fds = { in, out, log, file,
		sizeof file / sizeof file[0] };
	int r = priv_confine_session(dir, sizeof dir / sizeof dir[0], &fds, e);

	if (r == 0)
		log_debug("this kernel has no Landlock");
	return r;
}

int
maildrop_enter(struct drop *d, int in, int out, int log, struct err *e)
{
	return drop_enter(d, e) == -1 ? -1 : confine(d, in, out, log, e);
}
