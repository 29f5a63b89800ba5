/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "idset.h"

#define FIRST_SIZE 64 /* a power of two */

static bool
put(uint64_t *slot, size_t size, uint64_t print)
{
	size_t i = print & (size - 1);

	while (slot[i] != 0) {
		if (slot[i] == print)
			return false;
		i = (i + 1) & (size - 1);
	}
	slot[i] = print;
	return true;
}

static int
grow(struct idset *s)
{
	size_t size = s->size == 0 ? FIRST_SIZE : s->size * 2;
	uint64_t *slot = calloc(size, sizeof *slot);
	size_t i;

	if (slot == NULL)
		return -1;
	for (i = 0; i < s->size; i++) {
		if (s->slot[i] != 0)
			put(slot, size, s->slot[i]);
	}
	free(s->slot);
	s->slot = slot;
	s->size = size;
	return 0;
}

int
idset_take(struct idset *s, const char *id, size_t n)
{
	uint64_t print = XXH3_64bits(id, n);

	if (print == 0)
		print = 1;
	if (s->used * 2 >= s->size && grow(s) == -1)
		return -1;
	if (!put(s->slot, s->size, print))
		return 0;
	s->used++;
	return 1;
}

void
idset_free(struct idset *s)
{
	free(s->slot);
	memset(s, 0, sizeof *s);
}
