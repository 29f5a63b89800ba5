/* SPDX-License-Identifier: MIT */
#ifndef POPPER_TEXT_H
#define POPPER_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Copies src to dst (n octets with the NUL, n > 0), cut to fit, with every
 * octet that is not printable ASCII, and every quote and backslash, made
 * '?': nothing that a client sends can forge a log line or a reply.
 * Returns dst.
 */
char *text_safe(char *dst, size_t n, const char *src);

/* Copies a string that has to fit: -1 if it does not, dst is then empty. */
int text_copy(char *dst, size_t n, const char *src);

/* ASCII letters to lower case, in place. */
void text_lower(char *s);

/* Equal without regard to case in ASCII, whatever the locale. */
bool text_equal(const char *a, const char *b);

#endif
