/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "mboxhead.h"

static void
take_uidl(struct mboxscan *s, const struct mboxline *l)
{
	const char *at = NULL;
	size_t n;

	s->value = VALUE_OTHER;
	/* the same limit wherever the line was cut */
	if (s->loc.uid_len > 0 || l->len > FROMLINE_MAX)
		return;
	n = header_uidl(l->p, l->seen, &at);
	if (n > 0)
		memcpy(s->loc.uid, at, n);
	s->loc.uid_len = (uint8_t)n;
	if (n > 0)
		s->value = VALUE_UIDL;
}

/* Of two that differ one is wrong, and nobody knows which. */
static void
take_length(struct mboxscan *s, const struct mboxline *l)
{
	if (s->length != LENGTH_NONE || l->len > FROMLINE_MAX)
		s->length = LENGTH_BAD;
	else
		s->length = header_length(l->p, l->seen);
}

/* A folded value has a blank in it, so it was no id, and no number. */
static void
folded(struct mboxscan *s)
{
	if (s->value == VALUE_LENGTH) {
		s->length = LENGTH_BAD;
	} else {
		memset(s->loc.uid, 0, sizeof s->loc.uid);
		s->loc.uid_len = 0;
	}
	s->value = VALUE_OTHER;
}

/* A field that is sent. */
static void
other(struct mboxscan *s)
{
	s->dropping = false;
	s->value = VALUE_OTHER;
}

void
mboxhead_line(struct mboxscan *s, const struct mboxline *l)
{
	enum header kind;

	if (mboxline_empty(l)) {
		s->loc.wire += 2;
		s->loc.body = mboxline_end(l, s->line);
		s->loc.flags |= l->cr ? MSG_BLANK_CR : 0;
		s->state = SCAN_BODY;
		s->blank = s->head_blank = true;
		return;
	}
	kind = header_kind(l->p, l->seen);
	switch (kind) {
	case HEADER_CONTINUED:
		if (s->value != VALUE_OTHER)
			folded(s);
		break;
	case HEADER_UIDL:
		take_uidl(s, l);
		s->dropping = true;
		break;
	case HEADER_LENGTH:
		if (s->look != NULL)
			take_length(s, l);
		s->value = VALUE_LENGTH;
		s->dropping = true;
		break;
	case HEADER_STATUS:
		s->loc.flags |= MSG_STATUS;
		if (l->len <= FROMLINE_MAX &&
		    memchr(l->p + 7, 'R', l->seen - 7) != NULL)
			s->loc.flags |= MSG_READ;
		other(s);
		break;
	case HEADER_XIMAP:
	case HEADER_FROM:
	case HEADER_SUBJECT:
		if (l->len <= FROMLINE_MAX)
			s->proof |= header_proof(kind, l->p, l->seen);
		other(s);
		break;
	case HEADER_XSTATUS:
	case HEADER_IMAP:
	case HEADER_OTHER:
	default:
		other(s);
		break;
	}
	if (!s->dropping)
		s->loc.wire += mboxline_wire(l);
}
