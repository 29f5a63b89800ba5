/* SPDX-License-Identifier: MIT */
/* runs as: root (until it is the user) */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "clock.h"
#include "cmd.h"
#include "hangup.h"
#include "log.h"
#include "maildrop.h"
#include "report.h"
#include "text.h"
#include "trans.h"

#define OUT_OCTETS 131072

static void
close_drop(struct session *s)
{
	struct err e;

	if (drop_close(&s->drop, &e) == -1)
		log_line("%s: the next session will put the mail back", e.text);
}

static int
open_drop(struct session *s, const struct auth_ident *id, struct err *e)
{
	if (maildrop_find(&s->drop, &s->cfg, id, false, e) == -1)
		return -1;
	s->out.timeout = s->cfg.timeout;
	io_fd_timed(s->fd_in, s->cfg.timeout);
	if (!session_gathers(s))
		s->out.cap = OUT_SMALL;
	if (maildrop_enter(&s->drop, s->fd_in, s->fd_out, log_settle(), e) ==
		-1 ||
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
