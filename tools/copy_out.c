#include "tools/copy_out.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/crc32c.h"
#include "base/sys.h"
#include "capture/append.h"
#include "capture/key.h"
#include "capture/pack.h"
#include "tools/tools.h"

#define BLOCK_BYTES (16u << 20) /* what a version 1 writer keeps to */

struct th_copy_out {
	const char *path;
	struct th_file_header header;
	uint64_t writer, first_seq; /* of the frames in `area` */
	uint32_t count;
	uint8_t *area;
	size_t n;
	int error;
};

static int begin_file(const char *path, const struct th_file_header *h)
{
	uint8_t bytes[TH_FILE_HEADER_BYTES];
	th_auto_close int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOCTTY, 0600);
	if (fd < 0) {
		return -errno;
	}
	th_file_header_encode(bytes, h);
	ssize_t n = write(fd, bytes, sizeof(bytes));
	return n == (ssize_t)sizeof(bytes) ? 0 : n < 0 ? -errno : -ENOSPC;
}

int th_copy_out_create(const char *path, const struct th_reader *from, struct th_copy_out **ret_out)
{
	struct th_file_header h = {0};
	int r = th_sys_random(h.file_id, sizeof(h.file_id));
	if (r < 0) {
		return r;
	}
	if (th_reader_encrypted(from)) {
		th_key_begin(&h);
	} else {
		memcpy(h.key, th_reader_key(from), sizeof(h.key));
	}
	r = begin_file(path, &h);
	if (r < 0) {
		return r;
	}
	struct th_copy_out *o = th_tool_alloc(sizeof(*o));
	*o = (struct th_copy_out){.path = path, .header = h, .area = th_tool_alloc(BLOCK_BYTES)};
	*ret_out = o;
	return 0;
}

static int append(struct th_copy_out *o, struct th_block *b, uint8_t *p, size_t n)
{
	uint8_t tag[TH_GCM_TAG_BYTES];
	size_t tag_n = 0;
	b->stored_bytes = (uint32_t)n;
	if (o->header.flags & TH_FILE_ENCRYPTED) {
		int r = th_key_seal_block(b, o->header.file_id, p, n, tag);
		if (r < 0) {
			return r;
		}
		tag_n = sizeof(tag);
	}
	b->crc = th_crc32c(th_crc32c(0, p, n), tag, tag_n);
	const struct iovec parts[] = {{p, n}, {tag, tag_n}};
	return th_capture_append(o->path, o->header.file_id, b, parts, 2);
}

int th_copy_out_flush(struct th_copy_out *o)
{
	struct th_packed packed;
	struct th_block b = {.type = TH_BLOCK_FRAMES,
		.writer = o->writer,
		.first_seq = o->first_seq,
		.frames = o->count,
		.raw_bytes = (uint32_t)o->n};
	if (o->error || o->n == 0) {
		return o->error;
	}
	if (th_pack((struct th_slice){o->area, o->n}, UINT64_MAX, &packed) == 0) {
		b.flags = TH_BLOCK_ZSTD;
		o->error = append(o, &b, packed.map, packed.bytes.n);
		th_pack_finish(&packed);
	} else {
		o->error = append(o, &b, o->area, o->n);
	}
	o->n = 0;
	return o->error;
}

int th_copy_out_frame(struct th_copy_out *o, const struct th_frame *f)
{
	uint32_t length = (uint32_t)(TH_FRAME_HEADER_BYTES + f->payload.n);
	size_t room = th_frame_room(length);
	if (f->payload.n > TH_FRAME_PAYLOAD_MAX) {
		o->error = o->error ? o->error : -EFBIG;
	}
	bool follows = f->writer == o->writer && f->seq == o->first_seq + o->count;
	if (o->n && (!follows || BLOCK_BYTES - o->n < room)) {
		th_copy_out_flush(o);
	}
	if (o->error) {
		return o->error;
	}
	if (o->n == 0) {
		o->writer = f->writer;
		o->first_seq = f->seq;
		o->count = 0;
	}
	uint8_t *p = o->area + o->n;
	const struct th_frame_header h = {length, 0, f->type, f->flags, f->id, f->time};
	memset(p, 0, room);
	th_frame_encode(p, &h);
	if (f->payload.n) {
		memcpy(p + TH_FRAME_HEADER_BYTES, f->payload.p, f->payload.n);
	}
	uint64_t commit = th_frame_commit(length, th_crc32c(0, p + 8, length - 8));
	struct th_out out = {.p = p, .cap = sizeof(commit)};
	th_out_u64(&out, commit);
	o->n += room;
	o->count++;
	return 0;
}

struct th_copy_out *th_copy_out_destroy(struct th_copy_out *o)
{
	if (o) {
		free(o->area);
		free(o);
	}
	return NULL;
}
