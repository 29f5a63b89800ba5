/* SPDX-License-Identifier: MIT */
#ifndef POPPER_BASE64_H
#define POPPER_BASE64_H

#include <stddef.h>

/* The characters that n octets become, with the NUL. */
#define BASE64_SIZE(n) (((n) + 2) / 3 * 4 + 1)

/*
 * RFC 4648 section 4: with padding, without line ends.  Returns the length of
 * the string in dst (size octets), or -1 if it does not fit.
 */
int base64_encode(char *dst, size_t size, const void *src, size_t n);

/*
 * Strict: only what base64_encode makes is taken, so every text has one form.
 * Returns the number of octets in dst (size octets), which get a NUL behind
 * them that does not count, or -1.  dst may be src.
 */
int base64_decode(void *dst, size_t size, const char *src);

#endif
