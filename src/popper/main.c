/* SPDX-License-Identifier: MIT */
/* runs as: root (monitor) */
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "fds.h"
#include "io.h"
#include "log.h"
#include "monitor.h"
#include "poptls.h"
#include "standalone.h"
#include "version.h"

enum mode {
	MODE_SERVE,
	MODE_LISTEN,
	MODE_PRINT,
	MODE_CHECK,
	MODE_TLS
};

static struct session session;

static void
usage(FILE *to)
{
	fputs("usage: tcpserver ... popper [option ...]\n"
	      "       popper [address][:port] [option ...]\n"
	      "       popper --print-config | --check-config | --print-tls "
	      "[option ...]\n"
	      "       popper --help | --version\n\n"
	      "popper speaks POP3 on its standard input and output; with an\n"
	      "address or port as first word it starts tcpserver.  Options\n"
	      "are letters here, and names in a configuration file (-f), see\n"
	      "popper(8) and qpopper.conf(5):\n\n",
	    to);
	config_help(to);
	fputs("  -e  login_delay=N,expire=N  the two announce options\n"
	      "  -M                          accepted, means nothing\n"
	      "  -v, -V                      the version\n",
	    to);
}

static int
version(void)
{
	puts(POPPER_NAME " (version " POPPER_VERSION ")");
	return 0;
}

/* Words that are no options of a session.  -1: go on; else the exit code. */
static int
words(int *argc, char **argv, enum mode *mode)
{
	const char *word = *argc > 1 ? argv[1] : "";

	if (strcmp(word, "--help") == 0) {
		usage(stdout);
		return 0;
	}
	if (strcmp(word, "--version") == 0)
		return version();
	if (strcmp(word, "--print-config") == 0)
		*mode = MODE_PRINT;
	else if (strcmp(word, "--check-config") == 0)
		*mode = MODE_CHECK;
	else if (strcmp(word, "--print-tls") == 0)
		*mode = MODE_TLS;
	else
		return -1;
	memmove(argv + 1, argv + 2, (size_t)(*argc - 1) * sizeof *argv);
	--*argc;
	return -1;
}

static int
refuse(const struct session *s, enum mode mode, const struct err *e)
{
	static const char text[] =
	    "-ERR [SYS/PERM] Unable to process configuration file.\r\n";

	if (mode != MODE_SERVE) {
		/* those that were told end with this one */
		fprintf(stderr, "popper: %s\n",
		    s->cfg.wrong > 0 && e->kind == ERR_CONF ? "and more"
							    : e->text);
		/* at boot nobody looks at fd 2 */
		if (mode == MODE_LISTEN && log_settle() != STDERR_FILENO)
			log_line("%s", e->text);
		return err_exit_code(e);
	}
	log_line("%s", e->text);
	/* who waits for TLS can do nothing with it */
	if (s->cfg.tls_support == TLS_ALTERNATE && !s->tls)
		return err_exit_code(e);
	if (write(STDOUT_FILENO, text, sizeof text - 1) == -1)
		log_line("and the client has gone");
	return err_exit_code(e);
}

/* Who only looks at the options wants to know all that is wrong. */
static int
options(struct session *s, enum mode mode, int argc, char **argv, struct err *e)
{
	int r;

	if (config_init(&s->cfg, e) == -1)
		return -1;
	if (mode != MODE_SERVE && mode != MODE_LISTEN)
		config_tell(&s->cfg, stderr);
	r = config_argv(&s->cfg, argc, argv, e);
	if (mode == MODE_SERVE && !config_built_in(&s->cfg, "log-facility"))
		log_syslog();
	return r;
}

/* What only looks at the options.  The exit code. */
static int
tell(const struct session *s, enum mode mode)
{
	struct poptls p;
	struct err e;

	if (s->cfg.wrong > 0)
		return 100;
	if (mode == MODE_PRINT) {
		config_print(&s->cfg, stdout);
		return 0;
	}
	if (poptls_command(&p, &s->cfg, &e) == -1)
		return refuse(s, mode, &e);
	if (mode == MODE_TLS)
		poptls_print(&p, stdout);
	config_notes(&s->cfg, stderr);
	if (mode == MODE_CHECK)
		config_paths(&s->cfg, stderr);
	return 0;
}

/* TLS: the wrapper that is there, or else one that becomes us again. */
static int
wrap(struct session *s, int argc, char **argv, struct err *e)
{
	if (wrapper_find(&s->wrapper, e) == -1)
		return -1;
	s->tls = wrapper_tls(&s->wrapper);
	if (s->tls || wrapper_can(&s->wrapper))
		return 0;
	return poptls_start(&s->cfg, argc, argv, e);
}

/*
 * The name in syslog: a line in inetd.conf may call us as Qpopper was called,
 * which is what programs that read such logs look for.
 */
static const char *
tag(const char *called)
{
	static const char *const known[] = { "qpopper", "in.qpopper" };
	const char *slash = strrchr(called, '/');
	size_t i;

	if (slash != NULL)
		called = slash + 1;
	for (i = 0; i < 2; i++) {
		if (strcmp(called, known[i]) == 0)
			return known[i];
	}
	return POPPER_NAME;
}

/*
 * What our starter ignores or has blocked stays so over exec: nothing could be
 * waited for without SIGCHLD, and the look-up of a name would not end.
 */
static void
signals(void)
{
	sigset_t none;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
	signal(SIGALRM, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Only if it fails: its exit code. */
static int
listen_for(struct session *s, const struct standalone *at, int closed, int argc,
    char **argv)
{
	struct err e;

	config_notes(&s->cfg, stderr);
	/* /dev/null, if they were closed: or tcpserver's socket would be 0 */
	fcntl(STDIN_FILENO, F_SETFD, 0);
	fcntl(STDOUT_FILENO, F_SETFD, 0);
	/* sessions are to see what we have seen: they log to syslog */
	if (closed == 1)
		close(STDERR_FILENO);
	standalone_start(at, &s->cfg, argc, argv, &e);
	return refuse(s, MODE_LISTEN, &e);
}

int
main(int argc, char **argv)
{
	struct session *s = &session;
	enum mode mode = MODE_SERVE;
	struct standalone at;
	struct err e;
	int closed;
	int wrong;
	int code;

	/* before a word is taken out of argv */
	title_init(&s->title, argv, environ);
	code = words(&argc, argv, &mode);
	if (code != -1)
		return code;
	s->fd_in = STDIN_FILENO;
	s->fd_out = STDOUT_FILENO;
	signals();
	closed = fds_hold();
	if (closed == -1)
		return 111;
	log_open(POPPER_NAME, closed == 1, STDIN_FILENO, LOG_MAIL);
	log_tag(tag(poptls_called(argv)));
	wrong = standalone_take(&at, mode == MODE_SERVE, &argc, argv, &e);
	if (at.wanted && mode == MODE_SERVE)
		mode = MODE_LISTEN;
	if (wrong == -1 || options(s, mode, argc, argv, &e) == -1)
		return refuse(s, mode, &e);
	if (s->cfg.version)
		return version();
	if (mode == MODE_LISTEN)
		return listen_for(s, &at, closed, argc, argv);
	if (mode != MODE_SERVE) {
		code = tell(s, mode);
		config_free(&s->cfg);
		return code;
	}
	if (wrap(s, argc, argv, &e) == -1)
		return refuse(s, mode, &e);
	config_forget(&s->cfg);
	/* what a program before us left open, as poplimit does, stays ours */
	close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
	peer_find(&s->peer, STDIN_FILENO, s->cfg.reverse_lookup);
	io_tune(STDIN_FILENO);
	return monitor_run(s);
}
