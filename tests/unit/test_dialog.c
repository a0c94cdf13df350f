#include <criterion/criterion.h>
#include <errno.h>

#include "player/script.h"
#include "stage.h"
#include "wire/websocket.h"

#define ASK \
	"GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" \
	"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "
#define SWITCH \
	"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" \
	"Sec-WebSocket-Accept: "
#define THEN ASK "AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
/* The example of RFC 6455 1.3. */
#define NOW ASK "dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
#define NOW_ACCEPT SWITCH "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"

static struct stage *s;
static struct th_exchange *x;
static struct th_piece asked[8];

static void setup(void)
{
	s = stage_new();
	x = made_exchange(s->m, s->connection, 1, THEN, NULL,
		SWITCH "0123456789012345678901234567\r\n\r\n", NULL);
	x->request.pieces = asked;
	made_end(x, TH_END_LOCAL, 0);
}

static void teardown(void)
{
	s = stage_free(s);
}

TestSuite(dialog, .init = setup, .fini = teardown, .timeout = 30);

/* A client's frame, masked with a key of four equal bytes. */
static struct th_slice masked(uint8_t opcode, const char *text, uint8_t key)
{
	static uint8_t room[16][200];
	static int next;
	uint8_t *p = room[next++ % 16];
	const uint8_t mask[4] = {key, key, key, key};
	size_t n = strlen(text);
	p[0] = 0x80 | opcode;
	p[1] = 0x80 | (uint8_t)n;
	memcpy(p + 2, mask, 4);
	memcpy(p + 6, text, n);
	th_ws_mask(mask, 0, p + 6, n);
	return (struct th_slice){p, n + 6};
}

static void client_said(struct th_slice bytes)
{
	struct th_message *m = &x->request;
	m->ended = x->response.ended += 10;
	asked[m->n_pieces++] = (struct th_piece){m->ended, bytes};
	m->body_bytes += bytes.n;
}

static void client_says(struct th_slice bytes)
{
	for (size_t i = 0; i < bytes.n; i++) { /* every split */
		cr_assert_eq(send(s->client, bytes.p + i, 1, MSG_NOSIGNAL), 1);
	}
}

static void begin(enum th_on_miss on_miss)
{
	stage_begin(s, on_miss, 0);
	stage_send(s, NOW);
}

static bool silent_for(int ms)
{
	struct pollfd pfd = {.fd = s->client, .events = POLLIN};
	return poll(&pfd, 1, ms) == 0;
}

Test(dialog, speaks_when_it_was_spoken_to)
{
	made_piece(x, "\x81\x05hello", 10);
	client_said(masked(TH_WS_TEXT, "one", 7));
	made_piece(x, "\x81\x03uno", 10);
	client_said(masked(TH_WS_TEXT, "two", 9));
	made_piece(x,
		"\x81\x03"
		"dos",
		10);
	begin(TH_ON_MISS_FAIL);
	cr_expect_str_eq(stage_read(s, "hello"), NOW_ACCEPT "\x81\x05hello");
	cr_expect(silent_for(100), "nothing was said, nothing is answered");
	stage_forget(s);
	client_says(masked(TH_WS_TEXT, "one", 1));
	cr_expect_str_eq(stage_read(s, "uno"), "\x81\x03uno");
	cr_expect(silent_for(100));
	stage_forget(s);
	client_says(masked(TH_WS_TEXT, "two", 2));
	cr_expect_str_eq(stage_read(s, "dos"),
		"\x81\x03"
		"dos");
	stage_disconnect(s);
	cr_expect_eq(s->tally.stats.missed, 0);
	cr_expect_eq(s->tally.stats.matched, 1);
}

Test(dialog, heartbeats_are_answered_and_not_replayed)
{
	client_said(masked(TH_WS_PING, "beat", 3));
	made_piece(x,
		"\x8a\x04"
		"beat\x81\x02hi",
		10);
	made_piece(x, "\x89\x01p", 10);
	client_said(masked(TH_WS_PONG, "p", 3));
	begin(TH_ON_MISS_FAIL);
	cr_expect_str_eq(stage_read(s, "\x89\x01p"), NOW_ACCEPT "\x81\x02hi\x89\x01p");
	stage_forget(s);
	client_says(masked(TH_WS_PING, "now", 4));
	cr_expect_str_eq(stage_read(s, "now"), "\x8a\x03now");
	stage_disconnect(s);
	cr_expect_eq(s->tally.stats.missed, 0);
}

Test(dialog, json_is_compared_as_json)
{
	client_said(masked(TH_WS_TEXT, "{\"a\":1, \"b\":2}", 3));
	made_piece(x, "\x81\x02ok", 10);
	begin(TH_ON_MISS_FAIL);
	client_says(masked(TH_WS_TEXT, "{\"b\":2,\"a\":1}", 5));
	cr_expect_str_eq(stage_read(s, "ok"), NOW_ACCEPT "\x81\x02ok");
	stage_disconnect(s);
	cr_expect_eq(s->tally.stats.missed, 0);
}

Test(dialog, another_message_is_a_miss_that_says_so)
{
	client_said(masked(TH_WS_TEXT, "one", 3));
	made_piece(x, "\x81\x02ok", 10);
	begin(TH_ON_MISS_FAIL);
	client_says(masked(TH_WS_TEXT, "ONE", 5));
	const char *got = stage_read(s, "not the recorded message");
	cr_expect_not_null(strstr(got, "\x03\xf3tracehook replay"), "Close, 1011");
	cr_expect(stage_ends(s, 5000));
	stage_disconnect(s);
	cr_assert_eq(s->tally.stats.n_misses, 1);
	cr_expect_str_eq(s->tally.stats.misses[0].request, "message 1 of GET http://a/ws");
	cr_expect_str_eq(s->tally.stats.misses[0].why, "asked \"ONE\", recorded \"one\"");
}

Test(dialog, a_miss_may_reset_instead)
{
	begin(TH_ON_MISS_ABORT);
	client_says(masked(TH_WS_TEXT, "more", 5));
	cr_expect_str_eq(stage_read(s, "never"), NOW_ACCEPT);
	cr_expect_eq(th_resets_get(s->serving.resets, 77), ECONNRESET);
	stage_disconnect(s);
	cr_expect_eq(s->tally.stats.missed, 1);
}

Test(dialog, ends_as_the_peer_did)
{
	client_said(masked(TH_WS_CLOSE, "\x03\xe8", 3));
	made_piece(x, "\x88\x02\x03\xe8", 10);
	made_end(x, TH_END_COMPLETE, 0);
	s->connection->end = TH_END_FIN;
	s->connection->end_time = x->response.ended;
	begin(TH_ON_MISS_FAIL);
	cr_expect_str_eq(stage_read(s, "\r\n\r\n"), NOW_ACCEPT);
	stage_forget(s);
	client_says(masked(TH_WS_CLOSE, "\x03\xe8", 8));
	cr_expect_str_eq(stage_read(s, "never"), "\x88\x02\x03\xe8");
	stage_disconnect(s);
	cr_expect_eq(s->tally.stats.missed, 0);
}

/* The peer's end was seen after something else was asked, which the agent does in the replay only
 * when this connection is over. */
static void ended_behind_another(void)
{
	struct th_connection *other = made_connection(s->m, s->process, 2);
	struct th_exchange *y = made_exchange(
		s->m, other, 2, "GET /y HTTP/1.1\r\n\r\n", NULL, "HTTP/1.1 204 -\r\n\r\n", NULL);
	y->request.began = x->response.ended + 10;
	s->connection->end = TH_END_FIN;
	s->connection->end_time = x->response.ended + 20;
}

Test(dialog, a_closed_websocket_waits_for_nobody_else)
{
	client_said(masked(TH_WS_CLOSE, "\x03\xe8", 3));
	made_piece(x, "\x88\x02\x03\xe8", 10);
	made_end(x, TH_END_COMPLETE, 0);
	ended_behind_another();
	s->serving.silence_ns = 3600000000000;
	begin(TH_ON_MISS_FAIL);
	stage_read(s, "\r\n\r\n");
	client_says(masked(TH_WS_CLOSE, "\x03\xe8", 8));
	stage_read(s, "\x88\x02\x03\xe8");
	cr_assert(stage_ends(s, 10000));
	stage_disconnect(s);
}

Test(dialog, a_peer_that_went_later_than_others_were_asked_goes_at_last)
{
	made_piece(x, "\x81\x05hello", 10);
	made_end(x, TH_END_COMPLETE, 0);
	ended_behind_another();
	s->serving.silence_ns = 100000000;
	begin(TH_ON_MISS_FAIL);
	cr_expect_str_eq(stage_read(s, "hello"), NOW_ACCEPT "\x81\x05hello");
	client_says(masked(TH_WS_PING, "?", 1));
	stage_read(s, "?");
	cr_assert(stage_ends(s, 10000));
	stage_disconnect(s);
}

Test(dialog, any_other_protocol_is_compared_by_its_bytes)
{
	x->request.head.bytes = th_slice_str("CONNECT a:25 HTTP/1.1\r\nHost: a:25\r\n\r\n");
	x->response.head.bytes = th_slice_str("HTTP/1.1 200 OK\r\n\r\n");
	made_piece(x, "220 hi\r\n", 10);
	client_said(th_slice_str("HELO\r\n"));
	made_piece(x, "250 ok\r\n", 10);
	stage_begin(s, TH_ON_MISS_FAIL, 0);
	stage_send(s, "CONNECT a:25 HTTP/1.1\r\nHost: a:25\r\n\r\n");
	cr_expect_str_eq(stage_read(s, "hi\r\n"), "HTTP/1.1 200 OK\r\n\r\n220 hi\r\n");
	client_says(th_slice_str("HELO\r"));
	cr_expect(silent_for(100));
	client_says(th_slice_str("\n"));
	stage_read(s, "250 ok\r\n");
	client_says(th_slice_str("Q"));
	cr_expect(stage_ends(s, 5000));
	stage_disconnect(s);
	cr_assert_eq(s->tally.stats.n_misses, 1);
	cr_expect_str_eq(s->tally.stats.misses[0].why, "other bytes than were recorded");
}

/* What is left of a frame that was cut goes out as it is, and a part is what one piece held. */
Test(dialog, a_script_keeps_edges_and_cut_frames)
{
	struct th_script script;
	made_piece(x,
		"\x81\x02"
		"a",
		10);
	made_piece(x,
		"b\x81\x01"
		"c\x81\x05"
		"d",
		10);
	cr_assert_eq(th_script_init(&script, x), 0);
	cr_expect(script.websocket);
	cr_assert_eq(script.n_parts, 2);
	cr_expect(th_slice_eq(script.parts[0].bytes,
		TH_SLICE_LIT("\x81\x02"
			     "a")));
	cr_expect(th_slice_eq(script.parts[1].bytes,
		TH_SLICE_LIT("b\x81\x01"
			     "c\x81\x05"
			     "d")));
	th_script_finish(&script);
}
