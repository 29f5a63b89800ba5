/* SPDX-License-Identifier: MIT */
/* runs as: root (checker and monitor) */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "lines.h"
#include "num.h"
#include "text.h"
#include "userdb.h"

#define LINE_OCTETS 8192 /* of lines at once; a longer one gets more */
#define GETENT_MS 20000

const struct userdb userdb_system = {
	.nsswitch = "/etc/nsswitch.conf",
	.passwd = "/etc/passwd",
	.shadow = "/etc/shadow",
	.group = "/etc/group",
	.getent = "/usr/bin/getent",
};

/* Where a database is looked up. */
struct plan {
	bool files;  /* in its file, first */
	bool getent; /* and if it is not there, or if files is not set */
};

/* What is behind "NAME:" of a line: 1, 0 malformed, -1 does not fit. */
typedef int parse_op(char *s, void *to);

enum {
	PASSWD,
	SHADOW,
	GROUP,
	DATABASES
};

static const char *const database_name[DATABASES] = { "passwd", "shadow",
	"group" };

struct query {
	int database;
	const char *file, *name;
	parse_op *parse;
	void *to;
	bool all; /* parse gets each line, whole, and the name is a uid */
};

/* Cuts the field up to the next colon off *s; NULL when there is none. */
static char *
field(char **s)
{
	char *f = *s;

	if (f != NULL) {
		*s = strchr(f, ':');
		if (*s != NULL)
			*(*s)++ = '\0';
	}
	return f;
}

static int
number(char **s, uint32_t *v)
{
	const char *f = field(s);

	/* to setresuid(2) the last number means no change */
	return f != NULL && num_u32(f, v) == 0 && *v != UINT32_MAX ? 1 : 0;
}

static int
days(char **s, long *v)
{
	const char *f = field(s);
	uint32_t n = 0;

	if (f == NULL)
		return 0;
	if (f[0] != '\0' && strcmp(f, "-1") != 0 && num_u32(f, &n) == -1)
		return 0;
	*v = f[0] == '\0' || f[0] == '-' ? -1 : (long)n;
	return 1;
}

static int
parse_user(char *s, void *to)
{
	struct userdb_user *u = to;
	const char *hash = field(&s);
	const char *home;

	if (hash == NULL || !number(&s, &u->uid) || !number(&s, &u->gid) ||
	    field(&s) == NULL || (home = field(&s)) == NULL)
		return 0;
	return text_copy(u->hash, sizeof u->hash, hash) == -1 ||
		text_copy(u->home, sizeof u->home, home) == -1 ||
		text_copy(u->shell, sizeof u->shell, s != NULL ? s : "") == -1
	    ? -1
	    : 1;
}

static int
parse_shadow(char *s, void *to)
{
	struct userdb_shadow *sh = to;
	const char *hash = field(&s);
	long other;

	if (hash == NULL || !days(&s, &sh->changed) || !days(&s, &other) ||
	    !days(&s, &sh->max) || !days(&s, &other) || !days(&s, &other) ||
	    !days(&s, &sh->expire))
		return 0;
	return text_copy(sh->hash, sizeof sh->hash, hash) == -1 ? -1 : 1;
}

struct group_query {
	const char *user;
	struct userdb_group *group;
};

static int
parse_group(char *s, void *to)
{
	struct group_query *q = to;
	size_t n = strlen(q->user);

	if (field(&s) == NULL || !number(&s, &q->group->gid) || s == NULL)
		return 0;
	q->group->lists = false;
	for (;;) {
		if (strncmp(s, q->user, n) == 0 &&
		    (s[n] == '\0' || s[n] == ','))
			q->group->lists = true;
		s = strchr(s, ',');
		if (s++ == NULL)
			return 1;
	}
}

/* In these files some names are remarks, or mean other services. */
static bool
name_ok(const char *name)
{
	return name[0] != '\0' && strchr("#+-", name[0]) == NULL &&
	    strpbrk(name, ": \t\n") == NULL;
}

struct account_query {
	uint32_t uid;
	struct userdb_account *account;
};

/* Never the last one: another line may have the same uid. */
static int
parse_account(char *s, void *to)
{
	struct account_query *q = to;
	struct userdb_account *a = q->account;
	const char *name = field(&s);
	uint32_t uid;
	uint32_t gid;

	if (name == NULL || !name_ok(name) || field(&s) == NULL ||
	    !number(&s, &uid) || uid != q->uid || !number(&s, &gid) ||
	    (a->count > 0 && strcmp(a->name, name) == 0))
		return 0;
	a->count++;
	a->gid = gid;
	return text_copy(a->name, sizeof a->name, name);
}

/* Lines of f until one is about the name: 1, 0, -1 with e. */
static int
search(struct lines *l, const char *from, const struct query *q, struct err *e)
{
	size_t len = strlen(q->name);
	char *s;
	size_t n;
	int r;

	while ((r = lines_next(l, &s, &n)) == 1) {
		s += strspn(s, " \t");
		if (!q->all) {
			if (strncmp(s, q->name, len) != 0 || s[len] != ':')
				continue;
			s += len + 1;
		}
		r = q->parse(s, q->to);
		if (r == -1)
			return err_set(e, ERR_PERM,
			    "The entry of \"%.64s\" in %.100s is too long",
			    q->name, from);
		if (r == 1)
			return 1;
	}
	return r == 0 ? 0 : err_sys(e, ERR_TEMP, "Unable to read", from);
}

static int
ask_file(const struct query *q, struct err *e)
{
	char mem[LINE_OCTETS];
	struct lines l;
	int fd = open(q->file, O_RDONLY | O_CLOEXEC);
	int r;

	if (fd == -1 && errno == ENOENT)
		return 0;
	if (fd == -1)
		return err_sys(e, ERR_TEMP, "Unable to open", q->file);
	lines_init(&l, fd, mem, sizeof mem);
	r = search(&l, q->file, q, e);
	lines_free(&l);
	close(fd);
	return r;
}

static _Noreturn void
run_getent(const char *path, const struct query *q, int to)
{
	/* the name is not to be taken for an option */
	char *const argv[] = { (char *)"getent", (char *)"--",
		(char *)database_name[q->database], (char *)q->name, NULL };
	char *envp[] = { NULL };
	int fd = open("/dev/null", O_RDWR);

	/* whoever waits for it may be ended first */
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (fd != -1 && dup2(to, STDOUT_FILENO) != -1 &&
	    (fd == STDIN_FILENO || dup2(fd, STDIN_FILENO) != -1) &&
	    dup2(fd, STDERR_FILENO) != -1 && close_range(3, ~0U, 0) == 0)
		execve(path, argv, envp);
	_exit(127);
}

/* getent(1) ends with 2 if there is no such entry. */
static int
ask_getent(const struct userdb *db, const struct query *q, struct err *e)
{
	char mem[LINE_OCTETS];
	struct lines l;
	int p[2];
	int st = -1; /* if it cannot be waited for */
	int r;
	pid_t pid;

	if (pipe2(p, O_CLOEXEC) == -1)
		return err_sys(e, ERR_TEMP, "Unable to run", db->getent);
	pid = fork();
	if (pid == -1) {
		err_sys(e, ERR_TEMP, "Unable to run", db->getent);
		close(p[0]);
		close(p[1]);
		return -1;
	}
	if (pid == 0)
		run_getent(db->getent, q, p[1]);
	close(p[1]);
	lines_init(&l, p[0], mem, sizeof mem);
	l.deadline = clock_ms() + GETENT_MS;
	r = search(&l, db->getent, q, e);
	if (r != 0)
		kill(pid, SIGKILL);
	lines_free(&l);
	close(p[0]);
	while (waitpid(pid, &st, 0) == -1 && errno == EINTR)
		;
	if (r != 0 ||
	    (WIFEXITED(st) && (WEXITSTATUS(st) == 0 || WEXITSTATUS(st) == 2)))
		return r;
	return err_set(e, ERR_TEMP,
	    "%.100s failed (status %d) to look \"%.64s\" up in %s", db->getent,
	    st, q->name, database_name[q->database]);
}

/*
 * A database's services: "files systemd", "files [NOTFOUND=return] ldap".
 * An action that does more than to stop is left to getent.
 */
static struct plan
services(char *s)
{
	struct plan plan = { false, true };
	const char *next;

	s[strcspn(s, "#")] = '\0';
	s += strspn(s, " \t");
	if (strncmp(s, "files", 5) != 0 ||
	    (s[5] != '\0' && strchr(" \t[", s[5]) == NULL))
		return plan;
	next = s + 5 + strspn(s + 5, " \t");
	if (strncmp(next, "[NOTFOUND=return]", 17) == 0) {
		plan.files = true;
		plan.getent = false;
	} else if (*next != '[') {
		plan.files = true;
		plan.getent = *next != '\0';
	}
	return plan;
}

/* The database that a line of nsswitch.conf is about; *s is what follows. */
static int
database(char **s)
{
	char *p = *s + strspn(*s, " \t");
	int i;

	for (i = 0; i < DATABASES; i++) {
		size_t len = strlen(database_name[i]);

		if (strncmp(p, database_name[i], len) != 0)
			continue;
		p += len + strspn(p + len, " \t");
		*s = p + 1;
		return *p == ':' ? i : DATABASES;
	}
	return DATABASES;
}

/* Without a line, or without the file, there are files only. */
static int
find_plans(const char *nsswitch, struct plan plan[DATABASES], struct err *e)
{
	char mem[LINE_OCTETS];
	struct lines l;
	char *s;
	size_t n;
	int i;
	int r;
	int fd = open(nsswitch, O_RDONLY | O_CLOEXEC);

	for (i = 0; i < DATABASES; i++)
		plan[i] = (struct plan){ .files = true };
	if (fd == -1)
		return 0;
	lines_init(&l, fd, mem, sizeof mem);
	while ((r = lines_next(&l, &s, &n)) == 1) {
		i = database(&s);
		if (i != DATABASES)
			plan[i] = services(s);
	}
	if (r == -1)
		err_sys(e, ERR_TEMP, "Unable to read", nsswitch);
	lines_free(&l);
	close(fd);
	return r;
}

static int
ask(const struct userdb *db, const struct plan plan[], const struct query *q,
    struct err *e)
{
	int r = 0;

	if (plan[q->database].files)
		r = ask_file(q, e);
	if (r == 0 && plan[q->database].getent)
		r = ask_getent(db, q, e);
	return r;
}

static int
ask_one(const struct userdb *db, const struct query *q, struct err *e)
{
	struct plan plan[DATABASES];

	if (!name_ok(q->name))
		return 0;
	if (find_plans(db->nsswitch, plan, e) == -1)
		return -1;
	return ask(db, plan, q, e);
}

int
userdb_user(const struct userdb *db, const char *name, struct userdb_user *u,
    struct err *e)
{
	const struct query q = { PASSWD, db->passwd, name, parse_user, u,
		false };

	return ask_one(db, &q, e);
}

int
userdb_account(const struct userdb *db, uint32_t uid, struct userdb_account *a,
    struct err *e)
{
	char name[16];
	struct account_query to = { uid, a };
	const struct query q = { PASSWD, db->passwd, name, parse_account, &to,
		true };

	memset(a, 0, sizeof *a);
	snprintf(name, sizeof name, "%lu", (unsigned long)uid);
	return ask_one(db, &q, e);
}

int
userdb_shadow(const struct userdb *db, const char *name,
    struct userdb_shadow *s, struct err *e)
{
	const struct query q = { SHADOW, db->shadow, name, parse_shadow, s,
		false };

	return ask_one(db, &q, e);
}

int
userdb_login(const struct userdb *db, const char *name, struct userdb_user *u,
    struct userdb_shadow *s, int *shadow, struct err *e)
{
	const struct query passwd = { PASSWD, db->passwd, name, parse_user, u,
		false };
	const struct query more = { SHADOW, db->shadow, name, parse_shadow, s,
		false };
	struct plan plan[DATABASES];
	int r;

	*shadow = 0;
	if (!name_ok(name))
		return 0;
	if (find_plans(db->nsswitch, plan, e) == -1)
		return -1;
	r = ask(db, plan, &passwd, e);
	if (r == 1)
		*shadow = ask(db, plan, &more, e);
	return r;
}

int
userdb_group(const struct userdb *db, const char *name, const char *user,
    struct userdb_group *g, struct err *e)
{
	struct group_query to = { user, g };
	const struct query q = { GROUP, db->group, name, parse_group, &to,
		false };

	return ask_one(db, &q, e);
}
