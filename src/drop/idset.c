/* SPDX-License-Identifier: MIT */
/* runs as: the user */
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>
#include <xxhash.h>

#include "idset.h"
#include "tmpfile.h"

#define FIRST_BITS 7
#define MEMORY_BITS 17
#define GROW_BITS 2
#define WHAT "the unique-ids"

void
idset_init(struct idset *s, int dir)
{
	s->slot = NULL;
	s->bits = 0;
	s->used = 0;
	s->seed = 0;
	s->dir = dir;
	s->fd = -1;
	s->at = 0;
	s->dirty = false;
}

void
idset_free(struct idset *s)
{
	free(s->slot);
	/* a set that was never initialised has no file either */
	if (s->bits > MEMORY_BITS && s->fd != -1)
		close(s->fd);
	idset_init(s, s->dir);
}

static uint64_t
offset(const struct idset *s)
{
	return s->at * sizeof s->block;
}

static int
load(struct idset *s, uint64_t at, struct err *e)
{
	if (s->dirty &&
	    tmpfile_write(
		s->fd, s->block, sizeof s->block, offset(s), WHAT, e) == -1)
		return -1;
	s->dirty = false;
	s->at = at;
	return tmpfile_read(
	    s->fd, s->block, sizeof s->block, offset(s), WHAT, e);
}

/* Good until the next call; NULL with e. */
static struct idset_slot *
slot_at(struct idset *s, uint64_t i, struct err *e)
{
	if (s->slot != NULL)
		return &s->slot[i];
	if (i / IDSET_BLOCK != s->at && load(s, i / IDSET_BLOCK, e) == -1)
		return NULL;
	return &s->block[i % IDSET_BLOCK];
}

/*
 * The slot of the fingerprint, or the free one where it belongs.  The upper
 * bits say where: so a table that grows is read and written in order.
 */
static struct idset_slot *
find(struct idset *s, uint64_t print, struct err *e)
{
	uint64_t last = ((uint64_t)1 << s->bits) - 1;
	uint64_t i = print >> (64 - s->bits);
	struct idset_slot *at = slot_at(s, i, e);

	while (at != NULL && at->print != 0 && at->print != print) {
		i = (i + 1) & last;
		at = slot_at(s, i, e);
	}
	return at;
}

static int
make_table(struct idset *s, unsigned bits, struct err *e)
{
	s->bits = bits;
	if (bits > MEMORY_BITS) {
		memset(s->block, 0, sizeof s->block);
		s->fd = tmpfile_open(s->dir, e);
		return s->fd == -1 ? -1 : 0;
	}
	s->slot = calloc((size_t)1 << bits, sizeof *s->slot);
	if (s->slot == NULL)
		return err_set(e, ERR_TEMP, "No memory for " WHAT);
	return 0;
}

static int
copy_all(struct idset *from, struct idset *to, struct err *e)
{
	uint64_t left = from->used;
	uint64_t i;

	for (i = 0; left > 0; i++) {
		const struct idset_slot *old = slot_at(from, i, e);
		struct idset_slot *fresh;

		if (old == NULL)
			return -1;
		if (old->print == 0)
			continue;
		fresh = find(to, old->print, e);
		if (fresh == NULL)
			return -1;
		*fresh = *old;
		to->dirty = true;
		left--;
	}
	to->used = from->used;
	return 0;
}

static int
grow(struct idset *s, struct err *e)
{
	struct idset to;
	unsigned bits = s->bits == 0 ? FIRST_BITS : s->bits + GROW_BITS;

	idset_init(&to, s->dir);
	to.seed = s->seed;
	if (make_table(&to, bits, e) == -1 || copy_all(s, &to, e) == -1) {
		idset_free(&to);
		return -1;
	}
	if (s->bits == 0 &&
	    getrandom(&to.seed, sizeof to.seed, GRND_NONBLOCK) == -1)
		to.seed = (uint64_t)(uintptr_t)to.slot;
	idset_free(s);
	*s = to;
	return 0;
}

static uint64_t
print_of(const struct idset *s, const char *id, size_t n)
{
	uint64_t print = XXH3_64bits_withSeed(id, n, s->seed);

	return print == 0 ? 1 : print;
}

int
idset_take(struct idset *s, const char *id, size_t n, struct err *e)
{
	struct idset_slot *at;
	uint64_t print;

	if (s->bits == 0 || s->used >= (uint64_t)1 << (s->bits - 1)) {
		if (grow(s, e) == -1)
			return -1;
	}
	print = print_of(s, id, n);
	at = find(s, print, e);
	if (at == NULL)
		return -1;
	if (at->print != 0)
		return 0;
	at->print = print;
	s->dirty = true;
	s->used++;
	return 1;
}

int
idset_again(
    struct idset *s, const char *id, size_t n, uint32_t *times, struct err *e)
{
	struct idset_slot *at = find(s, print_of(s, id, n), e);

	if (at == NULL)
		return -1;
	*times = ++at->again;
	s->dirty = true;
	return 0;
}
