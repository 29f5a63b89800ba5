/* SPDX-License-Identifier: MIT */
/* runs as: the user */
#define XXH_INLINE_ALL
#include <string.h>
#include <xxhash.h>

#include "message.h"
#include "uid.h"

static int
no_memory(struct err *e)
{
	return err_set(e, ERR_TEMP, "No memory for the unique-ids");
}

int
uid_stored(struct drop *d, struct msgloc *m, struct err *e)
{
	if (m->uid_len == 0)
		return 0;
	switch (idset_take(&d->ids, m->uid, m->uid_len, NULL)) {
	case 1:
		return 0;
	case 0:
		m->uid_len = 0;
		return 0;
	default:
		return no_memory(e);
	}
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
digits(char *to, uint64_t v)
{
	static const char base80[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz"
				     "!#$&()*+-./:;=?@[]";
	int i;

	for (i = 0; i < UID_COMPUTED / 2; i++) {
		to[i] = base80[v % 80];
		v /= 80;
	}
}

/* Takes the id that this hash makes: 1, or 0 if it is not free. */
static int
take(struct drop *d, struct msgloc *m, XXH128_hash_t h, uint32_t **again)
{
	digits(m->uid, h.low64);
	digits(m->uid + UID_COMPUTED / 2, h.high64);
	m->uid_len = UID_COMPUTED;
	return idset_take(&d->ids, m->uid, m->uid_len, again);
}

static int
compute(struct drop *d, struct msgloc *m, struct err *e)
{
	struct hashing hash = { .last = '\n' };
	XXH128_hash_t h;
	uint32_t *again;
	uint32_t n;
	int r;

	XXH3_128bits_reset(&hash.state);
	if (message_walk(d, m, WALK_FROM | WALK_NO_STATUS, NULL, DROP_ALL,
		hash_sink, &hash, e) == -1)
		return -1;
	/* the next mail ends a last line that has no end yet */
	if (hash.last != '\n')
		XXH3_128bits_update(&hash.state, "\n", 1);
	h = XXH3_128bits_digest(&hash.state);
	r = take(d, m, h, &again);
	/* equal messages go on where the one before them found a free id */
	while (r == 0) {
		n = ++*again;
		r = take(d, m, XXH3_128bits_withSeed(&h, sizeof h, n), NULL);
		/* growing has moved the counter */
		if (r == 0)
			r = take(d, m, h, &again);
	}
	return r == 1 ? 0 : no_memory(e);
}

int
uid_compute(struct drop *d, uint32_t i, struct err *e)
{
	if (d->ids_known <= i && drop_verify(d, e) == -1)
		return -1;
	while (d->ids_known <= i) {
		const struct msgloc *at = index_get(&d->ix, d->ids_known, e);
		struct msgloc m;

		if (at == NULL)
			return -1;
		if (at->uid_len == 0) {
			m = *at;
			if (compute(d, &m, e) == -1 ||
			    index_set(&d->ix, d->ids_known, &m, e) == -1)
				return -1;
		}
		d->ids_known++;
	}
	return 0;
}
