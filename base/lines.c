/* See lines.h. Thirty-two bytes at a time; the last ones of the input are copied to where that many
 * can be read. Of each byte the one before it is looked at, too: CR and LF stand together or not at
 * all, and two slashes are a mark. */
#include "base/lines.h"

#include "base/scan.h"

#define BLOCK TH_LINES_BLOCK

struct found {
	uint32_t ends;	/* LF */
	uint32_t odd;	/* a NUL; a CR without an LF behind it; an LF without a CR before it */
	uint32_t marks; /* as in struct th_lines */
};

#if defined(__SSE2__)
static inline __m128i equal(__m128i v, char c)
{
	return _mm_cmpeq_epi8(v, _mm_set1_epi8(c));
}

static inline uint32_t mask(__m128i low, __m128i high)
{
	return (uint32_t)_mm_movemask_epi8(low) | (uint32_t)_mm_movemask_epi8(high) << 16;
}

static inline __m128i odd(__m128i here, __m128i before, __m128i ends)
{
	return _mm_or_si128(_mm_xor_si128(ends, equal(before, '\r')),
		_mm_cmpeq_epi8(here, _mm_setzero_si128()));
}

static inline __m128i marks(__m128i here, __m128i before)
{
	return _mm_or_si128(_mm_or_si128(equal(here, '?'), equal(here, '&')),
		_mm_and_si128(equal(here, '/'), equal(before, '/')));
}

/* `p` has a byte before it. */
static inline struct found look(const uint8_t *p)
{
	const __m128i low = _mm_loadu_si128((const __m128i *)(const void *)p);
	const __m128i high = _mm_loadu_si128((const __m128i *)(const void *)(p + 16));
	const __m128i low_before = _mm_loadu_si128((const __m128i *)(const void *)(p - 1));
	const __m128i high_before = _mm_loadu_si128((const __m128i *)(const void *)(p + 15));
	const __m128i low_ends = equal(low, '\n'), high_ends = equal(high, '\n');
	return (struct found){mask(low_ends, high_ends),
		mask(odd(low, low_before, low_ends), odd(high, high_before, high_ends)),
		mask(marks(low, low_before), marks(high, high_before))};
}
#else
static inline struct found look(const uint8_t *p)
{
	struct found f = {0};
	for (unsigned i = 0; i < BLOCK; i++) {
		bool end = p[i] == '\n', after_cr = p[(int)i - 1] == '\r';
		bool slashes = p[i] == '/' && p[(int)i - 1] == '/';
		f.ends |= (uint32_t)end << i;
		f.odd |= (uint32_t)(end != after_cr || p[i] == '\0') << i;
		f.marks |= (uint32_t)(slashes || p[i] == '?' || p[i] == '&') << i;
	}
	return f;
}
#endif

/* A line that ends behind `end`; false: it is no plain field. There is a line before it, so that a
 * colon at its beginning or none at all follow on an LF, which is below a space, as what folds a
 * line is not above it. */
static inline bool add_line(struct th_lines *l, const uint8_t *head, size_t at, size_t end)
{
	const uint8_t *p = head + at, *colon = th_scan(p, head + end, ':');
	if (l->n == TH_LINES_MAX || colon[-1] <= ' ' || p[0] <= ' ') {
		return false;
	}
	unsigned tag = th_lines_tag(p, (size_t)(colon - p));
	l->tags |= 1ull << tag;
	l->line[l->n++] = (struct th_line){
		(uint16_t)at, (uint16_t)(colon - head), (uint16_t)end, (uint16_t)tag};
	return true;
}

enum step {
	STEP_ON,
	STEP_END,
	STEP_NOT_PLAIN,
};

/* Takes the lines that end in the block at `base`. */
static inline enum step take_ends(
	struct th_lines *l, const uint8_t *head, size_t base, uint32_t ends)
{
	size_t at = l->bytes;
	for (; ends; ends &= ends - 1) {
		size_t end = base + (size_t)__builtin_ctz(ends) + 1;
		if (end - at == 2) { /* CR LF: the empty line */
			l->bytes = (uint16_t)end;
			return at ? STEP_END : STEP_NOT_PLAIN;
		}
		if (!at) {
			l->start = (uint16_t)end;
		} else if (!add_line(l, head, at, end)) {
			return STEP_NOT_PLAIN;
		}
		at = end;
	}
	l->bytes = (uint16_t)at;
	return STEP_ON;
}

/* The first block and the last, of which not all may be there. */
static struct found look_at_edge(struct th_slice in, size_t at)
{
	uint8_t copy[1 + BLOCK];
	size_t n = in.n - at < BLOCK ? in.n - at : BLOCK;
	copy[0] = at > 0 ? in.p[at - 1] : ' ';
	memset(copy + 1, ' ', BLOCK);
	memcpy(copy + 1, in.p + at, n);
	return look(copy + 1);
}

/* Of the bits of a block at `base` those before `end`. */
static inline uint32_t before(uint32_t bits, size_t base, size_t end)
{
	return end - base >= BLOCK ? bits : bits & ((1u << (end - base)) - 1);
}

bool th_lines_of(struct th_slice in, struct th_lines *ret_lines)
{
	struct th_lines *l = ret_lines;
	uint32_t any = 0;
	in.n = in.n < TH_LINES_BYTES_MAX ? in.n : TH_LINES_BYTES_MAX;
	l->bytes = l->start = l->n = 0;
	l->tags = 0;
	for (size_t at = 0; at < in.n; at += BLOCK) {
		bool edge = at == 0 || in.n - at < BLOCK;
		struct found f = edge ? look_at_edge(in, at) : look(in.p + at);
		enum step step = f.ends ? take_ends(l, in.p, at, f.ends) : STEP_ON;
		if (step == STEP_END) {
			f.odd = before(f.odd, at, l->bytes);
			f.marks = before(f.marks, at, l->bytes);
		}
		if (f.odd || step == STEP_NOT_PLAIN) {
			return false;
		}
		l->marks[at / BLOCK] = f.marks;
		any |= f.marks;
		if (step == STEP_END) {
			l->any_mark = any != 0;
			return true;
		}
	}
	return false;
}

bool th_lines_marked(const struct th_lines *lines, size_t from, size_t to)
{
	if (!lines->any_mark || from >= to) {
		return false;
	}
	size_t block = from / BLOCK;
	uint32_t bits = lines->marks[block] >> from % BLOCK << from % BLOCK;
	for (; (block + 1) * BLOCK < to; bits = lines->marks[++block]) {
		if (bits) {
			return true;
		}
	}
	return before(bits, block * BLOCK, to) != 0;
}
