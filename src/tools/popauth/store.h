/* SPDX-License-Identifier: MIT */
#ifndef POPAUTH_STORE_H
#define POPAUTH_STORE_H

#include <stdbool.h>
#include <stddef.h>

#include "secrets.h"
#include "who.h"

/*
 * The files of a folder: secrets, secrets.cdb, and .lock, which rebuild-cdb
 * takes, too.
 *
 * A change writes .secrets.new and .secrets.cdb.new and syncs them, renames
 * the first one, renames the second one, and syncs the folder.  What a kill
 * leaves: before the first rename all is as it was; between the two the new
 * secret is in the source and not yet in the CDB, and the next change by
 * anybody, or rebuild-cdb, builds the CDB again; after the second all is
 * done.  Left temporary files are replaced by the next change.
 */
struct store {
	int dir;
	bool pop;
	char path[256]; /* of secrets, for texts */
	int lock;	/* -1: not held */
	char *text;
	size_t n;
	bool stale; /* the CDB is not newer than its source */
};

void store_open(struct store *st, const struct who *w);

/* Waits for at most 10 s; ERR_BUSY then. */
int store_lock(struct store *st, struct err *e);
void store_unlock(struct store *st);

/* Reads the source: 1, 0 if there is none, -1 with e. */
int store_load(struct store *st, struct err *e);
void store_free(struct store *st);
struct secrets store_secrets(const struct store *st);

/*
 * Puts n octets of text in the place of the source, and a CDB of them in that
 * of the CDB; with the lock held.  -1 with e, and then nothing has changed but
 * what e tells.
 */
int store_put(struct store *st, const char *text, size_t n, struct err *e);

#endif
