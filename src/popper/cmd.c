/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "cmd.h"
#include "front.h"
#include "report.h"
#include "text.h"

static const struct cmd *
find(const struct cmd *table, const char *word)
{
	for (; table->name != NULL; table++) {
		if (strcmp(table->name, word) == 0)
			return table;
	}
	return NULL;
}

/* Cuts the first word off; *rest is what stands behind one blank. */
static char *
first_word(char *line, char **rest)
{
	size_t n;

	line += strspn(line, " \t");
	n = strcspn(line, " \t");
	*rest = line + n;
	if (line[n] != '\0') {
		line[n] = '\0';
		++*rest;
	}
	return line;
}

/* The words of the rest of a line; more than CMD_ARGS are only counted. */
static void
split(char *p, struct args *a)
{
	for (;;) {
		size_t n;

		p += strspn(p, " \t");
		if (*p == '\0')
			return;
		if (a->count < CMD_ARGS)
			a->arg[a->count] = p;
		a->count++;
		n = strcspn(p, " \t");
		if (p[n] == '\0')
			return;
		p[n] = '\0';
		p += n + 1;
	}
}

static enum outcome
unknown(struct session *s, const char *word)
{
	const struct cmd *other =
	    s->in_transaction ? cmd_authorization : cmd_transaction;

	return session_refuse(
	    s, find(other, word) != NULL ? REPLY_STATE : REPLY_UNKNOWN, word);
}

/* The log form of a command: a secret is in no log, at no level. */
static void
trace(struct session *s, const struct cmd *c, const char *rest)
{
	const char *shown = c->log != NULL ? c->log : rest;

	if (s->in_transaction)
		report_cmd(s->user, c->name, shown);
	else
		front_did(s, c, shown);
}

enum outcome
cmd_exec(const struct cmd *table, struct session *s, char *line,
    const struct cmd **c)
{
	struct args a = { 0, { NULL } };
	char *rest;
	char *word = first_word(line, &rest);

	text_lower(word);
	*c = find(table, word);
	if (*c == NULL)
		return unknown(s, word);
	if (s->cfg.debug)
		trace(s, *c, rest);
	if ((*c)->raw) {
		a.count = rest[0] != '\0' ? 1 : 0;
		a.arg[0] = rest;
	} else {
		split(rest, &a);
	}
	if (a.count < (*c)->min)
		return session_refuse(s, REPLY_TOO_FEW, word);
	if (a.count > (*c)->max)
		return session_refuse(s, REPLY_TOO_MANY, word);
	return (*c)->run(s, &a);
}
