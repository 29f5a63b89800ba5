/* SPDX-License-Identifier: MIT */
#ifndef POPPER_FOLDER_H
#define POPPER_FOLDER_H

#include <stdbool.h>

#include "spool.h"

/* A folder that files of a maildrop lie in: open, its path for messages. */
struct folder {
	int fd; /* or -1 */
	char path[SPOOL_PATH_MAX];
};

/*
 * Opens the folder at path, which may lead over symbolic links.  The error
 * tells owner and mode of it, or of what is there on the way to it, and
 * names setting, which led to it.
 */
int folder_open(
    struct folder *f, const char *path, const char *setting, struct err *e);

/*
 * The folders of one character each that hash-spool puts between a folder
 * and the files of user: their number, 0 to 2.
 *
 *	method 1: the sum of the first five characters, modulo 26, as a letter
 *	method 2: the first and the second character; the first one again in
 *		  place of a second one that is not there
 */
#define FOLDER_HASH_MAX 2
int folder_hashed(unsigned method, const char *user, char name[]);

/*
 * Goes down from f to the folder of user.  Nothing but a folder with the
 * owner of the one above it will do: in a folder that all can write to,
 * anybody may have made it.  With make, a missing one is made like the one
 * above it.
 */
int folder_hash(struct folder *f, unsigned method, const char *user, bool make,
    struct err *e);

int folder_copy(struct folder *to, const struct folder *from, struct err *e);

/* Moves the open folder; from is closed then. */
void folder_move(struct folder *to, struct folder *from);
bool folder_same(const struct folder *a, const struct folder *b);
void folder_close(struct folder *f);

#endif
