/* SPDX-License-Identifier: MIT */
/* runs as: root (until it is the user) */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "cmd.h"
#include "log.h"
#include "priv.h"
#include "report.h"
#include "text.h"
#include "trans.h"
#include "useropt.h"

#define OUT_OCTETS 131072

/* Cuts the path of a spool into its folder and its name. */
static int
cut_path(char *path, const char **folder, const char **name)
{
	char *slash = strrchr(path, '/');

	if (slash == NULL || slash[1] == '\0')
		return -1;
	*slash = '\0';
	*folder = slash == path ? "/" : path;
	*name = slash + 1;
	return 0;
}

/* What temp-name makes of the user's name. */
static int
expand(char *dst, size_t n, const char *template, const char *user)
{
	const char *pc = strstr(template, "%s");
	int k = snprintf(
	    dst, n, "%.*s%s%s", (int)(pc - template), template, user, pc + 2);

	return k > 0 && (size_t)k < n ? 0 : -1;
}

/*
 * From here on the process is the user, in the group of spool-dir.  A folder
 * of root's own group gives none, nor does one that users.cdb names: it may
 * be in the user's hands, and lead anywhere.
 */
static int
become(const struct auth_ident *id, int dir, struct err *e)
{
	struct stat st;
	gid_t gid = id->gid;

	if (fstat(dir, &st) == -1)
		return err_sys(e, ERR_TEMP, "Unable to look at", "the spool");
	if (id->maildrop[0] == '\0' && st.st_gid != 0)
		gid = st.st_gid;
	if (priv_become(id->uid, gid, e) == -1)
		return -1;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return err_sys(e, ERR_TEMP, "Unable to confine", "the session");
	umask(077);
	return 0;
}

static int
open_drop(struct session *s, const struct auth_ident *id, struct err *e)
{
	char path[SPOOL_PATH_MAX];
	char drop[SPOOL_NAME_MAX];
	char cache[SPOOL_NAME_MAX];
	struct spool_place at = { .temp = -1,
		.cache = -1,
		.old = -1,
		.temp_name = drop,
		.cache_name = cache };
	int options = -1;
	int n;

	if (id->maildrop[0] != '\0')
		n = snprintf(path, sizeof path, "%s", id->maildrop);
	else
		n = snprintf(
		    path, sizeof path, "%s/%s", s->cfg.spool_dir, id->user);
	if (n < 0 || (size_t)n >= sizeof path ||
	    cut_path(path, &at.folder, &at.name) == -1 ||
	    expand(drop, sizeof drop, s->cfg.temp_name, at.name) == -1 ||
	    expand(cache, sizeof cache, s->cfg.cache_name, at.name) == -1)
		return err_set(e, ERR_PERM,
		    "The path of the spool of %s is none, or too long",
		    id->user);
	at.dir = open(at.folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (at.dir == -1)
		return err_sys(
		    e, ERR_PERM, "Unable to open the folder", at.folder);
	if (spool_init(&s->drop.sp, &at, id->uid, e) == -1)
		return -1;
	if (s->cfg.spool_options)
		options = useropt_open_spool(at.dir, id->user);
	if (become(id, at.dir, e) == -1 ||
	    (s->cfg.user_options && useropt_home(&s->cfg, id->home, e) == -1) ||
	    (options != -1 &&
		useropt_spool(&s->cfg, options, id->user, e) == -1))
		return -1;
	s->out.timeout = s->cfg.timeout;
	s->drop.lock_check = s->cfg.mail_lock_check;
	return drop_open(&s->drop, e);
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
	    "%s has %u visible message%s (0 hidden) in %llu octets.", s->user,
	    n, n == 1 ? "" : "s", (unsigned long long)s->drop.octets);
	say(s, "+OK ");
}

int
trans_commit(struct session *s, struct err *e)
{
	int r = drop_commit(&s->drop, e);

	if (r == -1)
		return -1;
	if (r == 1)
		log_line("%s", e->text);
	s->committed = true;
	return 0;
}

/*
 * update-on-abort reaches no further than a client that went between two
 * commands: a broken connection or half a line is never an update.
 */
static void
ended(struct session *s, enum session_end end)
{
	struct err e;

	if (end == END_TIMEOUT || end == END_TIMEOUT_CUT)
		report_timeout(s->user, &s->peer, s->cfg.timeout);
	else if (end != END_QUIT && end != END_REFUSED)
		report_eof(s->user, &s->peer, s->sys);
	if ((end == END_EOF || end == END_TIMEOUT) && !s->out.bad &&
	    s->cfg.update_on_abort) {
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

static int
session(struct session *s)
{
	enum session_end end;
	int64_t t_end;

	report_login(s->cfg.log_login, s->user, &s->peer);
	welcome(s);
	end = session_loop(s, cmd_transaction, INT64_MAX);
	t_end = s->t_end != 0 ? s->t_end : clock_ms();
	ended(s, end);
	statistics(s);
	if (s->cfg.timing)
		report_timing(s->user, &s->peer, end == END_QUIT,
		    (s->t_auth - s->t_start) / 1000,
		    (s->t_init - s->t_auth) / 1000,
		    (clock_ms() - t_end) / 1000);
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
	if (in_seed(&s->in, ahead, n) == -1)
		code = 111;
	else if (open_drop(s, id, &e) == -1)
		code = refuse(s, &e);
	else {
		s->t_init = clock_ms();
		code = session(s);
	}
	drop_close(&s->drop);
	return code;
}
