/* SPDX-License-Identifier: MIT */
/* runs as: root (checker) */
#include <bearssl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cdbx.h"
#include "records.h"
#include "safefile.h"
#include "text.h"

/* Enough to be told from another one's; rebuild-cdb writes 64. */
#define KEY_MIN 16

static int
path_to(
    char path[300], const struct auth_cfg *cfg, const char *name, struct err *e)
{
	int n = snprintf(path, 300, "%s/%s", cfg->dir, name);

	return n > 0 && n < 300
	    ? 0
	    : err_set(e, ERR_CONF, "cdb-dir: the path is too long");
}

/*
 * Who owns the folder pop is trusted for the file in it, because root gave it
 * to him.  -1 with ENOENT in e if there is none.
 */
static int
open_pop(const char *dir, const char *path, struct err *e)
{
	struct stat st;
	int file = -1;
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd == -1)
		return err_sys(e, ERR_PERM, "Unable to open", dir);
	if (fstat(fd, &st) == -1)
		err_sys(e, ERR_PERM, "Unable to look at", dir);
	else if ((st.st_mode & 022) != 0)
		err_set(e, ERR_PERM,
		    "The folder %.200s (mode %04o) can be changed by others "
		    "than its owner",
		    dir, (unsigned)st.st_mode & 07777);
	else
		file = safefile_open_user(
		    fd, "secrets.cdb", path, O_RDONLY, st.st_uid, &st, e);
	if (file != -1 && (st.st_mode & 022) != 0) {
		err_set(e, ERR_PERM,
		    "%.200s can be changed by others than "
		    "its owner",
		    path);
		close(file);
		file = -1;
	}
	close(fd);
	return file;
}

static unsigned
kinds(const char *words)
{
	return (strstr(words, "apop") != NULL ? AUTH_HAS_APOP : 0) |
	    (strstr(words, "scram") != NULL ? AUTH_HAS_SCRAM : 0);
}

/* One secrets.cdb of user, who may be empty; only what r has not yet. */
static int
read_one(int fd, const char *path, const char *user, bool root,
    struct records *r, struct err *e)
{
	char words[40] = "";
	char key[sizeof r->key] = "";
	struct cdbx_record common[] = {
		{ .type = 'm', .text = words, .n = sizeof words },
		{ .type = 'k', .text = key, .n = sizeof key },
	};
	struct cdbx_record own[] = {
		{ .type = 'c', .text = r->crypt, .n = sizeof r->crypt },
		{ .type = 'a', .text = r->apop, .n = sizeof r->apop },
		{ .type = 's', .text = r->scram, .n = sizeof r->scram },
	};
	size_t first = root ? 0 : 1;
	size_t count = r->apop[0] == '\0' && r->scram[0] == '\0' ? 3 : 1;
	struct cdbx cdb;

	if (cdbx_open(&cdb, fd, path, e) == -1)
		return -1;
	if (cdbx_read(&cdb, "", common, 2, e) == -1 ||
	    cdbx_read(&cdb, user, own + first, count - first, e) == -1) {
		cdbx_close(&cdb);
		return -1;
	}
	cdbx_close(&cdb);
	r->kinds |= kinds(words);
	if (root || r->key[0] == '\0')
		text_copy(r->key, sizeof r->key, key);
	return 0;
}

static int
read_secrets(const struct auth_cfg *cfg, const char *user, struct records *r,
    struct err *e)
{
	char dir[300];
	char path[300];
	int fd;

	if (path_to(dir, cfg, "pop", e) == -1 ||
	    path_to(path, cfg, "pop/secrets.cdb", e) == -1)
		return -1;
	fd = open_pop(dir, path, e);
	if (fd == -1 && e->sys != ENOENT)
		return -1;
	if (fd != -1 && read_one(fd, path, user, false, r, e) == -1)
		return -1;
	if (path_to(path, cfg, "secrets.cdb", e) == -1)
		return -1;
	fd = safefile_open_admin(path, e);
	if (fd == -1)
		return e->sys == ENOENT ? 0 : -1;
	return read_one(fd, path, user, true, r, e);
}

static int
read_users(const struct auth_cfg *cfg, const char *user, struct records *r,
    struct err *e)
{
	char path[300];
	char yes[8];
	struct cdbx_record of_user[] = {
		{ .type = 'u', .text = r->account, .n = sizeof r->account },
		{ .type = 'n', .text = yes, .n = sizeof yes },
		{ .type = 'y', .text = yes, .n = sizeof yes },
	};
	/* without a name: there is an allow list */
	struct cdbx_record list = { .type = 'y', .text = yes, .n = sizeof yes };
	struct cdbx cdb;
	int fd;
	int rc;

	if (path_to(path, cfg, "users.cdb", e) == -1)
		return -1;
	fd = safefile_open_admin(path, e);
	if (fd == -1)
		return e->sys == ENOENT ? 0 : -1;
	if (cdbx_open(&cdb, fd, path, e) == -1)
		return -1;
	rc = cdbx_read(&cdb, user, of_user, 3, e);
	if (rc == 0)
		rc = cdbx_read(&cdb, "", &list, 1, e);
	cdbx_close(&cdb);
	r->is_virtual = of_user[0].there;
	r->denied = of_user[1].there;
	r->allowed = of_user[2].there;
	r->allow_list = list.there;
	return rc;
}

int
records_get(const struct auth_cfg *cfg, const char *user, struct records *r,
    struct err *e)
{
	explicit_bzero(r, sizeof *r);
	if (read_secrets(cfg, user, r, e) == -1)
		return -1;
	/* kinds and salts are asked without this */
	return user[0] != '\0' ? read_users(cfg, user, r, e) : 0;
}

static void
fake_salt(const char *key, const char *user, uint8_t salt[SCRAM_SALT])
{
	uint8_t out[br_sha256_SIZE];
	br_hmac_key_context kc;
	br_hmac_context c;

	br_hmac_key_init(&kc, &br_sha256_vtable, key, strlen(key));
	br_hmac_init(&c, &kc, 0);
	br_hmac_update(&c, user, strlen(user));
	br_hmac_out(&c, out);
	memcpy(salt, out, SCRAM_SALT);
}

int
records_salt(const struct records *r, const char *user,
    struct scram_verifier *v, struct err *e)
{
	memset(v, 0, sizeof *v);
	if (r->scram[0] != '\0') {
		if (scram_parse(v, r->scram) == 0)
			return 0;
		return err_set(e, ERR_PERM,
		    "secrets.cdb has a bad {scram-sha-256} record for \"%s\": "
		    "run rebuild-cdb again",
		    user);
	}
	if (strlen(r->key) < KEY_MIN)
		return err_set(e, ERR_PERM,
		    "secrets.cdb has no key for the salts of SCRAM: run "
		    "rebuild-cdb again");
	v->iterations = SCRAM_ITERATIONS;
	v->salt_len = SCRAM_SALT;
	fake_salt(r->key, user, v->salt);
	return 0;
}

int
records_verifier(const struct records *r, const char *user,
    struct scram_verifier *v, struct err *e)
{
	if (records_salt(r, user, v, e) == -1)
		return -1;
	if (r->scram[0] != '\0')
		return 1;
	if (r->apop[0] == '\0')
		return 0;
	scram_make(v, r->apop);
	return 1;
}
