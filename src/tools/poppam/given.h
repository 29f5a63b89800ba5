/* SPDX-License-Identifier: MIT */
#ifndef POPPAM_GIVEN_H
#define POPPAM_GIVEN_H

#include <stdbool.h>

#include "err.h"

#define GIVEN_MAX 1024

/*
 * What came in on fd 3 (http://cr.yp.to/checkpwd/interface.html): strings,
 * each with a NUL behind it.  They lie in mem, which the caller wipes.
 */
struct given {
	char mem[GIVEN_MAX];
	const char *user, *password;
	const char *third; /* the time stamp, or the new password */
};

/*
 * Reads fd to its end and closes it.  third: three strings have to be there,
 * and not only two.  -1 with e, of kind ERR_CONF if that is no such data.
 */
int given_read(struct given *g, int fd, bool third, struct err *e);

void given_wipe(struct given *g);

#endif
