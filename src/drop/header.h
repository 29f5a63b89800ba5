/* SPDX-License-Identifier: MIT */
#ifndef POPPER_HEADER_H
#define POPPER_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UID_MAX 70 /* octets of a unique-id (RFC 1939 section 7, UIDL) */

/* The header fields that the maildrop itself uses. */
enum header {
	HEADER_OTHER,
	HEADER_CONTINUED, /* begins with a blank: belongs to the one before */
	HEADER_UIDL,	  /* X-UIDL */
	HEADER_STATUS,
	HEADER_XSTATUS,
	HEADER_LENGTH, /* Content-Length */
	HEADER_FROM,
	HEADER_SUBJECT,
	HEADER_XIMAP, /* X-IMAP, not X-IMAPbase */
	HEADER_IMAP,  /* X-IMAPbase, X-UID, X-Keywords: IMAP servers' notes */
};

/* Octets of a line that header_kind has to see to be sure. */
#define HEADER_LOOK 24

enum header header_kind(const char *line, size_t n);

/*
 * The unique-id in an X-UIDL line (n octets without the line end): its
 * length, with *at where it begins; 0 unless it is 1 to 70 characters of
 * 0x21 to 0x7E and nothing more.
 */
size_t header_uidl(const char *line, size_t n, const char **at);

/*
 * What a Content-Length line says: digits and nothing more, or LENGTH_BAD.
 * LENGTH_NONE is for those who have no such line.
 */
#define LENGTH_BAD (UINT64_MAX - 1)
#define LENGTH_NONE UINT64_MAX
uint64_t header_length(const char *line, size_t n);

/* True if the line has text in it; for short lines faster than memmem(3). */
bool header_holds(const char *line, size_t n, const char *text);

/*
 * A bit for each sign of the message that UW IMAP keeps its data in; 0 if the
 * line is none.
 */
unsigned header_proof(enum header kind, const char *line, size_t n);

/* True if this can be one: UIDL's characters, and as many (RFC 1939). */
bool header_uid_good(const char *uid, size_t n);

#endif
