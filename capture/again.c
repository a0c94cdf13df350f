/* See again.h. */
#include "capture/again.h"

#define SAMPLE_AT (TH_AGAIN_WORTH - sizeof(uint64_t))
#define CHUNK 4096u
#define ENOUGH(total) ((total) - (total) / 4) /* of a body: there is hardly a better one */

static bool lies_behind(const struct th_again_body *b, size_t least)
{
	for (uint32_t i = 0; i < b->n; i++) {
		if (b->piece[i].offset < least) {
			return false;
		}
	}
	return true;
}

void th_again_forget(struct th_again *a, size_t before)
{
	for (int i = 0; a->next && i < TH_AGAIN_BODIES; i++) {
		if (!lies_behind(&a->body[i], before)) {
			a->exchange[i] = a->body[i].n = a->body[i].total = 0;
		}
	}
}

/* How many bytes both begin with. */
static size_t common(const uint8_t *a, const uint8_t *b, size_t n)
{
	size_t at = 0;
	while (at < n) {
		size_t chunk = n - at < CHUNK ? n - at : CHUNK;
		if (memcmp(a + at, b + at, chunk) != 0) {
			break;
		}
		at += chunk;
	}
	while (n - at >= sizeof(uint64_t)) {
		uint64_t x, y;
		memcpy(&x, a + at, sizeof(x));
		memcpy(&y, b + at, sizeof(y));
		if (x != y) {
			break;
		}
		at += sizeof(x);
	}
	while (at < n && a[at] == b[at]) {
		at++;
	}
	return at;
}

/* The piece that holds the byte `at` of the body, which has so many; *ret_skip: where in it. */
static uint32_t piece_at(const struct th_again_body *b, uint32_t at, uint32_t *ret_skip)
{
	uint32_t i = 0;
	while (at >= b->piece[i].length) {
		at -= b->piece[i++].length;
	}
	*ret_skip = at;
	return i;
}

/* How many of the bytes the body goes on with, from `at` on. */
static uint32_t match(
	const struct th_again_body *b, uint32_t at, uintptr_t file, struct th_slice bytes)
{
	uint32_t skip, sum = 0;
	if (at >= b->total) {
		return 0;
	}
	for (uint32_t i = piece_at(b, at, &skip); i < b->n && sum < bytes.n; i++, skip = 0) {
		size_t left = bytes.n - sum, n = b->piece[i].length - skip;
		n = n < left ? n : left;
		const void *there = (const void *)(file + b->piece[i].offset + skip);
		size_t same = common(there, bytes.p + sum, n);
		sum += (uint32_t)same;
		if (same < n) {
			break;
		}
	}
	return sum;
}

static uint32_t pieces_of(const struct th_again_body *b, uint32_t at, uint32_t n)
{
	uint32_t from, to;
	uint32_t first = piece_at(b, at, &from);
	return piece_at(b, at + n - 1, &to) - first + 1;
}

static size_t table_size(uint32_t pieces)
{
	return TH_AGAIN_HEADER_BYTES + (size_t)pieces * TH_AGAIN_PIECE_BYTES;
}

/* n bytes from `at` on: as many, or none where that would gain nothing. */
static uint32_t worth(const struct th_again_body *b, uint32_t at, uint32_t n)
{
	bool is = n >= TH_AGAIN_WORTH && table_size(pieces_of(b, at, n)) < n;
	return is ? n : 0;
}

static struct th_again_found go_on(struct th_again_body *b, uintptr_t file, struct th_slice bytes)
{
	uint32_t n = b->same ? worth(b, b->at, match(b, b->at, file, bytes)) : 0;
	return (struct th_again_found){b, n};
}

static uint64_t sample_of(struct th_slice bytes)
{
	uint64_t sample;
	memcpy(&sample, bytes.p + SAMPLE_AT, sizeof(sample));
	return sample;
}

/* The body that begins most like this one, the latest first; NULL: none does. */
static const struct th_again_body *most_like(
	const struct th_again *a, uintptr_t file, struct th_slice bytes, uint32_t *ret_n)
{
	const uint64_t sample = sample_of(bytes);
	const struct th_again_body *best = NULL;
	*ret_n = 0;
	for (uint32_t i = 1; i <= TH_AGAIN_BODIES; i++) {
		uint32_t at = (uint32_t)(a->next - i) % TH_AGAIN_BODIES;
		const struct th_again_body *b = &a->body[at];
		if (a->sample[at] != sample || b->total < TH_AGAIN_WORTH) {
			continue;
		}
		uint32_t n = match(b, 0, file, bytes);
		if (n > *ret_n) {
			best = b;
			*ret_n = n;
		}
		if (n == bytes.n || n >= ENOUGH(b->total)) {
			break;
		}
	}
	return best;
}

/* One that has no room for a further piece is written whole once more. */
static struct th_again_found begin(
	struct th_again *a, uintptr_t file, uint32_t exchange, struct th_slice bytes)
{
	uint32_t n, at = (uint32_t)(a->next % TH_AGAIN_BODIES);
	struct th_again_body *b = &a->body[at];
	const struct th_again_body *like = most_like(a, file, bytes, &n);
	n = like && like->n < TH_AGAIN_PIECES ? worth(like, 0, n) : 0;
	if (n && like != b) {
		*b = *like;
	}
	b->at = 0;
	b->same = n > 0;
	b->n = n ? b->n : 0;
	b->total = n ? b->total : 0;
	a->exchange[at] = exchange;
	a->sample[at] = sample_of(bytes);
	a->next++;
	return (struct th_again_found){b, n};
}

struct th_again_found th_again_find(
	struct th_again *a, uintptr_t file, uint32_t exchange, struct th_slice bytes)
{
	for (uint32_t i = 0; exchange && i < TH_AGAIN_BODIES; i++) {
		if (a->exchange[i] == exchange) {
			return go_on(&a->body[i], file, bytes);
		}
	}
	if (bytes.n < TH_AGAIN_WORTH) {
		return (struct th_again_found){NULL, 0};
	}
	return begin(a, file, exchange, bytes);
}

size_t th_again_encode(const struct th_again_found *found, uint32_t size, uint8_t *ret_bytes)
{
	const struct th_again_body *b = found->body;
	uint32_t skip, left = found->n, count = pieces_of(b, b->at, left);
	struct th_out out = {.p = ret_bytes, .cap = table_size(count)};
	th_out_u32(&out, count);
	th_out_u32(&out, size);
	for (uint32_t i = piece_at(b, b->at, &skip); left > 0; i++, skip = 0) {
		uint32_t n = b->piece[i].length - skip;
		n = n < left ? n : left;
		th_out_u32(&out, 0);
		th_out_u32(&out, b->piece[i].offset + skip);
		th_out_u32(&out, n);
		left -= n;
	}
	return out.n;
}

/* Nothing of the pieces is left but the first `at` bytes. */
static void cut(struct th_again_body *b, uint32_t at)
{
	uint32_t skip;
	if (at >= b->total) {
		return;
	}
	b->n = piece_at(b, at, &skip);
	if (skip) {
		b->piece[b->n++].length = skip;
	}
	b->total = at;
}

void th_again_keep(const struct th_again_found *found, uint32_t offset, uint32_t length)
{
	struct th_again_body *b = found->body;
	b->at += found->n;
	if (length == 0) {
		return;
	}
	if (b->same) {
		cut(b, b->at);
		b->same = false;
	}
	if (b->total == b->at && b->n < TH_AGAIN_PIECES) {
		b->piece[b->n++] = (struct th_again_piece){offset, length};
		b->total += length;
	}
	b->at += length;
}
