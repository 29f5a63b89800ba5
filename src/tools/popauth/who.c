/* SPDX-License-Identifier: MIT */
/* runs as: root (popauth) */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cdbx.h"
#include "priv.h"
#include "text.h"
#include "userdb.h"
#include "username.h"
#include "who.h"

#define FOLDER POPPER_CDB
#define POP POPPER_CDB "/pop"
#define LOW_UID 10
#define NOBODY 65534 /* the group of an owner without an account */

struct found {
	int cdb; /* O_PATH */
	uid_t uid;
	bool has_pop;
	uid_t pop_uid;
	uid_t worn; /* our effective uid when we were started */
};

static int
refused(struct err *e, const char *text)
{
	err_set(e, ERR_PERM, "%s", text);
	return 1;
}

static int
find_folders(const struct who *w, struct found *f, struct err *e)
{
	struct stat st;

	/* search permission is all that the pop owner has there */
	f->cdb = open(FOLDER, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (f->cdb == -1 || fstat(f->cdb, &st) == -1)
		return err_sys(e, ERR_CONF, "Unable to open", FOLDER);
	f->uid = st.st_uid;
	if ((st.st_mode & 022) != 0 ||
	    (st.st_uid != 0 && (st.st_uid != w->real || w->real != f->worn)))
		return err_set(e, ERR_CONF,
		    "%s has to be root's, and writable by nobody else", FOLDER);
	if (fstatat(f->cdb, "pop", &st, AT_SYMLINK_NOFOLLOW) == -1) {
		f->has_pop = false;
		return errno == ENOENT
		    ? 0
		    : err_sys(e, ERR_TEMP, "Unable to look at", POP);
	}
	if (!S_ISDIR(st.st_mode))
		return err_set(e, ERR_CONF, "%s is no folder", POP);
	f->has_pop = true;
	f->pop_uid = st.st_uid;
	return 0;
}

/* Root makes it, and it has its name when it has its owner. */
static int
make_pop(const struct found *f, struct err *e)
{
	static const char temporary[] = ".pop.new";

	if (seteuid(0) == -1)
		return err_sys(e, ERR_PERM, "Unable to make", POP);
	if ((unlinkat(f->cdb, temporary, AT_REMOVEDIR) == -1 &&
		errno != ENOENT) ||
	    mkdirat(f->cdb, temporary, 0700) == -1 ||
	    fchownat(f->cdb, temporary, f->worn, (gid_t)-1,
		AT_SYMLINK_NOFOLLOW) == -1 ||
	    renameat(f->cdb, temporary, f->cdb, "pop") == -1)
		return err_sys(e, ERR_PERM, "Unable to make", POP);
	return 0;
}

static int
become(const struct who *w, uid_t worn, struct err *e)
{
	struct userdb_account a = { .count = 0 };
	gid_t gid = NOBODY;

	/* set-uid to somebody else, and started by root */
	if (w->real == 0 && worn != 0 && seteuid(0) == -1)
		return err_sys(e, ERR_PERM, "Unable to become", "root");
	if (geteuid() == 0 && w->owner != 0) {
		if (userdb_account(&userdb_system, w->owner, &a, e) == -1)
			return -1;
		if (a.count != 0)
			gid = a.gid;
		if (priv_become(w->owner, gid, gid, e) == -1)
			return -1;
	} else if (geteuid() == 0) {
		if (setgroups(0, NULL) == -1 || setresgid(0, 0, 0) == -1 ||
		    setresuid(0, 0, 0) == -1)
			return err_sys(e, ERR_PERM, "Unable to become", "root");
	} else if (setresuid(w->owner, w->owner, w->owner) == -1) {
		return err_sys(
		    e, ERR_PERM, "Unable to become", "the folder's owner");
	}
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1)
		return err_sys(e, ERR_PERM, "Unable to shut", "/proc/self");
	return 0;
}

static int
open_folder(struct who *w, int cdb, struct err *e)
{
	struct stat st;

	w->dir = openat(cdb, w->pop ? "pop" : ".",
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	close(cdb);
	if (w->dir == -1 || fstat(w->dir, &st) == -1)
		return err_sys(e, ERR_CONF, "Unable to open", w->path);
	if (st.st_uid != w->owner || (w->pop && (st.st_mode & 077) != 0))
		return err_set(e, ERR_CONF,
		    "%s (owner %ld, mode %04o) has to be uid %ld's, mode 0700",
		    w->path, (long)st.st_uid, (unsigned)st.st_mode & 07777,
		    (long)w->owner);
	return 0;
}

int
who_begin(struct who *w, bool init, struct err *e)
{
	struct found f = { .worn = geteuid() };
	bool setuid_pop;

	w->real = getuid();
	if (find_folders(w, &f, e) == -1)
		return -1;
	setuid_pop = f.worn != 0 && f.worn != w->real;
	w->all = w->real == 0 || (f.has_pop && w->real == f.pop_uid) ||
	    w->real == f.uid;
	if (!w->all && f.worn == w->real)
		return refused(e,
		    "Only root and the pop owner can do that: popauth is "
		    "not set-uid here");
	if (!w->all && w->real <= LOW_UID)
		return refused(e, "A uid of 10 or below is not served");
	if (setuid_pop && !f.has_pop) {
		if (!init || w->real != 0)
			return err_set(e, ERR_CONF,
			    "%s is not there: root has to run popauth -init",
			    POP);
		if (make_pop(&f, e) == -1)
			return -1;
		f.has_pop = true;
		f.pop_uid = f.worn;
	}
	if (setuid_pop && f.worn != f.pop_uid)
		return err_set(e, ERR_CONF,
		    "popauth is set-uid to uid %ld, but %s belongs to uid %ld",
		    (long)f.worn, POP, (long)f.pop_uid);
	w->pop = f.has_pop;
	w->owner = f.has_pop ? f.pop_uid : f.uid;
	w->path = f.has_pop ? POP : FOLDER;
	if (become(w, f.worn, e) == -1)
		return -1;
	return open_folder(w, f.cdb, e);
}

const char *
who_beside(const struct who *w)
{
	static const char path[] = FOLDER "/secrets";
	struct stat st;

	return w->pop && stat(path, &st) == 0 && st.st_size > 0 ? path : NULL;
}

/*
 * A virtual user comes before an account of the same name, and is not who
 * the account is.
 */
static int
not_virtual(const struct who *w, const char *name, struct err *e)
{
	char own[32];
	char rec[600];
	int r =
	    cdbx_get(POPPER_CDB "/users.cdb", 'u', name, rec, sizeof rec, e);

	if (r == -1 && e->sys == EACCES)
		err_more(e,
		    ": root has to make users, allow and deny readable by all "
		    "and run rebuild-cdb");
	if (r != 1)
		return r;
	snprintf(own, sizeof own, "%lu:", (unsigned long)w->real);
	if (strncmp(rec, own, strlen(own)) == 0)
		return 0;
	return refused(e, "This name is a virtual user's here");
}

int
who_is_it(
    const struct who *w, const char *name, char *dst, size_t n, struct err *e)
{
	struct userdb_account a = { .count = 0 };
	struct userdb_user u;

	if (name == NULL) {
		if (w->real == 0)
			return err_set(e, ERR_CONF,
			    "root gets no mail by POP: name a user by -user");
		if (userdb_account(&userdb_system, w->real, &a, e) == -1)
			return -1;
		if (a.count == 0)
			return refused(e, "Your uid has no account");
		if (a.count > 1)
			return refused(e,
			    "Several accounts have your uid: name yours by "
			    "-user");
		name = a.name;
	}
	if (!username_ok(name) || text_copy(dst, n, name) == -1)
		return refused(e, "This cannot be the name of a POP user");
	if (w->all)
		return 0;
	switch (userdb_user(&userdb_system, name, &u, e)) {
	case -1:
		return -1;
	case 1:
		explicit_bzero(u.hash, sizeof u.hash);
		if (u.uid == w->real)
			return not_virtual(w, name, e);
		break;
	default:
		break;
	}
	return refused(e, "You can do that only for yourself");
}
