/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fileio.h"
#include "message.h"
#include "scanref.h"
#include "tmpfile.h"

#define FROM "From a@b Thu Jan  1 00:00:00 1970\n"
#define STATUSES (WALK_DROP(HEADER_STATUS) | WALK_DROP(HEADER_XSTATUS))

/* What comes, one after the other. */
struct got {
	const char *mail; /* of ranges */
	char *data;	  /* owned */
	size_t n;
	uint64_t at; /* ranges go up */
	size_t stop; /* before so many octets */
};

static int
take(void *ctx, const char *data, size_t n)
{
	struct got *g = ctx;

	assert_true(n > 0);
	if (g->n + n > g->stop)
		return -1;
	g->data = realloc(g->data, g->n + n);
	assert_non_null(g->data);
	memcpy(g->data + g->n, data, n);
	g->n += n;
	return 0;
}

static int
range(void *ctx, uint64_t at, uint64_t len)
{
	struct got *g = ctx;

	assert_true(at >= g->at);
	g->at = at + len;
	return take(g, g->mail + at, len);
}

/* The first message of this mail, in a file. */
static void
open_mail(struct drop *d, struct msgloc *m, const char *mail, size_t n)
{
	struct scanref r;
	struct err e = { .text = "" };

	memset(d, 0, sizeof *d);
	d->sp.fd = tmpfile_open(AT_FDCWD, &e);
	CHECK(d->sp.fd != -1, "%s", e.text);
	assert_int_equal(file_write(d->sp.fd, mail, n, 0), 0);
	scanref_split(&r, mail, n, false);
	assert_true(r.n > 0);
	*m = r.msg[0];
	scanref_free(&r);
}

static void
expect(const struct got *g, const char *want, size_t n, const char *what)
{
	CHECK(g->n == n && (n == 0 || memcmp(g->data, want, n) == 0),
	    "%s: %.*s", what, (int)(g->n < 500 ? g->n : 500), g->data);
	free(g->data);
}

static void
fields(const char *mail, size_t n, unsigned what, const char *want, size_t k)
{
	struct got g = { .mail = mail, .stop = SIZE_MAX };
	struct drop d;
	struct msgloc m;
	struct err e = { .text = "" };

	open_mail(&d, &m, mail, n);
	CHECK(message_fields(&d, &m, what, range, &g, &e) == 0, "%s", e.text);
	assert_true(g.at <= message_fields_end(&m));
	expect(&g, want, k, "fields");
	message_forget(&d);
	close(d.sp.fd);
}

/* Ranges of what is kept; a continuation goes with its field. */
static void
some_fields(void **state)
{
	static const struct {
		const char *mail;
		unsigned what;
		const char *want;
	} row[] = {
		{ FROM "A: b\n\nx\n", STATUSES, "A: b\n" },
		{ FROM "A: b\n\nStatus: R\n", STATUSES, "A: b\n" },
		{ FROM "Status: R\nA: b\n c\n\nx\n", STATUSES, "A: b\n c\n" },
		{ FROM "A: b\nstatus: R\n\tO\n O\nX-Status: A\n\nx\n", STATUSES,
		    "A: b\n" },
		{ FROM "A: b\nX-Status: A\nStatus: R\nC: d\nStatus: O\n\n",
		    WALK_DROP(HEADER_STATUS), "A: b\nX-Status: A\nC: d\n" },
		{ FROM "X-UIDL: a\n b\nContent-Length: 3\nA: b\n\n",
		    WALK_SERVER, "A: b\n" },
		{ FROM "X-UIDL: a\nA: b\n\n", 0, "X-UIDL: a\nA: b\n" },
		{ FROM "X-UIDL: a\nStatus: R\n\n", WALK_SERVER | STATUSES, "" },
		{ FROM "\nStatus: R\n\n", STATUSES, "" },
		{ FROM "A: b\r\nStatus: R\r\nC: d\r\n\r\nx\r\n", STATUSES,
		    "A: b\r\nC: d\r\n" },
		{ FROM " Status: R\nA: b\n\n", STATUSES, " Status: R\nA: b\n" },
		/* a header that just stops */
		{ FROM "A: b\nStatus: R\n", STATUSES, "A: b\n" },
		{ FROM "Status: R\nA: b", STATUSES, "A: b" },
		{ FROM "A: b\nStatus: R", STATUSES, "A: b\n" },
		{ FROM, STATUSES, "" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(row); i++)
		fields(row[i].mail, strlen(row[i].mail), row[i].what,
		    row[i].want, strlen(row[i].want));
}

/* Lines that end at, before and behind the end of what is read at once. */
static void
long_lines(void **state)
{
	static const char *const name[] = { "A: ", "Status: ", "A: b\n ",
		"Status: R\n " };
	static const size_t len[] = { 1, 131000, 131060, 131067, 131068, 131069,
		131070, 131071, 131072, 131073, 262144, 400000 };
	size_t i;
	size_t k;

	(void)state;
	for (i = 0; i < COUNT(name) * COUNT(len); i++) {
		const char *first = name[i % COUNT(name)];
		size_t n = len[i / COUNT(name)];
		bool dropped = first[0] == 'S';
		char *mail = malloc(n + 200);
		char *want = malloc(n + 200);
		size_t at = strlen(FROM);

		assert_non_null(mail);
		assert_non_null(want);
		memcpy(mail, FROM, at);
		at += (size_t)sprintf(mail + at, "%s", first);
		/* what looks like a field within a line is none */
		for (k = 0; k < n; k++)
			mail[at++] = "Status: "[k % 8];
		at += (size_t)sprintf(mail + at, "\nStatus: O\nC: d\n\nx\n");
		k = 0;
		if (!dropped) {
			k = strlen(first) + n + 1;
			memcpy(want, mail + strlen(FROM), k);
		}
		k += (size_t)sprintf(want + k, "C: d\n");
		fields(mail, at, WALK_DROP(HEADER_STATUS), want, k);
		free(mail);
		free(want);
	}
}

/* What is sent: an id in front of the status, or at the end of the header. */
static void
walking(void **state)
{
	static const struct {
		const char *mail;
		unsigned what;
		const char *uid;
		uint64_t lines;
		const char *want;
	} row[] = {
		{ FROM "A: b\n\nx\ny\n", WALK_SERVER, "id", DROP_ALL,
		    "A: b\nX-UIDL: id\n\nx\ny\n" },
		{ FROM "A: b\nStatus: R\nC: d\n\nx\n", WALK_SERVER, "id",
		    DROP_ALL, "A: b\nX-UIDL: id\nStatus: R\nC: d\n\nx\n" },
		{ FROM "Status: R\nStatus: O\n\nx\n", WALK_SERVER, "id",
		    DROP_ALL, "X-UIDL: id\nStatus: R\nStatus: O\n\nx\n" },
		{ FROM "X-UIDL: old\n\nx\n", WALK_SERVER, "id", DROP_ALL,
		    "X-UIDL: id\n\nx\n" },
		{ FROM "A: b\n\nx\ny\nz\n", WALK_SERVER, "id", 0,
		    "A: b\nX-UIDL: id\n\n" },
		{ FROM "A: b\n\nx\ny\nz\n", WALK_SERVER, "id", 2,
		    "A: b\nX-UIDL: id\n\nx\ny\n" },
		{ FROM "A: b\n\nx\ny\nz\n", WALK_SERVER, "id", 4,
		    "A: b\nX-UIDL: id\n\nx\ny\nz\n" },
		{ FROM "A: b\n\nx\n", WALK_FROM | WALK_SERVER, NULL, DROP_ALL,
		    FROM "A: b\n\nx\n" },
		/* not what stands in front of it in MMDF */
		{ "\1\1\1\1\n" FROM "A: b\n\nx\n", WALK_FROM, NULL, DROP_ALL,
		    FROM "A: b\n\nx\n" },
		{ "\1\1\1\1\n\r\n" FROM "A: b\n\nx\n", WALK_FROM, NULL,
		    DROP_ALL, FROM "A: b\n\nx\n" },
		{ FROM "A: b\nStatus: R\n\nx\n", STATUSES, NULL, DROP_ALL,
		    "A: b\n\nx\n" },
		{ FROM "\nx\n", WALK_SERVER, "id", DROP_ALL,
		    "X-UIDL: id\n\nx\n" },
		/* a header that just stops */
		{ FROM "A: b", WALK_SERVER, "id", DROP_ALL,
		    "A: b\nX-UIDL: id\n\n" },
		{ FROM "A: b\nStatus: R", STATUSES, NULL, DROP_ALL,
		    "A: b\n\n" },
		{ FROM, WALK_SERVER, "id", DROP_ALL, "X-UIDL: id\n\n" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(row); i++) {
		struct got g = { .stop = SIZE_MAX };
		struct drop d;
		struct msgloc m;
		struct err e = { .text = "" };

		open_mail(&d, &m, row[i].mail, strlen(row[i].mail));
		CHECK(message_walk(&d, &m, row[i].what, row[i].uid,
			  row[i].lines, take, &g, &e) == 0,
		    "row %zu: %s", i, e.text);
		expect(&g, row[i].want, strlen(row[i].want), row[i].mail);
		message_forget(&d);
		close(d.sp.fd);
	}
}

/* In the journal it lies further up. */
static void
in_journal(void **state)
{
	static const char mail[] = FROM "A: b\nStatus: R\n\nx\n";
	struct got g = { .stop = SIZE_MAX };
	struct drop d;
	struct msgloc m;
	struct err e = { .text = "" };

	(void)state;
	open_mail(&d, &m, mail, sizeof mail - 1);
	d.j.fd = d.sp.fd;
	d.taken = true;
	assert_int_equal(drop_mail(&d), d.j.fd);
	assert_int_equal(drop_base(&d), JOURNAL_DATA);
	assert_int_equal(
	    file_write(d.j.fd, mail, sizeof mail - 1, JOURNAL_DATA), 0);
	assert_int_equal(file_write(d.j.fd, "no mail", 7, 0), 0);
	assert_int_equal(
	    message_walk(&d, &m, STATUSES, NULL, DROP_ALL, take, &g, &e), 0);
	expect(&g, "A: b\n\nx\n", 8, "in the journal");
	message_forget(&d);
	close(d.sp.fd);
}

/* A sink that has enough, and a spool that was cut off. */
static void
stopped(void **state)
{
	static const char mail[] = FROM "A: b\n\nxyz\n";
	struct drop d;
	struct msgloc m;
	size_t i;

	(void)state;
	open_mail(&d, &m, mail, sizeof mail - 1);
	for (i = 0; i < 10; i++) {
		struct got g = { .stop = i };
		struct err e = { .kind = ERR_TEMP };

		assert_int_equal(
		    message_walk(&d, &m, 0, NULL, DROP_ALL, take, &g, &e), -1);
		assert_int_equal(e.kind, ERR_NONE);
		free(g.data);
	}
	for (i = sizeof FROM - 1; i < sizeof mail - 1; i++) {
		struct got g = { .stop = SIZE_MAX };
		struct err e = { .kind = ERR_NONE };

		if (i == m.body - 1)
			continue;
		assert_int_equal(ftruncate(d.sp.fd, (off_t)i), 0);
		message_forget(&d);
		CHECK(
		    message_walk(&d, &m, 0, NULL, DROP_ALL, take, &g, &e) == -1,
		    "%zu octets", i);
		assert_int_equal(e.kind, ERR_TEMP);
		free(g.data);
		assert_int_equal(
		    file_write(d.sp.fd, mail, sizeof mail - 1, 0), 0);
	}
	message_forget(&d);
	close(d.sp.fd);
}

#define MANY 40

/* Messages from 100 octets to more than a window, with a field or without. */
static char *
many_messages(struct scanref *r, size_t *n)
{
	char *mail = malloc(MANY * 400000);
	uint32_t x = 5;
	size_t i;

	assert_non_null(mail);
	*n = 0;
	for (i = 0; i < MANY; i++) {
		size_t size = i % 7 == 6 ? 300000 : i * i * 60;

		*n += (size_t)sprintf(mail + *n, FROM "A: %zu\n%s\n", i,
		    i % 3 == 0 ? "Status: R\n b\nC: d\n" : "");
		for (; size > 0; size--) {
			x = x * 1664525 + 1013904223;
			mail[(*n)++] = "abcdefg\n"[x >> 29];
		}
		*n += (size_t)sprintf(mail + *n, "z\n\n");
	}
	scanref_split(r, mail, *n, false);
	assert_int_equal(r->n, MANY);
	return mail;
}

static void
walk_one(struct drop *d, const struct msgloc *m, const char *mail)
{
	struct got g = { .stop = SIZE_MAX };
	struct err e = { .text = "" };
	const char *status = strstr(mail + m->head, "Status: R\n b\n");
	size_t k;

	CHECK(message_walk(d, m, WALK_FROM, NULL, DROP_ALL, take, &g, &e) == 0,
	    "%s", e.text);
	expect(&g, mail + m->from, m->end - m->from, "whole");
	memset(&g, 0, sizeof g);
	g.stop = SIZE_MAX;
	CHECK(message_walk(d, m, STATUSES, NULL, DROP_ALL, take, &g, &e) == 0,
	    "%s", e.text);
	if (status == NULL || status > mail + m->body) {
		expect(&g, mail + m->head, m->end - m->head, "no status");
		return;
	}
	k = (size_t)(status - mail) - m->head;
	assert_int_equal(g.n, m->end - m->head - 13);
	assert_memory_equal(g.data, mail + m->head, k);
	assert_memory_equal(g.data + k, status + 13, g.n - k);
	free(g.data);
}

/* One after the other, each third one, backwards. */
static void
in_order(void **state)
{
	struct scanref r;
	struct drop d;
	struct msgloc m;
	size_t n;
	char *mail = many_messages(&r, &n);
	size_t i;

	(void)state;
	open_mail(&d, &m, mail, n);
	d.size = n;
	for (i = 0; i < MANY; i++)
		walk_one(&d, &r.msg[i], mail);
	for (i = 1; i < MANY; i += 3)
		walk_one(&d, &r.msg[i], mail);
	for (i = MANY; i > 0; i--)
		walk_one(&d, &r.msg[i - 1], mail);
	message_forget(&d);
	assert_null(d.window.mem);
	close(d.sp.fd);
	scanref_free(&r);
	free(mail);
}

static void
body_is(struct drop *d, const struct msgloc *m, const char *want)
{
	struct got g = { .stop = SIZE_MAX };
	struct err e = { .text = "" };

	CHECK(message_walk(d, m, 0, NULL, DROP_ALL, take, &g, &e) == 0, "%s",
	    e.text);
	expect(&g, want, strlen(want), "body");
}

/* Who reads in order gets what was read ahead, until it is forgotten. */
static void
forgetting(void **state)
{
	static const char mail[] =
	    FROM "\na\n\n" FROM "\nb\n\n" FROM "\nc\n\n" FROM "\nd\n";
	struct scanref r;
	struct drop d;
	struct msgloc m;

	(void)state;
	open_mail(&d, &m, mail, sizeof mail - 1);
	d.size = sizeof mail - 1;
	scanref_split(&r, mail, sizeof mail - 1, false);
	assert_int_equal(r.n, 4);
	/* of the first one only what is asked for */
	body_is(&d, &r.msg[0], "\na\n");
	assert_int_equal(file_write(d.sp.fd, "B", 1, r.msg[1].body), 0);
	body_is(&d, &r.msg[1], "\nB\n");
	assert_int_equal(file_write(d.sp.fd, "D", 1, r.msg[3].body), 0);
	body_is(&d, &r.msg[3], "\nd\n");
	body_is(&d, &r.msg[2], "\nc\n");
	message_forget(&d);
	body_is(&d, &r.msg[3], "\nD\n");
	message_forget(&d);
	assert_null(d.window.mem);
	close(d.sp.fd);
	scanref_free(&r);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(some_fields),
		cmocka_unit_test(long_lines),
		cmocka_unit_test(walking),
		cmocka_unit_test(in_journal),
		cmocka_unit_test(stopped),
		cmocka_unit_test(in_order),
		cmocka_unit_test(forgetting),
	};

	return cmocka_run_group_tests_name("message", tests, NULL, NULL);
}
