/* SPDX-License-Identifier: MIT */
/* runs as: root (popauth) */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ask.h"
#include "edit.h"
#include "secrets.h"
#include "start.h"
#include "store.h"
#include "username.h"
#include "version.h"
#include "who.h"

#define CHANGE_FD 3
#define CHANGE_MAX 1024
/* what is slow without asking has a little more */
#define RUN_SECONDS (ASK_MS / 1000 + 30)

enum verb {
	VERB_SET,
	VERB_DELETE,
	VERB_LIST,
	VERB_INIT,
	VERB_CHANGE,
	VERB_HELP,
	VERB_VERSION,
	VERB_TRACE,
	VERB_WRONG
};

struct command {
	enum verb verb;
	const char *name;
	const char *password;
	bool safe;
};

/* The exit code of what returned r: 0, 1 refused, -1. */
static int
told(int r, const struct err *e)
{
	if (r == 0)
		return 0;
	fprintf(stderr, "popauth: %s\n", e->text);
	return r == 1 ? 1 : err_exit_code(e);
}

/* r, unless what was to be told is lost. */
static int
flushed(int r)
{
	/* an error of before is not met again by fflush */
	if (fflush(stdout) != EOF && ferror(stdout) == 0)
		return r;
	if (r > 1)
		return r;
	fputs("popauth: Unable to write to standard output\n", stderr);
	return 111;
}

static void
usage(FILE *to)
{
	fputs("usage: popauth                         your own secret\n"
	      "       popauth -user NAME [PASSWORD]   add or change\n"
	      "       popauth -delete NAME\n"
	      "       popauth -list [NAME|ALL]\n"
	      "       popauth -init [-safe]\n"
	      "       popauth -change                 for programs\n"
	      "       popauth -help | -version\n",
	    to);
}

static struct command
parse(int argc, char **argv)
{
	static const struct {
		const char *word;
		enum verb verb;
		int least, most; /* words behind it */
	} table[] = {
		{ "-user", VERB_SET, 1, 2 },
		{ "-delete", VERB_DELETE, 1, 1 },
		{ "-list", VERB_LIST, 0, 1 },
		{ "-init", VERB_INIT, 0, 1 },
		{ "-change", VERB_CHANGE, 0, 0 },
		{ "-help", VERB_HELP, 0, 0 },
		{ "-version", VERB_VERSION, 0, 0 },
		{ "-trace", VERB_TRACE, 0, 1 },
	};
	struct command c = { .verb = argc < 2 ? VERB_SET : VERB_WRONG };
	size_t i;

	if (argc < 2)
		return c;
	for (i = 0; i < sizeof table / sizeof table[0]; i++) {
		if (strcmp(argv[1], table[i].word) == 0 &&
		    argc - 2 >= table[i].least && argc - 2 <= table[i].most)
			c.verb = table[i].verb;
	}
	c.name = argc > 2 ? argv[2] : NULL;
	c.password = argc > 3 ? argv[3] : NULL;
	if (c.verb == VERB_INIT && c.name != NULL) {
		c.safe = strcmp(c.name, "-safe") == 0;
		c.verb = c.safe ? VERB_INIT : VERB_WRONG;
	}
	return c;
}

/* The new password, twice on a terminal; 0, 1 or -1 with e. */
static int
get_new(const struct ask *a, char dst[SECRETS_PASSWORD], struct err *e)
{
	char again[SECRETS_PASSWORD];
	int r = ask_line(a, "New password: ", true, dst, SECRETS_PASSWORD, e);
	const char *why;

	if (r != 0)
		return r;
	why = secrets_unfit(dst);
	if (why == NULL && a->tty) {
		r = ask_line(a, "Again: ", true, again, sizeof again, e);
		if (r == 0 && strcmp(dst, again) != 0)
			why = "The two passwords differ: nothing was changed";
		explicit_bzero(again, sizeof again);
	}
	if (r == 0 && why != NULL) {
		err_set(e, ERR_PERM, "%s", why);
		r = 1;
	}
	return r;
}

/* Has the user something that the old password has to be asked for? */
static int
has_secret(struct store *st, const char *name, bool *has, struct err *e)
{
	struct secrets_entry entry;
	struct secrets s;
	int r = store_load(st, e);

	*has = false;
	if (r == 1) {
		s = store_secrets(st);
		r = secrets_find(&s, name, &entry, e);
		*has = r == 0 && (entry.apop || entry.scram);
		explicit_bzero(&entry, sizeof entry);
	}
	store_free(st);
	return r;
}

/* -user, -delete, and no word at all. */
static int
set(const struct who *w, const struct command *c, struct err *e)
{
	char name[USERNAME_MAX];
	char old[SECRETS_PASSWORD];
	char new[SECRETS_PASSWORD];
	struct edit d = { .name = name,
		.proves = !w->all,
		.must_have = c->verb == VERB_DELETE };
	struct store st;
	struct ask a;
	bool has;
	int r = who_is_it(w, c->name, name, sizeof name, e);

	store_open(&st, w);
	if (r != 0 || (r = has_secret(&st, name, &has, e)) != 0)
		return r;
	ask_open(&a);
	if (has && d.proves) {
		r = ask_line(&a, "Old password: ", true, old, sizeof old, e);
		d.old = old;
		if (r == 1 && !a.tty)
			err_more(e,
			    ": the old password has to be the first line of "
			    "standard input");
	}
	if (r == 0 && c->verb == VERB_SET) {
		d.new = c->password;
		if (d.new == NULL) {
			r = get_new(&a, new, e);
			d.new = new;
			if (r == 1 && !a.tty && d.old != NULL)
				err_more(e,
				    ": the new password comes behind the old "
				    "one");
		} else if (secrets_unfit(d.new) != NULL) {
			err_set(e, ERR_PERM, "%s", secrets_unfit(d.new));
			r = 1;
		}
	}
	if (r == 0)
		r = edit_do(&st, &d, e);
	explicit_bzero(old, sizeof old);
	explicit_bzero(new, sizeof new);
	if (r == 0 && a.tty)
		printf("%s: %s\n", name, d.new != NULL ? "changed" : "deleted");
	/* that file is not ours to read */
	if (r == 0 && d.new == NULL && who_beside(w) != NULL)
		fprintf(stderr,
		    "popauth: note: if there is a secret of %s in %s, it "
		    "counts now\n",
		    name, who_beside(w));
	return r;
}

static const char *
kind(char type)
{
	return type == 'a' ? "apop" : type == 'c' ? "crypt" : "scram-sha-256";
}

/* name NULL: all.  Refused if there is none. */
static int
print_list(const struct secrets *s, const char *name, struct err *e)
{
	size_t n;
	size_t i;
	size_t shown = 0;
	const struct secrets_line *before = NULL;
	struct secrets_line *list = secrets_records(s, &n, e);

	if (list == NULL)
		return -1;
	for (i = 0; i < n; i++) {
		const struct secrets_line *l = &list[i];

		if (name != NULL && !secrets_of(l, name))
			continue;
		if (before == NULL || !secrets_same_user(before, l))
			printf("%s%.*s", shown++ > 0 ? "\n" : "",
			    (int)l->name_len, l->name);
		printf(" %s", kind(l->type));
		before = l;
	}
	free(list);
	if (shown > 0)
		putchar('\n');
	if (shown > 0 || name == NULL)
		return 0;
	err_set(
	    e, ERR_PERM, "There is no secret of %s in %.200s", name, s->path);
	return 1;
}

static int
list(const struct who *w, const struct command *c, struct err *e)
{
	char name[USERNAME_MAX];
	struct store st;
	struct secrets s;
	bool all = w->all && (c->name == NULL || strcmp(c->name, "ALL") == 0);
	int r = all ? 0 : who_is_it(w, c->name, name, sizeof name, e);

	if (r != 0)
		return r;
	store_open(&st, w);
	r = store_load(&st, e);
	if (r == -1)
		return -1;
	s = store_secrets(&st);
	r = print_list(&s, all ? NULL : name, e);
	store_free(&st);
	return r;
}

static int
init(const struct who *w, const struct command *c, struct err *e)
{
	char answer[16];
	struct store st;
	struct ask a;
	int r;

	if (!w->all) {
		err_set(e, ERR_PERM, "Only root and the pop owner can do that");
		return 1;
	}
	store_open(&st, w);
	r = edit_init(&st, false, e);
	if (r == 1 && c->safe) {
		printf("%s is there\n", st.path);
		return 0;
	}
	if (r == 1) {
		err_set(e, ERR_PERM, "%s is there: it was left alone", st.path);
		ask_open(&a);
		if (!a.tty)
			return 1;
		printf("%s is there.\n", st.path);
		fflush(stdout);
		if (ask_line(&a, "Forget all secrets in it (yes or no)? ",
			false, answer, sizeof answer, e) != 0 ||
		    strcmp(answer, "yes") != 0) {
			err_set(e, ERR_PERM, "%s was left alone", st.path);
			return 1;
		}
		r = edit_init(&st, true, e);
	}
	if (r == 0)
		printf("%s was made\n", st.path);
	if (r == 0 && who_beside(w) != NULL)
		fprintf(stderr,
		    "popauth: note: {apop} and {scram-sha-256} lines of %s go "
		    "on to count: popauth(8) tells how to move them\n",
		    who_beside(w));
	return r;
}

/* Three strings up to the end of CHANGE_FD: how many octets, or -1. */
static ssize_t
read_change(char buf[CHANGE_MAX + 1])
{
	size_t n = 0;
	ssize_t r;

	do {
		r = read(CHANGE_FD, buf + n, CHANGE_MAX + 1 - n);
		if (r > 0)
			n += (size_t)r;
	} while ((r > 0 && n <= CHANGE_MAX) || (r == -1 && errno == EINTR));
	return r == -1 || n > CHANGE_MAX || n == 0 || buf[n - 1] != '\0'
	    ? -1
	    : (ssize_t)n;
}

/* -change: for a program that has asked the user. */
static int
change(const struct who *w, char buf[CHANGE_MAX + 1], struct err *e)
{
	struct edit d = { .name = buf, .proves = true, .must_have = true };
	struct store st;
	ssize_t n;
	const char *why;

	if (!w->all) {
		err_set(e, ERR_PERM, "Only root and the pop owner can do that");
		return 1;
	}
	n = read_change(buf);
	if (n != -1) {
		d.old = d.name + strlen(d.name) + 1;
		d.new = d.old < buf + n ? d.old + strlen(d.old) + 1 : buf + n;
	}
	if (n == -1 || d.new >= buf + n || d.new + strlen(d.new) + 1 != buf + n)
		return err_set(e, ERR_CONF,
		    "fd 3 has to give user, old and new password, each with a "
		    "NUL behind it, in at most 1024 octets");
	store_open(&st, w);
	if (!username_ok(d.name)) {
		err_set(e, ERR_PERM, "There is no secret in %.200s", st.path);
		return 1;
	}
	d.only_check = d.new[0] == '\0';
	why = d.only_check ? NULL : secrets_unfit(d.new);
	if (why != NULL) {
		puts(why);
		err_set(e, ERR_PERM, "%s", why);
		return 1;
	}
	return edit_do(&st, &d, e);
}

static int
run(const struct command *c, struct err *e)
{
	char buf[CHANGE_MAX + 1];
	struct who w;
	int r = who_begin(&w, c->verb == VERB_INIT, e);

	if (r != 0)
		return r;
	switch (c->verb) {
	case VERB_LIST:
		return list(&w, c, e);
	case VERB_INIT:
		return init(&w, c, e);
	case VERB_CHANGE:
		r = change(&w, buf, e);
		explicit_bzero(buf, sizeof buf);
		return r;
	default:
		return set(&w, c, e);
	}
}

int
main(int argc, char **argv)
{
	struct command c = parse(argc, argv);
	char password[SECRETS_PASSWORD + 1];
	struct err e = { .kind = ERR_NONE };
	int r;

	if (start_clean(
		c.verb == VERB_CHANGE ? CHANGE_FD + 1 : 3, RUN_SECONDS) == -1)
		return 111;
	switch (c.verb) {
	case VERB_HELP:
		usage(stdout);
		return flushed(0);
	case VERB_VERSION:
		puts("popauth (version " POPPER_VERSION ")");
		return flushed(0);
	case VERB_TRACE:
		fputs("popauth: -trace is refused: a set-uid program must not "
		      "write to a file that its caller names\n",
		    stderr);
		return 100;
	case VERB_WRONG:
		usage(stderr);
		return 100;
	default:
		break;
	}
	if (c.password != NULL) {
		/* cut to one that is still too long */
		snprintf(password, sizeof password, "%s", c.password);
		explicit_bzero(argv[3], strlen(argv[3]));
		c.password = password;
		fputs("popauth: warning: everybody can see a password on the "
		      "command line when the program is started\n",
		    stderr);
	}
	r = told(run(&c, &e), &e);
	explicit_bzero(password, sizeof password);
	return flushed(r);
}
