/* The frames of connections and exchanges (payloads: capture/FORMAT.md).
 *
 * A body's bytes go from the caller's memory to the writer; the only copy made here is that of a
 * head, which must be redacted before anything else sees it (DESIGN 2.5). */
#include "recorder/emit.h"

#include "base/pool.h"
#include "capture/frame.h"
#include "capture/redact.h"
#include "recorder/process.h"

#define CONN_TEXTS_MAX (3 * (2 + TH_NAME_MAX + 1))
#define CONN_FIXED 52
#define REQ_HEAD_FIXED 16
#define RES_HEAD_FIXED 4
#define VERSION_2 20

static void put(
	uint8_t type, uint8_t flags, uint32_t id, const struct th_out *fixed, struct th_slice rest)
{
	const struct iovec parts[] = {{fixed->p, fixed->n}, {(void *)(uintptr_t)rest.p, rest.n}};
	th_process_put(type, flags, id, parts, rest.n ? 2 : 1);
}

/* Writes `rest` behind `fixed`, in as many frames as it takes; the flags are the last one's. */
static void put_split(
	uint8_t type, uint8_t flags, uint32_t id, const struct th_out *fixed, struct th_slice rest)
{
	const size_t room = TH_FRAME_PAYLOAD_MAX - fixed->n;
	while (rest.n > room) {
		put(type, flags & TH_FRAME_REDACTED, id, fixed, (struct th_slice){rest.p, room});
		rest.p += room;
		rest.n -= room;
	}
	put(type, flags, id, fixed, rest);
}

static uint32_t thread_of(const struct th_conn_conf *conf)
{
	return conf->thread ? conf->thread : th_process_thread();
}

uint32_t th_emit_conn(const struct th_conn_about *about)
{
	uint8_t buf[CONN_FIXED + CONN_TEXTS_MAX];
	struct th_out out = {buf, sizeof(buf), 0, false};
	const struct th_conn_conf *conf = about->conf;
	uint32_t id = th_process_next_conn();
	th_out_u8(&out, conf->transport);
	th_out_u8(&out, conf->peer.family);
	th_out_u16(&out, conf->peer.port);
	th_out_u32(&out, thread_of(conf));
	th_out_bytes(&out, conf->peer.bytes, sizeof(conf->peer.bytes));
	th_out_u32(&out, (uint32_t)about->error);
	th_out_u32(&out, about->certificates);
	th_out_u64(&out, conf->connect_began);
	th_out_u64(&out, conf->connected);
	th_out_str16(&out, th_slice_str(about->name));
	th_out_str16(&out, th_slice_str(about->sni));
	th_out_str16(&out, th_slice_str(about->alpn));
	if (about->verdict) {
		th_out_u32(&out, about->verdict);
	}
	put(TH_FRAME_CONN, 0, id, &out, (struct th_slice){NULL, 0});
	return id;
}

void th_emit_certificates(uint32_t number, struct th_slice chain)
{
	const struct th_out nothing = {NULL, 0, 0, false};
	put(TH_FRAME_CERTIFICATES, 0, number, &nothing, chain);
}

void th_emit_announce(struct th_conn *c)
{
	if (c->announced) {
		return;
	}
	const struct th_conn_about about = {.conf = &c->conf,
		.name = c->name,
		.sni = c->sni,
		.alpn = c->alpn,
		.certificates = c->certificates,
		.verdict = c->verdict};
	c->id = th_emit_conn(&about);
	c->announced = true;
}

void th_emit_conn_end(const struct th_conn *c)
{
	uint8_t buf[40];
	struct th_out out = {buf, sizeof(buf), 0, false};
	th_out_u8(&out, (uint8_t)c->end);
	th_out_u8(&out, c->speaks);
	th_out_u16(&out, c->met);
	th_out_u32(&out, c->end_code);
	th_out_u64(&out, th_conn_bytes_sent(c));
	th_out_u64(&out, th_conn_bytes_received(c));
	if (c->unseen_sent || c->unseen_received) {
		th_out_u64(&out, c->unseen_sent);
		th_out_u64(&out, c->unseen_received);
	}
	put(TH_FRAME_CONN_END, 0, c->id, &out, (struct th_slice){NULL, 0});
}

uint32_t th_emit_begin(struct th_conn *c)
{
	th_emit_announce(c);
	return th_process_next_exchange();
}

/* What comes before a request's head. */
static void out_req_fixed(
	struct th_out *out, const struct th_conn *c, uint32_t stream, uint8_t version, uint8_t form)
{
	const uint32_t words[REQ_HEAD_FIXED / 4] = {
		c->id, stream, thread_of(&c->conf), version | (uint32_t)form << 8};
	th_out_bytes(out, words, sizeof(words));
}

static uint8_t data_of(enum th_redact_side side)
{
	return side == TH_REDACT_REQUEST ? TH_FRAME_REQ_DATA : TH_FRAME_RES_DATA;
}

static void put_body(uint32_t exchange, enum th_redact_side side, const struct th_emit_h1 *h)
{
	if (h->body.n) {
		th_emit_data(exchange, data_of(side), h->body_flags, h->body);
	}
}

/* A plain head goes from the agent's memory to the writer, but for what is replaced. */
static bool put_plain(uint8_t type, uint32_t exchange, enum th_redact_side side,
	const struct th_out *fixed, const struct th_emit_h1 *h)
{
	const struct th_redaction *how = side == TH_REDACT_REQUEST ? th_process_redaction()
								   : th_process_answers();
	struct th_redact_parts parts;
	if (!h->head.lines ||
		!th_redact_lines(how, side, h->head.bytes, h->head.lines, h->memory, &parts)) {
		return false;
	}
	const uint8_t flags = h->flags | (parts.redacted ? TH_FRAME_REDACTED : 0);
	parts.part[0] = (struct iovec){fixed->p, fixed->n};
	if (h->body.n) {
		th_process_put_with_data(type, flags, exchange, parts.part, parts.n, data_of(side),
			h->body_flags, h->body);
	} else {
		th_process_put(type, flags, exchange, parts.part, parts.n);
	}
	return true;
}

void th_emit_req_head_h1(struct th_conn *c, uint32_t exchange, const struct th_emit_h1 *h)
{
	uint8_t buf[REQ_HEAD_FIXED];
	struct th_out fixed = {buf, sizeof(buf), 0, false};
	const struct th_slice head = h->head.bytes;
	out_req_fixed(&fixed, c, 0, h->version, TH_HEAD_H1);
	if (put_plain(TH_FRAME_REQ_HEAD, exchange, TH_REDACT_REQUEST, &fixed, h)) {
		return;
	}
	size_t size = th_redact_bound(head.n);
	uint8_t *p = th_pool_room(size);
	if (p) {
		bool redacted = false;
		size_t n = th_redact_h1_head(th_process_redaction(), head, p, &redacted);
		put_split(TH_FRAME_REQ_HEAD, h->flags | (redacted ? TH_FRAME_REDACTED : 0),
			exchange, &fixed, (struct th_slice){p, n});
		th_pool_free(p, size);
	} else {
		th_emit_lost(1, head.n, "no memory to redact a request head");
	}
	put_body(exchange, TH_REDACT_REQUEST, h);
}

void th_emit_req_head_list(struct th_conn *c, uint32_t exchange, uint32_t stream, uint8_t flags,
	const struct th_field_list *l)
{
	uint8_t buf[REQ_HEAD_FIXED];
	struct th_out fixed = {buf, sizeof(buf), 0, false};
	out_req_fixed(&fixed, c, stream, VERSION_2, TH_HEAD_LIST);
	flags |= l->redacted ? TH_FRAME_REDACTED : 0;
	put_split(
		TH_FRAME_REQ_HEAD, flags, exchange, &fixed, (struct th_slice){l->out.p, l->out.n});
}

void th_emit_res_head_h1(uint32_t exchange, uint8_t type, const struct th_emit_h1 *h)
{
	uint8_t buf[RES_HEAD_FIXED] = {h->version, TH_HEAD_H1, 0, 0};
	const struct th_out fixed = {buf, sizeof(buf), sizeof(buf), false};
	const struct th_slice lines = h->head.bytes;
	if (put_plain(type, exchange, TH_REDACT_RESPONSE, &fixed, h)) {
		return;
	}
	size_t size = th_redact_bound(lines.n);
	uint8_t *p = th_pool_room(size);
	if (p) {
		bool redacted = false;
		size_t n = th_redact_h1_lines(
			th_process_answers(), TH_REDACT_RESPONSE, lines, p, &redacted);
		put_split(type, h->flags | (redacted ? TH_FRAME_REDACTED : 0), exchange, &fixed,
			(struct th_slice){p, n});
		th_pool_free(p, size);
	} else {
		th_emit_lost(1, lines.n, "no memory to redact a response head");
	}
	put_body(exchange, TH_REDACT_RESPONSE, h);
}

void th_emit_h1_trailer(uint32_t exchange, uint8_t type, uint8_t flags, struct th_slice section)
{
	size_t size = th_redact_bound(section.n);
	uint8_t *p = th_pool_room(size);
	if (!p) {
		th_emit_lost(1, section.n, "no memory to redact a trailer");
		return;
	}
	bool redacted = false;
	enum th_redact_side side = type == TH_FRAME_REQ_DATA ? TH_REDACT_REQUEST
							     : TH_REDACT_RESPONSE;
	size_t n = th_redact_h1_lines(th_process_answers(), side, section, p, &redacted);
	flags |= redacted ? TH_FRAME_REDACTED : 0;
	th_emit_data(exchange, type, flags, (struct th_slice){p, n});
	th_pool_free(p, size);
}

void th_emit_res_head_list(
	uint32_t exchange, uint8_t type, uint8_t flags, const struct th_field_list *l)
{
	uint8_t buf[RES_HEAD_FIXED] = {VERSION_2, TH_HEAD_LIST, 0, 0};
	const struct th_out fixed = {buf, sizeof(buf), sizeof(buf), false};
	flags |= l->redacted ? TH_FRAME_REDACTED : 0;
	put_split(type, flags, exchange, &fixed, (struct th_slice){l->out.p, l->out.n});
}

void th_emit_trailer(uint32_t exchange, uint8_t type, uint8_t flags, const struct th_field_list *l)
{
	th_emit_res_head_list(exchange, type, flags, l);
}

void th_emit_data(uint32_t exchange, uint8_t type, uint8_t flags, struct th_slice bytes)
{
	const struct th_out nothing = {NULL, 0, 0, false};
	const struct iovec part = {(void *)(uintptr_t)bytes.p, bytes.n};
	if (bytes.n <= TH_FRAME_PAYLOAD_MAX) {
		th_process_put(type, flags, exchange, &part, 1);
	} else {
		put_split(type, flags, exchange, &nothing, bytes);
	}
}

void th_emit_body_hash(uint32_t exchange, uint8_t type, bool whole, uint64_t bytes,
	const uint8_t sha256[TH_SHA256_BYTES])
{
	uint8_t buf[48];
	struct th_out out = {buf, sizeof(buf), 0, false};
	th_out_u8(&out, type == TH_FRAME_RES_DATA);
	th_out_u8(&out, whole);
	th_out_u16(&out, 0);
	th_out_u32(&out, 0);
	th_out_u64(&out, bytes);
	th_out_bytes(&out, sha256, TH_SHA256_BYTES);
	put(TH_FRAME_BODY_HASH, 0, exchange, &out, (struct th_slice){NULL, 0});
}

void th_emit_data_at(
	uint32_t exchange, uint8_t type, uint8_t flags, struct th_slice bytes, uint64_t time)
{
	const uint8_t last = flags & TH_FRAME_LAST;
	while (bytes.n > TH_FRAME_PAYLOAD_MAX) {
		const struct iovec part = {(void *)(uintptr_t)bytes.p, TH_FRAME_PAYLOAD_MAX};
		th_process_put_at(type, flags & (uint8_t)~last, exchange, time, &part, 1);
		bytes.p += TH_FRAME_PAYLOAD_MAX;
		bytes.n -= TH_FRAME_PAYLOAD_MAX;
	}
	const struct iovec part = {(void *)(uintptr_t)bytes.p, bytes.n};
	th_process_put_at(type, flags, exchange, time, &part, 1);
}

void th_emit_end(uint32_t exchange, uint8_t type, enum th_end how, uint32_t code)
{
	uint8_t buf[8];
	struct th_out out = {buf, sizeof(buf), 0, false};
	th_out_u32(&out, (uint32_t)how);
	th_out_u32(&out, code);
	put(type, 0, exchange, &out, (struct th_slice){NULL, 0});
}

void th_emit_lost(uint64_t events, uint64_t bytes, const char *reason)
{
	uint8_t buf[128];
	struct th_out out = {buf, sizeof(buf), 0, false};
	th_out_u64(&out, events);
	th_out_u64(&out, bytes);
	th_out_str16(&out, th_slice_str(reason));
	put(TH_FRAME_LOST, 0, 0, &out, (struct th_slice){NULL, 0});
}

void th_field_list_add(
	struct th_field_list *l, bool request, struct th_slice name, struct th_slice value)
{
	struct th_out *out = &l->out;
	size_t fixed = 2 + 4 + name.n;
	size_t bound = th_redact_bound(value.n);
	if (out->failed || out->cap - out->n < fixed + bound || name.n > UINT16_MAX) {
		out->failed = true;
		return;
	}
	uint8_t *at = out->p + out->n;
	const uint16_t name_n = (uint16_t)name.n;
	size_t n = th_redact_field(request ? th_process_redaction() : th_process_answers(),
		request ? TH_REDACT_REQUEST : TH_REDACT_RESPONSE, name, value, at + fixed,
		&l->redacted);
	const uint32_t value_n = (uint32_t)n;
	memcpy(at, &name_n, sizeof(name_n));
	memcpy(at + 2, &value_n, sizeof(value_n));
	if (name.n) {
		memcpy(at + 6, name.p, name.n);
	}
	out->n += fixed + n;
}
