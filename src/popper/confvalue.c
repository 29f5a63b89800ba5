/* SPDX-License-Identifier: MIT */
/* runs as: root */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "conftext.h"
#include "confvalue.h"
#include "num.h"
#include "text.h"

#define STRING_MAX 255

static void *
field(struct config *c, const struct opt *o)
{
	return (char *)c + o->field;
}

int
confvalue_fail(const struct opt *o, const struct config_at *at, struct err *e,
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
char *
confvalue_keep(struct config *c, const char *s)
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
		return confvalue_fail(
		    o, at, e, "needs 1 to 255 printable characters", "");
	wrong = conftext_wrong(c, o, v);
	if (wrong != NULL)
		return confvalue_fail(o, at, e, wrong, v);
	copy = v == o->def ? (char *)o->def : confvalue_keep(c, v);
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
				return confvalue_fail(o, at, e,
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
	return confvalue_fail(o, at, e, list, v);
}

static int
wrong_int(const struct opt *o, const struct config_at *at, struct err *e,
    uint32_t max, const char *v)
{
	char text[80];

	snprintf(text, sizeof text, "needs %san integer from %u to %u",
	    o->type == OPT_EXPIRE ? "never, or " : "", o->min, max);
	return confvalue_fail(o, at, e, text, v);
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
		return wrong_int(o, at, e, max, v);
	*to = n;
	return 0;
}

int
confvalue_assign(struct config *c, const struct opt *o, const char *v,
    const struct config_at *at, struct err *e)
{
	switch (o->type) {
	case OPT_BOOL:
		if (parse_bool(v, field(c, o)) == -1)
			return confvalue_fail(
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

bool
confvalue_asks(const struct config *c, const struct opt *o)
{
	const void *value = (const char *)c + o->field;
	uint32_t n;

	switch (o->type) {
	case OPT_BOOL:
		return *(const bool *)value;
	case OPT_INT:
		return num_conf(o->def, o->max, &n) == -1 ||
		    *(const uint32_t *)value != n;
	case OPT_STRING:
		return o->def == NULL ||
		    strcmp(*(char *const *)value, o->def) != 0;
	case OPT_EXPIRE:
	case OPT_MNEMONIC:
	case OPT_FACILITY:
	case OPT_TEMPLATE:
	case OPT_FILE:
	default:
		return true;
	}
}

int
confvalue_clear(struct config *c, const struct opt *o,
    const struct config_at *at, struct err *e)
{
	if (o->def != NULL)
		return confvalue_assign(c, o, o->def, at, e);
	if (o->type == OPT_BOOL)
		*(bool *)field(c, o) = false;
	else
		*(char **)field(c, o) = NULL;
	return 0;
}

void
confvalue_free(struct config *c)
{
	while (c->more != NULL) {
		struct config_text *next = c->more->next;

		free(c->more);
		c->more = next;
	}
}
