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

/*
 * n octets were written at an offset, behind others: the disk can begin with
 * what a sync will ask it to have.  A hint, once for every MiB.
 */
void file_start(int fd, uint64_t at, size_t n);

/*
 * The octets in front of an offset, n and some, will not be read again: their
 * memory is better used for what is written.  A hint, too.
 */
void file_forget(int fd, uint64_t to, size_t n);

/* Takes n octets out of the middle: whole blocks, where that can be done. */
int file_collapse(int fd, uint64_t from, uint64_t n);

#endif
