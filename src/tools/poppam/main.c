/* SPDX-License-Identifier: MIT */
/* runs as: root (poppam) */
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "fds.h"
#include "stack.h"
#include "text.h"
#include "username.h"

#define GIVEN_FD 3
#define LOW_UID 10

struct job {
	const char *service;
	bool change;
	char **program;
};

static int
usage(void)
{
	fputs("usage: poppam [-s service] program [argument ...]\n"
	      "       poppam -c [-s service]\n",
	    stderr);
	return 100;
}

/* libpam makes a file name of it. */
static bool
service_ok(const char *s)
{
	size_t n = strlen(s);

	return n > 0 && n <= 64 && s[0] != '.' &&
	    strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789._-") == n;
}

static int
options(struct job *job, int argc, char **argv)
{
	int c;

	job->service = "pop3";
	opterr = 0;
	while ((c = getopt(argc, argv, "+cs:")) != -1) {
		switch (c) {
		case 'c':
			job->change = true;
			break;
		case 's':
			job->service = optarg;
			break;
		default:
			return -1;
		}
	}
	job->program = argv + optind;
	return service_ok(job->service) && job->change == (optind == argc) ? 0
									   : -1;
}

/* Groups before credentials, which may add some; the uid at the end. */
static int
become(struct stack *s, struct err *e)
{
	const struct passwd *pw = &s->pw;
	int code;

	if (initgroups(pw->pw_name, pw->pw_gid) == -1 ||
	    setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) == -1) {
		err_sys(
		    e, ERR_TEMP, "Unable to take the groups of", pw->pw_name);
		return 111;
	}
	code = stack_session(s, e);
	stack_close(s);
	if (code != 0)
		return code;
	if (setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid) == -1) {
		err_sys(e, ERR_TEMP, "Unable to become", pw->pw_name);
		return 111;
	}
	if (setuid(0) == 0 || setresuid((uid_t)-1, 0, (uid_t)-1) == 0) {
		err_set(e, ERR_PERM, "Unable to give up root for good");
		return 111;
	}
	return 0;
}

static int
run(const struct job *job, const struct passwd *pw, struct err *e)
{
	if (setenv("USER", pw->pw_name, 1) == -1 ||
	    setenv("HOME", pw->pw_dir, 1) == -1 ||
	    setenv("SHELL", pw->pw_shell, 1) == -1) {
		err_sys(e, ERR_TEMP, "Unable to set", "the environment");
		return 111;
	}
	/* what modules opened as root is not for the program */
	close_range(3, ~0U, 0);
	execvp(job->program[0], job->program);
	err_sys(e, ERR_TEMP, "Unable to run", job->program[0]);
	return 111;
}

static int
change(struct stack *s, const struct given *given, struct err *e)
{
	char line[sizeof s->talk.said + 2];
	int code;

	if (given->third[0] == '\0')
		return 0;
	code = stack_change(s, e);
	if (code == 1 && s->talk.said[0] != '\0') {
		int n = snprintf(line, sizeof line, "%s\n", s->talk.said);

		if (write(STDOUT_FILENO, line, (size_t)n) != n)
			err_more(e, " (and nobody was told)");
	}
	return code;
}

static int
refuse(struct err *e, const char *user, const char *why)
{
	err_set(e, ERR_PERM, "%s refused: %s", user, why);
	return 1;
}

static int
serve(const struct job *job, const struct given *given, struct stack *s,
    struct err *e)
{
	const char *expired = getenv("POPPER_EXPIRED");
	int code;

	if (!username_ok(given->user))
		return refuse(e, "(invalid)", "that can be no user's name");
	if (given->password[0] == '\0')
		return refuse(e, given->user, "the password is empty");
	code = stack_open(s, job->service, getenv("TCPREMOTEIP"), given, e);
	if (code == 0)
		code = stack_check(s,
		    job->change ||
			(expired != NULL && strcmp(expired, "allow") == 0),
		    e);
	if (code == 0)
		code = stack_account(s, e);
	if (code != 0)
		return code;
	if (s->pw.pw_uid == 0)
		return refuse(e, given->user, "uid 0 is never served");
	if (!job->change)
		return become(s, e);
	if (s->pw.pw_uid <= LOW_UID)
		return refuse(e, given->user, "uid 10 or below");
	return change(s, given, e);
}

/* One line, one write: others write to the same log. */
static void
complain(const struct err *e)
{
	char line[sizeof e->text + 16];
	int n = snprintf(line, sizeof line, "poppam: %s\n", e->text);

	if (write(STDERR_FILENO, line, (size_t)n) == -1)
		return; /* nobody is left to be told */
}

static int
started_well(struct err *e)
{
	if (getuid() != geteuid() || getgid() != getegid())
		return err_set(e, ERR_CONF, "poppam must not be set-uid");
	if (geteuid() != 0)
		return err_set(e, ERR_CONF, "poppam has to be started by root");
	/* modules wait for what they start */
	if (signal(SIGCHLD, SIG_DFL) == SIG_ERR ||
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1 || fds_hold() == -1)
		return err_sys(e, ERR_TEMP, "Unable to start", "poppam");
	return 0;
}

int
main(int argc, char **argv)
{
	static struct given given;
	static struct stack stack;
	struct job job = { 0 };
	struct err e;
	int code;

	if (options(&job, argc, argv) == -1)
		return usage();
	if (started_well(&e) == -1 ||
	    given_read(&given, GIVEN_FD, job.change, &e) == -1) {
		given_wipe(&given);
		complain(&e);
		return err_exit_code(&e);
	}
	code = serve(&job, &given, &stack, &e);
	stack_close(&stack);
	given_wipe(&given);
	if (code == 0 && !job.change)
		code = run(&job, &stack.pw, &e);
	if (code != 0)
		complain(&e);
	return code;
}
