/* SPDX-License-Identifier: MIT */
#ifndef POPPER_MEMIO_H
#define POPPER_MEMIO_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define MEMIO_NEVER SIZE_MAX

/* What a client sends, for struct in. */
struct memin {
	const char *data;
	size_t n, pos;
	size_t step;   /* octets a read at most */
	size_t err_at; /* before this octet a read fails, once */
	int err;       /* with this errno */
};

/* All of data, step octets at a time, without an error. */
void memin_init(struct memin *m, const char *data, size_t n, size_t step);
ssize_t memin_read(void *ctx, char *buf, size_t n, int64_t deadline);

/* What a client gets, from struct out. */
struct memout {
	char *data; /* owned */
	size_t n, cap;
	size_t step;   /* octets a write at most */
	size_t err_at; /* before this octet every write fails */
	int err;
	size_t calls;
};

void memout_init(struct memout *m, size_t step);
void memout_free(struct memout *m);
ssize_t memout_write(void *ctx, const char *buf, size_t n, int64_t deadline);

#endif
