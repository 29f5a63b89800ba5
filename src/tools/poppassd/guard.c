/* SPDX-License-Identifier: MIT */
/* runs as: root (poppassd) */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "change.h"
#include "clock.h"
#include "dialog.h"
#include "guard.h"
#include "io.h"
#include "log.h"
#include "split.h"
#include "text.h"

#define GRACE_MS 60000

struct guard {
	struct session *s;
	pid_t front;
	char user[USERNAME_MAX]; /* whose old password was asked for */
	bool checked;		 /* and it was right */
	unsigned tries;		 /* of a new one */
};

enum serve {
	SERVE_ON,
	SERVE_REFUSED,
	SERVE_OVER
};

static void
not_changed(const struct guard *g, const char *what, const char *why)
{
	const struct peer *p = &g->s->peer;
	char name[USERNAME_MAX];

	log_line("password of \"%s\" not changed from (%s) %s: %s%s%s",
	    text_safe(name, sizeof name, g->user), p->host, p->ip, what,
	    why[0] != '\0' ? ": " : "", why);
}

static void
changed(const struct guard *g)
{
	const struct peer *p = &g->s->peer;
	char name[USERNAME_MAX];

	log_line("password of \"%s\" changed from (%s) %s",
	    text_safe(name, sizeof name, g->user), p->host, p->ip);
}

static void
report(const struct guard *g, bool change, enum verdict v, const char *why)
{
	if (v == VERDICT_YES) {
		if (change)
			changed(g);
	} else if (v == VERDICT_TEMP) {
		not_changed(g, "cannot tell now", why);
	} else {
		not_changed(g,
		    change ? "the new one was refused"
			   : "the old one was refused",
		    why);
	}
}

/*
 * What a front may ask: one check, and if that was good, changes for the same
 * user.  One that asks for more has been taken over.
 */
static bool
allowed(struct guard *g, const struct ask *a)
{
	if (a->op == ASK_CHECK && g->user[0] == '\0' && username_ok(a->user))
		return text_copy(g->user, sizeof g->user, a->user) == 0;
	return a->op == ASK_CHANGE && g->checked && g->tries++ < NEW_TRIES &&
	    strcmp(a->user, g->user) == 0;
}

static enum serve
run(struct guard *g, const struct ask *a)
{
	bool change = a->op == ASK_CHANGE;
	struct answer answer;
	char why[TEXT_MAX] = "";

	if (!allowed(g, a)) {
		log_line("the front asked for what it may not: it was ended");
		return SERVE_REFUSED;
	}
	change_run(g->s, g->user, change, &answer, why);
	report(g, change, (enum verdict)answer.verdict, why);
	if (answer.verdict == VERDICT_YES) {
		g->checked = !change;
	} else if (!change) {
		/* not even about whether there is such a user */
		answer.text[0] = '\0';
	}
	return send(g->s->link, &answer, sizeof answer, MSG_NOSIGNAL) ==
		(ssize_t)sizeof answer
	    ? SERVE_ON
	    : SERVE_OVER;
}

static enum serve
end(const struct guard *g, const struct ask *a)
{
	const struct session *s = g->s;

	switch (a->code) {
	case END_OVER:
		return SERVE_OVER;
	case END_REFUSED:
		return SERVE_REFUSED;
	case END_TIMEOUT:
		log_line("Timeout (%u secs) during nw read from (%s) %s",
		    s->timeout, s->peer.host, s->peer.ip);
		return SERVE_OVER;
	default:
		log_line("No session without confinement: is %s an empty "
			 "folder of root's? (%s)",
		    s->empty_dir, a->text);
		return SERVE_REFUSED;
	}
}

static enum serve
serve(struct guard *g, struct ask *a)
{
	a->user[sizeof a->user - 1] = '\0';
	a->text[sizeof a->text - 1] = '\0';
	text_safe(a->text, sizeof a->text, a->text);
	switch (a->op) {
	case ASK_CHECK:
	case ASK_CHANGE:
		return run(g, a);
	case ASK_END:
		return end(g, a);
	default:
		return SERVE_OVER;
	}
}

/* Until the front is done with; it cannot outlive its time. */
static enum serve
serve_all(struct guard *g)
{
	const struct session *s = g->s;
	int64_t deadline = clock_ms() + GRACE_MS +
	    1000 * (2 * (int64_t)s->timeout + NEW_TRIES * (int64_t)s->limit);
	enum serve r = SERVE_ON;

	while (r == SERVE_ON) {
		struct ask a;

		if (io_recv(s->link, &a, sizeof a, deadline) !=
		    (ssize_t)sizeof a)
			return SERVE_OVER;
		r = serve(g, &a);
	}
	return r;
}

int
guard_run(struct session *s)
{
	struct guard g = { .s = s };
	uid_t id = split_id();
	enum serve r;
	int sv[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv) == -1 ||
	    (g.front = fork()) == -1) {
		log_line("no process for the front: %s", strerror(errno));
		return 111;
	}
	if (g.front == 0) {
		s->link = sv[1];
		/* without root there is nothing to take on */
		dialog_run(s, geteuid() == 0 ? id : geteuid(), (gid_t)id);
	}
	close(sv[1]);
	s->link = sv[0];
	r = serve_all(&g);
	split_reap(g.front);
	close(s->link);
	return r == SERVE_REFUSED ? 1 : 0;
}
