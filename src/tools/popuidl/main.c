/* SPDX-License-Identifier: MIT */
/* runs as: root (until it is the user) */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "fds.h"
#include "given.h"
#include "list.h"
#include "log.h"
#include "maildrop.h"
#include "who.h"

enum job {
	JOB_IDS,  /* a list of unique-ids for mail that is there */
	JOB_MAIL, /* mail */
	JOB_ADD,  /* the same, also if there is mail */
	JOB_WHO
};

struct options {
	enum job job;
	char *file;	   /* of popper's options, or NULL */
	const char *given; /* who the user is, or NULL */
	const char *user;
};

static int
usage(void)
{
	fputs("usage: popuidl [-f file] [-u uid:gid:home[:maildrop]] user "
	      "<list\n"
	      "       popuidl [-f file] [-u ...] -m | -a user <mbox\n"
	      "       popuidl [-f file] [-u ...] -w user\n",
	    stderr);
	return 100;
}

static int
options_read(struct options *o, int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "af:mu:w")) != -1) {
		switch (c) {
		case 'a':
			o->job = JOB_ADD;
			break;
		case 'f':
			o->file = optarg;
			break;
		case 'm':
			o->job = JOB_MAIL;
			break;
		case 'u':
			o->given = optarg;
			break;
		case 'w':
			o->job = JOB_WHO;
			break;
		default:
			return usage();
		}
	}
	if (optind + 1 != argc)
		return usage();
	o->user = argv[optind];
	return 0;
}

/* Nothing of this is for standard output, which tells what was done. */
static int
failed(const struct options *o, const struct err *e, int code)
{
	fprintf(stderr, "popuidl: %s: %s\n", o->user, e->text);
	return code;
}

static int
give_ids(const struct options *o, struct drop *d)
{
	struct err e;
	uint32_t changed = 0;
	uint32_t without = 0;
	int r = drop_open(d, &e);

	if (r == 0)
		r = list_apply(d, STDIN_FILENO, &changed, &without, &e);
	if (r == 1)
		return failed(o, &e, 1);
	if (r == 0 && changed > 0) {
		/* it knows other ids */
		cache_remove(&d->sp);
		r = drop_commit(d, &e);
	}
	if (r == -1)
		return failed(o, &e, err_exit_code(&e));
	if (r == 1)
		failed(o, &e, 0);
	if (without > 0)
		fprintf(stderr,
		    "popuidl: %s: %u messages have no empty line behind their "
		    "header: they get new ids\n",
		    o->user, without);
	printf("%s: %u messages, unique-ids of %u written\n", o->user,
	    d->ix.count, changed);
	return 0;
}

static int
give_mail(const struct options *o, struct drop *d)
{
	struct err e;
	uint32_t count = 0;
	int r = given_mail(d, STDIN_FILENO, o->job == JOB_ADD, &count, &e);

	if (r == -1)
		return failed(
		    o, &e, e.kind == ERR_CONF ? 1 : err_exit_code(&e));
	if (r == 1)
		fprintf(stderr,
		    "popuidl: %s: %s: the mail was taken, and the next session "
		    "will finish that; do not give it again\n",
		    o->user, e.text);
	printf("%s: %u messages put into the maildrop\n", o->user, count);
	return 0;
}

static int
work(const struct options *o, struct drop *d)
{
	struct err e;
	int code;

	if (maildrop_enter(d, STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO, &e) ==
	    -1)
		code = failed(o, &e, err_exit_code(&e));
	else
		code = o->job == JOB_IDS ? give_ids(o, d) : give_mail(o, d);
	if (drop_close(d, &e) == -1) {
		fprintf(stderr,
		    "popuidl: %s: %s: the next session will put the mail "
		    "back\n",
		    o->user, e.text);
		code = 111;
	}
	return code;
}

static int
run(const struct options *o, struct config *c)
{
	static struct drop d;
	char *argv[] = { "popuidl", "-f", o->file, NULL };
	struct auth_ident id;
	struct err e;
	int code = 0;

	if (config_init(c, &e) == -1 ||
	    (o->file != NULL && config_argv(c, 3, argv, &e) == -1) ||
	    who_is(c, o->user, o->given, &id, &e) == -1 ||
	    maildrop_find(&d, c, &id, true, &e) == -1)
		return failed(o, &e, err_exit_code(&e));
	if (o->job == JOB_WHO) {
		printf("%lu:%lu:%s:%s\n", (unsigned long)id.uid,
		    (unsigned long)id.gid, id.home, d.sp.path);
		spool_close(&d.sp);
	} else {
		code = work(o, &d);
	}
	if (fflush(stdout) == EOF && code == 0) {
		fprintf(stderr, "popuidl: standard output is lost\n");
		code = 111;
	}
	return code;
}

int
main(int argc, char **argv)
{
	static struct config c;
	struct options o = { .job = JOB_IDS };
	int code = options_read(&o, argc, argv);

	if (code != 0)
		return code;
	signal(SIGPIPE, SIG_IGN);
	if (fds_hold() == -1)
		return 111;
	log_open("popuidl", false, -1, LOG_MAIL);
	code = run(&o, &c);
	config_free(&c);
	return code;
}
