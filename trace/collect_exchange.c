/* Puts an exchange together from its frames: heads from pieces, bodies as lists of pieces, and what
 * ended each side. Rules: capture/FORMAT.md, "Exchanges". */
#include "trace/collect_exchange.h"

#include <string.h>

#include "base/text.h"
#include "capture/span_made.h"
#include "trace/tunnel.h"

/* An exchange while it is put together. */
struct building {
	struct th_exchange exchange;
	size_t head_cap[2], trailer_cap[2]; /* request, response; 0: not a copy of ours */
	size_t interim_cap;
	bool interim_open; /* the newest one has not had its last piece */
	uint64_t gaps;	   /* of the writer, when the newest frame came */
};

static struct building *exchange_of(
	struct th_arena *a, struct th_collected *c, const struct th_frame *f)
{
	struct building *b = th_id_map_find(&c->exchange_ids, f->id);
	if (b) {
		return b;
	}
	struct th_exchange **room = th_arena_room(
		a, c->exchanges, c->n_exchanges, sizeof(c->exchanges[0]));
	b = th_arena_alloc(a, sizeof(*b));
	if (!room || !b || !th_id_map_add(a, &c->exchange_ids, f->id, b)) {
		return NULL;
	}
	c->exchanges = room;
	c->exchanges[c->n_exchanges++] = &b->exchange;
	b->exchange.process = &c->process;
	b->exchange.id = f->id;
	b->gaps = c->gaps;
	return b;
}

/* Appends bytes to *s: one piece stays where it is, several are joined in memory of our own. */
static void join(struct th_arena *a, struct th_slice *s, size_t *cap, struct th_slice piece)
{
	if (s->n == 0) {
		*s = piece;
		return;
	}
	size_t n = s->n + piece.n;
	if (n > *cap) {
		uint8_t *copy = th_arena_alloc(a, 2 * n);
		if (!copy) {
			return;
		}
		memcpy(copy, s->p, s->n);
		*cap = 2 * n;
		s->p = copy;
	}
	if (piece.n) {
		memcpy((uint8_t *)(uintptr_t)s->p + s->n, piece.p, piece.n);
	}
	s->n = n;
}

static void finish_message(struct th_message *m, enum th_end end, uint32_t code)
{
	if (!m->finished) {
		m->finished = true;
		m->end = end;
		m->end_code = code;
	}
}

/* Every frame of a message. */
static void touch(struct th_message *m, const struct th_frame *f)
{
	m->began = m->present && m->began < f->time ? m->began : f->time;
	m->ended = m->present && m->ended > f->time ? m->ended : f->time;
	m->present = true;
}

static void take_head(struct th_arena *a, struct th_message *m, size_t *cap,
	const struct th_frame *f, struct th_in *in)
{
	m->version = th_in_u8(in);
	m->head.list = th_in_u8(in) == TH_HEAD_LIST;
	th_in_u16(in);
	if (!in->failed && !m->head_done) {
		join(a, &m->head.bytes, cap, (struct th_slice){in->p, in->n});
	}
	m->head_done |= f->flags & TH_FRAME_LAST;
	if (f->flags & TH_FRAME_BODILESS) {
		m->head_done = m->bodiless = true;
		finish_message(m, TH_END_COMPLETE, 0);
	}
}

static void take_req_head(
	struct th_arena *a, struct building *b, const struct th_frame *f, struct th_in *in)
{
	b->exchange.connection_id = th_in_u32(in);
	b->exchange.stream = th_in_u32(in);
	b->exchange.thread = th_in_u32(in);
	touch(&b->exchange.request, f);
	take_head(a, &b->exchange.request, &b->head_cap[0], f, in);
}

/* The interim response that a RES_INFO frame belongs to: the newest while it lacks pieces. */
static struct th_interim *interim_of(struct th_arena *a, struct building *b, uint64_t time)
{
	struct th_exchange *x = &b->exchange;
	if (!b->interim_open) {
		struct th_interim *room = th_arena_room(a, x->interim, x->n_interim, sizeof(*room));
		if (!room) {
			return NULL;
		}
		x->interim = room;
		x->interim[x->n_interim++] = (struct th_interim){.time = time};
		b->interim_cap = 0;
	}
	return &x->interim[x->n_interim - 1];
}

static void take_interim(
	struct th_arena *a, struct building *b, const struct th_frame *f, struct th_in *in)
{
	struct th_interim *interim = interim_of(a, b, f->time);
	if (!interim) {
		return;
	}
	th_in_u8(in);
	interim->head.list = th_in_u8(in) == TH_HEAD_LIST;
	th_in_u16(in);
	if (!in->failed) {
		join(a, &interim->head.bytes, &b->interim_cap, (struct th_slice){in->p, in->n});
	}
	b->interim_open = !(f->flags & TH_FRAME_LAST);
}

static void take_data(struct th_arena *a, struct th_message *m, const struct th_frame *f)
{
	touch(m, f);
	if (f->payload.n) {
		struct th_piece *room = th_arena_room(a, m->pieces, m->n_pieces, sizeof(*room));
		if (!room) {
			return;
		}
		m->pieces = room;
		m->pieces[m->n_pieces++] = (struct th_piece){f->time, f->payload};
		m->body_bytes += f->payload.n;
	}
	if (f->flags & TH_FRAME_LAST) {
		finish_message(m, TH_END_COMPLETE, 0);
	}
}

static void take_trailer(struct th_arena *a, struct th_message *m, size_t *cap,
	const struct th_frame *f, struct th_in *in)
{
	touch(m, f);
	th_in_u8(in);
	m->trailer.list = th_in_u8(in) == TH_HEAD_LIST;
	th_in_u16(in);
	if (!in->failed) {
		join(a, &m->trailer.bytes, cap, (struct th_slice){in->p, in->n});
	}
	if (f->flags & TH_FRAME_LAST) {
		finish_message(m, TH_END_COMPLETE, 0);
	}
}

/* The agent left an HTTP/2 stream before its END_STREAM, but had all of the content that the head
 * announces (RFC 9113 8.1.1): curl does so with nearly every answer. Nothing is missing then. */
static bool had_all(const struct th_message *m, enum th_end end)
{
	struct th_slice text;
	uint64_t length;
	return (end == TH_END_LOCAL || end == TH_END_LOCAL_RESET) && m->head_done && m->head.list &&
		th_head_get(&m->head, "content-length", &text) && th_parse_u64(text, &length) &&
		length == th_message_bytes(m);
}

static void take_end(struct th_message *m, const struct th_frame *f, struct th_in *in)
{
	enum th_end end = th_in_u8(in);
	th_in_bytes(in, 3);
	uint32_t code = th_in_u32(in);
	if (in->failed) {
		return;
	}
	touch(m, f);
	m->hashed_whole |= m->sha256 && end == TH_END_COMPLETE; /* behind WITHHELD: how it ended */
	if (had_all(m, end)) {
		finish_message(m, TH_END_COMPLETE, 0);
	} else {
		finish_message(m, end, code);
	}
}

static void take_hash(struct th_exchange *x, struct th_in *in)
{
	struct th_message *m = th_in_u8(in) ? &x->response : &x->request;
	bool whole = th_in_u8(in);
	th_in_bytes(in, 6);
	uint64_t bytes = th_in_u64(in);
	const uint8_t *sha256 = th_in_bytes(in, 32).p;
	if (sha256 && !m->sha256) {
		m->sha256 = sha256;
		m->hashed_bytes = bytes;
		m->hashed_whole = whole;
	}
}

/* After a gap nobody knows what an open message lacks: it ends there, as if its writer had been
 * killed. Joined to what follows it would pass for whole. */
static bool is_behind_gap(struct building *b, const struct th_collected *c, uint8_t type)
{
	struct th_message *q = &b->exchange.request, *a = &b->exchange.response;
	if (b->gaps != c->gaps) {
		b->gaps = c->gaps;
		q->gap |= !q->finished;
		a->gap |= !a->finished;
	}
	return type <= TH_FRAME_REQ_END ? q->gap : a->gap;
}

void th_collect_exchange_frame(
	struct th_arena *a, struct th_collected *c, const struct th_frame *f, struct th_in *in)
{
	struct building *b = exchange_of(a, c, f);
	if (!b) {
		return;
	}
	if (is_behind_gap(b, c, f->type)) {
		return;
	}
	struct th_exchange *x = &b->exchange;
	x->redacted |= (f->flags & TH_FRAME_REDACTED) != 0;
	switch (f->type) {
	case TH_FRAME_REQ_HEAD:
		take_req_head(a, b, f, in);
		break;
	case TH_FRAME_REQ_DATA:
		take_data(a, &x->request, f);
		break;
	case TH_FRAME_REQ_TRAILER:
		take_trailer(a, &x->request, &b->trailer_cap[0], f, in);
		break;
	case TH_FRAME_REQ_END:
		take_end(&x->request, f, in);
		break;
	case TH_FRAME_RES_INFO:
		take_interim(a, b, f, in);
		break;
	case TH_FRAME_RES_HEAD:
		touch(&x->response, f);
		take_head(a, &x->response, &b->head_cap[1], f, in);
		x->response.tunnel = th_tunnel_is(x);
		break;
	case TH_FRAME_RES_DATA:
		take_data(a, &x->response, f);
		break;
	case TH_FRAME_RES_TRAILER:
		take_trailer(a, &x->response, &b->trailer_cap[1], f, in);
		break;
	case TH_FRAME_RES_END:
		take_end(&x->response, f, in);
		break;
	case TH_FRAME_BODY_HASH:
		take_hash(x, in);
		break;
	default:
		break;
	}
}

/* "00-<trace id>-<span id>-01": a later version may add to it (W3C Trace Context 3.2). */
static bool parse_traceparent(struct th_slice text, struct th_exchange *x)
{
	static const uint8_t zeros[TH_TRACE_ID_BYTES];
	const char *p = (const char *)text.p;
	return text.n >= 55 && p[2] == '-' && p[35] == '-' && p[52] == '-' &&
		memcmp(p, "ff", 2) != 0 &&
		th_hex_decode(x->link_trace_id, p + 3, TH_TRACE_ID_BYTES) &&
		th_hex_decode(x->link_span_id, p + 36, TH_SPAN_ID_BYTES) &&
		memcmp(x->link_trace_id, zeros, TH_TRACE_ID_BYTES) != 0 &&
		memcmp(x->link_span_id, zeros, TH_SPAN_ID_BYTES) != 0;
}

/* A span id that was sent along is the exchange's own, if it is one that the writer makes. */
static void read_context(const struct th_collected *c, struct th_exchange *x)
{
	struct th_slice text;
	if (!x->request.head.bytes.n || !th_head_get(&x->request.head, "traceparent", &text) ||
		!parse_traceparent(th_slice_trim(text), x)) {
		return;
	}
	x->propagated = memcmp(x->link_trace_id, c->trace_id, TH_TRACE_ID_BYTES) == 0 &&
		th_span_is_made(c->process.span_id, x->link_span_id);
	x->linked = !x->propagated;
	if (x->propagated) {
		memcpy(x->span_id, x->link_span_id, TH_SPAN_ID_BYTES);
	}
}

void th_collect_exchanges_finish(struct th_collected *c)
{
	for (size_t i = 0; i < c->n_exchanges; i++) {
		struct th_exchange *x = c->exchanges[i];
		x->connection = th_id_map_find(&c->connection_ids, x->connection_id);
		th_trace_span_id(c->process.span_id, x->id, x->span_id);
		read_context(c, x);
	}
}
