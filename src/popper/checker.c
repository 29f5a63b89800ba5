/* SPDX-License-Identifier: MIT */
/* runs as: root (monitor and checker) */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "checker.h"
#include "clock.h"
#include "log.h"
#include "text.h"

#define TRY_MS 5000
#define CHECK_MS 30000

/* What a checker is asked, and what it answers, which has a fixed size. */
struct question {
	void (*answer)(const struct question *q);
	const struct session *s;
	struct auth_cfg cfg;
	int mon;
	const char *user;
	void *to;
	size_t size;
};

static struct question
question(const struct session *s, void *to, size_t size)
{
	const struct config *c = &s->cfg;
	struct question q = {
		.s = s,
		.cfg = {
			.dir = c->cdb_dir,
			.allow = c->auth_file,
			.deny = c->nonauth_file,
			.program = c->checkpassword,
			.program_dir = c->program_dir,
			.clear = (enum auth_clear)c->clear_text_password,
			.check_expired = c->check_password_expired,
			.check_shell = c->check_shell,
			/* root never */
			.block_uid = c->allow_low_uids ? 0 : c->block_uid,
			.downcase = c->downcase_user,
			.trim = c->trim_domain,
			.local = s->peer.local,
			.tls = s->tls,
			.ip = s->peer.ip,
			.stamp = s->stamp,
			.nonce = s->nonce,
			.external = s->external,
		},
		.to = to,
		.size = size,
	};

	return q;
}

static _Noreturn void
child(const struct question *q, int to)
{
	struct wrapper w = q->s->wrapper;

	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	session_title(q->s, "checker");
	/* a stuck name service must not hold the client's connection */
	close(q->s->fd_in);
	close(q->s->fd_out);
	wrapper_close(&w);
	q->answer(q);
	_exit(write(to, q->to, q->size) == (ssize_t)q->size ? 0 : 111);
}

/* NULL, or what went wrong. */
static const char *
ask(const struct question *q)
{
	const char *wrong = NULL;
	int p[2];
	pid_t pid;
	int st;

	if (pipe2(p, O_CLOEXEC) == -1)
		return "no pipe for the checker";
	pid = fork();
	if (pid == 0)
		child(q, p[1]);
	close(p[1]);
	if (pid == -1)
		wrong = "no process for the checker";
	/* not when it writes, but when it ends: it is waited for anyway */
	else if (io_wait(p[0], 0, clock_ms() + CHECK_MS) == -1)
		wrong = "the checker took too long";
	else if (read(p[0], q->to, q->size) != (ssize_t)q->size)
		wrong = "the checker ended without an answer";
	close(p[0]);
	if (pid == -1)
		return wrong;
	if (wrong != NULL)
		kill(pid, SIGKILL);
	while (waitpid(pid, &st, 0) == -1 && errno == EINTR)
		;
	return wrong;
}

static void
temporary(struct auth_ident *id, const char *why)
{
	memset(id, 0, sizeof *id);
	id->rc = AUTH_TEMP;
	text_copy(id->why, sizeof id->why, why);
}

static void
answer_try(const struct question *q)
{
	static struct auth_try try;

	temporary(q->to, "the front asked for what is no try");
	if (io_recv(q->mon, &try, sizeof try, clock_ms() + TRY_MS) !=
	    (ssize_t)sizeof try)
		return;
	try.user[sizeof try.user - 1] = '\0';
	try.proof[sizeof try.proof - 1] = '\0';
	try.scram.bare[sizeof try.scram.bare - 1] = '\0';
	try.scram.nonce[sizeof try.scram.nonce - 1] = '\0';
	try.scram.without[sizeof try.scram.without - 1] = '\0';
	if (username_ok(try.user) && try.mech >= AUTH_PASS &&
	    try.mech < AUTH_MECHS)
		auth_check(&q->cfg, &try, q->to);
	explicit_bzero(&try, sizeof try);
}

void
checker_try(const struct session *s, int mon, struct auth_ident *id)
{
	struct question q = question(s, id, sizeof *id);
	const char *wrong;

	q.answer = answer_try;
	q.mon = mon;
	wrong = ask(&q);
	if (wrong != NULL)
		temporary(id, wrong);
}

/* Answers to other questions: with what stands in the log instead. */
struct told {
	struct err e; /* ERR_NONE: none */
	struct scram_verifier v;
	unsigned kinds;
};

static void
answer_salt(const struct question *q)
{
	struct told *t = q->to;

	if (auth_salt(&q->cfg, q->user, &t->v, &t->e) == 0)
		t->e.kind = ERR_NONE;
}

static void
answer_kinds(const struct question *q)
{
	struct told *t = q->to;

	if (auth_kinds(&q->cfg, &t->kinds, &t->e) == 0)
		t->e.kind = ERR_NONE;
}

static int
tell(const struct session *s, const char *user,
    void (*answer)(const struct question *), struct told *t)
{
	struct question q = question(s, t, sizeof *t);
	const char *wrong;

	memset(t, 0, sizeof *t);
	q.answer = answer;
	q.user = user;
	wrong = ask(&q);
	if (wrong == NULL && t->e.kind == ERR_NONE)
		return 0;
	log_line("%s", wrong != NULL ? wrong : t->e.text);
	return -1;
}

int
checker_salt(
    const struct session *s, const char *user, struct scram_verifier *v)
{
	struct told t;
	int r = tell(s, user, answer_salt, &t);

	*v = t.v;
	return r;
}

int
checker_kinds(const struct session *s, unsigned *kinds)
{
	struct told t;
	int r = tell(s, "", answer_kinds, &t);

	*kinds = r == 0 ? t.kinds : 0;
	return r;
}
