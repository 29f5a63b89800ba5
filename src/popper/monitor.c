/* SPDX-License-Identifier: MIT */
/* runs as: root (monitor) */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base64.h"
#include "checker.h"
#include "clock.h"
#include "cmd.h"
#include "front.h"
#include "hangup.h"
#include "log.h"
#include "lookup.h"
#include "monitor.h"
#include "num.h"
#include "priv.h"
#include "report.h"
#include "split.h"
#include "text.h"
#include "trans.h"
#include "userdb.h"

#define AHEAD_MS 5000

/* Before a fork: neither is the front's to choose. */
static int
make_challenges(struct session *s)
{
	struct {
		unsigned char nonce[18];
		uint32_t digits;
	} random;

	if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random) {
		log_line("no random numbers: %s", strerror(errno));
		return -1;
	}
	/* pid and time alone could be foretold, and have the digest ready */
	snprintf(s->stamp, sizeof s->stamp, "<%ld%010" PRIu32 ".%lld@%s>",
	    (long)getpid(), random.digits, (long long)time(NULL), s->peer.us);
	base64_encode(
	    s->nonce, sizeof s->nonce, random.nonce, sizeof random.nonce);
	return 0;
}

/* The front's: that of front-user, which costs a look-up, or its own number. */
static int
front_ids(const struct session *s, uid_t *uid, gid_t *gid)
{
	const char *who = s->cfg.front_user;
	struct userdb_user u;
	struct err e;
	uint32_t n;

	*uid = split_id();
	*gid = (gid_t)*uid;
	if (who == NULL || geteuid() != 0)
		return 0;
	if (num_u32(who, &n) == 0) {
		*uid = n;
		*gid = n;
		return n == 0 ? -1 : 0;
	}
	if (userdb_user(&userdb_system, who, &u, &e) != 1 || u.uid == 0)
		return -1;
	*uid = u.uid;
	*gid = u.gid;
	return 0;
}

static enum mon_end
said(struct monitor *m, const struct mon_msg *msg)
{
	char text[REPLY_MAX];

	if (msg->code >= REPLY_COUNT)
		return MON_OVER;
	if (m->said++ >= REPORT_MAX)
		return MON_ON;
	reply_text((enum reply)msg->code, msg->arg, text, sizeof text);
	report_err(msg->user, &m->s->peer, text);
	return MON_ON;
}

static enum mon_end
did(struct monitor *m, const struct mon_msg *msg)
{
	int n = 0;

	while (cmd_authorization[n].name != NULL)
		n++;
	if (msg->code >= n)
		return MON_OVER;
	if (m->s->cfg.debug)
		report_cmd(
		    msg->user, cmd_authorization[msg->code].name, msg->arg);
	return MON_ON;
}

static enum mon_end
answer(const struct monitor *m, const struct mon_reply *r)
{
	return send(m->fd, r, sizeof *r, MSG_NOSIGNAL) == (ssize_t)sizeof *r
	    ? MON_ON
	    : MON_OVER;
}

static enum mon_end
kinds(struct monitor *m, const struct mon_msg *msg)
{
	struct mon_reply r = { .verdict = MON_YES };
	unsigned k;

	(void)msg;
	if (checker_kinds(m->s, &k) == -1)
		r.verdict = MON_TEMP;
	r.kinds = (uint8_t)k;
	/* for the front after STLS, which is not to ask again */
	m->s->kinds = k;
	m->s->kinds_known = true;
	return answer(m, &r);
}

static enum mon_end
salt(struct monitor *m, const struct mon_msg *msg)
{
	struct mon_reply r = { .verdict = MON_YES };
	struct scram_verifier v;

	if (!username_ok(msg->user))
		return MON_OVER;
	if (checker_salt(m->s, msg->user, &v) == -1)
		r.verdict = MON_TEMP;
	r.iterations = v.iterations;
	r.salt_len = (uint8_t)v.salt_len;
	memcpy(r.salt, v.salt, sizeof r.salt);
	return answer(m, &r);
}

/* Sent right behind the message, or the front has been taken over. */
static int
take_ahead(struct monitor *m, size_t n)
{
	m->ahead_len = 0;
	if (n == 0)
		return 0;
	if (n > sizeof m->ahead ||
	    io_recv(m->fd, m->ahead, sizeof m->ahead, clock_ms() + AHEAD_MS) !=
		(ssize_t)n)
		return -1;
	m->ahead_len = n;
	return 0;
}

static enum mon_end
try(struct monitor *m, const struct mon_msg *msg)
{
	struct mon_reply r = { .verdict = MON_NO };

	m->tried = true;
	if (take_ahead(m, msg->len) == -1)
		return MON_OVER;
	checker_try(m->s, m->fd, &m->id);
	if (m->id.rc == AUTH_YES) {
		if (m->id.mech != AUTH_SCRAM_SHA_256)
			return MON_LOGGED_IN;
		m->accepted = true;
		r.verdict = MON_YES;
		memcpy(r.signature, m->id.signature, sizeof r.signature);
		return answer(m, &r);
	}
	report_failed(m->id.user[0] != '\0' ? m->id.user : msg->user,
	    &m->s->peer, &m->id);
	if (m->id.rc == AUTH_TEMP)
		r.verdict = MON_TEMP;
	return answer(m, &r);
}

static enum mon_end
taken(struct monitor *m, const struct mon_msg *msg)
{
	if (!m->accepted || take_ahead(m, msg->len) == -1)
		return MON_OVER;
	return MON_LOGGED_IN;
}

static enum mon_end
stls(struct monitor *m, const struct mon_msg *msg)
{
	if (!session_stls(m->s) || m->tried || msg->code >= MECHS_MAX)
		return MON_OVER;
	m->s->mechs = msg->code;
	return MON_SECURE;
}

static enum mon_end
end(struct monitor *m, const struct mon_msg *msg)
{
	const struct peer *p = &m->s->peer;

	switch (msg->code) {
	case END_REFUSED:
		return MON_REFUSED;
	case END_TIMEOUT:
	case END_TIMEOUT_CUT:
		report_timeout(msg->user, p, m->s->cfg.timeout);
		return MON_OVER;
	case END_QUIT:
	case END_EOF:
	case END_CUT:
	case END_DEAD:
		if (msg->code != END_QUIT)
			report_gone(msg->user, p, hangup_signal(), msg->len);
		/* a name was given and no proof */
		if (msg->user[0] != '\0' && !m->tried && hangup_signal() == 0)
			report_probe(msg->user, p);
		return MON_OVER;
	default:
		log_line("No session without confinement: is the option "
			 "empty-dir (%s) an empty folder of root's? (%s)",
		    m->s->cfg.empty_dir, msg->arg);
		return MON_REFUSED;
	}
}

/* What the front can ask, and how often. */
static const struct request {
	unsigned most;
	enum mon_end (*run)(struct monitor *m, const struct mon_msg *msg);
} requests[MON_OPS] = {
	[MON_SAID] = { 10000, said },
	[MON_DID] = { 10000, did },
	[MON_KINDS] = { 1, kinds },
	[MON_SALT] = { MECHS_MAX, salt },
	[MON_TRY] = { 1, try },
	[MON_TAKEN] = { 1, taken },
	[MON_STLS] = { 1, stls },
	[MON_END] = { 1, end },
};

static enum mon_end
serve(struct monitor *m, struct mon_msg *msg)
{
	msg->user[sizeof msg->user - 1] = '\0';
	msg->arg[sizeof msg->arg - 1] = '\0';
	text_safe(msg->arg, sizeof msg->arg, msg->arg);
	/* with a blank in it, it could be a whole line of the log */
	if ((msg->user[0] == '\0' || username_ok(msg->user)) &&
	    msg->op < MON_OPS && requests[msg->op].run != NULL &&
	    m->asked[msg->op]++ < requests[msg->op].most)
		return requests[msg->op].run(m, msg);
	log_line(
	    "the front asked what it may not ask (%u): it was ended", msg->op);
	return MON_OVER;
}

enum mon_end
monitor_listen(struct monitor *m)
{
	/* the front cannot outlive its time */
	int64_t deadline =
	    clock_ms() + 3 * (int64_t)m->s->cfg.timeout * 1000 + 60000;
	enum mon_end r = MON_ON;

	while (r == MON_ON) {
		struct mon_msg msg;

		if (io_wait(m->fd, POLLIN, deadline) == -1 ||
		    recv(m->fd, &msg, sizeof msg, 0) != (ssize_t)sizeof msg)
			return MON_OVER;
		r = serve(m, &msg);
	}
	return r;
}

static int
fork_front(struct monitor *m, pid_t *front)
{
	struct session *s = m->s;
	int sv[2];
	uid_t uid;
	gid_t gid;

	if (front_ids(s, &uid, &gid) == -1) {
		log_line("option front-user: \"%s\" is no account that can "
			 "be used",
		    s->cfg.front_user);
		return -1;
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv) == -1 ||
	    (*front = fork()) == -1) {
		log_line("no process for the front: %s", strerror(errno));
		return -1;
	}
	if (*front == 0) {
		s->mon = sv[1]; /* all others are closed soon */
		front_run(s, uid, gid);
	}
	close(sv[1]);
	m->fd = sv[0];
	return 0;
}

/* A client that has not got TLS is told nothing more. */
static int
begin_tls(struct session *s)
{
	const uint32_t most = s->cfg.timeout;
	struct err e;

	if (wrapper_begin(&s->wrapper,
		clock_ms() +
		    1000 *
			(int64_t)(most < WRAPPER_SECONDS_MAX
				? most
				: WRAPPER_SECONDS_MAX),
		&e) == -1) {
		if (hangup_signal() != 0)
			report_gone("", &s->peer, hangup_signal(), 0);
		else
			report_no_tls(&s->peer, e.text);
		return -1;
	}
	s->tls = true;
	session_certificate(s);
	report_tls(&s->wrapper);
	return 0;
}

/*
 * The fronts.  With STLS there are two: what the first one has read, knows, or
 * somebody who changed the clear text has made of it, ends with it (RFC 2595
 * section 4).
 */
static enum mon_end
speak(struct monitor *m)
{
	enum mon_end r;
	pid_t front;

	do {
		if (fork_front(m, &front) == -1)
			return MON_FAILED;
		/* the greeting does not wait for it */
		if (!m->s->greeted)
			lookup_start(m->s);
		r = monitor_listen(m);
		split_reap(front);
		close(m->fd);
		m->s->greeted = true;
	} while (r == MON_SECURE && begin_tls(m->s) == 0);
	return r;
}

int
monitor_run(struct session *s)
{
	struct monitor m;
	enum mon_end r;

	memset(&m, 0, sizeof m);
	m.s = s;
	s->t_start = clock_ms();
	session_title(s, "waiting for log-in");
	hangup_catch(s->fd_in);
	if (make_challenges(s) == -1)
		return 111;
	if (s->tls) {
		session_certificate(s);
		report_tls(&s->wrapper);
	} else if (s->cfg.tls_support == TLS_ALTERNATE && begin_tls(s) == -1) {
		return 0;
	}
	r = speak(&m);
	if (r != MON_LOGGED_IN)
		return r == MON_FAILED ? 111 : r == MON_REFUSED ? 1 : 0;
	/* it can be had no more, and waits for this */
	wrapper_close(&s->wrapper);
	if (m.id.mech == AUTH_APOP)
		report_apop(m.id.user);
	if (s->wrapper.subject[0] != '\0')
		report_certificate(m.id.user, s->wrapper.subject);
	s->kinds = m.id.kinds;
	s->kinds_known = true;
	return trans_run(s, &m.id, m.ahead, m.ahead_len);
}
