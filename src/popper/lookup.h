/* SPDX-License-Identifier: MIT */
#ifndef POPPER_LOOKUP_H
#define POPPER_LOOKUP_H

#include "session.h"

/*
 * Warnings about a client's name, with reverse-lookup.  If the program before
 * us has told his address and no name, that is all there is to say.  If it has
 * told a name, this is looked up in a process of its own, which logs if it has
 * no address, or others than the client's.  Nobody waits for that process: it
 * is none of our children, has nothing of the client's, and ends with us, or
 * after LOOKUP_SECONDS.
 */
#define LOOKUP_SECONDS 8
void lookup_start(const struct session *s);

#endif
