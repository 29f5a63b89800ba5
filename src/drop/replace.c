/* SPDX-License-Identifier: MIT */
/* runs as: the user */
#define XXH_INLINE_ALL
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "fileio.h"
#include "lock.h"
#include "replace.h"

#define BLOCK 262144
#define ACL "system.posix_acl_access"
#define ACL_MAX 4096

static int
cannot(const struct spool *sp, const char *what, struct err *e)
{
	return spool_err(sp, e, ERR_TEMP, what, sp->dir, sp->fresh);
}

static void
drop_fd(int *fd)
{
	if (*fd != -1)
		close(*fd);
	*fd = -1;
}

/* Group, mode and access control list of the spool. */
static int
dress(const struct spool *sp, int fd, struct err *e)
{
	const struct stat *st = &sp->st;
	char acl[ACL_MAX];
	ssize_t n;

	/* there was none: as delivery agents make it */
	if (sp->fd == -1)
		return fchmod(fd, 0660) == -1
		    ? cannot(sp, "Unable to set the mode of", e)
		    : 0;
	if (fchown(fd, (uid_t)-1, st->st_gid) == -1 &&
	    (st->st_mode & 0070) != 0)
		return err_sys(
		    e, ERR_PERM, "Unable to keep the group of", sp->path);
	if (fchmod(fd, st->st_mode & 0777) == -1)
		return err_sys(
		    e, ERR_PERM, "Unable to keep the mode of", sp->path);
	n = fgetxattr(sp->fd, ACL, acl, sizeof acl);
	/* without one, that of a folder's default must not come in */
	if (n == -1)
		fremovexattr(fd, ACL);
	if (n > 0 && fsetxattr(fd, ACL, acl, (size_t)n, 0) == -1)
		return err_sys(
		    e, ERR_PERM, "Unable to keep the ACL of", sp->path);
	return 0;
}

/* The octets of the spool in [from, to) to another place of fd. */
static int
copy(struct spool *sp, int fd, uint64_t from, uint64_t to, uint64_t at,
    struct err *e)
{
	static char block[BLOCK];

	while (from < to) {
		size_t n = to - from < BLOCK ? (size_t)(to - from) : BLOCK;

		if (file_read(sp->fd, block, n, from) != (ssize_t)n ||
		    file_write(fd, block, n, at) == -1)
			return cannot(sp, "Unable to write", e);
		from += n;
		at += n;
		lock_refresh(sp);
	}
	return 0;
}

static int
pour(struct spool *sp, int fd, uint64_t at, struct plan_in *in,
    XXH128_hash_t *digest, struct err *e)
{
	static char block[BLOCK];
	XXH3_state_t state;
	ssize_t n;

	XXH3_128bits_reset(&state);
	while ((n = plan_read(in, block, sizeof block)) > 0) {
		if (file_write(fd, block, (size_t)n, at) == -1)
			return cannot(sp, "Unable to write", e);
		XXH3_128bits_update(&state, block, (size_t)n);
		at += (uint64_t)n;
		lock_refresh(sp);
	}
	*digest = XXH3_128bits_digest(&state);
	return n == -1 ? cannot(sp, "Unable to write", e) : 0;
}

/*
 * The new spool, whole and durable but for its name; its fd, or -1.  The
 * digest is of what the plan makes.
 */
static int
make(struct spool *sp, uint64_t first, struct plan_in *in,
    XXH128_hash_t *digest, struct err *e)
{
	int fd = openat(sp->dir, sp->fresh,
	    O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd == -1)
		return spool_err(
		    sp, e, ERR_PERM, "Unable to create", sp->dir, sp->fresh);
	if (dress(sp, fd, e) == 0 && copy(sp, fd, 0, first, 0, e) == 0 &&
	    pour(sp, fd, first, in, digest, e) == 0) {
		if (fsync(fd) == 0)
			return fd;
		cannot(sp, "Unable to sync", e);
	}
	close(fd);
	unlinkat(sp->dir, sp->fresh, 0);
	return -1;
}

/* The file at fd is the spool from now on; *fd is -1 then. */
static int
take_name(struct spool *sp, int *fd, struct err *e)
{
	if (renameat(sp->dir, sp->fresh, sp->dir, sp->name) == -1)
		return cannot(sp, "Unable to rename", e);
	drop_fd(&sp->fd);
	sp->fd = *fd;
	*fd = -1;
	return 0;
}

static int
sync_name(const struct spool *sp, struct err *e)
{
	if (fsync(sp->dir) == 0)
		return 0;
	return err_sys(e, ERR_TEMP, "Unable to sync the folder of", sp->path);
}

int
replace_rest(
    struct spool *sp, uint64_t first, struct plan_in *in, struct err *e)
{
	XXH128_hash_t digest;
	int fd = make(sp, first, in, &digest, e);
	int r = -1;

	if (fd == -1)
		return -1;
	if (lock_intact(sp, (uint64_t)sp->st.st_size, e) == 0)
		r = take_name(sp, &fd, e);
	if (r == -1)
		unlinkat(sp->dir, sp->fresh, 0);
	else if (sync_name(sp, e) == -1)
		r = 1;
	drop_fd(&fd);
	return r;
}

/* From the commit point on. */
static int
finish(struct journal *j, struct spool *sp, int *fd, struct err *e)
{
	if (lock_intact(sp, j->now.size, e) == -1 ||
	    take_name(sp, fd, e) == -1 || sync_name(sp, e) == -1)
		return -1;
	return journal_drop(j, e) == 0 ? 0 : -1;
}

static int
commit(struct merge *m, struct spool *sp, struct err *e)
{
	/* its name, too: the record relies on it */
	if (sync_name(sp, e) == -1 || lock_intact(sp, m->slot.size, e) == -1)
		return -1;
	/* agents may not have synced what the state relies on */
	if (sp->fd != -1 && fdatasync(sp->fd) == -1)
		return err_sys(e, ERR_TEMP, "Unable to sync", sp->path);
	m->slot.state = JOURNAL_RENAME;
	return journal_put(m->j, &m->slot, e);
}

int
replace_all(struct merge *m, struct spool *sp, struct err *e)
{
	struct plan_in in;
	int fd;
	int r;

	if (m->slot.result == m->slot.size)
		return journal_drop(m->j, e);
	plan_open(&in, m->j->fd, m->slot.plan, m->slot.plan_len, m->j->fd);
	fd = make(sp, 0, &in, &m->slot.result_digest, e);
	if (fd == -1)
		return -1;
	r = commit(m, sp, e);
	if (r == -1)
		unlinkat(sp->dir, sp->fresh, 0);
	if (r == 0 && finish(m->j, sp, &fd, e) == -1)
		r = 1;
	drop_fd(&fd);
	return r;
}

/* Mail that came to the old spool since goes behind what was made. */
static int
add_more(struct journal *j, struct spool *sp, struct err *e)
{
	const int fd = sp->made;
	const struct journal_slot *s = &j->now;
	uint64_t size = sp->fd == -1 ? 0 : (uint64_t)sp->st.st_size;
	const char *gap = "";
	char last[MERGE_LAST];
	size_t n = s->result < sizeof last ? (size_t)s->result : sizeof last;

	if (file_truncate(fd, s->result) == -1 || dress(sp, fd, e) == -1)
		return cannot(sp, "Unable to cut", e);
	if (file_read(fd, last, n, s->result - n) != (ssize_t)n)
		return cannot(sp, "Unable to read", e);
	/* what comes to an empty spool does not know what is in front */
	if (s->size == 0 && size > 0) {
		int first = merge_first(sp->fd, 0, size, NULL);

		gap = first == -1 ? NULL : merge_gap(fd, 0, last, n, first);
	}
	if (gap == NULL)
		return cannot(sp, "Unable to read", e);
	if (file_write(fd, gap, strlen(gap), s->result) == -1)
		return cannot(sp, "Unable to write", e);
	if (copy(sp, fd, s->size, size, s->result + strlen(gap), e) == -1)
		return -1;
	if (fsync(fd) == -1)
		return cannot(sp, "Unable to sync", e);
	j->now.size = size;
	return finish(j, sp, &sp->made, e);
}

/*
 * 1 the first octets of the file have the digest, 0 not, -1 with e.  There is
 * no look at inodes: a maildrop can be moved between crash and recovery.
 */
static int
begins(const struct spool *sp, int fd, uint64_t size,
    const XXH128_hash_t *digest, struct err *e)
{
	int r = fd == -1 ? size == 0 : plan_whole(fd, 0, size, digest);

	return r == -1 ? err_sys(e, ERR_TEMP, "Unable to read", sp->path) : r;
}

/* It has its name: the new spool is there, or nobody can tell. */
static int
renamed(struct journal *j, struct spool *sp, struct err *e)
{
	int r = begins(sp, sp->fd, j->now.result, &j->now.result_digest, e);

	if (r != 1)
		return r == 0 ? 1 : -1;
	return sync_name(sp, e) == 0 && journal_drop(j, e) != -1 ? 0 : -1;
}

int
replace_resume(struct journal *j, struct spool *sp, struct err *e)
{
	const struct journal_slot *s = &j->now;
	struct stat st;
	int r;

	if (sp->made == -1 &&
	    fstatat(sp->dir, sp->fresh, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return errno == ENOENT ? renamed(j, sp, e)
				       : cannot(sp, "Unable to look at", e);
	if (sp->made == -1)
		return err_set(e, ERR_PERM,
		    "%.100s, beside %.200s, is a new spool that an update was "
		    "to put there, and cannot be opened: is it the user's own "
		    "regular file, with one link?",
		    sp->fresh, sp->path);
	r = begins(sp, sp->made, s->result, &s->result_digest, e);
	if (r == 1)
		r = begins(sp, sp->fd, s->size, &s->digest, e);
	if (r == 1)
		return add_more(j, sp, e);
	return r == 0 ? 1 : -1;
}
