/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <xxhash.h>

#include "idset.h"

#define FIRST_SIZE 64 /* a power of two */

/* The slot of the fingerprint, or the free one where it belongs. */
static struct idset_slot *
find(struct idset_slot *slot, size_t size, uint64_t print)
{
	size_t i = print & (size - 1);

	while (slot[i].print != 0 && slot[i].print != print)
		i = (i + 1) & (size - 1);
	return &slot[i];
}

static int
grow(struct idset *s)
{
	size_t size = s->size == 0 ? FIRST_SIZE : s->size * 2;
	struct idset_slot *slot = calloc(size, sizeof *slot);
	size_t i;

	if (slot == NULL)
		return -1;
	if (s->size == 0 &&
	    getrandom(&s->seed, sizeof s->seed, GRND_NONBLOCK) == -1)
		s->seed = (uint64_t)(uintptr_t)slot;
	for (i = 0; i < s->size; i++) {
		if (s->slot[i].print != 0)
			*find(slot, size, s->slot[i].print) = s->slot[i];
	}
	free(s->slot);
	s->slot = slot;
	s->size = size;
	return 0;
}

int
idset_take(struct idset *s, const char *id, size_t n, uint32_t **again)
{
	struct idset_slot *at;
	uint64_t print;

	if (s->used * 2 >= s->size && grow(s) == -1)
		return -1;
	print = XXH3_64bits_withSeed(id, n, s->seed);
	if (print == 0)
		print = 1;
	at = find(s->slot, s->size, print);
	if (again != NULL)
		*again = &at->again;
	if (at->print != 0)
		return 0;
	at->print = print;
	s->used++;
	return 1;
}

void
idset_free(struct idset *s)
{
	free(s->slot);
	memset(s, 0, sizeof *s);
}
