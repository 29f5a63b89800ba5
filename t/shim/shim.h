/* SPDX-License-Identifier: MIT */
#ifndef SHIM_H
#define SHIM_H

/* open and open64 are two names here */
#undef _FILE_OFFSET_BITS
/* and nothing stands in front of them */
#undef _FORTIFY_SOURCE

#include <dlfcn.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>

/* POSIX lets dlsym give functions, ISO C does not know of it */
#define REAL(name) (__extension__(__typeof__(&name)) dlsym(RTLD_NEXT, #name))

/*
 * Opens a file of the test's, at once: later the process may be unable to
 * open any.  An fd, or -1, also if file is NULL.
 */
int shim_open(const char *file, int flags);

/* This is the process that was started, not a child of it. */
int shim_mine(void);

/* True if the call has to fail; errno is set.  Or the process is killed. */
int fault(const char *name);
/* The same for one that writes at most *n octets, which may get fewer. */
int fault_data(const char *name, size_t *n);

/* How many of n octets at `at` of a file the disk has room for. */
size_t space_for(const struct stat *st, off64_t at, size_t n);
/* The file reaches to `end` now, or was cut there. */
void space_used(const struct stat *st, off64_t end);
void space_cut(const struct stat *st, off64_t end);

/* Names in a record say what was done; PowerCut.pm has the other end. */
enum record {
	R_CREATE = 'c',	  /* file, name; a: mode, b: uid, gid */
	R_WRITE = 'w',	  /* file, data; a: offset, b: size before */
	R_SIZE = 't',	  /* file; a: new size; b: 1 if it can only grow */
	R_HOLE = 'p',	  /* file; a: offset, b: octets */
	R_COLLAPSE = 'k', /* file; a: offset, b: octets taken out */
	R_SYNC = 's',	  /* file or folder */
	R_DATASYNC = 'd',
	R_ALLSYNC = 'S',
	R_RENAME = 'r', /* file, both names; a: flags */
	R_LINK = 'l',	/* file, new name */
	R_UNLINK = 'u', /* name */
	R_MKDIR = 'm',
	R_RMDIR = 'z',
	R_SYMLINK = 'y',
	R_MODE = 'h', /* file; a: mode, b: uid, gid */
	R_REPLY = '!' /* data: the first line of what was sent */
};

struct record_head {
	uint32_t kind, octets;
	uint64_t dev, ino; /* the file */
	uint64_t dir_dev, dir_ino, dir2_dev, dir2_ino;
	uint64_t a, b;
};

void record_begin(void);
int recording(void);
void record_fd(enum record kind, int fd, uint64_t a, uint64_t b);
/* fd's mode and owner */
void record_mode(int fd, int dir, const char *path, int flags);
void record_open(int fd, int dir, const char *path, int flags, int was);
void record_name(enum record kind, int dir, const char *path);
void record_names(enum record kind, int dir, const char *path, int dir2,
    const char *path2, unsigned flags);
void record_data(const struct stat *st, const void *data, size_t n, off64_t at);
void record_copy(
    const struct stat *st, int from, off64_t from_at, size_t n, off64_t at);
void record_reply(int fd, const void *data, size_t n);

#endif
