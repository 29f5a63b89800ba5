/* SPDX-License-Identifier: MIT */
#ifndef POPPER_LINES_H
#define POPPER_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Lines of a file, or of memory, without stdio: no allocation as long as
 * they fit into the memory that is given.
 */
struct lines {
	int fd;
	int64_t deadline; /* of all of it, clock_ms(); 0: none */
	char *mem, *heap;
	size_t cap, pos, len;
	bool eof;
};

/* n octets at text, which has room for one more. */
void lines_text(struct lines *l, char *text, size_t n);

/* What fd gives is read into mem; a longer line gets memory of its own. */
void lines_init(struct lines *l, int fd, char *mem, size_t cap);

/*
 * The next line, as a string of *n octets without its LF, that holds until
 * the next call: 1; 0 at the end; -1 with errno (EOVERFLOW: a line of more
 * than 8 MiB).
 */
int lines_next(struct lines *l, char **line, size_t *n);

void lines_free(struct lines *l);

#endif
