/* SPDX-License-Identifier: MIT */
/* runs as: the user */
#include <errno.h>
#include <unistd.h>

#include "lock.h"
#include "scan.h"

#define BLOCK 262144

static int
refuse(struct mboxscan *s, const struct spool *sp, struct err *e)
{
	if (!mboxscan_bad(s))
		return -1;
	return err_set(e, ERR_PERM,
	    "Unable to process From lines (envelope), change recognition "
	    "modes: %.200s does not begin with a From_ line; mend or remove "
	    "what stands before the first message",
	    sp->path);
}

int
scan_spool(struct spool *sp, uint64_t size,
    int (*msg)(void *ctx, const struct msgloc *loc), void *ctx, struct err *e)
{
	static char block[BLOCK];
	struct mboxscan s;
	uint64_t at = 0;

	mboxscan_init(&s, msg, ctx);
	while (at < size) {
		size_t want = size - at < BLOCK ? (size_t)(size - at) : BLOCK;
		ssize_t r = pread(sp->fd, block, want, (off_t)at);

		if (r == -1 && errno == EINTR)
			continue;
		if (r == -1)
			return err_sys(e, ERR_TEMP, "Unable to read", sp->path);
		if (r == 0)
			return err_set(e, ERR_TEMP,
			    "%.200s was cut off while it was locked", sp->path);
		if (mboxscan_feed(&s, block, (size_t)r) == -1)
			return refuse(&s, sp, e);
		at += (uint64_t)r;
		lock_refresh(sp);
	}
	return mboxscan_end(&s) == -1 ? refuse(&s, sp, e) : 0;
}
