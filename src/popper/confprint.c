/* SPDX-License-Identifier: MIT */
/* runs as: root */
#include <string.h>

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

void
config_notes(const struct config *c, FILE *to)
{
	size_t i;

	for (i = 0; i < optab_count; i++) {
		if ((optab[i].flags & OPT_VOID) != 0 &&
		    c->origin[i].file != NULL)
			fprintf(to,
			    "popper: %s:%u: option %s means nothing here, see "
			    "qpopper.conf(5)\n",
			    c->origin[i].file, c->origin[i].line,
			    optab[i].name);
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
