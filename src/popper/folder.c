/* SPDX-License-Identifier: MIT */
/* runs as: root (until it is the user) */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "folder.h"
#include "safefile.h"
#include "text.h"

#define FLAGS (O_RDONLY | O_DIRECTORY | O_CLOEXEC)
#define HASH_CHARACTERS 5

/* What to do, by the errno of a folder that does not open. */
static const char *
advice(int sys)
{
	switch (sys) {
	case ENOENT:
		return "make it, or change";
	case EACCES:
	case EPERM:
		return "let the session's user read and enter it, or change";
	case ENOTDIR:
	case ELOOP:
		return "put a folder there, or change";
	default:
		return "mend that, or change";
	}
}

/*
 * The errno of opening path; with it goes what can be seen: the thing, or
 * the last one on the way to it.
 */
static int
not_opened(const char *path, const char *setting, struct err *e)
{
	char seen[SPOOL_PATH_MAX];
	struct stat st;
	char *slash;

	err_sys(e, ERR_PERM, "Unable to open the folder", path);
	if (text_copy(seen, sizeof seen, path) == -1)
		return -1;
	while (stat(seen, &st) == -1) {
		slash = strrchr(seen, '/');
		if (slash == NULL || strcmp(seen, "/") == 0)
			return -1;
		slash[slash == seen] = '\0';
	}
	snprintf(e->text, sizeof e->text,
	    "Unable to open the folder %.100s: %s (%d); %.80s has owner %ld, "
	    "mode %04o: %s %.40s",
	    path, strerror(e->sys), e->sys, seen, (long)st.st_uid,
	    (unsigned)st.st_mode & 07777, advice(e->sys), setting);
	return -1;
}

int
folder_open(
    struct folder *f, const char *path, const char *setting, struct err *e)
{
	f->fd = -1;
	if (text_copy(f->path, sizeof f->path, path) == -1)
		return err_set(e, ERR_PERM,
		    "The path of a folder is too long: change %s", setting);
	f->fd = open(path, FLAGS);
	return f->fd == -1 ? not_opened(path, setting, e) : 0;
}

int
folder_hashed(unsigned method, const char *user, char name[])
{
	unsigned sum = 0;
	int i;

	if (method == 0)
		return 0;
	if (method == 1) {
		for (i = 0; i < HASH_CHARACTERS && user[i] != '\0'; i++)
			sum += (unsigned char)user[i];
		name[0] = (char)('a' + sum % 26);
		return 1;
	}
	name[0] = name[1] = user[0];
	if (user[1] != '\0')
		name[1] = user[1];
	return 2;
}

/* The errno of a hashed folder that was not made. */
static int
not_made(const char *path, const struct stat *up, struct err *e)
{
	err_sys(e, ERR_PERM, "Unable to make the folder", path);
	snprintf(e->text, sizeof e->text,
	    "Unable to make the folder %.140s: %s (%d); the one above it has "
	    "owner %ld, mode %04o: mend that, or make it by hand, with the "
	    "same owner, group and mode",
	    path, strerror(e->sys), e->sys, (long)up->st_uid,
	    (unsigned)up->st_mode & 07777);
	return -1;
}

/* Owner, group and mode of the folder above, for one that is ours. */
static int
dress(int fd, const struct stat *up)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		return -1;
	if (st.st_uid != geteuid()) {
		errno = EPERM;
		return -1;
	}
	if ((st.st_uid != up->st_uid || st.st_gid != up->st_gid) &&
	    fchown(fd, up->st_uid, up->st_gid) == -1)
		return -1;
	return fchmod(fd, up->st_mode & 07777);
}

/* What another session has made meanwhile stays, and is as good. */
static int
put(int dir, const char *fresh, const char *name)
{
	int r = renameat2(dir, fresh, dir, name, RENAME_NOREPLACE);

	if (r == -1 && (errno == EINVAL || errno == ENOSYS))
		r = renameat(dir, fresh, dir, name);
	if (r == -1 && errno != EEXIST && errno != ENOTEMPTY)
		return -1;
	/* mail may soon be nowhere else but in it */
	return fsync(dir);
}

/*
 * Made under a name of its own, so that nobody meets it before it has its
 * owner and mode.
 */
static int
make_like(const struct folder *f, const struct stat *up, const char *name)
{
	char fresh[40];
	int sys;
	int fd;
	int r = -1;

	snprintf(fresh, sizeof fresh, ".%s.%ld.hash", name, (long)getpid());
	/* left by a process that had our number, and died */
	unlinkat(f->fd, fresh, AT_REMOVEDIR);
	if (mkdirat(f->fd, fresh, 0700) == -1)
		return -1;
	fd = openat(f->fd, fresh, FLAGS | O_NOFOLLOW);
	if (fd != -1 && dress(fd, up) == 0)
		r = put(f->fd, fresh, name);
	sys = errno;
	if (fd != -1)
		close(fd);
	/* it is still there if it did not become the folder */
	unlinkat(f->fd, fresh, AT_REMOVEDIR);
	errno = sys;
	return r;
}

static int
not_entered(const struct folder *f, const char *name, const char *path,
    const struct stat *up, struct err *e)
{
	struct stat st;

	err_sys(e, ERR_PERM, "Unable to open the folder", path);
	if (e->sys == ENOENT)
		return err_set(e, ERR_PERM,
		    "The folder %.140s is missing, and check-hash-dir is off: "
		    "make it with the owner, group and mode of the one above "
		    "it (owner %ld, mode %04o), or set check-hash-dir",
		    path, (long)up->st_uid, (unsigned)up->st_mode & 07777);
	if (fstatat(f->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    !S_ISDIR(st.st_mode))
		return err_set(e, ERR_PERM,
		    "%.140s (owner %ld, mode %04o) is %s, and hash-spool needs "
		    "a folder there: move it away; to have the folder "
		    "elsewhere, mount it there",
		    path, (long)st.st_uid, (unsigned)st.st_mode & 07777,
		    S_ISLNK(st.st_mode) ? "a symbolic link" : "no folder");
	return not_opened(path, "hash-spool", e);
}

/* Opens name in f, made if need be: the fd. */
static int
enter(const struct folder *f, const char *name, const char *path, bool make,
    struct err *e)
{
	struct stat up;
	struct stat st;
	int fd;

	if (fstat(f->fd, &up) == -1)
		return err_sys(e, ERR_TEMP, "Unable to look at", f->path);
	fd = openat(f->fd, name, FLAGS | O_NOFOLLOW);
	if (fd == -1 && errno == ENOENT && make) {
		if (make_like(f, &up, name) == -1)
			return not_made(path, &up, e);
		fd = openat(f->fd, name, FLAGS | O_NOFOLLOW);
	}
	if (fd == -1)
		return not_entered(f, name, path, &up, e);
	if (fstat(fd, &st) == -1) {
		close(fd);
		return err_sys(e, ERR_TEMP, "Unable to look at", path);
	}
	if (st.st_uid == up.st_uid)
		return fd;
	close(fd);
	return err_set(e, ERR_PERM,
	    "The folder %.140s (owner %ld, mode %04o) does not belong to uid "
	    "%ld, as the one above it does, so anybody may have made it: look "
	    "into it, then give it to that uid, or remove it",
	    path, (long)st.st_uid, (unsigned)st.st_mode & 07777,
	    (long)up.st_uid);
}

int
folder_hash(struct folder *f, unsigned method, const char *user, bool make,
    struct err *e)
{
	char hashed[FOLDER_HASH_MAX];
	int n = folder_hashed(method, user, hashed);
	int i;

	for (i = 0; i < n; i++) {
		const char name[2] = { hashed[i], '\0' };
		char path[SPOOL_PATH_MAX];
		int k = snprintf(path, sizeof path, "%.395s/%s", f->path, name);
		int fd = enter(f, name, path, make, e);

		if (fd == -1)
			return -1;
		close(f->fd);
		f->fd = fd;
		memcpy(f->path, path, (size_t)k + 1);
	}
	return 0;
}

int
folder_copy(struct folder *to, const struct folder *from, struct err *e)
{
	*to = *from;
	to->fd = fcntl(from->fd, F_DUPFD_CLOEXEC, 3);
	if (to->fd == -1)
		return err_sys(e, ERR_TEMP, "Unable to open", from->path);
	return 0;
}

void
folder_move(struct folder *to, struct folder *from)
{
	*to = *from;
	from->fd = -1;
}

bool
folder_same(const struct folder *a, const struct folder *b)
{
	struct stat sa;
	struct stat sb;

	return a->fd != -1 && b->fd != -1 && fstat(a->fd, &sa) == 0 &&
	    fstat(b->fd, &sb) == 0 && safefile_same(&sa, &sb);
}

void
folder_close(struct folder *f)
{
	if (f->fd != -1)
		close(f->fd);
	f->fd = -1;
}
