/* See lines.h. Sixteen bytes at a time; the last ones of the input are copied to where sixteen can
 * be read. Of each byte the one before it is looked at, too: CR and LF stand together or not at
 * all, and two slashes are a mark. */
#include "base/lines.h"

#include "base/scan.h"

#define BLOCK TH_LINES_BLOCK

struct found {
	unsigned ends;	/* LF */
	unsigned odd;	/* a NUL; a CR without an LF behind it; an LF without a CR before it */
	unsigned marks; /* as in struct th_lines */
};

#if defined(__SSE2__)
static unsigned mask(__m128i v)
{
	return (unsigned)_mm_movemask_epi8(v);
}

static __m128i equal(__m128i v, char c)
{
	return _mm_cmpeq_epi8(v, _mm_set1_epi8(c));
}

/* `p` has a byte before it. */
static struct found look(const uint8_t *p)
{
	const __m128i here = _mm_loadu_si128((const __m128i *)(const void *)p);
	const __m128i before = _mm_loadu_si128((const __m128i *)(const void *)(p - 1));
	const __m128i ends = equal(here, '\n');
	const __m128i odd = _mm_or_si128(
		_mm_xor_si128(ends, equal(before, '\r')), equal(here, '\0'));
	const __m128i slashes = _mm_and_si128(equal(here, '/'), equal(before, '/'));
	const __m128i single = _mm_or_si128(equal(here, '?'), equal(here, '&'));
	return (struct found){mask(ends), mask(odd), mask(_mm_or_si128(slashes, single))};
}
#else
static struct found look(const uint8_t *p)
{
	struct found f = {0};
	for (unsigned i = 0; i < BLOCK; i++) {
		unsigned end = p[i] == '\n', after_cr = p[(int)i - 1] == '\r';
		unsigned slashes = p[i] == '/' && p[(int)i - 1] == '/';
		f.ends |= end << i;
		f.odd |= (unsigned)(end != after_cr || p[i] == '\0') << i;
		f.marks |= (unsigned)(slashes || p[i] == '?' || p[i] == '&') << i;
	}
	return f;
}
#endif

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

/* A line that ends behind `end`; false: it is no plain field. */
static bool add_line(struct th_lines *l, const uint8_t *head, size_t at, size_t end)
{
	const uint8_t *p = head + at, *colon = th_scan(p, head + end, ':');
	if (l->n == TH_LINES_MAX || colon == p || colon == head + end || is_blank(p[0]) ||
		is_blank(colon[-1])) {
		return false;
	}
	l->line[l->n++] = (struct th_line){(uint16_t)at, (uint16_t)(colon - head), (uint16_t)end};
	return true;
}

enum step {
	STEP_ON,
	STEP_END,
	STEP_NOT_PLAIN,
};

/* Takes the lines that end in the block at `base`. */
static enum step take_ends(struct th_lines *l, const uint8_t *head, size_t base, unsigned ends)
{
	size_t at = l->bytes;
	for (; ends; ends &= ends - 1) {
		size_t end = base + (size_t)__builtin_ctz(ends) + 1;
		if (end - at == 2) { /* CR LF: the empty line */
			l->bytes = (uint16_t)end;
			return at ? STEP_END : STEP_NOT_PLAIN;
		}
		if (at && !add_line(l, head, at, end)) {
			return STEP_NOT_PLAIN;
		}
		l->start = at ? l->start : (uint16_t)end;
		at = end;
	}
	l->bytes = (uint16_t)at;
	return STEP_ON;
}

/* What stands in the block at `at`, of which n bytes are there. */
static struct found look_at(struct th_slice in, size_t at)
{
	uint8_t copy[1 + BLOCK];
	size_t n = in.n - at < BLOCK ? in.n - at : BLOCK;
	if (at > 0 && n == BLOCK) {
		return look(in.p + at);
	}
	copy[0] = at > 0 ? in.p[at - 1] : ' ';
	memset(copy + 1, ' ', BLOCK);
	memcpy(copy + 1, in.p + at, n);
	return look(copy + 1);
}

/* Of the bits of a block at `base` those before `end`. */
static unsigned before(unsigned bits, size_t base, size_t end)
{
	return end - base >= BLOCK ? bits : bits & ((1u << (end - base)) - 1);
}

bool th_lines_of(struct th_slice in, struct th_lines *ret_lines)
{
	struct th_lines *l = ret_lines;
	unsigned any = 0;
	in.n = in.n < TH_LINES_BYTES_MAX ? in.n : TH_LINES_BYTES_MAX;
	l->bytes = l->start = l->n = 0;
	for (size_t at = 0; at < in.n; at += BLOCK) {
		struct found f = look_at(in, at);
		enum step step = f.ends ? take_ends(l, in.p, at, f.ends) : STEP_ON;
		if (step == STEP_END) {
			f.odd = before(f.odd, at, l->bytes);
			f.marks = before(f.marks, at, l->bytes);
		}
		if (f.odd || step == STEP_NOT_PLAIN) {
			return false;
		}
		l->marks[at / BLOCK] = (uint16_t)f.marks;
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
	unsigned bits = (unsigned)lines->marks[block] >> from % BLOCK << from % BLOCK;
	for (; (block + 1) * BLOCK < to; bits = lines->marks[++block]) {
		if (bits) {
			return true;
		}
	}
	return before(bits, block * BLOCK, to) != 0;
}
