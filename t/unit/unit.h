/* SPDX-License-Identifier: MIT */
#ifndef POPPER_UNIT_H
#define POPPER_UNIT_H

/* cmocka wants these first */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/*
 * Fails and says on fd 2, since fd 1 is TAP, which case of a table it was.
 */
#define CHECK(ok, ...) \
	do { \
		if (!(ok)) { \
			fprintf(stderr, "# %s:%d: ", __FILE__, __LINE__); \
			fprintf(stderr, __VA_ARGS__); \
			fputc('\n', stderr); \
			fail(); \
		} \
	} while (0)

#endif
