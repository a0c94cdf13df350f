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

/* The first place in [p, end) where the letters `a` and `b`, given in lower case, follow each other
 * in any case; `end` when there is none. */
static inline const uint8_t *th_scan_letters(
	const uint8_t *p, const uint8_t *end, uint8_t a, uint8_t b)
{
#if defined(__SSE2__)
	const __m128i lower = _mm_set1_epi8(0x20);
	const __m128i first = _mm_set1_epi8((char)a), second = _mm_set1_epi8((char)b);
	for (; end - p >= 17; p += 16) {
		__m128i x = _mm_loadu_si128((const __m128i *)(const void *)p);
		__m128i y = _mm_loadu_si128((const __m128i *)(const void *)(p + 1));
		x = _mm_cmpeq_epi8(_mm_or_si128(x, lower), first);
		y = _mm_cmpeq_epi8(_mm_or_si128(y, lower), second);
		unsigned hits = (unsigned)_mm_movemask_epi8(_mm_and_si128(x, y));
		if (hits) {
			return p + __builtin_ctz(hits);
		}
	}
#endif
	for (; end - p >= 2; p++) {
		if ((p[0] | 0x20) == a && (p[1] | 0x20) == b) {
			return p;
		}
	}
	return end;
}

#endif
