/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "cmd.h"
#include "front.h"
#include "hangup.h"
#include "report.h"
#include "session.h"
#include "text.h"
#include "version.h"

enum outcome
session_refuse(struct session *s, enum reply r, const char *arg)
{
	s->said = r;
	text_safe(s->said_arg, sizeof s->said_arg, arg);
	reply_text(r, arg, s->text, sizeof s->text);
	return OC_ERR;
}

enum outcome
session_error(struct session *s, const struct err *e)
{
	s->said = REPLY_TEMP;
	s->said_arg[0] = '\0';
	snprintf(s->text, sizeof s->text, "%s%s", reply_code(e->kind), e->text);
	return OC_ERR;
}

void
session_sign_off(struct session *s)
{
	out_str(&s->out, "+OK Pop server at ");
	out_str(&s->out, s->peer.us);
	out_str(&s->out, " signing off.\r\n");
	out_flush(&s->out);
}

/* The one place where status lines are written. */
static void
status(struct session *s, const char *word)
{
	size_t n = strlen(s->text);
	size_t room = REPLY_MAX - strlen(word) - 2;

	out_str(&s->out, word);
	out_put(&s->out, s->text, n < room ? n : room);
	out_put(&s->out, "\r\n", 2);
}

static enum outcome
bad_line(struct session *s, enum io_line st)
{
	switch (st) {
	case IO_NUL:
		return session_refuse(s, REPLY_NUL, "");
	case IO_CR:
		return session_refuse(s, REPLY_CR, "");
	default:
		return session_refuse(s, REPLY_LONG, "");
	}
}

/* Ends of input: they are no commands and get no reply. */
static enum session_end
input_end(struct session *s, enum io_line st)
{
	s->sys = st == IO_FAIL ? errno : 0;
	switch (st) {
	case IO_EOF:
		return in_partial(&s->in) ? END_CUT : END_EOF;
	case IO_TIMEOUT:
		return in_partial(&s->in) ? END_TIMEOUT_CUT : END_TIMEOUT;
	default:
		return END_CUT;
	}
}

/* What the client has sent behind the last command is not done any more. */
static enum session_end
hung_up(struct session *s)
{
	s->sys = 0;
	out_flush(&s->out);
	return in_pending(&s->in) || in_partial(&s->in) ? END_CUT : END_EOF;
}

static bool
is_input_end(enum io_line st)
{
	return st == IO_EOF || st == IO_TIMEOUT || st == IO_FAIL;
}

/* Only the monitor logs; the front tells it what it said. */
static void
report(struct session *s)
{
	if (!s->in_transaction)
		front_said(s);
	else if (s->said_count++ < REPORT_MAX)
		report_err(s->user, &s->peer, s->text);
}

/* Writes the reply.  False: the session goes on. */
static bool
answer(struct session *s, const struct cmd *c, enum outcome oc,
    enum session_end *end)
{
	switch (oc) {
	case OC_OK:
		status(s, "+OK ");
		if (s->more && c->body(s) == -1) {
			*end = END_DEAD;
			return true;
		}
		return false;
	case OC_ERR:
		status(s, "-ERR ");
		report(s);
		return false;
	case OC_FAIL:
		status(s, "-ERR ");
		report(s);
		session_sign_off(s);
		*end = END_REFUSED;
		return true;
	case OC_BYE:
		session_sign_off(s);
		*end = END_QUIT;
		return true;
	case OC_GONE:
		*end = s->gone;
		return true;
	case OC_DEAD:
	default:
		*end = END_DEAD;
		return true;
	}
}

int
session_name(const struct config *c, const char *given, char user[USERNAME_MAX])
{
	char name[IO_LINE_MAX];

	user[0] = '\0';
	if (text_copy(name, sizeof name, given) == -1)
		return -1;
	if (c->downcase_user)
		text_lower(name);
	if (c->trim_domain)
		name[strcspn(name, "@")] = '\0';
	return username_ok(name) ? text_copy(user, USERNAME_MAX, name) : -1;
}

/* By the piece, because snprintf(3) takes its time, and this is never off. */
void
session_title(const struct session *s, const char *state)
{
	const char *const part[] = { POPPER_NAME, ": ",
		s->in_transaction ? s->user : "",
		s->in_transaction ? " at " : "", s->peer.host, " (", s->peer.ip,
		"): ", state };
	char text[TITLE_MAX];
	size_t n = 0;
	size_t i;

	for (i = 0; i < sizeof part / sizeof part[0]; i++) {
		size_t k = strlen(part[i]);

		if (k >= sizeof text - n)
			k = sizeof text - n - 1;
		memcpy(text + n, part[i], k);
		n += k;
	}
	text[n] = '\0';
	title_set(&s->title, text);
}

void
session_certificate(struct session *s)
{
	s->external[0] = '\0';
	if (s->cfg.tls_client_name == TLS_NAME_CN)
		session_name(&s->cfg, s->wrapper.cn, s->external);
	if (s->cfg.tls_client_name == TLS_NAME_EMAIL)
		session_name(&s->cfg, s->wrapper.email, s->external);
}

bool
session_stls(const struct session *s)
{
	return wrapper_can(&s->wrapper) && !s->tls && !s->in_transaction &&
	    s->cfg.tls_support != TLS_NONE;
}

bool
session_gathers(const struct session *s)
{
	switch (s->cfg.chunky_writes) {
	case CHUNKY_NEVER:
		return false;
	case CHUNKY_TLS:
		return s->tls;
	case CHUNKY_ALWAYS:
	default:
		return true;
	}
}

int
session_errno(const struct session *s)
{
	return s->out.bad ? s->out.sys : s->sys;
}

/* The next line, before the client was silent or at work for too long. */
static enum io_line
next_line(struct session *s, char **line)
{
	int64_t idle = clock_ms() + (int64_t)s->cfg.timeout * 1000;

	return in_line(&s->in, line, idle < s->total ? idle : s->total);
}

enum outcome
session_challenge(struct session *s, const char *text, char **line)
{
	enum io_line st;

	out_str(&s->out, "+ ");
	out_str(&s->out, text);
	out_str(&s->out, "\r\n");
	if (out_flush(&s->out) == -1) {
		s->gone = END_CUT;
		return OC_GONE;
	}
	s->in.max = SASL_LINE_MAX;
	st = next_line(s, line);
	s->in.max = IO_LINE_MAX;
	if (is_input_end(st)) {
		s->gone = input_end(s, st);
		return OC_GONE;
	}
	if (st != IO_LINE)
		return bad_line(s, st);
	return strcmp(*line, "*") == 0 ? session_refuse(s, REPLY_CANCELLED, "")
				       : OC_OK;
}

enum session_end
session_loop(struct session *s, const struct cmd *table, int64_t total)
{
	enum session_end end;

	s->total = total;
	for (;;) {
		const struct cmd *c = NULL;
		enum outcome oc;
		char *line;
		enum io_line st;

		if (!(session_gathers(s) && in_pending(&s->in)) &&
		    out_flush(&s->out) == -1)
			return END_CUT;
		if (total != INT64_MAX && clock_left(total) == 0)
			return END_TIMEOUT_CUT;
		if (hangup_signal() != 0)
			return hung_up(s);
		st = next_line(s, &line);
		if (is_input_end(st)) {
			end = input_end(s, st);
			out_flush(&s->out);
			return end;
		}
		s->more = false;
		s->text[0] = '\0';
		oc = st == IO_LINE ? cmd_exec(table, s, line, &c)
				   : bad_line(s, st);
		if (answer(s, c, oc, &end))
			return s->out.bad && end == END_QUIT ? END_CUT : end;
	}
}
