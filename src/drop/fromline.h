/* SPDX-License-Identifier: MIT */
#ifndef POPPER_FROMLINE_H
#define POPPER_FROMLINE_H

#include <stdbool.h>
#include <stddef.h>

/* A longer line is never a separator. */
#define FROMLINE_MAX 1024

/*
 * True if the n octets at s (without the line end) are an mbox separator:
 * "From ", an address in whatever form or none, and a date as ctime(3) has
 * it (seconds optional, a zone before or after the year, or none) or as
 * RFC 822 has it; "remote from HOST" may follow.
 */
bool fromline_valid(const char *s, size_t n);

#endif
