/* SPDX-License-Identifier: MIT */
/* runs as: root */
#include <string.h>
#include <strings.h>

#include "config.h"
#include "text.h"

/*
 * The command line: letters with their arguments joined or apart, letters
 * without one in a row (-sS).  Letters that are no option of their own:
 *
 *	-e login_delay=N,expire=N	two options at once
 *	-M				accepted, means nothing
 *	-v, -V				the version, and no session
 */

static int
unknown(char letter, struct err *e)
{
	char shown[2] = { letter, '\0' };

	text_safe(shown, sizeof shown, shown);
	return err_set(e, ERR_CONF,
	    "command line: there is no -%s; see popper --help", shown);
}

static int
extensions(struct config *c, const char *arg, struct err *e)
{
	static const struct {
		const char *name, *option;
	} row[] = {
		{ "login_delay=", "announce-login-delay" },
		{ "expire=", "announce-expire" },
	};
	const struct config_at at = { "command line -e", 0, IN_CLI, -1 };
	char value[32];
	size_t i;

	for (;;) {
		size_t n = strcspn(arg, ",");

		for (i = 0; i < 2; i++) {
			size_t k = strlen(row[i].name);

			if (strncasecmp(arg, row[i].name, k) != 0 || n < k ||
			    n - k >= sizeof value)
				continue;
			memcpy(value, arg + k, n - k);
			value[n - k] = '\0';
			if (config_set(c, opt_find(row[i].option), value, &at,
				e) == -1)
				return -1;
			break;
		}
		if (i == 2)
			return err_set(e, ERR_CONF,
			    "command line: -e takes login_delay=N and "
			    "expire=N, with a comma between them");
		if (arg[n] == '\0')
			return 0;
		arg += n + 1;
	}
}

/* The argument of the letter at p: the rest of its word, or the next one. */
static const char *
argument(char *const *argv, int argc, int *i, const char *p)
{
	if (p[1] != '\0')
		return p + 1;
	if (*i + 1 < argc)
		return argv[++*i];
	return NULL;
}

/* 1: p was the last letter of its word, its argument taken.  0: go on. */
static int
letter(struct config *c, char *const *argv, int argc, int *i, const char *p,
    struct err *e)
{
	const struct config_at at = { "command line", 0, IN_CLI, -1 };
	const struct opt *o = opt_letter(*p);
	const char *arg;

	if (*p == 'v' || *p == 'V')
		c->version = true;
	if (strchr("MvV", *p) != NULL)
		return 0;
	if (o == NULL && *p != 'e')
		return unknown(*p, e);
	if (o != NULL && o->type == OPT_BOOL)
		return config_set(c, o,
		    (o->flags & OPT_NEGATED) != 0 ? "false" : "true", &at, e);
	arg = argument(argv, argc, i, p);
	if (arg == NULL)
		return err_set(
		    e, ERR_CONF, "command line: -%c needs an argument", *p);
	if (o == NULL)
		return extensions(c, arg, e) == -1 ? -1 : 1;
	return config_set(c, o, arg, &at, e) == -1 ? -1 : 1;
}

static int
stray(const char *word, struct err *e)
{
	char shown[64];

	text_safe(shown, sizeof shown, word);
	if (word[0] == '-' && word[1] == '-')
		return err_set(e, ERR_CONF,
		    "command line: there is no %s here; see popper --help",
		    shown);
	return err_set(e, ERR_CONF,
	    "command line: \"%s\" is no option; an address to listen on "
	    "stands before all options",
	    shown);
}

int
config_argv(struct config *c, int argc, char *const *argv, struct err *e)
{
	int i;

	for (i = 1; i < argc; i++) {
		const char *p = argv[i];
		int r = 0;

		if (p[0] != '-' || p[1] == '\0' || p[1] == '-')
			r = stray(p, e);
		else
			for (p++; r == 0 && *p != '\0'; p++)
				r = letter(c, argv, argc, &i, p, e);
		if (r == -1 && config_mistake(c, e) == -1)
			return -1;
	}
	return 0;
}
