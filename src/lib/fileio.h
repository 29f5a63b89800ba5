/* SPDX-License-Identifier: MIT */
#ifndef POPPER_FILEIO_H
#define POPPER_FILEIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Whole blocks of regular files at an offset, over short transfers and
 * signals, but not over signals without end.  -1 with errno.
 */

/* Up to n octets; fewer only at the end of the file. */
ssize_t file_read(int fd, void *to, size_t n, uint64_t at);

int file_write(int fd, const void *from, size_t n, uint64_t at);

int file_truncate(int fd, uint64_t size);

/* fallocate(2); keep: the size stays.  0 too where it is not known. */
int file_reserve(int fd, uint64_t from, uint64_t n, bool keep);

/* Takes n octets out of the middle: whole blocks, where that can be done. */
int file_collapse(int fd, uint64_t from, uint64_t n);

#endif
