/* SPDX-License-Identifier: MIT */
/*
 * With RECORD=file, each file-changing call that succeeded is appended to
 * that file, in order: a head, see shim.h, then its octets: names (folder
 * and name have no NUL, so it ends a name) or data.  Files and folders are
 * told by device and inode.  So are replies to the client, before they are
 * sent.
 */
#include "shim.h"
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE 512

static int out = -1;

void
record_begin(void)
{
	out = shim_open(getenv("RECORD"), O_WRONLY | O_APPEND | O_CREAT);
}

int
recording(void)
{
	return out != -1 && shim_mine();
}

/* In one piece, because others append, too. */
static void
put(struct record_head *h, const void *data, size_t n, const void *more,
    size_t k)
{
	struct iovec v[3] = { { h, sizeof *h }, { (void *)(uintptr_t)data, n },
		{ (void *)(uintptr_t)more, k } };

	h->octets = (uint32_t)(n + k);
	if (REAL(writev)(out, v, 3) != (ssize_t)(sizeof *h + n + k))
		abort();
}

static void
file_of(struct record_head *h, const struct stat *st)
{
	h->dev = st->st_dev;
	h->ino = st->st_ino;
}

void
record_fd(enum record kind, int fd, uint64_t a, uint64_t b)
{
	struct record_head h = { .kind = kind, .a = a, .b = b };
	struct stat st;

	if (!recording() || fstat(fd, &st) == -1 ||
	    (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)))
		return;
	file_of(&h, &st);
	put(&h, NULL, 0, NULL, 0);
}

static uint64_t
owner(const struct stat *st)
{
	return (uint64_t)st->st_uid << 32 | st->st_gid;
}

void
record_mode(int fd, int dir, const char *path, int flags)
{
	struct record_head h = { .kind = R_MODE };
	struct stat st;

	if ((fd != -1 ? fstat(fd, &st) : fstatat(dir, path, &st, flags)) == -1)
		return;
	file_of(&h, &st);
	h.a = st.st_mode & 07777;
	h.b = owner(&st);
	put(&h, NULL, 0, NULL, 0);
}

/* The folder that a path leads to, and the name in it. */
static const char *
split(int dir, const char *path, uint64_t *dev, uint64_t *ino)
{
	char folder[PATH_MAX] = ".";
	const char *slash = strrchr(path, '/');
	struct stat st = { 0 };

	if (slash != NULL && slash > path)
		snprintf(
		    folder, sizeof folder, "%.*s", (int)(slash - path), path);
	else if (slash != NULL)
		strcpy(folder, "/");
	if (fstatat(dir, folder, &st, 0) == 0) {
		*dev = st.st_dev;
		*ino = st.st_ino;
	}
	return slash != NULL ? slash + 1 : path;
}

void
record_open(int fd, int dir, const char *path, int flags, int was)
{
	struct record_head h = { .kind = R_CREATE };
	struct stat st;
	const char *name;

	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode))
		return;
	if (was && (flags & O_TRUNC) != 0) {
		space_cut(&st, 0);
		record_fd(R_SIZE, fd, 0, 0);
	}
	if (was)
		return;
	/* one without a name gets it by a link, if at all */
	name = (flags & __O_TMPFILE) != 0
	    ? ""
	    : split(dir, path, &h.dir_dev, &h.dir_ino);
	file_of(&h, &st);
	h.a = st.st_mode & 07777;
	h.b = owner(&st);
	put(&h, name, strlen(name), NULL, 0);
}

void
record_name(enum record kind, int dir, const char *path)
{
	struct record_head h = { .kind = kind };
	const char *name = split(dir, path, &h.dir_dev, &h.dir_ino);

	put(&h, name, strlen(name), NULL, 0);
}

void
record_names(enum record kind, int dir, const char *path, int dir2,
    const char *path2, unsigned flags)
{
	struct record_head h = { .kind = kind, .a = flags };
	const char *from = split(dir, path, &h.dir_dev, &h.dir_ino);
	const char *to = split(dir2, path2, &h.dir2_dev, &h.dir2_ino);
	struct stat st;

	if (fstatat(dir2, path2, &st, AT_SYMLINK_NOFOLLOW) == 0)
		file_of(&h, &st);
	put(&h, from, strlen(from) + 1, to, strlen(to));
}

void
record_data(const struct stat *st, const void *data, size_t n, off64_t at)
{
	struct record_head h = {
		.kind = R_WRITE, .a = (uint64_t)at, .b = (uint64_t)st->st_size
	};

	if (!recording())
		return;
	file_of(&h, st);
	put(&h, data, n, NULL, 0);
}

/* The same octets lie where they came from. */
void
record_copy(
    const struct stat *st, int from, off64_t from_at, size_t n, off64_t at)
{
	char *data;

	if (!recording())
		return;
	data = malloc(n);
	if (data == NULL || pread64(from, data, n, from_at) != (ssize_t)n)
		abort();
	record_data(st, data, n, at);
	free(data);
}

void
record_reply(int fd, const void *data, size_t n)
{
	struct record_head h = { .kind = R_REPLY };
	struct stat st;
	const char *eol;

	if (!recording() || n < 4 ||
	    (memcmp(data, "+OK", 3) != 0 && memcmp(data, "-ERR", 4) != 0) ||
	    fstat(fd, &st) == -1 || !S_ISSOCK(st.st_mode))
		return;
	eol = memchr(data, '\r', n < LINE ? n : LINE);
	put(&h, data, eol != NULL ? (size_t)(eol - (const char *)data) : 4,
	    NULL, 0);
}
