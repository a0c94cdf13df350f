/* What was said over a WebSocket: real deflate on one side, split and cut anywhere. */
#include "trace/ws_talk.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <zlib.h>

#include "guard.h"
#include "wire/ws_inflate.h"

#define SWITCH "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
#define AGREED SWITCH "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"

enum {
	PIECES = 64
};

static struct th_exchange x;
static struct th_piece asked[PIECES], answered[PIECES];
static struct th_ws_talk talk;

static void begin(const char *response)
{
	x = (struct th_exchange){0};
	x.request = (struct th_message){.present = true, .head_done = true, .pieces = asked};
	x.request.head.bytes = th_slice_str("GET /ws HTTP/1.1\r\nHost: a\r\n\r\n");
	x.response = (struct th_message){.present = true, .head_done = true, .pieces = answered};
	x.response.head.bytes = th_slice_str(response);
}

static void setup(void)
{
	begin(AGREED);
}

static void teardown(void)
{
	th_ws_talk_finish(&talk);
}

TestSuite(ws_talk, .init = setup, .fini = teardown, .timeout = 120);

static void said(struct th_message *m, struct th_slice bytes, uint64_t time)
{
	cr_assert(m->n_pieces < PIECES);
	m->pieces[m->n_pieces++] = (struct th_piece){time, bytes};
	m->body_bytes += bytes.n;
}

#define SAID(side, literal, time) said(&x.side, TH_SLICE_LIT(literal), time)

static void listen_to_it(void)
{
	th_ws_talk_finish(&talk);
	cr_assert_eq(th_ws_talk_init(&talk, &x), 0);
}

static bool payload_is(size_t i, const char *text)
{
	return i < talk.n && th_slice_eq(talk.said[i].payload, th_slice_str(text));
}

/* ---- deflate as a sender does it ---- */

static z_stream z;
static uint8_t coded[4096];

static void deflate_begin(void)
{
	z = (z_stream){0};
	cr_assert_eq(deflateInit2(&z, 6, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
}

/* A message, compressed in the context of those before it, without its last four bytes. */
static struct th_slice deflated(const char *text, uint8_t *room)
{
	z.next_in = (uint8_t *)text;
	z.avail_in = (unsigned)strlen(text);
	z.next_out = room;
	z.avail_out = 1000;
	cr_assert_eq(deflate(&z, Z_SYNC_FLUSH), Z_OK);
	return (struct th_slice){room, 1000 - z.avail_out - 4};
}

/* Its frame, unmasked. */
static struct th_slice frame(uint8_t first, struct th_slice payload, uint8_t *room)
{
	room[0] = first;
	room[1] = (uint8_t)payload.n;
	memcpy(room + 2, payload.p, payload.n);
	return (struct th_slice){room, payload.n + 2};
}

/* ---- tests ---- */

Test(ws_talk, both_sides_in_order_of_time)
{
	SAID(response, "\x81\x02hi", 5);
	SAID(request, "\x81\x83\x01\x02\x03\x04nfv", 7); /* "odu" */
	SAID(response, "\x89\x01p\x8a\x00", 7);
	SAID(request, "\x88\x82\x00\x00\x00\x00\x03\xe8", 9);
	SAID(response, "\x88\x06\x0f\xa1gone", 10);
	listen_to_it();
	cr_assert_eq(talk.n, 6);
	cr_expect(payload_is(0, "hi") && talk.said[0].by_server && talk.said[0].time == 5);
	cr_expect(payload_is(1, "odu") && !talk.said[1].by_server && talk.said[1].time == 7);
	cr_expect(payload_is(2, "p") && talk.said[2].frame.opcode == TH_WS_PING);
	cr_expect(payload_is(3, "") && talk.said[3].frame.opcode == TH_WS_PONG);
	struct th_slice reason;
	cr_expect_eq(th_ws_close(&talk.said[4], &reason), 1000);
	cr_expect_eq(reason.n, 0);
	cr_expect_eq(th_ws_close(&talk.said[5], &reason), 4001);
	cr_expect(th_slice_eq(reason, TH_SLICE_LIT("gone")));
}

Test(ws_talk, the_same_however_the_bytes_came)
{
	static const char bytes[] = "\x01\x01"
				    "a\x89\x00\x80\x02"
				    "bc\x82\x7e\x00\x03xyz";
	for (size_t cut = 1; cut < sizeof(bytes) - 1; cut++) {
		begin(AGREED);
		said(&x.response, (struct th_slice){(const uint8_t *)bytes, cut}, 1);
		said(&x.response,
			(struct th_slice){(const uint8_t *)bytes + cut, sizeof(bytes) - 1 - cut},
			2);
		listen_to_it();
		cr_assert_eq(talk.n, 4, "cut at %zu", cut);
		cr_expect(payload_is(0, "a") && payload_is(1, "") && payload_is(2, "bc"));
		cr_expect(payload_is(3, "xyz"));
		cr_expect_eq(talk.said[0].time, cut >= 3 ? 1 : 2);
		cr_expect_eq(talk.said[1].time, cut >= 5 ? 1 : 2);
		cr_expect(!talk.said[0].frame.fin && talk.said[3].time == 2);
	}
}

Test(ws_talk, what_is_cut_is_given_as_far_as_it_came)
{
	static const char bytes[] = "\x81\x7e\x00\xc8hello";
	for (size_t n = 0; n < sizeof(bytes); n++) {
		begin(SWITCH "\r\n");
		said(&x.response, th_guard((struct th_slice){(const uint8_t *)bytes, n}), 1);
		listen_to_it();
		cr_expect_eq(talk.n, n >= 4);
		cr_expect_eq(talk.rest[1].n, n < 4 ? n : 0);
		cr_expect(
			n < 4 || (talk.said[0].came == n - 4 && talk.said[0].frame.length == 200));
	}
}

Test(ws_talk, bytes_that_are_no_frames_end_their_side)
{
	SAID(response, "\x81\x02hi\x83oops", 1);
	SAID(request, "\x81\x01x", 2);
	listen_to_it();
	cr_assert_eq(talk.n, 2);
	cr_expect(th_slice_eq(talk.rest[1], TH_SLICE_LIT("\x83oops")));
	cr_expect_eq(talk.rest[0].n, 0);
}

Test(ws_talk, deflate_keeps_its_context)
{
	uint8_t frames[3][1100];
	static const char *const texts[] = {
		"a tale of two cities", "a tale of two cities, again", "not compressed"};
	deflate_begin();
	struct th_slice first = deflated(texts[0], coded),
			second = deflated(texts[1], coded + 1000);
	cr_assert(second.n < first.n, "it refers to what came before");
	said(&x.response, frame(0xc1, first, frames[0]), 1);
	said(&x.response, frame(0x81, th_slice_str(texts[2]), frames[1]), 2);
	said(&x.response, frame(0xc1, second, frames[2]), 3);
	listen_to_it();
	cr_assert_eq(talk.n, 3);
	cr_expect(payload_is(0, texts[0]) && talk.said[0].undone && talk.said[0].deflated);
	cr_expect(payload_is(1, texts[2]) && !talk.said[1].deflated);
	cr_expect(payload_is(2, texts[1]) && talk.said[2].undone);
	deflateEnd(&z);
}

/* In two frames, cut at every byte, a ping between them. */
Test(ws_talk, deflated_messages_in_frames)
{
	uint8_t frames[3][1100];
	static const char text[] = "{\"type\":\"session.update\",\"session\":{}}";
	deflate_begin();
	struct th_slice all = deflated(text, coded);
	for (size_t cut = 0; cut <= all.n; cut++) {
		char joined[sizeof(text) + 1] = "";
		begin(AGREED);
		said(&x.response, frame(0x41, (struct th_slice){all.p, cut}, frames[0]), 1);
		SAID(response, "\x89\x01!", 2);
		said(&x.response,
			frame(0x80, (struct th_slice){all.p + cut, all.n - cut}, frames[1]), 3);
		listen_to_it();
		cr_assert_eq(talk.n, 3);
		memcpy(joined, talk.said[0].payload.p, talk.said[0].payload.n);
		memcpy(joined + talk.said[0].payload.n, talk.said[2].payload.p,
			talk.said[2].payload.n);
		cr_expect_str_eq(joined, text, "cut at %zu: %s", cut, joined);
		cr_expect(payload_is(1, "!") && talk.said[2].undone);
	}
	deflateEnd(&z);
}

Test(ws_talk, what_cannot_be_inflated_is_given_as_it_came)
{
	SAID(response, "\xc1\x03\xff\xff\xff", 1);
	SAID(response, "\xc1\x03\x01\x02\x03", 2);
	listen_to_it();
	cr_assert_eq(talk.n, 2);
	cr_expect(payload_is(0, "\xff\xff\xff") && talk.said[0].deflated && !talk.said[0].undone);
	cr_expect(payload_is(1, "\x01\x02\x03") && !talk.said[1].undone, "for good");
}

Test(ws_talk, the_bit_means_nothing_when_nothing_was_agreed)
{
	begin(SWITCH "\r\n");
	SAID(response, "\xc1\x02hi", 1);
	listen_to_it();
	cr_expect(payload_is(0, "hi") && !talk.said[0].deflated);
}

/* RFC 7692 7.2.3.4: a message that ends in a final block, and one that refers to it. */
Test(ws_talk, a_final_block_ends_no_context)
{
	uint8_t frames[2][1100], more[64];
	uint8_t *bytes = NULL;
	size_t n = 0;
	static const char text[] = "Hello";
	static const uint8_t rfc[] = {0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00};
	said(&x.response, frame(0xc1, (struct th_slice){rfc, sizeof(rfc)}, frames[0]), 1);
	/* "Hello" by its distance: the RFC's 7.2.3.2, second message. */
	static const uint8_t again[] = {0xf2, 0x00, 0x11, 0x00, 0x00};
	said(&x.response, frame(0xc1, (struct th_slice){again, sizeof(again)}, frames[1]), 2);
	listen_to_it();
	cr_assert_eq(talk.n, 2);
	cr_expect(payload_is(0, text) && talk.said[0].undone);
	cr_expect(payload_is(1, text) && talk.said[1].undone);
	memcpy(more, rfc, sizeof(rfc));
	struct th_ws_inflate *w = th_ws_inflate_create();
	cr_assert_eq(
		th_ws_inflate_frame(w, (struct th_slice){more, sizeof(rfc)}, true, 5, &bytes, &n),
		0, "exactly as much as may be");
	cr_expect_eq(n, 5);
	free(bytes);
	cr_assert_eq(th_ws_inflate_frame(
			     w, (struct th_slice){again, sizeof(again)}, true, 4, &bytes, &n),
		-E2BIG);
	cr_expect_eq(n, 4);
	free(bytes);
	cr_expect_null(th_ws_inflate_destroy(w));
}

Test(ws_talk, what_is_a_websocket)
{
	cr_expect(th_ws_is(&x));
	begin("HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\n\r\n");
	cr_expect_not(th_ws_is(&x), "it was not granted");
	begin("HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n");
	cr_expect_not(th_ws_is(&x));
	begin("");
	cr_expect_not(th_ws_is(&x));
}
