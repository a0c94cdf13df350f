#include "tools/ws_text.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "tools/hexdump.h"
#include "tools/pretty_json.h"
#include "tools/tools.h"
#include "tools/units.h"
#include "tools/utf8.h"
#include "trace/ws_talk.h"

#define BINARY_SHOWN 256
#define INDENT "    "

static void put_binary(FILE *out, struct th_slice s)
{
	char text[TH_UNITS_TEXT];
	size_t n = s.n < BINARY_SHOWN ? s.n : BINARY_SHOWN;
	th_hexdump_print(out, (struct th_slice){s.p, n}, INDENT);
	if (n < s.n) {
		fprintf(out, INDENT "-- and %s bytes more; --json gives them all\n",
			th_units_bytes(text, s.n - n));
	}
}

static void put_lines(FILE *out, struct th_slice s)
{
	while (s.n) {
		const uint8_t *end = memchr(s.p, '\n', s.n);
		size_t n = end ? (size_t)(end - s.p) : s.n;
		th_auto_free char *line = th_text_line((struct th_slice){s.p, n});
		fprintf(out, INDENT "%s\n", line);
		n += end != NULL;
		s.p += n;
		s.n -= n;
	}
}

static void put_payload(FILE *out, struct th_slice s)
{
	if (th_pretty_json_print(out, s, INDENT)) {
		return;
	}
	if (th_utf8_valid(s)) {
		put_lines(out, s);
	} else {
		put_binary(out, s);
	}
}

static void put_close(FILE *out, const struct th_ws_said *f)
{
	struct th_slice reason;
	uint16_t code = th_ws_close(f, &reason);
	if (code) {
		th_auto_free char *text = th_text_line(reason);
		fprintf(out, "  %u%s%s", code, *text ? " " : "", text);
	}
}

static void put_length(FILE *out, const struct th_ws_said *f)
{
	char text[TH_UNITS_TEXT];
	const char *unit = f->frame.length == 1 ? "byte" : "bytes";
	fprintf(out, "  %s %s", th_units_bytes(text, f->frame.length), unit);
	if (f->came < f->frame.length) {
		fprintf(out, ", cut after %s", th_units_bytes(text, f->came));
	}
	if (f->deflated && f->undone) {
		fprintf(out, ", deflated from %s", th_units_bytes(text, f->payload.n));
	} else if (f->deflated) {
		fputs(", deflated, and damaged", out);
	}
	fputs(f->frame.fin ? "" : ", to be continued", out);
}

static void put_frame(FILE *out, const struct th_ws_said *f, uint64_t start)
{
	char text[TH_UNITS_TEXT];
	th_units_duration(text, f->time > start ? f->time - start : 0);
	fprintf(out, "+%s  %c %s", text, f->by_server ? '<' : '>',
		th_ws_opcode_name(f->frame.opcode));
	if (f->frame.opcode == TH_WS_CLOSE) {
		put_close(out, f);
		fputc('\n', out);
		return;
	}
	put_length(out, f);
	fputc('\n', out);
	put_payload(out, f->payload);
}

static void put_rest(FILE *out, struct th_slice rest, char mark)
{
	char text[TH_UNITS_TEXT];
	if (rest.n) {
		fprintf(out, "-- %c %s bytes that are no frame, or not a whole head of one\n", mark,
			th_units_bytes(text, rest.n));
		put_binary(out, rest);
	}
}

void th_ws_text(FILE *out, const struct th_exchange *x, uint64_t start)
{
	th_cleanup(th_ws_talk_finish) struct th_ws_talk talk = {0};
	if (th_ws_talk_init(&talk, x) < 0) {
		th_tool_no_memory();
	}
	for (size_t i = 0; i < talk.n; i++) {
		put_frame(out, &talk.said[i], start);
	}
	put_rest(out, talk.rest[0], '>');
	put_rest(out, talk.rest[1], '<');
}
