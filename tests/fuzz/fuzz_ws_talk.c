/* Whatever was said over a WebSocket: each side's frames and rest are all that came, nothing is
 * said twice, and where the bytes were split makes no difference. */
#include "trace/ws_talk.h"

#include "fuzz.h"

#define AGREED \
	"HTTP/1.1 101 S\r\nUpgrade: websocket\r\n" \
	"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"

static uint64_t side_bytes(const struct th_ws_talk *t, bool by_server)
{
	uint64_t n = t->rest[by_server].n;
	for (size_t i = 0; i < t->n; i++) {
		const struct th_ws_said *f = &t->said[i];
		FUZZ_CHECK(f->came <= f->frame.length);
		FUZZ_CHECK(i == 0 || t->said[i - 1].time <= f->time);
		FUZZ_CHECK(f->deflated || f->payload.n == f->came);
		n += f->by_server == by_server ? f->frame.head_n + f->came : 0;
	}
	return n;
}

static void check_same(const struct th_ws_talk *a, const struct th_ws_talk *b)
{
	FUZZ_CHECK(a->n == b->n);
	for (size_t i = 0; i < a->n; i++) {
		FUZZ_CHECK(th_slice_eq(a->said[i].payload, b->said[i].payload));
		FUZZ_CHECK(a->said[i].undone == b->said[i].undone);
	}
}

/* The first byte says where the client's bytes end, and where the server's are split. */
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	if (n < 2) {
		return 0;
	}
	size_t client = p[0] % (n - 1), split = p[1] % (n - 1 - client);
	struct th_slice asked = {p + 2, client < n - 2 ? client : n - 2};
	struct th_slice answered = {p + 2 + asked.n, n - 2 - asked.n};
	split = split < answered.n ? split : answered.n;
	struct th_piece request[] = {{1, asked}};
	struct th_piece whole[] = {{2, answered}};
	struct th_piece parts[] = {
		{2, {answered.p, split}}, {2, {answered.p + split, answered.n - split}}};
	struct th_exchange x = {0};
	x.request = (struct th_message){
		.present = true, .pieces = request, .n_pieces = 1, .body_bytes = asked.n};
	x.response = (struct th_message){
		.present = true, .pieces = whole, .n_pieces = 1, .body_bytes = answered.n};
	x.response.head.bytes = TH_SLICE_LIT(AGREED);
	struct th_ws_talk a, b;
	FUZZ_CHECK(th_ws_talk_init(&a, &x) == 0);
	x.response.pieces = parts;
	x.response.n_pieces = 2;
	FUZZ_CHECK(th_ws_talk_init(&b, &x) == 0);
	FUZZ_CHECK(side_bytes(&a, false) == asked.n && side_bytes(&a, true) == answered.n);
	check_same(&a, &b);
	th_ws_talk_finish(&a);
	th_ws_talk_finish(&b);
	return 0;
}
