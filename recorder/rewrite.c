/* See rewrite.h. The span id that is sent along is made of a count and a hash of it under the
 * process's span id: so a reader knows it for ours (trace/collect_exchange.c), and the span of the
 * exchange bears it; no frame says so, and requests need no number before they are sent. */
#include "recorder/rewrite.h"

#include "base/pool.h"
#include "base/text.h"
#include "capture/span_made.h"
#include "recorder/conn.h"
#include "recorder/process.h"

#define LIST_MAX 512 /* a longer tracestate or baggage is left out */

static struct {
	char tracestate[LIST_MAX + 1], baggage[LIST_MAX + 1];
} inherited;

/* Fit for a header field (RFC 9110 5.5), so that nobody's environment adds a line of its own. */
static void take_list(char *to, const char *from)
{
	size_t n = 0;
	to[0] = '\0';
	for (; from && from[n]; n++) {
		if (n == LIST_MAX || from[n] < ' ' || from[n] > '~') {
			return;
		}
	}
	if (n) {
		memcpy(to, from, n);
	}
	to[n] = '\0';
}

void th_rewrite_start(const char *tracestate, const char *baggage)
{
	take_list(inherited.tracestate, tracestate);
	take_list(inherited.baggage, baggage);
}

/* ---- text ---- */

unsigned th_rewrite_field(struct th_slice name)
{
	if (th_slice_ieq(name, TH_SLICE_LIT("traceparent"))) {
		return TH_REWRITE_TRACEPARENT;
	}
	if (th_slice_ieq(name, TH_SLICE_LIT("tracestate"))) {
		return TH_REWRITE_TRACESTATE;
	}
	return th_slice_ieq(name, TH_SLICE_LIT("baggage")) ? TH_REWRITE_BAGGAGE : 0;
}

/* "00-<trace id>-<span id>-01" */
static struct th_slice traceparent(char text[56])
{
	uint8_t trace[TH_TRACE_ID_BYTES], process[TH_SPAN_ID_BYTES], span[TH_SPAN_ID_BYTES];
	th_recorder_trace_id(trace);
	th_recorder_span_id(process);
	th_span_made(process, th_process_next_sent(), span);
	memcpy(text, "00-", 3);
	th_hex_encode(text + 3, trace, sizeof(trace));
	text[35] = '-';
	th_hex_encode(text + 36, span, sizeof(span));
	memcpy(text + 52, "-01", 4);
	return th_slice_str(text);
}

static void put_line(struct th_out *out, struct th_slice name, struct th_slice value)
{
	th_out_bytes(out, name.p, name.n);
	th_out_bytes(out, ": ", 2);
	th_out_bytes(out, value.p, value.n);
	th_out_bytes(out, "\r\n", 2);
}

/* A string that is not Huffman-coded (RFC 7541 5.1, 5.2). */
static void put_string(struct th_out *out, struct th_slice s)
{
	size_t n = s.n;
	if (n < 127) {
		th_out_u8(out, (uint8_t)n);
	} else {
		th_out_u8(out, 127);
		for (n -= 127; n >= 128; n /= 128) {
			th_out_u8(out, (uint8_t)(n % 128 + 128));
		}
		th_out_u8(out, (uint8_t)n);
	}
	th_out_bytes(out, s.p, s.n);
}

static void put_literal(struct th_out *out, struct th_slice name, struct th_slice value)
{
	th_out_u8(out, 0); /* literal without indexing, new name */
	put_string(out, name);
	put_string(out, value);
}

static size_t put_fields(unsigned has, uint8_t *text,
	void (*put)(struct th_out *out, struct th_slice name, struct th_slice value))
{
	char parent[56];
	struct th_out out = {.p = text, .cap = TH_REWRITE_TEXT_MAX};
	put(&out, TH_SLICE_LIT("traceparent"), traceparent(parent));
	if (inherited.tracestate[0] && !(has & TH_REWRITE_TRACESTATE)) {
		put(&out, TH_SLICE_LIT("tracestate"), th_slice_str(inherited.tracestate));
	}
	if (inherited.baggage[0] && !(has & TH_REWRITE_BAGGAGE)) {
		put(&out, TH_SLICE_LIT("baggage"), th_slice_str(inherited.baggage));
	}
	return out.failed ? 0 : out.n;
}

size_t th_rewrite_lines(unsigned has, uint8_t *ret_text)
{
	return put_fields(has, ret_text, put_line);
}

size_t th_rewrite_literals(unsigned has, uint8_t *ret_text)
{
	return put_fields(has, ret_text, put_literal);
}

/* ---- what taps do ---- */

void th_rewrite_keep(struct th_rewrite *w, struct th_slice bytes)
{
	if (bytes.n) {
		memcpy(w->p + w->n, bytes.p, bytes.n);
		w->n += bytes.n;
		w->taken += bytes.n;
	}
}

bool th_rewrite_add(struct th_rewrite *w, size_t from, const uint8_t *text, size_t n)
{
	if (w->edits == TH_REWRITE_EDITS_MAX || n == 0) {
		return false;
	}
	memcpy(w->p + w->n, text, n);
	w->edit[w->edits].from = from;
	w->edit[w->edits].at = w->n;
	w->edit[w->edits++].to = w->n + n;
	w->n += n;
	return true;
}

/* ---- what senders ask ---- */

size_t th_rewrite_given(const struct th_rewrite *w, size_t sent)
{
	size_t added = 0;
	for (unsigned i = 0; i < w->edits && w->edit[i].at < sent; i++) {
		size_t end = w->edit[i].to < sent ? w->edit[i].to : sent;
		added += end - w->edit[i].at;
	}
	return sent - added;
}

bool th_rewrite_bound(const struct th_rewrite *w, size_t sent)
{
	for (unsigned i = 0; i < w->edits; i++) {
		if (sent > w->edit[i].from && sent < w->edit[i].to) {
			return true;
		}
	}
	return false;
}

/* The first bytes of the vector in one piece; `room` takes them when they are in several. */
static struct th_slice first_bytes(const struct iovec *iov, int count, uint8_t *room)
{
	struct th_out out = {.p = room, .cap = TH_REWRITE_IN_MAX};
	for (int i = 0; i < count && out.n < out.cap; i++) {
		size_t left = out.cap - out.n;
		th_out_bytes(&out, iov[i].iov_base, iov[i].iov_len < left ? iov[i].iov_len : left);
	}
	return (struct th_slice){room, out.n};
}

struct th_rewrite *th_rewrite_of(struct th_conn_ref c, const struct iovec *iov, int count)
{
	if (!th_conn_may_begin(c)) {
		return NULL;
	}
	struct th_rewrite *w = th_pool_alloc(sizeof(*w));
	uint8_t *room = th_pool_alloc(TH_REWRITE_IN_MAX);
	bool any = w && room && th_conn_rewrite(c, first_bytes(iov, count, room), w);
	th_pool_free(room, TH_REWRITE_IN_MAX);
	if (!any) {
		th_pool_free(w, sizeof(*w));
		return NULL;
	}
	return w;
}

void th_rewrite_free(struct th_rewrite *w)
{
	th_pool_free(w, sizeof(*w));
}
