/* SPDX-License-Identifier: MIT */
/* runs as: root (checker) */
#include <stdio.h>
#include <string.h>

#include "num.h"
#include "oracle.h"
#include "run.h"
#include "text.h"

#define WORDS 16
#define LIMIT_MS 25000

/* The exit codes of the checkpassword interface. */
enum {
	EXIT_YES = 0,
	EXIT_NO = 1
};

/* The value of the line "name value" that is next; NULL if it is not. */
static char *
value(char **out, const char *name)
{
	char *s = *out;
	size_t n = strlen(name);
	char *lf = strchr(s, '\n');

	if (lf == NULL || strncmp(s, name, n) != 0 || s[n] != ' ')
		return NULL;
	*lf = '\0';
	*out = lf + 1;
	return s + n + 1;
}

/*
 * What popid prints, and nothing else.  Under another name the lists, and
 * what else is against a user, would be asked of somebody else.
 */
static enum auth_rc
parse(char *out, const char *name, struct account *a)
{
	const char *uid = value(&out, "uid");
	const char *gid = uid != NULL ? value(&out, "gid") : NULL;
	const char *user = gid != NULL ? value(&out, "user") : NULL;
	const char *home = user != NULL ? value(&out, "home") : NULL;
	uint32_t u;
	uint32_t g;

	if (home == NULL || *out != '\0' || num_u32(uid, &u) == -1 ||
	    num_u32(gid, &g) == -1 || u == UINT32_MAX || g == UINT32_MAX ||
	    home[0] != '/' || text_copy(a->home, sizeof a->home, home) == -1)
		return AUTH_TEMP;
	a->uid = u;
	a->gid = g;
	return strcmp(user, name) == 0 ? AUTH_YES : AUTH_OTHER;
}

/* user, password and stamp, each with its NUL; -1 if they do not fit. */
static int
input(char *dst, size_t size, const char *user, const char *password,
    const char *stamp)
{
	int n = snprintf(dst, size, "%s%c%s%c%s", user, 0, password, 0, stamp);

	return n > 0 && (size_t)n < size ? n + 1 : -1;
}

enum auth_rc
oracle_ask(const struct auth_cfg *cfg, const char *user, const char *password,
    struct account *a, struct err *e)
{
	char in[USERNAME_MAX + AUTH_SECRET_MAX + AUTH_STAMP_MAX];
	char out[1024];
	char words[512];
	char popid[300];
	char ip[80];
	char *argv[WORDS];
	char *envp[] = { (char *)"PATH=/usr/sbin:/usr/bin:/sbin:/bin",
		(char *)"PROTO=TCP", ip,
		cfg->check_expired ? NULL : (char *)"POPPER_EXPIRED=allow",
		NULL };
	struct run run = { .argv = argv,
		.envp = envp,
		.input = in,
		.out = out,
		.out_size = sizeof out,
		.limit = LIMIT_MS };
	size_t count = 0;
	int n = input(in, sizeof in, user, password, cfg->stamp);
	int code;
	enum auth_rc rc;

	if (n == -1 || text_copy(words, sizeof words, cfg->program) == -1 ||
	    run_words(words, argv, WORDS - 1) == -1 ||
	    snprintf(popid, sizeof popid, "%s/popid", cfg->program_dir) >=
		(int)sizeof popid) {
		err_set(e, ERR_CONF,
		    "option checkpassword: \"%.200s\" has too "
		    "many words or too long ones",
		    cfg->program);
		return AUTH_TEMP;
	}
	snprintf(ip, sizeof ip, "TCPREMOTEIP=%s", cfg->ip);
	while (argv[count] != NULL)
		count++;
	argv[count] = popid;
	argv[count + 1] = NULL;
	run.input_len = (size_t)n;
	code = run_program(&run, e);
	explicit_bzero(in, sizeof in);
	if (code == EXIT_NO)
		return AUTH_WRONG;
	if (code == -1)
		return AUTH_TEMP;
	if (code != EXIT_YES) {
		err_set(e, ERR_TEMP, "%.200s failed with exit code %d", argv[0],
		    code);
		return AUTH_TEMP;
	}
	rc = parse(out, user, a);
	if (rc == AUTH_TEMP)
		err_set(e, ERR_TEMP,
		    "%.200s did not run %.200s as a user with USER and HOME",
		    argv[0], popid);
	return rc;
}
