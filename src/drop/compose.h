/* SPDX-License-Identifier: MIT */
#ifndef POPPER_COMPOSE_H
#define POPPER_COMPOSE_H

#include "drop.h"
#include "plan.h"

/*
 * What is kept of the mail that was scanned becomes extents of a plan, from
 * message first and octet at on, and means there what it meant (mboxscan.h).
 * With update-status-headers a message that
 * needs them gets an X-UIDL field, if its id was asked for, and a Status field.
 * Without it only ids that were given (given.h) are written.
 * They take room: where octets may only move down (tight), a message without
 * the room keeps its header as it is.
 */
struct compose {
	struct plan_out *plan;
	bool tight;
	uint64_t base; /* of the mail in the file that extents are of */
	bool open;     /* set: MMDF, and a ^A line behind it would not open */
};

int compose(struct drop *d, struct compose *c, uint32_t first, uint64_t at,
    struct err *e);

#endif
