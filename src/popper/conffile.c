/* SPDX-License-Identifier: MIT */
/* runs as: root */
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "safefile.h"
#include "text.h"

/*
 * Configuration files (qpopper.conf(5)):
 *
 *	set OPTION [= VALUE]	# remark
 *	reset OPTION
 *
 * with blanks around each element, and strings in ", ' or `.
 */

#define LINE_OCTETS 1024
#define DEPTH_MAX 100

enum token_kind {
	TOKEN_END,
	TOKEN_WORD,
	TOKEN_STRING,
	TOKEN_EQUALS,
	TOKEN_OPEN /* a quote without its other end */
};

/* No text that can be right is as long as this; what is longer is cut. */
#define TOKEN_OCTETS 300

struct token {
	enum token_kind kind;
	char text[TOKEN_OCTETS];
};

static void
set_text(struct token *t, const char *p, size_t n)
{
	if (n >= TOKEN_OCTETS)
		n = TOKEN_OCTETS - 1;
	memcpy(t->text, p, n);
	t->text[n] = '\0';
}

static const char *
quoted(const char *p, struct token *t)
{
	const char *end = strchr(p + 1, p[0]);
	size_t n;

	t->kind = TOKEN_OPEN;
	if (end == NULL)
		return p;
	n = (size_t)(end - p) - 1;
	set_text(t, p + 1, n);
	t->kind = TOKEN_STRING;
	return end + 1;
}

/* The next element of the line at p. */
static const char *
token(const char *p, struct token *t)
{
	size_t n;

	p += strspn(p, " \t");
	t->text[0] = '\0';
	if (*p == '\0' || *p == '#') {
		t->kind = TOKEN_END;
		return p;
	}
	if (*p == '=') {
		t->kind = TOKEN_EQUALS;
		return p + 1;
	}
	if (strchr("\"'`", *p) != NULL)
		return quoted(p, t);
	n = strcspn(p, " \t#=");
	set_text(t, p, n);
	t->kind = TOKEN_WORD;
	return p + n;
}

static int
bad(const struct config_at *at, const char *why, const char *what,
    struct err *e)
{
	char shown[80];

	text_safe(shown, sizeof shown, what);
	return err_set(e, ERR_CONF, "%.200s:%u: %s%s%s%s", at->file, at->line,
	    why, *shown ? " (" : "", shown, *shown ? ")" : "");
}

static int
set_line(struct config *c, const struct opt *o, const char *p,
    const struct config_at *at, struct err *e)
{
	struct token t;
	struct token rest;
	int r;

	p = token(p, &t);
	if (t.kind == TOKEN_END)
		return config_set(c, o, NULL, at, e);
	if (t.kind != TOKEN_EQUALS)
		return bad(at, "a = is missing behind the name of the option",
		    o->name, e);
	p = token(p, &t);
	if (t.kind == TOKEN_OPEN)
		return bad(
		    at, "a quote is not closed, in the value of", o->name, e);
	if (t.kind != TOKEN_WORD && t.kind != TOKEN_STRING)
		return bad(at, "a value is missing behind =, for", o->name, e);
	token(p, &rest);
	if (rest.kind != TOKEN_END)
		return bad(at,
		    t.kind == TOKEN_STRING
			? "behind the closing quote stands more; a value that "
			  "has one kind of quotes in it goes into another kind "
			  "of \", ' and `"
			: "one value to a line; a value with blanks has to be "
			  "quoted",
		    o->name, e);
	r = config_set(c, o, t.text, at, e);
	/* it may be the pass phrase */
	explicit_bzero(&t, sizeof t);
	return r;
}

static int
reset_line(struct config *c, const struct opt *o, const char *p,
    const struct config_at *at, struct err *e)
{
	struct token t;

	if (o->type != OPT_BOOL)
		return bad(
		    at, "reset is for Boolean options, not for", o->name, e);
	token(p, &t);
	if (t.kind != TOKEN_END)
		return bad(at, "reset takes no value", o->name, e);
	return config_set(c, o, "false", at, e);
}

static int
one_line(
    struct config *c, const char *p, const struct config_at *at, struct err *e)
{
	const struct opt *o;
	struct token verb;
	struct token name;

	p = token(p, &verb);
	if (verb.kind == TOKEN_END)
		return 0;
	if (verb.kind != TOKEN_WORD ||
	    (!text_equal(verb.text, "set") && !text_equal(verb.text, "reset")))
		return bad(at, "a line begins with set, reset or #, and not",
		    verb.text, e);
	p = token(p, &name);
	if (name.kind != TOKEN_WORD)
		return bad(at, "the name of an option is missing", "", e);
	o = opt_find(name.text);
	if (o == NULL)
		return bad(at,
		    "there is no option of this name, see qpopper.conf(5):",
		    name.text, e);
	if (text_equal(verb.text, "set"))
		return set_line(c, o, p, at, e);
	return reset_line(c, o, p, at, e);
}

/* 1 a line, 0 the end, -1 with e */
static int
read_line(
    struct lines *l, char **line, const struct config_at *at, struct err *e)
{
	size_t n;
	int r = lines_next(l, line, &n);

	if (r == 0)
		return 0;
	if (r == -1)
		return err_sys(e, ERR_TEMP, "Unable to read", at->file);
	if (n >= LINE_OCTETS)
		return bad(at, "the line is longer than 1023 octets", "", e);
	if (memchr(*line, '\0', n) != NULL)
		return bad(at, "the line has a NUL in it", "", e);
	if (n > 0 && (*line)[n - 1] == '\r')
		(*line)[n - 1] = '\0';
	return 1;
}

int
config_lines(struct config *c, struct lines *l, const char *path,
    unsigned where, struct err *e)
{
	struct config_at at = { path, 0, where, l->fd };
	char *line;
	int r;

	for (;;) {
		at.line++;
		r = read_line(l, &line, &at, e);
		if (r != 1)
			return r;
		if (one_line(c, line, &at, e) == -1 &&
		    config_mistake(c, e) == -1)
			return -1;
	}
}

int
config_open(const struct config *c, const char *path, struct err *e)
{
	if (c->depth >= DEPTH_MAX)
		return err_set(e, ERR_CONF,
		    "files name each other, or themselves, more than 100 deep");
	return safefile_open_admin(path, e);
}

int
config_fd(
    struct config *c, int fd, const char *path, unsigned where, struct err *e)
{
	char mem[2 * LINE_OCTETS];
	struct lines l;
	int r;

	lines_init(&l, fd, mem, sizeof mem);
	r = config_lines(c, &l, path, where, e);
	lines_free(&l);
	if (c->tls_passphrase != NULL)
		explicit_bzero(mem, sizeof mem);
	return r;
}

int
config_nested(
    struct config *c, int fd, const char *path, unsigned where, struct err *e)
{
	int r;

	c->depth++;
	r = config_fd(c, fd, path, where, e);
	c->depth--;
	close(fd);
	return r;
}
