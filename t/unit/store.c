/* SPDX-License-Identifier: MIT */
/* The file of TLS sessions, by what BearSSL calls. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "store.h"
#include "unit.h"

#define HEAD 512
#define SECONDS 100
#define SET 4 /* entries of which a new one takes the place of the oldest */
#define SIZE (HEAD + SET * STORE_ENTRY)

static const unsigned char base[32] = "what the server shows";
static br_ssl_server_context nameless;
static time_t later;

/* In place of libc's: time goes as fast as a test wants. */
int
clock_gettime(clockid_t id, struct timespec *ts)
{
	int r = (int)syscall(SYS_clock_gettime, id, ts);

	ts->tv_sec += later;
	return r;
}

static void
make(struct store *s)
{
	struct err e;
	int fd = store_make(SET, SECONDS, &e);

	later = 0;
	assert_int_not_equal(fd, -1);
	assert_int_equal(store_open(s, fd, base, &e), 0);
}

/* Session number n. */
static br_ssl_session_parameters
session(unsigned char n)
{
	br_ssl_session_parameters p = { .session_id_len = 32,
		.version = BR_TLS12,
		.cipher_suite = BR_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 };

	memset(p.session_id, n, sizeof p.session_id);
	memset(p.master_secret, 100 + n, sizeof p.master_secret);
	return p;
}

static void
save(struct store *s, unsigned char n)
{
	br_ssl_session_parameters p = session(n);

	s->vtable->save(&s->vtable, &nameless, &p);
	assert_false(s->resumed);
}

/* A new connection asks for session n: what it gets is right, if anything. */
static bool
has(const struct store *of, unsigned char n)
{
	br_ssl_session_parameters want = session(n);
	br_ssl_session_parameters p = want;
	struct store s = *of;
	int found;

	s.asked = false;
	p.version = p.cipher_suite = 0;
	memset(p.master_secret, 0, sizeof p.master_secret);
	found = s.vtable->load(&s.vtable, &nameless, &p);
	assert_int_equal(found, s.resumed);
	if (found) {
		assert_memory_equal(p.master_secret, want.master_secret,
		    sizeof p.master_secret);
		assert_int_equal(p.version, want.version);
		assert_int_equal(p.cipher_suite, want.cipher_suite);
		assert_true(store_suits(&s, &nameless));
	}
	return found == 1;
}

static void
test_found(void **state)
{
	struct store s;
	struct store other;
	br_ssl_session_parameters p = session(1);
	struct err e;

	(void)state;
	make(&s);
	assert_false(has(&s, 1));
	save(&s, 1);
	assert_true(has(&s, 1));
	assert_false(has(&s, 2));
	assert_int_equal(store_open(&other, s.fd, base, &e), 0);
	assert_true(has(&other, 1));
	/* once a connection */
	assert_int_equal(other.vtable->load(&other.vtable, &nameless, &p), 1);
	assert_int_equal(other.vtable->load(&other.vtable, &nameless, &p), 0);
	assert_false(other.resumed);
	close(s.fd);
}

static void
test_other_base(void **state)
{
	static const unsigned char bases[][32] = { "", "What the server shows",
		"what the server shows,          " };
	struct store s;
	struct store other;
	struct err e;
	size_t i;

	(void)state;
	make(&s);
	save(&s, 1);
	for (i = 0; i < COUNT(bases); i++) {
		assert_int_equal(store_open(&other, s.fd, bases[i], &e), 0);
		CHECK(!has(&other, 1), "base %zu", i);
	}
	close(s.fd);
}

static void
test_time(void **state)
{
	struct store s;

	(void)state;
	make(&s);
	save(&s, 1);
	later = SECONDS - 2;
	assert_true(has(&s, 1));
	later = SECONDS + 1;
	assert_false(has(&s, 1));
	later = 0;
	assert_true(has(&s, 1));
	/* one whose end is further off than any may be */
	s.seconds = SECONDS - 10;
	assert_false(has(&s, 1));
	later = 12;
	assert_true(has(&s, 1));
	close(s.fd);
}

static void
test_oldest_goes(void **state)
{
	struct store s;
	unsigned char n;

	(void)state;
	make(&s);
	for (n = 0; n < SET; n++) {
		later = n;
		save(&s, n);
	}
	for (n = SET; n < 10; n++) {
		later = n;
		save(&s, n);
		CHECK(!has(&s, n - SET), "%d is there", n - SET);
		CHECK(has(&s, n - SET + 1), "%d is gone", n - SET + 1);
		CHECK(has(&s, n), "%d is gone", n);
	}
	close(s.fd);
}

/* Entries that pretend to end never hold no place. */
static void
test_spoiled_times(void **state)
{
	unsigned char octets[SET * STORE_ENTRY];
	struct store s;

	(void)state;
	make(&s);
	memset(octets, 0xff, sizeof octets);
	assert_int_equal(
	    pwrite(s.fd, octets, sizeof octets, HEAD), sizeof octets);
	save(&s, 1);
	save(&s, 2);
	assert_true(has(&s, 1) && has(&s, 2));
	close(s.fd);
}

static void
test_every_octet_counts(void **state)
{
	unsigned char good[STORE_ENTRY];
	unsigned char bad[STORE_ENTRY];
	struct store s;
	size_t i;

	(void)state;
	make(&s);
	save(&s, 1);
	assert_int_equal(pread(s.fd, good, sizeof good, HEAD), sizeof good);
	for (i = 0; i < 8 * sizeof good; i++) {
		memcpy(bad, good, sizeof good);
		bad[i / 8] ^= (unsigned char)(1 << i % 8);
		assert_int_equal(
		    pwrite(s.fd, bad, sizeof bad, HEAD), sizeof bad);
		CHECK(!has(&s, 1), "bit %zu", i);
	}
	assert_int_equal(pwrite(s.fd, good, sizeof good, HEAD), sizeof good);
	assert_true(has(&s, 1));
	/* torn: the first part of one, the last of another */
	save(&s, 2);
	for (i = 1; i < sizeof good; i++) {
		memcpy(bad, good, sizeof good);
		assert_int_equal(pread(s.fd, bad + i, sizeof bad - i,
				     (off_t)(HEAD + STORE_ENTRY + i)),
		    sizeof bad - i);
		assert_int_equal(
		    pwrite(s.fd, bad, sizeof bad, HEAD), sizeof bad);
		CHECK(!has(&s, 1), "torn at %zu", i);
		assert_true(has(&s, 2));
	}
	close(s.fd);
}

/* Neither the id nor what is kept can be read. */
static void
test_nothing_in_clear(void **state)
{
	unsigned char octets[SIZE];
	br_ssl_session_parameters p = session(1);
	struct store s;

	(void)state;
	make(&s);
	save(&s, 1);
	assert_int_equal(pread(s.fd, octets, sizeof octets, 0), sizeof octets);
	assert_null(memmem(octets, sizeof octets, p.session_id, 4));
	assert_null(memmem(octets, sizeof octets, p.master_secret, 4));
	close(s.fd);
}

static void
test_size_stays(void **state)
{
	struct store s;

	(void)state;
	make(&s);
	assert_int_equal(lseek(s.fd, 0, SEEK_END), SIZE);
	assert_int_equal(ftruncate(s.fd, 0), -1);
	assert_int_equal(ftruncate(s.fd, 2 * SIZE), -1);
	assert_int_equal(pwrite(s.fd, "x", 1, SIZE), -1);
	assert_int_equal(fcntl(s.fd, F_ADD_SEALS, F_SEAL_WRITE), -1);
	close(s.fd);
}

/* A memory file with this head. */
static int
forged(
    const char *magic, uint32_t sets, uint32_t seconds, off_t size, bool sealed)
{
	uint32_t numbers[2] = { sets, seconds };
	int fd = memfd_create("forged", MFD_ALLOW_SEALING);

	assert_int_not_equal(fd, -1);
	assert_int_equal(ftruncate(fd, size), 0);
	assert_int_equal(pwrite(fd, magic, 8, 0), 8);
	assert_int_equal(pwrite(fd, numbers, sizeof numbers, 8), 8);
	if (sealed)
		assert_int_equal(fcntl(fd, F_ADD_SEALS,
				     F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL),
		    0);
	return fd;
}

static void
refused(const char *what, int fd)
{
	struct store s;
	struct err e;

	CHECK(store_open(&s, fd, base, &e) == -1, "%s", what);
	assert_int_equal(e.kind, ERR_CONF);
	assert_non_null(strstr(e.text, STORE_ENV));
	if (fd != -1)
		close(fd);
}

static void
test_other_files(void **state)
{
	char name[] = "/tmp/popper-unit-XXXXXX";
	int pipes[2];
	struct store s;
	struct err e;
	int fd = forged("poptls1", 1, 1, SIZE, true);

	(void)state;
	assert_int_equal(store_open(&s, fd, base, &e), 0);
	close(fd);
	refused("not sealed", forged("poptls1", 1, 1, SIZE, false));
	refused("magic", forged("poptls2", 1, 1, SIZE, true));
	refused("sets 0", forged("poptls1", 0, 1, HEAD, true));
	refused("too small", forged("poptls1", 1, 1, SIZE - 1, true));
	refused("too large", forged("poptls1", 1, 1, SIZE + 1, true));
	refused("many sets", forged("poptls1", ~0U, 1, SIZE, true));
	refused("seconds 0", forged("poptls1", 1, 0, SIZE, true));
	refused("a week", forged("poptls1", 1, 604800, SIZE, true));
	refused("no fd", -1);
	refused("a device", open("/dev/null", O_RDWR));
	assert_int_equal(pipe(pipes), 0);
	refused("a pipe", pipes[0]);
	close(pipes[1]);
	fd = mkstemp(name);
	unlink(name);
	assert_int_equal(ftruncate(fd, SIZE), 0);
	assert_int_equal(pwrite(fd, "poptls1\0\1\0\0\0\1\0\0", 16, 0), 16);
	refused("of a disk", fd);
}

static void
write_many(const struct store *of, unsigned char first)
{
	struct store s = *of;
	br_ssl_session_parameters p;
	int i;

	for (i = 0; i < 20000; i++) {
		p = session((unsigned char)(first + i % 5));
		s.vtable->save(&s.vtable, &nameless, &p);
	}
	_exit(0);
}

/* Two processes write to the same set: what is found is always right. */
static void
test_two_writers(void **state)
{
	struct store s;
	pid_t pids[2];
	size_t i;
	int status;
	int left = 2;
	int found = 0;
	unsigned char n = 0;

	(void)state;
	make(&s);
	for (i = 0; i < COUNT(pids); i++) {
		pids[i] = fork();
		assert_int_not_equal(pids[i], -1);
		if (pids[i] == 0)
			write_many(&s, (unsigned char)(5 * i));
	}
	while (left > 0) {
		found += has(&s, n++ % 10);
		if (waitpid(-1, &status, WNOHANG) > 0) {
			assert_int_equal(status, 0);
			left--;
		}
	}
	assert_true(found > 0);
	close(s.fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_found),
		cmocka_unit_test(test_other_base),
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_oldest_goes),
		cmocka_unit_test(test_spoiled_times),
		cmocka_unit_test(test_every_octet_counts),
		cmocka_unit_test(test_nothing_in_clear),
		cmocka_unit_test(test_size_stays),
		cmocka_unit_test(test_other_files),
		cmocka_unit_test(test_two_writers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
