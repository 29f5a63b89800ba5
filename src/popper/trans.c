/* SPDX-License-Identifier: MIT */
/* runs as: root (until it is the user) */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "clock.h"
#include "cmd.h"
#include "hangup.h"
#include "locate.h"
#include "log.h"
#include "priv.h"
#include "report.h"
#include "servermode.h"
#include "text.h"
#include "trans.h"
#include "useropt.h"

#define OUT_OCTETS 131072

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
    struct session *s, const struct auth_ident *id, int spool, struct err *e)
{
	if (s->cfg.user_options && useropt_home(&s->cfg, id->home, e) == -1)
		return -1;
	if (spool != -1 && useropt_spool(&s->cfg, spool, id->user, e) == -1)
		return -1;
	log_debug("server mode: %s", s->cfg.server_mode ? "on" : "off");
	return 0;
}

static int
find(struct session *s, const struct auth_ident *id, struct locate *at,
    struct err *e)
{
	int options = -1;

	if (locate_open(at, &s->cfg, id, e) == -1)
		return -1;
	if (s->cfg.spool_options)
		options = useropt_open_spool(at->base.fd, id->user);
	servermode_groups(&s->cfg, id, userdb_group);
	if (become(id, at, e) == -1 || read_options(s, id, options, e) == -1 ||
	    locate_mode(at, s->cfg.server_mode, e) == -1)
		return -1;
	return locate_settle(at, &s->cfg, id, e);
}

static void
drop_options(struct drop *d, const struct config *c)
{
	d->server = c->server_mode;
	d->fast = c->fast_update;
	d->headers = c->update_status_headers;
	d->auto_delete = c->auto_delete;
	d->old_style_uid = c->old_style_uid;
	d->hide = c->uw_kluge;
	d->lengths = c->content_length;
	d->lock_check = c->mail_lock_check;
	d->sp.trust_links = c->no_atomic_open;
	d->sp.keep_drop = c->keep_temp_drop;
}

static void
close_drop(struct session *s)
{
	struct err e;

	if (drop_close(&s->drop, &e) == -1)
		log_line("%s: the next session will put the mail back", e.text);
}

/*
 * Before an octet of mail is looked at, and once all that there is of the
 * maildrop is open.
 */
static int
confine(const struct session *s, struct err *e)
{
	const struct spool *sp = &s->drop.sp;
	const int dir[] = { sp->dir, sp->temp == sp->dir ? -1 : sp->temp,
		sp->cache == sp->dir ? -1 : sp->cache, sp->old };
	const int file[] = { sp->fd, sp->session, sp->apart, sp->made,
		sp->left_fd, sp->held, s->drop.cache.fd };
	const struct confine_fds fds = { s->fd_in, s->fd_out, log_settle(),
		file, sizeof file / sizeof file[0] };
	int r = priv_confine_session(dir, sizeof dir / sizeof dir[0], &fds, e);

	if (r == 0)
		log_debug("this kernel has no Landlock");
	return r;
}

static int
open_drop(struct session *s, const struct auth_ident *id, struct err *e)
{
	struct locate at;

	if (find(s, id, &at, e) == -1) {
		locate_close(&at);
		return -1;
	}
	if (spool_init(&s->drop.sp, &at.at, id->uid, e) == -1) {
		spool_close(&s->drop.sp);
		return -1;
	}
	s->out.timeout = s->cfg.timeout;
	io_fd_timed(s->fd_in, s->cfg.timeout);
	if (!session_gathers(s))
		s->out.cap = OUT_SMALL;
	drop_options(&s->drop, &s->cfg);
	if (drop_enter(&s->drop, e) == -1 || confine(s, e) == -1 ||
	    drop_open(&s->drop, e) == -1) {
		close_drop(s);
		return -1;
	}
	return 0;
}

static void
say(struct session *s, const char *word)
{
	out_str(&s->out, word);
	out_str(&s->out, s->text);
	out_str(&s->out, "\r\n");
}

static int
refuse(struct session *s, const struct err *e)
{
	session_error(s, e);
	if (e->kind == ERR_CONF) {
		log_line("%s", e->text);
		snprintf(s->text, sizeof s->text,
		    "[SYS/PERM] Unable to process configuration file.");
	}
	report_err(s->user, &s->peer, s->text);
	say(s, "-ERR ");
	session_sign_off(s);
	return err_exit_code(e);
}

static void
welcome(struct session *s)
{
	uint32_t n = s->drop.ix.count;

	snprintf(s->text, sizeof s->text,
	    "%s has %u visible message%s (%u hidden) in %llu octets.", s->user,
	    n, n == 1 ? "" : "s", s->drop.hidden,
	    (unsigned long long)s->drop.octets);
	say(s, "+OK ");
}

int
trans_commit(struct session *s, struct err *e)
{
	int r;

	session_title(s, "update");
	r = drop_commit(&s->drop, e);
	if (r == -1)
		return -1;
	if (r == 1)
		log_line("%s", e->text);
	s->committed = true;
	drop_closing(&s->drop);
	return 0;
}

/*
 * update-on-abort reaches no further than a client that went, or was hung up,
 * between two commands: a broken connection or half a line is never an update,
 * nor is our own end.
 */
static void
ended(struct session *s, enum session_end end)
{
	const int sig = hangup_signal();
	struct err e;

	if (end == END_TIMEOUT || end == END_TIMEOUT_CUT)
		report_timeout(s->user, &s->peer, s->cfg.timeout);
	else if (end != END_QUIT && end != END_REFUSED)
		report_gone(s->user, &s->peer, sig, session_errno(s));
	if ((end == END_EOF || end == END_TIMEOUT) && !s->out.bad &&
	    s->cfg.update_on_abort && sig != SIGTERM) {
		if (trans_commit(s, &e) == -1)
			report_err(s->user, &s->peer, e.text);
	}
}

static void
statistics(const struct session *s)
{
	struct report_stats st = { 0, s->drop.ix.count, 0, s->drop.octets };

	if (s->committed) {
		st.deleted = s->drop.gone_count;
		st.octets_deleted = s->drop.gone_octets;
		st.left -= st.deleted;
		st.octets_left -= st.octets_deleted;
	}
	if (s->cfg.statistics)
		report_stats(s->user, &s->peer, &st);
}

/* The client has its last reply and need not wait for this. */
static void
remember(struct session *s)
{
	struct err e;

	if (!s->drop.learnt)
		return;
	shutdown(s->fd_out, SHUT_RDWR);
	if (drop_remember(&s->drop, &e) == -1)
		log_line("%s: the next log-in will take longer", e.text);
}

static int
session(struct session *s)
{
	enum session_end end;
	int64_t t_end;

	report_login(s->cfg.log_login, s->user, &s->peer);
	session_title(s, "transaction");
	welcome(s);
	end = session_loop(s, cmd_transaction, INT64_MAX);
	t_end = s->t_end != 0 ? s->t_end : clock_ms();
	session_title(s, "closing");
	ended(s, end);
	statistics(s);
	if (s->cfg.timing)
		report_timing(s->user, &s->peer, end == END_QUIT,
		    (s->t_auth - s->t_start) / 1000,
		    (s->t_init - s->t_auth) / 1000,
		    (clock_ms() - t_end) / 1000);
	remember(s);
	return end == END_REFUSED || end == END_DEAD ? 111 : 0;
}

int
trans_run(
    struct session *s, const struct auth_ident *id, const char *ahead, size_t n)
{
	static char in_mem[IN_OCTETS];
	static char out_mem[OUT_OCTETS];
	struct err e;
	int code;

	in_init(&s->in, io_fd_read, &s->fd_in, in_mem, sizeof in_mem);
	out_init(&s->out, io_fd_write, &s->fd_out, out_mem, sizeof out_mem,
	    s->cfg.timeout);
	text_copy(s->user, sizeof s->user, id->user);
	s->in_transaction = true;
	s->t_auth = clock_ms();
	session_title(s, "opening");
	if (in_seed(&s->in, ahead, n) == -1)
		code = 111;
	else if (open_drop(s, id, &e) == -1)
		code = refuse(s, &e);
	else {
		s->t_init = clock_ms();
		code = session(s);
		close_drop(s);
	}
	return code;
}
