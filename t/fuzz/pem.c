/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"
#include "identity.h"

/* Any file: an identity, or a fault that names it. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct identities all;
	char path[40];
	struct err e;
	size_t i;
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	if (fd == -1 || fchmod(fd, 0600) == -1 ||
	    write(fd, data, n) != (ssize_t)n)
		abort();
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	if (identity_load(&all.one[0], path, NULL, &e) == 0) {
		const struct identity *id = &all.one[0];

		if (id->chain_len == 0 || id->chain_len > IDENTITY_CHAIN_MAX)
			abort();
		for (i = 0; i < id->chain_len; i++)
			if (id->chain[i].data_len == 0 ||
			    id->chain[i].data_len > n)
				abort();
		all.count = 1;
		identity_free(&all);
	} else if (e.kind != ERR_PERM || strstr(e.text, path) == NULL) {
		abort();
	}
	close(fd);
	return 0;
}
