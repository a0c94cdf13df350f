#include "tools/ws_json.h"

#include "base/cleanup.h"
#include "tools/tools.h"
#include "tools/utf8.h"
#include "trace/ws_talk.h"

static void put_close(struct th_jout *j, const struct th_ws_said *f)
{
	struct th_slice reason;
	th_jout_put_known(j, "close_code", th_ws_close(f, &reason));
	th_jout_key(j, "close_reason");
	th_jout_string(j, reason);
}

static void put_payload(struct th_jout *j, struct th_slice payload)
{
	if (th_utf8_valid(payload)) {
		th_jout_key(j, "text");
		th_jout_string(j, payload);
	} else {
		th_jout_key(j, "payload_base64");
		th_jout_base64(j, payload);
	}
}

static void put_frame(struct th_jout *j, const struct th_ws_said *f, uint64_t start)
{
	th_jout_open(j, '{');
	th_jout_put_text(j, "by", f->by_server ? "server" : "client");
	th_jout_put_u64(j, "t_ns", f->time > start ? f->time - start : 0);
	th_jout_put_text(j, "opcode", th_ws_opcode_name(f->frame.opcode));
	th_jout_put_bool(j, "final", f->frame.fin);
	th_jout_put_u64(j, "bytes", f->frame.length);
	th_jout_put_bool(j, "cut", f->came < f->frame.length);
	th_jout_put_bool(j, "deflated", f->deflated);
	if (f->deflated && !f->undone) {
		th_jout_put_text(j, "trouble", "what was deflated is damaged or cut");
	}
	if (f->frame.opcode == TH_WS_CLOSE) {
		put_close(j, f);
	} else {
		put_payload(j, f->payload);
	}
	th_jout_close(j, '}');
}

/* Bytes that are no frames. */
static void put_rest(struct th_jout *j, const char *key, struct th_slice rest)
{
	if (rest.n) {
		th_jout_key(j, key);
		th_jout_base64(j, rest);
	}
}

void th_ws_json(struct th_jout *j, const struct th_exchange *x, uint64_t start)
{
	th_cleanup(th_ws_talk_finish) struct th_ws_talk talk = {0};
	if (!th_ws_is(x)) {
		return;
	}
	if (th_ws_talk_init(&talk, x) < 0) {
		th_tool_no_memory();
	}
	th_jout_key(j, "websocket_frames");
	th_jout_open(j, '[');
	for (size_t i = 0; i < talk.n; i++) {
		put_frame(j, &talk.said[i], start);
	}
	th_jout_close(j, ']');
	put_rest(j, "request_no_frames_base64", talk.rest[0]);
	put_rest(j, "response_no_frames_base64", talk.rest[1]);
}
