/* See repeats.h. A rolling hash over the last 64 bytes ("gear" of content-defined chunking: shift,
 * add a number per byte) chooses about every 64th place by its upper bits, alike wherever the same
 * text stands; the place is looked up and entered in a table. A hit is only a hint: bytes are
 * compared, backwards and forwards.
 *
 * What was found must be entered again, for its earlier copy is out of reach one day. A stretch of
 * it now and then is enough: who looks for it comes upon one soon, and compares backwards. */
#include "capture/repeats.h"

#include "capture/frame.h"

#define SAMPLE_SHIFT 58 /* upper 6 bits zero: every 64th place */
#define INDEX_SHIFT 40
#define HASHED 64   /* bytes on which the hash depends */
#define STRETCH 512 /* bytes hashed of each */
#define EVERY 4096  /* of what was found */

/* A number per byte without a list of constants: splitmix64. */
static uint64_t mix(uint64_t z)
{
	z *= 0x9e3779b97f4a7c15u;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

void th_repeats_init(struct th_repeats *r, struct th_repeats_table *table)
{
	*r = (struct th_repeats){.table = table};
	for (size_t i = 0; i < 256; i++) {
		table->gears[i] = mix(i + 1);
	}
}

static size_t same_forward(const uint8_t *a, const uint8_t *b, size_t max)
{
	size_t n = 0;
	while (n + 8 <= max && th_le64(a + n) == th_le64(b + n)) {
		n += 8;
	}
	while (n < max && a[n] == b[n]) {
		n++;
	}
	return n;
}

static size_t same_backward(const uint8_t *a, const uint8_t *b, size_t max)
{
	size_t n = 0;
	while (n < max && *(a - n - 1) == *(b - n - 1)) {
		n++;
	}
	return n;
}

static bool lies_in(uint64_t place, uint64_t begin, uint64_t end)
{
	return place > begin && place <= end;
}

/* The stretch in which the byte before `place` lies; n 0: none. Own frames end at `here`: a repeat
 * is copied from what is whole. Nor is it copied from length and checksum of the frame at hand,
 * whose payload begins at `body`: a reader has them only behind it. */
static struct th_slice reach(const struct th_repeats *r, uint64_t place, uint64_t body,
	uint64_t here, uint64_t *ret_begin)
{
	uint64_t head = body - TH_FRAME_HEADER_BYTES, known = head + TH_FRAME_COMMIT_BYTES;
	if (lies_in(place, r->own_at, head)) {
		*ret_begin = r->own_at;
		return (struct th_slice){r->own.p, head - r->own_at};
	}
	if (lies_in(place, known, here)) {
		*ret_begin = known;
		return (struct th_slice){r->own.p + (known - r->own_at), here - known};
	}
	*ret_begin = r->base_at;
	if (r->base.n && lies_in(place, r->base_at, r->base_at + r->base.n)) {
		return r->base;
	}
	return (struct th_slice){NULL, 0};
}

/* What is still in memory of a stretch that begins at *begin; n 0: `place` is not. */
static struct th_slice in_memory(
	const struct th_repeats *r, struct th_slice stretch, uint64_t place, uint64_t *begin)
{
	if (stretch.n == 0 || place <= r->low) {
		return (struct th_slice){NULL, 0};
	}
	if (*begin < r->low) {
		stretch.p += r->low - *begin;
		stretch.n -= r->low - *begin;
		*begin = r->low;
	}
	return stretch;
}

/* What stood before `place` may be what stands before s->at. */
static bool compare(const struct th_repeats *r, const struct th_repeats_scan *s, uint64_t place,
	struct th_repeat *ret_repeat)
{
	const uint8_t *at = r->own.p + s->offset + s->at;
	uint64_t begin, body = r->own_at + s->offset;
	struct th_slice stretch = reach(r, place, body, body + s->from, &begin);
	stretch = in_memory(r, stretch, place, &begin);
	if (stretch.n == 0) {
		return false;
	}
	size_t there = place - begin, done = s->at - s->from, left = s->n - s->at;
	size_t back = same_backward(at, stretch.p + there, done < there ? done : there);
	size_t rest = stretch.n - there;
	size_t n = back + same_forward(at, stretch.p + there, left < rest ? left : rest);
	if (n < TH_REPEAT_MIN) {
		return false;
	}
	*ret_repeat = (struct th_repeat){s->at - back, n, body + s->at - place, begin < r->own_at};
	return true;
}

/* Rolls on over bytes [at, end) of the body. True: a sample ended at *at, and *ret_place is where
 * one like it did. */
static bool next_sample(const struct th_repeats *r, size_t offset, size_t *at, size_t end,
	uint64_t *hash, uint64_t *ret_place)
{
	const uint8_t *p = r->own.p + offset;
	const uint64_t *gears = r->table->gears;
	uint64_t h = *hash;
	size_t i = *at;
	while (i < end) {
		h = (h << 1) + gears[p[i++]];
		if (h >> SAMPLE_SHIFT) {
			continue;
		}
		uint64_t here = r->own_at + offset + i;
		uint32_t *entry = &r->table->places[(h >> INDEX_SHIFT) % TH_REPEATS_PLACES];
		*ret_place = here - (uint32_t)((uint32_t)here - *entry);
		*entry = (uint32_t)here;
		*at = i;
		*hash = h;
		return true;
	}
	*at = i;
	*hash = h;
	return false;
}

/* From s->at to s->from, the end of the repeat. */
static void enter_found(const struct th_repeats *r, struct th_repeats_scan *s)
{
	uint64_t place;
	for (size_t begin = s->at; begin < s->from; begin += EVERY) {
		size_t end = s->from - begin < STRETCH ? s->from : begin + STRETCH;
		for (size_t at = begin; at < end;) {
			next_sample(r, s->offset, &at, end, &s->hash, &place);
		}
	}
	s->hash = 0;
	for (size_t at = s->from - HASHED; at < s->from; at++) {
		s->hash = (s->hash << 1) + r->table->gears[r->own.p[s->offset + at]];
	}
	s->at = s->from;
}

bool th_repeats_next(
	const struct th_repeats *r, struct th_repeats_scan *s, struct th_repeat *ret_repeat)
{
	uint64_t place;
	while (next_sample(r, s->offset, &s->at, s->n, &s->hash, &place)) {
		if (compare(r, s, place, ret_repeat)) {
			s->from = ret_repeat->at + ret_repeat->n;
			enter_found(r, s);
			return true;
		}
	}
	return false;
}
