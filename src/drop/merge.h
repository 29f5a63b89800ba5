/* SPDX-License-Identifier: MIT */
#ifndef POPPER_MERGE_H
#define POPPER_MERGE_H

#include "journal.h"
#include "plan.h"

/*
 * Mail that the journal holds, and mail that is in the spool by now, become
 * the plan of one spool.  The spool has to be locked.  Of what lies in the
 * spool a copy goes into the journal, so all extents are of the journal.
 */
struct merge {
	struct journal *j;
	struct spool *sp;
	struct plan_out plan;	  /* the caller adds what it keeps */
	uint64_t saved;		  /* where the copy of the spool lies */
	struct journal_slot slot; /* all but its state and nonce */
};

int merge_begin(
    struct merge *m, struct journal *j, struct spool *sp, struct err *e);
int merge_end(struct merge *m, struct err *e);

/* All the mail that is held, and then what is in the spool. */
int merge_all(
    struct merge *m, struct journal *j, struct spool *sp, struct err *e);

/*
 * The plan of a journal that is past its commit point, and then mail that
 * came to the spool since.
 */
int merge_more(
    struct merge *m, struct journal *j, struct spool *sp, struct err *e);

/*
 * The first octet of len octets of a file, from at on, that is of no empty
 * line, or 0; and how many octets of empty lines are in front, up to some
 * dozens.  -1 with errno.
 */
int merge_first(int fd, uint64_t at, uint64_t len, uint64_t *empty);

/*
 * What has to stand between mail that begins at the offset at of fd, and ends
 * with these last octets, and mail that begins with the octet next: nothing,
 * an empty line, or the end of a line, too; in MMDF a ^A line that is missing
 * there.  NULL with errno.
 */
#define MERGE_LAST 128
const char *merge_gap(
    int fd, uint64_t at, const char *last, size_t n, int next);

/* -1 with e and errno: the journal could not be written. */
int merge_error(const struct journal *j, struct err *e);

#endif
