/* SPDX-License-Identifier: MIT */
/* runs as: root (popauth) */
#include <stdio.h>
#include <string.h>

#include "same.h"
#include "scram.h"
#include "secrets.h"
#include "username.h"

static int
bad(const struct secrets *s, const struct secrets_line *l, const char *why,
    struct err *e)
{
	return err_set(e, ERR_CONF, "%.200s:%zu: %s", s->path, l->number, why);
}

static bool
printable(const char *s, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (s[i] < 0x20 || s[i] > 0x7e)
			return false;
	}
	return true;
}

static bool
remark(const char *s, size_t n)
{
	size_t i = 0;

	while (i < n && (s[i] == ' ' || s[i] == '\t'))
		i++;
	return i == n || s[i] == '#';
}

/* Cuts {apop} and the like off the value. */
static char
type_of(const char **value, size_t *n)
{
	static const struct {
		char type;
		const char *tag;
	} known[] = {
		{ 'a', "{apop}" },
		{ 'c', "{crypt}" },
		{ 's', "{scram-sha-256}" },
	};
	size_t i;

	for (i = 0; i < sizeof known / sizeof known[0]; i++) {
		size_t len = strlen(known[i].tag);

		if (*n >= len && memcmp(*value, known[i].tag, len) == 0) {
			*value += len;
			*n -= len;
			return known[i].type;
		}
	}
	return '\0';
}

/* n octets as a string: their length has been looked at. */
static const char *
string(char *dst, size_t size, const char *src, size_t n)
{
	dst[0] = '\0';
	if (n < size) {
		memcpy(dst, src, n);
		dst[n] = '\0';
	}
	return dst;
}

static bool
verifier_ok(const char *value, size_t n)
{
	struct scram_verifier v;
	char text[SECRETS_VALUE];

	return scram_parse(&v, string(text, sizeof text, value, n)) == 0;
}

static int
parse(const struct secrets *s, struct secrets_line *l, const char *line,
    size_t n, struct err *e)
{
	char name[USERNAME_MAX];
	const char *colon;

	if (n > SECRETS_LINE)
		return bad(s, l, "a line has at most 1000 characters", e);
	if (remark(line, n))
		return 1;
	if (!printable(line, n))
		return bad(
		    s, l, "only printable ASCII characters can stand here", e);
	colon = memchr(line, ':', n);
	if (colon != NULL) {
		l->name = line;
		l->name_len = (size_t)(colon - line);
		l->value = colon + 1;
		l->value_len = n - l->name_len - 1;
		l->type = type_of(&l->value, &l->value_len);
	}
	if (l->type == '\0')
		return bad(s, l,
		    "a line is NAME:{apop}SECRET, NAME:{crypt}HASH or "
		    "NAME:{scram-sha-256}VERIFIER",
		    e);
	if (l->value_len < 1 || l->value_len >= SECRETS_VALUE)
		return bad(
		    s, l, "the secret has to have 1 to 511 characters", e);
	if (l->type == 'c' && s->pop)
		return bad(s, l, "{crypt} cannot stand in this file", e);
	if (l->type == 'c' && l->value_len < 13)
		return bad(s, l,
		    "this is no crypt(5) hash; openssl passwd -6 makes one", e);
	if (l->type == 's' && !verifier_ok(l->value, l->value_len))
		return bad(s, l,
		    "a verifier is ITERATIONS:SALT$STOREDKEY:SERVERKEY", e);
	if (!username_ok(string(name, sizeof name, l->name, l->name_len)))
		return bad(s, l, "this cannot be a user name", e);
	return 1;
}

int
secrets_next(const struct secrets *s, struct secrets_line *l, struct err *e)
{
	size_t at = l->at + l->n;
	size_t number = l->number;
	const char *line = s->text + at;
	const char *end;
	size_t n = s->n - at;

	if (n == 0)
		return 0;
	end = memchr(line, '\n', n);
	if (end != NULL)
		n = (size_t)(end - line);
	*l = (struct secrets_line){ .number = number + 1, .at = at };
	l->n = n + (end != NULL);
	return parse(s, l, line, n, e);
}

bool
secrets_of(const struct secrets_line *l, const char *name)
{
	return l->type != '\0' && strlen(name) == l->name_len &&
	    memcmp(l->name, name, l->name_len) == 0;
}

bool
secrets_same_user(const struct secrets_line *a, const struct secrets_line *b)
{
	return a->name_len == b->name_len &&
	    memcmp(a->name, b->name, a->name_len) == 0;
}

int
secrets_find(const struct secrets *s, const char *name,
    struct secrets_entry *entry, struct err *e)
{
	struct secrets_line l = { .number = 0 };
	int r;

	memset(entry, 0, sizeof *entry);
	while ((r = secrets_next(s, &l, e)) == 1) {
		if (!secrets_of(&l, name))
			continue;
		if (l.type == 'a') {
			entry->apop = true;
			string(entry->secret, sizeof entry->secret, l.value,
			    l.value_len);
		} else if (l.type == 's') {
			entry->scram = true;
			string(entry->verifier, sizeof entry->verifier, l.value,
			    l.value_len);
		} else {
			entry->crypt = true;
		}
	}
	return r;
}

bool
secrets_is(const struct secrets_entry *entry, const char *password)
{
	struct scram_verifier v;
	size_t n = strlen(password);

	if (entry->apop)
		return n == strlen(entry->secret) &&
		    same_octets(entry->secret, password, n);
	return entry->scram && scram_parse(&v, entry->verifier) == 0 &&
	    scram_password(&v, password);
}

static int
add(char *dst, size_t room, size_t *n, const char *name, const char *tag,
    const char *value)
{
	int k = snprintf(dst + *n, room - *n, "%s:%s%s\n", name, tag, value);

	if (k < 0 || (size_t)k >= room - *n)
		return -1;
	*n += (size_t)k;
	return 0;
}

int
secrets_change(const struct secrets *s, const char *name, const char *secret,
    const char *verifier, char *dst, size_t *n, struct err *e)
{
	struct secrets_entry has;
	struct secrets_line l = { .number = 0 };
	size_t room = SECRETS_ROOM(s->n);
	bool apop;
	bool scram;
	int r = 0;

	if (secrets_find(s, name, &has, e) == -1)
		return -1;
	explicit_bzero(has.secret, sizeof has.secret);
	*n = 0;
	while (r == 0 && secrets_next(s, &l, e) == 1) {
		if (!secrets_of(&l, name) || l.type == 'c') {
			memcpy(dst + *n, s->text + l.at, l.n);
			*n += l.n;
			continue;
		}
		/* a kind that is missing goes along with the other one */
		apop = l.type == 'a' || !has.apop;
		scram = l.type == 's' || !has.scram;
		if (secret != NULL && apop)
			r = add(dst, room, n, name, "{apop}", secret);
		if (secret != NULL && scram && r == 0)
			r = add(
			    dst, room, n, name, "{scram-sha-256}", verifier);
	}
	if (r == 0 && secret != NULL && !has.apop && !has.scram) {
		if (*n > 0 && dst[*n - 1] != '\n')
			dst[(*n)++] = '\n';
		r = add(dst, room, n, name, "{apop}", secret);
		if (r == 0)
			r = add(
			    dst, room, n, name, "{scram-sha-256}", verifier);
	}
	if (r == -1)
		return err_set(e, ERR_PERM, "The new lines do not fit");
	return 0;
}

const char *
secrets_unfit(const char *password)
{
	size_t n = strlen(password);

	if (n == 0)
		return "A password has at least one character";
	if (n >= SECRETS_PASSWORD)
		return "A password has at most 255 characters";
	if (!printable(password, n))
		return "A password has only ASCII letters, digits, "
		       "punctuation and blanks";
	return NULL;
}
