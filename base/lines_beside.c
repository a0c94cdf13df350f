/* See lines_beside.h. Heads are compared by blocks of the model's. What differs in values, and is
 * and was nothing that ends a line or may be a mark, leaves all lines where they were. Else it may
 * be a value of another length: then its end is looked for, and the next lines are compared from
 * there, so much farther in the head than in the model.
 *
 * All that is by the vectors of AVX2. On other processors a head is the model's to the byte, or it
 * is walked over. */
#include "base/lines_beside.h"

#include "base/cpu.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define BLOCK TH_LINES_BLOCK
#define LINE_END 2     /* CR LF */
#define STRANGE_MAX 32 /* start lines other than the model's before it is another's turn */
#define VALUE_MOST 256 /* bytes of a value that are looked at one by one */

/* ---- a model ---- */

/* Bits of the bytes from `from` to before `to`. */
static void fix(uint32_t *fixed, size_t from, size_t to)
{
	while (from < to) {
		const size_t in_block = from % BLOCK, n = to - from;
		const uint32_t bits = n < BLOCK ? (1u << n) - 1 : ~0u;
		fixed[from / BLOCK] |= bits << in_block;
		from += BLOCK - in_block;
	}
}

static void note_field(struct th_lines_model *m, size_t i)
{
	const struct th_line *line = &m->lines.line[i];
	for (size_t block = line->at / BLOCK; block * BLOCK < line->end; block++) {
		m->fields[block] |= 1ull << i;
	}
	fix(m->fixed, line->at, m->marked >> i & 1 ? line->end : line->colon + 1u);
}

/* The head that m->lines are of. */
static void make_model(struct th_lines_model *m, const uint8_t *head)
{
	const struct th_lines *l = &m->lines;
	m->shifted = false;
	m->strange = 0;
	m->bytes = 0;
	if (l->bytes > TH_LINES_MODEL_BYTES) {
		return;
	}
	m->bytes = l->bytes;
	m->start = l->start;
	m->marked = l->marked;
	const size_t blocks = (l->bytes + BLOCK - 1u) / BLOCK + 1; /* a window may reach into it */
	memset(m->fields, 0, blocks * sizeof(*m->fields));
	memset(m->fixed, 0, blocks * sizeof(*m->fixed));
	memcpy(m->head, head, l->bytes);
	for (size_t i = 0; i < l->n; i++) {
		note_field(m, i);
	}
}

/* ---- beside it ---- */

#if defined(__x86_64__)
#define WIDE __attribute__((target("avx2")))
#define INLINE static inline __attribute__((always_inline))

/* How much farther than in the model. */
typedef ptrdiff_t shift_t;

/* Behind the end of the line that goes on at `at`, before which there is a byte; *any_mark is set
 * when marks stand there. 0: the end is not near, or the line is not plain. */
static size_t line_end(struct th_slice in, size_t at, bool *any_mark)
{
	const size_t most = in.n > at + VALUE_MOST ? at + VALUE_MOST : in.n;
	for (; at + 1 < most; at++) {
		const uint8_t c = in.p[at];
		if (c == '\r') {
			return in.p[at + 1] == '\n' ? at + LINE_END : 0;
		}
		if (c == '\n' || c == '\0') {
			return 0;
		}
		*any_mark |= c == '?' || c == '&' || (c == '/' && in.p[at - 1] == '/');
	}
	return 0;
}

static void shift_from(struct th_lines_model *m, size_t i, size_t was_end, size_t end)
{
	th_lines_shift(&m->lines, i, (uint16_t)(end - was_end));
	m->shifted = true;
}

/* The start line differs at `at`: where it ends in the model; 0: it has no end. */
static size_t pass_start(struct th_lines_model *m, struct th_slice in, size_t at, shift_t *shift)
{
	bool any_mark = false;
	const size_t end = at > 0 && at < m->start - 1u ? line_end(in, at, &any_mark) : 0;
	if (end <= LINE_END) {
		return 0;
	}
	shift_from(m, 0, m->start, end);
	*shift = (shift_t)end - m->start;
	return m->start;
}

/* The model and the head differ at `was_at` in what may be the end of a value. Where that line ends
 * in the model; 0: it is not that, and the head has another form. */
static __attribute__((noinline)) size_t pass_value(
	struct th_lines_model *m, struct th_slice in, size_t was_at, shift_t *shift)
{
	struct th_lines *l = &m->lines;
	const uint64_t fields = m->fields[was_at / BLOCK];
	size_t i = fields ? (size_t)__builtin_ctzll(fields) : l->n;
	bool any_mark = false;
	if (was_at < m->start) {
		return pass_start(m, in, was_at, shift);
	}
	while (i < l->n && l->line[i].end <= was_at) {
		i++;
	}
	const struct th_line *line = &l->line[i];
	if (i == l->n || was_at <= line->colon || was_at >= line->end - 1u) {
		return 0;
	}
	const uint64_t bit = 1ull << i;
	const size_t from = m->marked & bit ? line->colon + 1u : was_at;
	const size_t end = line_end(in, (size_t)((shift_t)from + *shift), &any_mark);
	if (!end) {
		return 0;
	}
	l->marked = any_mark ? l->marked | bit : l->marked & ~bit;
	shift_from(m, i + 1, line->end, end);
	*shift = (shift_t)end - line->end;
	return line->end;
}

WIDE INLINE __m256i load(const uint8_t *p)
{
	return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

WIDE INLINE uint32_t differ(const uint8_t *a, const uint8_t *b)
{
	return ~(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(load(a), load(b)));
}

/* What a block is looked at for. */
#define EACH(c) c, c, c, c, c, c, c, c
#define ALL(c) \
	{ \
		EACH(c), EACH(c), EACH(c), EACH(c) \
	}
static const struct wanted {
	uint8_t control[BLOCK], question[BLOCK], ampersand[BLOCK], slash_or_question[BLOCK];
} wanted __attribute__((aligned(BLOCK))) = {ALL(0x1f), ALL('?'), ALL('&'), ALL('?' ^ '/')};

/* Taken from memory where it is needed: else the compiler would make all of it anew for each part
 * of a head, and few blocks are looked at. */
static inline const struct wanted *what_is_wanted(void)
{
	const struct wanted *w = &wanted;
	__asm__("" : "+r"(w));
	return w;
}

/* Bytes that a value may have come to have, or had, so that it has to be looked at again: a line's
 * end, a NUL, or what may be a mark. */
WIDE INLINE uint32_t telling(const struct wanted *w, const uint8_t *now, const uint8_t *was)
{
	const __m256i a = load(now), least = _mm256_min_epu8(a, load(was));
	const __m256i slash = _mm256_or_si256(a, load(w->slash_or_question));
	const __m256i marks = _mm256_or_si256(_mm256_cmpeq_epi8(slash, load(w->question)),
		_mm256_cmpeq_epi8(a, load(w->ampersand)));
	const __m256i controls = _mm256_cmpeq_epi8(_mm256_min_epu8(least, load(w->control)), least);
	return (uint32_t)_mm256_movemask_epi8(_mm256_or_si256(controls, marks));
}

/* The bytes of a block at `at` of the model that must not differ. */
INLINE uint32_t fixed_at(const struct th_lines_model *m, size_t at)
{
	uint64_t two;
	memcpy(&two, &m->fixed[at / BLOCK], sizeof(two));
	return (uint32_t)(two >> at % BLOCK);
}

/* Of a block of the model those bytes that differ and may not; *others, the fields that may not be
 * the same any more. */
WIDE INLINE uint32_t judge(const struct th_lines_model *m, size_t at, size_t bytes,
	const struct wanted *w, const uint8_t *now, uint64_t *others)
{
	const uint8_t *was = m->head + at;
	const uint32_t there = bytes - at < BLOCK ? (1u << (bytes - at)) - 1 : ~0u;
	*others |= m->fields[at / BLOCK] | m->fields[at / BLOCK + 1];
	return differ(now, was) & there & (fixed_at(m, at) | telling(w, now, was));
}

/* The same where fewer bytes of the head are left, at `at`, than a block has. */
WIDE static __attribute__((noinline)) uint32_t judge_edge(const struct th_lines_model *m,
	struct th_slice in, size_t was_at, size_t at, uint64_t *others)
{
	uint8_t copy[BLOCK];
	memset(copy, ' ', BLOCK);
	memcpy(copy, in.p + at, in.n > at ? in.n - at : 0);
	return judge(m, was_at, m->bytes, what_is_wanted(), copy, others);
}

/* Are the lines of the model in the head, with any values? */
WIDE static bool is_beside(struct th_lines_model *m, struct th_slice in)
{
	struct th_lines *l = &m->lines;
	const struct wanted *const w = what_is_wanted();
	const size_t bytes = m->bytes;
	size_t at = 0, first = bytes; /* first: the first block that differs */
	shift_t shift = 0;
	uint64_t others = 0;
	while (at < bytes) {
		const uint8_t *const now = in.p + shift;
		const shift_t there = (shift_t)in.n - shift - (BLOCK - 1);
		const shift_t end = there < (shift_t)bytes ? there : (shift_t)bytes;
		uint32_t bad = 0;
		for (; (shift_t)at < end; at += BLOCK) {
			if (!differ(now + at, m->head + at)) {
				continue;
			}
			first = first < at ? first : at;
			bad = judge(m, at, bytes, w, now + at, &others);
			if (bad) {
				break;
			}
		}
		if (!bad && at < bytes) {
			first = first < at ? first : at;
			bad = judge_edge(m, in, at, (size_t)((shift_t)at + shift), &others);
			if (!bad && at + BLOCK <= bytes) {
				return false; /* the head is cut */
			}
		}
		if (!bad) {
			break;
		}
		at = pass_value(m, in, at + (size_t)__builtin_ctz(bad), &shift);
		if (!at) {
			return false;
		}
	}
	l->bytes = (uint16_t)((shift_t)bytes + shift);
	l->same = th_lines_first(l->n) & ~others;
	l->start_same = first >= m->start;
	return true;
}
#endif

/* The same to the byte. */
static bool is_model(struct th_lines_model *m, struct th_slice in)
{
	struct th_lines *l = &m->lines;
	if (in.n < m->bytes || memcmp(in.p, m->head, m->bytes) != 0) {
		return false;
	}
	l->bytes = m->bytes;
	l->same = th_lines_first(l->n);
	l->start_same = true;
	return true;
}

static bool find_beside(struct th_lines_model *m, struct th_slice in)
{
	struct th_lines *l = &m->lines;
	if (m->shifted) {
		th_lines_shift(l, 0, 0);
		m->shifted = false;
	}
	l->marked = m->marked;
#if defined(__x86_64__)
	bool is = th_cpu_has_avx2() ? is_beside(m, in) : is_model(m, in);
#else
	bool is = is_model(m, in);
#endif
	if (is) {
		l->start = (uint16_t)(m->start + l->shift[0]);
		l->known = th_lines_first(l->n);
		m->strange = (uint8_t)(m->strange + !l->start_same);
		l->fresh = false;
	}
	return is;
}

bool th_lines_beside(struct th_lines_model *m, struct th_slice in)
{
	in.n = in.n < TH_LINES_BYTES_MAX ? in.n : TH_LINES_BYTES_MAX;
	if (m->bytes && m->strange < STRANGE_MAX && find_beside(m, in)) {
		return true;
	}
	if (!th_lines_after(in, m->bytes ? m->head : NULL, &m->lines)) {
		m->bytes = 0;
		return false;
	}
	make_model(m, in.p);
	return true;
}
