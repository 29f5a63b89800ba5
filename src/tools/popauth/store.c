/* SPDX-License-Identifier: MIT */
/* runs as: root (popauth) */
#include <cdb.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "fileio.h"
#include "store.h"

#define SOURCE "secrets"
#define SOURCE_NEW ".secrets.new"
#define TRIES 100 /* to open a source that others replace */
#define BUILT "secrets.cdb"
#define BUILT_NEW ".secrets.cdb.new"
#define LOCK_MS 10000
#define TRY_MS 50

void
store_open(struct store *st, const struct who *w)
{
	*st = (struct store){ .dir = w->dir, .pop = w->pop, .lock = -1 };
	snprintf(st->path, sizeof st->path, "%s/" SOURCE, w->path);
}

int
store_lock(struct store *st, struct err *e)
{
	int64_t deadline = clock_ms() + LOCK_MS;

	st->lock = openat(st->dir, ".lock",
	    O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	if (st->lock == -1)
		return err_sys(e, ERR_TEMP, "Unable to lock", st->path);
	while (flock(st->lock, LOCK_EX | LOCK_NB) == -1) {
		int sys = errno;

		if (sys == EWOULDBLOCK && clock_ms() < deadline) {
			clock_wait(clock_ms() + TRY_MS);
			continue;
		}
		store_unlock(st);
		errno = sys;
		if (sys != EWOULDBLOCK)
			return err_sys(e, ERR_TEMP, "Unable to lock", st->path);
		return err_set(e, ERR_BUSY,
		    "%.200s is being changed by another program: try again "
		    "later",
		    st->path);
	}
	return 0;
}

void
store_unlock(struct store *st)
{
	if (st->lock != -1)
		close(st->lock);
	st->lock = -1;
}

static int
check(const struct store *st, const struct stat *file, struct err *e)
{
	if (!S_ISREG(file->st_mode) || file->st_uid != geteuid() ||
	    file->st_nlink != 1 || (file->st_mode & 022) != 0)
		return err_set(e, ERR_CONF,
		    "%.200s (owner %ld, mode %04o, %ld links) has to be a "
		    "regular file of uid %ld's with one link and mode 0600",
		    st->path, (long)file->st_uid,
		    (unsigned)file->st_mode & 07777, (long)file->st_nlink,
		    (long)geteuid());
	if (file->st_size > (off_t)SECRETS_MAX)
		return err_set(
		    e, ERR_CONF, "%.200s has more than 64 MiB", st->path);
	return 0;
}

static int
read_all(struct store *st, int fd, size_t n, struct err *e)
{
	ssize_t r;

	st->text = malloc(n + 1);
	if (st->text == NULL)
		return err_sys(e, ERR_TEMP, "Unable to read", st->path);
	r = file_read(fd, st->text, n, 0);
	if (r == -1)
		return err_sys(e, ERR_TEMP, "Unable to read", st->path);
	st->n = (size_t)r;
	return 1;
}

/* The source as it is now: one that was replaced meanwhile has no link. */
static int
open_source(const struct store *st)
{
	struct stat file;
	int tries;
	int fd;

	for (tries = 0;; tries++) {
		fd = openat(st->dir, SOURCE,
		    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
		if (fd == -1 || tries == TRIES || fstat(fd, &file) == -1 ||
		    file.st_nlink != 0)
			return fd;
		close(fd);
	}
}

int
store_load(struct store *st, struct err *e)
{
	struct stat file;
	struct stat cdb;
	int r = -1;
	int fd = open_source(st);

	if (fd == -1 && errno == ENOENT)
		return 0;
	if (fd == -1)
		return err_sys(e, ERR_CONF, "Unable to open", st->path);
	store_free(st);
	if (fstat(fd, &file) == -1)
		err_sys(e, ERR_TEMP, "Unable to look at", st->path);
	else if (check(st, &file, e) == 0)
		r = read_all(st, fd, (size_t)file.st_size, e);
	close(fd);
	st->stale = fstatat(st->dir, BUILT, &cdb, AT_SYMLINK_NOFOLLOW) == -1 ||
	    !clock_later(&cdb.st_mtim, &file.st_mtim);
	return r;
}

void
store_free(struct store *st)
{
	if (st->text != NULL)
		explicit_bzero(st->text, st->n);
	free(st->text);
	st->text = NULL;
	st->n = 0;
}

struct secrets
store_secrets(const struct store *st)
{
	return (struct secrets){ .path = st->path,
		.text = st->text != NULL ? st->text : "",
		.n = st->n,
		.pop = st->pop };
}

/* The record k of the CDB that is there: 1, 0 if there is none, -1 with e. */
static int
old_salt(int dir, char salt[SECRETS_SALT], struct err *e)
{
	struct cdb c;
	int r = 0;
	int fd =
	    openat(dir, BUILT, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd == -1)
		return errno == ENOENT
		    ? 0
		    : err_sys(e, ERR_TEMP, "Unable to open", BUILT);
	if (cdb_init(&c, fd) == 0) {
		r = cdb_find(&c, "k", 1) == 1 &&
		    cdb_datalen(&c) == SECRETS_SALT - 1 &&
		    cdb_readdata(&c, salt) == 0 &&
		    secrets_salt_ok(salt, SECRETS_SALT - 1);
		cdb_free(&c);
	} else if (errno != EPROTO) {
		/* that would be a damaged one */
		r = err_sys(e, ERR_TEMP, "Unable to read", BUILT);
	}
	close(fd);
	return r;
}

/* Without one, a new one; so unknown users keep the salt that they have. */
static int
find_salt(int dir, char salt[SECRETS_SALT], struct err *e)
{
	unsigned char octets[(SECRETS_SALT - 1) / 2];
	size_t i;
	int r;

	memset(salt, 0, SECRETS_SALT);
	r = old_salt(dir, salt, e);
	if (r != 0)
		return r == 1 ? 0 : -1;
	if (getrandom(octets, sizeof octets, 0) != sizeof octets)
		return err_sys(e, ERR_TEMP, "Unable to get", "random octets");
	for (i = 0; i < sizeof octets; i++)
		snprintf(salt + 2 * i, 3, "%02x", octets[i]);
	return 0;
}

static int
create(int dir, const char *name, struct err *e)
{
	int fd;

	if (unlinkat(dir, name, 0) == -1 && errno != ENOENT)
		return err_sys(e, ERR_TEMP, "Unable to replace", name);
	fd = openat(dir, name,
	    O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	return fd == -1 ? err_sys(e, ERR_TEMP, "Unable to create", name) : fd;
}

/* The file is durable, and closed. */
static int
finish(int fd, const char *name, int r, struct err *e)
{
	if (r == 0 && fsync(fd) == -1)
		r = err_sys(e, ERR_TEMP, "Unable to sync", name);
	if (close(fd) == -1 && r == 0)
		r = err_sys(e, ERR_TEMP, "Unable to write", name);
	return r;
}

static int
write_source(const struct store *st, const struct secrets *s, struct err *e)
{
	int r;
	int fd = create(st->dir, SOURCE_NEW, e);

	if (fd == -1)
		return -1;
	r = file_write(fd, s->text, s->n, 0);
	if (r == -1)
		err_sys(e, ERR_TEMP, "Unable to write", SOURCE_NEW);
	return finish(fd, SOURCE_NEW, r, e);
}

static int
write_cdb(const struct store *st, const struct secrets *s, struct err *e)
{
	char salt[SECRETS_SALT];
	int fd;

	if (find_salt(st->dir, salt, e) == -1 ||
	    (fd = create(st->dir, BUILT_NEW, e)) == -1)
		return -1;
	return finish(fd, BUILT_NEW, secrets_build(s, fd, salt, e), e);
}

int
store_put(struct store *st, const char *text, size_t n, struct err *e)
{
	const struct secrets s = {
		.path = st->path, .text = text, .n = n, .pop = st->pop
	};

	if (n > SECRETS_MAX)
		return err_set(e, ERR_CONF,
		    "%.200s would have more than "
		    "64 MiB",
		    st->path);
	/* the source first: so the CDB is the newer one of the two */
	if (write_source(st, &s, e) == -1 || write_cdb(st, &s, e) == -1) {
		unlinkat(st->dir, SOURCE_NEW, 0);
		unlinkat(st->dir, BUILT_NEW, 0);
		return -1;
	}
	if (renameat(st->dir, SOURCE_NEW, st->dir, SOURCE) == -1) {
		err_sys(e, ERR_TEMP, "Unable to replace", st->path);
		unlinkat(st->dir, SOURCE_NEW, 0);
		unlinkat(st->dir, BUILT_NEW, 0);
		return -1;
	}
	if (renameat(st->dir, BUILT_NEW, st->dir, BUILT) == -1) {
		err_sys(e, ERR_TEMP, "Unable to replace", BUILT);
		err_more(
		    e, "; %.100s has the change, so run rebuild-cdb", st->path);
		unlinkat(st->dir, BUILT_NEW, 0);
		return -1;
	}
	if (fsync(st->dir) == -1)
		return err_sys(
		    e, ERR_TEMP, "Unable to sync the folder of", st->path);
	return 0;
}
