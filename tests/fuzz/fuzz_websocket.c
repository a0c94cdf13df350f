/* A frame's head reads the same however few bytes come at a time, is within what was given, and
 * what is written of it reads back; masking in two pieces, twice, changes nothing. */
#include "wire/websocket.h"

#include <errno.h>
#include <string.h>

#include "fuzz.h"

static void check_prefixes(struct th_slice in, int whole, const struct th_ws_frame *frame)
{
	size_t most = in.n < TH_WS_HEAD_MAX ? in.n : TH_WS_HEAD_MAX;
	for (size_t n = 0; n <= most; n++) {
		struct th_ws_frame f = {0};
		int r = th_ws_head((struct th_slice){in.p, n}, &f);
		FUZZ_CHECK(r == 0 || r == whole);
		FUZZ_CHECK(r != 1 || (f.head_n == frame->head_n && f.length == frame->length));
		FUZZ_CHECK(whole != 1 || (r == 1) == (n >= frame->head_n));
	}
}

static void check_written(const struct th_ws_frame *frame)
{
	uint8_t head[TH_WS_HEAD_MAX];
	struct th_ws_frame again = {0};
	size_t n = th_ws_write_head(frame->opcode, frame->length, head);
	FUZZ_CHECK(n <= sizeof(head));
	FUZZ_CHECK(th_ws_head((struct th_slice){head, n}, &again) == 1);
	FUZZ_CHECK(again.head_n == n && again.length == frame->length);
	FUZZ_CHECK(again.opcode == frame->opcode && again.fin && !again.masked);
}

static void check_mask(const struct th_ws_frame *frame, struct th_slice payload)
{
	uint8_t bytes[256], pieces[256];
	size_t n = payload.n < sizeof(bytes) ? payload.n : sizeof(bytes);
	size_t cut = n ? payload.p[0] % (n + 1) : 0;
	memcpy(bytes, payload.p, n);
	memcpy(pieces, payload.p, n);
	th_ws_mask(frame->mask, 0, bytes, n);
	th_ws_mask(frame->mask, 0, pieces, cut);
	th_ws_mask(frame->mask, cut, pieces + cut, n - cut);
	FUZZ_CHECK(memcmp(bytes, pieces, n) == 0);
	th_ws_mask(frame->mask, 0, bytes, n);
	FUZZ_CHECK(memcmp(bytes, payload.p, n) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct th_slice in = {p, n};
	struct th_ws_frame frame = {0};
	int r = th_ws_head(in, &frame);
	FUZZ_CHECK(r == 0 || r == 1 || r == -EBADMSG);
	check_prefixes(in, r, &frame);
	if (r == 1) {
		FUZZ_CHECK(frame.head_n >= 2 && frame.head_n <= n);
		check_written(&frame);
		check_mask(&frame, (struct th_slice){p + frame.head_n, n - frame.head_n});
	}
	return 0;
}
