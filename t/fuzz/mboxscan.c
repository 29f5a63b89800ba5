/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include "fuzz.h"
#include "octets.h"
#include "scanrest.h"

static void
compare(const struct scanref *want, const char *s, size_t n, bool lengths,
    size_t cut, size_t step)
{
	struct scanref got;
	const char *why;

	scanref_scan(&got, s, n, lengths, cut, step);
	why = scanref_differ(want, &got);
	if (why != NULL) {
		fprintf(stderr, "cut %zu, step %zu: %s\n", cut, step, why);
		abort();
	}
	scanref_free(&got);
}

/* Messages have order in them, and nothing lies between them. */
static void
check_order(const struct scanref *r, size_t n)
{
	size_t i;

	for (i = 0; i < r->n; i++) {
		const struct msgloc *m = &r->msg[i];

		if (m->from > m->head || m->head > m->body ||
		    m->body > m->end || m->end > m->next ||
		    m->from == m->next ||
		    m->next != (i + 1 < r->n ? m[1].from : n))
			abort();
	}
}

/* Lengths take separators away, and never add one. */
static void
check_subset(const struct scanref *r, const char *s, size_t n)
{
	struct scanref all;
	size_t i = 0;
	size_t k;

	scanref_split(&all, s, n, false);
	for (k = 0; k < r->n; k++) {
		while (i < all.n && all.msg[i].from < r->msg[k].from)
			i++;
		if (i == all.n || all.msg[i].from != r->msg[k].from)
			abort();
	}
	scanref_free(&all);
}

/* Messages that go take nothing of others with them. */
static void
check_rest(const struct scanref *r, const char *s, size_t n, uint32_t gone)
{
	char *rest = malloc(n + sizeof MBOXSCAN_FRONT);
	struct scanref now;
	const char *why;
	size_t len;
	bool open;

	if (rest == NULL)
		abort();
	len = scanrest_without(r, s, n, gone, rest, &open);
	scanref_split(&now, rest, len, false);
	why = scanrest_differ(r, s, gone, &now, rest);
	if (why != NULL) {
		fprintf(stderr, "without %08x: %s\n", gone, why);
		abort();
	}
	scanref_free(&now);
	free(rest);
}

/*
 * Two octets say where to cut, and the first bit of the second one if lengths
 * count, and what is removed if not; the rest is a spool.
 */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const char *s = (const char *)data + 2;
	struct scanref want;
	enum octets_way way;
	size_t step;
	bool lengths;

	if (n < 2)
		return 0;
	n -= 2;
	lengths = (data[1] & 128) != 0;
	step = (data[1] & 127) + 1U;
	scanref_split(&want, s, n, lengths);
	check_order(&want, n);
	check_subset(&want, s, n);
	if (!lengths)
		check_rest(&want, s, n, (data[0] | data[1] * 256U) * 65537U);
	for (way = 0; way < OCTETS_WAYS; way++) {
		if (!octets_use(way))
			continue;
		compare(&want, s, n, lengths, n, 1);
		compare(&want, s, n, lengths, data[0] % (n + 1), step);
		compare(&want, s, n, lengths, data[0] % (n + 1), n);
		compare(&want, s, n, lengths, 0, 1);
	}
	scanref_free(&want);
	return 0;
}
