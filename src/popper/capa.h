/* SPDX-License-Identifier: MIT */
#ifndef POPPER_CAPA_H
#define POPPER_CAPA_H

#include "session.h"

struct args;

/* CAPA in both states (RFC 2449): only what would work now is announced. */
enum outcome capa_run(struct session *s, const struct args *a);
int capa_body(struct session *s);

#endif
