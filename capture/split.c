/* See split.h. Lengths, checksums and padding are not kept: they follow from the rest. Everything
 * that a block could need is mapped once, and only what is used becomes memory. */
#include "capture/split.h"

#include <errno.h>
#include <sys/mman.h>

#include "base/crc32c.h"
#include "capture/layout.h"

const struct th_split_limits th_split_writer = {TH_LIVE_MAX, 3u << 19, 64u << 10};
const struct th_split_limits th_split_archive = {TH_BLOCK_MAX, TH_BLOCK_MAX, 1u << 20};

#define PAGE 4096
#define MOVE (128u << 10)
#define LET_GO_EVERY (512u << 10)
#define REFERENCES(limits) ((limits)->raw / 512)
#define VARINT_MAX 10
#define HEADER_MAX (2 * VARINT_MAX)

/* The parts in the order of the format. */
enum part {
	PART_HEADER,
	PART_TYPES,
	PART_FLAGS,
	PART_IDS,
	PART_TIMES,
	PART_LENGTHS,
	PART_GAPS,
	PART_DISTANCES,
	PART_RUNS,
	PART_CHECKS,
	PART_TEXT,
	PART_BODIES,
	N_PARTS,
};

/* One block in the making. */
struct making {
	struct th_splitter *s;
	struct th_out parts[N_PARTS];
	uint32_t count, references;
	struct th_block_told told;
	uint32_t id;
	uint64_t time;
	uint64_t gap;	 /* bytes of bodies since the last reference */
	uint64_t leaned; /* bytes from the base */
	size_t checked;	 /* bytes of frames in the checks, and of the last check */
	uint32_t check;
};

static size_t capacity(const struct th_split_limits *l, enum part part)
{
	const size_t references = REFERENCES(l);
	switch (part) {
	case PART_HEADER:
		return HEADER_MAX;
	case PART_TYPES:
	case PART_FLAGS:
		return l->frames;
	case PART_IDS:
	case PART_LENGTHS:
		return (size_t)l->frames * 5;
	case PART_TIMES:
		return (size_t)l->frames * VARINT_MAX;
	case PART_GAPS:
	case PART_DISTANCES:
	case PART_RUNS:
		return references * 5;
	case PART_CHECKS:
		return (l->raw / TH_SPLIT_CHECKED + 1) * 4;
	default:
		return l->text;
	}
}

int th_splitter_init(struct th_splitter *s, const struct th_split_limits *limits)
{
	size_t size = sizeof(struct th_repeats_table);
	for (enum part part = 0; part < N_PARTS; part++) {
		size += capacity(limits, part);
	}
	void *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (map == MAP_FAILED) {
		return -ENOMEM;
	}
	*s = (struct th_splitter){.limits = *limits, .map = map, .size = size};
	th_repeats_init(&s->repeats, map);
	return 0;
}

void th_splitter_finish(struct th_splitter *s)
{
	munmap(s->map, s->size);
}

void th_split_let_go(struct th_slice mapped)
{
	size_t before = (uintptr_t)mapped.p % PAGE; /* the mapping's, too */
	(void)madvise((void *)((uintptr_t)mapped.p - before), mapped.n + before, MADV_DONTNEED);
}

/* Of all that was looked at: repeats led back to what was let go of before. */
static void let_go(const struct th_splitter *s, size_t at)
{
	if (s->of_file) {
		th_split_let_go((struct th_slice){s->repeats.own.p, at});
		if (s->repeats.base.n) {
			th_split_let_go(s->repeats.base);
		}
	}
}

void th_split_give_back(struct th_slice mapped)
{
	uintptr_t begin = ((uintptr_t)mapped.p + PAGE - 1) / PAGE * PAGE;
	uintptr_t end = (uintptr_t)(mapped.p + mapped.n) / PAGE * PAGE;
	if (end > begin) {
		(void)madvise((void *)begin, end - begin, MADV_DONTNEED);
	}
}

/* Of frames that were fed the last ones stay, for what comes to refer to. */
static void keep_window(struct th_splitter *s, size_t at)
{
	struct th_repeats *r = &s->repeats;
	size_t beyond = at > TH_SPLIT_WINDOW ? at - TH_SPLIT_WINDOW : 0;
	size_t of_base = at < TH_SPLIT_WINDOW ? TH_SPLIT_WINDOW - at : 0;
	th_split_give_back((struct th_slice){r->own.p, beyond});
	if (r->base.n > of_base) {
		th_split_give_back((struct th_slice){r->base.p, r->base.n - of_base});
	}
	if (r->own_at + at > r->low + TH_SPLIT_WINDOW) {
		r->low = r->own_at + at - TH_SPLIT_WINDOW;
	}
}

static void pass(struct th_splitter *s, size_t at)
{
	if (s->feed) {
		keep_window(s, at);
	} else {
		let_go(s, at);
	}
}

static void put_varint(struct th_out *out, uint64_t v)
{
	uint8_t bytes[VARINT_MAX];
	size_t n = 0;
	for (; v > 0x7f; v >>= 7) {
		bytes[n++] = (uint8_t)(v | 0x80);
	}
	bytes[n++] = (uint8_t)v;
	th_out_bytes(out, bytes, n);
}

/* Small numbers of either sign as small numbers. */
static void put_signed(struct th_out *out, uint64_t v)
{
	put_varint(out, v << 1 ^ -(v >> 63));
}

static bool is_blank(const uint8_t *p, size_t n)
{
	while (n && *p == 0) {
		p++;
		n--;
	}
	return n == 0;
}

/* False: the frames of this block end, or one comes that its columns would not give back. The
 * checksum is not looked at again: the frames are sound. */
static bool fits(const struct making *m, struct th_slice rest, struct th_frame_header *ret_header)
{
	const struct th_split_limits *l = &m->s->limits;
	if (m->count == l->frames || rest.n < TH_FRAME_HEADER_BYTES) {
		return false;
	}
	th_frame_header_decode(rest.p, ret_header);
	size_t length = ret_header->length, room = th_frame_room(length);
	if (length < TH_FRAME_HEADER_BYTES || room > rest.n) {
		return false;
	}
	size_t text = m->parts[PART_TEXT].n + m->parts[PART_BODIES].n;
	return is_blank(rest.p + length, room - length) && th_le16(rest.p + 10) == 0 &&
		length <= l->text && text <= l->text - length &&
		m->references + length / TH_REPEAT_MIN < REFERENCES(l);
}

static void put_body(struct making *m, size_t offset, size_t n)
{
	struct th_repeats *repeats = &m->s->repeats;
	struct th_repeats_scan scan = {.offset = offset, .n = n};
	struct th_repeat repeat;
	const uint8_t *p = repeats->own.p + offset;
	size_t from = 0;
	while (n >= TH_REPEAT_MIN && th_repeats_next(repeats, &scan, &repeat)) {
		th_out_bytes(&m->parts[PART_BODIES], p + from, repeat.at - from);
		put_varint(&m->parts[PART_GAPS], m->gap + repeat.at - from);
		put_varint(&m->parts[PART_DISTANCES], repeat.distance);
		put_varint(&m->parts[PART_RUNS], repeat.n);
		m->references++;
		m->leaned += repeat.in_base ? repeat.n : 0;
		m->gap = 0;
		from = repeat.at + repeat.n;
	}
	th_out_bytes(&m->parts[PART_BODIES], p + from, n - from);
	m->gap += n - from;
}

static void put_frame(struct making *m, size_t offset, const struct th_frame_header *h)
{
	size_t n = h->length - TH_FRAME_HEADER_BYTES;
	uint32_t id = h->id - m->id;
	th_out_u8(&m->parts[PART_TYPES], h->type);
	th_out_u8(&m->parts[PART_FLAGS], h->flags);
	put_signed(&m->parts[PART_IDS], (uint64_t)(int64_t)(int32_t)id);
	put_signed(&m->parts[PART_TIMES], h->time - m->time);
	put_varint(&m->parts[PART_LENGTHS], n);
	th_block_told_add(&m->told, h);
	m->id = h->id;
	m->time = h->time;
	m->count++;
	offset += TH_FRAME_HEADER_BYTES;
	if (th_frame_is_body(h->type)) {
		put_body(m, offset, n);
	} else {
		th_out_bytes(&m->parts[PART_TEXT], m->s->repeats.own.p + offset, n);
	}
}

static void put_check(struct making *m)
{
	th_out_u32(&m->parts[PART_CHECKS], m->check);
	m->check = 0;
}

/* Of the frames up to there, those that were not yet. */
static void add_checks(struct making *m, size_t to)
{
	const uint8_t *p = m->s->repeats.own.p;
	while (m->checked < to) {
		size_t end = (m->checked / TH_SPLIT_CHECKED + 1) * TH_SPLIT_CHECKED;
		size_t stop = end < to ? end : to;
		m->check = th_crc32c(m->check, p + m->checked, stop - m->checked);
		m->checked = stop;
		if (stop == end) {
			put_check(m);
		}
	}
}

/* What the block before was written to is not kept for a smaller one. */
static void let_go_of_parts(const struct th_splitter *s)
{
	const size_t from = (sizeof(struct th_repeats_table) + PAGE - 1) / PAGE * PAGE;
	th_split_let_go((struct th_slice){s->map + from, s->size - from});
}

static void begin(struct making *m, struct th_splitter *s)
{
	uint8_t *at = s->map + sizeof(struct th_repeats_table);
	let_go_of_parts(s);
	*m = (struct making){.s = s};
	for (enum part part = 0; part < N_PARTS; part++) {
		size_t cap = capacity(&s->limits, part);
		m->parts[part] = (struct th_out){.p = at, .cap = cap};
		at += cap;
	}
}

/* The frames from `at` on that are in memory, up to `limit` altogether. */
static struct th_slice rest_of(const struct making *m, size_t at, size_t *ready, size_t limit)
{
	const struct th_split_feed *feed = m->s->feed;
	const uint8_t *p = m->s->repeats.own.p;
	if (feed && at >= *ready) {
		*ready = (size_t)(feed->fill(feed->with, p + at) - p);
	}
	size_t end = *ready < limit ? *ready : limit;
	return (struct th_slice){p + at, end > at ? end - at : 0};
}

/* The bytes taken. */
static size_t take(struct making *m, struct th_slice frames)
{
	size_t at = 0, pass_at = LET_GO_EVERY, ready = m->s->feed ? 0 : frames.n;
	size_t limit = frames.n < m->s->limits.raw ? frames.n : m->s->limits.raw;
	struct th_frame_header h;
	m->s->repeats.own = frames;
	while (fits(m, rest_of(m, at, &ready, limit), &h)) {
		put_frame(m, at, &h);
		at += th_frame_room(h.length);
		add_checks(m, at);
		if (at >= pass_at) {
			pass(m->s, at);
			pass_at = at + LET_GO_EVERY;
		}
	}
	if (m->checked % TH_SPLIT_CHECKED) {
		put_check(m);
	}
	put_varint(&m->parts[PART_HEADER], m->references);
	put_varint(&m->parts[PART_HEADER], m->parts[PART_TEXT].n);
	pass(m->s, at);
	return at;
}

static uintptr_t page_above(uintptr_t at)
{
	return (at + PAGE - 1) & ~(uintptr_t)(PAGE - 1);
}

/* To a lower place, piece by piece; pages that this leaves are given back at once. */
static void move_down(uint8_t *to, uint8_t *from, size_t n)
{
	uintptr_t kept_to = page_above((uintptr_t)to + n), given_to = page_above((uintptr_t)from);
	for (size_t at = 0; at < n; at += MOVE) {
		size_t piece = n - at < MOVE ? n - at : MOVE;
		memmove(to + at, from + at, piece);
		uintptr_t give_to = ((uintptr_t)from + at + piece) & ~(uintptr_t)(PAGE - 1);
		given_to = given_to > kept_to ? given_to : kept_to;
		if (give_to > given_to) {
			(void)madvise((void *)given_to, give_to - given_to, MADV_DONTNEED);
			given_to = give_to;
		}
	}
}

/* What was made, moved together, so that zstd need not copy it: columns up to the texts, bodies
 * down to them. */
static struct th_slice gather(struct making *m)
{
	const struct th_out *text = &m->parts[PART_TEXT], *bodies = &m->parts[PART_BODIES];
	uint8_t *begin = text->p;
	for (int part = PART_TEXT - 1; part >= 0; part--) {
		begin -= m->parts[part].n;
		memmove(begin, m->parts[part].p, m->parts[part].n);
	}
	move_down(text->p + text->n, bodies->p, bodies->n);
	return (struct th_slice){begin, (size_t)(text->p - begin) + text->n + bodies->n};
}

static void give(struct making *m, struct th_slice frames, struct th_split *ret_split)
{
	*ret_split = (struct th_split){.frames = frames,
		.count = m->count,
		.told = m->told,
		.leans = m->leaned > 0,
		.base_first = m->s->base_first,
		.base_bytes = (uint32_t)m->s->repeats.base.n,
		.bytes = gather(m)};
}

int th_splitter_take(struct th_splitter *s, struct th_slice frames, struct th_split *ret_split)
{
	struct making m;
	if (frames.n == 0) {
		return -ENODATA;
	}
	begin(&m, s);
	size_t n = take(&m, frames);
	if (s->feed) {
		th_split_give_back(s->repeats.base); /* it was looked at for the last time */
	}
	if (m.leaned > 0 && m.leaned < TH_SPLIT_LEAN_WORTH) {
		/* A block that leans is lost with the one before it: not for so little. */
		th_splitter_lean_on(s, NULL, 0);
		s->repeats.low = s->feed ? s->repeats.own_at : 0;
		begin(&m, s);
		n = take(&m, frames);
	}
	if (n == 0) {
		return -EINVAL;
	}
	give(&m, (struct th_slice){frames.p, n}, ret_split);
	if (!ret_split->leans) {
		s->depth = 0;
	}
	return 0;
}

void th_splitter_lean_on(struct th_splitter *s, const struct th_split *split, uint64_t first)
{
	struct th_repeats *r = &s->repeats;
	uint64_t end = r->own_at + (split ? split->frames.n : 0);
	bool keep = split && s->depth < TH_SPLIT_LEAN_MAX;
	r->base = keep ? split->frames : (struct th_slice){NULL, 0};
	r->base_at = r->own_at;
	r->own_at = end;
	s->base_first = first;
	s->depth = keep ? s->depth + 1 : 0;
}
