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
	switch (idset_take(&d->ids, m->uid, m->uid_len)) {
	case 1:
		return 0;
	case 0:
		m->uid_len = 0;
		return 0;
	default:
		return no_memory(e);
	}
}

static int
hash_sink(void *ctx, const char *data, size_t n)
{
	return XXH3_128bits_update(ctx, data, n) == XXH_OK ? 0 : -1;
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

static int
compute(struct drop *d, struct msgloc *m, struct err *e)
{
	XXH3_state_t state;
	XXH128_hash_t h;

	XXH3_128bits_reset(&state);
	if (message_walk(d, m, WALK_FROM | WALK_NO_STATUS, NULL, DROP_ALL,
		hash_sink, &state, e) == -1)
		return -1;
	h = XXH3_128bits_digest(&state);
	for (;;) {
		int r;

		digits(m->uid, h.low64);
		digits(m->uid + UID_COMPUTED / 2, h.high64);
		m->uid_len = UID_COMPUTED;
		r = idset_take(&d->ids, m->uid, m->uid_len);
		if (r == -1)
			return no_memory(e);
		if (r == 1)
			return 0;
		h = XXH3_128bits(m->uid, m->uid_len);
	}
}

int
uid_compute(struct drop *d, uint32_t i, struct err *e)
{
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
