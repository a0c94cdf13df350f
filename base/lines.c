/* See lines.h. Thirty-two bytes at a time; those of a block that is not all there are copied to
 * where that many can be read. Of each byte the one before it is looked at, too: CR and LF stand
 * together or not at all, and two slashes are a mark. The walk is made twice: what all x86-64 have
 * takes twice as many instructions as AVX2. */
#include "base/lines.h"

#include "base/cpu.h"
#include "base/scan.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define BLOCK TH_LINES_BLOCK
#define NO_TAG 0xff
#define INLINE static inline __attribute__((always_inline))

struct found {
	uint32_t ends;	/* LF */
	uint32_t odd;	/* a NUL; a CR without an LF behind it; an LF without a CR before it */
	uint32_t marks; /* as in struct th_lines */
};

/* `p` has a byte before it. */
typedef void look_fn(const void *wanted, const uint8_t *p, struct found *ret_found);

#if defined(__x86_64__)
#define WIDE __attribute__((target("avx2")))

/* The bytes that are looked for, kept in registers. */
struct wide {
	__m256i lf, cr, nul, question, ampersand, slash;
};

/* Else the compiler would make them anew for each block. */
#define KEEP(v) __asm__("" : "+x"(v))

WIDE INLINE struct wide make_wide(void)
{
	struct wide w = {_mm256_set1_epi8('\n'), _mm256_set1_epi8('\r'), _mm256_setzero_si256(),
		_mm256_set1_epi8('?'), _mm256_set1_epi8('&'), _mm256_set1_epi8('/')};
	KEEP(w.lf);
	KEEP(w.cr);
	KEEP(w.nul);
	KEEP(w.question);
	KEEP(w.ampersand);
	KEEP(w.slash);
	return w;
}

WIDE INLINE void look_wide(const void *wanted, const uint8_t *p, struct found *ret_found)
{
	const struct wide *w = wanted;
	const __m256i here = _mm256_loadu_si256((const __m256i *)(const void *)p);
	const __m256i before = _mm256_loadu_si256((const __m256i *)(const void *)(p - 1));
	const __m256i ends = _mm256_cmpeq_epi8(here, w->lf);
	const __m256i odd = _mm256_or_si256(
		_mm256_xor_si256(ends, _mm256_cmpeq_epi8(before, w->cr)),
		_mm256_cmpeq_epi8(here, w->nul));
	const __m256i single = _mm256_or_si256(
		_mm256_cmpeq_epi8(here, w->question), _mm256_cmpeq_epi8(here, w->ampersand));
	const __m256i slashes = _mm256_and_si256(
		_mm256_cmpeq_epi8(here, w->slash), _mm256_cmpeq_epi8(before, w->slash));
	*ret_found = (struct found){(uint32_t)_mm256_movemask_epi8(ends),
		(uint32_t)_mm256_movemask_epi8(odd),
		(uint32_t)_mm256_movemask_epi8(_mm256_or_si256(single, slashes))};
}

INLINE __m128i equal(__m128i v, char c)
{
	return _mm_cmpeq_epi8(v, _mm_set1_epi8(c));
}

INLINE struct found look_half(const uint8_t *p)
{
	const __m128i here = _mm_loadu_si128((const __m128i *)(const void *)p);
	const __m128i before = _mm_loadu_si128((const __m128i *)(const void *)(p - 1));
	const __m128i ends = equal(here, '\n');
	const __m128i odd = _mm_or_si128(
		_mm_xor_si128(ends, equal(before, '\r')), equal(here, '\0'));
	const __m128i marks = _mm_or_si128(_mm_or_si128(equal(here, '?'), equal(here, '&')),
		_mm_and_si128(equal(here, '/'), equal(before, '/')));
	return (struct found){(uint32_t)_mm_movemask_epi8(ends), (uint32_t)_mm_movemask_epi8(odd),
		(uint32_t)_mm_movemask_epi8(marks)};
}

INLINE void look(const void *wanted, const uint8_t *p, struct found *ret_found)
{
	const struct found low = look_half(p), high = look_half(p + 16);
	*ret_found = (struct found){
		low.ends | high.ends << 16, low.odd | high.odd << 16, low.marks | high.marks << 16};
}
#else
INLINE void look(const void *wanted, const uint8_t *p, struct found *ret_found)
{
	struct found f = {0};
	for (unsigned i = 0; i < BLOCK; i++) {
		bool end = p[i] == '\n', after_cr = p[(int)i - 1] == '\r';
		bool slashes = p[i] == '/' && p[(int)i - 1] == '/';
		f.ends |= (uint32_t)end << i;
		f.odd |= (uint32_t)(end != after_cr || p[i] == '\0') << i;
		f.marks |= (uint32_t)(slashes || p[i] == '?' || p[i] == '&') << i;
	}
	*ret_found = f;
}
#endif

/* A line that ends behind `end`; false: it is no plain field. There is a line before it, so that a
 * colon at its beginning or none at all follow on an LF, which is below a space, as what folds a
 * line is not above it. */
INLINE bool add_line(struct th_lines *l, const uint8_t *head, size_t at, size_t end)
{
	const uint8_t *p = head + at, *colon = th_scan(p, head + end, ':');
	if (l->n == TH_LINES_MAX || colon[-1] <= ' ' || p[0] <= ' ') {
		return false;
	}
	unsigned tag = th_lines_tag(p, (size_t)(colon - p));
	l->tags |= 1ull << tag;
	l->tag[l->n] = (uint8_t)tag;
	l->line[l->n++] = (struct th_line){(uint16_t)at, (uint16_t)(colon - head), (uint16_t)end};
	return true;
}

enum step {
	STEP_ON,
	STEP_END,
	STEP_NOT_PLAIN,
};

/* Takes the lines that end in the block at `base`. */
INLINE enum step take_ends(struct th_lines *l, const uint8_t *head, size_t base, uint32_t ends)
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
INLINE void look_at_edge(struct th_slice in, size_t at, look_fn *look_at, const void *wanted,
	struct found *ret_found)
{
	uint8_t copy[1 + BLOCK];
	size_t n = in.n - at < BLOCK ? in.n - at : BLOCK;
	copy[0] = at > 0 ? in.p[at - 1] : ' ';
	memset(copy + 1, ' ', BLOCK);
	memcpy(copy + 1, in.p + at, n);
	look_at(wanted, copy + 1, ret_found);
}

/* Of the bits of a block at `base` those before `end`. */
INLINE uint32_t before(uint32_t bits, size_t base, size_t end)
{
	return end - base >= BLOCK ? bits : bits & ((1u << (end - base)) - 1);
}

/* From the line on that begins at l->bytes. */
INLINE bool walk(struct th_slice in, struct th_lines *l, look_fn *look_at, const void *wanted)
{
	size_t at = l->bytes / BLOCK * BLOCK;
	uint32_t any = l->any_mark, behind = ~0u << l->bytes % BLOCK;
	in.n = in.n < TH_LINES_BYTES_MAX ? in.n : TH_LINES_BYTES_MAX;
	for (; at < in.n; at += BLOCK, behind = ~0u) {
		struct found f;
		if (at == 0 || in.n - at < BLOCK) {
			look_at_edge(in, at, look_at, wanted, &f);
		} else {
			look_at(wanted, in.p + at, &f);
		}
		enum step step = f.ends & behind ? take_ends(l, in.p, at, f.ends & behind)
						 : STEP_ON;
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
			memset(l->tag + l->n, NO_TAG, sizeof(l->tag) - TH_LINES_MAX);
			return true;
		}
	}
	return false;
}

#if defined(__x86_64__)
WIDE static bool walk_wide(struct th_slice in, struct th_lines *l)
{
	const struct wide w = make_wide();
	return walk(in, l, look_wide, &w);
}
#endif

static bool walk_any(struct th_slice in, struct th_lines *l)
{
#if defined(__x86_64__)
	if (th_cpu_has_avx2()) {
		return walk_wide(in, l);
	}
#endif
	return walk(in, l, look, NULL);
}

bool th_lines_of(struct th_slice in, struct th_lines *ret_lines)
{
	struct th_lines *l = ret_lines;
	l->bytes = l->start = l->n = l->same = 0;
	l->any_mark = false;
	l->tags = 0;
	return walk_any(in, l);
}

/* How many first bytes are the same, in eights. */
static size_t same_bytes(const uint8_t *a, const uint8_t *b, size_t n)
{
	size_t i = 0;
#if defined(__SSE2__)
	for (; n - i >= 16; i += 16) {
		__m128i x = _mm_loadu_si128((const __m128i *)(const void *)(a + i));
		__m128i y = _mm_loadu_si128((const __m128i *)(const void *)(b + i));
		if (_mm_movemask_epi8(_mm_cmpeq_epi8(x, y)) != 0xffff) {
			break;
		}
	}
#endif
	while (n - i >= 8 && th_le64(a + i) == th_le64(b + i)) {
		i += 8;
	}
	return i;
}

bool th_lines_again(struct th_slice in, const uint8_t *was, struct th_lines *lines)
{
	size_t same = same_bytes(in.p, was, in.n < lines->bytes ? in.n : lines->bytes);
	size_t n = lines->n;
	if (same < lines->start) {
		return th_lines_of(in, lines);
	}
	while (n > 0 && lines->line[n - 1].end > same) {
		n--;
	}
	lines->bytes = n > 0 ? lines->line[n - 1].end : lines->start;
	lines->n = lines->same = (uint16_t)n;
	return walk_any(in, lines);
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

size_t th_lines_tagged(const struct th_lines *lines, unsigned tag, size_t i)
{
	const uint8_t *tags = lines->tag;
	if (!(lines->tags >> tag & 1)) {
		return lines->n;
	}
	/* In whole sixteens, whatever stands behind the last. */
	size_t end = i + ((size_t)lines->n - i + 15) / 16 * 16;
	size_t at = (size_t)(th_scan(tags + i, tags + end, (uint8_t)tag) - tags);
	return at < lines->n ? at : lines->n;
}
