#include "tools/exchange_text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "capture/redact.h"
#include "tools/body_text.h"
#include "tools/events.h"
#include "tools/exchange_json.h"
#include "tools/tools.h"
#include "tools/transfer_json.h"
#include "tools/units.h"
#include "tools/utf8.h"
#include "tools/ws_text.h"
#include "trace/http.h"
#include "trace/ws_talk.h"

#define REDACTED "th-redacted:"

struct page {
	FILE *out;
	bool colour;
};

static void put_toned(const struct page *p, const char *code, const char *text)
{
	fprintf(p->out, "%s%s%s", p->colour ? code : "", text, p->colour ? "\x1b[0m" : "");
}

#define BOLD "\x1b[1m"
#define DIM "\x1b[2m"
#define RED "\x1b[31m"

static void put_summary(const struct page *p, const struct th_run *run, const struct th_exchange *x)
{
	char run_id[33] = "", span_id[17] = "", address[64];
	th_hex_encode(run_id, run->trace_id, TH_TRACE_ID_BYTES);
	th_hex_encode(span_id, x->span_id, TH_SPAN_ID_BYTES);
	th_auto_free char *lane = th_events_lane(x->process, x->thread, x->connection);
	fprintf(p->out, "span %s  run %s  lane %s", span_id, run_id, lane);
	if (x->connection) {
		const struct th_connection *c = x->connection;
		th_events_address(address, c->family, c->address);
		bool v6 = c->family == 6;
		fprintf(p->out, "  peer %s%s%s", v6 ? "[" : "", *address ? address : "unknown",
			v6 ? "]" : "");
		if (c->port) {
			fprintf(p->out, ":%u", c->port);
		}
	}
	fputc('\n', p->out);
}

static void put_times(const struct page *p, const struct th_exchange *x)
{
	char date[TH_UNITS_TEXT + 8], text[TH_UNITS_TEXT];
	uint64_t began = x->request.present ? x->request.began : x->response.began;
	uint64_t end = th_exchange_end(x);
	uint64_t ttfb = th_http_status(x) ? th_http_ttfb(x) : 0;
	fputs(th_units_date(date, began), p->out);
	if (ttfb) {
		fprintf(p->out, "  first byte after %s", th_units_duration(text, ttfb));
	}
	if (end > began) {
		fprintf(p->out, "  took %s", th_units_duration(text, end - began));
	}
	if (x->redacted) { /* what rules masked or dropped carries no mark of its own */
		put_toned(p, DIM, "  redacted");
	}
	fputc('\n', p->out);
}

/* What the client library made of it, when more than one exchange belongs together. */
static void put_transfer(const struct page *p, const struct th_exchange *x)
{
	const struct th_transfer *t = x->transfer;
	if (!t) {
		return;
	}
	th_auto_free char *asked = th_text_line(t->asked.n ? t->asked : t->effective);
	fprintf(p->out, "libcurl was asked for %s", asked);
	if (t->steps > 1) {
		fprintf(p->out, ", step %u of %u", x->step, t->steps);
	}
	if (t->attempt > 1) {
		fprintf(p->out, ", attempt %u", t->attempt);
	}
	if (t->result > 0 && x == t->last) {
		th_auto_free char *error = th_text_line(t->error);
		fprintf(p->out, ", and failed: %s (%d)", error, t->result);
	}
	if (x->follows) {
		fprintf(p->out, "; follows #%zu: %s", x->follows->order + 1,
			th_transfer_why(x->why_follows));
	}
	fputc('\n', p->out);
}

static void put_title(const struct page *p, const struct th_run *run, const struct th_exchange *x)
{
	const char *why = "", *outcome = th_http_outcome(x, &why);
	th_auto_free char *url = th_http_url(x);
	th_auto_free char *safe_url = th_text_line(th_slice_str(url ? url : ""));
	th_auto_free char *method = th_text_line(th_http_method(x));
	th_auto_free char *title = th_tool_format(
		"#%zu  %s %s", x->order + 1, *method ? method : "?", safe_url);
	put_toned(p, BOLD, title);
	if (th_http_status(x)) {
		fprintf(p->out, "  %u", th_http_status(x));
	}
	if (strcmp(outcome, "ok") != 0) {
		fputs("  ", p->out);
		put_toned(p, RED, why && *why ? why : outcome);
	}
	fputc('\n', p->out);
	put_summary(p, run, x);
	put_times(p, x);
	put_transfer(p, x);
}

static struct th_slice first_line(struct th_slice head)
{
	while (head.n && (head.p[0] == '\r' || head.p[0] == '\n')) {
		head.p++;
		head.n--;
	}
	const uint8_t *end = head.n ? memchr(head.p, '\n', head.n) : NULL;
	size_t n = end ? (size_t)(end - head.p) : head.n;
	n -= n && head.p[n - 1] == '\r';
	return (struct th_slice){head.p, n};
}

static bool holds_redaction(struct th_slice s)
{
	return s.n && memmem(s.p, s.n, REDACTED, strlen(REDACTED));
}

static void put_line(const struct page *p, char mark, const char *name, struct th_slice value)
{
	th_auto_free char *text = th_text_line(value);
	fprintf(p->out, "%c %s%s%s", mark, name ? name : "", name ? ": " : "", text);
	if (holds_redaction(value)) {
		put_toned(p, DIM, "  [redacted]");
	}
	fputc('\n', p->out);
}

static void put_fields(const struct page *p, char mark, const struct th_head *h)
{
	struct th_field f;
	size_t pos = 0;
	while (h->bytes.n && th_head_next(h, &pos, &f)) {
		th_auto_free char *name = th_text_line(f.name);
		put_line(p, mark, name, f.value);
	}
}

static void put_head(const struct page *p, char mark, const struct th_head *h)
{
	if (!h->list && h->bytes.n) {
		put_line(p, mark, NULL, first_line(h->bytes));
	}
	put_fields(p, mark, h);
}

static char *end_words(const struct th_message *m)
{
	static const char *const words[] = {[TH_END_COMPLETE] = "complete",
		[TH_END_FIN] = "the peer closed the connection",
		[TH_END_NOTIFY] = "the peer closed the TLS session",
		[TH_END_RESET] = "the connection was reset",
		[TH_END_STREAM_RESET] = "the peer reset the stream",
		[TH_END_LOCAL] = "the program closed the connection",
		[TH_END_LOCAL_RESET] = "the program reset the stream",
		[TH_END_GOAWAY] = "the peer did not process it (GOAWAY)",
		[TH_END_ERROR] = "the transport failed",
		[TH_END_UNPARSED] = "what came was not HTTP",
		[TH_END_TLS] = "the TLS handshake failed",
		[TH_END_WITHHELD] = "the body was withheld by redaction rules",
		[TH_END_ALERT] = "the peer ended the TLS session by an alert"};
	if (!m->finished || (size_t)m->end >= sizeof(words) / sizeof(words[0])) {
		return th_tool_format("nothing more was recorded");
	}
	if (m->end == TH_END_ERROR && m->end_code) {
		return th_tool_format("%s: %s", words[m->end], strerror((int)m->end_code));
	}
	bool coded = m->end == TH_END_STREAM_RESET || m->end == TH_END_LOCAL_RESET ||
		m->end == TH_END_GOAWAY || m->end == TH_END_ALERT;
	return coded ? th_tool_format("%s, code %u", words[m->end], m->end_code)
		     : th_tool_format("%s", words[m->end]);
}

static void put_remark(const struct page *p, const char *side, const char *what, const char *why)
{
	th_auto_free char *line = th_tool_format("-- %s %s%s%s", what, side, *why ? ": " : "", why);
	put_toned(p, RED, line);
	fputc('\n', p->out);
}

/* How a message ended, when that is worth a line. */
static void put_end(const struct page *p, const char *side, const struct th_message *m)
{
	if (th_http_truncated(m)) {
		th_auto_free char *why = end_words(m);
		put_remark(p, side, "cut", why);
	}
}

static void put_hash(const struct page *p, const struct th_message *m)
{
	char hex[2 * 32 + 1] = "";
	if (m->sha256) {
		th_hex_encode(hex, m->sha256, 32);
		fprintf(p->out,
			"\n(not kept: TRACEHOOK_BODY=hash; %" PRIu64 " bytes, SHA-256 %s)\n",
			m->hashed_bytes, hex);
	}
}

static void put_message(const struct page *p, const struct th_exchange *x, char mark,
	const char *side, const struct th_message *m)
{
	uint64_t start = x->request.present ? x->request.began : x->response.began;
	fputc('\n', p->out);
	if (!m->head.bytes.n) {
		th_auto_free char *why = m->present ? end_words(m) : th_tool_format("%s", "");
		put_remark(p, side, "no", why);
		return;
	}
	put_head(p, mark, &m->head);
	if (m->body_bytes && !th_ws_is(x)) {
		fputc('\n', p->out);
		th_body_text(p->out, m, start);
	}
	put_hash(p, m);
	if (m->trailer.bytes.n) {
		fputc('\n', p->out);
		put_fields(p, mark, &m->trailer);
	}
	if (mark == '<' && th_ws_is(x)) {
		fputc('\n', p->out);
		th_ws_text(p->out, x, start);
	}
	put_end(p, side, m);
}

void th_exchange_text_title(
	FILE *out, const struct th_run *run, const struct th_exchange *x, bool colour)
{
	const struct page p = {.out = out, .colour = colour};
	put_title(&p, run, x);
}

void th_exchange_text_end(FILE *out, const struct th_exchange *x, bool colour)
{
	const struct page p = {.out = out, .colour = colour};
	if (x->response.head.bytes.n) {
		put_end(&p, "response", &x->response);
	} else {
		th_auto_free char *why = x->response.present ? end_words(&x->response)
							     : th_tool_format("%s", "");
		put_remark(&p, "response", "no", why);
	}
}

void th_exchange_text(FILE *out, const struct th_run *run, const struct th_exchange *x, bool colour)
{
	struct page p = {.out = out, .colour = colour};
	put_title(&p, run, x);
	put_message(&p, x, '>', "request", &x->request);
	for (size_t i = 0; i < x->n_interim; i++) {
		fputc('\n', out);
		put_head(&p, '<', &x->interim[i].head);
	}
	put_message(&p, x, '<', "response", &x->response);
}
