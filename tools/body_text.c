#include "tools/body_text.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "tools/body.h"
#include "tools/hexdump.h"
#include "tools/pretty_json.h"
#include "tools/tools.h"
#include "tools/units.h"
#include "tools/utf8.h"
#include "trace/body_times.h"
#include "wire/sse.h"

#define BINARY_SHOWN 256
#define EVENT_INDENT "    "

static bool is_event_stream(struct th_slice type)
{
	static const char name[] = "text/event-stream";
	struct th_slice s = {type.p, type.n < strlen(name) ? type.n : strlen(name)};
	return th_slice_ieq(s, TH_SLICE_LIT("text/event-stream"));
}

static void put_text(FILE *out, struct th_slice s)
{
	th_text_print(out, s);
	if (s.n && s.p[s.n - 1] != '\n') {
		fputc('\n', out);
	}
}

static void put_binary(FILE *out, struct th_slice s)
{
	char text[TH_UNITS_TEXT];
	size_t n = s.n < BINARY_SHOWN ? s.n : BINARY_SHOWN;
	th_hexdump_print(out, (struct th_slice){s.p, n}, "");
	if (n < s.n) {
		fprintf(out, "-- and %s bytes more; --raw gives them all\n",
			th_units_bytes(text, s.n - n));
	}
}

/* Lines of several "data" fields, or whatever else the block holds, as they came. */
static void put_raw_event(FILE *out, struct th_slice raw)
{
	while (raw.n) {
		const uint8_t *end = memchr(raw.p, '\n', raw.n);
		size_t n = end ? (size_t)(end - raw.p) : raw.n;
		fputs(EVENT_INDENT, out);
		put_text(out, (struct th_slice){raw.p, n - (n && raw.p[n - 1] == '\r')});
		if (n == 0) {
			fputc('\n', out);
		}
		n += end != NULL;
		raw.p += n;
		raw.n -= n;
	}
}

static void put_event(FILE *out, const struct th_sse_event *e, uint64_t time, uint64_t start)
{
	char text[TH_UNITS_TEXT] = "?";
	if (time) {
		th_units_duration(text, time > start ? time - start : 0);
	}
	th_auto_free char *name = th_text_line(e->event.n ? e->event : TH_SLICE_LIT("message"));
	th_auto_free char *id = th_text_line(e->id);
	fprintf(out, "+%s  %s%s%s%s\n", text, name, *id ? "  id " : "", id,
		e->complete ? "" : "  (cut)");
	if (e->data_lines != 1) {
		put_raw_event(out, e->raw);
	} else if (!th_pretty_json_print(out, e->data, EVENT_INDENT)) {
		fputs(EVENT_INDENT, out);
		put_text(out, e->data.n ? e->data : TH_SLICE_LIT("\n"));
	}
}

static void put_events(FILE *out, const struct th_message *m, struct th_slice body, uint64_t start)
{
	struct th_sse_event e;
	struct th_body_times times = {0};
	size_t pos = 0;
	th_body_times_init(&times, m);
	while (th_sse_next(body, &pos, &e)) {
		put_event(out, &e, th_body_times_at(&times, pos), start);
	}
	th_body_times_finish(&times);
}

void th_body_text(FILE *out, const struct th_message *m, uint64_t start)
{
	struct th_body b = th_body_load(m);
	struct th_slice s = th_body_slice(&b);
	if (b.text && is_event_stream(b.type)) {
		put_events(out, m, s, start);
	} else if (!b.text) {
		put_binary(out, s);
	} else if (!th_pretty_json_print(out, s, "")) {
		put_text(out, s);
	}
	if (b.trouble) {
		fprintf(out, "-- the body is %s\n", b.trouble);
	}
	th_body_finish(&b);
}
