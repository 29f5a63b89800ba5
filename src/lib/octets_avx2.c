/* SPDX-License-Identifier: MIT */
#if defined(__x86_64__)
#include <immintrin.h>

#include "octets_way.h"

#define TARGET __attribute__((target("avx2,popcnt")))
#define WIDE 32
typedef __m256i vec;

TARGET static inline vec
vec_load(const char *p)
{
	return _mm256_loadu_si256((const void *)p);
}

TARGET static inline void
vec_store(char *p, vec v)
{
	_mm256_storeu_si256((void *)p, v);
}

TARGET static inline uint32_t
vec_mask(vec v)
{
	return (uint32_t)_mm256_movemask_epi8(v);
}

TARGET static inline uint64_t
vec_sum(vec v)
{
	vec s = _mm256_sad_epu8(v, _mm256_setzero_si256());
	__m128i t = _mm_add_epi64(
	    _mm256_castsi256_si128(s), _mm256_extracti128_si256(s, 1));

	return (uint64_t)_mm_cvtsi128_si64(t) +
	    (uint64_t)_mm_cvtsi128_si64(_mm_unpackhi_epi64(t, t));
}

#define vec_all(c) _mm256_set1_epi8(c)
#define vec_eq(a, b) _mm256_cmpeq_epi8(a, b)
#define vec_and(a, b) _mm256_and_si256(a, b)
#define vec_or(a, b) _mm256_or_si256(a, b)
#define vec_not_and(a, b) _mm256_andnot_si256(a, b)
#define vec_sub(a, b) _mm256_sub_epi8(a, b)

#include "octets_simd.h"

const struct octets_ops octets_avx2 = { section, wire };
#endif
