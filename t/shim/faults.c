/* SPDX-License-Identifier: MIT */
/*
 * Loaded into popper by LD_PRELOAD: counts the file-changing calls of the
 * process that was started, and at call FAULT_AT kills it before the call,
 * or makes the call fail with FAULT_ERRNO, or (FAULT_SHORT) lets it write
 * half of its octets; once or (FAULT_STAY) from then on, and only if it is
 * FAULT_ONLY, if that is given.
 * FAULT_SPACE octets are all that it can add to files: truncating gives none
 * back, because somebody else is quicker.
 * The count, and the calls by name, one a line, are written to FAULT_COUNT
 * when the process ends by itself; before, it is empty.  RECORD is in record.c.
 * FAULT_CLOCK seconds pass from one look at the monotonic clock to the next.
 * Not seen: what stdio, mkstemp, splice and a shared mapping do to files.
 */
#include "shim.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CALLS 16384
#define FILES 64
/* out of the way, and among those that a session's filter tells apart */
#define HIGH 56

static int mine;
static int tally = -1;
static long count, at, error, stay, halves, space, passing, looks;
static const char *only;
static const char *calls[CALLS];
/* what was paid for: files reach to here */
static struct {
	dev_t dev;
	ino_t ino;
	off64_t end;
} paid[FILES];
static int paid_count;

static long
number(const char *name, long other)
{
	const char *s = getenv(name);

	return s != NULL ? strtol(s, NULL, 10) : other;
}

static void
child(void)
{
	mine = 0;
}

int
shim_open(const char *file, int flags)
{
	int high;
	int fd;

	if (file == NULL)
		return -1;
	fd = REAL(openat64)(AT_FDCWD, file, flags, 0600);
	if (fd == -1)
		return -1;
	high = fcntl(fd, F_DUPFD_CLOEXEC, HIGH);
	close(fd);
	return high;
}

/*
 * A session may write only to what its maildrop has, and to what was not open
 * when it was confined, as its poll(2) tells.
 */
static int
hide_ours(struct pollfd *p, nfds_t n, int found)
{
	nfds_t i;

	for (i = 0; i < n; i++) {
		if (p[i].fd >= HIGH && p[i].events == 0) {
			found += p[i].revents == 0;
			p[i].revents = POLLNVAL;
		}
	}
	return found;
}

int
poll(struct pollfd *p, nfds_t n, int timeout)
{
	return hide_ours(p, n, REAL(poll)(p, n, timeout));
}

int __poll_chk(struct pollfd *p, nfds_t n, int timeout, size_t size);

int
__poll_chk(struct pollfd *p, nfds_t n, int timeout, size_t size)
{
	return hide_ours(p, n, REAL(__poll_chk)(p, n, timeout, size));
}

int
clock_gettime(clockid_t id, struct timespec *t)
{
	int r = REAL(clock_gettime)(id, t);

	if (r == 0 && mine && id == CLOCK_MONOTONIC)
		t->tv_sec += passing * ++looks;
	return r;
}

__attribute__((constructor)) static void
begin(void)
{
	at = number("FAULT_AT", 0);
	error = number("FAULT_ERRNO", 0);
	stay = number("FAULT_STAY", 0);
	halves = number("FAULT_SHORT", 0);
	space = number("FAULT_SPACE", -1);
	passing = number("FAULT_CLOCK", 0);
	only = getenv("FAULT_ONLY");
	tally = shim_open(getenv("FAULT_COUNT"), O_WRONLY | O_CREAT | O_TRUNC);
	record_begin();
	mine = pthread_atfork(NULL, NULL, child) == 0;
}

__attribute__((destructor)) static void
end(void)
{
	FILE *f;
	long i;

	if (!mine || tally == -1)
		return;
	mine = 0;
	f = fdopen(tally, "w");
	if (f == NULL)
		return;
	fprintf(f, "%ld\n", count);
	for (i = 0; i < count && i < CALLS; i++)
		fprintf(f, "%s\n", calls[i]);
	fclose(f);
}

int
shim_mine(void)
{
	return mine;
}

/* True if it is this call's turn. */
static int
turn(const char *name)
{
	if (!mine)
		return 0;
	if (count < CALLS)
		calls[count] = name;
	count++;
	if (only != NULL && strcmp(only, name) != 0)
		return 0;
	return at != 0 && (count == at || (count > at && stay));
}

static int
strike(void)
{
	/* a session that may not even do that is killed for it */
	if (error == 0)
		kill(getpid(), SIGKILL);
	errno = (int)error;
	return 1;
}

int
fault(const char *name)
{
	return turn(name) && !halves && strike();
}

int
fault_data(const char *name, size_t *n)
{
	if (!turn(name))
		return 0;
	if (!halves)
		return strike();
	if (*n > 1)
		*n /= 2;
	return 0;
}

static off64_t *
paid_for(const struct stat *st)
{
	int i;

	for (i = 0; i < paid_count; i++) {
		if (paid[i].dev == st->st_dev && paid[i].ino == st->st_ino)
			break;
	}
	/* a number can come again: that file is a new one */
	if (i < paid_count && st->st_nlink > 0 && st->st_size == 0 &&
	    st->st_blocks == 0)
		paid[i].end = 0;
	if (i == FILES)
		abort();
	if (i == paid_count) {
		paid[i].dev = st->st_dev;
		paid[i].ino = st->st_ino;
		paid[i].end = st->st_size;
		paid_count++;
	}
	if (paid[i].end < st->st_size)
		paid[i].end = st->st_size;
	return &paid[i].end;
}

size_t
space_for(const struct stat *st, off64_t from, size_t n)
{
	off64_t has;
	off64_t more;

	if (space < 0)
		return n;
	has = *paid_for(st);
	more = from + (off64_t)n - (from > has ? from : has);
	if (more <= space)
		return n;
	return (off64_t)n > more - space ? n - (size_t)(more - space) : 0;
}

void
space_used(const struct stat *st, off64_t to)
{
	off64_t *has;

	if (space < 0)
		return;
	has = paid_for(st);
	if (to > *has) {
		space -= to - *has;
		*has = to;
	}
}

void
space_cut(const struct stat *st, off64_t to)
{
	if (space >= 0)
		*paid_for(st) = to;
}
