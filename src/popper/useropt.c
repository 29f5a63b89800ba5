/* SPDX-License-Identifier: MIT */
/* runs as: root (to open the spool folder's file), the user */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"
#include "useropt.h"

#define FILE_OCTETS 65536

#define FLAGS (O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)

/* Takes over fd, whose file is called path. */
static int
read_options(
    struct config *c, int fd, const char *path, unsigned where, struct err *e)
{
	struct stat st;
	int r;

	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode) ||
	    st.st_size > FILE_OCTETS) {
		close(fd);
		return err_set(e, ERR_CONF,
		    "%.200s is not a regular file of at most 64 KiB", path);
	}
	r = config_fd(c, fd, path, where, e);
	close(fd);
	return r;
}

int
useropt_home(struct config *c, const char *home, struct err *e)
{
	char path[300];
	int n = snprintf(path, sizeof path, "%s/.qpopper-options", home);
	int fd;

	if (home[0] == '\0' || n < 0 || (size_t)n >= sizeof path)
		return 0;
	fd = open(path, FLAGS);
	if (fd == -1 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (fd == -1) {
		err_sys(e, ERR_CONF, "Unable to open", path);
		return -1;
	}
	return read_options(c, fd, path, IN_HOME, e);
}

static int
name_of(char *dst, size_t n, const char *user)
{
	int k = snprintf(dst, n, ".%s.qpopper-options", user);

	return k > 0 && (size_t)k < n ? 0 : -1;
}

int
useropt_open_spool(int dir, const char *user)
{
	char name[120];
	struct stat st;
	int fd;

	if (name_of(name, sizeof name, user) == -1 ||
	    (fd = openat(dir, name, FLAGS)) == -1)
		return -1;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == 0 &&
	    st.st_nlink == 1 && (st.st_mode & 022) == 0)
		return fd;
	log_line("%s in the spool folder (owner %ld, mode %04o) is not read: "
		 "it has to belong to root and be writable by nobody else",
	    name, (long)st.st_uid, (unsigned)st.st_mode & 07777);
	close(fd);
	return -1;
}

int
useropt_spool(struct config *c, int fd, const char *user, struct err *e)
{
	char name[120];

	if (name_of(name, sizeof name, user) == -1)
		name[0] = '\0';
	return read_options(c, fd, name, IN_SPOOL, e);
}
