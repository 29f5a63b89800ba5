/* SPDX-License-Identifier: MIT */
#ifndef POPPER_SCANREST_H
#define POPPER_SCANREST_H

#include "scanref.h"

/*
 * The octets that an update leaves of the n at s without the messages of which
 * the bit is set in gone, where bits count again from the first one behind the
 * last; to has room for n octets and MBOXSCAN_FRONT.  Returns how many;
 * open tells if a ^A line that comes behind them needs MBOXSCAN_MARK.
 */
size_t scanrest_without(const struct scanref *r, const char *s, size_t n,
    uint32_t gone, char *to, bool *open);

/*
 * Both spools have the same messages, but for where they lie: all of now, and
 * those of was that are not gone.  NULL, or what differs.
 */
const char *scanrest_differ(const struct scanref *was, const char *s,
    uint32_t gone, const struct scanref *now, const char *rest);

#endif
