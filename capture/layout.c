#include "capture/layout.h"

#include <errno.h>

#include "base/crc32c.h"

#define CRC_OFFSET 12
#define VERSION_OFFSET 8
#define SALT_OFFSET 80 /* in a block's header */

/* Checksum of a header with its own field taken as zero. */
static uint32_t header_crc(uint32_t crc, const uint8_t *p, size_t n)
{
	const uint8_t zeros[4] = {0};
	crc = th_crc32c(crc, p, CRC_OFFSET);
	crc = th_crc32c(crc, zeros, sizeof(zeros));
	return th_crc32c(crc, p + CRC_OFFSET + 4, n - CRC_OFFSET - 4);
}

static void put_crc(uint8_t *p, uint32_t crc)
{
	memcpy(p + CRC_OFFSET, &crc, sizeof(crc));
}

static int check(const uint8_t *p, size_t n, const char *magic, uint32_t crc, unsigned version)
{
	if (memcmp(p, magic, TH_MAGIC_BYTES) != 0) {
		return -EINVAL;
	}
	if (th_le16(p + VERSION_OFFSET) > version) {
		return -ENOTSUP;
	}
	return header_crc(crc, p, n) == th_le32(p + CRC_OFFSET) ? 0 : -EINVAL;
}

static struct th_out begin(uint8_t *p, size_t n, const char *magic, uint16_t version)
{
	struct th_out out = {.p = p, .cap = n};
	memset(p, 0, n);
	th_out_bytes(&out, magic, TH_MAGIC_BYTES);
	th_out_u16(&out, version);
	return out;
}

void th_file_header_encode(uint8_t *ret_bytes, const struct th_file_header *h)
{
	struct th_out out = begin(
		ret_bytes, TH_FILE_HEADER_BYTES, TH_FILE_MAGIC, TH_FORMAT_VERSION);
	th_out_u16(&out, h->flags);
	th_out_u32(&out, 0);
	th_out_bytes(&out, h->file_id, sizeof(h->file_id));
	th_out_bytes(&out, h->key, sizeof(h->key));
	th_out_bytes(&out, h->check, sizeof(h->check));
	put_crc(ret_bytes, header_crc(0, ret_bytes, TH_FILE_HEADER_BYTES));
}

int th_file_header_decode(const uint8_t *p, struct th_file_header *ret_header)
{
	int r = check(p, TH_FILE_HEADER_BYTES, TH_FILE_MAGIC, 0, TH_FORMAT_VERSION);
	if (r < 0) {
		return r;
	}
	memcpy(ret_header->file_id, p + 16, sizeof(ret_header->file_id));
	memcpy(ret_header->key, p + 32, sizeof(ret_header->key));
	memcpy(ret_header->check, p + 48, sizeof(ret_header->check));
	ret_header->flags = th_le16(p + 10);
	return 0;
}

void th_block_encode(uint8_t *ret_bytes, const uint8_t *file_id, const struct th_block *b)
{
	struct th_out out = begin(
		ret_bytes, TH_BLOCK_HEADER_BYTES, TH_BLOCK_MAGIC, TH_FORMAT_VERSION);
	th_out_u8(&out, b->type);
	th_out_u8(&out, b->flags);
	th_out_u32(&out, 0);
	th_out_u64(&out, b->writer);
	th_out_u64(&out, b->first_seq);
	th_out_u32(&out, b->frames);
	th_out_u32(&out, b->raw_bytes);
	th_out_u32(&out, b->stored_bytes);
	th_out_u32(&out, b->crc);
	th_out_u64(&out, b->base_first);
	th_out_u32(&out, b->base_bytes);
	th_out_u32(&out, b->told.types);
	th_out_u32(&out, b->told.exchange);
	th_out_u32(&out, 0);
	th_out_u64(&out, b->told.latest);
	memcpy(ret_bytes + SALT_OFFSET, b->salt, sizeof(b->salt));
	uint32_t seed = th_crc32c(0, file_id, TH_FILE_ID_BYTES);
	put_crc(ret_bytes, header_crc(seed, ret_bytes, TH_BLOCK_HEADER_BYTES));
}

int th_block_decode(const uint8_t *p, const uint8_t *file_id, struct th_block *ret_block)
{
	uint32_t seed = th_crc32c(0, file_id, TH_FILE_ID_BYTES);
	int r = check(p, TH_BLOCK_HEADER_BYTES, TH_BLOCK_MAGIC, seed, TH_FORMAT_VERSION);
	if (r < 0) {
		return r;
	}
	struct th_in in = {p + 10, TH_BLOCK_HEADER_BYTES - 10, false};
	ret_block->type = th_in_u8(&in);
	ret_block->flags = th_in_u8(&in);
	th_in_u32(&in);
	ret_block->writer = th_in_u64(&in);
	ret_block->first_seq = th_in_u64(&in);
	ret_block->frames = th_in_u32(&in);
	ret_block->raw_bytes = th_in_u32(&in);
	ret_block->stored_bytes = th_in_u32(&in);
	ret_block->crc = th_in_u32(&in);
	ret_block->base_first = th_in_u64(&in);
	ret_block->base_bytes = th_in_u32(&in);
	ret_block->told.types = th_in_u32(&in);
	ret_block->told.exchange = th_in_u32(&in);
	th_in_u32(&in);
	ret_block->told.latest = th_in_u64(&in);
	memcpy(ret_block->salt, p + SALT_OFFSET, sizeof(ret_block->salt));
	return 0;
}

void th_live_header_encode(uint8_t *ret_bytes, const struct th_live_header *h)
{
	struct th_out out = begin(ret_bytes, TH_LIVE_HEADER_BYTES, TH_LIVE_MAGIC,
		h->flags & TH_FILE_REFERS ? TH_LIVE_VERSION : TH_FORMAT_VERSION);
	th_out_u16(&out, h->flags & ~TH_FILE_REFERS); /* the version says it */
	th_out_u32(&out, 0);
	th_out_u64(&out, h->writer);
	th_out_u64(&out, h->first_seq);
	th_out_u32(&out, h->owner.pid);
	th_out_u32(&out, 0);
	th_out_u64(&out, h->owner.start);
	th_out_u64(&out, h->owner.pid_ns);
	th_out_bytes(&out, h->owner.boot, sizeof(h->owner.boot));
	th_out_bytes(&out, h->file_id, sizeof(h->file_id));
	th_out_bytes(&out, h->salt, sizeof(h->salt));
	th_out_u64(&out, h->owner.alive_at);
	put_crc(ret_bytes, header_crc(0, ret_bytes, TH_LIVE_HEADER_BYTES));
}

int th_live_header_decode(const uint8_t *p, struct th_live_header *ret_header)
{
	int r = check(p, TH_LIVE_HEADER_BYTES, TH_LIVE_MAGIC, 0, TH_LIVE_VERSION);
	if (r < 0) {
		return r;
	}
	struct th_in in = {p + 16, TH_LIVE_HEADER_BYTES - 16, false};
	ret_header->writer = th_in_u64(&in);
	ret_header->first_seq = th_in_u64(&in);
	ret_header->owner.pid = th_in_u32(&in);
	th_in_u32(&in);
	ret_header->owner.start = th_in_u64(&in);
	ret_header->owner.pid_ns = th_in_u64(&in);
	memcpy(ret_header->owner.boot, p + 56, sizeof(ret_header->owner.boot));
	memcpy(ret_header->file_id, p + 72, sizeof(ret_header->file_id));
	memcpy(ret_header->salt, p + 88, sizeof(ret_header->salt));
	ret_header->owner.alive_at = th_le64(p + 104);
	bool refers = th_le16(p + VERSION_OFFSET) == TH_LIVE_VERSION;
	ret_header->flags = th_le16(p + 10) & ~TH_FILE_REFERS;
	ret_header->flags |= refers ? TH_FILE_REFERS : 0;
	return 0;
}

void th_frame_header_decode(const uint8_t *p, struct th_frame_header *ret_header)
{
	*ret_header = (struct th_frame_header){
		.length = th_le32(p),
		.crc = th_le32(p + 4),
		.type = p[8],
		.flags = p[9],
		.id = th_le32(p + 12),
		.time = th_le64(p + 16),
	};
}

int th_frame_step(struct th_slice in, struct th_frame_header *ret_header)
{
	if (in.n < TH_FRAME_HEADER_BYTES) {
		return 0;
	}
	/* One load, as the writer's one store; everything else was stored before it. */
	uint64_t commit;
	if ((uintptr_t)in.p % TH_FRAME_ALIGN == 0) {
		commit = __atomic_load_n((const uint64_t *)(const void *)in.p, __ATOMIC_ACQUIRE);
	} else {
		commit = th_le64(in.p);
	}
	struct th_frame_header h;
	th_frame_header_decode(in.p, &h);
	h.length = (uint32_t)commit;
	h.crc = (uint32_t)(commit >> 32);
	if (h.length < TH_FRAME_HEADER_BYTES || th_frame_room(h.length) > in.n) {
		return 0;
	}
	*ret_header = h;
	return 1;
}

int th_frame_decode(struct th_slice in, struct th_frame_header *ret_header, bool *ret_ok)
{
	if (!th_frame_step(in, ret_header)) {
		return 0;
	}
	*ret_ok = th_crc32c(0, in.p + 8, ret_header->length - 8) == ret_header->crc;
	return 1;
}

void th_block_told_add(struct th_block_told *told, const struct th_frame_header *h)
{
	bool exchange = h->type >= TH_FRAME_REQ_HEAD && h->type <= TH_FRAME_RES_END;
	told->types |= h->type < 32 ? UINT32_C(1) << h->type : 1;
	told->exchange = exchange && h->id > told->exchange ? h->id : told->exchange;
	told->latest = h->time > told->latest ? h->time : told->latest;
}

struct th_block_told th_frames_told(struct th_slice in)
{
	struct th_block_told told = {0};
	struct th_frame_header h;
	while (in.n >= TH_FRAME_HEADER_BYTES) {
		th_frame_header_decode(in.p, &h);
		size_t room = th_frame_room(h.length);
		if (h.length < TH_FRAME_HEADER_BYTES || room > in.n) {
			break;
		}
		th_block_told_add(&told, &h);
		in.p += room;
		in.n -= room;
	}
	return told;
}

size_t th_frames_scan(struct th_slice in, uint32_t *ret_count)
{
	size_t at = 0;
	uint32_t count = 0;
	struct th_frame_header h;
	bool ok = false;
	while (th_frame_decode((struct th_slice){in.p + at, in.n - at}, &h, &ok) && ok) {
		at += th_frame_room(h.length);
		count++;
	}
	*ret_count = count;
	return at;
}
