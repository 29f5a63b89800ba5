/* SPDX-License-Identifier: MIT */
#ifndef POPPER_WINDOW_H
#define POPPER_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A part of a file in memory.  Messages are read through it, so that one
 * read(2) serves many small ones that are asked for in their order.  What it
 * holds may be old: who knows that the file has changed lets go of it.
 */
#define WINDOW_OCTETS 131072

struct window {
	char *mem; /* or NULL: a session that reads nothing has none */
	int fd;
	uint64_t at; /* of its first octet in the file */
	size_t n;    /* octets in it */
};

/*
 * The octets of fd at the offset at that are in the window: *n of them, of
 * which there is one at least; NULL with errno, 0 if the file ends before.
 * If there is none, as many as fit are read, but not beyond ahead.
 */
const char *window_look(
    struct window *w, int fd, uint64_t at, uint64_t ahead, size_t *n);

/* Reads again from at on, whatever was there. */
const char *window_read(
    struct window *w, int fd, uint64_t at, uint64_t ahead, size_t *n);

/* True if all octets from at to end are in it. */
bool window_holds(const struct window *w, int fd, uint64_t at, uint64_t end);

/* Its memory goes back. */
void window_forget(struct window *w);

#endif
