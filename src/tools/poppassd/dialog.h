/* SPDX-License-Identifier: MIT */
#ifndef POPPASSD_DIALOG_H
#define POPPASSD_DIALOG_H

#include <sys/types.h>

#include "link.h"

/*
 * The front: confines itself with this identity, and speaks with the client
 * on fds 0 and 1 until the session is over.
 */
_Noreturn void dialog_run(const struct session *s, uid_t uid, gid_t gid);

#endif
