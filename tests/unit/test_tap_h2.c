/* The HTTP/2 tap: streams become exchanges, with a double in place of what writes frames. */
#include <criterion/criterion.h>
#include <nghttp2/nghttp2.h>
#include <stdio.h>
#include <stdlib.h>

#include "emit_double.h"
#include "guard.h"
#include "h2_peer.h"

#define GET ":method: GET\n:path: /a\n"
#define POST ":method: POST\n:path: /b\n"
#define OK ":status: 200\n"
#define GET_TEXT "  :method: GET\n  :path: /a\n"
#define POST_TEXT "  :method: POST\n  :path: /b\n"
#define OK_TEXT "  :status: 200\n"

/* A connection in the hands of a test: what the agent sent and was given so far. */
struct talk {
	struct th_conn conn;
	void *tap;
	struct peer agent, server;
	size_t sent, received; /* of their bytes, those that the tap has seen */
	size_t step;	       /* bytes per call */
	bool good;
};

static void begin(struct talk *t, size_t step)
{
	*t = (struct talk){.tap = calloc(1, th_tap_h2.state_size), .step = step, .good = true};
	th_emitted_reset();
	th_tap_h2.init(t->tap, &t->conn);
	peer_begin(&t->agent, true);
	peer_begin(&t->server, false);
}

static void pass(
	struct talk *t, bool (*to)(void *, struct th_slice), const struct peer *from, size_t *done)
{
	while (*done < from->n && t->good) {
		size_t n = from->n - *done < t->step ? from->n - *done : t->step;
		t->good = to(t->tap, th_guard((struct th_slice){from->p + *done, n}));
		*done += n;
	}
}

/* The tap sees what the agent sent since the last call; and what it was given. */
static void sent(struct talk *t)
{
	pass(t, th_tap_h2.sent, &t->agent, &t->sent);
}

static void received(struct talk *t)
{
	pass(t, th_tap_h2.received, &t->server, &t->received);
}

static void end(struct talk *t, const char *want)
{
	th_tap_h2.end(t->tap, TH_END_FIN, 0);
	th_tap_h2.end(t->tap, TH_END_LOCAL, 0);
	th_tap_h2.finish(t->tap);
	free(t->tap);
	th_emitted_check_ended();
	peer_end(&t->agent);
	peer_end(&t->server);
	cr_assert_str_eq(th_emitted.text, want, "step %zu:\n%s", t->step, th_emitted.text);
}

/* Runs a conversation in pieces of every size up to a frame's, and in one piece. */
static void each_step(void (*play)(struct talk *t), const char *want)
{
	for (size_t step = 1; step <= 64; step++) {
		struct talk t;
		begin(&t, step < 64 ? step : PEER_ROOM);
		play(&t);
		cr_assert(t.good, "step %zu", step);
		end(&t, want);
	}
}

static void play_simple(struct talk *t)
{
	peer_headers(&t->agent, 1, END_STREAM, GET "authorization: Bearer x\n");
	sent(t);
	peer_headers(&t->server, 1, 0, OK "authorization: shown\n");
	peer_data(&t->server, 1, 0, "hello ");
	peer_data(&t->server, 1, END_STREAM, "world");
	received(t);
}

Test(tap_h2, a_request_and_its_answer)
{
	each_step(play_simple,
		"1 REQ_HEAD LAST BODILESS stream 1 redacted\n" GET_TEXT
		"  authorization: (redacted)\n"
		"1 RES_HEAD LAST\n" OK_TEXT "  authorization: shown\n"
		"1 RES_DATA hello world LAST\n");
}

static void ask(struct talk *t, uint32_t id, const char *fields, const char *answer)
{
	peer_headers(&t->agent, id, END_STREAM, fields);
	sent(t);
	peer_headers(&t->server, id, END_STREAM, answer);
	received(t);
}

/* From the second on a block is indexes alone: the same bytes, of which the table says what they
 * are. */
static void play_again(struct talk *t)
{
	uint32_t id = 1;
	for (const char *x = "112212"; *x; x++) {
		char fields[80], answer[80];
		for (int i = 0; i < 3; i++, id += 2) {
			const char *more = i ? "" : "x-more: 1\n";
			sprintf(fields, GET "authorization: s\n%sx-one: %c\n", more, *x);
			sprintf(answer, OK "%sx-two: %c\n", more, *x);
			ask(t, id, fields, answer);
		}
	}
}

Test(tap_h2, the_same_block_again)
{
	static char want[16384];
	size_t n = 0;
	for (int i = 0; i < 18; i++) {
		const char x = "112212"[i / 3], *more = i % 3 ? "" : "  x-more: 1\n";
		n += (size_t)sprintf(want + n,
			"%d REQ_HEAD LAST BODILESS stream %d redacted\n" GET_TEXT
			"  authorization: (redacted)\n%s  x-one: %c\n"
			"%d RES_HEAD LAST BODILESS\n" OK_TEXT "%s  x-two: %c\n",
			i + 1, 2 * i + 1, more, x, i + 1, more, x);
	}
	each_step(play_again, want);
}

/* Twice the same literal, which goes into the table twice: there are two entries then. */
Test(tap_h2, a_block_that_changes_the_table_again)
{
	static const uint8_t blocks[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
					"\0\0\0\4\0\0\0\0\0"
					"\0\0\5\1\5\0\0\0\1\x40\1a\1b"
					"\0\0\5\1\5\0\0\0\3\x40\1a\1b"
					"\0\0\1\1\5\0\0\0\5\xbf";
	struct talk t;
	begin(&t, 1);
	cr_assert(th_tap_h2.sent(t.tap, (struct th_slice){blocks, sizeof(blocks) - 1}));
	end(&t,
		"1 REQ_HEAD LAST BODILESS stream 1\n  a: b\n"
		"2 REQ_HEAD LAST BODILESS stream 3\n  a: b\n"
		"3 REQ_HEAD LAST BODILESS stream 5\n  a: b\n"
		"1 RES_END 1 0\n2 RES_END 1 0\n3 RES_END 1 0\n");
}

static void play_bodies(struct talk *t)
{
	peer_headers(&t->agent, 1, 0, POST);
	peer_data(&t->agent, 1, 0, "up");
	sent(t);
	peer_headers(&t->server, 1, 0, ":status: 100\n");
	peer_headers(&t->server, 1, 0, ":status: 103\nlink: x\n");
	received(t);
	peer_data(&t->agent, 1, 0, "");
	peer_data(&t->agent, 1, END_STREAM, "");
	sent(t);
	peer_headers(&t->server, 1, 0, OK);
	peer_data(&t->server, 1, 0, "down");
	peer_headers(&t->server, 1, END_STREAM, "grpc-status: 0\n");
	received(t);
	peer_headers(&t->agent, 3, 0, POST);
	peer_headers(&t->agent, 3, END_STREAM, "x-sum: 1\n");
	sent(t);
	peer_headers(&t->server, 3, END_STREAM, ":status: 204\n");
	received(t);
}

Test(tap_h2, interim_answers_trailers_and_empty_ends)
{
	each_step(play_bodies,
		"1 REQ_HEAD LAST stream 1\n" POST_TEXT "1 REQ_DATA up\n"
		"1 RES_INFO LAST\n  :status: 100\n"
		"1 RES_INFO LAST\n  :status: 103\n  link: x\n"
		"1 REQ_DATA  LAST\n"
		"1 RES_HEAD LAST\n" OK_TEXT "1 RES_DATA down\n"
		"1 RES_TRAILER LAST\n  grpc-status: 0\n"
		"2 REQ_HEAD LAST stream 3\n" POST_TEXT "2 REQ_TRAILER LAST\n  x-sum: 1\n"
		"2 RES_HEAD LAST BODILESS\n  :status: 204\n");
}

static void play_mixed(struct talk *t)
{
	peer_headers(&t->agent, 1, END_STREAM, GET);
	peer_headers(&t->agent, 3, 0, POST);
	peer_data(&t->agent, 3, END_STREAM, "q");
	sent(t);
	peer_headers(&t->server, 3, 0, OK);
	peer_headers(&t->server, 1, 0, OK);
	peer_data(&t->server, 1, 0, "a");
	peer_data(&t->server, 3, 0, "b");
	peer_data(&t->server, 1, END_STREAM, "c");
	peer_data(&t->server, 3, END_STREAM, "d");
	received(t);
}

Test(tap_h2, streams_side_by_side)
{
	each_step(play_mixed,
		"1 REQ_HEAD LAST BODILESS stream 1\n" GET_TEXT
		"2 REQ_HEAD LAST stream 3\n" POST_TEXT "2 REQ_DATA q LAST\n"
		"2 RES_HEAD LAST\n" OK_TEXT "1 RES_HEAD LAST\n" OK_TEXT
		"1 RES_DATA a\n2 RES_DATA b\n1 RES_DATA c LAST\n2 RES_DATA d LAST\n");
}

/* A thread that reads may be quicker with its report than the one that wrote. */
static void play_overtaken(struct talk *t)
{
	peer_headers(&t->server, 1, 0, OK);
	peer_data(&t->server, 1, END_STREAM, "early");
	peer_reset(&t->server, 3, 7);
	received(t);
	peer_headers(&t->agent, 1, END_STREAM, GET);
	peer_headers(&t->agent, 3, END_STREAM, GET);
	sent(t);
}

Test(tap_h2, an_answer_may_be_reported_first)
{
	each_step(play_overtaken,
		"1 RES_HEAD LAST\n" OK_TEXT "1 RES_DATA early LAST\n"
		"2 RES_END 4 7\n"
		"1 REQ_HEAD LAST BODILESS stream 1\n" GET_TEXT
		"2 REQ_HEAD LAST BODILESS stream 3\n" GET_TEXT);
}

static void play_resets(struct talk *t)
{
	peer_headers(&t->agent, 1, 0, POST);
	peer_headers(&t->agent, 3, END_STREAM, GET);
	peer_headers(&t->agent, 5, 0, POST);
	sent(t);
	peer_reset(&t->server, 1, 2);
	peer_headers(&t->server, 3, 0, OK);
	peer_headers(&t->server, 5, END_STREAM, OK);
	peer_reset(&t->server, 5, 0);
	received(t);
	peer_reset(&t->agent, 3, 8);
	peer_data(&t->agent, 1, END_STREAM, "too late");
	sent(t);
	peer_data(&t->server, 3, END_STREAM, "too late");
	peer_headers(&t->server, 3, END_STREAM, "too: late\n");
	received(t);
}

Test(tap_h2, resets_of_either_side)
{
	each_step(play_resets,
		"1 REQ_HEAD LAST stream 1\n" POST_TEXT
		"2 REQ_HEAD LAST BODILESS stream 3\n" GET_TEXT
		"3 REQ_HEAD LAST stream 5\n" POST_TEXT "1 REQ_END 4 2\n1 RES_END 4 2\n"
		"2 RES_HEAD LAST\n" OK_TEXT "3 RES_HEAD LAST BODILESS\n" OK_TEXT "3 REQ_END 4 0\n"
		"2 RES_END 6 8\n");
}

static void play_goaway(struct talk *t)
{
	peer_headers(&t->agent, 1, END_STREAM, GET);
	peer_headers(&t->agent, 3, 0, POST);
	peer_headers(&t->agent, 5, END_STREAM, GET);
	sent(t);
	peer_goaway(&t->server, 1, 11);
	peer_headers(&t->server, 1, END_STREAM, OK);
	received(t);
}

Test(tap_h2, streams_that_goaway_leaves_out)
{
	each_step(play_goaway,
		"1 REQ_HEAD LAST BODILESS stream 1\n" GET_TEXT
		"2 REQ_HEAD LAST stream 3\n" POST_TEXT
		"3 REQ_HEAD LAST BODILESS stream 5\n" GET_TEXT
		"2 REQ_END 7 11\n2 RES_END 7 11\n3 RES_END 7 11\n"
		"1 RES_HEAD LAST BODILESS\n" OK_TEXT);
}

static void play_cut(struct talk *t)
{
	peer_headers(&t->agent, 1, 0, POST);
	peer_data(&t->agent, 1, 0, "half");
	peer_headers(&t->agent, 3, END_STREAM, GET);
	sent(t);
	peer_headers(&t->server, 3, 0, OK);
	peer_frame(&t->server, TH_H2_DATA, 0, 3, "0123456789", 10);
	t->server.n -= 4;
	received(t);
}

Test(tap_h2, the_connection_ends_in_the_middle)
{
	each_step(play_cut,
		"1 REQ_HEAD LAST stream 1\n" POST_TEXT "1 REQ_DATA half\n"
		"2 REQ_HEAD LAST BODILESS stream 3\n" GET_TEXT "2 RES_HEAD LAST\n" OK_TEXT
		"2 RES_DATA 012345\n"
		"1 REQ_END 1 0\n1 RES_END 1 0\n2 RES_END 1 0\n");
}

/* The pushed block fills the dynamic table: were it not decoded, the next head would be wrong. */
static void play_push(struct talk *t)
{
	uint8_t payload[4 + 4096] = {0, 0, 0, 2};
	peer_headers(&t->agent, 1, END_STREAM, GET);
	sent(t);
	size_t n = peer_block(&t->server, GET "x-pushed: yes\n", payload + 4, 4096);
	peer_frame(&t->server, TH_H2_PUSH_PROMISE, END_HEADERS, 1, payload, 4 + n);
	peer_headers(&t->server, 2, 0, OK "x-pushed: yes\n");
	peer_data(&t->server, 2, END_STREAM, "pushed");
	peer_headers(&t->server, 1, END_STREAM, OK "x-pushed: yes\n");
	received(t);
}

Test(tap_h2, pushed_streams_are_followed_and_left_out)
{
	each_step(play_push,
		"1 REQ_HEAD LAST BODILESS stream 1\n" GET_TEXT "1 RES_HEAD LAST BODILESS\n" OK_TEXT
		"  x-pushed: yes\n");
}

static void play_tunnel(struct talk *t)
{
	peer_headers(&t->agent, 1, 0, ":method: CONNECT\n:protocol: websocket\n");
	sent(t);
	peer_headers(&t->server, 1, 0, OK);
	peer_data(&t->server, 1, 0, "ping");
	received(t);
	peer_data(&t->agent, 1, 0, "pong");
	sent(t);
	peer_data(&t->server, 1, END_STREAM, "bye");
	received(t);
	peer_data(&t->agent, 1, END_STREAM, "bye");
	sent(t);
}

Test(tap_h2, tunnels_are_data_both_ways)
{
	each_step(play_tunnel,
		"1 REQ_HEAD LAST stream 1\n  :method: CONNECT\n  :protocol: websocket\n"
		"1 RES_HEAD LAST\n" OK_TEXT
		"1 RES_DATA ping\n1 REQ_DATA pong\n1 RES_DATA bye LAST\n1 REQ_DATA bye LAST\n");
}

static void play_upgraded(struct talk *t)
{
	th_emitted.exchanges = 1; /* the HTTP/1 tap's */
	th_tap_h2.adopt(t->tap, 1);
	peer_headers(&t->server, 1, 0, OK);
	received(t);
	peer_headers(&t->agent, 3, END_STREAM, GET);
	sent(t);
	peer_data(&t->server, 1, END_STREAM, "one");
	peer_headers(&t->server, 3, END_STREAM, OK);
	received(t);
}

Test(tap_h2, an_upgraded_request_is_stream_one)
{
	each_step(play_upgraded,
		"1 RES_HEAD LAST\n" OK_TEXT "2 REQ_HEAD LAST BODILESS stream 3\n" GET_TEXT
		"1 RES_DATA one LAST\n"
		"2 RES_HEAD LAST BODILESS\n" OK_TEXT);
}

Test(tap_h2, table_sizes_are_followed_as_announced)
{
	struct talk t;
	begin(&t, PEER_ROOM);
	nghttp2_hd_deflate_del(t.server.hpack);
	cr_assert_eq(nghttp2_hd_deflate_new(&t.server.hpack, 65536), 0);
	nghttp2_hd_deflate_change_table_size(t.server.hpack, 65536);
	for (uint32_t id = 1; id < 400; id += 2) {
		char fields[200];
		snprintf(fields, sizeof(fields), OK "x-long-enough-to-fill-the-table: %0100u\n",
			id % 60);
		peer_headers(&t.agent, id, END_STREAM, GET);
		peer_headers(&t.server, id, END_STREAM, fields);
		th_emitted.n = 0;
		sent(&t);
		received(&t);
		cr_assert(t.good);
		char want[400];
		snprintf(
			want, sizeof(want), "  x-long-enough-to-fill-the-table: %0100u\n", id % 60);
		cr_assert_not_null(strstr(th_emitted.text, want), "%s", th_emitted.text);
	}
	th_emitted.text[0] = 0;
	end(&t, "");
}

Test(tap_h2, a_lost_table_ends_the_parsing)
{
	struct talk t;
	begin(&t, PEER_ROOM);
	peer_headers(&t.agent, 1, END_STREAM, GET);
	peer_frame(&t.agent, TH_H2_HEADERS, END_HEADERS | END_STREAM, 3, "\xff\xff", 2);
	sent(&t);
	cr_assert_not(t.good);
	cr_assert_not(th_tap_h2.sent(t.tap, TH_SLICE_LIT("\0\0\0\4\0\0\0\0\0")));
	end(&t, "1 REQ_HEAD LAST BODILESS stream 1\n" GET_TEXT "1 RES_END 1 0\n");
}

Test(tap_h2, streams_are_bounded_and_forgotten)
{
	enum {
		MANY = 5000
	};
	struct talk t;
	th_emitted.quiet = true;
	begin(&t, PEER_ROOM);
	for (uint32_t round = 0; round < 2; round++) {
		uint32_t first = 1 + round * 2 * MANY;
		for (uint32_t id = first; id < first + 2 * MANY; id += 2) {
			peer_headers(&t.agent, id, END_STREAM, GET);
		}
		sent(&t);
		cr_assert_eq(th_emitted.exchanges, (round + 1) * 4096);
		cr_assert_eq(th_emitted.lost_events, (round + 1) * (MANY - 4096));
		for (uint32_t id = first; id < first + 2 * MANY; id += 2) {
			peer_headers(&t.server, id, END_STREAM, OK);
		}
		received(&t);
		cr_assert_eq(th_emitted.frames, (round + 1) * 2 * 4096);
		t.agent.n = t.server.n = t.sent = t.received = 0;
	}
	cr_assert(t.good);
	end(&t, "");
	cr_assert_eq(th_emitted.frames, 2 * 2 * 4096, "nothing was left open");
}

Test(tap_h2, a_header_list_too_long_for_a_frame)
{
	struct talk t;
	static char fields[4096];
	th_emitted.quiet = true;
	begin(&t, PEER_ROOM);
	memset(fields, 'v', sizeof(fields) - 1);
	memcpy(fields, "x-big: ", 7);
	fields[2000] = '\n';
	fields[2001] = 0;
	uint8_t *block = malloc(PEER_ROOM);
	size_t n = peer_block(&t.agent, fields, block, PEER_ROOM);
	memset(block + n, 0xbe, 200); /* the same field, again and again */
	peer_frame(&t.agent, TH_H2_HEADERS, END_HEADERS | END_STREAM, 1, block, n + 200);
	sent(&t);
	cr_assert(t.good);
	cr_assert_eq(th_emitted.lost_events, 1);
	cr_assert_eq(th_emitted.frames, 1, "what fits is recorded");
	free(block);
	end(&t, "");
}

Test(tap_h2, recognises_the_preface)
{
	const uint8_t *preface = (const uint8_t *)TH_H2_PREFACE "\0\0\0\4\0\0\0\0\0";
	for (size_t n = 0; n < 33; n++) {
		int want = n < 24 ? -1 : 1;
		cr_assert_eq(th_tap_h2.recognise(th_guard((struct th_slice){preface, n})), want);
	}
	cr_assert_eq(th_tap_h2.recognise(TH_SLICE_LIT("P")), -1);
	cr_assert_eq(th_tap_h2.recognise(TH_SLICE_LIT("POST / HTTP/1.1\r\n")), 0);
	cr_assert_eq(th_tap_h2.recognise(TH_SLICE_LIT("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\r")), 0);
}
