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
	struct idset_slot {
		uint64_t print; /* 0: free */
		uint32_t again; /* the caller's: how often it was asked for */
	} * slot;
	size_t size, used;
	uint64_t seed; /* secret, so that nobody can choose crowded ids */
};

/*
 * Takes an id: 1 if it was free, 0 if it was taken before, -1 when there is
 * no memory.  A zeroed struct is an empty set.  *again, if again is given, is
 * the id's counter, good until the next call.
 */
int idset_take(struct idset *s, const char *id, size_t n, uint32_t **again);
void idset_free(struct idset *s);

#endif
