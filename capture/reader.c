/* See reader.h. Writer by writer: all of its segments are decoded, their frames put in order and
 * second copies dropped (a live file that was folded but not yet removed, a block torn and
 * written again). So it does not matter in which order blocks came into the file.
 *
 * A damaged block still gives what can be trusted: every frame has a checksum of its own, and
 * zstd decodes up to the damage. */
#include "capture/reader.h"

#include <errno.h>
#include <stdlib.h>
#include <zstd.h>

#include "base/crc32c.h"
#include "capture/again.h"
#include "capture/decoded.h"
#include "capture/join.h"
#include "capture/key.h"
#include "capture/reader_parts.h"
#include "capture/segments.h"
#include "capture/split.h"

#define SPOILT_MAX (256u << 10) /* as many are named */
#define RATIO_USUAL 256		/* bytes that one stored byte gives in what agents say */

struct th_reader {
	struct th_segments segments;
	size_t next; /* segment */
	struct th_decoded decoded;
	struct th_frame *frames; /* of the present writer */
	size_t n_frames, frame;
	uint64_t n_taken; /* frames whose array somebody else has */
	struct th_spoilt *spoilt;
	size_t n_spoilt;
	uint64_t skipped;	/* frames since the last one that was given */
	th_reader_sight *sight; /* NULL: nobody watches */
	void *sight_with;
	bool complete; /* all was read once, and what is wrong noted */
	ZSTD_DCtx *zstd;
	struct th_block_told told; /* outline: by the blocks of the present writer */
	uint32_t leaning; /* blocks being opened, each because the one before leans on it */
};

static int open_reader(
	const char *path, bool outline, struct th_reader **ret_reader, const char **ret_why)
{
	const char *why = "";
	struct th_reader *r = calloc(1, sizeof(*r));
	if (!r) {
		return -ENOMEM;
	}
	r->segments.outline = outline;
	th_decoded_init(&r->decoded);
	int e = th_segments_find(&r->segments, path, &why);
	if (e == 0) {
		r->zstd = ZSTD_createDCtx();
		e = r->zstd ? 0 : -ENOMEM;
	}
	if (e < 0) {
		if (ret_why) {
			*ret_why = e == -ENOMEM ? "needs more memory than there is" : why;
		}
		th_reader_close(r);
		return e;
	}
	*ret_reader = r;
	return 0;
}

int th_reader_open(const char *path, struct th_reader **ret_reader, const char **ret_why)
{
	return open_reader(path, false, ret_reader, ret_why);
}

int th_reader_open_outline(const char *path, struct th_reader **ret_reader, const char **ret_why)
{
	return open_reader(path, true, ret_reader, ret_why);
}

static void damage(struct th_reader *r, struct th_segment *s, const char *what)
{
	if (!s->damaged) {
		th_segments_damage(&r->segments, s->path, s->offset, what);
		s->damaged = true;
	}
}

/* As much as can be decompressed into `out`, which has room for n bytes; the length. */
static size_t decompress(struct th_reader *r, const struct th_segment *s, uint8_t *out, size_t n)
{
	ZSTD_inBuffer src = {s->stored.p, s->stored.n, 0};
	ZSTD_outBuffer dst = {out, n, 0};
	ZSTD_DCtx_reset(r->zstd, ZSTD_reset_session_only);
	size_t before;
	size_t left;
	do {
		before = src.pos + dst.pos;
		left = ZSTD_decompressStream(r->zstd, &dst, &src);
	} while (!ZSTD_isError(left) && left != 0 && src.pos + dst.pos != before);
	return dst.pos;
}

static const char no_memory[] = "a block needs more memory than there is";
static const char too_much[] = "too large for this machine's memory together with what was read "
			       "before it: read the file where there is more";

/* Is there room for `n` more of decoded bytes, and one frame more? */
static bool admits(const struct th_reader *r, size_t n)
{
	uint64_t frames = r->n_taken + r->n_frames + 1;
	return th_decoded_admits(&r->decoded, n, frames * sizeof(struct th_frame));
}

/* Memory that lives as long as the reader; NULL after saying why. */
static uint8_t *take_memory(struct th_reader *r, struct th_segment *s, size_t n)
{
	if (!admits(r, n)) {
		damage(r, s, too_much);
		return NULL;
	}
	uint8_t *out = th_decoded_take(&r->decoded, n);
	if (!out) {
		damage(r, s, no_memory);
	}
	return out;
}

static void decrypt_live(struct th_reader *r, struct th_segment *s, uint8_t *out)
{
	struct th_live_key key;
	uint32_t count;
	bool whole = true;
	size_t n = 0;
	th_live_key_init(&key, r->segments.header.file_id, s->writer);
	if (th_key_live(s->salt, &key.key) == 0) {
		n = th_live_key_open_all(&key, s->first_seq, s->stored, out, &count, &whole);
	}
	if (!whole) {
		damage(r, s, "an encrypted frame was altered");
	}
	s->stored = (struct th_slice){out, n};
}

/* Makes s->stored the frames as they would stand had they been written whole. */
static void put_together(struct th_reader *r, struct th_segment *s)
{
	const struct th_slice file = {
		s->stored.p - TH_LIVE_HEADER_BYTES, s->stored.n + TH_LIVE_HEADER_BYTES};
	size_t at = TH_LIVE_HEADER_BYTES, from = at;
	uint32_t count;
	size_t n = th_again_whole(file, &at, NULL, SIZE_MAX, &count);
	uint8_t *out = take_memory(r, s, n);
	s->stored = (struct th_slice){out, out ? th_again_whole(file, &from, out, n, &count) : 0};
}

static void decrypt_block(struct th_reader *r, struct th_segment *s, uint8_t *out)
{
	const uint8_t *file_id = r->segments.header.file_id;
	memcpy(out, s->stored.p, s->stored.n);
	if (s->stored.n == s->block.stored_bytes &&
		th_key_open_block(&s->block, file_id, out) == 0) {
		s->stored = (struct th_slice){out, s->stored.n - TH_GCM_TAG_BYTES};
		return;
	}
	damage(r, s, "an encrypted block was altered");
	s->stored.n = 0;
}

/* Makes s->stored what it was before it was encrypted; nothing, when it is not whole. */
static void decrypt(struct th_reader *r, struct th_segment *s)
{
	uint8_t *out = take_memory(r, s, s->stored.n);
	if (!out) {
		s->stored.n = 0;
		return;
	}
	(s->live ? decrypt_live : decrypt_block)(r, s, out);
}

static struct th_slice frame_area(struct th_reader *r, struct th_segment *s);

/* The frames of the block that this one leans on; all of them, or it is of no use. */
static bool find_base(struct th_reader *r, struct th_segment *s, struct th_slice *ret_base)
{
	*ret_base = (struct th_slice){NULL, 0};
	if (!s->leans) {
		return true;
	}
	struct th_segment *base = th_segments_base(&r->segments, s);
	if (!base || r->leaning == TH_SPLIT_LEAN_MAX) {
		return false;
	}
	r->leaning++;
	*ret_base = frame_area(r, base);
	r->leaning--;
	return ret_base->n == base->raw_bytes;
}

static struct th_slice join(struct th_reader *r, struct th_segment *s, struct th_slice area)
{
	struct th_join j = {.area = area, .frames = s->frames};
	if (!find_base(r, s, &j.base)) {
		damage(r, s, "a block leans on one that cannot be read");
		return (struct th_slice){NULL, 0};
	}
	uint8_t *out = take_memory(r, s, s->raw_bytes);
	size_t n = out ? th_join_frames(&j, out, s->raw_bytes) : 0;
	if (n != s->raw_bytes) {
		damage(r, s, "a block does not give the frames it says");
	}
	s->joined = n == s->raw_bytes && !j.spoilt;
	return (struct th_slice){th_decoded_shrink(&r->decoded, out, n), n};
}

/* The split frames are needed no longer than it takes to put them together. */
static struct th_slice open_split(struct th_reader *r, struct th_segment *s)
{
	if (!s->packed) {
		return join(r, s, s->stored);
	}
	size_t size = th_join_bound(s->raw_bytes);
	uint8_t *area = malloc(size);
	if (!area) {
		damage(r, s, no_memory);
		return (struct th_slice){NULL, 0};
	}
	size_t n = decompress(r, s, area, size);
	struct th_slice frames = join(r, s, (struct th_slice){area, n});
	free(area);
	return frames;
}

/* Looks before memory is taken: a few bytes of zeros that say they are megabytes are no frames. */
static bool begins_with_frame(struct th_reader *r, const struct th_segment *s)
{
	uint8_t bytes[TH_FRAME_HEADER_BYTES];
	struct th_frame_header h;
	if (s->raw_bytes / RATIO_USUAL <= s->stored.n) {
		return true;
	}
	if (decompress(r, s, bytes, sizeof(bytes)) < sizeof(bytes)) {
		return true; /* it is cut, which is another fault */
	}
	th_frame_header_decode(bytes, &h);
	return h.length >= TH_FRAME_HEADER_BYTES && h.length <= s->raw_bytes;
}

/* Bytes that are frames, one behind the other, sound or not. */
static size_t count_framed(struct th_slice area)
{
	struct th_frame_header h;
	const uint8_t *begin = area.p;
	while (th_frame_step(area, &h)) {
		area.p += th_frame_room(h.length);
		area.n -= th_frame_room(h.length);
	}
	return (size_t)(area.p - begin);
}

static struct th_slice open_packed(struct th_reader *r, struct th_segment *s)
{
	const struct th_slice nothing = {NULL, 0};
	if (!begins_with_frame(r, s)) {
		damage(r, s, "a block does not hold the frames it says");
		return nothing;
	}
	uint8_t *out = take_memory(r, s, s->raw_bytes);
	if (!out) {
		return nothing;
	}
	size_t n = decompress(r, s, out, s->raw_bytes);
	if (n != s->raw_bytes) {
		damage(r, s, "a block does not decompress to its size");
	}
	size_t framed = count_framed((struct th_slice){out, n});
	if (framed != n) {
		damage(r, s, "a block does not hold the frames it says");
	}
	return (struct th_slice){th_decoded_shrink(&r->decoded, out, framed), framed};
}

static struct th_slice open_area(struct th_reader *r, struct th_segment *s)
{
	if (r->segments.outline && !s->live &&
		th_crc32c(0, s->stored.p, s->stored.n) != s->block.crc) {
		damage(r, s, "the checksum of a block does not hold");
	}
	if (s->encrypted) {
		decrypt(r, s);
	} else if (s->refers) {
		put_together(r, s);
	}
	if (s->split) {
		return open_split(r, s);
	}
	if (!s->packed) {
		if (s->stored.n != s->raw_bytes && !s->live) {
			damage(r, s, "the sizes of a block contradict each other");
		}
		return s->stored;
	}
	return open_packed(r, s);
}

/* The frame area of a segment; empty when it cannot be had. */
static struct th_slice frame_area(struct th_reader *r, struct th_segment *s)
{
	if (!s->opened) {
		s->area = open_area(r, s);
		s->opened = true;
	}
	return s->area;
}

static struct th_place place_of(const struct th_segment *s, const uint8_t *at)
{
	struct th_place place = {
		.path = s->path, .offset = s->offset, .packed = s->packed || s->split};
	size_t inner = (size_t)(at - s->area.p);
	if (s->packed || s->split || s->encrypted || s->refers) {
		place.packed = true;
		place.inner = (uint32_t)inner;
	} else {
		place.offset += inner + (s->live ? 0 : TH_BLOCK_HEADER_BYTES);
	}
	return place;
}

/* Without memory, or past many of them, it is only not named. */
static void note_spoilt(
	struct th_reader *r, const struct th_segment *s, uint64_t seq, const uint8_t *at)
{
	if (r->complete || r->n_spoilt == SPOILT_MAX) {
		return;
	}
	struct th_spoilt *room = th_array_room(r->spoilt, r->n_spoilt, sizeof(*room));
	if (room) {
		r->spoilt = room;
		r->spoilt[r->n_spoilt++] = (struct th_spoilt){s->writer, seq, place_of(s, at)};
	}
}

static bool push(struct th_reader *r, const struct th_segment *s, uint64_t seq,
	const struct th_frame_header *h, const uint8_t *at)
{
	struct th_frame *room = th_array_room(r->frames, r->n_frames, sizeof(*room));
	if (!room) {
		return false;
	}
	r->frames = room;
	r->frames[r->n_frames++] = (struct th_frame){
		.type = h->type,
		.flags = h->flags,
		.id = h->id,
		.time = h->time,
		.writer = s->writer,
		.seq = seq,
		.skipped = r->skipped,
		.payload = {at + TH_FRAME_HEADER_BYTES, h->length - TH_FRAME_HEADER_BYTES},
		.place = place_of(s, at),
	};
	r->skipped = 0;
	return true;
}

static bool same_told(const struct th_block_told *a, const struct th_block_told *b)
{
	return a->types == b->types && a->exchange == b->exchange && a->latest == b->latest;
}

/* The checksums of what was put together right are of its making. */
static int decode(const struct th_segment *s, struct th_slice area,
	struct th_frame_header *ret_header, bool *ret_ok)
{
	if (!s->joined) {
		return th_frame_decode(area, ret_header, ret_ok);
	}
	*ret_ok = true;
	return th_frame_step(area, ret_header);
}

/* No frame of it is sound: it is of use only if another one leans on it, which opens it again. */
static void let_go(struct th_reader *r, struct th_segment *s)
{
	s->hopeless = true;
	if ((s->packed || s->split) && !s->encrypted && s->area.n &&
		!th_decoded_shrink(&r->decoded, (uint8_t *)(uintptr_t)s->area.p, 0)) {
		s->area = (struct th_slice){NULL, 0};
		s->opened = false;
	}
}

/* Only what is sure to stay is shown. */
static void show(struct th_reader *r, const struct th_segment *s)
{
	struct th_frame_header h;
	bool ok;
	if (r->sight && !s->live && decode(s, s->area, &h, &ok) && ok) {
		r->sight(r->sight_with, s->writer, s->first_seq, s->frames, s->area);
	}
}

/* False: there is no memory for it. */
static bool keep(struct th_reader *r, struct th_segment *s, uint64_t seq,
	const struct th_frame_header *h, const uint8_t *at)
{
	const char *fault = !admits(r, 0) ? too_much : no_memory;
	if (fault == too_much || !push(r, s, seq, h, at)) {
		damage(r, s, fault);
		return false;
	}
	return true;
}

static void check_told(struct th_reader *r, struct th_segment *s, uint64_t frames,
	const struct th_block_told *told)
{
	if (frames != s->frames) {
		damage(r, s, "a block does not hold the frames it says");
	}
	if (s->block.told.types && !same_told(told, &s->block.told)) {
		damage(r, s, "a block's header tells of other frames than it holds");
	}
}

static void collect(struct th_reader *r, struct th_segment *s)
{
	struct th_slice area = frame_area(r, s);
	struct th_frame_header h;
	struct th_block_told told = {0};
	bool ok = false, any = false;
	uint64_t seq = s->first_seq;
	show(r, s);
	while (decode(s, area, &h, &ok)) {
		if (!ok && s->live) {
			return; /* being written, or its writer was killed before the end */
		}
		if (!ok) {
			note_spoilt(r, s, seq, area.p);
			damage(r, s, "the checksum of a frame does not hold");
		} else if (!keep(r, s, seq, &h, area.p)) {
			return;
		}
		any = any || ok;
		th_block_told_add(&told, &h);
		seq++;
		area.p += th_frame_room(h.length);
		area.n -= th_frame_room(h.length);
	}
	if (s->live) {
		return;
	}
	check_told(r, s, area.n == 0 ? seq - s->first_seq : UINT64_MAX, &told);
	if (!any) {
		let_go(r, s);
	}
}

/* ---- outline ---- */

#define BIT(type) (UINT32_C(1) << (type))
#define OUTLINE (BIT(TH_FRAME_RUN) | BIT(TH_FRAME_PROCESS) | BIT(TH_FRAME_LOST))
#define WHOLE (BIT(TH_FRAME_PROCESS) | BIT(TH_FRAME_PROCESS_END))

/* What the writer's blocks, segments [begin, end), tell together; types 0: they have to be opened,
 * for one does not tell, or the process is not told to have begun and ended in good order. */
static struct th_block_told tell(const struct th_segment *begin, const struct th_segment *end)
{
	static const struct th_block_told nothing;
	struct th_block_told sum = {0};
	for (; begin < end; begin++) {
		if (begin->live || begin->block.told.types == 0) {
			return nothing;
		}
		th_block_told_join(&sum, &begin->block.told);
	}
	return (sum.types & WHOLE) == WHOLE ? sum : nothing;
}

struct th_block_told th_reader_told(const struct th_reader *r)
{
	return r->told;
}

static int by_seq(const void *a, const void *b)
{
	const struct th_frame *x = a, *y = b;
	if (x->seq != y->seq) {
		return x->seq < y->seq ? -1 : 1;
	}
	int o = strcmp(x->place.path, y->place.path); /* the capture before its live files */
	if (o) {
		return o;
	}
	if (x->place.offset != y->place.offset) {
		return x->place.offset < y->place.offset ? -1 : 1;
	}
	return x->place.inner < y->place.inner ? -1 : x->place.inner > y->place.inner;
}

/* The same frame twice is one (FORMAT.md, "Folding"); two that differ are damage. */
static void check_copies(struct th_reader *r, const struct th_frame *a, const struct th_frame *b)
{
	if (!th_slice_eq(th_frame_whole(a), th_frame_whole(b)) && !r->complete) {
		th_segments_damage(&r->segments, b->place.path, b->place.offset,
			"a frame has the number of another one");
	}
}

/* As it is where nothing was torn and nothing is there twice. */
static bool is_in_order(const struct th_reader *r)
{
	size_t i = 1;
	while (i < r->n_frames && r->frames[i - 1].seq < r->frames[i].seq) {
		i++;
	}
	return i >= r->n_frames;
}

static void order_frames(struct th_reader *r)
{
	size_t n = 0;
	if (is_in_order(r)) {
		return;
	}
	qsort(r->frames, r->n_frames, sizeof(r->frames[0]), by_seq);
	for (size_t i = 0; i < r->n_frames; i++) {
		if (i == 0 || r->frames[i].seq != r->frames[n - 1].seq) {
			r->frames[n++] = r->frames[i];
		} else {
			check_copies(r, &r->frames[n - 1], &r->frames[i]);
		}
	}
	r->n_frames = n;
}

/* All of a survey's parts [begin, end) together. */
static struct th_block_told seen(const struct th_segment *begin, const struct th_segment *end)
{
	struct th_block_told sum = {0};
	for (; begin < end; begin++) {
		th_block_told_join(&sum, &begin->seen);
	}
	return sum;
}

static bool is_wanted(const struct th_reader *r, const struct th_segment *s)
{
	if (r->segments.chosen) {
		return !s->skipped;
	}
	return !r->told.types || s->block.told.types & OUTLINE;
}

static void read_segment(struct th_reader *r, struct th_segment *s)
{
	if (!is_wanted(r, s)) {
		r->skipped += s->frames;
	} else if (!s->hopeless) {
		collect(r, s);
	}
}

/* False: there is no further writer. */
static bool load_writer(struct th_reader *r)
{
	struct th_segments *s = &r->segments;
	if (r->next == s->n) {
		return false;
	}
	uint64_t writer = s->at[r->next].writer;
	free(r->frames); /* the array alone: growing counts on starting from nothing */
	r->frames = NULL;
	r->n_frames = r->frame = 0;
	size_t end = r->next;
	while (end < s->n && s->at[end].writer == writer) {
		end++;
	}
	r->skipped = 0;
	if (s->outline) {
		r->told = (s->chosen ? seen : tell)(&s->at[r->next], &s->at[end]);
	}
	for (; r->next < end; r->next++) {
		read_segment(r, &s->at[r->next]);
	}
	order_frames(r);
	return true;
}

bool th_reader_next(struct th_reader *r, struct th_frame *ret_frame)
{
	while (r->frame == r->n_frames) {
		if (!load_writer(r)) {
			r->complete = true;
			return false;
		}
	}
	*ret_frame = r->frames[r->frame++];
	return true;
}

struct th_frame *th_reader_take_writer(struct th_reader *r, size_t *ret_n)
{
	struct th_frame f;
	if (!th_reader_next(r, &f)) {
		return NULL;
	}
	size_t given = r->frame - 1;
	struct th_frame *frames = r->frames;
	*ret_n = r->n_frames - given;
	if (given) {
		memmove(frames, frames + given, *ret_n * sizeof(*frames));
	}
	r->frames = NULL;
	r->n_taken += r->n_frames;
	r->n_frames = r->frame = 0;
	return frames;
}

void th_reader_watch(struct th_reader *r, th_reader_sight *sight, void *with)
{
	r->sight = sight;
	r->sight_with = with;
}

void th_reader_rewind(struct th_reader *r)
{
	free(r->frames);
	r->frames = NULL;
	r->n_frames = r->frame = 0;
	r->n_taken = 0;
	r->next = 0;
}

struct th_reader_parts th_reader_inside(struct th_reader *r)
{
	return (struct th_reader_parts){&r->segments, r->zstd};
}

struct th_slice th_frame_whole(const struct th_frame *f)
{
	size_t n = th_frame_room(TH_FRAME_HEADER_BYTES + f->payload.n);
	return (struct th_slice){f->payload.p - TH_FRAME_HEADER_BYTES, n};
}

const struct th_extra *th_reader_extras(const struct th_reader *r, size_t *ret_count)
{
	*ret_count = r->segments.n_extras;
	return r->segments.extras;
}

const struct th_spoilt *th_reader_spoilt(const struct th_reader *r, size_t *ret_count)
{
	*ret_count = r->n_spoilt;
	return r->spoilt;
}

const struct th_damage *th_reader_damage(const struct th_reader *r, size_t *ret_count)
{
	*ret_count = r->segments.n_damage;
	return r->segments.damage;
}

size_t th_reader_rewritten(const struct th_reader *r)
{
	return r->segments.n_rewritten;
}

const uint8_t *th_reader_key(const struct th_reader *r)
{
	return r->segments.header.key;
}

bool th_reader_encrypted(const struct th_reader *r)
{
	return r->segments.header.flags & TH_FILE_ENCRYPTED;
}

const uint8_t *th_reader_file_id(const struct th_reader *r)
{
	return r->segments.header.file_id;
}

struct th_reader *th_reader_close(struct th_reader *r)
{
	if (r) {
		th_decoded_finish(&r->decoded);
		free(r->frames);
		free(r->spoilt);
		ZSTD_freeDCtx(r->zstd);
		th_segments_finish(&r->segments);
		free(r);
	}
	return NULL;
}
