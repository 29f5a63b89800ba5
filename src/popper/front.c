/* SPDX-License-Identifier: MIT */
/* runs as: root (until confined) */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "capa.h"
#include "clock.h"
#include "front.h"
#include "hangup.h"
#include "monitor.h"
#include "num.h"
#include "priv.h"
#include "sasl.h"
#include "split.h"
#include "text.h"
#include "version.h"

#define VERDICT_MS 60000
#define OUT_OCTETS 2048

static void
send_whole(const struct session *s, const void *data, size_t n)
{
	if (send(s->mon, data, n, MSG_NOSIGNAL) != (ssize_t)n)
		_exit(111); /* the monitor is gone */
}

static void
tell(const struct session *s, enum mon_op op, unsigned code, size_t len,
    const char *arg)
{
	struct mon_msg m;

	memset(&m, 0, sizeof m);
	m.op = (uint8_t)op;
	m.code = (uint8_t)code;
	m.len = (uint16_t)len;
	text_copy(m.user, sizeof m.user, s->user);
	text_safe(m.arg, sizeof m.arg, arg);
	send_whole(s, &m, sizeof m);
}

void
front_said(struct session *s)
{
	tell(s, MON_SAID, s->said, 0, s->said_arg);
}

void
front_did(struct session *s, const struct cmd *c, const char *shown)
{
	tell(s, MON_DID, (unsigned)(c - cmd_authorization), 0, shown);
}

static void
listen_for(const struct session *s, struct mon_reply *r)
{
	if (io_wait(s->mon, POLLIN, clock_ms() + VERDICT_MS) == -1 ||
	    recv(s->mon, r, sizeof *r, 0) != (ssize_t)sizeof *r)
		_exit(111);
}

unsigned
front_kinds(struct session *s)
{
	struct mon_reply r;

	if (!s->kinds_known) {
		tell(s, MON_KINDS, 0, 0, "");
		listen_for(s, &r);
		s->kinds = r.kinds;
		s->kinds_known = true;
	}
	return s->kinds;
}

int
front_salt(const struct session *s, struct scram_verifier *v)
{
	struct mon_reply r;

	tell(s, MON_SALT, 0, 0, "");
	listen_for(s, &r);
	memset(v, 0, sizeof *v);
	v->iterations = r.iterations;
	v->salt_len = r.salt_len < sizeof v->salt ? r.salt_len : sizeof v->salt;
	memcpy(v->salt, r.salt, v->salt_len);
	return r.verdict == MON_YES ? 0 : -1;
}

/* With what was read ahead: whoever is logged in needs no more of the front. */
static void
tell_last(const struct session *s, enum mon_op op, unsigned code)
{
	const char *ahead;
	size_t n;

	ahead = in_ahead(&s->in, &n);
	tell(s, op, code, n, "");
	if (n > 0)
		send_whole(s, ahead, n);
}

/* Every refusal is equal in text and time, whatever the reason. */
static enum outcome
refuse(struct session *s, int64_t asked, enum reply why)
{
	split_wait_refusal(asked);
	session_refuse(s, why, s->user);
	return OC_FAIL;
}

enum outcome
front_log_in(
    struct session *s, struct auth_try *try, uint8_t signature[SCRAM_KEY])
{
	int64_t asked = clock_ms();
	struct mon_reply r;

	text_copy(try->user, sizeof try->user, s->user);
	/* what was gathered must not come after the monitor's reply */
	if (out_flush(&s->out) == -1)
		return OC_DEAD;
	tell_last(s, MON_TRY, try->mech);
	send_whole(s, try, sizeof *try);
	explicit_bzero(try, sizeof *try);
	listen_for(s, &r);
	if (r.verdict != MON_YES)
		return refuse(
		    s, asked, r.verdict == MON_NO ? REPLY_REFUSED : REPLY_TEMP);
	if (signature == NULL)
		_exit(111); /* a good try that was no SCRAM has no answer */
	memcpy(signature, r.signature, SCRAM_KEY);
	return OC_OK;
}

enum outcome
front_taken(struct session *s)
{
	struct mon_reply none;

	tell_last(s, MON_TAKEN, 0);
	listen_for(s, &none); /* never comes: the monitor ends us */
	return OC_DEAD;
}

int
front_name(struct session *s, const char *name)
{
	s->named = false;
	return session_name(&s->cfg, name, s->user);
}

static enum outcome
run_user(struct session *s, const struct args *a)
{
	if (front_name(s, a->arg[0]) == -1)
		return session_refuse(s, REPLY_BAD_USER, "");
	/* or the client would send a password, in the clear, for nothing */
	if (!sasl_clear(s))
		return session_refuse(s, REPLY_MECH_CLEAR, "USER");
	s->named = true;
	snprintf(s->text, sizeof s->text, "Password required for %s.", s->user);
	return OC_OK;
}

static enum outcome
run_pass(struct session *s, const struct args *a)
{
	struct auth_try try = { .mech = AUTH_PASS };

	if (!s->named)
		return session_refuse(s, REPLY_NO_USER, "");
	if (text_copy(try.proof, sizeof try.proof, a->arg[0]) == -1)
		return session_refuse(s, REPLY_LONG, "");
	return front_log_in(s, &try, NULL);
}

/* RFC 1939 section 7 */
static enum outcome
run_apop(struct session *s, const struct args *a)
{
	struct auth_try try = { .mech = AUTH_APOP };
	const char *p = a->arg[1];

	if (front_name(s, a->arg[0]) == -1)
		return session_refuse(s, REPLY_BAD_USER, "");
	while (num_hexdigit(*p) >= 0)
		p++;
	if (*p != '\0' || p - a->arg[1] != 32) {
		s->user[0] = '\0';
		return session_refuse(s, REPLY_BAD_DIGEST, "");
	}
	text_copy(try.proof, sizeof try.proof, a->arg[1]);
	return front_log_in(s, &try, NULL);
}

/*
 * RFC 2595 section 4.  The monitor ends this front as soon as it is told, and
 * starts another one behind TLS.
 */
static enum outcome
run_stls(struct session *s, const struct args *a)
{
	(void)a;
	if (!session_stls(s))
		return session_refuse(
		    s, s->tls ? REPLY_TLS_ON : REPLY_NO_TLS, "");
	s->more = true;
	snprintf(s->text, sizeof s->text, "Begin TLS negotiation.");
	return OC_OK;
}

static int
stls_body(struct session *s)
{
	struct mon_reply none;

	/* in the clear, and before the wrapper reads the socket */
	if (out_flush(&s->out) == -1)
		return -1;
	tell(s, MON_STLS, s->mechs, 0, "");
	listen_for(s, &none); /* never comes */
	return -1;
}

static enum outcome
run_quit(struct session *s, const struct args *a)
{
	(void)s;
	(void)a;
	return OC_BYE;
}

const struct cmd cmd_authorization[] = {
	{ "user", 1, 1, false, NULL, run_user, NULL },
	{ "pass", 1, 1, true, "(hidden)", run_pass, NULL },
	{ "apop", 2, 2, false, "(hidden)", run_apop, NULL },
	{ "auth", 0, 2, false, "(hidden)", sasl_run, sasl_body },
	{ "capa", 0, 0, false, NULL, capa_run, capa_body },
	{ "stls", 0, 0, false, NULL, run_stls, stls_body },
	{ "quit", 0, 0, false, NULL, run_quit, NULL },
	{ NULL, 0, 0, false, NULL, NULL, NULL },
};

static void
greet(struct session *s)
{
	if (s->cfg.shy) {
		out_str(&s->out, "+OK ready  ");
	} else {
		out_str(&s->out,
		    "+OK " POPPER_NAME " (version " POPPER_ANNOUNCED ") at ");
		out_str(&s->out, s->peer.us);
		out_str(&s->out, " starting.  ");
	}
	out_str(&s->out, s->stamp);
	out_str(&s->out, "\r\n");
}

void
front_run(struct session *s, uid_t uid, gid_t gid)
{
	static char in_mem[IN_OCTETS];
	static char out_mem[OUT_OCTETS];
	struct err e;
	enum session_end end;

	in_init(&s->in, io_fd_read, &s->fd_in, in_mem, sizeof in_mem);
	out_init(&s->out, io_fd_write, &s->fd_out, out_mem, sizeof out_mem,
	    s->cfg.timeout);
	session_title(s, "front");
	hangup_ignore();
	split_close_others(s->mon);
	if (priv_confine(s->cfg.empty_dir, uid, gid, &e) == -1) {
		/* an argument is short */
		tell(s, MON_END, END_UNCONFINED, 0,
		    e.sys != 0 ? strerror(e.sys) : e.text);
		_exit(111);
	}
	if (!s->greeted)
		greet(s);
	end = session_loop(s, cmd_authorization,
	    s->t_start + 2 * (int64_t)s->cfg.timeout * 1000);
	tell(s, MON_END, end, (size_t)session_errno(s), "");
	_exit(0);
}
