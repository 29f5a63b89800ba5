/* SPDX-License-Identifier: MIT */
/* runs as: root (popauth) */
#include <cdb.h>
#include <stdlib.h>
#include <string.h>

#include "num.h"
#include "secrets.h"
#include "username.h"

bool
secrets_salt_ok(const char *salt, size_t n)
{
	size_t i;

	if (n != SECRETS_SALT - 1)
		return false;
	for (i = 0; i < n; i++) {
		if (num_hexdigit(salt[i]) == -1)
			return false;
	}
	return true;
}

/* By user and kind, then by line: what stands there twice becomes neighbours.
 */
static int
order(const void *one, const void *other)
{
	const struct secrets_line *a = one;
	const struct secrets_line *b = other;
	size_t n = a->name_len < b->name_len ? a->name_len : b->name_len;
	int r = memcmp(a->name, b->name, n);

	if (r != 0)
		return r;
	if (a->name_len != b->name_len)
		return a->name_len < b->name_len ? -1 : 1;
	if (a->type != b->type)
		return a->type < b->type ? -1 : 1;
	return a->number < b->number ? -1 : 1;
}

struct secrets_line *
secrets_records(const struct secrets *s, size_t *n, struct err *e)
{
	struct secrets_line l = { .number = 0 };
	struct secrets_line *list;
	size_t count = 1;
	int r;

	while ((r = secrets_next(s, &l, e)) == 1)
		count++;
	if (r == -1)
		return NULL;
	list = calloc(count, sizeof *list);
	if (list == NULL) {
		err_sys(e, ERR_TEMP, "Unable to read", s->path);
		return NULL;
	}
	*n = 0;
	l = (struct secrets_line){ .number = 0 };
	while (secrets_next(s, &l, e) == 1) {
		if (l.type != '\0')
			list[(*n)++] = l;
	}
	qsort(list, *n, sizeof *list, order);
	return list;
}

/* The first line that says what another one has said already. */
static int
once(const struct secrets *s, struct err *e)
{
	size_t n;
	size_t i;
	size_t line = 0;
	size_t first = 0;
	struct secrets_line *list = secrets_records(s, &n, e);

	if (list == NULL)
		return -1;
	for (i = 1; i < n; i++) {
		const struct secrets_line *a = &list[i - 1];
		const struct secrets_line *b = &list[i];

		if (a->type == b->type && secrets_same_user(a, b) &&
		    (line == 0 || b->number < line)) {
			line = b->number;
			first = a->number;
		}
	}
	free(list);
	if (line == 0)
		return 0;
	return err_set(e, ERR_CONF,
	    "%.200s:%zu: this stands in line %zu already", s->path, line,
	    first);
}

/* What popper can announce. */
static const char *
mechanisms(bool apop, bool scram)
{
	if (apop)
		return scram ? "apop scram" : "apop";
	return scram ? "scram" : "";
}

static int
put(struct cdb_make *c, const char *key, size_t len, const char *value,
    size_t n)
{
	return cdb_make_add(c, key, (unsigned)len, value, (unsigned)n);
}

static int
put_all(const struct secrets *s, struct cdb_make *c, const char *salt)
{
	struct secrets_line l = { .number = 0 };
	struct err e;
	bool apop = false;
	bool scram = false;
	const char *m;
	int r = 0;

	while (r == 0 && secrets_next(s, &l, &e) == 1) {
		char key[USERNAME_MAX];

		if (l.type == '\0')
			continue;
		key[0] = l.type;
		memcpy(key + 1, l.name, l.name_len);
		apop |= l.type == 'a';
		scram |= l.type == 's';
		r = put(c, key, l.name_len + 1, l.value, l.value_len);
	}
	m = mechanisms(apop, scram);
	if (r != 0 || put(c, "k", 1, salt, strlen(salt)) != 0)
		return -1;
	return put(c, "m", 1, m, strlen(m));
}

int
secrets_build(const struct secrets *s, int fd, const char *salt, struct err *e)
{
	struct cdb_make c;
	int r;

	if (once(s, e) == -1)
		return -1;
	if (cdb_make_start(&c, fd) != 0)
		return err_sys(e, ERR_TEMP, "Unable to build", "the CDB");
	r = put_all(s, &c, salt);
	/* it frees the memory, too */
	if (cdb_make_finish(&c) != 0 || r != 0)
		return err_sys(e, ERR_TEMP, "Unable to build", "the CDB");
	return 0;
}
