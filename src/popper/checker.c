/* SPDX-License-Identifier: MIT */
/* runs as: root (monitor and checker) */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "checker.h"
#include "clock.h"
#include "text.h"

#define TRY_MS 5000
#define CHECK_MS 30000

static int
path(char *dst, size_t n, const char *dir, const char *name)
{
	int k = snprintf(dst, n, "%s/%s", dir, name);

	return k > 0 && (size_t)k < n ? 0 : -1;
}

static void
check(const struct session *s, int mon, struct auth_ident *id)
{
	char secrets[300];
	char users[300];
	struct auth_cfg cfg = { .secrets = secrets,
		.users = users,
		.clear = (enum auth_clear)s->cfg.clear_text_password,
		.check_expired = s->cfg.check_password_expired,
		.low_uids = s->cfg.allow_low_uids,
		.local = s->peer.local };
	static struct auth_try try;

	if (io_recv(mon, &try, sizeof try, clock_ms() + TRY_MS) !=
	    (ssize_t)sizeof try)
		return;
	try.user[sizeof try.user - 1] = '\0';
	try.proof[sizeof try.proof - 1] = '\0';
	if (!username_ok(try.user) ||
	    (try.mech != AUTH_PASS && try.mech != AUTH_APOP))
		return;
	if (path(secrets, sizeof secrets, s->cfg.cdb_dir, "secrets.cdb") == 0 &&
	    path(users, sizeof users, s->cfg.cdb_dir, "users.cdb") == 0)
		auth_check(&cfg, &try, s->stamp, id);
	explicit_bzero(&try, sizeof try);
}

static _Noreturn void
child(const struct session *s, int mon, int to)
{
	struct auth_ident id;

	memset(&id, 0, sizeof id);
	id.rc = AUTH_TEMP;
	text_copy(id.why, sizeof id.why, "the front asked for what is no try");
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	/* a stuck name service must not hold the client's connection */
	close(s->fd_in);
	close(s->fd_out);
	check(s, mon, &id);
	_exit(write(to, &id, sizeof id) == (ssize_t)sizeof id ? 0 : 111);
}

static void
temporary(struct auth_ident *id, const char *why)
{
	memset(id, 0, sizeof *id);
	id->rc = AUTH_TEMP;
	text_copy(id->why, sizeof id->why, why);
}

void
checker_run(const struct session *s, int mon, struct auth_ident *id)
{
	int p[2];
	pid_t pid;
	int st;

	temporary(id, "the checker ended without an answer");
	if (pipe2(p, O_CLOEXEC) == -1) {
		temporary(id, "no pipe for the checker");
		return;
	}
	pid = fork();
	if (pid == 0)
		child(s, mon, p[1]);
	close(p[1]);
	if (pid == -1)
		temporary(id, "no process for the checker");
	/* not when it writes, but when it ends: it is waited for anyway */
	else if (io_wait(p[0], 0, clock_ms() + CHECK_MS) == -1)
		temporary(id, "the checker took too long");
	else if (read(p[0], id, sizeof *id) != (ssize_t)sizeof *id)
		temporary(id, "the checker ended without an answer");
	close(p[0]);
	if (pid == -1)
		return;
	if (id->rc == AUTH_TEMP)
		kill(pid, SIGKILL);
	while (waitpid(pid, &st, 0) == -1 && errno == EINTR)
		;
}
