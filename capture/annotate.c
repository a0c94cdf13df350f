#include "capture/annotate.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/crc32c.h"
#include "base/sys.h"
#include "capture/append.h"
#include "capture/key.h"

#define FIXED_BYTES (TH_TRACE_ID_BYTES + TH_SPAN_ID_BYTES + 8 + 8 + 8)
#define TEXTS 4

static size_t payload_size(const struct th_annotation_text *t)
{
	return FIXED_BYTES + TEXTS * 2 + t->name.n + t->label.n + t->comment.n + t->author.n + 4 +
		t->data.n;
}

static bool fits(const struct th_annotation_text *t)
{
	const size_t texts[TEXTS] = {t->name.n, t->label.n, t->comment.n, t->author.n};
	for (size_t i = 0; i < TEXTS; i++) {
		if (texts[i] > UINT16_MAX) {
			return false;
		}
	}
	return t->data.n <= TH_FRAME_PAYLOAD_MAX && payload_size(t) <= TH_FRAME_PAYLOAD_MAX;
}

static void put_payload(struct th_out *out, const struct th_annotation_text *t)
{
	uint64_t score = 0;
	if (t->score) {
		memcpy(&score, t->score, sizeof(score));
	}
	th_out_bytes(out, t->trace_id, TH_TRACE_ID_BYTES);
	th_out_bytes(out, t->span_id, TH_SPAN_ID_BYTES);
	th_out_u64(out, t->root);
	th_out_u64(out, t->score ? TH_ANNOTATION_SCORED : 0);
	th_out_u64(out, score);
	th_out_str16(out, t->name);
	th_out_str16(out, t->label);
	th_out_str16(out, t->comment);
	th_out_str16(out, t->author);
	th_out_u32(out, (uint32_t)t->data.n);
	th_out_bytes(out, t->data.p, t->data.n);
}

static void put_frame(uint8_t *frame, size_t length, const struct th_annotation_text *t)
{
	const struct th_frame_header h = {.type = TH_FRAME_ANNOTATION, .time = th_clock_now()};
	struct th_out out = {
		.p = frame + TH_FRAME_HEADER_BYTES, .cap = length - TH_FRAME_HEADER_BYTES};
	th_frame_encode(frame, &h);
	put_payload(&out, t);
	uint32_t crc = th_crc32c(0, frame + 8, length - 8);
	uint64_t commit = th_frame_commit((uint32_t)length, crc);
	memcpy(frame, &commit, sizeof(commit));
}

int th_annotate(const char *path, const struct th_reader *r, const struct th_annotation_text *text)
{
	if (!fits(text)) {
		return -EMSGSIZE;
	}
	size_t length = TH_FRAME_HEADER_BYTES + payload_size(text), room = th_frame_room(length);
	size_t tag = th_reader_encrypted(r) ? TH_GCM_TAG_BYTES : 0;
	struct th_block b = {.type = TH_BLOCK_FRAMES,
		.frames = 1,
		.raw_bytes = (uint32_t)room,
		.stored_bytes = (uint32_t)room};
	th_auto_free uint8_t *frame = calloc(1, room + tag);
	int e = frame ? th_sys_random(&b.writer, sizeof(b.writer)) : -ENOMEM;
	if (e < 0) {
		return e;
	}
	put_frame(frame, length, text);
	e = tag ? th_key_seal_block(&b, th_reader_file_id(r), frame, room, frame + room) : 0;
	if (e < 0) {
		return e;
	}
	const struct iovec part = {frame, room + tag};
	b.crc = th_crc32c(0, frame, room + tag);
	return th_capture_append(path, th_reader_file_id(r), &b, &part, 1);
}
