/* SPDX-License-Identifier: MIT */
/* runs as: the user */
#define XXH_INLINE_ALL
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <unistd.h>

#include "fileio.h"
#include "journal.h"
#include "plan.h"
#include "safefile.h"

static const char magic[8] = "POPPER\n\1";

_Static_assert(sizeof(struct journal_slot) <= JOURNAL_SLOT, "a slot's size");

static uint64_t
check_of(const struct journal_slot *s)
{
	return XXH3_64bits(s, offsetof(struct journal_slot, check));
}

static bool
is_whole(const struct journal_slot *s)
{
	return memcmp(s->magic, magic, sizeof magic) == 0 &&
	    s->check == check_of(s) && s->state >= JOURNAL_TAKEN &&
	    s->state <= JOURNAL_REMOVE;
}

static bool
has_window(const struct journal_slot *s)
{
	return s->from <= s->result && s->result <= INT64_MAX - JOURNAL_NONCE &&
	    s->done <= s->result - s->from &&
	    s->window_len <= s->result - s->from - s->done &&
	    s->window_len > 0 && s->halves <= INT64_MAX / 4 &&
	    s->half_len <= INT64_MAX / 4 &&
	    (s->copy == 0 || s->window_len <= s->half_len);
}

static bool
has_hole(const struct journal_slot *s)
{
	const uint64_t len = s->size - s->result;

	return s->size <= INT64_MAX && s->result < s->size &&
	    s->from <= s->hole && s->plan_len <= s->size &&
	    s->hole - s->from <= s->plan_len && s->hole <= s->size &&
	    s->from + s->plan_len <= s->result && len >= JOURNAL_NONCE;
}

/* A slot can outlive a power cut that what it tells of did not. */
static int
has_plan(int fd, const struct stat *st, const struct journal_slot *s)
{
	uint64_t size = (uint64_t)st->st_size;
	int r;

	if (s->state == JOURNAL_HELD || s->state == JOURNAL_CUT)
		return 1;
	if (s->state >= JOURNAL_COLLAPSE && !has_hole(s))
		return 0;
	if (s->state == JOURNAL_REMOVE)
		return 1;
	if (s->state == JOURNAL_TAKEN)
		return s->data > size || size - s->data < JOURNAL_DATA
		    ? 0
		    : plan_whole(fd, JOURNAL_DATA, s->data, &s->digest);
	if (s->plan < s->region || s->region < JOURNAL_DATA || s->plan > size ||
	    s->plan_len > size - s->plan ||
	    (s->state == JOURNAL_SHIFT && !has_window(s)))
		return 0;
	r = plan_whole(
	    fd, s->region, s->plan + s->plan_len - s->region, &s->plan_digest);
	if (r != 1 || s->state != JOURNAL_SHIFT || s->copy == 0)
		return r;
	if (s->copy > size || s->window_len > size - s->copy)
		return 0;
	return plan_whole(fd, s->copy, s->window_len, &s->window_digest);
}

/* Never written, or torn while it was: nothing has been done by it. */
static bool
is_begun(const unsigned char *block)
{
	static const unsigned char nothing[JOURNAL_SLOT];

	return memcmp(block, magic, sizeof magic) == 0 ||
	    memcmp(block, nothing, sizeof nothing) == 0;
}

/* It is not ours, so its end is not, either. */
static int
busy(struct spool *sp, struct err *e)
{
	if (sp->apart != -1)
		close(sp->apart);
	sp->apart = -1;
	return err_set(e, ERR_BUSY,
	    "%.200s lock is held: another server works on it", sp->temp_path);
}

int
journal_find(struct spool *sp, struct err *e)
{
	struct stat st;

	/* one that lies in the spool's folder is the session lock itself */
	while (sp->apart == -1 && !spool_together(sp)) {
		sp->apart = safefile_open_user(
		    sp->temp, sp->drop, sp->temp_path, O_RDWR, sp->uid, &st, e);
		if (sp->apart == -1)
			return e->sys == ENOENT ? 0 : -1;
		if (flock(sp->apart, LOCK_EX | LOCK_NB) == -1)
			return busy(sp, e);
		sp->apart_old = true;
		if (safefile_is(sp->temp, sp->drop, &st))
			return 0;
		close(sp->apart);
		sp->apart = -1;
	}
	return 0;
}

/* There was none when files could be opened. */
static int
make_apart(struct spool *sp, struct err *e)
{
	sp->apart_old = false;
	sp->apart = openat(sp->temp, sp->drop,
	    O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (sp->apart == -1 && errno == EEXIST)
		return busy(sp, e);
	if (sp->apart == -1) {
		safefile_err(
		    e, ERR_PERM, "Unable to create", sp->temp_path, sp->temp);
		return spool_no_drop(e);
	}
	return flock(sp->apart, LOCK_EX | LOCK_NB) == -1 ? busy(sp, e) : 0;
}

int
journal_open(struct journal *j, struct spool *sp, enum journal_where where,
    bool make, struct err *e)
{
	memset(j, 0, sizeof *j);
	j->end = JOURNAL_DATA;
	if (where == JOURNAL_BESIDE || spool_together(sp)) {
		j->fd = sp->session;
		j->old = sp->session_old;
		j->dir = sp->dir;
		j->name = sp->lock;
		j->new_name = sp->lock_new;
		j->path = sp->lock_path;
		return 0;
	}
	j->dir = sp->temp;
	j->name = sp->drop;
	j->new_name = sp->drop_new;
	j->path = sp->temp_path;
	if (sp->apart == -1 && make && make_apart(sp, e) == -1)
		return -1;
	j->fd = sp->apart;
	j->old = sp->apart_old;
	return 0;
}

enum journal_found
journal_read(struct journal *j, struct err *e)
{
	unsigned char block[JOURNAL_DATA] = { 0 };
	struct journal_slot slot[2];
	struct stat st;
	int i;

	j->now.state = 0;
	j->now.seq = 0;
	if (j->fd == -1)
		return JOURNAL_NOTHING;
	if (fstat(j->fd, &st) == -1 ||
	    file_read(j->fd, block, sizeof block, 0) == -1) {
		err_sys(e, ERR_TEMP, "Unable to read", j->path);
		return JOURNAL_ERROR;
	}
	if (st.st_size == 0)
		return JOURNAL_NOTHING;
	j->tried = true;
	for (i = 0; i < 2; i++) {
		memcpy(
		    &slot[i], block + (size_t)i * JOURNAL_SLOT, sizeof slot[i]);
		if (!is_whole(&slot[i]) || slot[i].seq <= j->now.seq)
			continue;
		switch (has_plan(j->fd, &st, &slot[i])) {
		case 1:
			j->now = slot[i];
			break;
		case 0:
			break;
		default:
			err_sys(e, ERR_TEMP, "Unable to read", j->path);
			return JOURNAL_ERROR;
		}
	}
	if ((uint64_t)st.st_size > JOURNAL_DATA)
		j->end = (uint64_t)st.st_size;
	if (j->now.state != 0)
		return JOURNAL_OURS;
	return is_begun(block) && is_begun(block + JOURNAL_SLOT)
	    ? JOURNAL_NOTHING
	    : JOURNAL_FOREIGN;
}

int
journal_put(struct journal *j, struct journal_slot *next, struct err *e)
{
	char block[JOURNAL_SLOT] = { 0 };
	uint64_t at;

	j->tried = true;
	memcpy(next->magic, magic, sizeof magic);
	next->seq = j->now.seq + 1;
	next->check = check_of(next);
	memcpy(block, next, sizeof *next);
	at = (next->seq & 1) * JOURNAL_SLOT;
	if (file_write(j->fd, block, sizeof block, at) == -1) {
		err_sys(e, ERR_TEMP, "Unable to write", j->path);
		memset(block, 0, sizeof block);
		file_write(j->fd, block, sizeof block, at);
		return -1;
	}
	if (fdatasync(j->fd) == 0) {
		j->now = *next;
		return 0;
	}
	err_sys(e, ERR_TEMP, "Unable to sync", j->path);
	memset(block, 0, sizeof block);
	if (file_write(j->fd, block, sizeof block, at) == -1)
		return 1;
	/* new octets on these pages: this does not repeat the one above */
	fdatasync(j->fd);
	return -1;
}

int
journal_begin(struct journal *j, struct err *e)
{
	if (!j->old || fsync(j->fd) == 0)
		return 0;
	return err_sys(e, ERR_TEMP, "Unable to sync", j->path);
}

int
journal_sync_name(const struct journal *j, struct err *e)
{
	if (fsync(j->dir) == -1)
		return err_sys(
		    e, ERR_TEMP, "Unable to sync the folder of", j->path);
	return 0;
}

int
journal_drop(struct journal *j, struct err *e)
{
	if (j->fd == -1)
		return 0;
	if (file_truncate(j->fd, 0) == -1)
		return err_sys(e, ERR_TEMP, "Unable to empty", j->path);
	j->now.state = 0;
	j->end = JOURNAL_DATA;
	if (!j->tried || fsync(j->fd) == 0) {
		j->tried = false;
		return 0;
	}
	err_sys(e, ERR_TEMP, "Unable to sync", j->path);
	return 1;
}

void
journal_cut(struct journal *j, uint64_t end)
{
	file_truncate(j->fd, end);
	j->end = end;
}

void
journal_nonce(unsigned char nonce[JOURNAL_NONCE])
{
	int i;

	while (getrandom(nonce, JOURNAL_NONCE, 0) != JOURNAL_NONCE)
		;
	/* no mail begins so, nor does a hole */
	for (i = 0; i < JOURNAL_NONCE; i++)
		nonce[i] |= 0x80;
}
