/* SPDX-License-Identifier: MIT */
#ifndef POPPER_LENGTH_H
#define POPPER_LENGTH_H

#include <stddef.h>
#include <stdint.h>

/* Reads n octets of the spool, which are there, at offset at: 0, or -1. */
typedef int length_look(void *ctx, uint64_t at, char *to, size_t n);

/* Octets of line ends that a length may be too small by. */
#define LENGTH_SLACK 16

/*
 * Where the length of a message's body leads in a spool of size octets.  *end
 * is where the body begins, which is behind a From_ line and an empty one.
 *
 * The length counts only if at this place, or behind a few line ends, a
 * separator begins that is one without it, too, or the spool ends; then *end
 * becomes that place.  So a length can only say that what looks like a
 * separator in between is none; it never makes one.  One that is too large by
 * more than the empty line in front of the separator does not count, nor does
 * one that leads past the end of the spool: there will be other mail.
 *
 * -1: look said so.
 */
int length_end(length_look *look, void *ctx, uint64_t length, uint64_t size,
    uint64_t *end);

#endif
