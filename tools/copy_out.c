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
#include "capture/split.h"
#include "tools/tools.h"

/* How blocks are made. */
struct packing {
	const struct th_split_limits *limits;
	int level;
};

static const struct packing packings[] = {
	[TH_COPY_OTHER] = {&th_split_writer, TH_PACK_THOROUGH_LEVEL},
	[TH_COPY_ARCHIVE] = {&th_split_archive, TH_PACK_ARCHIVE_LEVEL},
};

struct th_copy_out {
	const char *path;
	const struct packing *packing;
	struct th_file_header header;
	uint64_t writer, first_seq; /* of the frames in `area` */
	uint32_t count;
	uint8_t *area, *other; /* of the same size; the base of the next block is in `other` */
	size_t n;
	uint64_t base_writer; /* to whom the base belongs */
	struct th_splitter splitter;
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

static int choose_header(
	const struct th_reader *from, enum th_copy_kind kind, struct th_file_header *ret_header)
{
	struct th_file_header h = {0};
	if (kind == TH_COPY_ARCHIVE) {
		memcpy(h.file_id, th_reader_file_id(from), sizeof(h.file_id));
	} else {
		int r = th_sys_random(h.file_id, sizeof(h.file_id));
		if (r < 0) {
			return r;
		}
	}
	if (th_reader_encrypted(from)) {
		th_key_begin(&h);
	} else {
		memcpy(h.key, th_reader_key(from), sizeof(h.key));
	}
	*ret_header = h;
	return 0;
}

int th_copy_out_create(const char *path, const struct th_reader *from, enum th_copy_kind kind,
	struct th_copy_out **ret_out)
{
	struct th_file_header h;
	struct th_splitter splitter;
	const struct packing *packing = &packings[kind];
	int r = choose_header(from, kind, &h);
	r = r < 0 ? r : th_splitter_init(&splitter, packing->limits);
	if (r < 0) {
		return r;
	}
	r = begin_file(path, &h);
	if (r < 0) {
		th_splitter_finish(&splitter);
		return r;
	}
	struct th_copy_out *o = th_tool_alloc(sizeof(*o));
	*o = (struct th_copy_out){
		.path = path, .packing = packing, .header = h, .splitter = splitter};
	o->area = th_tool_alloc(packing->limits->raw);
	o->other = th_tool_alloc(packing->limits->raw);
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

static int append_split(struct th_copy_out *o, struct th_block *b, const struct th_split *split)
{
	struct th_packed packed;
	const struct th_slice *bytes = &split->bytes;
	b->raw_bytes = (uint32_t)split->frames.n;
	b->told = split->told;
	b->frames = split->count;
	bool compressed = th_pack(*bytes, o->packing->level, NULL, &packed) == 0;
	if (!compressed && bytes->n >= split->frames.n) {
		th_splitter_lean_on(&o->splitter, NULL, 0);
		return append(o, b, (uint8_t *)(uintptr_t)split->frames.p, split->frames.n);
	}
	b->flags = TH_BLOCK_SPLIT | (compressed ? TH_BLOCK_ZSTD : 0) |
		(split->leans ? TH_BLOCK_LEANS : 0);
	b->base_first = split->leans ? split->base_first : 0;
	b->base_bytes = split->leans ? split->base_bytes : 0;
	struct th_slice stored = compressed ? packed.bytes : *bytes;
	int r = append(o, b, (uint8_t *)(uintptr_t)stored.p, stored.n);
	if (compressed) {
		th_pack_finish(&packed);
	}
	th_splitter_lean_on(&o->splitter, split, b->first_seq);
	return r;
}

/* Frames that cannot be split: as they are. */
static int append_plain(struct th_copy_out *o, struct th_block *b, size_t at)
{
	b->raw_bytes = (uint32_t)(o->n - at);
	b->told = th_frames_told((struct th_slice){o->area + at, o->n - at});
	b->frames = o->count - (uint32_t)(b->first_seq - o->first_seq);
	th_splitter_lean_on(&o->splitter, NULL, 0);
	return append(o, b, o->area + at, o->n - at);
}

static void swap_areas(struct th_copy_out *o)
{
	uint8_t *area = o->area;
	o->area = o->other;
	o->other = area;
	o->n = 0;
}

int th_copy_out_flush(struct th_copy_out *o)
{
	struct th_split split;
	uint64_t seq = o->first_seq;
	if (o->writer != o->base_writer) {
		th_splitter_lean_on(&o->splitter, NULL, 0);
		o->base_writer = o->writer;
	}
	for (size_t at = 0; at < o->n && !o->error; at += split.frames.n) {
		struct th_block b = {
			.type = TH_BLOCK_FRAMES, .writer = o->writer, .first_seq = seq};
		const struct th_slice rest = {o->area + at, o->n - at};
		if (th_splitter_take(&o->splitter, rest, &split) < 0) {
			o->error = append_plain(o, &b, at);
			break;
		}
		o->error = append_split(o, &b, &split);
		seq += split.count;
	}
	swap_areas(o);
	return o->error;
}

int th_copy_out_extra(struct th_copy_out *o, const struct th_extra *extra)
{
	size_t n = extra->payload.n;
	struct th_block b = {.type = extra->type, .flags = extra->flags, .writer = extra->writer};
	th_auto_free uint8_t *copy = th_tool_alloc(n + 1);
	if (th_copy_out_flush(o) == 0) {
		memcpy(copy, extra->payload.p, n);
		b.raw_bytes = (uint32_t)n;
		o->error = append(o, &b, copy, n);
	}
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
	if (o->n && (!follows || o->packing->limits->raw - o->n < room)) {
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
		th_splitter_finish(&o->splitter);
		free(o->area);
		free(o->other);
		free(o);
	}
	return NULL;
}
