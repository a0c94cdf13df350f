/* See join.h. First the columns are found, each behind the one before; then frames are written one
 * after the other, as long as there is text for them. Nothing is believed: what came out is
 * compared with the checksums that the block has of it. */
#include "capture/join.h"

#include "base/crc32c.h"
#include "capture/columns.h"
#include "capture/layout.h"
#include "capture/split.h"

#define REPEAT_MIN 16 /* a reader takes no shorter one: references must be less than they save */

struct joining {
	struct th_columns columns;
	struct th_in lengths;
	struct th_in gaps, distances, runs;
	struct th_in checks, text, bodies;
	uint64_t references; /* left */
	uint64_t gap, run;   /* left before, and of, the reference at hand */
	uint64_t distance;
	struct th_slice base;
	uint8_t *out;
	size_t at, n;
	uint32_t id;
	uint64_t time;
};

size_t th_join_bound(size_t n)
{
	return n + 32 + 4 * (n / TH_SPLIT_CHECKED + 1);
}

static bool find_columns(struct joining *j, struct th_slice area, uint32_t frames)
{
	struct th_in in = {area.p, area.n, false};
	th_columns_find(&in, frames, &j->columns);
	uint64_t references = j->references = j->columns.references, text = j->columns.text;
	j->lengths = th_columns_varints(&in, frames);
	j->gaps = th_columns_varints(&in, references);
	j->distances = th_columns_varints(&in, references);
	j->runs = th_columns_varints(&in, references);
	j->checks = th_columns_bytes(&in, 4 * ((j->n + TH_SPLIT_CHECKED - 1) / TH_SPLIT_CHECKED));
	if (in.failed) {
		return false;
	}
	size_t have = text < in.n ? (size_t)text : in.n; /* the rest may be cut off */
	j->text = th_columns_bytes(&in, have);
	j->bodies = in;
	return true;
}

static bool copy(struct joining *j, struct th_in *from, size_t n)
{
	struct th_slice s = th_in_bytes(from, n);
	if (from->failed) {
		return false;
	}
	if (n) {
		memcpy(j->out + j->at, s.p, n);
	}
	j->at += n;
	return true;
}

static bool next_reference(struct joining *j)
{
	if (j->references == 0) {
		j->gap = UINT64_MAX;
		return true;
	}
	j->references--;
	j->gap = th_in_varint(&j->gaps);
	j->distance = th_in_varint(&j->distances);
	j->run = th_in_varint(&j->runs);
	return j->run >= REPEAT_MIN && j->distance >= j->run;
}

/* All of the repeat, of which there is room. From these frames or from the base, not across. */
static bool copy_repeat(struct joining *j)
{
	const uint8_t *from = j->out + j->at;
	uint64_t back = j->distance;
	if (back <= j->at) {
		from -= back;
	} else if (back - j->at <= j->base.n && j->run <= back - j->at) {
		from = j->base.p + (j->base.n - (back - j->at));
	} else {
		return false;
	}
	memcpy(j->out + j->at, from, j->run);
	j->at += j->run;
	return true;
}

static bool put_body(struct joining *j, size_t n)
{
	while (n) {
		size_t literal = j->gap < n ? (size_t)j->gap : n;
		if (!copy(j, &j->bodies, literal)) {
			return false;
		}
		j->gap -= literal;
		n -= literal;
		if (n == 0) {
			return true; /* a reference at the end is for the next one */
		}
		if (j->run > n || !copy_repeat(j)) {
			return false;
		}
		n -= j->run;
		if (!next_reference(j)) {
			return false;
		}
	}
	return true;
}

/* Length and checksum follow from the rest. */
static void close_frame(struct joining *j, size_t start, size_t n)
{
	uint8_t *p = j->out + start;
	size_t room = th_frame_room(n);
	memset(p + n, 0, room - n);
	uint64_t commit = th_frame_commit((uint32_t)n, th_crc32c(0, p + 8, n - 8));
	memcpy(p, &commit, sizeof(commit));
	j->at = start + room;
}

static bool put_frame(struct joining *j)
{
	size_t start = j->at;
	struct th_columns *c = &j->columns;
	struct th_frame_header h = {.type = th_in_u8(&c->types), .flags = th_in_u8(&c->flags)};
	h.id = j->id += (uint32_t)th_columns_signed(&c->ids);
	h.time = j->time += th_columns_signed(&c->times);
	uint64_t n = th_in_varint(&j->lengths);
	if (n > j->n || TH_FRAME_HEADER_BYTES + th_frame_room(n) > j->n - j->at) {
		return false;
	}
	memset(j->out + start, 0, 8);
	th_frame_encode(j->out + start, &h);
	j->at += TH_FRAME_HEADER_BYTES;
	bool body = th_frame_is_body(h.type);
	if (body ? !put_body(j, (size_t)n) : !copy(j, &j->text, (size_t)n)) {
		return false;
	}
	close_frame(j, start, TH_FRAME_HEADER_BYTES + (size_t)n);
	return true;
}

/* Makes the checksum of each frame a wrong one that lies in a bad stretch, wholly or in part. */
static void spoil(struct joining *j, const bool *bad)
{
	struct th_frame_header h;
	for (size_t at = 0; at < j->at; at += th_frame_room(h.length)) {
		th_frame_header_decode(j->out + at, &h);
		size_t last = (at + th_frame_room(h.length) - 1) / TH_SPLIT_CHECKED;
		size_t i = at / TH_SPLIT_CHECKED;
		while (i < last && !bad[i]) {
			i++;
		}
		if (bad[i]) {
			uint32_t wrong = ~th_crc32c(0, j->out + at + 8, h.length - 8);
			memcpy(j->out + at + 4, &wrong, sizeof(wrong));
		}
	}
}

/* Ends what was put together where it cannot be checked, and spoils what is not as it was. False:
 * something was not. */
static bool check(struct joining *j)
{
	bool bad[TH_BLOCK_MAX / TH_SPLIT_CHECKED + 1] = {false};
	size_t n = 0;
	for (size_t at = 0; at < j->at; at += TH_SPLIT_CHECKED, n++) {
		size_t size = j->n - at < TH_SPLIT_CHECKED ? j->n - at : TH_SPLIT_CHECKED;
		if (size > j->at - at) {
			j->at = at;
			break;
		}
		bad[n] = th_in_u32(&j->checks) != th_crc32c(0, j->out + at, size);
	}
	bool all = true;
	for (size_t i = 0; i < n; i++) {
		all = all && !bad[i];
	}
	if (!all) {
		spoil(j, bad);
	}
	return all;
}

size_t th_join_frames(struct th_join *join, uint8_t *out, size_t n)
{
	struct joining j = {.base = join->base, .out = out, .n = n};
	if (!find_columns(&j, join->area, join->frames) || !next_reference(&j)) {
		return 0;
	}
	for (uint32_t i = 0; i < join->frames; i++) {
		size_t start = j.at;
		if (!put_frame(&j)) {
			j.at = start;
			break;
		}
	}
	join->spoilt = !check(&j);
	return j.at;
}
