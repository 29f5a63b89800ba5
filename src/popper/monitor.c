/* SPDX-License-Identifier: MIT */
/* runs as: root (monitor) */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "checker.h"
#include "clock.h"
#include "cmd.h"
#include "front.h"
#include "log.h"
#include "monitor.h"
#include "num.h"
#include "priv.h"
#include "report.h"
#include "text.h"
#include "trans.h"
#include "userdb.h"

#define HIGH_ID \
	0x70000000 /* above all that is given to users or containers \
		    */

#define AHEAD_MS 5000

struct monitor {
	struct session *s;
	int fd;
	pid_t front;
	bool tried;
	unsigned said;
	struct auth_ident id;
	char ahead[IN_OCTETS];
	size_t ahead_len;
};

enum serve {
	SERVE_ON,
	SERVE_LOGGED_IN,
	SERVE_REFUSED,
	SERVE_OVER
};

/* Before a fork: the stamp is not the front's to choose. */
static void
make_stamp(struct session *s)
{
	snprintf(s->stamp, sizeof s->stamp, "<%ld.%lld@%s>", (long)getpid(),
	    (long long)time(NULL), s->peer.us);
}

/*
 * The front's identity: that of front-user, or else a number that no other
 * front has, so that none can touch another.  Names cost a look-up.
 */
static int
front_ids(const struct session *s, uid_t *uid, gid_t *gid)
{
	const char *who = s->cfg.front_user;
	struct userdb_user u;
	struct err e;
	uint32_t n;

	*uid = (uid_t)HIGH_ID + (uid_t)getpid();
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

static void
said(struct monitor *m, const struct mon_msg *msg)
{
	char text[REPLY_MAX];

	if (msg->code >= REPLY_COUNT)
		return;
	if (m->said++ >= REPORT_MAX)
		return;
	reply_text((enum reply)msg->code, msg->arg, text, sizeof text);
	report_err(msg->user, &m->s->peer, text);
}

static void
did(const struct monitor *m, const struct mon_msg *msg)
{
	int n = 0;

	while (cmd_authorization[n].name != NULL)
		n++;
	if (m->s->cfg.debug && msg->code < n)
		report_cmd(
		    msg->user, cmd_authorization[msg->code].name, msg->arg);
}

static enum serve
send_verdict(const struct monitor *m, enum mon_verdict v)
{
	unsigned char c = (unsigned char)v;

	return send(m->fd, &c, 1, MSG_NOSIGNAL) == 1 ? SERVE_ON : SERVE_OVER;
}

/* Sent right behind the message, or the front has been taken over. */
static int
take_ahead(struct monitor *m, size_t n)
{
	if (n > sizeof m->ahead ||
	    io_recv(m->fd, m->ahead, sizeof m->ahead, clock_ms() + AHEAD_MS) !=
		(ssize_t)n)
		return -1;
	m->ahead_len = n;
	return 0;
}

/* One try a session: a front that wants more has been taken over. */
static enum serve
try(struct monitor *m, const struct mon_msg *msg)
{
	if (m->tried) {
		log_line("the front asked for a second try: it was ended");
		return SERVE_OVER;
	}
	m->tried = true;
	if (msg->len > 0 && take_ahead(m, msg->len) == -1)
		return SERVE_OVER;
	checker_run(m->s, m->fd, &m->id);
	if (m->id.rc == AUTH_YES) {
		if (m->id.mech == AUTH_APOP)
			report_apop(m->id.user);
		return SERVE_LOGGED_IN;
	}
	report_failed(m->id.user[0] != '\0' ? m->id.user : msg->user,
	    &m->s->peer, &m->id);
	return send_verdict(m, m->id.rc == AUTH_TEMP ? MON_TEMP : MON_NO);
}

static enum serve
end(const struct monitor *m, const struct mon_msg *msg)
{
	const struct peer *p = &m->s->peer;

	switch (msg->code) {
	case END_REFUSED:
		return SERVE_REFUSED;
	case END_TIMEOUT:
	case END_TIMEOUT_CUT:
		report_timeout(msg->user, p, m->s->cfg.timeout);
		return SERVE_OVER;
	case END_QUIT:
	case END_EOF:
	case END_CUT:
	case END_DEAD:
		if (msg->code != END_QUIT)
			report_eof(msg->user, p, 0);
		/* a name was given and no proof */
		if (msg->user[0] != '\0' && !m->tried)
			report_probe(msg->user, p);
		return SERVE_OVER;
	default:
		log_line("No session without confinement: is the option "
			 "empty-dir (%s) an empty folder of root's? (%s)",
		    m->s->cfg.empty_dir, msg->arg);
		return SERVE_REFUSED;
	}
}

static enum serve
serve(struct monitor *m, struct mon_msg *msg)
{
	msg->user[sizeof msg->user - 1] = '\0';
	msg->arg[sizeof msg->arg - 1] = '\0';
	switch (msg->op) {
	case MON_SAID:
		said(m, msg);
		return SERVE_ON;
	case MON_DID:
		did(m, msg);
		return SERVE_ON;
	case MON_TRY:
		return try(m, msg);
	case MON_END:
		return end(m, msg);
	default:
		return SERVE_OVER;
	}
}

/* Until the front is done with; it cannot outlive its time. */
static enum serve
serve_all(struct monitor *m)
{
	int64_t deadline =
	    clock_ms() + 3 * (int64_t)m->s->cfg.timeout * 1000 + 60000;
	enum serve r = SERVE_ON;

	while (r == SERVE_ON) {
		struct mon_msg msg;

		if (io_wait(m->fd, POLLIN, deadline) == -1 ||
		    recv(m->fd, &msg, sizeof msg, 0) != (ssize_t)sizeof msg)
			return SERVE_OVER;
		r = serve(m, &msg);
	}
	return r;
}

static void
reap(const struct monitor *m)
{
	int st = 0;

	kill(m->front, SIGKILL);
	while (waitpid(m->front, &st, 0) == -1 && errno == EINTR)
		;
	if (WIFSIGNALED(st) && WTERMSIG(st) != SIGKILL)
		log_line("the front was ended by signal %d%s", WTERMSIG(st),
		    WTERMSIG(st) == SIGSYS ? " (a system call it may not make)"
					   : "");
}

static int
fork_front(struct monitor *m)
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
	    (m->front = fork()) == -1) {
		log_line("no process for the front: %s", strerror(errno));
		return -1;
	}
	if (m->front == 0) {
		s->mon = sv[1]; /* all others are closed soon */
		front_run(s, uid, gid);
	}
	close(sv[1]);
	m->fd = sv[0];
	return 0;
}

int
monitor_run(struct session *s)
{
	struct monitor m;
	enum serve r;

	memset(&m, 0, sizeof m);
	m.s = s;
	s->t_start = clock_ms();
	make_stamp(s);
	if (fork_front(&m) == -1)
		return 111;
	r = serve_all(&m);
	reap(&m);
	close(m.fd);
	if (r == SERVE_LOGGED_IN)
		return trans_run(s, &m.id, m.ahead, m.ahead_len);
	return r == SERVE_REFUSED ? 1 : 0;
}
