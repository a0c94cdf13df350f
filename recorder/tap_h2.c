/* HTTP/2 connections become exchanges: one per stream that the client opened.
 *
 * Both directions run through a frame parser and an HPACK decoder. A stream is known from its
 * first HEADERS on, of whichever direction comes first: a thread that reads may report the answer
 * before the thread that wrote could report the question. Such a stream's id is above
 * `last_request`; an unknown id below it is a stream that has ended, whose late frames are nobody's
 * business (but their header blocks are decoded, for the tables).
 *
 * A tap listens, it is no endpoint. So HPACK table limits are not followed through SETTINGS and
 * their acknowledgements: the encoder announces its table's size in the header blocks (RFC 7541
 * 6.3), and any size up to our own limit is followed. Flow control, priorities and pushed streams
 * (even ids) are left out; pushed header blocks are decoded. */
#include "base/pool.h"
#include "base/text.h"
#include "recorder/conn.h"
#include "recorder/emit.h"
#include "recorder/h2_rewrite.h"
#include "recorder/h2_streams.h"
#include "wire/hpack.h"
#include "wire/http2.h"

#define TABLE_SIZE_AT_FIRST 4096 /* RFC 9113 6.5.2 */
#define LIST_FIRST 4096
#define LIST_KEPT (16u << 10)		       /* a larger buffer is given back after its use */
#define LIST_MAX (TH_FRAME_PAYLOAD_MAX - 1024) /* a head is one frame */

#define BLOCK_KEPT 512
#define HIDES_NOTHING 1 /* note of a field in a table of HPACK */

/* The header block of a side that was decoded last. */
struct block {
	struct th_field_list list; /* its buffer is kept for the next block */
	bool request;
	uint16_t status;
	uint64_t lost; /* bytes of fields that did not fit */
	/* The block itself, if it changed no table: the same one, when it comes next, has the same
	 * fields. An answer's that was redacted is not kept: what is replaced in it is handed on
	 * each time (kept.h). */
	uint16_t kept_n; /* 0: it is not kept */
	uint8_t kept[BLOCK_KEPT];
};

struct h2 {
	struct th_conn *conn;
	struct th_h2_parser parser[2]; /* by enum th_h2_side, like what follows */
	struct th_hpack *hpack[2];
	struct th_h2_streams streams;
	uint32_t last_request; /* highest stream whose request head was seen */
	struct block block[2];
};

static const struct {
	uint8_t data, trailer, end;
} types[2] = {
	[TH_H2_REQUEST] = {TH_FRAME_REQ_DATA, TH_FRAME_REQ_TRAILER, TH_FRAME_REQ_END},
	[TH_H2_RESPONSE] = {TH_FRAME_RES_DATA, TH_FRAME_RES_TRAILER, TH_FRAME_RES_END},
};

/* ---- streams ---- */

static struct th_h2_stream *add_stream(struct h2 *t, uint32_t id)
{
	struct th_h2_stream *s = th_h2_streams_add(&t->streams, id);
	if (!s) {
		th_emit_lost(1, 0, "too many HTTP/2 streams at once");
		return NULL;
	}
	s->exchange = th_emit_begin(t->conn);
	return s;
}

/* The stream that a header block or a reset is about, a new one where that can be; NULL: none of
 * ours, or over. */
static struct th_h2_stream *stream_of(struct h2 *t, uint32_t id)
{
	struct th_h2_stream *s = th_h2_streams_find(&t->streams, id);
	bool is_new = !s && id % 2 == 1 && id > t->last_request;
	return is_new ? add_stream(t, id) : s;
}

static void side_done(struct h2 *t, struct th_h2_stream *s, enum th_h2_side side)
{
	s->side[side].done = true;
	if (s->side[TH_H2_REQUEST].done && s->side[TH_H2_RESPONSE].done) {
		th_h2_streams_remove(&t->streams, s);
	}
}

/* How a stream ends that does not end well. A request that was not seen yet is still to come: its
 * side stays open. */
struct ending {
	struct h2 *h2;
	enum th_end how;
	uint32_t code;
	uint32_t above; /* streams with a higher id */
};

static void end_side(const struct ending *e, struct th_h2_stream *s, enum th_h2_side side)
{
	if (!s->side[side].done) {
		th_hold_flush(&s->side[side].hold, s->exchange, types[side].data, false);
		th_emit_end(s->exchange, types[side].end, e->how, e->code);
		side_done(e->h2, s, side);
	}
}

static void end_stream(const struct ending *e, struct th_h2_stream *s)
{
	bool response_was_done = s->side[TH_H2_RESPONSE].done;
	if (!s->side[TH_H2_REQUEST].head) {
		end_side(e, s, TH_H2_RESPONSE);
		return;
	}
	end_side(e, s, TH_H2_REQUEST);
	if (!response_was_done) {
		end_side(e, s, TH_H2_RESPONSE);
	}
}

static void end_if_above(void *ctx, struct th_h2_stream *s)
{
	const struct ending *e = ctx;
	if (s->id > e->above) {
		end_stream(e, s);
	}
}

/* ---- header blocks ---- */

static bool grow_list(struct th_out *out)
{
	size_t cap = out->cap ? out->cap * 2 : LIST_FIRST;
	cap = cap < LIST_MAX ? cap : LIST_MAX;
	uint8_t *p = cap > out->cap ? th_pool_alloc(cap) : NULL;
	if (!p) {
		return false;
	}
	if (out->n) {
		memcpy(p, out->p, out->n);
	}
	th_pool_free(out->p, out->cap);
	out->p = p;
	out->cap = cap;
	return true;
}

static void free_list(struct th_out *out)
{
	th_pool_free(out->p, out->cap);
	*out = (struct th_out){.p = NULL};
}

/* Once; true: something of it was replaced. */
static bool try_field(struct block *b, struct th_slice name, struct th_slice value, bool plain)
{
	bool before = b->list.redacted;
	if (plain) {
		th_field_list_copy(&b->list, name, value);
		return false;
	}
	b->list.redacted = false;
	th_field_list_add(&b->list, b->request, name, value);
	bool redacted = b->list.redacted;
	b->list.redacted |= before;
	return redacted;
}

static void add_field(struct block *b, struct th_slice name, struct th_slice value, uint8_t *note)
{
	struct th_out *out = &b->list.out;
	size_t before = out->n;
	bool redacted;
	do {
		out->n = before;
		out->failed = false;
		redacted = try_field(b, name, value, *note == HIDES_NOTHING);
	} while (out->failed && grow_list(out));
	if (out->failed) {
		out->n = before;
		out->failed = false;
		b->lost += name.n + value.n;
	} else if (!redacted) {
		*note = HIDES_NOTHING;
	}
}

static void on_field(void *ctx, struct th_slice name, struct th_slice value, uint8_t *note)
{
	struct block *b = ctx;
	uint64_t status = 0;
	if (name.n && name.p[0] == ':' && th_slice_eq(name, TH_SLICE_LIT(":status")) &&
		th_parse_u64(value, &status)) {
		b->status = status <= 999 ? (uint16_t)status : 0;
	}
	add_field(b, name, value, note);
}

static bool is_kept(const struct block *b, struct th_slice bytes)
{
	return b->kept_n && b->kept_n == bytes.n && memcmp(b->kept, bytes.p, bytes.n) == 0;
}

static void keep(struct block *b, struct th_slice bytes)
{
	if (bytes.n <= BLOCK_KEPT && !b->lost && (b->request || !b->list.redacted)) {
		memcpy(b->kept, bytes.p, bytes.n);
		b->kept_n = (uint16_t)bytes.n;
	}
}

static int decode_block(struct h2 *t, enum th_h2_side side, struct th_slice bytes)
{
	struct block *b = &t->block[side];
	struct th_hpack *table = t->hpack[side];
	const uint32_t changes = th_hpack_changes(table);
	if (is_kept(b, bytes)) {
		return 0;
	}
	b->list.out.n = 0;
	b->list.redacted = false;
	b->request = side == TH_H2_REQUEST;
	b->status = 0;
	b->lost = 0;
	b->kept_n = 0;
	int r = th_hpack_decode(table, bytes, on_field, b);
	if (b->lost) {
		th_emit_lost(1, b->lost, "HTTP/2 header list too long");
	}
	if (r == 0 && changes == th_hpack_changes(table)) {
		keep(b, bytes);
	}
	return r;
}

static void emit_request_head(struct h2 *t, struct th_h2_stream *s, uint8_t flags)
{
	s->side[TH_H2_REQUEST].head = true;
	th_emit_req_head_list(t->conn, s->exchange, s->id, flags, &t->block[TH_H2_REQUEST].list);
}

/* RFC 9113 8.1: any number of interim responses, which never end the stream, then the head. */
static void emit_response_head(struct h2 *t, struct th_h2_stream *s, uint8_t flags)
{
	const struct block *b = &t->block[TH_H2_RESPONSE];
	const uint16_t status = b->status;
	bool interim = status >= 100 && status < 200 && !(flags & TH_FRAME_BODILESS);
	s->side[TH_H2_RESPONSE].head = !interim;
	th_emit_res_head_list(
		s->exchange, interim ? TH_FRAME_RES_INFO : TH_FRAME_RES_HEAD, flags, &b->list);
}

static void begin_body(struct h2 *t, struct th_h2_stream *s, enum th_h2_side side)
{
	const struct th_out *list = &t->block[side].list.out;
	const struct th_head head = {{list->p, list->n}, true};
	th_hold_begin(&s->side[side].hold,
		side == TH_H2_REQUEST ? TH_REDACT_REQUEST : TH_REDACT_RESPONSE, &head, false,
		false);
}

static void emit_block(struct h2 *t, enum th_h2_side side, struct th_h2_stream *s, bool ends)
{
	uint8_t head_flags = ends ? TH_FRAME_LAST | TH_FRAME_BODILESS : TH_FRAME_LAST;
	if (s->side[side].head) {
		if (!th_hold_flush(&s->side[side].hold, s->exchange, types[side].data, ends)) {
			th_emit_trailer(s->exchange, types[side].trailer, ends ? TH_FRAME_LAST : 0,
				&t->block[side].list);
		}
	} else if (side == TH_H2_REQUEST) {
		emit_request_head(t, s, head_flags);
	} else {
		emit_response_head(t, s, head_flags);
	}
	if (ends) {
		side_done(t, s, side);
	} else if (s->side[side].head) {
		begin_body(t, s, side);
	}
}

static int on_headers(struct h2 *t, enum th_h2_side side, uint32_t id, uint32_t promised,
	struct th_slice bytes, bool ends)
{
	int r = decode_block(t, side, bytes);
	if (r < 0) {
		return r;
	}
	struct th_h2_stream *s = promised ? NULL : stream_of(t, id);
	if (side == TH_H2_REQUEST && id > t->last_request) {
		t->last_request = id;
	}
	if (s && !s->side[side].done) {
		emit_block(t, side, s, ends);
	}
	if (t->block[side].list.out.cap > LIST_KEPT) {
		free_list(&t->block[side].list.out);
		t->block[side].kept_n = 0;
	}
	return 0;
}

/* ---- the other frames ---- */

static void on_data(
	struct h2 *t, enum th_h2_side side, uint32_t id, struct th_slice piece, bool ends)
{
	struct th_h2_stream *s = th_h2_streams_find(&t->streams, id);
	bool open = s && s->side[side].head && !s->side[side].done;
	if (!open || (piece.n == 0 && !ends)) {
		return; /* of a stream that is over, or no message at all (RFC 9113 8.1) */
	}
	th_hold_data(&s->side[side].hold, s->exchange, types[side].data, ends ? TH_FRAME_LAST : 0,
		piece);
	if (ends) {
		side_done(t, s, side);
	}
}

static void on_reset(struct h2 *t, uint32_t id, enum th_end how, uint32_t code)
{
	struct th_h2_stream *s = stream_of(t, id);
	if (s) {
		end_stream(&(struct ending){t, how, code, 0}, s);
	}
}

static void sent_data(void *ctx, uint32_t id, struct th_slice piece, bool last_piece, bool ends)
{
	on_data(ctx, TH_H2_REQUEST, id, piece, ends);
}

static int sent_headers(void *ctx, uint32_t id, uint32_t promised, struct th_slice block, bool ends)
{
	return on_headers(ctx, TH_H2_REQUEST, id, promised, block, ends);
}

static void sent_reset(void *ctx, uint32_t id, uint32_t code)
{
	on_reset(ctx, id, TH_END_LOCAL_RESET, code);
}

static void received_data(void *ctx, uint32_t id, struct th_slice piece, bool last_piece, bool ends)
{
	on_data(ctx, TH_H2_RESPONSE, id, piece, ends);
}

static int received_headers(
	void *ctx, uint32_t id, uint32_t promised, struct th_slice block, bool ends)
{
	return on_headers(ctx, TH_H2_RESPONSE, id, promised, block, ends);
}

static void received_reset(void *ctx, uint32_t id, uint32_t code)
{
	on_reset(ctx, id, TH_END_STREAM_RESET, code);
}

/* RFC 9113 6.8: what is above the last stream was not and will not be processed. */
static void received_goaway(void *ctx, uint32_t last_stream, uint32_t code)
{
	struct h2 *t = ctx;
	struct ending e = {t, TH_END_GOAWAY, code, last_stream};
	th_h2_streams_each(&t->streams, end_if_above, &e);
}

static const struct th_h2_callbacks callbacks[2] = {
	[TH_H2_REQUEST] = {.data = sent_data, .headers = sent_headers, .rst_stream = sent_reset},
	[TH_H2_RESPONSE] = {.data = received_data,
		.headers = received_headers,
		.rst_stream = received_reset,
		.goaway = received_goaway},
};

/* ---- the tap ---- */

static int h2_recognise(struct th_slice first_sent)
{
	static const struct th_slice preface = {
		(const uint8_t *)TH_H2_PREFACE, sizeof(TH_H2_PREFACE) - 1};
	size_t n = first_sent.n < preface.n ? first_sent.n : preface.n;
	if (memcmp(first_sent.p, preface.p, n) != 0) {
		return 0;
	}
	return n == preface.n ? 1 : -1;
}

static void h2_init(void *state, struct th_conn *c)
{
	struct h2 *t = state;
	t->conn = c;
	for (int side = 0; side < 2; side++) {
		th_h2_init(&t->parser[side], &callbacks[side], t, side == TH_H2_REQUEST);
		t->hpack[side] = th_hpack_create(TABLE_SIZE_AT_FIRST);
		if (t->hpack[side]) {
			th_hpack_limit(t->hpack[side], TH_HPACK_TABLE_MAX);
		}
	}
}

/* RFC 7540 3.2 (dropped by RFC 9113, still spoken by curl --http2): the request that asked for the
 * upgrade is stream 1. */
static void h2_adopt(void *state, uint32_t exchange)
{
	struct h2 *t = state;
	struct th_h2_stream *s = th_h2_streams_add(&t->streams, 1);
	if (!s) {
		th_emit_lost(1, 0, "no memory for an upgraded request");
		return;
	}
	s->exchange = exchange;
	s->side[TH_H2_REQUEST].head = true;
	s->side[TH_H2_REQUEST].done = true;
	t->last_request = 1;
}

static bool h2_may_begin(const void *state)
{
	const struct h2 *t = state;
	size_t skip;
	return t->hpack[TH_H2_REQUEST] && th_h2_next_frame(&t->parser[TH_H2_REQUEST], &skip);
}

static bool h2_rewrite(const void *state, struct th_slice in, struct th_rewrite *w)
{
	const struct h2 *t = state;
	struct th_h2_place place = {.skip = sizeof(TH_H2_PREFACE) - 1};
	if (t) {
		place.hpack = t->hpack[TH_H2_REQUEST];
		place.last_request = t->last_request;
		(void)th_h2_next_frame(&t->parser[TH_H2_REQUEST], &place.skip);
	}
	return th_h2_rewrite(&place, in, w);
}

static bool feed(struct h2 *t, enum th_h2_side side, struct th_slice bytes)
{
	return t->hpack[side] && th_h2_feed(&t->parser[side], bytes) == 0;
}

static bool h2_sent(void *state, struct th_slice bytes)
{
	return feed(state, TH_H2_REQUEST, bytes);
}

static bool h2_received(void *state, struct th_slice bytes)
{
	return feed(state, TH_H2_RESPONSE, bytes);
}

static void h2_end(void *state, enum th_end how, uint32_t code)
{
	struct h2 *t = state;
	struct ending e = {t, how, code, 0};
	th_h2_streams_each(&t->streams, end_if_above, &e);
}

static void forget(void *ctx, struct th_h2_stream *s)
{
	th_h2_streams_remove(ctx, s);
}

static void h2_finish(void *state)
{
	struct h2 *t = state;
	th_h2_streams_each(&t->streams, forget, &t->streams);
	for (int side = 0; side < 2; side++) {
		th_h2_finish(&t->parser[side]);
		t->hpack[side] = th_hpack_destroy(t->hpack[side]);
		free_list(&t->block[side].list.out);
	}
}

static bool h2_is_busy(const void *state)
{
	return ((const struct h2 *)state)->streams.count > 0;
}

const struct th_tap th_tap_h2 = {
	.name = "HTTP/2",
	.speaks = TH_SPEAKS_HTTP2,
	.state_size = sizeof(struct h2),
	.recognise = h2_recognise,
	.init = h2_init,
	.adopt = h2_adopt,
	.is_busy = h2_is_busy,
	.may_begin = h2_may_begin,
	.rewrite = h2_rewrite,
	.sent = h2_sent,
	.received = h2_received,
	.end = h2_end,
	.finish = h2_finish,
};
