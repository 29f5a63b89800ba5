/* SPDX-License-Identifier: MIT */
#ifndef POPPER_CONFTEXT_H
#define POPPER_CONFTEXT_H

#include "config.h"

/* What is wrong with v, printable text, as the value of o; NULL: nothing. */
const char *conftext_wrong(
    const struct config *c, const struct opt *o, const char *v);

#endif
