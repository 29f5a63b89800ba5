/* SPDX-License-Identifier: MIT */
#ifndef POPUIDL_LIST_H
#define POPUIDL_LIST_H

#include "drop.h"

/*
 * Reads a list of unique-ids from fd and gives them to the messages of the
 * open maildrop, in memory (popuidl(8) has the form).  0, with how many
 * headers have another id now, and how many have no room for the one that the
 * list has; 1 with e: the list and the maildrop do not fit; -1 with e.
 */
int list_apply(struct drop *d, int fd, uint32_t *changed, uint32_t *without,
    struct err *e);

#endif
