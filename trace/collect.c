/* One function per frame type; each reads like the payload's row in capture/FORMAT.md. Frames may
 * be missing (a damaged block) or come without those that should stand before them: things are
 * made when they are first mentioned. */
#include "trace/collect.h"

#include <string.h>

#include "trace/annotations.h"
#include "trace/collect_exchange.h"
#include "trace/transfers.h"

static struct th_connection *connection_of(
	struct th_arena *a, struct th_collected *c, const struct th_frame *f)
{
	struct th_connection *k = th_id_map_find(&c->connection_ids, f->id);
	if (k) {
		return k;
	}
	struct th_connection **room = th_arena_room(
		a, c->connections, c->n_connections, sizeof(c->connections[0]));
	k = th_arena_alloc(a, sizeof(*k));
	if (!room || !k || !th_id_map_add(a, &c->connection_ids, f->id, k)) {
		return NULL;
	}
	c->connections = room;
	c->connections[c->n_connections++] = k;
	k->process = &c->process;
	k->id = f->id;
	k->began = f->time;
	return k;
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
	th_in_u8(in);
	c->hashed = th_in_u8(in) == 1;
	th_in_bytes(in, 6);
	c->meta = th_in_str16(in);
	c->tracestate = th_in_str16(in);
	c->baggage = th_in_str16(in);
	c->version = th_in_str16(in);
	if (in->n) {
		c->rules = th_in_str16(in);
	}
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

static void take_dns(
	struct th_arena *a, struct th_collected *c, const struct th_frame *f, struct th_in *in)
{
	struct th_dns_said **room = th_arena_room(a, c->dns, c->n_dns, sizeof(c->dns[0]));
	struct th_dns_said *d = th_arena_alloc(a, sizeof(*d));
	if (!room || !d) {
		return;
	}
	c->dns = room;
	d->process = &c->process;
	d->time = f->time;
	d->way = th_in_u8(in);
	(void)th_in_u8(in);
	d->type = th_in_u16(in);
	d->name = th_in_str16(in);
	d->message = th_in_bytes(in, in->n);
	if (!in->failed) {
		c->dns[c->n_dns++] = d;
	}
}

static void take_left(
	struct th_arena *a, struct th_collected *c, const struct th_frame *f, struct th_in *in)
{
	struct th_departure **room = th_arena_room(
		a, c->departures, c->n_departures, sizeof(c->departures[0]));
	struct th_departure *d = th_arena_alloc(a, sizeof(*d));
	if (!room || !d) {
		return;
	}
	c->departures = room;
	d->process = &c->process;
	d->time = f->time;
	d->reason = th_in_u8(in);
	d->replaced = th_in_u8(in);
	th_in_bytes(in, 6);
	d->path = th_in_str16(in);
	if (!in->failed) {
		c->departures[c->n_departures++] = d;
	}
}

static void take_lost(struct th_collected *c, struct th_in *in)
{
	c->process.lost_events += th_in_u64(in);
	c->process.lost_bytes += th_in_u64(in);
	th_in_str16(in);
	c->gaps += in->n > 0 && th_in_u8(in) == 1;
}

static void take_kept(struct th_arena *a, struct th_collected *c, const struct th_frame *f)
{
	struct th_process *p = &c->process;
	struct th_slice *room = th_arena_room(a, p->kept, p->n_kept, sizeof(*room));
	if (room) {
		p->kept = room;
		p->kept[p->n_kept++] = f->payload;
	}
}

/* ---- connections ---- */

static void take_certificates(struct th_arena *a, struct th_collected *c, const struct th_frame *f)
{
	struct th_slice *chain = f->id ? th_arena_alloc(a, sizeof(*chain)) : NULL;
	if (chain && !th_id_map_find(&c->certificate_ids, f->id)) {
		*chain = f->payload;
		(void)th_id_map_add(a, &c->certificate_ids, f->id, chain);
	}
}

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
	const struct th_slice *certificates = th_id_map_find(&c->certificate_ids, th_in_u32(in));
	k->certificates = certificates ? *certificates : (struct th_slice){NULL, 0};
	k->connect_began = th_in_u64(in);
	k->connected = th_in_u64(in);
	k->name = th_in_str16(in);
	k->sni = th_in_str16(in);
	k->alpn = th_in_str16(in);
	k->verdict = in->n ? th_in_u32(in) : 0;
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
	k->met = th_in_u16(in);
	k->end_code = th_in_u32(in);
	k->bytes_sent = th_in_u64(in);
	k->bytes_received = th_in_u64(in);
	if (in->n) {
		k->unseen_sent = th_in_u64(in);
		k->unseen_received = th_in_u64(in);
	}
}

/* ---- a writer ---- */

void th_collect_sight(struct th_collected *c, const struct th_frame *f)
{
	struct th_process *p = &c->process;
	p->writer = f->writer;
	c->gaps += c->next_seq && f->seq != c->next_seq + f->skipped;
	c->next_seq = f->seq + 1;
	p->began = p->began && p->began < f->time ? p->began : f->time;
	c->last_frame = c->last_frame > f->time ? c->last_frame : f->time;
}

void th_collect_frame(struct th_arena *a, struct th_collected *c, const struct th_frame *f)
{
	struct th_process *p = &c->process;
	struct th_in in = {f->payload.p, f->payload.n, false};
	th_collect_sight(c, f);
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
	case TH_FRAME_DNS:
		take_dns(a, c, f, &in);
		break;
	case TH_FRAME_CONN:
		take_conn(a, c, f, &in);
		break;
	case TH_FRAME_CONN_END:
		take_conn_end(a, c, f, &in);
		break;
	case TH_FRAME_CERTIFICATES:
		take_certificates(a, c, f);
		break;
	case TH_FRAME_ANNOTATION:
		th_annotations_frame(a, c, f, &in);
		break;
	case TH_FRAME_TRANSFER:
		th_transfers_frame(a, c, f, &in);
		break;
	case TH_FRAME_LEFT:
		take_left(a, c, f, &in);
		break;
	case TH_FRAME_LOST:
		take_lost(c, &in);
		break;
	case TH_FRAME_KEPT:
		take_kept(a, c, f);
		break;
	default:
		if ((f->type >= TH_FRAME_REQ_HEAD && f->type <= TH_FRAME_RES_END) ||
			f->type == TH_FRAME_BODY_HASH) {
			th_collect_exchange_frame(a, c, f, &in);
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
	c->process.ended = c->told.latest > c->last_frame ? c->told.latest : c->last_frame;
	c->process.ended_well |= c->told.types >> TH_FRAME_PROCESS_END & 1;
	if (!c->has_process) {
		name_unknown(c);
	}
	th_collect_exchanges_finish(c);
	th_transfers_finish(a, c);
}
