/* SPDX-License-Identifier: MIT */
#ifndef POPPER_BODYLOG_H
#define POPPER_BODYLOG_H

#include <stdbool.h>
#include <stddef.h>

/*
 * trace-message-bodies: what RETR and TOP send, line by line in the debug log,
 * with all that is not printable ASCII as \xHH, \t and \\.  Of a line
 * BODYLOG_OCTETS are shown and of a message BODYLOG_LINES lines; then a last
 * one says so.  A log that takes no more gets no more of that message.
 */
#define BODYLOG_OCTETS 500
#define BODYLOG_LINES 2000

struct bodylog {
	const char *user; /* safe to print */
	unsigned lines;
	size_t n;
	bool cr; /* one came, and it may be part of a line end */
	char line[BODYLOG_OCTETS + 1];
};

void bodylog_init(struct bodylog *b, const char *user);

/* Octets of the message, cut anywhere. */
void bodylog_octets(struct bodylog *b, const char *data, size_t n);

/* A line without an end is shown, too. */
void bodylog_end(struct bodylog *b);

#endif
