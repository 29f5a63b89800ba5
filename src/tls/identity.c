/* SPDX-License-Identifier: MIT */
/* runs as: root (poptls: the engine, until it is confined) */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "identity.h"
#include "key.h"
#include "pem.h"
#include "text.h"

#define HOST_MAX 253 /* RFC 1035 section 2.3.4, as text */

struct identity_memory {
	br_x509_certificate chain[IDENTITY_CHAIN_MAX];
	struct pem chain_file, key_file;
	char name[HOST_MAX + 1];
	char files[]; /* both names */
};

/* What was found in one file. */
struct found {
	size_t certificates, keys;
	struct pem_object key;
	const char *other; /* the last label that is neither, or NULL */
};

static bool
is_certificate(const char *label)
{
	return strcmp(label, "CERTIFICATE") == 0 ||
	    strcmp(label, "X509 CERTIFICATE") == 0;
}

/* A file with a private key, which others can read, is refused. */
static int
judge_rights(const struct pem *p, struct err *e)
{
	mode_t wrong = p->st.st_uid == 0 ? 0007 : 0077;

	if ((p->st.st_mode & wrong) == 0)
		return 0;
	return err_set(e, ERR_PERM,
	    "%.200s: it holds a private key, and others can read it (owner "
	    "%ld, group %ld, mode %04o): chmod 0600, and make a new key if "
	    "somebody may have read it",
	    p->path, (long)p->st.st_uid, (long)p->st.st_gid,
	    (unsigned)p->st.st_mode & 07777);
}

/* chain NULL: certificates are not wanted. */
static int
look(struct pem *p, struct found *f, br_x509_certificate *chain, struct err *e)
{
	struct pem_object o;
	int r;

	*f = (struct found){ 0 };
	while ((r = pem_next(p, &o, e)) == 1) {
		if (key_is(o.label)) {
			f->key = o;
			f->keys++;
		} else if (!is_certificate(o.label) || o.encrypted) {
			f->other = o.label;
		} else if (f->certificates == IDENTITY_CHAIN_MAX) {
			return err_set(e, ERR_PERM,
			    "%.200s: it has more than %d certificates: leave "
			    "only the server's, and those between it and the "
			    "root",
			    p->path, IDENTITY_CHAIN_MAX);
		} else {
			if (chain != NULL)
				chain[f->certificates] =
				    (br_x509_certificate){ o.data, o.len };
			f->certificates++;
		}
	}
	if (r == -1)
		return -1;
	return f->keys > 0 ? judge_rights(p, e) : 0;
}

/* What somebody has to do who has this in place of a certificate or key. */
static const char *
advice(const char *label)
{
	static const struct {
		const char *label, *text;
	} row[] = {
		{ "CERTIFICATE REQUEST",
		    "a certificate authority makes a certificate of it" },
		{ "NEW CERTIFICATE REQUEST",
		    "a certificate authority makes a certificate of it" },
		{ "TRUSTED CERTIFICATE", "convert it with openssl x509" },
		{ "PKCS7", "convert it with openssl pkcs7 -print_certs" },
		{ "CMS", "convert it with openssl pkcs7 -print_certs" },
		{ "PUBLIC KEY", "name the file of the private key" },
		{ "RSA PUBLIC KEY", "name the file of the private key" },
	};
	size_t i;

	for (i = 0; i < sizeof row / sizeof row[0]; i++)
		if (strcmp(label, row[i].label) == 0)
			return row[i].text;
	return "put it in, or name the file that has it";
}

static int
missing(
    const struct pem *p, const struct found *f, const char *what, struct err *e)
{
	const char *has = f->other;

	if (has == NULL && f->certificates > 0)
		has = "CERTIFICATE";
	if (has == NULL && f->keys > 0)
		has = f->key.label;
	if (has == NULL)
		return err_set(e, ERR_PERM,
		    "%.200s: it has no %s, and nothing else in PEM: put it in",
		    p->path, what);
	return err_set(e, ERR_PERM, "%.200s: it has no %s, but a %.60s: %s",
	    p->path, what, has, advice(has));
}

/* The one key of a file. */
static int
decode(struct identity *id, const struct pem *p, const struct found *f,
    struct err *e)
{
	if (f->keys == 0)
		return missing(p, f, "private key", e);
	if (f->keys > 1)
		return err_set(e, ERR_PERM,
		    "%.200s: it has %zu private keys: leave only that of the "
		    "first certificate",
		    p->path, f->keys);
	return key_decode(id, &f->key, p->path, e);
}

static int
read_files(struct identity *id, struct err *e)
{
	struct identity_memory *m = id->memory;
	struct found f;

	if (pem_open(&m->chain_file, id->file, IDENTITY_FILE_MAX, e) == -1 ||
	    look(&m->chain_file, &f, m->chain, e) == -1)
		return -1;
	if (f.certificates == 0)
		return missing(&m->chain_file, &f, "certificate", e);
	id->chain = m->chain;
	id->chain_len = f.certificates;
	if (id->key_file == NULL)
		return decode(id, &m->chain_file, &f, e);
	if (pem_open(&m->key_file, id->key_file, IDENTITY_FILE_MAX, e) == -1 ||
	    look(&m->key_file, &f, NULL, e) == -1)
		return -1;
	return decode(id, &m->key_file, &f, e);
}

static void
let_go(struct identity *id)
{
	if (id->memory != NULL) {
		pem_close(&id->memory->chain_file);
		pem_close(&id->memory->key_file);
	}
	free(id->memory);
	*id = (struct identity){ 0 };
}

/* name: of n octets, or NULL. */
static int
load_as(struct identity *id, const char *name, size_t n, const char *chain,
    const char *key, struct err *e)
{
	size_t c = strlen(chain) + 1;
	size_t k = key != NULL ? strlen(key) + 1 : 0;
	struct identity_memory *m = calloc(1, sizeof *m + c + k);

	*id = (struct identity){ .memory = m };
	if (m == NULL)
		return err_sys(e, ERR_TEMP, "Unable to load", chain);
	id->file = memcpy(m->files, chain, c);
	if (key != NULL)
		id->key_file = memcpy(m->files + c, key, k);
	if (name != NULL) {
		memcpy(m->name, name, n);
		text_lower(m->name);
		id->name = m->name;
	}
	if (read_files(id, e) == 0)
		return 0;
	let_go(id);
	return -1;
}

int
identity_load(
    struct identity *id, const char *chain, const char *key, struct err *e)
{
	return load_as(id, NULL, 0, chain, key, e);
}

/* True if it can be a name of a host, or one with "_" as its first label. */
static bool
is_host(const char *s, size_t n)
{
	static const char ok[] = "abcdefghijklmnopqrstuvwxyz"
				 "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._";

	return n > 0 && n <= HOST_MAX && strspn(s, ok) >= n && s[0] != '.' &&
	    s[0] != '-' && s[n - 1] != '.';
}

/*
 * The files of an entry of the folder; key is "" if there is only one.
 * False: it is passed over.
 */
static bool
files_of(int dir, const char *path, const char *entry, char chain[PATH_MAX],
    char key[PATH_MAX], size_t *name_len)
{
	size_t n = strlen(entry);
	struct stat st;

	if (!is_host(entry, n) || fstatat(dir, entry, &st, 0) == -1)
		return false;
	key[0] = '\0';
	if (S_ISDIR(st.st_mode)) {
		*name_len = n;
		snprintf(chain, PATH_MAX, "%s/%s/fullchain.pem", path, entry);
		snprintf(key, PATH_MAX, "%s/%s/privkey.pem", path, entry);
		return stat(chain, &st) == 0 || stat(key, &st) == 0;
	}
	if (n <= 4 || strcmp(entry + n - 4, ".pem") != 0)
		return false;
	*name_len = n - 4;
	return snprintf(chain, PATH_MAX, "%s/%s", path, entry) < PATH_MAX;
}

static const struct identity *
find(const struct identities *all, const char *name)
{
	size_t i;

	for (i = 0; i < all->count; i++)
		if (all->one[i].name != NULL &&
		    text_equal(all->one[i].name, name))
			return &all->one[i];
	return NULL;
}

static int
add(struct identities *all, int dir, const char *path, const char *entry,
    struct err *e)
{
	char chain[PATH_MAX];
	char key[PATH_MAX];
	struct identity *id = &all->one[all->count];
	size_t n;

	if (!files_of(dir, path, entry, chain, key, &n))
		return 0;
	if (all->count == IDENTITIES_MAX)
		return err_set(e, ERR_PERM,
		    "%.200s: it has more than %d names: share certificates "
		    "between services",
		    path, IDENTITIES_MAX - 1);
	if (load_as(id, entry, n, chain, key[0] != '\0' ? key : NULL, e) == -1)
		return -1;
	if (find(all, id->name) != NULL) {
		err_set(e, ERR_PERM,
		    "%.200s: it has the name %.100s more than once: leave one "
		    "file or folder of that name",
		    path, id->name);
		let_go(id);
		return -1;
	}
	all->count++;
	return 0;
}

int
identity_load_dir(struct identities *all, const char *dir,
    void (*told)(void *ctx, const struct err *wrong), void *ctx, struct err *e)
{
	struct dirent *entry;
	DIR *d = opendir(dir);
	int rc = 0;

	if (d == NULL)
		return err_sys(e, ERR_PERM, "Unable to open", dir);
	do {
		errno = 0;
		entry = readdir(d);
		if (entry == NULL && errno != 0)
			rc = err_sys(e, ERR_PERM, "Unable to read", dir);
		else if (entry != NULL)
			rc = add(all, dirfd(d), dir, entry->d_name, e);
		if (entry != NULL && rc == -1 && told != NULL) {
			told(ctx, e);
			rc = 0;
		}
	} while (entry != NULL && rc == 0);
	closedir(d);
	return rc;
}

const struct identity *
identity_find(const struct identities *all, const char *name)
{
	const struct identity *id = name != NULL ? find(all, name) : NULL;
	const char *dot = name != NULL ? strchr(name, '.') : NULL;
	char wild[HOST_MAX + 1];

	if (id == NULL && dot != NULL && dot != name &&
	    (size_t)snprintf(wild, sizeof wild, "_%s", dot) < sizeof wild)
		id = find(all, wild);
	return id != NULL ? id : &all->one[0];
}

void
identity_free(struct identities *all)
{
	size_t i;

	for (i = 0; i < all->count; i++)
		let_go(&all->one[i]);
	all->count = 0;
}
