/* SPDX-License-Identifier: MIT */
#define XXH_INLINE_ALL
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fileio.h"
#include "journal.h"

/* A folder, with the journal of a spool in it. */
struct box {
	char path[32];
	struct spool sp;
	struct journal j;
	struct err e;
};

static void
box_make(struct box *b)
{
	memset(b, 0, sizeof *b);
	strcpy(b->path, "/tmp/popper-unit.XXXXXX");
	assert_non_null(mkdtemp(b->path));
	b->sp.dir = b->sp.temp =
	    open(b->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	b->sp.uid = getuid();
	b->sp.apart = b->sp.fd = b->sp.held = b->sp.old = -1;
	strcpy(b->sp.drop, "drop");
	strcpy(b->sp.lock, "drop");
	strcpy(b->sp.temp_path, "the drop");
	strcpy(b->sp.lock_path, "the drop");
	b->sp.session =
	    openat(b->sp.dir, "drop", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_int_not_equal(b->sp.session, -1);
	assert_int_equal(
	    journal_open(&b->j, &b->sp, JOURNAL_TEMP, true, &b->e), 0);
	assert_int_equal(b->j.fd, b->sp.session);
}

static void
box_free(struct box *b)
{
	unlinkat(b->sp.dir, "drop", 0);
	unlinkat(b->sp.dir, "apart", 0);
	close(b->sp.session);
	close(b->sp.dir);
	rmdir(b->path);
}

/* What another session would find. */
static enum journal_found
look(struct box *b)
{
	memset(&b->j, 0, sizeof b->j);
	assert_int_equal(
	    journal_open(&b->j, &b->sp, JOURNAL_TEMP, false, &b->e), 0);
	return journal_read(&b->j, &b->e);
}

static void
put(struct box *b, uint32_t state, uint64_t data)
{
	struct journal_slot s = { .state = state, .data = data };

	assert_int_equal(journal_put(&b->j, &s, &b->e), 0);
	assert_int_equal(b->j.now.state, state);
}

static void
turn(int fd, uint64_t at)
{
	char c = 0;

	assert_int_not_equal(file_read(fd, &c, 1, at), -1);
	c ^= 0x20;
	assert_int_equal(file_write(fd, &c, 1, at), 0);
}

/* The slot with the higher number counts, and they take turns. */
static void
slots(void **state)
{
	struct box b;
	uint64_t i;

	(void)state;
	box_make(&b);
	assert_int_equal(look(&b), JOURNAL_NOTHING);
	assert_int_equal(b.j.now.state, 0);
	assert_int_equal(b.j.end, JOURNAL_DATA);
	for (i = 1; i <= 5; i++) {
		char magic[2][8];

		put(&b, i % 2 ? JOURNAL_CUT : JOURNAL_HELD, 100 + i);
		assert_int_equal(look(&b), JOURNAL_OURS);
		assert_int_equal(b.j.now.data, 100 + i);
		assert_int_equal(b.j.now.seq, i);
		assert_int_equal(
		    b.j.now.state, i % 2 ? JOURNAL_CUT : JOURNAL_HELD);
		file_read(b.j.fd, magic[0], 8, 0);
		file_read(b.j.fd, magic[1], 8, JOURNAL_SLOT);
		if (i > 1)
			assert_memory_equal(magic[0], magic[1], 8);
	}
	assert_int_equal(journal_drop(&b.j, &b.e), 0);
	assert_int_equal(b.j.now.state, 0);
	assert_int_equal(b.j.end, JOURNAL_DATA);
	assert_int_equal(lseek(b.j.fd, 0, SEEK_END), 0);
	assert_int_equal(look(&b), JOURNAL_NOTHING);
	box_free(&b);
}

/* A slot that was torn while it was written: the other one counts. */
static void
torn(void **state)
{
	struct box b;
	uint64_t i;

	(void)state;
	box_make(&b);
	put(&b, JOURNAL_CUT, 1);
	put(&b, JOURNAL_HELD, 2);
	/* number 2 is in the first place */
	for (i = 0; i < sizeof(struct journal_slot); i++) {
		turn(b.j.fd, i);
		CHECK(look(&b) == JOURNAL_OURS && b.j.now.data == 1,
		    "octet %zu", (size_t)i);
		turn(b.j.fd, i);
	}
	/* what is behind a slot is nothing */
	turn(b.j.fd, JOURNAL_SLOT - 1);
	assert_int_equal(look(&b), JOURNAL_OURS);
	assert_int_equal(b.j.now.data, 2);
	/* both: nothing was ever done by them, as far as one can tell */
	turn(b.j.fd, 20);
	turn(b.j.fd, JOURNAL_SLOT + 20);
	assert_int_equal(look(&b), JOURNAL_NOTHING);
	box_free(&b);

	/* and cut off */
	box_make(&b);
	put(&b, JOURNAL_CUT, 1);
	put(&b, JOURNAL_HELD, 2);
	assert_int_equal(ftruncate(b.j.fd, JOURNAL_SLOT + 30), 0);
	assert_int_equal(look(&b), JOURNAL_OURS);
	assert_int_equal(b.j.now.data, 2);
	assert_int_equal(ftruncate(b.j.fd, 30), 0);
	assert_int_equal(look(&b), JOURNAL_NOTHING);
	box_free(&b);
}

static uint64_t
check_of(const struct journal_slot *s)
{
	return XXH3_64bits(s, offsetof(struct journal_slot, check));
}

/* A slot that is whole, but cannot be. */
static void
impossible(void **state)
{
	static const uint32_t wrong[] = { 0, JOURNAL_REMOVE + 1, UINT32_MAX };
	struct box b;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(wrong); i++) {
		struct journal_slot s;

		box_make(&b);
		put(&b, JOURNAL_CUT, 1);
		put(&b, JOURNAL_HELD, 2);
		s = b.j.now;
		s.state = wrong[i];
		s.check = check_of(&s);
		assert_int_equal(file_write(b.j.fd, &s, sizeof s, 0), 0);
		CHECK(look(&b) == JOURNAL_OURS && b.j.now.data == 1, "state %u",
		    wrong[i]);
		/* number 0 is none */
		s.state = JOURNAL_HELD;
		s.seq = 0;
		s.check = check_of(&s);
		assert_int_equal(file_write(b.j.fd, &s, sizeof s, 0), 0);
		assert_int_equal(look(&b), JOURNAL_OURS);
		assert_int_equal(b.j.now.data, 1);
		box_free(&b);
	}
}

/* What is no journal. */
static void
foreign(void **state)
{
	static const struct {
		enum journal_found want;
		const char *text;
		size_t zeros; /* behind it */
		size_t more;  /* octets of mail behind these */
	} row[] = {
		{ JOURNAL_NOTHING, "", 0, 0 },
		{ JOURNAL_NOTHING, "", 1, 0 },
		{ JOURNAL_NOTHING, "", JOURNAL_DATA, 0 },
		{ JOURNAL_NOTHING, "", JOURNAL_DATA, 4000 },
		{ JOURNAL_NOTHING, "POPPER\n\1", JOURNAL_DATA, 0 },
		{ JOURNAL_FOREIGN, "POPPER\n\2", JOURNAL_DATA, 0 },
		{ JOURNAL_FOREIGN, "x", 0, 0 },
		{ JOURNAL_FOREIGN, "From a@b Thu Jan  1 00:00:00 1970\n", 0,
		    0 },
		{ JOURNAL_FOREIGN, "From a@b Thu Jan  1 00:00:00 1970\n",
		    JOURNAL_DATA, 4000 },
		{ JOURNAL_FOREIGN, "\1\1\1\1\n", 0, 5000 },
		{ JOURNAL_FOREIGN, "", JOURNAL_SLOT, 4000 },
		{ JOURNAL_FOREIGN, "", JOURNAL_DATA - 1, 1 },
	};
	char zeros[JOURNAL_DATA] = { 0 };
	char mail[5000];
	size_t i;

	(void)state;
	memset(mail, 'm', sizeof mail);
	for (i = 0; i < COUNT(row); i++) {
		size_t n = strlen(row[i].text);
		struct box b;

		box_make(&b);
		file_write(b.j.fd, row[i].text, n, 0);
		file_write(b.j.fd, zeros, row[i].zeros, n);
		file_write(b.j.fd, mail, row[i].more, n + row[i].zeros);
		CHECK(look(&b) == row[i].want, "row %zu", i);
		assert_int_equal(b.j.now.state, 0);
		box_free(&b);
	}
}

/* A plan, or a window, that a power cut took: the state before counts. */
static void
plans(void **state)
{
	static const char octets[] = "what is saved, and a plan, and windows";
	const uint64_t at = JOURNAL_DATA + 10;
	const size_t n = sizeof octets;
	struct journal_slot s;
	struct box b;
	uint64_t i;

	(void)state;
	box_make(&b);
	put(&b, JOURNAL_HELD, 10);
	assert_int_equal(file_write(b.j.fd, octets, n, at), 0);
	memset(&s, 0, sizeof s);
	s.state = JOURNAL_PUT;
	s.region = at;
	s.plan = at + 4;
	s.plan_len = n - 4;
	s.plan_digest = XXH3_128bits(octets, n);
	assert_int_equal(journal_put(&b.j, &s, &b.e), 0);
	assert_int_equal(look(&b), JOURNAL_OURS);
	assert_int_equal(b.j.now.state, JOURNAL_PUT);
	assert_int_equal(b.j.end, at + n);
	for (i = 0; i < n; i++) {
		turn(b.j.fd, at + i);
		CHECK(look(&b) == JOURNAL_OURS &&
			b.j.now.state == JOURNAL_HELD && b.j.now.data == 10,
		    "octet %zu", (size_t)i);
		turn(b.j.fd, at + i);
	}
	assert_int_equal(look(&b), JOURNAL_OURS);
	assert_int_equal(b.j.now.state, JOURNAL_PUT);

	/* the second window, of which there is a copy */
	s.state = JOURNAL_SHIFT;
	s.plan_len = 8;
	s.plan_digest = XXH3_128bits(octets, 12);
	s.from = 100;
	s.result = 115;
	s.done = 9;
	s.window_len = 6;
	s.halves = at + 12;
	s.half_len = 9;
	s.copy = at + 21;
	s.window_digest = XXH3_128bits(octets + 21, 6);
	assert_int_equal(journal_put(&b.j, &s, &b.e), 0);
	assert_int_equal(look(&b), JOURNAL_OURS);
	assert_int_equal(b.j.now.state, JOURNAL_SHIFT);
	for (i = 0; i < 30; i++) {
		bool used = i < 12 || (i >= 21 && i < 27);

		turn(b.j.fd, at + i);
		look(&b);
		CHECK((b.j.now.state == JOURNAL_SHIFT) == !used,
		    "octet %zu: state %u", (size_t)i, b.j.now.state);
		turn(b.j.fd, at + i);
	}
	box_free(&b);
}

/* Mail that was not copied whole: it is still where it was. */
static void
taken(void **state)
{
	struct journal_slot s = { .state = JOURNAL_TAKEN, .data = 4 };
	struct box b;

	(void)state;
	box_make(&b);
	s.digest = XXH3_128bits("mail", 4);
	assert_int_equal(journal_put(&b.j, &s, &b.e), 0);
	assert_int_equal(look(&b), JOURNAL_NOTHING);
	assert_int_equal(file_write(b.j.fd, "mail", 4, JOURNAL_DATA), 0);
	assert_int_equal(look(&b), JOURNAL_OURS);
	turn(b.j.fd, JOURNAL_DATA + 3);
	assert_int_equal(look(&b), JOURNAL_NOTHING);
	/* but what is nowhere else is never thrown away */
	s.state = JOURNAL_HELD;
	assert_int_equal(journal_put(&b.j, &s, &b.e), 0);
	assert_int_equal(look(&b), JOURNAL_OURS);
	box_free(&b);
}

/* A state that cannot be written leaves the one before. */
static void
unwritable(void **state)
{
	struct journal_slot s = { .state = JOURNAL_HELD, .data = 7 };
	struct box b;
	int fd;

	(void)state;
	box_make(&b);
	put(&b, JOURNAL_CUT, 1);
	fd = openat(b.sp.dir, "drop", O_RDONLY | O_CLOEXEC);
	assert_int_not_equal(fd, -1);
	b.j.fd = fd;
	assert_int_equal(journal_put(&b.j, &s, &b.e), -1);
	assert_int_equal(b.e.kind, ERR_TEMP);
	assert_non_null(strstr(b.e.text, "the drop"));
	assert_int_equal(b.j.now.data, 1);
	assert_int_equal(journal_drop(&b.j, &b.e), -1);
	assert_int_equal(b.j.now.data, 1);
	close(fd);
	assert_int_equal(look(&b), JOURNAL_OURS);
	assert_int_equal(b.j.now.data, 1);
	box_free(&b);
}

/* In a file of its own, beside the session lock or elsewhere. */
static void
apart(void **state)
{
	struct box b;
	struct spool other;

	(void)state;
	box_make(&b);
	strcpy(b.sp.drop, "apart");
	assert_int_equal(look(&b), JOURNAL_NOTHING);
	assert_int_equal(b.j.fd, -1);
	assert_int_equal(journal_drop(&b.j, &b.e), 0);
	assert_int_equal(
	    journal_open(&b.j, &b.sp, JOURNAL_TEMP, true, &b.e), 0);
	assert_int_equal(b.j.fd, b.sp.apart);
	put(&b, JOURNAL_CUT, 3);
	assert_int_equal(look(&b), JOURNAL_OURS);
	assert_int_equal(lseek(b.sp.session, 0, SEEK_END), 0);
	/* nobody else may have it */
	other = b.sp;
	other.apart = -1;
	assert_int_equal(journal_find(&other, &b.e), -1);
	assert_int_equal(b.e.kind, ERR_BUSY);
	assert_int_equal(other.apart, -1);
	/* nor make another in its place */
	assert_int_equal(
	    journal_open(&b.j, &other, JOURNAL_TEMP, true, &b.e), -1);
	assert_int_equal(b.e.kind, ERR_BUSY);
	close(b.sp.apart);
	box_free(&b);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(slots),
		cmocka_unit_test(torn),
		cmocka_unit_test(impossible),
		cmocka_unit_test(foreign),
		cmocka_unit_test(plans),
		cmocka_unit_test(taken),
		cmocka_unit_test(unwritable),
		cmocka_unit_test(apart),
	};

	return cmocka_run_group_tests_name("journal", tests, NULL, NULL);
}
