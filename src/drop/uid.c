/* SPDX-License-Identifier: MIT */
/* runs as: the user */
#define XXH_INLINE_ALL
#include <string.h>
#include <xxhash.h>

#include "message.h"
#include "uid.h"

/* all but what servers change */
#define HASHED \
	(WALK_FROM | WALK_SERVER | WALK_DROP(HEADER_STATUS) | \
	    WALK_DROP(HEADER_XSTATUS) | WALK_DROP(HEADER_XIMAP) | \
	    WALK_DROP(HEADER_IMAP))

/* The ids that messages have, when one is first compared with them. */
static int
ready(struct drop *d, struct err *e)
{
	uint32_t i;

	for (i = 0; i < d->ix.count && !d->ids_ready; i++) {
		const struct msgloc *m = index_get(&d->ix, i, e);

		if (m == NULL ||
		    (m->uid_len > 0 &&
			idset_take(&d->ids, m->uid, m->uid_len, e) == -1))
			return -1;
	}
	d->ids_ready = true;
	return 0;
}

int
uid_stored(struct drop *d, struct msgloc *m, struct err *e)
{
	if (m->uid_len == 0)
		return 0;
	if (ready(d, e) == -1)
		return -1;
	switch (idset_take(&d->ids, m->uid, m->uid_len, e)) {
	case 1:
		m->flags |= MSG_UID_STORED;
		return 0;
	case 0:
		m->uid_len = 0;
		return 0;
	default:
		return -1;
	}
}

int
uid_carried(
    struct drop *d, struct msgloc *m, const struct msgloc *old, struct err *e)
{
	bool stored = m->uid_len == old->uid_len &&
	    memcmp(m->uid, old->uid, m->uid_len) == 0;
	int r = 1;

	if (old->uid_len == 0)
		return uid_stored(d, m, e);
	if (d->ids_ready)
		r = idset_take(&d->ids, old->uid, old->uid_len, e);
	if (r == -1)
		return -1;
	if (r == 0)
		return uid_stored(d, m, e);
	m->uid_len = old->uid_len;
	memcpy(m->uid, old->uid, old->uid_len);
	m->flags |= stored ? MSG_UID_STORED : 0;
	return 0;
}

struct hashing {
	XXH3_state_t state;
	char last;
};

static int
hash_sink(void *ctx, const char *data, size_t n)
{
	struct hashing *h = ctx;

	h->last = data[n - 1];
	return XXH3_128bits_update(&h->state, data, n) == XXH_OK ? 0 : -1;
}

static void
base80(char *to, uint64_t v)
{
	static const char digit[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "abcdefghijklmnopqrstuvwxyz"
				    "!#$&()*+-./:;=?@[]";
	int i;

	for (i = 0; i < UID_COMPUTED / 2; i++) {
		to[i] = digit[v % 80];
		v /= 80;
	}
}

static void
hex(char *to, uint64_t v)
{
	int i;

	for (i = UID_OLD_STYLE / 2 - 1; i >= 0; i--) {
		to[i] = "0123456789abcdef"[v % 16];
		v /= 16;
	}
}

static void
make_id(const struct drop *d, XXH128_hash_t h, char id[UID_MAX])
{
	if (d->old_style_uid) {
		hex(id, h.high64);
		hex(id + UID_OLD_STYLE / 2, h.low64);
	} else {
		base80(id, h.low64);
		base80(id + UID_COMPUTED / 2, h.high64);
	}
}

static int
hash_message(
    struct drop *d, const struct msgloc *m, XXH128_hash_t *h, struct err *e)
{
	struct hashing hash = { .last = '\n' };

	XXH3_128bits_reset(&hash.state);
	if (message_walk(d, m, HASHED, NULL, DROP_ALL, hash_sink, &hash, e) ==
	    -1)
		return -1;
	/* the next mail ends a last line that has no end yet */
	if (hash.last != '\n')
		XXH3_128bits_update(&hash.state, "\n", 1);
	*h = XXH3_128bits_digest(&hash.state);
	return 0;
}

static int
compute(struct drop *d, struct msgloc *m, struct err *e)
{
	size_t len = uid_length(d);
	char first[UID_MAX];
	XXH128_hash_t h;
	uint32_t n;
	int r;

	if (hash_message(d, m, &h, e) == -1)
		return -1;
	make_id(d, h, m->uid);
	m->uid_len = (uint8_t)len;
	memcpy(first, m->uid, len);
	r = idset_take(&d->ids, m->uid, len, e);
	/* equal messages go on where the one before them found a free id */
	while (r == 0) {
		if (idset_again(&d->ids, first, len, &n, e) == -1)
			return -1;
		make_id(d, XXH3_128bits_withSeed(&h, sizeof h, n), m->uid);
		r = idset_take(&d->ids, m->uid, len, e);
	}
	return r == 1 ? 0 : -1;
}

/* The next message that has no id, if it is still there. */
static int
next(struct drop *d, struct err *e)
{
	const struct msgloc *at = index_get(&d->ix, d->ids_known, e);
	struct msgloc m;

	if (at == NULL)
		return -1;
	if (d->ids_lost)
		return 0;
	if (at->uid_len == 0) {
		m = *at;
		if (ready(d, e) == -1 || compute(d, &m, e) == -1 ||
		    index_set(&d->ix, d->ids_known, &m, e) == -1)
			return -1;
		d->learnt = true;
	}
	d->ids_known++;
	return 0;
}

int
uid_compute(struct drop *d, uint32_t i, struct err *e)
{
	int same = 1;

	if (d->ids_known <= i || d->ids_lost)
		same = drop_unchanged(d, e);
	if (same == -1)
		return -1;
	while (d->ids_known <= i || d->ids_lost) {
		if (d->ids_lost)
			d->ids_known = 0;
		d->ids_lost = false;
		if (same == 0 && drop_verify(d, d->ids_known, e) == -1)
			return -1;
		if (next(d, e) == -1)
			return -1;
	}
	return 0;
}
