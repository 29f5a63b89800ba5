/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "io.h"
#include "memio.h"

/*
 * Octets say how much is read at once, how large the buffer is and where a
 * read fails; the rest is what a client sends.
 */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct memin from;
	struct in in;
	size_t ends = 0;
	size_t i;
	char *mem;
	char *line;
	enum io_line st;

	if (n < 3)
		return 0;
	mem = malloc(IO_LINE_MAX + data[1]);
	if (mem == NULL)
		abort();
	memin_init(&from, (const char *)data + 3, n - 3, data[0] + 1U);
	from.err_at = data[2] * 4U;
	from.err = ETIMEDOUT;
	in_init(&in, memin_read, &from, mem, IO_LINE_MAX + data[1]);
	for (i = 3; i < n; i++)
		ends += data[i] == '\n';
	while ((st = in_line(&in, &line, 0)) != IO_EOF) {
		if (st == IO_FAIL || (st != IO_TIMEOUT && ends-- == 0))
			abort();
		if (st == IO_LINE && strlen(line) >= IO_LINE_MAX)
			abort();
	}
	/* one answer a line end, and nothing lost */
	if (ends != 0 || in_partial(&in) != (n > 3 && data[n - 1] != '\n'))
		abort();
	free(mem);
	return 0;
}
