/* SPDX-License-Identifier: MIT */
/* runs as: root (before the program) */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include "check.h"
#include "crypto.h"
#include "engine.h"
#include "fds.h"
#include "log.h"
#include "num.h"
#include "peer.h"
#include "store.h"
#include "text.h"
#include "vars.h"
#include "version.h"

/* The program's ends of the sockets; the engine has the others. */
struct program_fds {
	int control, in, out;
};

/*
 * inetd tells nothing of the client, and after us the program cannot see his
 * socket: it learns what it would have learnt from tcpserver.
 */
static void
tell_client(void)
{
	char ip[PEER_IP_MAX];
	char text[12];
	unsigned port;

	if (getenv("TCPREMOTEIP") != NULL ||
	    peer_address(STDIN_FILENO, ip, &port) == -1)
		return;
	snprintf(text, sizeof text, "%u", port);
	setenv("PROTO", "TCP", 1);
	setenv("TCPREMOTEIP", ip, 1);
	setenv("TCPREMOTEPORT", text, 1);
}

/* The file of poptls-cache, which only the engine gets; or -1. */
static int
store_fd(void)
{
	const char *text = getenv(STORE_ENV);
	uint32_t n;

	if (text == NULL)
		return -1;
	if (num_u32(text, &n) == -1 || n < 3 || n > INT32_MAX ||
	    fcntl((int)n, F_GETFD) == -1) {
		log_line("The environment's %s is no open file: sessions are "
			 "not resumed",
		    STORE_ENV);
		n = UINT32_MAX;
	}
	unsetenv(STORE_ENV);
	return n == UINT32_MAX ? -1 : (int)n;
}

static int
make_fds(struct engine_fds *f, struct program_fds *p, struct err *e)
{
	/* first: a number that was told wrongly must not be one of ours */
	int store = store_fd();
	int c[2] = { -1, -1 };
	int r[2] = { -1, -1 };
	int w[2] = { -1, -1 };

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, c) == -1 ||
	    socketpair(AF_UNIX, SOCK_STREAM, 0, r) == -1 ||
	    socketpair(AF_UNIX, SOCK_STREAM, 0, w) == -1 ||
	    /* the engine takes it only at a proper end */
	    write(r[0], "", 1) != 1)
		return err_sys(e, ERR_TEMP, "No sockets for", "the engine");
	*p = (struct program_fds){ c[0], r[0], w[0] };
	*f = (struct engine_fds){ STDIN_FILENO, STDOUT_FILENO, c[1], w[1], r[1],
		store };
	return 0;
}

static void
close_engine_fds(const struct engine_fds *f)
{
	close(f->control);
	close(f->from);
	close(f->to);
	if (f->store != -1)
		close(f->store);
}

static void
put_number(const char *name, int n)
{
	char text[12];

	snprintf(text, sizeof text, "%d", n);
	setenv(name, text, 1);
}

static void
offer(const struct program_fds *p)
{
	put_number("SSLCTLFD", p->control);
	put_number("SSLREADFD", p->in);
	put_number("SSLWRITEFD", p->out);
}

static int
exit_code(pid_t engine)
{
	int st = 0;

	while (waitpid(engine, &st, 0) == -1 && errno == EINTR)
		;
	return WIFEXITED(st) && WEXITSTATUS(st) != 0 ? WEXITSTATUS(st) : 111;
}

/* We are the program until there is one.  0, or an exit code. */
static int
start(const struct program_fds *p, pid_t engine)
{
	static char told[VARS_MAX];
	size_t n = 0;
	ssize_t r;

	if (write(p->control, "Y", 1) != 1)
		return exit_code(engine);
	while ((r = read(p->control, told + n, sizeof told - n)) != 0) {
		if (r == -1 && errno == EINTR)
			continue;
		if (r == -1)
			break;
		n += (size_t)r;
		if (n == sizeof told)
			break;
	}
	if (vars_put(told, n) == -1)
		return exit_code(engine);
	if (dup2(p->in, STDIN_FILENO) == -1 ||
	    dup2(p->out, STDOUT_FILENO) == -1)
		return 111;
	close(p->control);
	close(p->in);
	close(p->out);
	return 0;
}

static int
fail(const struct err *e)
{
	log_line("%s", e->text);
	return err_exit_code(e);
}

static int
serve(const struct tls_options *o, char **program)
{
	char client[64];
	const char *ip;
	struct engine_fds f = { .store = -1 };
	struct program_fds p = { -1, -1, -1 };
	struct err e;
	pid_t engine;
	int code;

	vars_clear();
	tell_client();
	ip = getenv("TCPREMOTEIP");
	text_safe(client, sizeof client, ip != NULL ? ip : "the client");
	if (make_fds(&f, &p, &e) == -1)
		return fail(&e);
	engine = fork();
	if (engine == -1) {
		err_sys(&e, ERR_TEMP, "No process for", "the engine");
		return fail(&e);
	}
	if (engine == 0)
		engine_run(o, &f, client);
	close_engine_fds(&f);
	if (o->on_request) {
		offer(&p);
	} else {
		/* what a program would write there would be sent in the
		   clear; it finds the log of hosts with inetd by itself */
		if (fds_same_socket(STDIN_FILENO, STDERR_FILENO))
			close(STDERR_FILENO);
		code = start(&p, engine);
		if (code != 0)
			return code;
	}
	execvp(program[0], program);
	err_sys(&e, ERR_PERM, "Unable to run", program[0]);
	return fail(&e);
}

int
main(int argc, char **argv)
{
	struct tls_options o;
	enum tls_mode mode;
	struct err e;
	int first;
	int closed = fds_hold();

	if (closed == -1)
		return 111;
	log_open("poptls", closed == 1, STDIN_FILENO, LOG_MAIL);
	first = tls_options_read(&o, &mode, argc, argv, &e);
	if (first == -1)
		return fail(&e);
	switch (mode) {
	case TLS_HELP:
		tls_options_help(stdout);
		return 0;
	case TLS_VERSION:
		puts("poptls (version " POPPER_VERSION ")");
		crypto_tell(stdout);
		return 0;
	case TLS_CHECK:
		return check_run(&o, stdout, stderr);
	case TLS_SERVE:
	default:
		return serve(&o, argv + first);
	}
}
