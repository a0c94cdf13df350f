#include "tools/exchange_json.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "tools/body.h"
#include "tools/events.h"
#include "tools/meaning_json.h"
#include "tools/tools.h"
#include "tools/transfer_json.h"
#include "tools/ws_json.h"

uint64_t th_exchange_end(const struct th_exchange *x)
{
	uint64_t request = x->request.present ? x->request.ended : 0;
	uint64_t response = x->response.present ? x->response.ended : 0;
	return response > request ? response : request;
}

static uint64_t exchange_start(const struct th_exchange *x)
{
	return x->request.present ? x->request.began : x->response.began;
}

char *th_exchange_name(const struct th_exchange *x)
{
	struct th_slice method = th_http_method(x), target = th_http_target(x);
	const uint8_t *query = target.n ? memchr(target.p, '?', target.n) : NULL;
	size_t n = query ? (size_t)(query - target.p) : target.n;
	char *name = th_tool_alloc(method.n + 1 + n + 1);
	memcpy(name, method.n ? method.p : (const uint8_t *)"", method.n);
	name[method.n] = ' ';
	memcpy(name + method.n + 1, n ? target.p : (const uint8_t *)"", n);
	return name;
}

/* HTTP/2's pseudo-fields are no fields: method, url, host and status say the same. */
static void put_fields(struct th_jout *j, const char *key, const struct th_head *h)
{
	struct th_field f;
	size_t pos = 0;
	th_jout_key(j, key);
	th_jout_open(j, '[');
	while (h->bytes.n && th_head_next(h, &pos, &f)) {
		if (h->list && f.name.n && f.name.p[0] == ':') {
			continue;
		}
		th_jout_open(j, '[');
		th_jout_string(j, f.name);
		th_jout_string(j, f.value);
		th_jout_close(j, ']');
	}
	th_jout_close(j, ']');
}

/* Some of the message itself, not only its end, was recorded. */
static bool is_there(const struct th_message *m)
{
	return m->present && (m->head.bytes.n || m->n_pieces);
}

static void put_headers(struct th_jout *j, const char *side, const struct th_message *m)
{
	th_auto_free char *headers = th_tool_format("%s_headers", side);
	th_auto_free char *trailers = th_tool_format("%s_trailers", side);
	if (is_there(m)) {
		put_fields(j, headers, &m->head);
		put_fields(j, trailers, &m->trailer);
	} else {
		th_jout_put_null(j, headers);
		th_jout_put_null(j, trailers);
	}
}

/* SIDE_body or SIDE_body_base64, SIDE_body_trouble, and the hash under `hash_key`. */
static void put_body(
	struct th_jout *j, const char *side, const char *hash_key, const struct th_message *m)
{
	char hash[TH_BODY_HASH_CHARS];
	th_cleanup(th_body_finish) struct th_body b = {0};
	th_auto_free char *text = th_tool_format("%s_body", side);
	th_auto_free char *binary = th_tool_format("%s_body_base64", side);
	th_auto_free char *trouble = th_tool_format("%s_body_trouble", side);
	if (m->sha256) {
		char hex[2 * 32 + 1] = "";
		th_auto_free char *key = th_tool_format("%s_body_sha256", side);
		th_hex_encode(hex, m->sha256, 32);
		th_jout_put_text(j, key, hex);
	}
	if (!is_there(m) || m->sha256) {
		th_jout_put_null(j, text);
		th_jout_put_null(j, trouble);
		th_jout_put_null(j, hash_key);
		return;
	}
	b = th_body_load(m);
	th_jout_key(j, b.text ? text : binary);
	if (b.text) {
		th_jout_string(j, th_body_slice(&b));
	} else {
		th_jout_base64(j, th_body_slice(&b));
	}
	th_jout_put_text(j, trouble, b.trouble);
	if (b.limited) {
		th_jout_put_null(j, hash_key);
		return;
	}
	th_body_hash(&b, hash);
	th_jout_put_text(j, hash_key, hash);
}

static void put_chunk_times(struct th_jout *j, const struct th_exchange *x)
{
	uint64_t start = exchange_start(x);
	th_jout_put_u64(j, "chunks", x->response.n_pieces);
	th_jout_key(j, "chunk_times");
	th_jout_open(j, '[');
	for (size_t i = 0; i < x->response.n_pieces; i++) {
		const struct th_piece *p = &x->response.pieces[i];
		th_jout_open(j, '{');
		th_jout_put_u64(j, "t_ns", p->time > start ? p->time - start : 0);
		th_jout_put_u64(j, "bytes", p->bytes.n);
		th_jout_close(j, '}');
	}
	th_jout_close(j, ']');
}

static void put_interim(struct th_jout *j, const struct th_exchange *x)
{
	th_jout_key(j, "interim_statuses");
	th_jout_open(j, '[');
	for (size_t i = 0; i < x->n_interim; i++) {
		th_jout_u64(j, th_head_status(&x->interim[i].head));
	}
	th_jout_close(j, ']');
}

/* HTTP/2's error codes begin at 0 (NO_ERROR); of all others 0 is none. */
static bool has_code(const struct th_message *m)
{
	bool http2 = m->end == TH_END_STREAM_RESET || m->end == TH_END_LOCAL_RESET ||
		m->end == TH_END_GOAWAY;
	return m->end_code || http2 || m->end == TH_END_ALERT;
}

static void put_end(struct th_jout *j, const char *side, const struct th_message *m)
{
	th_auto_free char *end = th_tool_format("%s_end", side);
	th_auto_free char *code = th_tool_format("%s_end_code", side);
	bool known = m->present && m->finished;
	th_jout_put_text(j, end, known ? th_events_end_name(m->end) : NULL);
	if (known && has_code(m)) {
		th_jout_put_u64(j, code, m->end_code);
	} else {
		th_jout_put_null(j, code);
	}
}

static void put_identity(struct th_jout *j, const struct th_exchange *x)
{
	uint64_t start = exchange_start(x), end = th_exchange_end(x);
	const char *why = "";
	const char *status = th_http_outcome(x, &why);
	th_auto_free char *name = th_exchange_name(x);
	th_span_json_id(j, "span_id", x->span_id, sizeof(x->span_id));
	if (x->process) {
		th_span_json_id(j, "parent_span_id", x->process->span_id, TH_SPAN_ID_BYTES);
	} else {
		th_jout_put_null(j, "parent_span_id");
	}
	th_jout_put_text(j, "kind", "exchange");
	th_jout_put_text(j, "name", name);
	th_jout_put_u64(j, "number", x->order + 1);
	th_jout_put_u64(j, "start_unix_nano", start);
	th_jout_put_u64(j, "duration_ns", end > start ? end - start : 0);
	th_jout_put_text(j, "status", status);
	th_jout_put_text(j, "status_reason", why && *why ? why : NULL);
}

static void put_request_line(struct th_jout *j, const struct th_exchange *x)
{
	struct th_slice method = th_http_method(x);
	th_auto_free char *url = th_http_url(x);
	th_auto_free char *host = th_http_authority(x);
	th_jout_key(j, "method");
	if (method.n) {
		th_jout_string(j, method);
	} else {
		th_jout_null(j);
	}
	th_jout_put_text(j, "url", url);
	th_jout_put_text(j, "host", host);
	th_jout_put_text(j, "http_version",
		th_http_version(x->request.present ? x->request.version : x->response.version));
	th_jout_put_known(j, "response_status", th_http_status(x));
}

static void put_place(struct th_jout *j, const struct th_exchange *x)
{
	th_auto_free char *lane = th_events_lane(x->process, x->thread, x->connection);
	th_jout_put_text(j, "lane", lane);
	th_span_json_connection(j, x->connection);
	th_jout_put_known(j, "stream", x->stream);
	th_jout_key(j, "truncated");
	th_jout_bool(j, th_http_truncated(&x->request) || th_http_truncated(&x->response));
	th_jout_key(j, "redacted");
	th_jout_bool(j, x->redacted);
	put_end(j, "request", &x->request);
	put_end(j, "response", &x->response);
}

/* Trace context in the request: put in by the recorder, with the span's own id, or the agent's. */
static void put_context(struct th_jout *j, const struct th_exchange *x)
{
	th_jout_put_bool(j, "propagated", x->propagated);
	th_jout_key(j, "links");
	th_jout_open(j, '[');
	if (x->linked) {
		th_jout_open(j, '{');
		th_span_json_id(j, "trace_id", x->link_trace_id, TH_TRACE_ID_BYTES);
		th_span_json_id(j, "span_id", x->link_span_id, TH_SPAN_ID_BYTES);
		th_jout_close(j, '}');
	}
	th_jout_close(j, ']');
}

void th_exchange_json(struct th_jout *j, const struct th_exchange *x, const struct th_call *call)
{
	put_identity(j, x);
	th_meaning_json_exchange(j, x, call);
	put_request_line(j, x);
	th_jout_put_u64(j, "request_bytes", th_message_bytes(&x->request));
	th_jout_put_u64(j, "response_bytes", th_message_bytes(&x->response));
	th_jout_put_known(j, "ttfb_ns", th_http_status(x) ? th_http_ttfb(x) : 0);
	put_chunk_times(j, x);
	put_interim(j, x);
	put_place(j, x);
	put_context(j, x);
	th_transfer_json(j, x);
	put_headers(j, "request", &x->request);
	put_headers(j, "response", &x->response);
	put_body(j, "request", "input_hash", &x->request);
	put_body(j, "response", "output_hash", &x->response);
	th_ws_json(j, x, exchange_start(x));
}
