/* SPDX-License-Identifier: MIT */
/* runs as: root (poptls-cache makes the file, poptls looks at its head) */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "fileio.h"
#include "same.h"
#include "store.h"

/* Linux 6.3; where vm.memfd_noexec is 2 nothing else is made. */
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8U
#endif
#define SEALS (F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL)
#define HEAD 512 /* a set then lies in one page */
#define WAYS 4	 /* the places of the file that an entry can have */
#define MAGIC "poptls1"

struct head {
	char magic[8];
	uint32_t sets, seconds;
};

/* What a session is: sealed. */
struct secret {
	unsigned char master[48];
	uint16_t version, suite;
	unsigned char name[br_sha224_SIZE];
};

struct entry {
	unsigned char mark[24]; /* which session it is */
	uint64_t expires;	/* in seconds of CLOCK_BOOTTIME */
	struct secret secret;
	unsigned char tag[16];
};

/* All of it is written, and a file is not read by another machine. */
static_assert(sizeof(struct secret) == 80, "no padding");
static_assert(sizeof(struct entry) == STORE_ENTRY, "no padding");

/* What is derived from a session's id. */
struct derived {
	unsigned char key[32], mark[24];
	uint64_t place;
};

static_assert(sizeof(struct derived) == 64, "no padding");

/* HKDF: who knows one part cannot compute another one, or the id. */
static void
derive(struct derived *d, const struct store *s, const unsigned char id[32])
{
	br_hkdf_context c;

	br_hkdf_init(&c, &br_sha256_vtable, MAGIC, strlen(MAGIC));
	br_hkdf_inject(&c, id, 32);
	br_hkdf_flip(&c);
	br_hkdf_produce(&c, s->base, sizeof s->base, d, sizeof *d);
	explicit_bzero(&c, sizeof c);
}

/*
 * Seals the secret, or opens it; the tag is what it should be.  The nonce is
 * always the same because a key seals one session and once: BearSSL draws an
 * id at random for each full handshake, and keeps the session at its end.
 * That the client then asks for this id again makes no new entry.
 */
static void
crypt_entry(struct entry *en, const struct derived *d, int encrypt,
    unsigned char tag[16])
{
	static const unsigned char nonce[12];

	br_poly1305_ctmul_run(d->key, nonce, &en->secret, sizeof en->secret,
	    &en->expires, sizeof en->expires, tag, br_chacha20_ct_run, encrypt);
}

static uint64_t
now(void)
{
	struct timespec ts = { .tv_sec = 0 };

	/* a host that slept has not stopped the time of a session */
	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (uint64_t)ts.tv_sec;
}

/* Also false for a time that no honest engine writes. */
static bool
fresh(const struct store *s, const struct entry *en, uint64_t t)
{
	return en->expires > t && en->expires - t <= s->seconds;
}

static uint64_t
set_at(const struct store *s, const struct derived *d)
{
	return HEAD + d->place % s->sets * WAYS * sizeof(struct entry);
}

static bool
set_read(const struct store *s, uint64_t at, struct entry set[WAYS])
{
	ssize_t n = file_read(s->fd, set, WAYS * sizeof *set, at);

	return n == (ssize_t)(WAYS * sizeof *set);
}

static void
name_digest(
    unsigned char digest[br_sha224_SIZE], const br_ssl_server_context *server)
{
	const char *name = br_ssl_engine_get_server_name(&server->eng);
	br_sha224_context c;

	br_sha224_init(&c);
	br_sha224_update(&c, name, strlen(name));
	br_sha224_out(&c, digest);
}

/* The entry that a new one takes the place of. */
static size_t
oldest(const struct store *s, const struct entry set[WAYS], uint64_t t)
{
	size_t best = 0;
	size_t i;

	for (i = 0; i < WAYS; i++) {
		if (!fresh(s, &set[i], t))
			return i;
		if (set[i].expires < set[best].expires)
			best = i;
	}
	return best;
}

static void
save(const br_ssl_session_cache_class **ctx, br_ssl_server_context *server,
    const br_ssl_session_parameters *p)
{
	struct store *s = (struct store *)ctx;
	struct entry set[WAYS];
	struct entry en = { .expires = now() + s->seconds };
	struct derived d;
	uint64_t at;

	s->resumed = false;
	if (p->session_id_len != sizeof p->session_id)
		return;
	derive(&d, s, p->session_id);
	at = set_at(s, &d);
	if (set_read(s, at, set)) {
		memcpy(en.mark, d.mark, sizeof en.mark);
		memcpy(en.secret.master, p->master_secret,
		    sizeof en.secret.master);
		en.secret.version = p->version;
		en.secret.suite = p->cipher_suite;
		name_digest(en.secret.name, server);
		crypt_entry(&en, &d, 1, en.tag);
		/* without this entry the next handshake is a full one */
		(void)file_write(s->fd, &en, sizeof en,
		    at + oldest(s, set, now()) * sizeof en);
	}
	explicit_bzero(&d, sizeof d);
}

/* Whether the entry is what this id's session was; then s and p have it. */
static bool
take(struct store *s, br_ssl_session_parameters *p, struct entry *en,
    const struct derived *d)
{
	unsigned char tag[16];
	bool good;

	crypt_entry(en, d, 0, tag);
	good = same_octets(tag, en->tag, sizeof tag);
	if (good) {
		p->version = en->secret.version;
		p->cipher_suite = en->secret.suite;
		memcpy(p->master_secret, en->secret.master,
		    sizeof p->master_secret);
		memcpy(s->name, en->secret.name, sizeof s->name);
	}
	explicit_bzero(&en->secret, sizeof en->secret);
	return good;
}

static int
load(const br_ssl_session_cache_class **ctx, br_ssl_server_context *server,
    br_ssl_session_parameters *p)
{
	struct store *s = (struct store *)ctx;
	struct entry set[WAYS];
	struct derived d;
	uint64_t t = now();
	size_t i;

	(void)server;
	s->resumed = false;
	if (s->asked || p->session_id_len != sizeof p->session_id)
		return 0;
	s->asked = true;
	derive(&d, s, p->session_id);
	if (set_read(s, set_at(s, &d), set)) {
		for (i = 0; i < WAYS && !s->resumed; i++)
			s->resumed = fresh(s, &set[i], t) &&
			    same_octets(set[i].mark, d.mark, sizeof d.mark) &&
			    take(s, p, &set[i], &d);
	}
	explicit_bzero(&d, sizeof d);
	return s->resumed;
}

static const br_ssl_session_cache_class store_class = {
	.context_size = sizeof(struct store), .save = save, .load = load
};

bool
store_suits(const struct store *s, const br_ssl_server_context *server)
{
	unsigned char name[br_sha224_SIZE];

	if (!s->resumed)
		return true;
	name_digest(name, server);
	return memcmp(name, s->name, sizeof name) == 0;
}

static off_t
size_of(uint32_t sets)
{
	return (off_t)(HEAD + (uint64_t)sets * WAYS * sizeof(struct entry));
}

int
store_make(uint32_t entries, uint32_t seconds, struct err *e)
{
	struct head h = { .magic = MAGIC,
		.sets = (entries + WAYS - 1) / WAYS,
		.seconds = seconds };
	unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	int fd = memfd_create("poptls-cache", flags | MFD_NOEXEC_SEAL);

	if (fd == -1 && errno == EINVAL)
		fd = memfd_create("poptls-cache", flags);
	if (fd == -1 || ftruncate(fd, size_of(h.sets)) == -1 ||
	    file_write(fd, &h, sizeof h, 0) == -1 ||
	    fcntl(fd, F_ADD_SEALS, SEALS) == -1) {
		err_sys(e, ERR_PERM, "Unable to make", "a memory file");
		if (fd != -1)
			close(fd);
		return -1;
	}
	return fd;
}

int
store_open(struct store *s, int fd, const unsigned char base[32], struct err *e)
{
	struct stat st;
	struct head h;
	int seals = fcntl(fd, F_GET_SEALS);

	/* only memory files have seals */
	if (seals == -1 || (seals & SEALS) != SEALS || fstat(fd, &st) == -1 ||
	    file_read(fd, &h, sizeof h, 0) != sizeof h ||
	    memcmp(h.magic, MAGIC, sizeof h.magic) != 0 || h.sets == 0 ||
	    h.sets > STORE_ENTRIES_MAX || h.seconds == 0 ||
	    h.seconds > STORE_SECONDS_MAX || st.st_size != size_of(h.sets))
		return err_set(e, ERR_CONF,
		    "fd %d of %s is no file that poptls-cache made", fd,
		    STORE_ENV);
	memset(s, 0, sizeof *s);
	s->vtable = &store_class;
	s->fd = fd;
	s->sets = h.sets;
	s->seconds = h.seconds;
	memcpy(s->base, base, sizeof s->base);
	return 0;
}
