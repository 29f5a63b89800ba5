/* SPDX-License-Identifier: MIT */
/* runs as: root */
#include <string.h>
#include <sys/stat.h>

#include "config.h"
#include "confvalue.h"
#include "log.h"
#include "text.h"

#define STRING_MAX 255

/* mistakes that are told, and what a user's file can have in the log */
#define WRONG_MAX 100
#define PASSED_MAX 20

/* Puts where the option stands in front of an error that tells a path. */
static int
blame(const struct opt *o, const struct config_at *at, struct err *e)
{
	char why[200];

	snprintf(why, sizeof why, "%.199s", e->text);
	return confvalue_fail(o, at, e, why, "");
}

static int
set_origin(struct config *c, const struct opt *o, const struct config_at *at,
    struct err *e)
{
	struct config_origin *origin = &c->origin[o - optab];

	if (c->file == NULL || strcmp(c->file, at->file) != 0)
		c->file = confvalue_keep(c, at->file);
	if (c->file == NULL)
		return err_set(e, ERR_TEMP, "No memory for the options");
	origin->file = c->file;
	origin->line = at->line;
	return 0;
}

/* A trace file shows all that debug shows, unless that is reset behind it. */
static int
trace(struct config *c, const struct opt *o, const struct config_at *at,
    struct err *e)
{
	if (log_trace(c->tracefile) == -1) {
		err_sys(e, ERR_CONF, "Unable to open", c->tracefile);
		return blame(o, at, e);
	}
	c->debug = true;
	log_debugging(c->tell == NULL);
	return set_origin(c, opt_find("debug"), at, e);
}

static void
note(const struct opt *o, const struct config_at *at)
{
	const char *end =
	    (o->flags & OPT_VOID) != 0 ? ", and means nothing here" : "";

	if (at->line == 0)
		log_debug("%s: option %s is set%s", at->file, o->name, end);
	else
		log_debug("%s:%u: option %s is set%s", at->file, at->line,
		    o->name, end);
}

/*
 * debug, tracefile and log-facility act from where they stand, so that the log
 * shows what comes behind them.
 */
static int
act(struct config *c, const struct opt *o, const struct config_at *at,
    struct err *e)
{
	if (o->field == offsetof(struct config, debug) && c->tell == NULL)
		log_debugging(c->debug);
	if (o->field == offsetof(struct config, tracefile) &&
	    trace(c, o, at, e) == -1)
		return -1;
	if (o->field == offsetof(struct config, log_facility))
		log_facility((int)c->log_facility);
	note(o, at);
	return 0;
}

/* Others than its owner, and a group of root's, can read this file. */
static bool
is_shown(int fd)
{
	struct stat st;

	return fd != -1 && fstat(fd, &st) == 0 &&
	    ((st.st_mode & 04) != 0 ||
		((st.st_mode & 040) != 0 && st.st_gid != 0));
}

/*
 * A user's file is not worth a log-in, where what it asks for has no part in
 * that; an administrator has to know.
 */
static int
missing(struct config *c, const struct opt *o, const struct config_at *at,
    struct err *e)
{
	confvalue_fail(o, at, e, o->missing, "");
	if ((at->where & (IN_HOME | IN_SPOOL)) == 0)
		return -1;
	if (c->wrong++ < PASSED_MAX)
		log_line("%s (passed over)", e->text);
	return confvalue_clear(c, o, at, e);
}

int
config_set(struct config *c, const struct opt *o, const char *value,
    const struct config_at *at, struct err *e)
{
	if ((o->where & at->where) == 0)
		return confvalue_fail(o, at, e,
		    "is restricted: it cannot be set in this file, but in the "
		    "administrator's (popper -f)",
		    "");
	if (value == NULL)
		value = o->type == OPT_BOOL ? "true" : o->implied;
	if (value == NULL)
		return confvalue_fail(
		    o, at, e, "needs a value: set NAME = VALUE", "");
	if (confvalue_assign(c, o, value, at, e) == -1)
		return -1;
	if (o->field == offsetof(struct config, tls_passphrase) &&
	    is_shown(at->fd))
		return confvalue_fail(o, at, e,
		    "this file can be read by others than root: chmod 0600 "
		    "it, and have another pass phrase",
		    "");
	if (o->missing != NULL && confvalue_asks(c, o))
		return missing(c, o, at, e);
	if (set_origin(c, o, at, e) == -1)
		return -1;
	if (act(c, o, at, e) == -1)
		return -1;
	if (o->type == OPT_FILE) {
		/* the file's own config-file lines set the field anew */
		char path[STRING_MAX + 1];
		int fd;

		text_copy(path, sizeof path, value);
		fd = config_open(c, path, e);
		if (fd == -1)
			return blame(o, at, e);
		return config_nested(
		    c, fd, path, at->where == IN_CLI ? IN_FILE : at->where, e);
	}
	return 0;
}

int
config_init(struct config *c, struct err *e)
{
	const struct config_at at = { "built in", 0, IN_CLI, -1 };
	size_t i;

	memset(c, 0, sizeof *c);
	for (i = 0; i < optab_count; i++) {
		const struct opt *o = &optab[i];

		if (o->def != NULL &&
		    confvalue_assign(c, o, o->def, &at, e) == -1)
			return -1;
	}
	return 0;
}

void
config_tell(struct config *c, FILE *to)
{
	c->tell = to;
}

int
config_mistake(struct config *c, const struct err *e)
{
	if (c->tell == NULL || e->kind != ERR_CONF || c->wrong == WRONG_MAX)
		return -1;
	fprintf(c->tell, "popper: %s\n", e->text);
	return ++c->wrong < WRONG_MAX ? 0 : -1;
}

void
config_forget(struct config *c)
{
	if (c->tls_passphrase != NULL)
		explicit_bzero(c->tls_passphrase, strlen(c->tls_passphrase));
}

bool
config_built_in(const struct config *c, const char *name)
{
	return c->origin[opt_find(name) - optab].file == NULL;
}

int
config_fail(const struct config *c, const char *name, const char *why,
    const char *value, struct err *e)
{
	const struct opt *o = opt_find(name);
	const struct config_origin *origin = &c->origin[o - optab];
	const struct config_at at = { origin->file != NULL ? origin->file
							   : "built in",
		origin->line, IN_CLI, -1 };

	return confvalue_fail(o, &at, e, why, value);
}

void
config_free(struct config *c)
{
	confvalue_free(c);
	memset(c, 0, sizeof *c);
}
