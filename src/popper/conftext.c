/* SPDX-License-Identifier: MIT */
/* runs as: root */
#include <string.h>

#include "conftext.h"
#include "sasl.h"

static bool
ends_with(const char *s, const char *end)
{
	size_t n = strlen(s);
	size_t k = strlen(end);

	return n >= k && strcmp(s + n - k, end) == 0;
}

/*
 * Behind the users' names stand a and b.  If one ends with the other, there
 * are two users whose files have one name: with .pop and .a.pop, u.a and u.
 */
static bool
clash(const char *a, const char *b)
{
	return ends_with(a, b) || ends_with(b, a);
}

/* What stands behind %s. */
static const char *
behind(const char *template)
{
	return strchr(template, '%') + 2;
}

/* What stands behind %s keeps users, and kinds of files, apart. */
static bool
taken(const struct opt *o, const char *v)
{
	static const char *const names[] = { ".pop", ".pop.new", ".lk", ".lock",
		".new", ".left", ".qpopper-options" };
	size_t i;

	/* the one that is meant to be the session lock, too */
	if (o->field == offsetof(struct config, temp_name) &&
	    strcmp(v, ".%s.pop") == 0)
		return false;
	for (i = 0; i < sizeof names / sizeof names[0]; i++) {
		if (clash(behind(v), names[i]))
			return true;
	}
	return false;
}

static const char *
wrong_template(const struct config *c, const struct opt *o, const char *v)
{
	const char *pc = strchr(v, '%');
	bool temp = o->field == offsetof(struct config, temp_name);
	const char *other = temp ? c->cache_name : c->temp_name;

	if (pc == NULL || pc[1] != 's' || strchr(pc + 1, '%') != NULL ||
	    strchr(v, '/') != NULL)
		return "needs a file name with one %s for the user, and no "
		       "slash";
	if (v[0] != '.')
		return "has to begin with a dot, so that it is never a user's "
		       "spool";
	if (taken(o, v))
		return "would clash with the name of a lock or of another "
		       "user's file";
	if (other != NULL && clash(pc + 2, behind(other)))
		return temp ? "would clash with a name of cache-name"
			    : "would clash with a name of temp-name";
	return NULL;
}

/* Each part of the path is a name, and none leads up. */
static bool
leads_down(const char *v)
{
	for (;;) {
		size_t n = strcspn(v, "/");

		if (n == 0 || (n == 1 && v[0] == '.') ||
		    (n == 2 && v[0] == '.' && v[1] == '.'))
			return false;
		if (v[n] == '\0')
			return true;
		v += n + 1;
	}
}

const char *
conftext_wrong(const struct config *c, const struct opt *o, const char *v)
{
	if (o->type == OPT_TEMPLATE) {
		const char *wrong = wrong_template(c, o, v);

		if (wrong != NULL)
			return wrong;
	}
	if ((o->flags & OPT_PATH) != 0 && v[0] != '/')
		return "has to be an absolute path";
	if ((o->flags & OPT_BELOW) != 0 && !leads_down(v))
		return "has to be the name of a file below the home, as mail "
		       "or mail/inbox, without ..";
	if (o->field == offsetof(struct config, sasl_mechanisms) &&
	    !sasl_names(v))
		return "has names of mechanisms, with blanks between them: "
		       "EXTERNAL SCRAM-SHA-256 CRAM-MD5 PLAIN LOGIN";
	if (strchr(v, '"') != NULL && strchr(v, '\'') != NULL &&
	    strchr(v, '`') != NULL)
		return "cannot hold all three kinds of quotes: a configuration "
		       "file has no way to write that";
	return NULL;
}
