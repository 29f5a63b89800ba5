/* SPDX-License-Identifier: MIT */
/* runs as: root */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "config.h"

static const void *
value_of(const struct config *c, const struct opt *o)
{
	return (const char *)c + o->field;
}

static const char *
mnemonic(const struct opt *o, uint32_t value)
{
	const struct opt_name *n;

	for (n = o->names; n->name != NULL; n++) {
		if (n->value == value)
			return n->name;
	}
	return "?";
}

/* 0 if the option has no value. */
static int
print_value(const struct config *c, const struct opt *o, FILE *to)
{
	/* what cannot be read again, or is here already */
	bool remark = o->missing != NULL || o->type == OPT_FILE;
	const char *set = remark ? "#" : "set";
	uint32_t n = 0;
	const char *s;

	switch (o->type) {
	case OPT_BOOL:
		return fprintf(to, "%s %s = %s", set, o->name,
		    *(const bool *)value_of(c, o) ? "true" : "false");
	case OPT_INT:
	case OPT_EXPIRE:
		n = *(const uint32_t *)value_of(c, o);
		if (o->type == OPT_EXPIRE && n == NEVER)
			return fprintf(to, "%s %s = never", set, o->name);
		return fprintf(to, "%s %s = %u", set, o->name, n);
	case OPT_MNEMONIC:
	case OPT_FACILITY:
		n = *(const uint32_t *)value_of(c, o);
		return fprintf(to, "%s %s = %s", set, o->name, mnemonic(o, n));
	case OPT_STRING:
	case OPT_TEMPLATE:
	case OPT_FILE:
	default:
		s = *(char *const *)value_of(c, o);
		if (s == NULL)
			return 0;
		n = (uint32_t)(strchr(s, '"') == NULL ? '"'
			: strchr(s, '\'') == NULL     ? '\''
						      : '`');
		return fprintf(
		    to, "%s %s = %c%s%c", set, o->name, (int)n, s, (int)n);
	}
}

void
config_print(const struct config *c, FILE *to)
{
	size_t i;

	for (i = 0; i < optab_count; i++) {
		const struct opt *o = &optab[i];
		const struct config_origin *at = &c->origin[i];
		const char *idle = o->missing != NULL ? ", no effect yet"
		    : (o->flags & OPT_VOID) != 0      ? ", no effect"
						      : "";

		if (print_value(c, o, to) == 0) {
			fprintf(to, "# %s is not set\n", o->name);
			continue;
		}
		if (at->file == NULL)
			fprintf(to, "\t# built in%s\n", idle);
		else if (at->line == 0)
			fprintf(to, "\t# %s%s\n", at->file, idle);
		else
			fprintf(to, "\t# %s:%u%s\n", at->file, at->line, idle);
	}
}

static void
tell_note(const struct config *c, size_t i, const char *text, FILE *to)
{
	const struct config_origin *at = &c->origin[i];

	fprintf(to, "popper: %s", at->file);
	if (at->line > 0)
		fprintf(to, ":%u", at->line);
	fprintf(to, ": option %s %s\n", optab[i].name, text);
}

/* A session may find what is not there now, so this is no mistake. */
static void
note_path(const struct config *c, size_t i, FILE *to)
{
	const char *value = *(char *const *)value_of(c, &optab[i]);
	char path[256];
	char text[400];

	/* behind a program stand its arguments */
	snprintf(path, sizeof path, "%.*s", (int)strcspn(value, " "), value);
	if (access(value, F_OK) == 0 || access(path, F_OK) == 0)
		return;
	snprintf(text, sizeof text, "names what is not there now: %s: %s", path,
	    strerror(errno));
	tell_note(c, i, text, to);
}

void
config_notes(const struct config *c, FILE *to)
{
	size_t i;

	for (i = 0; i < optab_count; i++) {
		if (c->origin[i].file != NULL &&
		    (optab[i].flags & OPT_VOID) != 0)
			tell_note(c, i,
			    "means nothing here, see qpopper.conf(5)", to);
	}
}

void
config_paths(const struct config *c, FILE *to)
{
	size_t i;

	for (i = 0; i < optab_count; i++) {
		if (c->origin[i].file != NULL &&
		    (optab[i].flags & OPT_PATH) != 0)
			note_path(c, i, to);
	}
}

void
config_help(FILE *to)
{
	size_t i;

	for (i = 0; i < optab_count; i++) {
		const struct opt *o = &optab[i];
		char letter[3] = { '-', o->letter, '\0' };
		const char *sense =
		    (o->flags & OPT_NEGATED) != 0 ? "not: " : "";

		fprintf(to, "  %2s  %-22s  %s%s\n",
		    o->letter != 0 ? letter : "", o->name, sense, o->help);
	}
}
