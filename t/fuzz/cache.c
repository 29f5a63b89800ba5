/* SPDX-License-Identifier: MIT */
#define XXH_INLINE_ALL
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "drop.h"
#include "fileio.h"
#include "fuzz.h"

/*
 * A cache of somebody who means ill.  Whatever it says, a session ends, and
 * the mail afterwards is what it was, or that without the whole messages that
 * went.  The first octet of the data says how far it is mended, so that it
 * gets further: 1 the head's checks, 2 those of its block, 4 the spool's
 * identity, 8 records are a true cache's with the data over it.
 */
#define MESSAGES 5
#define HEAD 512

static char folder[] = "/tmp/popper-fuzz-XXXXXX";
static int dir = -1;
static char mail[MESSAGES][200];
static size_t len[MESSAGES];
static struct cache_head honest;
static struct msgloc records[MESSAGES];

static void
must(bool so, const char *what)
{
	if (so)
		return;
	perror(what);
	abort();
}

static void
make_mail(void)
{
	int i;

	for (i = 0; i < MESSAGES; i++)
		len[i] = (size_t)snprintf(mail[i], sizeof mail[i],
		    "From s%d@example.org Mon Nov  2 08:15:0%d 2026\n"
		    "Subject: %d\n\nbody %d\n%s\n",
		    i, i, i, i, i % 2 == 0 ? "" : "more\n\nFrom here on\n");
}

static void
put_file(const char *name, const void *data, size_t n)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	must(fd != -1 && file_write(fd, data, n, 0) == 0, name);
	close(fd);
}

static void
put_spool(void)
{
	char all[sizeof mail];
	size_t n = 0;
	int i;

	for (i = 0; i < MESSAGES; i++) {
		memcpy(all + n, mail[i], len[i]);
		n += len[i];
	}
	put_file("u", all, n);
}

static void
begin(struct drop *d)
{
	struct spool_place at = { .folder = "spool",
		.name = "u",
		.temp = -1,
		.temp_name = ".u.pop",
		.cache = -1,
		.cache_name = ".u.cache",
		.old = -1 };
	struct err e;

	memset(d, 0, sizeof *d);
	at.dir = dup(dir);
	must(spool_init(&d->sp, &at, geteuid(), &e) == 0, "spool_init");
	d->server = true;
}

static void
end(struct drop *d)
{
	struct err e;

	drop_remember(d, &e);
	drop_close(d, &e);
}

/* What an honest session leaves. */
static void
learn(void)
{
	static struct drop d;
	struct err e;
	char uid[UID_MAX + 1];
	int fd;

	put_spool();
	begin(&d);
	must(drop_enter(&d, &e) == 0 && drop_open(&d, &e) == 0 &&
		d.ix.count == MESSAGES &&
		drop_uid(&d, MESSAGES - 1, uid, &e) == 0,
	    "an honest session");
	end(&d);
	fd = openat(dir, ".u.cache", O_RDONLY);
	must(fd != -1 &&
		file_read(fd, &honest, sizeof honest, 0) == sizeof honest &&
		file_read(fd, records, sizeof records, HEAD) == sizeof records,
	    "its cache");
	close(fd);
}

static void
clean(void)
{
	static const char *const name[] = { "u", ".u.cache", ".u.cache.new",
		".u.pop", ".u.lk", "u.lock" };

	for (size_t i = 0; i < sizeof name / sizeof name[0]; i++)
		unlinkat(dir, name[i], 0);
	rmdir(folder);
}

static void
set_up(void)
{
	must(mkdtemp(folder) != NULL, "mkdtemp");
	dir = open(folder, O_RDONLY | O_DIRECTORY);
	must(dir != -1, folder);
	atexit(clean);
	make_mail();
	learn();
	put_spool();
}

struct file {
	struct cache_head head;
	char gap[HEAD - sizeof(struct cache_head)];
	struct msgloc record[MESSAGES];
	uint64_t check;
};

static void
put_cache(const uint8_t *data, size_t n)
{
	unsigned how = data[0];
	struct stat st;
	struct file f;

	memset(&f, 0, sizeof f);
	f.head = honest;
	if ((how & 8) != 0)
		memcpy(f.record, records, sizeof records);
	data++;
	n--;
	if ((how & 1) == 0) {
		put_file(".u.cache", data, n);
		return;
	}
	/* the data is exclusive-or'ed in, so that little of it changes little
	 */
	for (size_t i = 0; i < n && i < sizeof f; i++)
		((uint8_t *)&f)[i] ^= data[i];
	memcpy(f.head.magic, honest.magic, sizeof honest.magic);
	f.head.order = honest.order;
	f.head.record = honest.record;
	must(fstatat(dir, "u", &st, 0) == 0, "the spool");
	if ((how & 4) != 0) {
		f.head.dev = st.st_dev;
		f.head.ino = st.st_ino;
		f.head.size = (uint64_t)st.st_size;
		f.head.mtime = st.st_mtim.tv_sec;
		f.head.mtime_ns = st.st_mtim.tv_nsec;
		f.head.ctime = st.st_ctim.tv_sec;
		f.head.ctime_ns = st.st_ctim.tv_nsec;
		f.head.flags = CACHE_SURE | (f.head.flags & CACHE_MMDF);
	}
	if (f.head.count > 0 && f.head.count <= MESSAGES && (how & 2) != 0) {
		size_t k = f.head.count * sizeof f.record[0];
		uint64_t check = XXH3_64bits_withSeed(f.record, k, 0);

		memcpy((char *)f.record + k, &check, sizeof check);
	}
	f.head.check = XXH3_64bits(&f.head, offsetof(struct cache_head, check));
	put_file(".u.cache", &f, sizeof f);
}

static int
count_octets(void *ctx, const char *data, size_t n)
{
	size_t *total = ctx;

	(void)data;
	*total += n;
	return *total > 1 << 20 ? -1 : 0;
}

static void
use(struct drop *d, const uint8_t *data, size_t n)
{
	char uid[UID_MAX + 1];
	uint64_t octets;
	size_t total = 0;
	struct err e;
	uint32_t i;

	for (i = 0; i < d->ix.count && i < 2 * MESSAGES; i++) {
		unsigned what = n == 0 ? 0 : data[i % n];

		if (drop_octets(d, i, &octets, &e) == 0 && (what & 1) != 0)
			drop_uid(d, i, uid, &e);
		if ((what & 2) != 0 && drop_verify(d, i, &e) == 0)
			drop_send(d, i, DROP_ALL, count_octets, &total, &e);
		if ((what & 4) != 0)
			drop_delete(d, i, &e);
	}
	drop_commit(d, &e);
}

/* The spool consists of some of the messages, in order. */
static void
check(void)
{
	char all[sizeof mail];
	int fd = openat(dir, "u", O_RDONLY);
	ssize_t n = file_read(fd, all, sizeof all, 0);
	size_t at = 0;
	int i;

	close(fd);
	must(n >= 0, "the spool afterwards");
	for (i = 0; i < MESSAGES; i++) {
		if (at + len[i] <= (size_t)n &&
		    memcmp(all + at, mail[i], len[i]) == 0)
			at += len[i];
	}
	if (at != (size_t)n) {
		fprintf(stderr, "not what it was: %.*s\n", (int)n, all);
		abort();
	}
	if ((size_t)n < sizeof all)
		put_spool();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct drop d;
	struct err e;

	if (dir == -1)
		set_up();
	if (n < 1)
		return 0;
	put_cache(data, n);
	begin(&d);
	if (drop_enter(&d, &e) == 0 && drop_open(&d, &e) == 0)
		use(&d, data, n < 6 ? n : 6);
	end(&d);
	check();
	return 0;
}
