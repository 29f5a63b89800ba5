/* SPDX-License-Identifier: MIT */
/* runs as: root */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <syslog.h>

#include "config.h"
#include "conftext.h"
#include "log.h"
#include "num.h"
#include "text.h"

#define STRING_MAX 255

static void *
field(struct config *c, const struct opt *o)
{
	return (char *)c + o->field;
}

static const void *
value_of(const struct config *c, const struct opt *o)
{
	return (const char *)c + o->field;
}

static int
fail(const struct opt *o, const struct config_at *at, struct err *e,
    const char *text, const char *value)
{
	char shown[80];

	text_safe(shown, sizeof shown, value);
	if (at->line == 0)
		return err_set(e, ERR_CONF, "%s: option %s: %s%s%s%s", at->file,
		    o->name, text, *shown ? " (" : "", shown,
		    *shown ? ")" : "");
	return err_set(e, ERR_CONF, "%.200s:%u: option %s: %s%s%s%s", at->file,
	    at->line, o->name, text, *shown ? " (" : "", shown,
	    *shown ? ")" : "");
}

/* Puts where the option stands in front of an error that tells a path. */
static int
blame(const struct opt *o, const struct config_at *at, struct err *e)
{
	char why[200];

	snprintf(why, sizeof why, "%.199s", e->text);
	return fail(o, at, e, why, "");
}

static int
parse_bool(const char *v, bool *b)
{
	if (text_equal(v, "true") || strcmp(v, "1") == 0)
		*b = true;
	else if (text_equal(v, "false") || strcmp(v, "0") == 0)
		*b = false;
	else
		return -1;
	return 0;
}

static bool
printable(const char *s)
{
	for (; *s != '\0'; s++) {
		if (*s < 0x20 || *s >= 0x7f)
			return false;
	}
	return true;
}

/* Texts that found no room in the struct. */
struct config_text {
	struct config_text *next;
	char text[];
};

/* A copy that lasts until config_free. */
static char *
keep(struct config *c, const char *s)
{
	size_t n = strlen(s) + 1;
	struct config_text *t;

	if (n <= sizeof c->text - c->used) {
		c->used += n;
		return memcpy(c->text + c->used - n, s, n);
	}
	t = malloc(sizeof *t + n);
	if (t == NULL)
		return NULL;
	t->next = c->more;
	c->more = t;
	return memcpy(t->text, s, n);
}

static int
set_string(struct config *c, const struct opt *o, const char *v,
    const struct config_at *at, struct err *e)
{
	char **to = field(c, o);
	const char *wrong;
	char *copy;

	if (v[0] == '\0' || strlen(v) > STRING_MAX || !printable(v))
		return fail(
		    o, at, e, "needs 1 to 255 printable characters", "");
	wrong = conftext_wrong(c, o, v);
	if (wrong != NULL)
		return fail(o, at, e, wrong, v);
	copy = v == o->def ? (char *)o->def : keep(c, v);
	if (copy == NULL)
		return err_set(e, ERR_TEMP, "No memory for the options");
	*to = copy;
	return 0;
}

static int
set_mnemonic(struct config *c, const struct opt *o, const char *v,
    const struct config_at *at, struct err *e)
{
	const struct opt_name *n;
	uint32_t number;
	char list[120] = "is none of";
	size_t len = strlen(list);

	if (o->type == OPT_FACILITY && strncasecmp(v, "LOG_", 4) == 0)
		v += 4;
	for (n = o->names; n->name != NULL; n++) {
		if (text_equal(n->name, v) ||
		    (at->line == 0 && n->number >= 0 &&
			num_u32(v, &number) == 0 &&
			number == (uint32_t)n->number)) {
			if (n->value == NOT_SET)
				return fail(o, at, e,
				    "this value is not safe, and not offered: "
				    "remove the option, or name a newer one",
				    v);
			*(uint32_t *)field(c, o) = n->value;
			return 0;
		}
		if (n->value != NOT_SET &&
		    len + strlen(n->name) + 2 < sizeof list) {
			list[len++] = ' ';
			memcpy(list + len, n->name, strlen(n->name) + 1);
			len += strlen(n->name);
		}
	}
	return fail(o, at, e, list, v);
}

static int
set_int(struct config *c, const struct opt *o, const char *v,
    const struct config_at *at, struct err *e)
{
	uint32_t *to = field(c, o);
	uint32_t max = o->max;
	uint32_t n;

	if (at->where == IN_HOME && o->home_max > 0)
		max = o->home_max;
	if (o->type == OPT_EXPIRE && text_equal(v, "never")) {
		*to = NEVER;
		return 0;
	}
	if (num_conf(v, max, &n) == -1 || n < o->min)
		return fail(o, at, e, "is no integer, or is out of range", v);
	*to = n;
	return 0;
}

static int
set_origin(struct config *c, const struct opt *o, const struct config_at *at)
{
	struct config_origin *origin = &c->origin[o - optab];

	if (c->file == NULL || strcmp(c->file, at->file) != 0)
		c->file = keep(c, at->file);
	if (c->file == NULL)
		return -1;
	origin->file = c->file;
	origin->line = at->line;
	return 0;
}

/* What is not there yet can be named with its default only. */
static bool
is_default(const struct config *c, const struct opt *o)
{
	const char *def = o->def;

	switch (o->type) {
	case OPT_BOOL:
		return *(const bool *)value_of(c, o) ==
		    (def != NULL && strcmp(def, "true") == 0);
	case OPT_INT:
	case OPT_EXPIRE:
	case OPT_MNEMONIC:
	case OPT_FACILITY:
		/* such options have a zero default */
		return *(const uint32_t *)value_of(c, o) == 0;
	case OPT_STRING:
	case OPT_TEMPLATE:
	case OPT_FILE:
	default:
		return false;
	}
}

static int
assign(struct config *c, const struct opt *o, const char *v,
    const struct config_at *at, struct err *e)
{
	switch (o->type) {
	case OPT_BOOL:
		if (parse_bool(v, field(c, o)) == -1)
			return fail(
			    o, at, e, "is true, false, 1 or 0, and not", v);
		return 0;
	case OPT_INT:
	case OPT_EXPIRE:
		return set_int(c, o, v, at, e);
	case OPT_MNEMONIC:
	case OPT_FACILITY:
		return set_mnemonic(c, o, v, at, e);
	case OPT_STRING:
	case OPT_TEMPLATE:
	case OPT_FILE:
	default:
		return set_string(c, o, v, at, e);
	}
}

/* debug and tracefile act from where they stand, so that they show more. */
static int
act(const struct config *c, const struct opt *o, const struct config_at *at,
    struct err *e)
{
	if (o->field == offsetof(struct config, debug))
		log_debugging(c->debug);
	if (o->field == offsetof(struct config, tracefile) &&
	    log_trace(c->tracefile) == -1) {
		err_sys(e, ERR_CONF, "Unable to open", c->tracefile);
		return blame(o, at, e);
	}
	if (o->field == offsetof(struct config, log_facility))
		log_facility((int)c->log_facility);
	log_debug("%s:%u: option %s is set%s", at->file, at->line, o->name,
	    (o->flags & OPT_VOID) != 0 ? ", and means nothing here" : "");
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

int
config_set(struct config *c, const struct opt *o, const char *value,
    const struct config_at *at, struct err *e)
{
	if ((o->where & at->where) == 0)
		return fail(o, at, e,
		    "is restricted: it cannot be set in this file", "");
	if (value == NULL)
		value = o->type == OPT_BOOL ? "true" : o->implied;
	if (value == NULL)
		return fail(o, at, e, "needs a value: set NAME = VALUE", "");
	if (assign(c, o, value, at, e) == -1)
		return -1;
	if (o->field == offsetof(struct config, tls_passphrase) &&
	    is_shown(at->fd))
		return fail(o, at, e,
		    "this file can be read by others than root: chmod 0600 "
		    "it, and have another pass phrase",
		    "");
	if ((o->flags & OPT_LATER) != 0 && !is_default(c, o))
		return fail(o, at, e,
		    "is not in this version: remove it, or what it asks for "
		    "would not happen",
		    "");
	if (set_origin(c, o, at) == -1)
		return err_set(e, ERR_TEMP, "No memory for the options");
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

		if (o->def != NULL && assign(c, o, o->def, &at, e) == -1)
			return -1;
	}
	return 0;
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

	return fail(o, &at, e, why, value);
}

void
config_free(struct config *c)
{
	while (c->more != NULL) {
		struct config_text *next = c->more->next;

		free(c->more);
		c->more = next;
	}
	memset(c, 0, sizeof *c);
}
