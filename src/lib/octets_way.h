/* SPDX-License-Identifier: MIT */
#ifndef POPPER_OCTETS_WAY_H
#define POPPER_OCTETS_WAY_H

#include "octets.h"

/* Private to octets*.c: a way to do it. */
struct octets_ops {
	size_t (*section)(const char *p, size_t n, uint64_t *bare);
	void (*wire)(struct octets_copy *c);
};

#if defined(__x86_64__)
extern const struct octets_ops octets_sse2, octets_avx2;
#endif

/* The plain way, which the others end with: from the octet at on. */
size_t octets_section_from(const char *p, size_t at, size_t n, uint64_t *bare);
void octets_wire_plain(struct octets_copy *c);

/* True if the line that the LF at i ends is empty; p begins a line. */
static inline bool
octets_empty(const char *p, size_t i)
{
	if (i > 0 && p[i - 1] == '\r')
		i--;
	return i == 0 || p[i - 1] == '\n';
}

#endif
