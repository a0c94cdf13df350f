#include "emit_double.h"

#include "recorder/process.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

struct th_emit_double th_emitted;

static const char *const type_names[] = {
	[TH_FRAME_REQ_HEAD] = "REQ_HEAD",
	[TH_FRAME_REQ_DATA] = "REQ_DATA",
	[TH_FRAME_REQ_TRAILER] = "REQ_TRAILER",
	[TH_FRAME_REQ_END] = "REQ_END",
	[TH_FRAME_RES_INFO] = "RES_INFO",
	[TH_FRAME_RES_HEAD] = "RES_HEAD",
	[TH_FRAME_RES_DATA] = "RES_DATA",
	[TH_FRAME_RES_TRAILER] = "RES_TRAILER",
	[TH_FRAME_RES_END] = "RES_END",
};

/* Clears what was used: fuzz targets do this a million times. */
void th_emitted_reset(void)
{
	struct th_emit_double *e = &th_emitted;
	uint32_t used = e->exchanges < TH_EMIT_DOUBLE_EXCHANGES ? e->exchanges + 1
								: TH_EMIT_DOUBLE_EXCHANGES;
	memset(e->side, 0, used * sizeof(e->side[0]));
	e->text[0] = 0;
	e->n = 0;
	e->exchanges = e->open_data = 0;
	e->frames = e->lost_events = 0;
}

__attribute__((format(printf, 1, 2))) static void say(const char *format, ...)
{
	if (th_emitted.quiet) {
		return;
	}
	size_t room = sizeof(th_emitted.text) - th_emitted.n;
	va_list args;
	va_start(args, format);
	int n = vsnprintf(th_emitted.text + th_emitted.n, room, format, args);
	va_end(args);
	assert(n >= 0);
	th_emitted.n += (size_t)n < room ? (size_t)n : room - 1;
}

/* NUL, which would end the text, is shown as '?'. */
static void say_bytes(struct th_slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		say("%c", s.p[i] ? s.p[i] : '?');
	}
}

static void close_data(void)
{
	if (th_emitted.open_data) {
		say("\n");
		th_emitted.open_data = 0;
	}
}

static bool is_end(uint8_t type, uint8_t flags)
{
	switch (type) {
	case TH_FRAME_RES_INFO:
		return false;
	case TH_FRAME_REQ_HEAD:
	case TH_FRAME_RES_HEAD:
		return flags & TH_FRAME_BODILESS;
	case TH_FRAME_REQ_END:
	case TH_FRAME_RES_END:
		return true;
	default:
		return flags & TH_FRAME_LAST;
	}
}

uint64_t th_emit_digest(uint64_t sum, const void *p, size_t n)
{
	const uint8_t *b = p;
	for (size_t i = 0; i < n; i++) {
		sum = (sum ^ (b[i] + 1u)) * 0x100000001b3;
	}
	return sum;
}

static void tell(uint64_t *story, const void *p, size_t n)
{
	*story = th_emit_digest(*story, p, n);
}

/* The end of one piece and the beginning of the next of the same kind are no part of the story. */
static void note(uint32_t exchange, uint8_t type, uint8_t flags, struct th_slice bytes)
{
	assert(exchange > 0 && exchange <= th_emitted.exchanges);
	if (exchange >= TH_EMIT_DOUBLE_EXCHANGES) {
		return;
	}
	__auto_type sides = th_emitted.side[exchange];
	__auto_type side = &sides[type >= TH_FRAME_RES_INFO];
	bool tunnel = type == TH_FRAME_REQ_DATA && sides[1].seen == TH_EMIT_OPEN;
	assert(side->seen != TH_EMIT_ENDED || tunnel);
	if (side->type != type) {
		tell(&side->story, &type, sizeof(type));
	}
	side->type = flags & TH_FRAME_LAST ? 0 : type;
	tell(&side->story, bytes.p, bytes.n);
	if (type == TH_FRAME_REQ_DATA || type == TH_FRAME_RES_DATA) {
		side->body += bytes.n;
		tell(&side->sum, bytes.p, bytes.n);
	}
	if (flags) {
		tell(&side->story, &flags, sizeof(flags));
	}
	if (side->seen != TH_EMIT_ENDED) {
		side->seen = is_end(type, flags) ? TH_EMIT_ENDED : TH_EMIT_OPEN;
	}
}

uint64_t th_emitted_story(void)
{
	uint64_t story = th_emitted.exchanges;
	for (uint32_t x = 1; x <= th_emitted.exchanges && x < TH_EMIT_DOUBLE_EXCHANGES; x++) {
		tell(&story, &th_emitted.side[x][0].story, sizeof(uint64_t));
		tell(&story, &th_emitted.side[x][1].story, sizeof(uint64_t));
	}
	tell(&story, &th_emitted.lost_events, sizeof(th_emitted.lost_events));
	return story;
}

void th_emitted_check_ended(void)
{
	for (uint32_t x = 1; x <= th_emitted.exchanges && x < TH_EMIT_DOUBLE_EXCHANGES; x++) {
		assert(th_emitted.side[x][0].seen != TH_EMIT_OPEN);
		assert(th_emitted.side[x][1].seen == TH_EMIT_ENDED);
	}
}

static void begin_line(uint32_t exchange, uint8_t type, uint8_t flags)
{
	close_data();
	th_emitted.frames++;
	say("%u %s%s%s", exchange, type_names[type], flags & TH_FRAME_LAST ? " LAST" : "",
		flags & TH_FRAME_BODILESS ? " BODILESS" : "");
}

static void say_fields(const struct th_field_list *l)
{
	assert(!l->out.failed);
	struct th_in in = {.p = l->out.p, .n = l->out.n};
	say("\n");
	while (in.n) {
		uint16_t name_n = th_in_u16(&in);
		uint32_t value_n = th_in_u32(&in);
		struct th_slice name = th_in_bytes(&in, name_n);
		struct th_slice value = th_in_bytes(&in, value_n);
		assert(!in.failed);
		say("  ");
		say_bytes(name);
		say(": ");
		say_bytes(value);
		say("\n");
	}
}

void th_field_list_add(
	struct th_field_list *l, bool request, struct th_slice name, struct th_slice value)
{
	if (request && th_slice_eq(name, TH_SLICE_LIT("authorization"))) {
		value = TH_SLICE_LIT("(redacted)");
		l->redacted = true;
	}
	th_out_u16(&l->out, (uint16_t)name.n);
	th_out_u32(&l->out, (uint32_t)value.n);
	th_out_bytes(&l->out, name.p, name.n);
	th_out_bytes(&l->out, value.p, value.n);
}

uint32_t th_emit_begin(struct th_conn *c)
{
	return ++th_emitted.exchanges;
}

/* A piece of something that may come in pieces: runs together with the one before it. */
static void say_piece(uint32_t exchange, uint8_t type, uint8_t flags, struct th_slice bytes)
{
	if (th_emitted.open_data != exchange || th_emitted.open_data_type != type) {
		begin_line(exchange, type, 0);
		say(" ");
		th_emitted.open_data = exchange;
		th_emitted.open_data_type = type;
	}
	note(exchange, type, flags, bytes);
	say_bytes(bytes);
	if (flags & TH_FRAME_LAST) {
		say(" LAST%s", flags & TH_FRAME_BODILESS ? " BODILESS" : "");
		close_data();
	}
}

static void say_body(uint32_t exchange, uint8_t type, const struct th_emit_h1 *h)
{
	assert(h->body.n <= TH_FRAME_PAYLOAD_MAX);
	if (h->body.n) {
		say_piece(exchange, type, h->body_flags, h->body);
	}
}

void th_emit_req_head_h1(struct th_conn *c, uint32_t exchange, const struct th_emit_h1 *h)
{
	assert(h->flags & TH_FRAME_LAST);
	say_piece(exchange, TH_FRAME_REQ_HEAD, h->flags, h->head.bytes);
	say_body(exchange, TH_FRAME_REQ_DATA, h);
}

void th_emit_req_head_list(struct th_conn *c, uint32_t exchange, uint32_t stream, uint8_t flags,
	const struct th_field_list *l)
{
	note(exchange, TH_FRAME_REQ_HEAD, flags, (struct th_slice){l->out.p, l->out.n});
	begin_line(exchange, TH_FRAME_REQ_HEAD, flags);
	say(" stream %u%s", stream, l->redacted ? " redacted" : "");
	say_fields(l);
}

void th_emit_res_head_h1(uint32_t exchange, uint8_t type, const struct th_emit_h1 *h)
{
	say_piece(exchange, type, h->flags, h->head.bytes);
	say_body(exchange, TH_FRAME_RES_DATA, h);
}

void th_emit_res_head_list(
	uint32_t exchange, uint8_t type, uint8_t flags, const struct th_field_list *l)
{
	note(exchange, type, flags, (struct th_slice){l->out.p, l->out.n});
	begin_line(exchange, type, flags);
	say_fields(l);
}

void th_emit_trailer(uint32_t exchange, uint8_t type, uint8_t flags, const struct th_field_list *l)
{
	note(exchange, type, flags, (struct th_slice){l->out.p, l->out.n});
	begin_line(exchange, type, flags);
	say_fields(l);
}

void th_emit_data(uint32_t exchange, uint8_t type, uint8_t flags, struct th_slice bytes)
{
	assert(bytes.n || flags & TH_FRAME_LAST);
	say_piece(exchange, type, flags, bytes);
}

void th_emit_body_hash(uint32_t exchange, uint8_t type, bool whole, uint64_t bytes,
	const uint8_t sha256[TH_SHA256_BYTES])
{
	assert(!"no test here has bodies hashed");
}

void th_emit_data_at(
	uint32_t exchange, uint8_t type, uint8_t flags, struct th_slice bytes, uint64_t time)
{
	th_emit_data(exchange, type, flags, bytes);
}

const struct th_redaction *th_process_redaction(void)
{
	static const struct th_redaction none;
	return &none;
}

uint32_t th_process_next_sent(void)
{
	static uint32_t count;
	return ++count;
}

void th_recorder_trace_id(uint8_t ret_id[TH_TRACE_ID_BYTES])
{
	memset(ret_id, 0xaa, TH_TRACE_ID_BYTES);
}

void th_recorder_span_id(uint8_t ret_id[TH_SPAN_ID_BYTES])
{
	memset(ret_id, 0xa1, TH_SPAN_ID_BYTES);
}

bool th_conn_may_begin(struct th_conn_ref c)
{
	return false;
}

bool th_conn_rewrite(struct th_conn_ref c, struct th_slice in, struct th_rewrite *w)
{
	return false;
}

void th_emit_h1_trailer(uint32_t exchange, uint8_t type, uint8_t flags, struct th_slice section)
{
	th_emit_data(exchange, type, flags, section);
}

void th_emit_end(uint32_t exchange, uint8_t type, enum th_end how, uint32_t code)
{
	const uint32_t end[2] = {how, code};
	note(exchange, type, 0, (struct th_slice){(const uint8_t *)end, sizeof(end)});
	begin_line(exchange, type, 0);
	say(" %d %u\n", how, code);
}

void th_emit_lost(uint64_t events, uint64_t bytes, const char *reason)
{
	close_data();
	th_emitted.lost_events += events;
	say("LOST %llu %s\n", (unsigned long long)events, reason);
}

bool th_conn_switch(struct th_conn *c, uint8_t speaks, uint32_t exchange, struct th_slice rest)
{
	return false;
}
