/* SPDX-License-Identifier: MIT */

/*
 * The body of octets_sse2.c and octets_avx2.c, which define before it:
 *	TARGET		the attribute of functions
 *	vec, WIDE	a vector, and how many octets it has
 *	vec_load, vec_store, vec_all(octet)
 *	vec_eq		255 where octets are equal, else 0
 *	vec_and, vec_or, vec_not_and (the first one inverted), vec_sub
 *	vec_mask	a bit for each octet
 *	vec_sum		the sum of all octets
 */

/* Vectors looked at together, and how many such groups a sum can hold. */
#define ALWAYS __attribute__((always_inline)) static inline
#define GROUP 4
#define GROUP_OCTETS ((size_t)GROUP * WIDE)
#define GROUPS_MAX (255 / GROUP)

/* LFs in the vector at p, whose neighbours can be read. */
struct look {
	vec bare; /* without a CR before */
	vec stop; /* with an F behind */
};

TARGET ALWAYS struct look
look_at(const char *p)
{
	vec lf = vec_eq(vec_load(p), vec_all('\n'));
	vec cr = vec_eq(vec_load(p - 1), vec_all('\r'));
	vec f = vec_eq(vec_load(p + 1), vec_all('F'));
	struct look l = { vec_not_and(cr, lf), vec_and(lf, f) };

	return l;
}

/* The first group, from i on, with an F behind an LF; or none is left. */
TARGET static size_t
skip(const char *p, size_t i, size_t n, uint64_t *bare)
{
	vec sum = vec_all(0);
	unsigned left = GROUPS_MAX;

	for (; i + GROUP_OCTETS < n; i += GROUP_OCTETS) {
		struct look a = look_at(p + i);
		struct look b = look_at(p + i + WIDE);
		struct look c = look_at(p + i + 2 * WIDE);
		struct look d = look_at(p + i + 3 * WIDE);

		if (vec_mask(vec_or(
			vec_or(a.stop, b.stop), vec_or(c.stop, d.stop))) != 0)
			break;
		/* 255 is -1 */
		sum = vec_sub(sum, a.bare);
		sum = vec_sub(sum, b.bare);
		sum = vec_sub(sum, c.bare);
		sum = vec_sub(sum, d.bare);
		if (--left == 0) {
			*bare += vec_sum(sum);
			sum = vec_all(0);
			left = GROUPS_MAX;
		}
	}
	*bare += vec_sum(sum);
	return i;
}

/* One vector at i, octet by octet: the offset of a section in it, or 0. */
TARGET static size_t
look_closely(const char *p, size_t i, uint64_t *bare)
{
	struct look l = look_at(p + i);
	uint32_t bits = vec_mask(l.bare);
	uint32_t stop = vec_mask(l.stop);

	for (; stop != 0; stop &= stop - 1) {
		unsigned k = (unsigned)__builtin_ctz(stop);

		if (!octets_empty(p, i + k))
			continue;
		bits &= UINT32_MAX >> (31 - k);
		*bare += (unsigned)__builtin_popcount(bits);
		return i + k + 1;
	}
	*bare += (unsigned)__builtin_popcount(bits);
	return 0;
}

TARGET static size_t
section(const char *p, size_t n, uint64_t *bare)
{
	size_t i = 1;

	if (n > 0 && p[0] == '\n') {
		++*bare;
		if (n > 1 && p[1] == 'F')
			return 1;
	}
	for (;;) {
		size_t end;

		i = skip(p, i, n, bare);
		if (i + GROUP_OCTETS >= n)
			return octets_section_from(p, i, n, bare);
		for (end = i + GROUP_OCTETS; i < end; i += WIDE) {
			size_t at = look_closely(p, i, bare);

			if (at != 0)
				return at;
		}
	}
}

/* The most that one turn writes: a vector, or up to an LF of it and a dot. */
#define TURN (WIDE + 2)

TARGET static void
wire(struct octets_copy *c)
{
	const char *p = c->from;
	char *to = c->to;
	bool start = c->start;
	bool cr = c->cr;

	if (start && p < c->end && *p == '.' && c->limit - to >= TURN) {
		*to++ = '.';
		start = false;
	}
	while (c->end - p >= WIDE && c->limit - to >= TURN) {
		vec v = vec_load(p);
		uint32_t m = vec_mask(
		    vec_or(vec_eq(v, vec_all('\n')), vec_eq(v, vec_all(0))));
		unsigned k;

		vec_store(to, v);
		if (m == 0) {
			p += WIDE;
			to += WIDE;
			cr = p[-1] == '\r';
			start = false;
			continue;
		}
		k = (unsigned)__builtin_ctz(m);
		if (k > 0)
			cr = p[k - 1] == '\r';
		p += k;
		to += k;
		start = *p++ == '\n';
		if (start && !cr)
			*to++ = '\r';
		*to++ = start ? '\n' : '?';
		cr = false;
		/* the dot itself comes with the next vector */
		if (start && p < c->end && *p == '.') {
			*to++ = '.';
			start = false;
		}
	}
	c->from = p;
	c->to = to;
	c->start = start;
	c->cr = cr;
	octets_wire_plain(c);
}
