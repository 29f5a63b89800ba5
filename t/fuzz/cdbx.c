/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cdbx.h"
#include "fuzz.h"

/* A hostile CDB: it may have no records, but none that does not fit. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const char *const name[] = { "joe", "sue", "" };
	char path[40];
	struct err e;
	size_t i;
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	if (fd == -1 || fchmod(fd, 0600) == -1 ||
	    write(fd, data, n) != (ssize_t)n)
		abort();
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	for (i = 0; i < 3; i++) {
		char *dst = malloc(64);
		int rc;

		if (dst == NULL)
			abort();
		rc = cdbx_get(path, 'c', name[i], dst, 64, &e);
		if (rc == 1 && strlen(dst) >= 64)
			abort();
		if (rc == -1 && e.kind == ERR_NONE)
			abort();
		free(dst);
	}
	close(fd);
	return 0;
}
