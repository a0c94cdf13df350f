/* See first_look.h. Sixteen bytes at a time, and the rest one by one; what the one leaves for the
 * next is whether its last byte was a CR or a slash. */
#include "capture/first_look.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

struct walk {
	unsigned cr, slash; /* 1: the byte before was one */
	bool odd, marks;
};

static void byte(struct walk *w, uint8_t c)
{
	w->odd |= c == '\0' || (w->cr && c != '\n');
	w->marks |= c == '?' || c == '&' || (w->slash && c == '/');
	w->cr = c == '\r';
	w->slash = c == '/';
}

#if defined(__SSE2__)
static unsigned equal(__m128i bytes, char c)
{
	return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(c)));
}

static size_t blocks(struct walk *w, struct th_slice in)
{
	size_t i = 0;
	__m128i single = _mm_setzero_si128(), nul = single;
	for (; in.n - i >= 16; i += 16) {
		__m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)(in.p + i));
		unsigned cr = equal(bytes, '\r') << 1 | w->cr;
		unsigned slash = equal(bytes, '/') << 1 | w->slash;
		nul = _mm_or_si128(nul, _mm_cmpeq_epi8(bytes, _mm_setzero_si128()));
		single = _mm_or_si128(single, _mm_cmpeq_epi8(bytes, _mm_set1_epi8('?')));
		single = _mm_or_si128(single, _mm_cmpeq_epi8(bytes, _mm_set1_epi8('&')));
		w->odd |= (cr & 0xffff & ~equal(bytes, '\n')) != 0;
		w->marks |= (slash & slash >> 1) != 0;
		w->cr = cr >> 16;
		w->slash = slash >> 16;
	}
	w->odd |= _mm_movemask_epi8(nul) != 0;
	w->marks |= _mm_movemask_epi8(single) != 0;
	return i;
}
#else
static size_t blocks(struct walk *w, struct th_slice in)
{
	return 0;
}
#endif

struct th_first_look th_first_look(struct th_slice in)
{
	struct walk w = {0};
	for (size_t i = blocks(&w, in); i < in.n; i++) {
		byte(&w, in.p[i]);
	}
	return (struct th_first_look){w.odd || w.cr, w.marks};
}

#if defined(__SSE2__)
/* May there be something in the first n bytes of these? */
static inline bool may_have(__m128i v, unsigned n)
{
	const __m128i single = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(v, _mm_setzero_si128()),
						    _mm_cmpeq_epi8(v, _mm_set1_epi8('\r'))),
		_mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('?')),
			_mm_cmpeq_epi8(v, _mm_set1_epi8('&'))));
	unsigned slash = equal(v, '/');
	unsigned found = (unsigned)_mm_movemask_epi8(single) | (slash & slash << 1);
	return found & ((1u << n) - 1);
}

static inline __m128i load(const uint8_t *p)
{
	return _mm_loadu_si128((const __m128i *)(const void *)p);
}

/* Two looks that overlap, so that two slashes stand together in one of them. */
static bool may_have_any(const uint8_t *p, size_t n)
{
	if (n >= 16) {
		return n >= 32 || may_have(load(p), 16) || may_have(load(p + n - 16), 16);
	}
	if (n >= 8) {
		return may_have(
			_mm_set_epi64x((int64_t)th_le64(p + n - 8), (int64_t)th_le64(p)), 16);
	}
	if (n >= 4) {
		uint64_t both = th_le32(p) | (uint64_t)th_le32(p + n - 4) << 32;
		return may_have(_mm_cvtsi64_si128((int64_t)both), 8);
	}
	return n > 0;
}
#else
static bool may_have_any(const uint8_t *p, size_t n)
{
	return n > 0;
}
#endif

bool th_first_look_plain(struct th_slice value)
{
	if (!may_have_any(value.p, value.n)) {
		return true;
	}
	struct th_first_look look = th_first_look(value);
	return !look.odd_ends && !look.may_have_marks;
}
