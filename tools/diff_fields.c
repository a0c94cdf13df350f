/* See diff_fields.h. A block list, as for requests (player/canon_fields.c): what was overlooked
 * shows as a difference, which is loud. */
#include "tools/diff_fields.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "player/canon_json.h"
#include "tools/body.h"
#include "tools/tools.h"
#include "wire/sse.h"

#define FIELDS_MAX 512

static const char time_of_day[] = "the time of day";
static const char tracing[] = "names one call of one run";
static const char load[] = "tells of the server's load or of a quota, not of the answer";
static const char hop[] = "belongs to the connection";
static const char framing[] = "framing: the body itself is compared";

/* A name that ends in '*' stands for every name that begins so. */
static const struct {
	const char *name, *why;
} ignored[] = {
	{"date", time_of_day},
	{"expires", time_of_day},
	{"last-modified", time_of_day},
	{"age", time_of_day},
	{"x-request-id", tracing},
	{"request-id", tracing},
	{"x-amzn-requestid", tracing},
	{"x-amzn-trace-id", tracing},
	{"x-ms-request-id", tracing},
	{"apim-request-id", tracing},
	{"x-cloud-trace-context", tracing},
	{"traceparent", tracing},
	{"cf-ray", tracing},
	{"x-served-by", tracing},
	{"x-timer", load},
	{"server-timing", load},
	{"openai-processing-ms", load},
	{"x-envoy-upstream-service-time", load},
	{"x-ratelimit-*", load},
	{"anthropic-ratelimit-*", load},
	{"set-cookie", "a session's secret, kept as a hash that differs each time"},
	{"report-to", tracing},
	{"nel", tracing},
	{"connection", hop},
	{"keep-alive", hop},
	{"alt-svc", hop},
	{"content-length", framing},
	{"transfer-encoding", framing},
	{"content-encoding", framing},
};

const char *th_diff_field_ignored(struct th_slice name)
{
	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++) {
		struct th_slice entry = th_slice_str(ignored[i].name);
		bool family = entry.p[entry.n - 1] == '*';
		struct th_slice head = name;
		if (family) {
			entry.n--;
			head.n = head.n < entry.n ? head.n : entry.n;
		}
		if (th_slice_ieq(head, entry)) {
			return ignored[i].why;
		}
	}
	return NULL;
}

static int compare_names(struct th_slice a, struct th_slice b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	for (size_t i = 0; i < n; i++) {
		int d = th_lower(a.p[i]) - th_lower(b.p[i]);
		if (d) {
			return d;
		}
	}
	return (a.n > b.n) - (a.n < b.n);
}

/* Insertion keeps the order of equal names, and answers have few fields. */
static size_t gather(const struct th_head *head, bool exact, struct th_field *fields)
{
	struct th_field f;
	size_t pos = 0, n = 0;
	while (n < FIELDS_MAX && th_head_next(head, &pos, &f)) {
		if ((f.name.n && f.name.p[0] == ':') || (!exact && th_diff_field_ignored(f.name))) {
			continue;
		}
		size_t i = n++;
		while (i > 0 && compare_names(fields[i - 1].name, f.name) > 0) {
			fields[i] = fields[i - 1];
			i--;
		}
		fields[i] = f;
	}
	return n;
}

void th_diff_fields(const struct th_head *head, bool exact, struct th_buf *out)
{
	struct th_field fields[FIELDS_MAX];
	size_t n = gather(head, exact, fields);
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < fields[i].name.n; k++) {
			th_buf_u8(out, th_lower(fields[i].name.p[k]));
		}
		th_buf_str(out, ": ");
		th_buf_slice(out, fields[i].value);
		th_buf_u8(out, '\n');
	}
	if (n == FIELDS_MAX) { /* nobody sends so many: all of them count, as they came */
		th_buf_slice(out, head->bytes);
	}
}

/* ---- the body ---- */

static bool is_json(struct th_slice s)
{
	struct th_json j = {0};
	bool is = th_json_parse(s, &j) == 0;
	th_json_finish(&j);
	return is;
}

static void add_string(struct th_slice s, struct th_buf *out)
{
	struct th_json_node node = {
		.type = TH_JSON_STRING, .child = TH_JSON_NONE, .next = TH_JSON_NONE, .text = s};
	const struct th_json j = {.nodes = &node, .n = 1, .cap = 1};
	th_json_write(&j, 0, out);
}

/* Events without data (comments that keep the connection alive) say nothing. */
static void add_events(struct th_slice body, struct th_buf *out)
{
	struct th_sse_event e;
	struct th_slice line;
	size_t pos = 0;
	bool any = false;
	th_buf_u8(out, '[');
	while (th_sse_next(body, &pos, &e)) {
		th_cleanup(th_buf_finish) struct th_buf data = {0};
		for (size_t at = 0, n = 0; th_sse_data_next(&e, &at, &line); n++) {
			th_buf_str(&data, n ? "\n" : "");
			th_buf_slice(&data, line);
		}
		if (e.data_lines == 0) {
			continue;
		}
		th_buf_str(out, any ? "," : "");
		any = true;
		if (is_json(th_buf_view(&data))) {
			th_buf_slice(out, th_buf_view(&data));
		} else {
			add_string(th_buf_view(&data), out);
		}
		out->failed |= data.failed;
	}
	th_buf_u8(out, ']');
}

static bool is_event_stream(struct th_slice type)
{
	static const char name[] = "text/event-stream";
	type.n = type.n < strlen(name) ? type.n : strlen(name);
	return th_slice_ieq(type, TH_SLICE_LIT("text/event-stream"));
}

/* What could be decoded of a body that is damaged or over the limit says little of the rest: it is
 * compared as it came, without its chunks if those are whole. */
static void add_undecoded(const struct th_message *m, struct th_buf *out)
{
	th_auto_free uint8_t *bytes = NULL;
	size_t n = 0;
	int r = th_http_body(m, false, &bytes, &n);
	if (r == 0) {
		th_buf_add(out, bytes, n);
	}
	for (size_t i = 0; r < 0 && i < m->n_pieces; i++) {
		th_buf_slice(out, m->pieces[i].bytes);
	}
}

enum th_diff_form th_diff_body(const struct th_message *m, struct th_buf *out)
{
	struct th_body b = th_body_load(m);
	struct th_slice s = th_body_slice(&b);
	enum th_diff_form form = TH_DIFF_RAW;
	if (b.partial) {
		add_undecoded(m, out);
	} else if (s.n == 0) {
		form = TH_DIFF_EMPTY;
	} else if (b.text && is_event_stream(b.type)) {
		form = TH_DIFF_EVENTS;
		add_events(s, out);
	} else {
		form = b.text && is_json(s) ? TH_DIFF_JSON : TH_DIFF_RAW;
		th_buf_slice(out, s);
	}
	th_body_finish(&b);
	if (out->failed) {
		th_tool_no_memory();
	}
	return form;
}
