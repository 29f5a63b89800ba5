/* SPDX-License-Identifier: MIT */
#ifndef POPPER_SASL_H
#define POPPER_SASL_H

#include "cmd.h"
#include "session.h"

/*
 * AUTH (RFC 5034): the mechanisms, all of which end in the one try of a
 * session.  One that is refused, cancelled or not understood is none; there
 * can be MECHS_MAX of these.
 */
enum outcome sasl_run(struct session *s, const struct args *a);
int sasl_body(struct session *s);

/*
 * The names of the mechanisms that would work now, each behind a blank; their
 * number.  n octets are enough for all of them.
 */
int sasl_list(struct session *s, char *dst, size_t n);

/* Can a password be sent, by somebody of whom nothing is known? */
bool sasl_clear(const struct session *s);

/* True if sasl-mechanisms can be this: names of mechanisms. */
bool sasl_names(const char *list);

#endif
