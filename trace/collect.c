/* One function per frame type; each reads like the payload's row in capture/FORMAT.md. Frames may
 * be missing (a damaged block) or come without those that should stand before them: things are
 * made when they are first mentioned. */
#include "trace/collect.h"

#include <string.h>

#include "base/text.h"

/* An exchange while it is put together. */
struct building {
	struct th_exchange exchange;
	uint32_t connection;
	size_t head_cap[2], trailer_cap[2]; /* request, response; 0: not a copy of ours */
	size_t interim_cap;
	bool interim_open; /* the newest one has not had its last piece */
};

/* ---- things by id ---- */

static struct th_id_slot *find_slot(const struct th_id_map *m, uint32_t id)
{
	size_t i = (id * 2654435761u) & (m->cap - 1);
	while (m->slots[i].value && m->slots[i].id != id) {
		i = (i + 1) & (m->cap - 1);
	}
	return &m->slots[i];
}

static void *find_id(const struct th_id_map *m, uint32_t id)
{
	return m->cap ? find_slot(m, id)->value : NULL;
}

static bool grow_map(struct th_arena *a, struct th_id_map *m)
{
	struct th_id_map bigger = {.n = m->n, .cap = m->cap ? 2 * m->cap : 16};
	bigger.slots = th_arena_alloc(a, bigger.cap * sizeof(bigger.slots[0]));
	if (!bigger.slots) {
		return false;
	}
	for (size_t i = 0; i < m->cap; i++) {
		if (m->slots[i].value) {
			*find_slot(&bigger, m->slots[i].id) = m->slots[i];
		}
	}
	*m = bigger;
	return true;
}

static bool add_id(struct th_arena *a, struct th_id_map *m, uint32_t id, void *value)
{
	if (2 * (m->n + 1) > m->cap && !grow_map(a, m)) {
		return false;
	}
	*find_slot(m, id) = (struct th_id_slot){id, value};
	m->n++;
	return true;
}

static struct th_connection *connection_of(
	struct th_arena *a, struct th_collected *c, const struct th_frame *f)
{
	struct th_connection *k = find_id(&c->connection_ids, f->id);
	if (k) {
		return k;
	}
	struct th_connection **room = th_arena_room(
		a, c->connections, c->n_connections, sizeof(c->connections[0]));
	k = th_arena_alloc(a, sizeof(*k));
	if (!room || !k || !add_id(a, &c->connection_ids, f->id, k)) {
		return NULL;
	}
	c->connections = room;
	c->connections[c->n_connections++] = k;
	k->process = &c->process;
	k->id = f->id;
	k->began = f->time;
	return k;
}

static struct building *exchange_of(
	struct th_arena *a, struct th_collected *c, const struct th_frame *f)
{
	struct building *b = find_id(&c->exchange_ids, f->id);
	if (b) {
		return b;
	}
	struct th_exchange **room = th_arena_room(
		a, c->exchanges, c->n_exchanges, sizeof(c->exchanges[0]));
	b = th_arena_alloc(a, sizeof(*b));
	if (!room || !b || !add_id(a, &c->exchange_ids, f->id, b)) {
		return NULL;
	}
	c->exchanges = room;
	c->exchanges[c->n_exchanges++] = &b->exchange;
	b->exchange.process = &c->process;
	b->exchange.id = f->id;
	return b;
}

/* ---- run, process, look-ups, losses ---- */

static void copy_bytes(void *to, struct th_in *in, size_t n)
{
	struct th_slice s = th_in_bytes(in, n);
	if (s.p) {
		memcpy(to, s.p, n);
	}
}

static void take_run(struct th_collected *c, struct th_in *in)
{
	c->has_run = true;
	if (!c->has_process) {
		copy_bytes(c->trace_id, in, TH_TRACE_ID_BYTES);
	} else {
		th_in_bytes(in, TH_TRACE_ID_BYTES);
	}
	copy_bytes(c->run_parent, in, TH_SPAN_ID_BYTES);
	th_in_bytes(in, 8);
	c->meta = th_in_str16(in);
	c->tracestate = th_in_str16(in);
	c->baggage = th_in_str16(in);
	c->version = th_in_str16(in);
}

static void take_process(struct th_collected *c, const struct th_frame *f, struct th_in *in)
{
	struct th_process *p = &c->process;
	if (c->has_process || in->n < TH_TRACE_ID_BYTES + TH_SPAN_ID_BYTES) {
		return;
	}
	c->has_process = true;
	copy_bytes(c->trace_id, in, TH_TRACE_ID_BYTES);
	copy_bytes(p->span_id, in, TH_SPAN_ID_BYTES);
	copy_bytes(p->parent_span_id, in, TH_SPAN_ID_BYTES);
	p->pid = th_in_u32(in);
	p->ppid = th_in_u32(in);
	p->how_began = th_in_u8(in);
	th_in_bytes(in, 7);
	p->exe = th_in_str16(in);
	p->argv0 = th_in_str16(in);
	p->cwd = th_in_str16(in);
	p->began = f->time;
}

static void take_name(
	struct th_arena *a, struct th_collected *c, const struct th_frame *f, struct th_in *in)
{
	struct th_name **room = th_arena_room(a, c->names, c->n_names, sizeof(c->names[0]));
	struct th_name *n = th_arena_alloc(a, sizeof(*n));
	if (!room || !n) {
		return;
	}
	c->names = room;
	n->process = &c->process;
	n->time = f->time;
	n->result = (int)th_in_u32(in);
	n->family = th_in_u8(in);
	size_t count = th_in_u8(in);
	th_in_u16(in);
	n->name = th_in_str16(in);
	n->n_addresses = count < in->n / 20 ? count : in->n / 20;
	n->addresses = in->p;
	if (!in->failed) {
		c->names[c->n_names++] = n;
	}
}

static void take_lost(struct th_collected *c, struct th_in *in)
{
	c->process.lost_events += th_in_u64(in);
	c->process.lost_bytes += th_in_u64(in);
}

/* ---- connections ---- */

static void take_conn(
	struct th_arena *a, struct th_collected *c, const struct th_frame *f, struct th_in *in)
{
	struct th_connection *k = connection_of(a, c, f);
	if (!k) {
		return;
	}
	k->began = f->time;
	k->transport = th_in_u8(in);
	k->family = th_in_u8(in);
	k->port = th_in_u16(in);
	k->thread = th_in_u32(in);
	copy_bytes(k->address, in, sizeof(k->address));
	k->error = (int)th_in_u32(in);
	th_in_u32(in);
	k->connect_began = th_in_u64(in);
	k->connected = th_in_u64(in);
	k->name = th_in_str16(in);
	k->sni = th_in_str16(in);
	k->alpn = th_in_str16(in);
}

static void take_conn_end(
	struct th_arena *a, struct th_collected *c, const struct th_frame *f, struct th_in *in)
{
	struct th_connection *k = connection_of(a, c, f);
	if (!k) {
		return;
	}
	k->ended = true;
	k->end_time = f->time;
	k->end = th_in_u8(in);
	k->speaks = th_in_u8(in);
	th_in_u16(in);
	k->end_code = th_in_u32(in);
	k->bytes_sent = th_in_u64(in);
	k->bytes_received = th_in_u64(in);
}

/* ---- messages ---- */

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
	b->connection = th_in_u32(in);
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
		length == m->body_bytes;
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
	if (had_all(m, end)) {
		finish_message(m, TH_END_COMPLETE, 0);
	} else {
		finish_message(m, end, code);
	}
}

static void take_exchange_frame(
	struct th_arena *a, struct th_collected *c, const struct th_frame *f, struct th_in *in)
{
	struct building *b = exchange_of(a, c, f);
	if (!b) {
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
	default:
		break;
	}
}

/* ---- a writer ---- */

void th_collect_frame(struct th_arena *a, struct th_collected *c, const struct th_frame *f)
{
	struct th_process *p = &c->process;
	struct th_in in = {f->payload.p, f->payload.n, false};
	p->writer = f->writer;
	p->began = p->began && p->began < f->time ? p->began : f->time;
	c->last_frame = c->last_frame > f->time ? c->last_frame : f->time;
	switch (f->type) {
	case TH_FRAME_RUN:
		take_run(c, &in);
		break;
	case TH_FRAME_PROCESS:
		take_process(c, f, &in);
		break;
	case TH_FRAME_PROCESS_END:
		p->ended_well = true;
		break;
	case TH_FRAME_NAME:
		take_name(a, c, f, &in);
		break;
	case TH_FRAME_CONN:
		take_conn(a, c, f, &in);
		break;
	case TH_FRAME_CONN_END:
		take_conn_end(a, c, f, &in);
		break;
	case TH_FRAME_LOST:
		take_lost(c, &in);
		break;
	default:
		if (f->type >= TH_FRAME_REQ_HEAD && f->type <= TH_FRAME_RES_END) {
			take_exchange_frame(a, c, f, &in);
		}
	}
}

/* Without a PROCESS frame its place is not known: it becomes a run of its own, with ids made of
 * the writer's. */
static void name_unknown(struct th_collected *c)
{
	uint64_t id = c->process.writer;
	memcpy(c->process.span_id, &id, TH_SPAN_ID_BYTES);
	if (!c->has_run) {
		memcpy(c->trace_id + TH_TRACE_ID_BYTES - sizeof(id), &id, sizeof(id));
	}
}

void th_collect_finish(struct th_arena *a, struct th_collected *c)
{
	c->process.ended = c->last_frame;
	if (!c->has_process) {
		name_unknown(c);
	}
	for (size_t i = 0; i < c->n_exchanges; i++) {
		struct building *b = (struct building *)c->exchanges[i];
		b->exchange.connection = find_id(&c->connection_ids, b->connection);
		th_trace_span_id(c->process.span_id, b->exchange.id, b->exchange.span_id);
	}
}
