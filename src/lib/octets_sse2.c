/* SPDX-License-Identifier: MIT */
#if defined(__x86_64__)
#include <emmintrin.h>

#include "octets_way.h"

/* every x86-64 has it */
#define TARGET
#define WIDE 16
typedef __m128i vec;

static inline vec
vec_load(const char *p)
{
	return _mm_loadu_si128((const void *)p);
}

static inline void
vec_store(char *p, vec v)
{
	_mm_storeu_si128((void *)p, v);
}

static inline uint32_t
vec_mask(vec v)
{
	return (uint32_t)_mm_movemask_epi8(v);
}

static inline uint64_t
vec_sum(vec v)
{
	vec s = _mm_sad_epu8(v, _mm_setzero_si128());

	return (uint64_t)_mm_cvtsi128_si64(s) +
	    (uint64_t)_mm_cvtsi128_si64(_mm_unpackhi_epi64(s, s));
}

#define vec_all(c) _mm_set1_epi8(c)
#define vec_eq(a, b) _mm_cmpeq_epi8(a, b)
#define vec_and(a, b) _mm_and_si128(a, b)
#define vec_or(a, b) _mm_or_si128(a, b)
#define vec_not_and(a, b) _mm_andnot_si128(a, b)
#define vec_sub(a, b) _mm_sub_epi8(a, b)

#include "octets_simd.h"

const struct octets_ops octets_sse2 = { section, wire };
#endif
