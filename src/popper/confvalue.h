/* SPDX-License-Identifier: MIT */
#ifndef POPPER_CONFVALUE_H
#define POPPER_CONFVALUE_H

#include "config.h"

/*
 * Values of options: texts become what struct config holds, each type of the
 * option table by its rule (qpopper.conf(5)).  Only config.c calls this.
 */

/* The value of o from text, at its default if v is o->def.  ERR_CONF. */
int confvalue_assign(struct config *c, const struct opt *o, const char *v,
    const struct config_at *at, struct err *e);

/* Its value asks for something: it is not false, nor the default. */
bool confvalue_asks(const struct config *c, const struct opt *o);

/* As config_init leaves it. */
int confvalue_clear(struct config *c, const struct opt *o,
    const struct config_at *at, struct err *e);

/* -1 with e: where, which option, what is wrong, and the value if any. */
int confvalue_fail(const struct opt *o, const struct config_at *at,
    struct err *e, const char *text, const char *value);

/* A copy that lasts until confvalue_free, or NULL. */
char *confvalue_keep(struct config *c, const char *s);
void confvalue_free(struct config *c);

#endif
