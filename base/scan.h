/* Looking for a byte that is near, as the ends of names and lines are: inline, since what a call of
 * memchr() costs is more than the looking. For what may be far memchr() is faster. */
#ifndef BASE_SCAN_H
#define BASE_SCAN_H

#include <stddef.h>
#include <stdint.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/* The first `c` in [p, end); `end` when there is none. */
static inline const uint8_t *th_scan(const uint8_t *p, const uint8_t *end, uint8_t c)
{
#if defined(__SSE2__)
	const __m128i wanted = _mm_set1_epi8((char)c);
	for (; end - p >= 16; p += 16) {
		__m128i there = _mm_loadu_si128((const __m128i *)(const void *)p);
		unsigned hits = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(there, wanted));
		if (hits) {
			return p + __builtin_ctz(hits);
		}
	}
#endif
	while (p < end && *p != c) {
		p++;
	}
	return p;
}

#endif
