/* SPDX-License-Identifier: MIT */
#ifndef POPPER_PLAN_H
#define POPPER_PLAN_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#ifndef XXH_STATIC_LINKING_ONLY
#define XXH_STATIC_LINKING_ONLY /* the size of the state */
#endif
#include <xxhash.h>

/*
 * A plan tells what octets a spool will be made of: a list of pieces, each
 * an extent of a source file or some text of its own.  It lies in a file, so
 * it can be as long as it likes, and outlive the one who made it.
 */

#define PLAN_TEXT_MAX 240 /* octets of one text */
#define PLAN_BUFFER 4096
#define PLAN_AHEAD 65536

struct plan_out {
	int fd;
	uint64_t start, at; /* where it lies in the file, and ends by now */
	uint64_t total;	    /* octets that it makes */
	uint64_t gap;  /* the least distance of an extent above its place */
	uint64_t base; /* the offset of what it makes, for the gap */
	XXH3_state_t digest;
	uint64_t src, len; /* the extent not written yet: it may grow */
	size_t used;
	unsigned char buf[PLAN_BUFFER];
};

/* Begins a plan at offset at of fd that makes octets from base on. */
void plan_begin(struct plan_out *p, int fd, uint64_t at, uint64_t base);
/* -1 with errno */
int plan_extent(struct plan_out *p, uint64_t src, uint64_t len);
int plan_text(struct plan_out *p, const char *text, size_t len);
/* Pieces of an earlier plan, which make total octets. */
int plan_again(struct plan_out *p, uint64_t at, uint64_t len, uint64_t total);
int plan_end(struct plan_out *p, XXH128_hash_t *digest);

/* Octets of a file that were read because they are needed soon. */
struct plan_ahead {
	uint64_t at;
	size_t n;
};

struct plan_in {
	int fd, source;
	uint64_t at, end;
	uint64_t src, left; /* the piece at hand, and what is left of it */
	size_t text;	    /* or of its text, in buf */
	struct plan_ahead pieces, octets;
	char buf[PLAN_TEXT_MAX + 16];
	char pieces_buf[PLAN_BUFFER];
	char octets_buf[PLAN_AHEAD];
};

/* Reads the plan of len octets at offset at of fd; extents are of source. */
void plan_open(
    struct plan_in *p, int fd, uint64_t at, uint64_t len, int source);

/*
 * The next octets that it makes: up to n, fewer only at its end; -1 with
 * errno, EIO for a source that is too short or a plan that is none.  Of the
 * source some octets are read before they are asked for, but never those in
 * front of the ones that were read.
 */
ssize_t plan_read(struct plan_in *p, char *to, size_t n);
int plan_skip(struct plan_in *p, uint64_t n);

/*
 * Where the next octet of the source lies that it needs, UINT64_MAX: none.
 * -1 with errno.
 */
int plan_source(const struct plan_in *p, uint64_t *src);

/* 1 if the plan has this digest, 0 if not, -1 with errno. */
int plan_whole(int fd, uint64_t at, uint64_t len, const XXH128_hash_t *digest);

#endif
