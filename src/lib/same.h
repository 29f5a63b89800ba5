/* SPDX-License-Identifier: MIT */
#ifndef POPPER_SAME_H
#define POPPER_SAME_H

#include <stdbool.h>
#include <stddef.h>

/* Equal, in a time that does not tell how much of it is. */
bool same_octets(const void *a, const void *b, size_t n);

#endif
