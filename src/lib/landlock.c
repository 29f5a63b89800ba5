/* SPDX-License-Identifier: MIT */
/* runs as: the user, look-ups */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "landlock.h"

/*
 * The kernel's interface, as linux/landlock.h has it: that of the machine
 * where popper is built may be older than the kernel where it runs.
 */
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif
#define VERSION 1U
#define PATH_BENEATH 1

#define FS_WRITE_FILE ((uint64_t)1 << 1)
#define FS_READ_FILE ((uint64_t)1 << 2)
#define FS_REMOVE_FILE ((uint64_t)1 << 5)
#define FS_MAKE_REG ((uint64_t)1 << 8)
#define FS_TRUNCATE ((uint64_t)1 << 14)

struct ruleset {
	uint64_t fs, net, scoped;
};

struct beneath {
	uint64_t allowed;
	int32_t fd;
} __attribute__((packed));

/* All that a version can forbid; it refuses what it does not know. */
static const struct {
	int fs_bits;
	uint64_t net, scoped;
	size_t octets;
} version[] = {
	{ 13, 0, 0, 8 },
	{ 14, 0, 0, 8 },  /* links and renames between folders */
	{ 15, 0, 0, 8 },  /* truncation */
	{ 15, 3, 0, 16 }, /* TCP: bind and connect */
	{ 16, 3, 0, 16 }, /* devices */
	{ 16, 3, 3, 24 }, /* abstract sockets and signals */
};
#define VERSIONS ((long)(sizeof version / sizeof version[0]))

static int
cannot(int fd, struct err *e)
{
	err_sys(e, ERR_PERM, "Unable to set", "Landlock rules");
	if (fd != -1)
		close(fd);
	return -1;
}

/* Rules that forbid all: their fd, 0 if the kernel has none, or -1 with e. */
static int
forbid(struct ruleset *all, struct err *e)
{
	long v = syscall(SYS_landlock_create_ruleset, NULL, (size_t)0, VERSION);
	int fd;

	/* not built in, or not switched on */
	if (v < 1)
		return 0;
	v = v < VERSIONS ? v - 1 : VERSIONS - 1;
	all->fs = ((uint64_t)1 << version[v].fs_bits) - 1;
	all->net = version[v].net;
	all->scoped = version[v].scoped;
	fd = (int)syscall(
	    SYS_landlock_create_ruleset, all, version[v].octets, 0U);
	return fd == -1 ? cannot(fd, e) : fd;
}

static int
allow(int fd, uint64_t what, int at)
{
	const struct beneath b = { .allowed = what, .fd = at };

	return (int)syscall(SYS_landlock_add_rule, fd, PATH_BENEATH, &b, 0U);
}

static int
restrict_self(int fd, struct err *e)
{
	if (syscall(SYS_landlock_restrict_self, fd, 0U) == -1)
		return cannot(fd, e);
	close(fd);
	return 1;
}

int
landlock_folders(const int *dir, size_t n, struct err *e)
{
	const uint64_t what = FS_WRITE_FILE | FS_READ_FILE | FS_REMOVE_FILE |
	    FS_MAKE_REG | FS_TRUNCATE;
	struct ruleset all;
	int fd = forbid(&all, e);
	size_t i;

	if (fd <= 0)
		return fd;
	for (i = 0; i < n; i++) {
		if (dir[i] != -1 && allow(fd, what & all.fs, dir[i]) == -1)
			return cannot(fd, e);
	}
	return restrict_self(fd, e);
}

int
landlock_files(const char *const *path, size_t n, struct err *e)
{
	struct ruleset all;
	int fd = forbid(&all, e);
	size_t i;

	if (fd <= 0)
		return fd;
	for (i = 0; i < n; i++) {
		int at = open(path[i], O_PATH | O_CLOEXEC);
		int r = at == -1 ? 0 : allow(fd, FS_READ_FILE, at);

		if (at != -1)
			close(at);
		if (r == -1)
			return cannot(fd, e);
	}
	return restrict_self(fd, e);
}
