/* HTTP Archive 1.2, one page-less log of all exchanges: for the network panels of browsers and for
 * every tool that reads HAR. Source: the HAR 1.2 specification (Odvarka, W3C draft). Fields of our
 * own begin with an underscore. What is not known is -1, as it says. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "tools/body.h"
#include "tools/export/export.h"
#include "tools/tools.h"
#include "tools/units.h"

static void put_date(struct th_jout *j, const char *key, uint64_t ns)
{
	char text[TH_UNITS_TEXT + 8];
	th_jout_put_text(j, key, th_units_iso(text, ns));
}

static void put_pair(struct th_jout *j, struct th_slice name, struct th_slice value)
{
	th_jout_open(j, '{');
	th_jout_key(j, "name");
	th_jout_string(j, name);
	th_jout_key(j, "value");
	th_jout_string(j, value);
	th_jout_close(j, '}');
}

static void put_headers(struct th_jout *j, const struct th_head *h)
{
	struct th_field f;
	size_t pos = 0;
	th_jout_key(j, "headers");
	th_jout_open(j, '[');
	while (h->bytes.n && th_head_next(h, &pos, &f)) {
		if (!h->list || !f.name.n || f.name.p[0] != ':') {
			put_pair(j, f.name, f.value);
		}
	}
	th_jout_close(j, ']');
}

/* The part up to the mark, or all of it; the rest stays in *rest. */
static struct th_slice split(struct th_slice *rest, char mark)
{
	const uint8_t *at = rest->n ? memchr(rest->p, mark, rest->n) : NULL;
	struct th_slice part = {rest->p, at ? (size_t)(at - rest->p) : rest->n};
	size_t skip = part.n + (at != NULL);
	rest->p += skip;
	rest->n -= skip;
	return part;
}

static void put_assignment(struct th_jout *j, struct th_slice pair)
{
	struct th_slice value = th_slice_trim(pair), name = split(&value, '=');
	if (name.n) {
		put_pair(j, name, value);
	}
}

/* Cookie has many to a field, Set-Cookie one, before its attributes. */
static void put_cookies(struct th_jout *j, const struct th_head *h, const char *field)
{
	struct th_field f;
	size_t pos = 0;
	bool many = strcmp(field, "cookie") == 0;
	th_jout_key(j, "cookies");
	th_jout_open(j, '[');
	while (h->bytes.n && th_head_next(h, &pos, &f)) {
		if (!th_slice_ieq(f.name, th_slice_str(field))) {
			continue;
		}
		do {
			put_assignment(j, split(&f.value, ';'));
		} while (many && f.value.n);
	}
	th_jout_close(j, ']');
}

static void put_query(struct th_jout *j, struct th_slice target)
{
	split(&target, '?');
	th_jout_key(j, "queryString");
	th_jout_open(j, '[');
	while (target.n) {
		put_assignment(j, split(&target, '&'));
	}
	th_jout_close(j, ']');
}

static void put_version(struct th_jout *j, const struct th_message *m)
{
	th_auto_free char *text = th_tool_format(
		"HTTP/%s", m->present ? th_http_version(m->version) : "1.1");
	th_jout_put_text(j, "httpVersion", text);
}

static void put_body_text(struct th_jout *j, const struct th_body *b, const char *encoding)
{
	th_jout_key(j, "mimeType");
	th_jout_string(j, b->type);
	if (!b->n) {
		return;
	}
	if (b->trouble) {
		th_auto_free char *comment = th_tool_format("the body is %s", b->trouble);
		th_jout_put_text(j, "comment", comment);
	}
	th_jout_key(j, "text");
	if (b->text) {
		th_jout_string(j, th_body_slice(b));
	} else {
		th_jout_base64(j, th_body_slice(b));
		th_jout_put_text(j, encoding, "base64");
	}
}

static void put_request(struct th_jout *j, const struct th_exchange *x)
{
	th_auto_free char *url = th_http_url(x);
	th_jout_key(j, "request");
	th_jout_open(j, '{');
	th_jout_key(j, "method");
	th_jout_string(j, th_http_method(x));
	th_jout_put_text(j, "url", url ? url : "");
	put_version(j, &x->request);
	put_cookies(j, &x->request.head, "cookie");
	put_headers(j, &x->request.head);
	put_query(j, th_http_target(x));
	if (x->request.body_bytes) {
		struct th_body b = th_body_load(&x->request);
		th_jout_key(j, "postData");
		th_jout_open(j, '{');
		put_body_text(j, &b, "_encoding"); /* 1.2 has none for requests */
		th_jout_key(j, "params");
		th_jout_open(j, '[');
		th_jout_close(j, ']');
		th_jout_close(j, '}');
		th_body_finish(&b);
	}
	th_jout_put_u64(j, "headersSize", x->request.head.list ? 0 : x->request.head.bytes.n);
	th_jout_put_u64(j, "bodySize", th_message_bytes(&x->request));
	th_jout_close(j, '}');
}

static void put_content(struct th_jout *j, const struct th_exchange *x)
{
	struct th_body b = th_body_load(&x->response);
	th_jout_key(j, "content");
	th_jout_open(j, '{');
	th_jout_put_u64(j, "size", b.n);
	put_body_text(j, &b, "encoding");
	th_jout_close(j, '}');
	th_body_finish(&b);
}

static void put_response(struct th_jout *j, const struct th_exchange *x)
{
	struct th_slice version, reason = {NULL, 0}, location = {NULL, 0};
	const struct th_head *h = &x->response.head;
	uint16_t status;
	if (h->bytes.n && !h->list) {
		th_h1_status_line(h->bytes, &version, &status, &reason);
	}
	if (h->bytes.n) {
		th_head_get(h, "location", &location);
	}
	th_jout_key(j, "response");
	th_jout_open(j, '{');
	th_jout_put_u64(j, "status", th_http_status(x));
	th_jout_key(j, "statusText");
	th_jout_string(j, reason);
	put_version(j, &x->response);
	put_cookies(j, h, "set-cookie");
	put_headers(j, h);
	put_content(j, x);
	th_jout_key(j, "redirectURL");
	th_jout_string(j, location);
	th_jout_put_u64(j, "headersSize", h->list ? 0 : h->bytes.n);
	th_jout_put_u64(j, "bodySize", th_message_bytes(&x->response));
	th_jout_close(j, '}');
}

static double ms(uint64_t from, uint64_t to)
{
	return to > from ? (double)(to - from) / 1e6 : 0;
}

static void put_time(struct th_jout *j, const char *key, double v)
{
	th_jout_key(j, key);
	th_jout_double(j, v);
}

static void put_times(struct th_jout *j, const struct th_exchange *x)
{
	const struct th_message *q = &x->request, *a = &x->response;
	bool answered = a->present;
	double send = ms(q->began, q->ended), wait = answered ? ms(q->ended, a->began) : 0;
	double receive = answered ? ms(a->began, a->ended) : 0;
	put_time(j, "time", send + wait + receive);
	th_jout_key(j, "timings");
	th_jout_open(j, '{');
	put_time(j, "blocked", -1);
	put_time(j, "dns", -1);
	put_time(j, "connect", -1);
	put_time(j, "ssl", -1);
	put_time(j, "send", send);
	put_time(j, "wait", wait);
	put_time(j, "receive", receive);
	th_jout_close(j, '}');
}

static void put_meaning(struct th_jout *j, const struct th_span_facts *f)
{
	th_jout_key(j, "_traceId");
	th_jout_hex(j, f->run->trace_id, TH_TRACE_ID_BYTES);
	th_jout_key(j, "_spanId");
	th_jout_hex(j, th_span_id(f), TH_SPAN_ID_BYTES);
	th_jout_put_text(j, "_status", f->status);
	th_jout_put_text(j, "_error", *f->why ? f->why : NULL);
	if (f->call) {
		th_jout_key(j, "_gen_ai");
		th_jout_open(j, '{');
		th_jout_put_text(j, "operation", th_otel_operation(f->call));
		th_jout_put_text(j, "provider", f->call->provider);
		th_jout_put_text(j, "model", th_call_model(f->call));
		th_jout_put_known(j, "input_tokens", f->call->tokens.input.n);
		th_jout_put_known(j, "output_tokens", f->call->tokens.output.n);
		th_jout_close(j, '}');
	}
}

static void put_entry(struct th_jout *j, const struct th_span_facts *f)
{
	const struct th_exchange *x = f->event.exchange;
	char address[64];
	th_jout_open(j, '{');
	put_date(j, "startedDateTime", f->start);
	put_request(j, x);
	put_response(j, x);
	th_jout_key(j, "cache");
	th_jout_open(j, '{');
	th_jout_close(j, '}');
	put_times(j, x);
	if (x->connection) {
		th_auto_free char *number = th_tool_format("%u", x->connection->id);
		th_jout_put_text(j, "serverIPAddress",
			th_events_address(address, x->connection->family, x->connection->address));
		th_jout_put_text(j, "connection", number);
	}
	put_meaning(j, f);
	th_jout_close(j, '}');
}

int th_export_har(const struct th_export *e, const struct th_view_runs *runs)
{
	struct th_jout j = {.out = e->out};
	th_jout_open(&j, '{');
	th_jout_key(&j, "log");
	th_jout_open(&j, '{');
	th_jout_put_text(&j, "version", "1.2");
	th_jout_key(&j, "creator");
	th_jout_open(&j, '{');
	th_jout_put_text(&j, "name", "tracehook");
	th_jout_put_text(&j, "version", TH_VERSION);
	th_jout_close(&j, '}');
	th_jout_key(&j, "pages");
	th_jout_open(&j, '[');
	th_jout_close(&j, ']');
	th_jout_key(&j, "entries");
	th_jout_open(&j, '[');
	for (size_t r = 0; r < runs->n; r++) {
		for (size_t i = 0; i < runs->runs[r].spans.n; i++) {
			const struct th_span_facts *f = &runs->runs[r].spans.spans[i];
			if (runs->runs[r].shown[i] && f->event.kind == TH_EVENT_EXCHANGE) {
				put_entry(&j, f);
			}
		}
	}
	th_jout_close(&j, ']');
	th_jout_close(&j, '}');
	th_jout_close(&j, '}');
	fputc('\n', e->out);
	return TH_EXIT_OK;
}
