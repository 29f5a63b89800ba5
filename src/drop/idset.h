/* SPDX-License-Identifier: MIT */
#ifndef POPPER_IDSET_H
#define POPPER_IDSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The unique-ids of a maildrop that are taken, by 64-bit fingerprint.  Two
 * ids with one fingerprint only make the second one look taken, so that
 * another is chosen for it: ids stay different whatever happens.
 */
struct idset {
	uint64_t *slot; /* 0: free */
	size_t size, used;
};

/*
 * Takes an id: 1 if it was free, 0 if it was taken before, -1 when there is
 * no memory.  A zeroed struct is an empty set.
 */
int idset_take(struct idset *s, const char *id, size_t n);
void idset_free(struct idset *s);

#endif
