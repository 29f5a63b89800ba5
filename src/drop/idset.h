/* SPDX-License-Identifier: MIT */
#ifndef POPPER_IDSET_H
#define POPPER_IDSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

/*
 * The unique-ids of a maildrop that are taken, by 64-bit fingerprint.  Two
 * ids with one fingerprint only make the second one look taken, so that
 * another is chosen for it: ids stay different whatever happens.
 *
 * Up to IDSET_MEMORY ids are in a table in memory, which has at most 2 MiB,
 * and half of a megabyte more while it grows.  When there are more, all of
 * them go to a table in an unnamed temporary file, and so on: many at a time
 * and in order, because writes far from each other are what costs.
 */
#define IDSET_MEMORY 65536

struct idset_slot {
	uint64_t print; /* 0: free */
	uint32_t again; /* how often idset_again asked */
};

struct idset {
	struct idset_slot *slot; /* the table in memory, or NULL */
	unsigned bits;		 /* it has so many slots, as a power of two */
	uint64_t used;
	int fd; /* the table in a file, or -1 */
	unsigned file_bits;
	uint64_t file_used;
	uint64_t seed; /* secret, so that nobody can choose crowded ids */
	int dir;       /* borrowed: where the file is made */
};

void idset_init(struct idset *s, int dir);

/* Takes an id: 1 if it was free, 0 if it was taken before, -1 with e. */
int idset_take(struct idset *s, const char *id, size_t n, struct err *e);

/* Of an id that is taken: *times is how often this was called for it. */
int idset_again(
    struct idset *s, const char *id, size_t n, uint32_t *times, struct err *e);

/* The set is empty then, as after idset_init. */
void idset_free(struct idset *s);

#endif
