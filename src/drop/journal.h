/* SPDX-License-Identifier: MIT */
#ifndef POPPER_JOURNAL_H
#define POPPER_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>
#include <xxhash.h>

#include "err.h"
#include "spool.h"

/*
 * The temporary drop .USER.pop as a journal (docs/DESIGN.md, "Update").  It
 * begins with two slots of 512 octets; the one that is whole and has the
 * higher number counts, and a change of state is written to the other one
 * and synced.  Behind them lie mail, plans and windows.  An empty file means
 * that nothing is under way, and so does one without a whole slot: that was
 * never finished, and the spool was not touched.
 */
enum journal_state {
	JOURNAL_TAKEN = 1, /* mail is copied; the spool may be emptied */
	JOURNAL_HELD,	   /* this mail is nowhere else */
	JOURNAL_PUT,	   /* it goes back into the spool, by a plan */
	JOURNAL_WRITTEN,   /* it is there, but for the last 16 octets */
	JOURNAL_RENAME,	   /* the new spool is ready beside the old one */
	JOURNAL_SHIFT,	   /* octets of the spool move down, by a plan */
	JOURNAL_CUT,	   /* they have; it is cut off at its new end */
	JOURNAL_COLLAPSE,  /* whole blocks go, what is beside them is written */
	JOURNAL_REMOVE,	   /* it is; they are taken out of the spool */
};

#define JOURNAL_SLOT 512
#define JOURNAL_DATA ((uint64_t)2 * JOURNAL_SLOT)
#define JOURNAL_NONCE 16

struct journal_slot {
	char magic[8];
	uint64_t seq;
	uint32_t state;
	uint32_t elsewhere;	 /* HELD: it was a left-over in the old place */
	uint64_t dev, ino;	 /* of the spool */
	uint64_t data;		 /* octets of mail at JOURNAL_DATA */
	uint64_t size;		 /* of the spool at the commit point */
	uint64_t result;	 /* of the spool in the end */
	uint64_t from;		 /* SHIFT: where the moved octets begin;
				    COLLAPSE: those that go */
	uint64_t region;	 /* what this state needs begins there */
	uint64_t plan, plan_len; /* and ends with the plan, or the text */
	uint64_t done;		 /* SHIFT: octets of the plan in their place */
	uint64_t window_len;	 /* SHIFT: those that are on their way */
	uint64_t copy;		 /* SHIFT: their copy in the journal, or 0 */
	uint64_t halves;	 /* SHIFT: room for two copies, or 0 */
	uint64_t half_len;	 /* SHIFT: for each of them */
	uint64_t hole;		 /* COLLAPSE: the blocks, size - result */
	XXH128_hash_t digest; /* TAKEN, HELD: of the mail; PUT, RENAME: of the
				 spool; WRITTEN: of all but its tail; SHIFT,
				 COLLAPSE: of what they leave alone */
	XXH128_hash_t result_digest; /* RENAME: of the new spool */
	XXH128_hash_t plan_digest;   /* from region to the end of the plan */
	XXH128_hash_t window_digest;
	unsigned char nonce[JOURNAL_NONCE];
	uint64_t check;
};

/* What lies in the file. */
enum journal_found {
	JOURNAL_ERROR = -1,
	JOURNAL_NOTHING, /* or something that was never finished */
	JOURNAL_OURS,	 /* sp->now is its state */
	JOURNAL_FOREIGN, /* another server's left-over */
};

struct journal {
	int fd;
	int dir; /* its folder and name */
	const char *name;
	const char *new_name;	 /* of one that will take its place */
	const char *path;	 /* for messages */
	struct journal_slot now; /* the slot that counts; state 0: none */
	uint64_t end;		 /* free space begins here */
	bool old;		 /* the file was there before this session */
	bool tried;		 /* a state may be on the disk */
};

/*
 * A journal of a spool whose session lock is held: the temporary drop, or the
 * session lock's own file beside the spool, which is the same unless options
 * say otherwise.  What moves within the spool has its journal beside it,
 * because the two must not part at a reboot.  journal_find opens the one
 * elsewhere, if it is there (spool_open calls it).  make: made if it was not,
 * with a name that outlives a power cut once journal_sync_name has been
 * called; else fd is -1.
 */
enum journal_where {
	JOURNAL_BESIDE,
	JOURNAL_TEMP
};
int journal_find(struct spool *sp, struct err *e);
int journal_open(struct journal *j, struct spool *sp, enum journal_where where,
    bool make, struct err *e);
enum journal_found journal_read(struct journal *j, struct err *e);

/*
 * Before anything is written to an empty journal: one that was there before
 * may be empty in memory only, and old states must not come back beside new
 * octets.
 */
int journal_begin(struct journal *j, struct err *e);

/*
 * Writes *next as the state, durably.  -1 with e: the state is as before.
 * 1 with e: it is written, cannot be taken back, and may not outlive a power
 * cut, so nothing that relies on it may be done now.
 */
int journal_put(struct journal *j, struct journal_slot *next, struct err *e);
int journal_sync_name(const struct journal *j, struct err *e);

/*
 * Nothing is under way any more: the file is empty.  -1 with e: it is as it
 * was.  1 with e: it may not outlive a power cut that it is empty.
 */
int journal_drop(struct journal *j, struct err *e);

/* Something that came to nothing: free space begins at end again. */
void journal_cut(struct journal *j, uint64_t end);

void journal_nonce(unsigned char nonce[JOURNAL_NONCE]);

#endif
