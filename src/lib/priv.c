/* SPDX-License-Identifier: MIT */
/* runs as: root */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "confine.h"
#include "landlock.h"
#include "priv.h"

int
priv_become(uid_t uid, gid_t gid, gid_t also, struct err *e)
{
	if (geteuid() != 0) {
		if (uid == geteuid())
			return 0;
		return err_set(e, ERR_PERM,
		    "Not started by root, so only the mail of uid %ld can be "
		    "served, not of uid %ld",
		    (long)geteuid(), (long)uid);
	}
	if (uid == 0)
		return err_set(e, ERR_PERM, "uid 0 is never served");
	if (setgroups(also == gid ? 0 : 1, &also) == -1 ||
	    setresgid(gid, gid, gid) == -1 || setresuid(uid, uid, uid) == -1)
		return err_sys(e, ERR_PERM, "Unable to become", "the user");
	if (setuid(0) == 0 || setresuid((uid_t)-1, 0, (uid_t)-1) == 0)
		return err_set(e, ERR_PERM, "Unable to give up root for good");
	return 0;
}

/*
 * An empty folder fits into a small buffer; readdir(3) would take 32 KiB.
 */
int
priv_open_empty(const char *dir, struct err *e)
{
	_Alignas(8) char list[512];
	struct stat st;
	long n = -1;
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd == -1)
		return err_sys(e, ERR_PERM, "Unable to open", dir);
	if (fstat(fd, &st) == 0)
		n = syscall(SYS_getdents64, fd, list, sizeof list);
	if (n == -1)
		err_sys(e, ERR_PERM, "Unable to look into", dir);
	/* two entries of 24 octets each: the folder and its parent */
	else if (n > 48 || st.st_uid != 0 || (st.st_mode & 022) != 0)
		err_set(e, ERR_PERM,
		    "The folder %.200s has to be empty, owned by root and "
		    "writable by nobody else",
		    dir);
	else
		return fd;
	close(fd);
	return -1;
}

static int
enter_empty(const char *dir, struct err *e)
{
	int fd = priv_open_empty(dir, e);

	if (fd == -1)
		return -1;
	if (fchdir(fd) == -1 || close(fd) == -1 || chroot(".") == -1)
		return err_sys(e, ERR_PERM, "Unable to chroot to", dir);
	return 0;
}

/* end: the signal that the parent's end sends, or 0. */
static int
confine(const char *dir, uid_t uid, gid_t gid, int (*filter)(struct err *),
    int end, struct err *e)
{
	if (geteuid() == 0) {
		if (enter_empty(dir, e) == -1 ||
		    priv_become(uid, gid, gid, e) == -1)
			return -1;
	}
	/* another uid clears what was set before */
	if (prctl(PR_SET_PDEATHSIG, end, 0, 0, 0) == -1 ||
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return err_sys(e, ERR_PERM, "Unable to confine", "a process");
	return filter(e);
}

int
priv_confine(const char *dir, uid_t uid, gid_t gid, struct err *e)
{
	return confine(dir, uid, gid, confine_front, SIGKILL, e);
}

int
priv_confine_engine(const char *dir, uid_t uid, gid_t gid, struct err *e)
{
	return confine(dir, uid, gid, confine_engine, 0, e);
}

int
priv_confine_lookup(uid_t uid, gid_t gid, int log, struct err *e)
{
	/* resolv.conf(5) and what else the two libcs look into */
	static const char *const file[] = { "/etc/hosts", "/etc/resolv.conf",
		"/etc/nsswitch.conf", "/etc/host.conf", "/etc/gai.conf" };

	if (geteuid() == 0 && priv_become(uid, gid, gid, e) == -1)
		return -1;
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return err_sys(e, ERR_PERM, "Unable to confine", "a process");
	if (landlock_files(file, sizeof file / sizeof file[0], e) == -1)
		return -1;
	return confine_lookup(log, e);
}

int
priv_confine_session(
    const int *dir, size_t n, const struct confine_fds *fds, struct err *e)
{
	int r;

	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return err_sys(e, ERR_TEMP, "Unable to confine", "the session");
	r = landlock_folders(dir, n, e);
	return r == -1 || confine_session(fds, e) == -1 ? -1 : r;
}
