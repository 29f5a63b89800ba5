/* SPDX-License-Identifier: MIT */
/* runs as: root (locate_open), the user */
#include <errno.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "locate.h"
#include "text.h"

/* Where mail is if spool-dir is not set and its default is not there. */
#define SECOND_SPOOL_DIR "/var/spool/mail"

/* Cuts the path of a spool into its folder and its name. */
static int
cut_path(char *path, const char **folder, const char **name)
{
	char *slash = strrchr(path, '/');

	if (slash == NULL || slash[1] == '\0')
		return -1;
	*slash = '\0';
	*folder = slash == path ? "/" : path;
	*name = slash + 1;
	return 0;
}

/* What temp-name makes of the user's name. */
static int
expand(char dst[SPOOL_NAME_MAX], const char *template, const char *user)
{
	const char *pc = strstr(template, "%s");
	int k = snprintf(dst, SPOOL_NAME_MAX, "%.*s%s%s", (int)(pc - template),
	    template, user, pc + 2);

	return k > 0 && k < SPOOL_NAME_MAX ? 0 : -1;
}

static int
no_path(const char *user, struct err *e)
{
	return err_set(e, ERR_PERM,
	    "The path of the spool of %.64s, or of a file beside it, is none, "
	    "or is too long",
	    user);
}

static int
open_given(struct locate *l, const struct auth_ident *id, struct err *e)
{
	char path[SPOOL_PATH_MAX];
	const char *folder;
	const char *name;

	if (text_copy(path, sizeof path, id->maildrop) == -1 ||
	    cut_path(path, &folder, &name) == -1 ||
	    text_copy(l->name, sizeof l->name, name) == -1)
		return no_path(id->user, e);
	return folder_open(&l->base, folder, "the MAILDROP in users", e);
}

static int
open_hashed(struct folder *f, const char *path, const char *setting,
    const struct config *c, const char *user, struct err *e)
{
	if (folder_open(f, path, setting, e) == -1)
		return -1;
	return folder_hash(f, c->hash_spool, user, c->check_hash_dir, e);
}

static bool
wants_old(const struct locate *l, const struct config *c)
{
	return c->check_old_spool_loc &&
	    (c->hash_spool != 0 || l->home_mail || l->home_misc ||
		c->temp_dir != NULL);
}

static int
open_base(struct locate *l, const struct config *c, const struct auth_ident *id,
    struct err *e)
{
	struct stat st;

	if (folder_open(&l->base, c->spool_dir, "spool-dir", e) == -1) {
		if (e->sys != ENOENT || !config_built_in(c, "spool-dir") ||
		    folder_open(&l->base, SECOND_SPOOL_DIR, "spool-dir", e) ==
			-1)
			return -1;
	}
	if (fstat(l->base.fd, &st) == -1)
		return err_sys(e, ERR_TEMP, "Unable to look at", l->base.path);
	l->group = st.st_gid;
	if (wants_old(l, c) && folder_copy(&l->old, &l->base, e) == -1)
		return -1;
	return folder_hash(
	    &l->base, c->hash_spool, id->user, c->check_hash_dir, e);
}

static int
open_temp(
    struct locate *l, const struct config *c, const char *user, struct err *e)
{
	struct statfs fs;

	if (open_hashed(&l->temp, c->temp_dir, "temp-dir", c, user, e) == -1)
		return -1;
	if (fstatfs(l->temp.fd, &fs) == -1)
		return err_sys(e, ERR_TEMP, "Unable to look at", l->temp.path);
	l->fleeting = fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC;
	return 0;
}

int
locate_open(struct locate *l, const struct config *c,
    const struct auth_ident *id, struct err *e)
{
	memset(l, 0, sizeof *l);
	l->base.fd = l->spool.fd = l->temp.fd = l->cache.fd = l->old.fd = -1;
	l->given = id->maildrop[0] != '\0';
	l->home_mail = !l->given && c->home_dir_mail != NULL;
	l->home_misc = !l->given && c->home_dir_misc;
	if ((l->given ? open_given(l, id, e) : open_base(l, c, id, e)) == -1)
		return -1;
	if (l->home_misc)
		return 0;
	/* a MAILDROP may have several users: its journal is the one beside it
	 */
	if (c->temp_dir != NULL && !l->given &&
	    open_temp(l, c, id->user, e) == -1)
		return -1;
	if (c->cache_dir == NULL)
		return 0;
	return open_hashed(
	    &l->cache, c->cache_dir, "cache-dir", c, id->user, e);
}

int
locate_mode(const struct locate *l, bool server_mode, struct err *e)
{
	struct stat st;

	if (!l->fleeting || server_mode)
		return 0;
	if (fstat(l->temp.fd, &st) == -1)
		return err_sys(e, ERR_TEMP, "Unable to look at", l->temp.path);
	return err_set(e, ERR_PERM,
	    "The folder %.140s (owner %ld, mode %04o) is in memory (tmpfs or "
	    "ramfs), so mail in a temporary drop would be lost at a reboot: "
	    "set temp-dir to a folder on a disk, or use server-mode",
	    l->temp.path, (long)st.st_uid, (unsigned)st.st_mode & 07777);
}

/*
 * The session has the group of spool-dir, so a home, or a link in it, could
 * lead to a folder of that group's; only one of the user's own will do.
 */
static int
open_home(struct folder *f, const char *home, const char *below,
    const char *setting, const struct auth_ident *id, struct err *e)
{
	char path[SPOOL_PATH_MAX];
	struct stat st;
	int n = snprintf(path, sizeof path, "%s%s%s", home,
	    below[0] == '\0' ? "" : "/", below);

	if (home[0] != '/' || n < 0 || (size_t)n >= sizeof path)
		return err_set(e, ERR_PERM,
		    "User %.64s has no home folder, and needs one for %s",
		    id->user, setting);
	if (folder_open(f, path, setting, e) == -1)
		return -1;
	if (fstat(f->fd, &st) == -1)
		return err_sys(e, ERR_TEMP, "Unable to look at", path);
	if (st.st_uid == id->uid)
		return 0;
	return err_set(e, ERR_PERM,
	    "The folder %.140s (owner %ld, mode %04o) does not belong to uid "
	    "%ld, so it is no place for %s: give it to that uid, or change "
	    "the option",
	    path, (long)st.st_uid, (unsigned)st.st_mode & 07777, (long)id->uid,
	    setting);
}

/* The spool in the home; home-dir-mail may be a file in a folder of it. */
static int
open_home_mail(struct locate *l, const struct config *c,
    const struct auth_ident *id, struct err *e)
{
	char below[SPOOL_PATH_MAX];
	char *slash;
	const char *name = c->home_dir_mail;

	if (text_copy(below, sizeof below, name) == -1)
		return no_path(id->user, e);
	slash = strrchr(below, '/');
	if (slash != NULL)
		name += slash - below + 1;
	below[slash == NULL ? 0 : slash - below] = '\0';
	if (text_copy(l->name, sizeof l->name, name) == -1)
		return no_path(id->user, e);
	return open_home(&l->spool, id->home, below, "home-dir-mail", id, e);
}

/*
 * Folders to their places; -1 stands for the spool's own, so that one folder
 * is never two.
 */
static int
place(struct locate *l, struct err *e)
{
	if (!l->home_mail)
		folder_move(&l->spool, &l->base);
	else if (l->temp.fd == -1)
		folder_move(&l->temp, &l->base);
	folder_close(&l->base);
	if (l->cache.fd == -1 && l->temp.fd != -1 &&
	    folder_copy(&l->cache, &l->temp, e) == -1)
		return -1;
	if (folder_same(&l->temp, &l->spool))
		folder_close(&l->temp);
	if (folder_same(&l->cache, &l->spool))
		folder_close(&l->cache);
	if (folder_same(&l->old, l->temp.fd == -1 ? &l->spool : &l->temp))
		folder_close(&l->old);
	return 0;
}

/*
 * Files beside a MAILDROP are named after it, because there may be several
 * users to it; in a folder of many users' files, after the user.
 */
static int
name_files(struct locate *l, const struct config *c, const char *user)
{
	const char *stem = l->name[0] == '.' ? l->name + 1 : l->name;

	if (expand(l->temp_name, c->temp_name, l->given ? stem : user) == -1 ||
	    expand(l->cache_name, c->cache_name,
		l->given && l->cache.fd == -1 ? stem : user) == -1 ||
	    expand(l->old_name, ".%s.pop", user) == -1)
		return -1;
	return 0;
}

static int
check_names(const struct locate *l, struct err *e)
{
	const char *same = NULL;

	if (l->temp.fd == -1 && strcmp(l->temp_name, l->name) == 0)
		same = "temp-name";
	if (l->cache.fd == -1 && strcmp(l->cache_name, l->name) == 0)
		same = "cache-name";
	if (same == NULL)
		return 0;
	return err_set(e, ERR_PERM,
	    "The spool %.140s/%.90s has the name that %s gives to another "
	    "file: change that option, or the name of the spool",
	    l->spool.path, l->name, same);
}

int
locate_settle(struct locate *l, const struct config *c,
    const struct auth_ident *id, struct err *e)
{
	struct spool_place *at = &l->at;

	if (l->home_mail && open_home_mail(l, c, id, e) == -1)
		return -1;
	if (l->home_misc &&
	    open_home(&l->temp, id->home, "", "home-dir-misc", id, e) == -1)
		return -1;
	if (l->name[0] == '\0' &&
	    text_copy(l->name, sizeof l->name, id->user) == -1)
		return no_path(id->user, e);
	if (place(l, e) == -1)
		return -1;
	if (name_files(l, c, id->user) == -1)
		return no_path(id->user, e);
	if (check_names(l, e) == -1)
		return -1;
	at->dir = l->spool.fd;
	at->folder = l->spool.path;
	at->name = l->name;
	at->temp = l->temp.fd;
	at->temp_folder = l->temp.path;
	at->temp_name = l->temp_name;
	at->cache = l->cache.fd;
	at->cache_folder = l->cache.path;
	at->cache_name = l->cache_name;
	at->old = l->old.fd;
	at->old_folder = l->old.path;
	at->old_name = l->old_name;
	return 0;
}

void
locate_close(struct locate *l)
{
	folder_close(&l->base);
	folder_close(&l->spool);
	folder_close(&l->temp);
	folder_close(&l->cache);
	folder_close(&l->old);
}
