/* See lines.h. Thirty-two bytes at a time; those of a block that is not all there are copied to
 * where that many can be read. Of each byte the one before it is looked at, too: CR and LF stand
 * together or not at all, and two slashes are a mark. The walk is made twice: what all x86-64 have
 * takes twice as many instructions as AVX2.
 *
 * Beside the head before, a block is first compared with what stood there. As long as what differs
 * is in values, and is and was nothing that ends a line or may be a mark, all lines are where they
 * were; behind that, lines are walked over, and of each the name is compared. */
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

/* Of the bits of a block at `base` those before `end`. */
static inline uint32_t before(uint32_t bits, size_t base, size_t end)
{
	return end - base >= BLOCK ? bits : bits & ((1u << (end - base)) - 1);
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

/* Where lines end in the blocks from that of l->bytes on, where one begins; not the empty line.
 * Returns the bytes of the head; 0: it has no end, or is not plain. */
INLINE size_t find_ends(
	struct th_slice in, struct th_lines *l, const struct eyes *eyes, uint32_t ret_ends[BLOCKS])
{
	const size_t first = l->bytes / BLOCK;
	const size_t full = in.n / BLOCK * BLOCK; /* behind the last whole block */
	uint32_t any = l->any_mark, odd = 0, until = 0;
	uint32_t before = l->bytes && l->bytes % BLOCK == 0 ? 1u << (BLOCK - 1) : 0;
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
		ret_ends[base / BLOCK] = f.ends;
		l->marks[base / BLOCK] = f.marks;
		l->names[base / BLOCK + 1] = 0;
		any |= f.marks;
		odd |= f.odd;
	}
	l->names[first] &= ~(~0u << l->bytes % BLOCK);
	ret_ends[base / BLOCK] = f.ends & until >> 1;
	ret_ends[first] &= ~0u << l->bytes % BLOCK;
	l->marks[base / BLOCK] = f.marks & until;
	l->any_mark = (any | (f.marks & until)) != 0;
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

/* The bits of a name and its colon, in whose blocks are those of no line behind it. */
INLINE void note_place(uint32_t *names, size_t at, size_t colon)
{
	const size_t block = at / BLOCK;
	const size_t n = colon - at < BLOCK ? colon - at : BLOCK - 1;
	const uint64_t bits = ((2ull << n) - 1) << at % BLOCK;
	names[block] |= (uint32_t)bits;
	if (bits >> BLOCK) {
		names[block + 1] |= (uint32_t)(bits >> BLOCK);
	}
	for (at += n + 1; at <= colon; at++) {
		names[at / BLOCK] |= 1u << at % BLOCK;
	}
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
			note_place(l->names, at, line->colon);
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
	uint32_t ends[BLOCKS];
	in.n = in.n < TH_LINES_BYTES_MAX ? in.n : TH_LINES_BYTES_MAX;
	size_t bytes = find_ends(in, l, eyes, ends);
	if (!bytes || (l->bytes == 0 && !take_start(l, bytes, ends)) ||
		!add_lines(in, l, bytes, past, eyes->same, ends)) {
		return false;
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
	static const struct past none;
	struct th_lines *l = ret_lines;
	l->bytes = l->start = l->n = l->same = 0;
	l->any_mark = false;
	l->tags = 0;
	return walk_any(in, l, &none);
}

#if defined(__x86_64__)
/* Bytes that a value may have come to have, or had, so that it has to be looked at again: a line's
 * end, a NUL, or what may be a mark. */
WIDE INLINE uint32_t telling(const uint8_t *now, const uint8_t *was)
{
	const __m256i a = _mm256_loadu_si256((const __m256i *)(const void *)now);
	const __m256i b = _mm256_loadu_si256((const __m256i *)(const void *)was);
	const __m256i least = _mm256_min_epu8(a, b), controls = _mm256_set1_epi8(0x1f);
	const __m256i slash = _mm256_or_si256(a, _mm256_set1_epi8('?' ^ '/')); /* or '?' */
	return (uint32_t)_mm256_movemask_epi8(
		_mm256_or_si256(_mm256_cmpeq_epi8(_mm256_min_epu8(least, controls), least),
			_mm256_or_si256(_mm256_cmpeq_epi8(slash, _mm256_set1_epi8('?')),
				_mm256_cmpeq_epi8(a, _mm256_set1_epi8('&')))));
}

/* Does the block keep its lines where they were: is what differs, of these bytes, in values, and
 * nothing that ends one or would be a mark? *same: before that all is the same. */
WIDE INLINE bool keeps(
	const uint8_t *now, const uint8_t *was, uint32_t names, size_t base, size_t n, size_t *same)
{
	const uint32_t differ = before(differ_wide(now, was), 0, n);
	if (!differ) {
		return true;
	}
	if (base < *same) {
		*same = base + (size_t)__builtin_ctz(differ);
	}
	return !(differ & (names | telling(now, was)));
}

/* The last bytes, of which there is no whole block. */
WIDE static bool keeps_edge(
	struct th_slice in, const uint8_t *was, const struct th_lines *l, size_t base, size_t *same)
{
	uint8_t edge[BLOCK];
	const size_t n = in.n - base < BLOCK ? in.n - base : BLOCK;
	memset(edge, ' ', BLOCK);
	memcpy(edge, in.p + base, n);
	return keeps(edge, was + base, l->names[base / BLOCK], base, l->bytes - base, same);
}

/* Up to where, in blocks, the lines of a head without marks are where they were, and named as they
 * were. */
WIDE static size_t same_layout(
	struct th_slice in, const uint8_t *was, const struct th_lines *l, size_t *ret_same)
{
	const size_t whole = l->bytes / BLOCK * BLOCK;
	size_t same = l->bytes, base = 0;
	while (base < whole &&
		keeps(in.p + base, was + base, l->names[base / BLOCK], base, BLOCK, &same)) {
		base += BLOCK;
	}
	if (base == whole && (whole == l->bytes || keeps_edge(in, was, l, base, &same))) {
		base = l->bytes;
	}
	*ret_same = same;
	return base;
}
#endif

/* How many first bytes are the same; some more may be. */
static size_t same_bytes(const uint8_t *a, const uint8_t *b, size_t n)
{
	size_t i = 0;
	while (n - i >= 8 && th_le64(a + i) == th_le64(b + i)) {
		i += 8;
	}
	return i;
}

/* How many first lines end within so many bytes: looked for from where they are likely to be. */
static size_t lines_within(const struct th_lines *l, size_t bytes)
{
	size_t n = bytes < l->bytes / 2u ? 0 : l->n;
	while (n > 0 && l->line[n - 1].end > bytes) {
		n--;
	}
	while (n < l->n && l->line[n].end <= bytes) {
		n++;
	}
	return n;
}

/* Up to where lines are where they were; *ret_same: and all is the same. */
static size_t known_layout(
	struct th_slice in, const uint8_t *was, const struct th_lines *l, size_t *ret_same)
{
#if defined(__x86_64__)
	if (!l->any_mark && in.n >= l->bytes && th_cpu_has_avx2()) {
		return same_layout(in, was, l, ret_same);
	}
#endif
	*ret_same = same_bytes(in.p, was, in.n < l->bytes ? in.n : l->bytes);
	return *ret_same;
}

bool th_lines_again(struct th_slice in, const uint8_t *was, struct th_lines *lines)
{
	const struct past past = {was, lines->n};
	size_t same, known = known_layout(in, was, lines, &same);
	lines->same = (uint16_t)lines_within(lines, same);
	if (known == lines->bytes) {
		lines->known = th_lines_first(lines->n);
		return true;
	}
	size_t n = lines_within(lines, known);
	bool begins = known >= lines->start;
	lines->bytes = n > 0 ? lines->line[n - 1].end : begins ? lines->start : 0;
	lines->n = (uint16_t)n;
	lines->any_mark = th_lines_marked(lines, 0, lines->bytes);
	return walk_any(in, lines, &past);
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
