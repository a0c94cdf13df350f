/* See lines.h. Thirty-two bytes at a time; those of a block that is not all there are copied to
 * where that many can be read. Of each byte the one before it is looked at, too: CR and LF stand
 * together or not at all, and two slashes are a mark. The walk is made twice: what all x86-64 have
 * takes twice as many instructions as AVX2. */
#include "base/lines.h"

#include "base/cpu.h"
#include "base/scan.h"
#include "base/text.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define BLOCK TH_LINES_BLOCK
#define NO_TAG 0xff
#define LINE_END 2 /* CR LF */
#define INLINE static inline __attribute__((always_inline))

struct found {
	uint32_t ends;	/* LF */
	uint32_t odd;	/* a NUL; a CR without an LF behind it; an LF without a CR before it */
	uint32_t marks; /* as in struct th_lines */
};

/* `p` has a byte before it. */
typedef void look_fn(const void *wanted, const uint8_t *p, struct found *ret_found);

/* How many first bytes are the same, SAME_MOST at most, which can be read of both. */
typedef size_t same_fn(const uint8_t *a, const uint8_t *b);
#define SAME_MOST TH_LINES_BESIDE

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

/* The same from masks, of a block with nothing before it. */
WIDE INLINE void look_first_wide(const void *wanted, const uint8_t *p, struct found *ret_found)
{
	const struct wide *w = wanted;
	const __m256i here = _mm256_loadu_si256((const __m256i *)(const void *)p);
	const __m256i single = _mm256_or_si256(
		_mm256_cmpeq_epi8(here, w->question), _mm256_cmpeq_epi8(here, w->ampersand));
	const uint32_t ends = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(here, w->lf));
	const uint32_t crs = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(here, w->cr));
	const uint32_t nuls = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(here, w->nul));
	const uint32_t slashes = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(here, w->slash));
	*ret_found = (struct found){ends, (ends ^ crs << 1) | nuls,
		(uint32_t)_mm256_movemask_epi8(single) | (slashes & slashes << 1)};
}

WIDE INLINE uint32_t differ_wide(const uint8_t *a, const uint8_t *b)
{
	const __m256i x = _mm256_loadu_si256((const __m256i *)(const void *)a);
	const __m256i y = _mm256_loadu_si256((const __m256i *)(const void *)b);
	return ~(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(x, y));
}

WIDE INLINE size_t same_wide(const uint8_t *a, const uint8_t *b)
{
	return (size_t)__builtin_ctzll(1ull << 32 | differ_wide(a, b));
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

INLINE size_t same_start(const uint8_t *a, const uint8_t *b)
{
	for (size_t i = 0; i < SAME_MOST; i += 16) {
		__m128i x = _mm_loadu_si128((const __m128i *)(const void *)(a + i));
		__m128i y = _mm_loadu_si128((const __m128i *)(const void *)(b + i));
		unsigned same = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(x, y));
		if (same != 0xffff) {
			return i + (size_t)__builtin_ctz(~same);
		}
	}
	return SAME_MOST;
}
#else
INLINE size_t same_start(const uint8_t *a, const uint8_t *b)
{
	size_t i = 0;
	while (i < SAME_MOST && a[i] == b[i]) {
		i++;
	}
	return i;
}

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

/* A head's first block, before which there is nothing. */
INLINE void look_first(const void *wanted, const uint8_t *p, struct found *ret_found)
{
	uint8_t copy[1 + BLOCK];
	copy[0] = ' ';
	memcpy(copy + 1, p, BLOCK);
	look(wanted, copy + 1, ret_found);
}

static bool is_name(const uint8_t *p, const char *name, size_t n)
{
	return th_slice_ieq((struct th_slice){p, n}, (struct th_slice){(const uint8_t *)name, n});
}

/* Notes whether line `i` has one of the names that are asked for. */
static void note_name(struct th_lines *l, const uint8_t *p, size_t n, size_t i)
{
	const bool is[TH_LINES_NAMES] = {
		[TH_LINES_TRANSFER_ENCODING] = n == 17 && is_name(p, "transfer-encoding", n),
		[TH_LINES_CONTENT_LENGTH] = n == 14 && is_name(p, "content-length", n),
		[TH_LINES_EXPECT] = n == 6 && is_name(p, "expect", n),
	};
	for (size_t k = 0; k < TH_LINES_NAMES; k++) {
		l->named[k] = (l->named[k] & ~(1ull << i)) | (uint64_t)is[k] << i;
	}
}

/* The head before: its bytes, and how many lines it has. They stand where those of this one will,
 * each until it is looked at. */
struct past {
	const uint8_t *head; /* NULL: there is none */
	size_t n;
};

/* A line that ends behind `end`; false: it is no plain field. There is a line before it, so that a
 * colon at its beginning or none at all follow on an LF, which is below a space, as what folds a
 * line is not above it. */
static bool add_line(struct th_lines *l, const uint8_t *head, size_t i, size_t at, size_t end)
{
	const uint8_t *p = head + at, *colon = th_scan(p, head + end, ':');
	if (i == TH_LINES_MAX || colon[-1] <= ' ' || p[0] <= ' ') {
		return false;
	}
	unsigned tag = th_lines_tag(p, (size_t)(colon - p));
	l->tags |= 1ull << tag;
	l->tag[i] = (uint8_t)tag;
	note_name(l, p, (size_t)(colon - p), i);
	l->line[i] = (struct th_line){(uint16_t)at, (uint16_t)(colon - head), (uint16_t)end};
	return true;
}

/* The last block, of which not all is there: what can be looked at. */
static void copy_edge(struct th_slice in, size_t at, uint8_t ret_copy[1 + BLOCK])
{
	ret_copy[0] = at > 0 ? in.p[at - 1] : ' ';
	memset(ret_copy + 1, ' ', BLOCK);
	memcpy(ret_copy + 1, in.p + at, in.n - at);
}

/* Of the bits of a block those before the empty line's end, where an LF stands two behind another;
 * 0: there is none. */
INLINE uint32_t until_empty_line(uint32_t ends, uint32_t ends_before)
{
	const uint32_t last = ends & (ends << 2 | ends_before >> 30);
	return last ? (last ^ (last - 1)) : 0;
}

/* What a kind of processor looks with. */
struct eyes {
	look_fn *look, *look_first; /* look_first: nothing before `p` can be read */
	struct found (*edge)(struct th_slice in, size_t at); /* the last block */
	same_fn *same;
	const void *wanted;
};

#define BLOCKS (TH_LINES_BYTES_MAX / BLOCK)

/* Of each block of a head. */
struct sights {
	uint32_t ends[BLOCKS];
	uint32_t marks[BLOCKS];
	bool any_mark;
};

/* Where lines end in the blocks from that of `from` on, where one begins; not the empty line.
 * Returns the bytes of the head; 0: it has no end, or is not plain. */
INLINE size_t find_ends(
	struct th_slice in, size_t from, const struct eyes *eyes, struct sights *ret_sights)
{
	const size_t first = from / BLOCK;
	const size_t full = in.n / BLOCK * BLOCK; /* behind the last whole block */
	const uint32_t behind = ~0u << from % BLOCK;
	uint32_t *const ends = ret_sights->ends, *const marks = ret_sights->marks;
	uint32_t any = 0, odd = 0, until = 0;
	uint32_t before = from && from % BLOCK == 0 ? 1u << (BLOCK - 1) : 0;
	struct found f = {0};
	size_t base = first * BLOCK;
	for (;; base += BLOCK) {
		if (base < full && base > 0) {
			eyes->look(eyes->wanted, in.p + base, &f);
		} else if (base < full) {
			eyes->look_first(eyes->wanted, in.p, &f);
		} else if (base < in.n) {
			f = eyes->edge(in, base);
		} else {
			return 0;
		}
		until = until_empty_line(f.ends, before);
		if (until) {
			break;
		}
		before = f.ends;
		ends[base / BLOCK] = f.ends;
		marks[base / BLOCK] = f.marks;
		any |= f.marks;
		odd |= f.odd;
	}
	ends[base / BLOCK] = f.ends & until >> 1;
	ends[first] &= behind;
	marks[base / BLOCK] = f.marks & until;
	marks[first] &= behind;
	ret_sights->any_mark = (any | (f.marks & until)) != 0;
	return odd | (f.odd & until) ? 0 : base + BLOCK - (size_t)__builtin_clz(until);
}

/* Is a line, from `at` to `end`, named as the one of the head before that stands there? What is
 * known of the name is known of this. A name with its colon is in no part of a line's end. */
INLINE bool add_known(struct th_line *line, struct th_slice in, size_t at, size_t end,
	const uint8_t *past_head, same_fn *same)
{
	const size_t was_at = line->at, n = line->colon - was_at;
	const uint8_t *p = in.p + at, *was = past_head + was_at;
	if (n < SAME_MOST && in.n - at >= SAME_MOST) {
		if (same(p, was) <= n) {
			return false;
		}
	} else if (in.n - at <= n || memcmp(p, was, n + 1) != 0) {
		return false;
	}
	*line = (struct th_line){(uint16_t)at, (uint16_t)(at + n), (uint16_t)end};
	return true;
}

/* The lines that end in the blocks from that of l->bytes on, of so many bytes. */
INLINE bool add_lines(struct th_slice in, struct th_lines *l, size_t bytes, const struct past *past,
	same_fn *same, const uint32_t *ends)
{
	const uint8_t *const past_head = past->head;
	size_t at = l->bytes, base = at / BLOCK * BLOCK;
	struct th_line *line = l->line + l->n, *const past_end = l->line + past->n;
	uint64_t unknown = 0;
	for (; base < bytes; base += BLOCK) {
		for (uint32_t bits = ends[base / BLOCK]; bits; bits &= bits - 1) {
			const size_t end = base + 1 + (size_t)__builtin_ctz(bits);
			if (line >= past_end || !add_known(line, in, at, end, past_head, same)) {
				size_t i = (size_t)(line - l->line);
				unknown |= 1ull << i % TH_LINES_MAX;
				if (!add_line(l, in.p, i, at, end)) {
					return false;
				}
			}
			line++;
			at = end;
		}
	}
	l->n = (uint16_t)(line - l->line);
	l->known = th_lines_first(l->n) & ~unknown;
	return true;
}

/* Takes the start line off; false: the first line is the empty one. */
static bool take_start(struct th_lines *l, size_t bytes, uint32_t *ends)
{
	size_t base = 0;
	while (base < bytes && !ends[base / BLOCK]) {
		base += BLOCK;
	}
	if (base >= bytes) {
		return false;
	}
	uint32_t *bits = &ends[base / BLOCK];
	l->bytes = l->start = (uint16_t)(base + 1 + (size_t)__builtin_ctz(*bits));
	*bits &= *bits - 1;
	return l->start > LINE_END;
}

/* Notes in which values marks stand. */
static void note_marks(struct th_lines *l, const uint32_t *marks, size_t from, size_t bytes)
{
	size_t i = 0;
	for (size_t block = from / BLOCK; block * BLOCK < bytes; block++) {
		for (uint32_t bits = marks[block]; bits; bits &= bits - 1) {
			const size_t at = block * BLOCK + (size_t)__builtin_ctz(bits);
			while (i < l->n && l->line[i].end <= at) {
				i++;
			}
			if (i < l->n && at > l->line[i].colon) {
				l->marked |= 1ull << i;
			}
		}
	}
}

/* What is known of lines that the head before had more of. */
static void forget_behind(struct th_lines *l)
{
	const uint64_t there = th_lines_first(l->n);
	for (size_t k = 0; k < TH_LINES_NAMES; k++) {
		l->named[k] &= there;
	}
	memset(l->tag + l->n, NO_TAG, sizeof(l->tag) - TH_LINES_MAX);
}

/* From the line on that begins at l->bytes. */
INLINE bool walk(
	struct th_slice in, struct th_lines *l, const struct past *past, const struct eyes *eyes)
{
	struct sights sights;
	const size_t from = l->bytes;
	size_t bytes = find_ends(in, from, eyes, &sights);
	if (!bytes || (from == 0 && !take_start(l, bytes, sights.ends)) ||
		!add_lines(in, l, bytes, past, eyes->same, sights.ends)) {
		return false;
	}
	if (sights.any_mark) {
		note_marks(l, sights.marks, from, bytes);
	}
	l->bytes = (uint16_t)bytes;
	forget_behind(l);
	return true;
}

#if defined(__x86_64__)
WIDE __attribute__((noinline)) static struct found edge_wide(struct th_slice in, size_t at)
{
	const struct wide w = make_wide();
	uint8_t copy[1 + BLOCK];
	struct found f;
	copy_edge(in, at, copy);
	look_wide(&w, copy + 1, &f);
	return f;
}

WIDE static bool walk_wide(struct th_slice in, struct th_lines *l, const struct past *past)
{
	const struct wide w = make_wide();
	const struct eyes eyes = {look_wide, look_first_wide, edge_wide, same_wide, &w};
	return walk(in, l, past, &eyes);
}
#endif

static struct found edge(struct th_slice in, size_t at)
{
	uint8_t copy[1 + BLOCK];
	struct found f;
	copy_edge(in, at, copy);
	look(NULL, copy + 1, &f);
	return f;
}

static bool walk_any(struct th_slice in, struct th_lines *l, const struct past *past)
{
	in.n = in.n < TH_LINES_BYTES_MAX ? in.n : TH_LINES_BYTES_MAX;
#if defined(__x86_64__)
	if (th_cpu_has_avx2()) {
		return walk_wide(in, l, past);
	}
#endif
	static const struct eyes eyes = {look, look_first, edge, same_start, NULL};
	return walk(in, l, past, &eyes);
}

bool th_lines_of(struct th_slice in, struct th_lines *ret_lines)
{
	ret_lines->n = 0;
	ret_lines->tags = 0;
	return th_lines_after(in, NULL, ret_lines);
}

bool th_lines_after(struct th_slice in, const uint8_t *was, struct th_lines *lines)
{
	const struct past past = {was, was ? lines->n : 0};
	lines->bytes = lines->start = lines->n = 0;
	lines->fresh = true;
	lines->start_same = false;
	lines->same = lines->marked = 0;
	if (!walk_any(in, lines, &past)) {
		return false;
	}
	th_lines_shift(lines, 0, 0);
	return true;
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
