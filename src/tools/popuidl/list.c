/* SPDX-License-Identifier: MIT */
/* runs as: the user */
#include <string.h>

#include "given.h"
#include "lines.h"
#include "list.h"
#include "num.h"
#include "text.h"

#define LINE_OCTETS 4096

struct list {
	struct drop *d;
	struct idset ids; /* of the messages up to here */
	uint32_t line;
	uint32_t changed;
	uint32_t without;
	struct err *e;
};

/* What is given of a message; a field that is not there is NULL. */
struct entry {
	char *number, *id, *octets;
};

static int
misfit(const struct list *w, const char *what)
{
	err_set(w->e, ERR_CONF, "line %u: %s", w->line, what);
	return 1;
}

static char *
word(char **at)
{
	char *s = *at + strspn(*at, " \t");

	if (*s == '\0')
		return NULL;
	*at = s + strcspn(s, " \t");
	if (**at != '\0')
		*(*at)++ = '\0';
	return s;
}

static int
cut(const struct list *w, char *line, size_t n, struct entry *to)
{
	if (n > 0 && line[n - 1] == '\r')
		line[--n] = '\0';
	if (strlen(line) != n)
		return misfit(w, "it has a NUL in it");
	to->number = word(&line);
	to->id = word(&line);
	to->octets = word(&line);
	if (to->number == NULL || word(&line) != NULL)
		return misfit(w,
		    "a line is the number of a message, its unique-id, and "
		    "perhaps its octets");
	return 0;
}

static int
check_number(const struct list *w, const char *s)
{
	uint32_t n;

	if (num_u32(s, &n) == -1 || n != w->line) {
		err_set(w->e, ERR_CONF,
		    "line %u: here has to be message %u; the list has all of "
		    "them, in order",
		    w->line, w->line);
		return 1;
	}
	if (n <= w->d->ix.count)
		return 0;
	err_set(w->e, ERR_CONF,
	    "line %u: the maildrop has only %u messages: is it another one, "
	    "or has mail been deleted?",
	    w->line, w->d->ix.count);
	return 1;
}

static int
check_octets(const struct list *w, uint32_t i, const char *s)
{
	uint64_t octets;
	uint64_t least;
	uint64_t most;

	if (num_u64(s, &octets) == -1)
		return misfit(w, "the octets are no number");
	if (given_sizes(w->d, i, &least, &most, w->e) == -1)
		return -1;
	if (octets >= least && octets <= most)
		return 0;
	err_set(w->e, ERR_CONF,
	    "line %u: message %u has %llu to %llu octets here, and not %llu: "
	    "the list is of other mail",
	    w->line, w->line, (unsigned long long)least,
	    (unsigned long long)most, (unsigned long long)octets);
	return 1;
}

static int
give(struct list *w, uint32_t i, const char *id)
{
	size_t n = strlen(id);
	char shown[80];
	int r;

	text_safe(shown, sizeof shown, id);
	if (!header_uid_good(id, n)) {
		err_set(w->e, ERR_CONF,
		    "line %u: \"%s\" can be no unique-id, which has 1 to %d "
		    "characters, all printable ASCII",
		    w->line, shown, UID_MAX);
		return 1;
	}
	r = idset_take(&w->ids, id, n, w->e);
	if (r == 0) {
		err_set(w->e, ERR_CONF,
		    "line %u: a message before this one has the id \"%s\"",
		    w->line, shown);
		return 1;
	}
	if (r == 1)
		r = given_uid(w->d, i, id, n, w->e);
	if (r == 0)
		w->changed++;
	if (r == 2)
		w->without++;
	return r == -1 ? -1 : 0;
}

/* It keeps the id that is in its header, if there is one. */
static int
leave(struct list *w, uint32_t i)
{
	const struct msgloc *m = index_get(&w->d->ix, i, w->e);

	if (m == NULL)
		return -1;
	if (m->uid_len == 0)
		return 0;
	return idset_take(&w->ids, m->uid, m->uid_len, w->e) == -1 ? -1 : 0;
}

static int
one(struct list *w, char *line, size_t n)
{
	const uint32_t i = w->line - 1;
	struct entry en = { NULL, NULL, NULL };
	int r = cut(w, line, n, &en);

	if (r == 0)
		r = check_number(w, en.number);
	if (r == 0 && en.octets != NULL)
		r = check_octets(w, i, en.octets);
	if (r != 0)
		return r;
	return en.id != NULL ? give(w, i, en.id) : leave(w, i);
}

static int
all(struct list *w, int fd)
{
	char mem[LINE_OCTETS];
	struct lines l;
	char *line;
	size_t n;
	int more;
	int r = 0;

	lines_init(&l, fd, mem, sizeof mem);
	while ((more = lines_next(&l, &line, &n)) == 1 && r == 0) {
		w->line++;
		r = one(w, line, n);
	}
	if (more == -1)
		r = err_sys(w->e, ERR_TEMP, "Unable to read", "the list");
	lines_free(&l);
	if (r != 0 || w->line == w->d->ix.count)
		return r;
	err_set(w->e, ERR_CONF,
	    "the list has %u messages, and the maildrop %u: has mail come "
	    "since?",
	    w->line, w->d->ix.count);
	return 1;
}

int
list_apply(
    struct drop *d, int fd, uint32_t *changed, uint32_t *without, struct err *e)
{
	struct list w = { .d = d, .e = e };
	int r;

	idset_init(&w.ids, d->sp.dir);
	r = all(&w, fd);
	idset_free(&w.ids);
	*changed = w.changed;
	*without = w.without;
	return r;
}
