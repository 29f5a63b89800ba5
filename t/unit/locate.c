/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "locate.h"

static char top[] = "/tmp/popper-unit-XXXXXX";

/* Sets the options of text; each %T in it is the test's folder. */
static void
configure(struct config *c, const char *text)
{
	char line[1000] = "set spool-dir = %T/spool\n";
	char full[2000];
	size_t n = 0;
	const char *p = line;
	struct err e;
	struct lines l;

	strncat(line, text, sizeof line - strlen(line) - 1);
	for (; *p != '\0'; p++) {
		if (strncmp(p, "%T", 2) == 0) {
			n += (size_t)snprintf(
			    full + n, sizeof full - n, "%s", top);
			p++;
		} else {
			full[n++] = *p;
		}
	}
	assert_int_equal(config_init(c, &e), 0);
	lines_text(&l, full, n);
	CHECK(config_lines(c, &l, "conf", IN_FILE, &e) == 0, "%s", e.text);
}

static int
settle(struct locate *l, const struct config *c, const char *maildrop,
    struct err *e)
{
	struct auth_ident id = {
		.uid = geteuid(), .gid = getegid(), .user = "alice"
	};

	snprintf(id.home, sizeof id.home, "%s/home", top);
	if (maildrop != NULL)
		snprintf(
		    id.maildrop, sizeof id.maildrop, "%s%s", top, maildrop);
	if (locate_open(l, c, &id, e) == -1)
		return -1;
	return locate_settle(l, c, &id, e);
}

static const struct {
	const char *conf, *maildrop;
	const char *spool; /* below the test's folder */
	const char *temp;  /* NULL: the spool's folder */
	const char *temp_name;
	const char *cache;
	const char *cache_name;
	const char *old; /* NULL: none */
} row[] = {
#define POP ".alice.pop"
#define CACHE ".alice.cache"
	{ "", NULL, "/spool/alice", NULL, POP, NULL, CACHE, NULL },
	{ "set temp-name = .%s.t\nset cache-name = .c%s.d", NULL,
	    "/spool/alice", NULL, ".alice.t", NULL, ".calice.d", NULL },
	{ "set hash-spool = 1", NULL, "/spool/q/alice", NULL, POP, NULL, CACHE,
	    "/spool" },
	{ "set hash-spool = 2", NULL, "/spool/a/l/alice", NULL, POP, NULL,
	    CACHE, "/spool" },
	{ "set hash-spool = 2\nreset check-old-spool-loc", NULL,
	    "/spool/a/l/alice", NULL, POP, NULL, CACHE, NULL },
	{ "set temp-dir = %T/temp", NULL, "/spool/alice", "/temp", POP, "/temp",
	    CACHE, "/spool" },
	{ "set cache-dir = %T/cache", NULL, "/spool/alice", NULL, POP, "/cache",
	    CACHE, NULL },
	{ "set temp-dir = %T/temp\nset cache-dir = %T/cache", NULL,
	    "/spool/alice", "/temp", POP, "/cache", CACHE, "/spool" },
	/* one folder by two names is one */
	{ "set temp-dir = %T/link", NULL, "/spool/alice", NULL, POP, NULL,
	    CACHE, NULL },
	{ "set hash-spool = 2\nset temp-dir = %T/temp", NULL,
	    "/spool/a/l/alice", "/temp/a/l", POP, "/temp/a/l", CACHE,
	    "/spool" },
	{ "set hash-spool = 1\nset cache-dir = %T/cache", NULL,
	    "/spool/q/alice", NULL, POP, "/cache/q", CACHE, "/spool" },
	{ "set home-dir-mail", NULL, "/home/.mail", "/spool", POP, "/spool",
	    CACHE, NULL },
	{ "set home-dir-mail = sub/inbox", NULL, "/home/sub/inbox", "/spool",
	    POP, "/spool", CACHE, NULL },
	{ "set home-dir-mail\nset hash-spool = 2", NULL, "/home/.mail",
	    "/spool/a/l", POP, "/spool/a/l", CACHE, "/spool" },
	{ "set home-dir-mail\nset temp-dir = %T/temp", NULL, "/home/.mail",
	    "/temp", POP, "/temp", CACHE, "/spool" },
	{ "set home-dir-mail\nset home-dir-misc", NULL, "/home/.mail", NULL,
	    POP, NULL, CACHE, "/spool" },
	{ "set home-dir-mail = sub/inbox\nset home-dir-misc", NULL,
	    "/home/sub/inbox", "/home", POP, "/home", CACHE, "/spool" },
	{ "set home-dir-misc", NULL, "/spool/alice", "/home", POP, "/home",
	    CACHE, "/spool" },
	{ "set home-dir-misc\nset hash-spool = 1\nset temp-dir = %T/temp", NULL,
	    "/spool/q/alice", "/home", POP, "/home", CACHE, "/spool" },
	/* a MAILDROP: files beside it are named after it */
	{ "set hash-spool = 1\nset home-dir-mail\nset home-dir-misc",
	    "/cache/box", "/cache/box", NULL, ".box.pop", NULL, ".box.cache",
	    NULL },
	{ "", "/cache/.box", "/cache/.box", NULL, ".box.pop", NULL,
	    ".box.cache", NULL },
	{ "set temp-dir = %T/temp", "/cache/box", "/cache/box", NULL,
	    ".box.pop", NULL, ".box.cache", NULL },
	{ "set cache-dir = %T/temp", "/cache/box", "/cache/box", NULL,
	    ".box.pop", "/temp", CACHE, NULL },
};

/* The place at fd, called folder/name, is the one that is meant. */
static bool
is(int fd, const char *folder, const char *name, const char *want)
{
	char path[200];
	char dir[200];
	struct stat a;
	struct stat b;

	if (want == NULL)
		return fd == -1;
	snprintf(path, sizeof path, "%s/%s", folder, name);
	snprintf(dir, sizeof dir, "%s%s", top, want);
	if (fd == -1 || strncmp(path, dir, strlen(dir)) != 0)
		return false;
	return fstat(fd, &a) == 0 && stat(folder, &b) == 0 &&
	    a.st_ino == b.st_ino;
}

static void
places(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(row); i++) {
		struct config c;
		struct locate l;
		struct err e = { .text = "" };
		const struct spool_place *at = &l.at;

		configure(&c, row[i].conf);
		CHECK(settle(&l, &c, row[i].maildrop, &e) == 0, "row %zu: %s",
		    i, e.text);
		CHECK(is(at->dir, at->folder, at->name, row[i].spool),
		    "row %zu: spool %s/%s", i, at->folder, at->name);
		CHECK(is(at->temp, at->temp_folder, "", row[i].temp) &&
			strcmp(at->temp_name, row[i].temp_name) == 0,
		    "row %zu: temp %s %s", i, at->temp_folder, at->temp_name);
		CHECK(is(at->cache, at->cache_folder, "", row[i].cache) &&
			strcmp(at->cache_name, row[i].cache_name) == 0,
		    "row %zu: cache %s/%s", i, at->cache_folder,
		    at->cache_name);
		CHECK(is(at->old, at->old_folder, "", row[i].old) &&
			strcmp(at->old_name, POP) == 0,
		    "row %zu: old %s/%s", i, at->old_folder, at->old_name);
		locate_close(&l);
		config_free(&c);
	}
}

/* A spool that has the name of another file, or none. */
static void
wrong_names(void **state)
{
	static const struct {
		const char *conf, *maildrop, *want;
	} bad[] = {
		{ "set home-dir-misc\nset home-dir-mail = .alice.pop", NULL,
		    "/home/.alice.pop has the name that temp-name gives" },
		{ "set home-dir-misc\nset home-dir-mail = .alice.cache", NULL,
		    "/home/.alice.cache has the name that cache-name gives" },
		{ "", "/cache/", "is none, or is too long" },
		{ "", "/nowhere/x", "/nowhere: No such file" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(bad); i++) {
		struct config c;
		struct locate l;
		struct err e;

		configure(&c, bad[i].conf);
		CHECK(settle(&l, &c, bad[i].maildrop, &e) == -1 &&
			e.kind == ERR_PERM &&
			strstr(e.text, bad[i].want) != NULL,
		    "row %zu: %s", i, e.text);
		locate_close(&l);
		config_free(&c);
	}
}

static int
setup(void **state)
{
	static const char *const dir[] = { "spool", "home", "home/sub", "temp",
		"cache" };
	char path[100];
	char to[100];
	size_t i;

	(void)state;
	if (mkdtemp(top) == NULL)
		return -1;
	for (i = 0; i < COUNT(dir); i++) {
		snprintf(path, sizeof path, "%s/%s", top, dir[i]);
		if (mkdir(path, 0755) == -1)
			return -1;
	}
	snprintf(to, sizeof to, "%s/spool", top);
	snprintf(path, sizeof path, "%s/link", top);
	return symlink(to, path);
}

static int
teardown(void **state)
{
	char cmd[100];

	(void)state;
	snprintf(cmd, sizeof cmd, "rm -rf %s", top);
	/* NOLINTNEXTLINE(cert-env33-c) */
	return system(cmd);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(places),
		cmocka_unit_test(wrong_names),
	};

	return cmocka_run_group_tests_name("locate", tests, setup, teardown);
}
