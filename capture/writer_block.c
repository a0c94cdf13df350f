/* See writer_parts.h. What is put directly, since it is little and there is no live file: blocks of
 * their own, appended to the capture. */
#include "base/crc32c.h"
#include "capture/writer_parts.h"

/* One block, of the frames from w->next_seq on. */
static int append(struct th_writer *w, const struct th_block *b, const struct iovec *parts, int n)
{
	struct th_capture_open again;
	int r = w->is_open ? 0 : th_capture_open_again(w->path, w->file_id, &again);
	if (r < 0) {
		return r;
	}
	r = th_capture_append_open(w->is_open ? &w->open : &again, b, parts, n);
	if (!w->is_open) {
		th_capture_close(&again);
	}
	w->next_seq += r == 0 ? b->frames : 0;
	return r;
}

static void gather_part(struct th_gathered *g, const void *p, size_t n)
{
	g->all[g->n++] = (struct iovec){(void *)(uintptr_t)p, n};
	g->block.crc = th_crc32c(g->block.crc, p, n);
}

void th_gathered_add(struct th_gathered *g, uint8_t head[TH_FRAME_HEADER_BYTES],
	const struct th_frame_header *h, const struct iovec *parts, int n)
{
	static const uint8_t padding[TH_FRAME_ALIGN];
	size_t length = TH_FRAME_HEADER_BYTES;
	th_frame_encode(head, h);
	uint32_t crc = th_crc32c(0, head + 8, TH_FRAME_HEADER_BYTES - 8);
	for (int i = 0; i < n; i++) {
		crc = th_crc32c(crc, parts[i].iov_base, parts[i].iov_len);
		length += parts[i].iov_len;
	}
	uint64_t commit = th_frame_commit((uint32_t)length, crc);
	memcpy(head, &commit, sizeof(commit));
	gather_part(g, head, TH_FRAME_HEADER_BYTES);
	for (int i = 0; i < n; i++) {
		gather_part(g, parts[i].iov_base, parts[i].iov_len);
	}
	gather_part(g, padding, th_frame_room(length) - length);
	g->block.frames++;
	g->block.raw_bytes += (uint32_t)th_frame_room(length);
	th_block_told_add(&g->block.told, h);
}

int th_gathered_append(struct th_writer *w, struct th_gathered *g)
{
	g->block.type = TH_BLOCK_FRAMES;
	g->block.writer = w->id;
	g->block.first_seq = w->next_seq;
	g->block.stored_bytes = g->block.raw_bytes;
	return append(w, &g->block, g->all, g->n);
}

int th_block_append(
	struct th_writer *w, const struct th_frame_header *h, const struct iovec *parts, int n)
{
	_Alignas(8) uint8_t head[TH_FRAME_HEADER_BYTES];
	struct th_gathered g = {.n = 0};
	th_gathered_add(&g, head, h, parts, n);
	return th_gathered_append(w, &g);
}

int th_block_append_encrypted(
	struct th_writer *w, const struct th_frame_header *h, const struct iovec *parts, int n)
{
	uint8_t tag[TH_GCM_TAG_BYTES];
	size_t length = th_frame_lay_out(w->staging, h, parts, n), room = th_frame_room(length);
	uint64_t commit = th_frame_commit(
		(uint32_t)length, th_crc32c(0, w->staging + 8, length - 8));
	memcpy(w->staging, &commit, sizeof(commit));
	memset(w->staging + length, 0, room - length);
	struct th_block b = {TH_BLOCK_FRAMES, 0, w->id, w->next_seq, 1};
	th_block_told_add(&b.told, h);
	b.raw_bytes = (uint32_t)room;
	int r = th_key_seal_block(&b, w->file_id, w->staging, room, tag);
	if (r < 0) {
		return r;
	}
	b.crc = th_crc32c(th_crc32c(0, w->staging, room), tag, sizeof(tag));
	const struct iovec all[] = {{w->staging, room}, {tag, sizeof(tag)}};
	return append(w, &b, all, 2);
}
