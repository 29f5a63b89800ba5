/* SPDX-License-Identifier: MIT */
#ifndef POPPER_MBOXSCAN_H
#define POPPER_MBOXSCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fromline.h"
#include "header.h"
#include "length.h"

/*
 * The one mbox scanner.  It is pure: octets of the spool are pushed in, cut
 * anywhere, and message locations come out; the same code builds the index
 * and checks it again before an update.
 *
 * A message begins with a From_ line (fromline.h) at the start of the spool,
 * where empty lines are passed over, or after an empty line.  Its header goes
 * to the first empty line, its body to the empty line before the next From_
 * line or before the end; that one empty line belongs to no message.
 *
 * The spool is MMDF if its first line that is not empty is a ^A line, which
 * begins with ^A: agents write four of them, but all that follows the first
 * one, of any length, only makes it another form of separator.  In every other
 * spool such lines are text, for nobody quotes them there.  In MMDF a ^A line
 * ends the message before it, wherever it stands.  The next line that is
 * neither empty nor a ^A line says how it goes on:
 *  - A From_ line begins an mbox message, as an agent of mbox leaves it there,
 *    which another one ends, too; its one empty line is taken off, whatever
 *    ends it.  That is so if no other ^A line came, or an empty line behind it.
 *  - After one more ^A line a message begins that only a ^A line ends, and no
 *    empty line is taken off.  Its first line may be a From_ line, which is
 *    skipped; others are text.
 *  - Any other text is that of a message whose ^A line is the one that ended
 *    the message before it (MSG_SHARES): an agent died there.
 * A ^A line that is missing at the end is no fault.
 *
 * Each message has the octets from its from to its next, which is the from of
 * the one behind it or the end of the spool: no octet lies between messages.
 * What is left without some of them is the same other ones, if
 *  - of those that are removed in a row the first one leaves a ^A line that it
 *    shares with one that stays in front of it: up to its head;
 *  - if that is an mbox message, and a ^A line comes behind those that are
 *    removed, MBOXSCAN_MARK is put there, for that line is to open, and not to
 *    end, what stays in front;
 *  - MMDF of which an mbox message is the first one that stays gets
 *    MBOXSCAN_FRONT in front of it, so that it is still MMDF.
 */

enum {
	MSG_NOBLANK = 1,  /* the header has no empty line behind it */
	MSG_READ = 2,	  /* a Status: field has an R */
	MSG_BLANK_CR = 4, /* the empty line behind the header is CRLF */
	MSG_STATUS = 8,	  /* there is a Status: field */
	/*
	 * UW IMAP's data, by two of these: X-IMAP:, a From: and a Subject:
	 * as it writes them, on their first line.
	 */
	MSG_HIDDEN = 16,
	MSG_SHARES = 32, /* MMDF: its ^A line ends the message before it */
	/* of the maildrop, not of the scanner */
	MSG_SEEN = 256,	      /* RETR sent it, now or in an earlier session */
	MSG_SENT = 1024,      /* RETR sent it in this session */
	MSG_UID_STORED = 512, /* its unique-id is the one in its header */
	MSG_UID_GIVEN = 2048, /* its unique-id was given, see given.h */
};

#define MBOXSCAN_MARK "\1\1\1\1\n"
#define MBOXSCAN_FRONT MBOXSCAN_MARK "\n"

/* Offsets are those of octets in the spool. */
struct msgloc {
	uint64_t from; /* the From_ line, or the ^A line that opens it */
	uint64_t head; /* the first header line */
	uint64_t body; /* behind the empty line that ends the header */
	uint64_t end;  /* behind the last octet of the message */
	uint64_t next; /* behind its separator: the next one begins there */
	uint64_t wire; /* octets to send, without X-UIDL, dots not doubled */
	uint64_t
	    print; /* of the maildrop: what tells it from others (print.h) */
	uint32_t flags; /* MSG_* */
	uint32_t gone;	/* of the maildrop: when it was deleted (drop.c) */
	uint8_t uid_len;
	char uid[UID_MAX]; /* the first good X-UIDL that is stored in it */
};

struct mboxscan {
	int (*msg)(void *ctx, const struct msgloc *loc);
	void *ctx;
	/* private */
	enum {
		SCAN_START,
		SCAN_GAP, /* behind a ^A line */
		SCAN_HEAD,
		SCAN_BODY,
		SCAN_BAD
	} state;
	enum {
		VALUE_OTHER,
		VALUE_UIDL,
		VALUE_LENGTH
	} value; /* of the header field before, if it would not count folded */
	struct msgloc loc;
	struct msgloc last; /* in a gap: the message before, but for next */
	bool held;	    /* and there is one */
	bool mmdf;
	bool inside;	    /* began at a From_ line in the middle */
	bool opened;	    /* in a gap: mark is no closing line */
	bool mbox;	    /* a From_ line ends this message */
	uint64_t mark;	    /* in a gap: where a message of MMDF begins */
	unsigned proof;	    /* a bit for each sign of UW IMAP's message */
	uint64_t off;	    /* of the next octet to be pushed */
	uint64_t line;	    /* where the present line begins */
	bool blank;	    /* the line before was empty */
	bool head_blank;    /* and it was the one that ends the header */
	bool dropping;	    /* inside a header field that is not sent */
	length_look *look;  /* lengths count; or NULL */
	uint64_t size;	    /* with look: of the spool */
	uint64_t length;    /* what Content-Length says, or LENGTH_ */
	uint64_t until;	    /* no From_ line before this is one; 0: unknown */
	bool cr;	    /* an unfinished line ends in a CR so far */
	uint64_t blank_len; /* octets of the empty line before */
	size_t have;	    /* octets of an unfinished line in keep */
	char keep[FROMLINE_MAX + 2];
};

/* msg is called once a message, in order; -1 from it stops the scan. */
void mboxscan_init(struct mboxscan *s,
    int (*msg)(void *ctx, const struct msgloc *loc), void *ctx);

/*
 * Begins in the middle of an mbox spool: at the octet off, where a From_ line
 * is the first one.
 */
void mboxscan_init_at(struct mboxscan *s, uint64_t off,
    int (*msg)(void *ctx, const struct msgloc *loc), void *ctx);

/*
 * From now on a Content-Length field tells where an mbox message ends, if
 * there is a separator or the end of the spool (length.h).  look gets the same
 * ctx as msg; size is that of the spool.  A message takes no look at all
 * unless it has what would be a separator within that length, and then one.
 */
void mboxscan_lengths(struct mboxscan *s, length_look *look, uint64_t size);

/*
 * -1: msg or look said stop, or the spool begins with neither From_ nor ^A
 * line.
 */
int mboxscan_feed(struct mboxscan *s, const char *data, size_t n);

/* The end of the spool: ends the last line and the last message. */
int mboxscan_end(struct mboxscan *s);

/* True if it stopped because the spool begins with neither of them. */
bool mboxscan_bad(const struct mboxscan *s);

/* True if the spool is MMDF: known behind its first line that is not empty. */
static inline bool
mboxscan_mmdf(const struct mboxscan *s)
{
	return s->mmdf;
}

#endif
