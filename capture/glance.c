#include "capture/glance.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/crc32c.h"
#include "capture/columns.h"
#include "capture/key.h"

#define PREFIX_PER_FRAME 16
#define PREFIX_AT_LEAST (64u << 10)
#define ZSTD_BLOCK (128u << 10) /* zstd gives nothing of a block of which it does not have all */

struct glance {
	const struct th_segments *s;
	const struct th_segment *segment;
	const struct th_survey_teller *teller;
	ZSTD_DCtx *zstd;
	struct th_block_told told;
	uint32_t part, frames;
};

static bool tell(struct glance *g, const struct th_frame_header *h)
{
	const struct th_frame_mark mark = {.writer = g->segment->writer,
		.seq = g->segment->first_seq + g->frames,
		.time = h->time,
		.id = h->id,
		.part = g->part,
		.type = h->type,
		.flags = g->segment->refers && th_frame_refers(h)
			? h->flags & (uint8_t)~TH_FRAME_REFERS
			: h->flags};
	th_block_told_add(&g->told, h);
	g->frames++;
	return g->teller->tell(g->teller->to, &mark);
}

/* ---- what is stored ---- */

/* The payload's first bytes, decrypted; as many as it takes to unpack `want`. */
static int stored_prefix(
	const struct th_segment *s, size_t want, struct th_slice *ret_stored, uint8_t **ret_copy)
{
	struct th_slice stored = s->stored;
	if (s->encrypted) {
		stored.n -= stored.n < TH_GCM_TAG_BYTES ? stored.n : TH_GCM_TAG_BYTES;
		stored.n = want + ZSTD_BLOCK < stored.n ? want + ZSTD_BLOCK : stored.n;
		*ret_copy = malloc(stored.n + 1);
		if (!*ret_copy) {
			return -ENOMEM;
		}
		memcpy(*ret_copy, stored.p, stored.n);
		stored.p = *ret_copy;
		int r = th_key_peek_block(&s->block, *ret_copy, stored.n);
		if (r < 0) {
			return r;
		}
	}
	*ret_stored = stored;
	return 0;
}

/* ---- frames as they stand ---- */

/* Checksums of frames are not looked at, so that payloads need not be read. */
static int walk(struct glance *g, struct th_slice area, const struct th_live_key *key)
{
	while (area.n >= TH_FRAME_HEADER_BYTES) {
		struct th_frame_header h;
		uint8_t header[TH_FRAME_HEADER_BYTES];
		memcpy(header, area.p, sizeof(header));
		if (key) {
			th_live_key_peek(key, g->segment->first_seq + g->frames, header);
		}
		th_frame_header_decode(header, &h);
		size_t room = th_frame_room(h.length);
		if (h.length < TH_FRAME_HEADER_BYTES || room > area.n) {
			break;
		}
		if (!tell(g, &h)) {
			return -ENOMEM;
		}
		area.p += room;
		area.n -= room;
	}
	return area.n == 0 || g->segment->live ? 0 : -EBADMSG;
}

static int walk_live(struct glance *g)
{
	struct th_live_key key;
	th_live_key_init(&key, g->s->header.file_id, g->segment->writer);
	int r = th_key_live(g->segment->salt, &key.key);
	return r < 0 ? r : walk(g, g->segment->stored, &key);
}

static int walk_block(struct glance *g)
{
	th_auto_free uint8_t *copy = NULL;
	struct th_slice area;
	int r = stored_prefix(g->segment, g->segment->stored.n, &area, &copy);
	return r < 0 ? r : walk(g, area, NULL);
}

/* ---- columns ---- */

/* 1: they were told; 0: `area` is too short for them. */
static int take_columns(struct glance *g, struct th_slice area)
{
	struct th_in in = {area.p, area.n, false};
	struct th_frame_header h = {0};
	struct th_columns c;
	th_columns_find(&in, g->segment->frames, &c);
	if (in.failed) {
		return 0;
	}
	for (uint32_t i = 0; i < g->segment->frames; i++) {
		h.type = th_in_u8(&c.types);
		h.flags = th_in_u8(&c.flags);
		h.id += (uint32_t)th_columns_signed(&c.ids);
		h.time += th_columns_signed(&c.times);
		if (!tell(g, &h)) {
			return -ENOMEM;
		}
	}
	return 1;
}

static size_t unpack(ZSTD_DCtx *zstd, struct th_slice in, uint8_t *out, size_t n)
{
	ZSTD_inBuffer src = {in.p, in.n, 0};
	ZSTD_outBuffer dst = {out, n, 0};
	size_t before, left;
	ZSTD_DCtx_reset(zstd, ZSTD_reset_session_only);
	do {
		before = src.pos + dst.pos;
		left = ZSTD_decompressStream(zstd, &dst, &src);
	} while (!ZSTD_isError(left) && left != 0 && dst.pos < n && src.pos + dst.pos != before);
	return dst.pos;
}

/* With the first `want` bytes of the split frames: as take_columns(). */
static int try_prefix(struct glance *g, size_t want)
{
	th_auto_free uint8_t *copy = NULL, *room = NULL;
	struct th_slice stored;
	int r = stored_prefix(g->segment, want, &stored, &copy);
	if (r < 0) {
		return r;
	}
	if (!g->segment->packed) {
		return take_columns(g, stored);
	}
	room = malloc(want);
	if (!room) {
		return -ENOMEM;
	}
	return take_columns(g, (struct th_slice){room, unpack(g->zstd, stored, room, want)});
}

static int take_split(struct glance *g)
{
	const struct th_segment *s = g->segment;
	const size_t most = 4 * (size_t)s->raw_bytes + PREFIX_AT_LEAST;
	size_t want = PREFIX_PER_FRAME * (size_t)s->frames + PREFIX_AT_LEAST;
	int r = 0;
	if (s->frames > s->raw_bytes / TH_FRAME_HEADER_BYTES) {
		return -EBADMSG;
	}
	for (; r == 0 && want < most; want *= 4) {
		r = try_prefix(g, want);
	}
	return r < 0 ? r : r == 0 ? -EBADMSG : 0;
}

/* ---- together ---- */

static bool same_told(const struct th_block_told *a, const struct th_block_told *b)
{
	return a->types == b->types && a->exchange == b->exchange && a->latest == b->latest;
}

/* Is it what its header tells? When that tells nothing, the checksum answers for it. */
static bool is_sound(const struct glance *g)
{
	const struct th_segment *s = g->segment;
	if (s->live) {
		return true;
	}
	if (g->frames != s->frames) {
		return false;
	}
	return s->block.told.types ? same_told(&s->block.told, &g->told)
				   : th_crc32c(0, s->stored.p, s->stored.n) == s->block.crc;
}

int th_glance(const struct th_segments *s, const struct th_segment *segment, uint32_t part,
	ZSTD_DCtx *zstd, const struct th_survey_teller *teller, struct th_block_told *ret_told,
	uint32_t *ret_frames)
{
	struct glance g = {
		.s = s, .segment = segment, .teller = teller, .zstd = zstd, .part = part};
	int r = -ENOTSUP;
	if (segment->split) {
		r = take_split(&g);
	} else if (segment->live) {
		r = segment->encrypted ? walk_live(&g) : walk(&g, segment->stored, NULL);
	} else if (!segment->packed) {
		r = walk_block(&g);
	}
	if (r == 0 && !is_sound(&g)) {
		r = -EBADMSG;
	}
	if (r == 0) {
		*ret_told = g.told;
		*ret_frames = g.frames;
	}
	return r;
}
