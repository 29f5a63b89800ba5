/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "octets.h"

static char *
own(const void *data, size_t n)
{
	char *p = malloc(n > 0 ? n : 1);

	if (p == NULL)
		abort();
	if (n > 0)
		memcpy(p, data, n);
	return p;
}

/* All sections, as their offsets and bare LFs add up. */
static uint64_t
sections(const char *p, size_t n)
{
	uint64_t sum = 0;
	size_t at = 0;

	while (at < n) {
		uint64_t bare = 0;

		at += octets_section(p + at, n - at, &bare);
		sum = sum * 31 + at * 7 + bare;
	}
	return sum;
}

/* Through buffers of exactly room octets: what came is owned. */
static char *
wire(const char *p, size_t n, size_t room, size_t *len)
{
	char *all = malloc(2 * n + room);
	struct octets_copy c = { .from = p, .end = p + n, .start = true };

	if (all == NULL)
		abort();
	*len = 0;
	while (c.from < c.end) {
		char *buf = malloc(room);
		size_t k;

		if (buf == NULL)
			abort();
		c.to = buf;
		c.limit = buf + room;
		octets_wire(&c);
		k = (size_t)(c.to - buf);
		if (k > room || (k == 0 && c.from < c.end))
			abort();
		memcpy(all + *len, buf, k);
		*len += k;
		free(buf);
	}
	return all;
}

/* One octet says how large buffers are; every way has to agree. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	size_t want_len;
	size_t len;
	uint64_t want;
	enum octets_way way;
	size_t room;
	char *text;
	char *all;

	if (n < 1)
		return 0;
	room = OCTETS_ROOM + data[0];
	n--;
	text = own(data + 1, n);
	octets_use(OCTETS_PLAIN);
	want = sections(text, n);
	all = wire(text, n, 2 * n + OCTETS_ROOM, &want_len);
	for (way = 0; way < OCTETS_WAYS; way++) {
		char *got;

		if (!octets_use(way))
			continue;
		got = wire(text, n, room, &len);
		if (sections(text, n) != want || len != want_len ||
		    memcmp(got, all, len) != 0)
			abort();
		free(got);
	}
	free(all);
	free(text);
	return 0;
}
