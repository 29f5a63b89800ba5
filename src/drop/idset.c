/* SPDX-License-Identifier: MIT */
/* runs as: the user */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>
#include <xxhash.h>

#include "idset.h"
#include "tmpfile.h"

#define FIRST_BITS 7
#define MEMORY_BITS 17
#define FILE_BITS 19
#define GROW_BITS 2
#define PROBE 32   /* slots read for one id */
#define WINDOW 512 /* slots read and written when all are moved */
#define WHAT "the unique-ids"

/* A file's table, of which a part is in memory. */
struct window {
	int fd;
	unsigned bits;
	uint64_t at; /* the number of the part */
	bool dirty;
	struct idset_slot slot[WINDOW];
};

void
idset_init(struct idset *s, int dir)
{
	memset(s, 0, sizeof *s);
	s->dir = dir;
	s->fd = -1;
}

void
idset_free(struct idset *s)
{
	free(s->slot);
	/* a set that was never initialised has no file either */
	if (s->file_bits > 0)
		close(s->fd);
	idset_init(s, s->dir);
}

/*
 * The upper bits say where a fingerprint belongs: so a table is written in
 * order when it takes in another one.
 */
static uint64_t
home(uint64_t print, unsigned bits)
{
	return print >> (64 - bits);
}

static uint64_t
after(uint64_t i, unsigned bits)
{
	return (i + 1) & (((uint64_t)1 << bits) - 1);
}

/* The slot of the fingerprint, or the free one that it can have. */
static struct idset_slot *
find(struct idset_slot *slot, unsigned bits, uint64_t print)
{
	uint64_t i = home(print, bits);

	while (slot[i].print != 0 && slot[i].print != print)
		i = after(i, bits);
	return &slot[i];
}

/* The same in the file: 1 if it is there, with *got, 0 or -1. */
static int
find_in_file(const struct idset *s, uint64_t print, struct idset_slot *got,
    struct err *e)
{
	struct idset_slot probe[PROBE];
	uint64_t i = home(print, s->file_bits);

	for (;;) {
		if (tmpfile_read(s->fd, probe, sizeof probe,
			i / PROBE * sizeof probe, WHAT, e) == -1)
			return -1;
		do {
			*got = probe[i % PROBE];
			if (got->print == 0 || got->print == print)
				return got->print != 0;
			i = after(i, s->file_bits);
		} while (i % PROBE != 0);
	}
}

static int
flush(struct window *w, struct err *e)
{
	if (w->dirty &&
	    tmpfile_write(w->fd, w->slot, sizeof w->slot,
		w->at * sizeof w->slot, WHAT, e) == -1)
		return -1;
	w->dirty = false;
	return 0;
}

/* Good until the next call; NULL with e. */
static struct idset_slot *
slot_at(struct window *w, uint64_t i, struct err *e)
{
	if (i / WINDOW != w->at) {
		if (flush(w, e) == -1)
			return NULL;
		w->at = i / WINDOW;
		if (tmpfile_read(w->fd, w->slot, sizeof w->slot,
			w->at * sizeof w->slot, WHAT, e) == -1)
			return NULL;
	}
	return &w->slot[i % WINDOW];
}

/* 1, or 0 if it was there before, or -1. */
static int
put(struct window *w, const struct idset_slot *from, struct err *e)
{
	uint64_t i = home(from->print, w->bits);
	struct idset_slot *to = slot_at(w, i, e);
	int r;

	while (to != NULL && to->print != 0 && to->print != from->print) {
		i = after(i, w->bits);
		to = slot_at(w, i, e);
	}
	if (to == NULL)
		return -1;
	r = to->print == 0;
	*to = *from;
	w->dirty = true;
	return r;
}

static struct window
look_into(int fd, unsigned bits)
{
	struct window w = { .fd = fd, .bits = bits, .at = UINT64_MAX };

	return w;
}

/* Everything that is in the file, into a larger one. */
static int
copy_file(const struct idset *s, int fd, unsigned bits, struct err *e)
{
	struct window from = look_into(s->fd, s->file_bits);
	struct window to = look_into(fd, bits);
	uint64_t left = s->file_used;
	uint64_t i;

	for (i = 0; left > 0; i++) {
		const struct idset_slot *slot = slot_at(&from, i, e);

		if (slot == NULL)
			return -1;
		if (slot->print == 0)
			continue;
		if (put(&to, slot, e) == -1)
			return -1;
		left--;
	}
	return flush(&to, e);
}

static int
grow_file(struct idset *s, struct err *e)
{
	unsigned bits = s->fd == -1 ? FILE_BITS : s->file_bits + GROW_BITS;
	int fd = tmpfile_open(s->dir, e);

	if (fd == -1)
		return -1;
	if (copy_file(s, fd, bits, e) == -1) {
		close(fd);
		return -1;
	}
	if (s->fd != -1)
		close(s->fd);
	s->fd = fd;
	s->file_bits = bits;
	return 0;
}

/* All ids in memory go to the file. */
static int
spill(struct idset *s, struct err *e)
{
	size_t size = (size_t)1 << s->bits;
	struct window w;
	size_t i;

	if (s->fd == -1 ||
	    s->file_used + s->used > (uint64_t)1 << (s->file_bits - 1)) {
		if (grow_file(s, e) == -1)
			return -1;
	}
	w = look_into(s->fd, s->file_bits);
	for (i = 0; i < size; i++) {
		int r = 0;

		if (s->slot[i].print != 0)
			r = put(&w, &s->slot[i], e);
		if (r == -1)
			return -1;
		s->file_used += (uint64_t)r;
	}
	if (flush(&w, e) == -1)
		return -1;
	memset(s->slot, 0, size * sizeof *s->slot);
	s->used = 0;
	return 0;
}

static int
grow(struct idset *s, struct err *e)
{
	unsigned bits = s->bits == 0 ? FIRST_BITS : s->bits + GROW_BITS;
	struct idset_slot *slot = calloc((size_t)1 << bits, sizeof *slot);
	size_t i;

	if (slot == NULL)
		return err_set(e, ERR_TEMP, "No memory for " WHAT);
	if (s->bits == 0 &&
	    getrandom(&s->seed, sizeof s->seed, GRND_NONBLOCK) == -1)
		s->seed = (uint64_t)(uintptr_t)slot;
	for (i = 0; s->bits > 0 && i < (size_t)1 << s->bits; i++) {
		if (s->slot[i].print != 0)
			*find(slot, bits, s->slot[i].print) = s->slot[i];
	}
	free(s->slot);
	s->slot = slot;
	s->bits = bits;
	return 0;
}

/* Sees to it that at least half of the table in memory is free. */
static int
make_room(struct idset *s, struct err *e)
{
	if (s->bits > 0 && s->used < (uint64_t)1 << (s->bits - 1))
		return 0;
	return s->bits < MEMORY_BITS ? grow(s, e) : spill(s, e);
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
	struct idset_slot old;
	uint64_t print;

	if (make_room(s, e) == -1)
		return -1;
	print = print_of(s, id, n);
	at = find(s->slot, s->bits, print);
	if (at->print != 0)
		return 0;
	if (s->fd != -1) {
		int r = find_in_file(s, print, &old, e);

		if (r != 0)
			return r == 1 ? 0 : -1;
	}
	at->print = print;
	s->used++;
	return 1;
}

int
idset_again(
    struct idset *s, const char *id, size_t n, uint32_t *times, struct err *e)
{
	uint64_t print = print_of(s, id, n);
	struct idset_slot *at;
	struct idset_slot old;
	int r;

	if (make_room(s, e) == -1)
		return -1;
	at = find(s->slot, s->bits, print);
	if (at->print == 0) {
		/* it will be asked for again soon: into memory with it */
		r = s->fd == -1 ? 0 : find_in_file(s, print, &old, e);
		if (r == 0)
			return err_set(e, ERR_TEMP, WHAT " lack this one");
		if (r == -1)
			return -1;
		*at = old;
		s->used++;
	}
	*times = ++at->again;
	return 0;
}
