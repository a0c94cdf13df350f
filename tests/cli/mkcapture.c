/* Makes captures whose every time and id is fixed, for tests of the tool: mkcapture NAME FILE.
 *
 * Written with the writer's own functions, so that the tests see what agents really leave, and not
 * with the recorder, which would stamp the present time. */
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "capture/key.h"
#include "tests/cli/mkframes.h"
#include "tests/cli/mkscript.h"

#define PIECE_BYTES (64u << 10)
#define MANY 100000u

/* ---- exchanges ---- */

static void json_post(uint32_t id, uint32_t connection, uint64_t ms)
{
	static const char body[] =
		"{\"model\":\"m-1\",\"temperature\":1.0,\"seed\":12345678901234567890,"
		"\"messages\":[{\"role\":\"user\",\"content\":\"caf\\u00e9 \xf0\x9f\x98\x80\"}]}";
	mk_request(id, connection, TH_FRAME_REDACTED, ms,
		"POST /v1/chat?key=th-redacted:0123456789abcdef0123 HTTP/1.1\r\n"
		"Host: api.example.test\r\nAuthorization: th-redacted:00112233445566778899\r\n"
		"X-Twice: one\r\nx-twice: two\r\nContent-Type: application/json\r\n"
		"Content-Length: 117\r\n\r\n");
	mk_text(TH_FRAME_REQ_DATA, id, TH_FRAME_LAST, ms, body);
	mk_response(
		TH_FRAME_RES_INFO, id, 0, ms + 5, "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n");
	mk_response(TH_FRAME_RES_HEAD, id, 0, ms + 10,
		"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
		"Transfer-Encoding: chunked\r\n\r\n");
	mk_text(TH_FRAME_RES_DATA, id, 0, ms + 11, "e\r\n{\"answer\": [1.\r\n");
	mk_text(TH_FRAME_RES_DATA, id, TH_FRAME_LAST, ms + 12, "5\r\n50 ]}\r\n0\r\n\r\n");
}

static void event_stream(uint32_t id, uint32_t connection, uint64_t ms)
{
	mk_request(id, connection, TH_FRAME_BODILESS, ms,
		"GET /v1/stream HTTP/1.1\r\nHost: api.example.test\r\n\r\n");
	mk_response(TH_FRAME_RES_HEAD, id, 0, ms + 20,
		"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n"
		"Transfer-Encoding: chunked\r\n\r\n");
	mk_text(TH_FRAME_RES_DATA, id, 0, ms + 30, "1b\r\nevent: start\ndata: {\"n\":1}\n\r\n");
	mk_text(TH_FRAME_RES_DATA, id, 0, ms + 40,
		"1\r\n\n\r\n17\r\nid: 7\ndata: a\ndata: b\n\n\r\n");
	mk_text(TH_FRAME_RES_DATA, id, 0, ms + 140, "e\r\ndata: [DONE]\n\n\r\n");
	mk_text(TH_FRAME_RES_DATA, id, TH_FRAME_LAST, ms + 141, "0\r\n\r\n");
}

static void binary(uint32_t id, uint32_t connection, uint64_t ms)
{
	static const char head[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\xff\xfe"
				   "binary";
	mk_request(id, connection, TH_FRAME_BODILESS, ms,
		"GET /image\xff\x1b[31m.png HTTP/1.1\r\nHost: api.example.test\r\n"
		"X-Latin: caf\xe9\r\n\r\n");
	mk_response(TH_FRAME_RES_HEAD, id, 0, ms + 3,
		"HTTP/1.1 404 Not Found\r\nContent-Type: image/png\r\nContent-Length: 25\r\n\r\n");
	mk_data(TH_FRAME_RES_DATA, id, TH_FRAME_LAST, ms + 4,
		(struct th_slice){(const uint8_t *)head, sizeof(head) - 1});
}

static void gzip_text(uint32_t id, uint32_t connection, uint64_t ms)
{
	static const char plain[] = "{\"squeezed\":true}";
	uint8_t packed[200];
	z_stream z = {.next_in = (uint8_t *)plain,
		.avail_in = sizeof(plain) - 1,
		.next_out = packed,
		.avail_out = sizeof(packed)};
	deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
	deflate(&z, Z_FINISH);
	size_t n = sizeof(packed) - z.avail_out;
	deflateEnd(&z);
	mk_request(id, connection, TH_FRAME_BODILESS, ms,
		"GET /gz HTTP/1.1\r\nHost: api.example.test\r\n\r\n");
	mk_response(TH_FRAME_RES_HEAD, id, 0, ms + 3,
		"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n"
		"Connection: close\r\n\r\n");
	mk_data(TH_FRAME_RES_DATA, id, 0, ms + 4, (struct th_slice){packed, n / 2});
	mk_data(TH_FRAME_RES_DATA, id, TH_FRAME_LAST, ms + 9,
		(struct th_slice){packed + n / 2, n - n / 2});
}

static void cut_answer(uint32_t id, uint32_t connection, uint64_t ms)
{
	mk_request(id, connection, TH_FRAME_BODILESS, ms,
		"GET /cut HTTP/1.1\r\nHost: api.example.test\r\n\r\n");
	mk_response(TH_FRAME_RES_HEAD, id, 0, ms + 3,
		"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 100\r\n\r\n");
	mk_text(TH_FRAME_RES_DATA, id, 0, ms + 4, "only this\r\nand\x1b[31m this");
	mk_end(TH_FRAME_RES_END, id, TH_END_RESET, ECONNRESET, ms + 8);
}

static void no_answer(uint32_t id, uint32_t connection, uint64_t ms)
{
	mk_request(id, connection, TH_FRAME_BODILESS, ms,
		"GET /silence HTTP/1.1\r\nHost: api.example.test\r\n\r\n");
	mk_end(TH_FRAME_RES_END, id, TH_END_LOCAL, 0, ms + 3000);
}

static void http2(uint32_t id, uint32_t connection, uint64_t ms)
{
	mk_begin_request(connection, 3, true);
	mk_field(":method", "GET");
	mk_field(":scheme", "https");
	mk_field(":authority", "h2.example.test");
	mk_field(":path", "/two?q=1");
	mk_field("accept", "*/*");
	mk_frame(TH_FRAME_REQ_HEAD, TH_FRAME_LAST | TH_FRAME_BODILESS, id, ms);
	mk_begin();
	th_out_u8(&mk_out, 20);
	th_out_u8(&mk_out, TH_HEAD_LIST);
	th_out_u16(&mk_out, 0);
	mk_field(":status", "503");
	mk_field("content-type", "text/plain");
	mk_frame(TH_FRAME_RES_HEAD, TH_FRAME_LAST, id, ms + 7);
	mk_text(TH_FRAME_RES_DATA, id, 0, ms + 8, "overloaded");
	mk_begin();
	th_out_u8(&mk_out, 20);
	th_out_u8(&mk_out, TH_HEAD_LIST);
	th_out_u16(&mk_out, 0);
	mk_field("x-checksum", "abc");
	mk_frame(TH_FRAME_RES_TRAILER, TH_FRAME_LAST, id, ms + 9);
}

/* ---- captures ---- */

static const struct mk_conn api = {.id = 1,
	.transport = TH_TRANSPORT_OPENSSL,
	.address = "192.0.2.1",
	.port = 443,
	.name = "api.example.test",
	.sni = "api.example.test",
	.alpn = "http/1.1"};

static void all_kinds(const char *path)
{
	mk_begin_process(path);
	mk_run(0xaa, 0, "commit=abc,row=7");
	mk_process(0xaa, 0xa1, 0, 100, 1, 0, "./agent");
	mk_conn(
		&(struct mk_conn){
			.id = 2, .address = "192.0.2.1", .port = 443, .name = "api.example.test"},
		1);
	mk_conn(&api, 2);
	json_post(1, 1, 10);
	event_stream(2, 1, 100);
	binary(3, 1, 300);
	gzip_text(4, 1, 400);
	mk_lookup("nowhere.example.test", EAI_NONAME, 450);
	mk_conn(
		&(struct mk_conn){
			.id = 3, .address = "2001:db8::1", .port = 8080, .error = ECONNREFUSED},
		460);
	mk_conn(
		&(struct mk_conn){
			.id = 4, .address = "192.0.2.9", .port = 443, .name = "opaque.example"},
		470);
	mk_conn_end(4, TH_SPEAKS_TLS, 480);
	cut_answer(5, 1, 500);
	no_answer(6, 1, 600);
	mk_conn_end(1, TH_SPEAKS_HTTP1, 3700);
	mk_conn_end(2, TH_SPEAKS_TLS, 3700);
	mk_process_end(4000);
	mk_finish_process();
	mk_begin_process(path);
	mk_process(0xaa, 0xa2, 0xa1, 101, 3, 700, "./agent");
	mk_conn(&(struct mk_conn){.id = 1,
			.transport = TH_TRANSPORT_OPENSSL,
			.address = "2001:db8::2",
			.port = 443,
			.sni = "h2.example.test",
			.alpn = "h2"},
		710);
	http2(1, 1, 720);
	mk_lost(2, 4096, 730);
	mk_finish_process();
}

/* A WebSocket: text, a message of two frames with a ping between, deflate, bytes, a close, and what
 * was cut. "Hello" deflated is RFC 7692's. */
static void websocket(uint32_t id, uint32_t connection, uint64_t ms)
{
	static const char masked[] = "\x81\x85\x01\x02\x03\x04igohn\x01\x82\0\0\0\0in";
	mk_request(id, connection, TH_FRAME_BODILESS, ms,
		"GET /live HTTP/1.1\r\nHost: api.example.test\r\nUpgrade: websocket\r\n"
		"Connection: Upgrade\r\n\r\n");
	mk_response(TH_FRAME_RES_HEAD, id, 0, ms + 1,
		"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: "
		"Upgrade\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n");
	mk_text(TH_FRAME_RES_DATA, id, 0, ms + 2, "\x81\x0f{\"hello\":\"you\"}");
	mk_data(TH_FRAME_REQ_DATA, id, 0, ms + 3,
		(struct th_slice){(const uint8_t *)masked, sizeof(masked) - 1});
	mk_text(TH_FRAME_RES_DATA, id, 0, ms + 4,
		"\x89\x04"
		"beat");
	mk_text(TH_FRAME_REQ_DATA, id, 0, ms + 5,
		"\x8a\x04"
		"beat\x80\x03two");
	mk_data(TH_FRAME_RES_DATA, id, 0, ms + 6,
		TH_SLICE_LIT("\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00\x82\x02\xff\x00"));
	mk_text(TH_FRAME_RES_DATA, id, 0, ms + 7,
		"\x88\x08\x03\xf3"
		"broken");
	mk_text(TH_FRAME_RES_DATA, id, 0, ms + 8, "\x81\x09half");
	mk_end(TH_FRAME_RES_END, id, TH_END_RESET, ECONNRESET, ms + 9);
}

/* The peer resets it with NO_ERROR, which is 0. */
static void http2_reset(uint32_t id, uint32_t connection, uint64_t ms)
{
	mk_begin_request(connection, 5, true);
	mk_field(":method", "GET");
	mk_field(":scheme", "https");
	mk_field(":authority", "h2.example.test");
	mk_field(":path", "/reset");
	mk_frame(TH_FRAME_REQ_HEAD, TH_FRAME_LAST | TH_FRAME_BODILESS, id, ms);
	mk_end(TH_FRAME_RES_END, id, TH_END_STREAM_RESET, 0, ms + 1);
}

/* A text for "text.example.test", and a name server that does not answer. */
static void name_server(uint64_t ms)
{
	mk_begin();
	th_out_u8(&mk_out, TH_DNS_BY_STREAM);
	th_out_u8(&mk_out, 0);
	th_out_u16(&mk_out, 16);
	mk_put_str16("text.example.test");
	th_out_bytes(&mk_out,
		"\x12\x34\x81\x80\0\1\0\1\0\0\0\0\4text\7example\4test\0\0\x10\0\1"
		"\xc0\x0c\0\x10\0\1\0\0\x0b\xb8\0\6\5hello",
		53);
	mk_frame(TH_FRAME_DNS, 0, 0, ms);
	mk_begin();
	th_out_u8(&mk_out, TH_DNS_BY_DATAGRAM);
	th_out_u8(&mk_out, 0);
	th_out_u16(&mk_out, 33);
	mk_put_str16("silent.example.test");
	mk_frame(TH_FRAME_DNS, 0, 0, ms + 1);
}

static void odd(const char *path)
{
	mk_begin_process(path);
	mk_run(0xdd, 0, "");
	mk_process(0xdd, 0xd1, 0, 100, 1, 0, "./agent");
	mk_conn(&api, 2);
	websocket(1, 1, 10);
	http2_reset(2, 1, 30);
	mk_lookup("nowhere.example.test", EAI_NONAME, 40);
	mk_lookup("nowhere.example.test", EAI_NONAME, 41);
	name_server(42);
	mk_transfer(1, "foo://example.test/", "Unsupported protocol", 50);
	mk_transfer(2, "bar://example.test/", "Unsupported protocol", 60);
	mk_process_end(100);
	mk_finish_process();
}

static void conn_end(uint32_t id, uint8_t end, uint16_t met, uint32_t code, uint64_t ms)
{
	mk_begin();
	th_out_u8(&mk_out, end);
	th_out_u8(&mk_out, TH_SPEAKS_HTTP1);
	th_out_u16(&mk_out, met);
	th_out_u32(&mk_out, code);
	th_out_u64(&mk_out, 100);
	th_out_u64(&mk_out, 200);
	th_out_u64(&mk_out, id == 1 ? 3 : 0); /* unseen */
	th_out_u64(&mk_out, 0);
	mk_frame(TH_FRAME_CONN_END, 0, id, ms);
}

/* What is rare: a body of which there is a hash, a chain of certificates, programs that left, a
 * writer that keeps no values. */
static void rare(uint32_t id, uint32_t connection, uint64_t ms)
{
	mk_request(
		id, connection, TH_FRAME_BODILESS, ms, "GET /hashed HTTP/1.1\r\nHost: x\r\n\r\n");
	mk_response(TH_FRAME_RES_HEAD, id, 0, ms, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n");
	mk_begin();
	th_out_u64(&mk_out, 0x0101); /* of a response, whole */
	th_out_u64(&mk_out, 4);
	mk_put_text("0123456789abcdef0123456789abcdef");
	mk_frame(TH_FRAME_BODY_HASH, 0, id, ms);
	mk_end(TH_FRAME_RES_END, id, TH_END_WITHHELD, 0, ms);
	mk_begin();
	th_out_u32(&mk_out, 3);
	mk_put_text("DER");
	mk_frame(TH_FRAME_CERTIFICATES, 0, 1, ms);
	mk_begin();
	th_out_u64(&mk_out, 1); /* no key, and its nonce of zeros */
	th_out_u64(&mk_out, 0);
	mk_frame(TH_FRAME_KEPT, 0, 0, ms);
	for (uint8_t reason = 1; reason <= 6; reason++) {
		mk_begin();
		th_out_u64(&mk_out, reason);
		mk_put_str16("/usr/bin/other");
		mk_frame(TH_FRAME_LEFT, 0, 0, ms);
	}
}

#define AN_END_OF_LATER 40
#define A_BIT_OF_LATER 0x100

/* Every way in which a connection can end, and an answer on it: one that no version knows yet, too.
 * What was met goes through its bits; the last connection is handed on, and then ends after all. */
static void ends(const char *path)
{
	static const struct {
		uint8_t end;
		uint32_t code;
		uint16_t met;
	} all[] = {{TH_END_COMPLETE, 0, 0}, {TH_END_FIN, 0, TH_MET_TOLD},
		{TH_END_NOTIFY, 0, TH_MET_TOLD | TH_MET_LOOKED},
		{TH_END_RESET, ECONNRESET, TH_MET_TOLD | TH_MET_SEND_FAILED},
		{TH_END_STREAM_RESET, 8, TH_MET_TOLD},
		{TH_END_LOCAL, 0, TH_MET_TOLD | TH_MET_UNREAD},
		{TH_END_LOCAL_RESET, 8, TH_MET_TOLD}, {TH_END_GOAWAY, 0, TH_MET_TOLD},
		{TH_END_ERROR, ETIMEDOUT, TH_MET_TOLD}, {TH_END_UNPARSED, 0, TH_MET_TOLD},
		{TH_END_TLS, 3u << 24 | 40, TH_MET_TOLD}, {TH_END_WITHHELD, 0, TH_MET_TOLD},
		{TH_END_ALERT, 42, TH_MET_TOLD},
		{AN_END_OF_LATER, 7, TH_MET_TOLD | TH_MET_UNREAD | A_BIT_OF_LATER}};
	const uint32_t n = sizeof(all) / sizeof(all[0]);
	mk_begin_process(path);
	mk_run(0xee, 0, "");
	mk_process(0xee, 0xe1, 0, 100, 1, 0, "./agent");
	for (uint32_t i = 0; i < n; i++) {
		struct mk_conn c = api;
		char head[100];
		uint64_t ms = 10 + 10 * (uint64_t)i;
		c.id = i + 1;
		mk_conn(&c, ms);
		snprintf(head, sizeof(head), "GET /end/%u HTTP/1.1\r\nHost: %s\r\n\r\n", all[i].end,
			c.sni);
		mk_request(i + 1, c.id, TH_FRAME_BODILESS, ms + 2, head);
		mk_response(TH_FRAME_RES_HEAD, i + 1, 0, ms + 3,
			"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n");
		mk_text(TH_FRAME_RES_DATA, i + 1, 0, ms + 4, "some");
		mk_end(TH_FRAME_RES_END, i + 1, (enum th_end)all[i].end, all[i].code, ms + 5);
		conn_end(c.id, all[i].end, all[i].met, all[i].code, ms + 6);
	}
	mk_conn(&(struct mk_conn){.id = n + 1, .address = "127.0.0.1", .port = 8000}, 500);
	conn_end(n + 1, TH_END_LOCAL, TH_MET_TOLD | TH_MET_HANDED_ON, 0, 510);
	conn_end(n + 1, TH_END_FIN, TH_MET_TOLD, 0, 520);
	rare(n + 1, 1, 550);
	mk_process_end(600);
	mk_finish_process();
}

static void plain_run(const char *path, uint8_t digit, uint64_t ms, bool ends)
{
	mk_begin_process(path);
	mk_run(digit, ms, "");
	mk_process(digit, (uint8_t)(digit + 1), 0, 100 + digit, 1, ms, "curl");
	mk_conn(
		&(struct mk_conn){
			.id = 1, .address = "127.0.0.1", .port = 8000, .name = "localhost"},
		ms);
	json_post(1, 1, ms + 10);
	mk_conn_end(1, TH_SPEAKS_HTTP1, ms + 50);
	if (ends) {
		mk_process_end(ms + 60);
	}
	mk_finish_process();
}

static void two_runs(const char *path)
{
	plain_run(path, 0xa0, 0, true);
	plain_run(path, 0xb0, 100000, true);
	plain_run(path, 0xb8, 200000, false);
}

/* What a long day of small calls leaves: 100,000 exchanges over 100 connections. */
static void many(const char *path)
{
	mk_begin_process(path);
	mk_run(0xdd, 0, "");
	mk_process(0xdd, 0xd1, 0, 100, 1, 0, "./agent");
	for (uint32_t i = 0; i < MANY; i++) {
		struct mk_conn c = api;
		uint64_t ms = 10 * (uint64_t)i;
		char head[200];
		c.id = i / 1000 + 1;
		if (i % 1000 == 0) {
			mk_conn(&c, ms);
		}
		snprintf(head, sizeof(head), "GET /item/%u HTTP/1.1\r\nHost: %s\r\n\r\n", i, c.sni);
		mk_request(i + 1, c.id, TH_FRAME_BODILESS, ms, head);
		mk_response(TH_FRAME_RES_HEAD, i + 1, 0, ms + 2,
			i % 100 ? "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"
				: "HTTP/1.1 500 No\r\nContent-Length: 2\r\n\r\n");
		mk_text(TH_FRAME_RES_DATA, i + 1, TH_FRAME_LAST, ms + 3 + i % 7, "{}");
	}
	mk_process_end(10 * MANY);
	mk_finish_process();
}

/* 64 MB and a little: bodies are streamed, never built up as values. */
static void large(const char *path)
{
	static uint8_t piece[PIECE_BYTES];
	memset(piece, 'x', sizeof(piece));
	mk_begin_process(path);
	mk_run(0xcc, 0, "");
	mk_process(0xcc, 0xc1, 0, 100, 1, 0, "./agent");
	mk_conn(&api, 2);
	mk_request(1, 1, TH_FRAME_BODILESS, 10, "GET /large HTTP/1.0\r\nHost: x\r\n\r\n");
	mk_response(TH_FRAME_RES_HEAD, 1, 0, 20, "HTTP/1.1 200 OK\r\n\r\n");
	for (uint64_t i = 0; i < 1024; i++) {
		mk_data(TH_FRAME_RES_DATA, 1, 0, 21 + i, (struct th_slice){piece, sizeof(piece)});
	}
	mk_end(TH_FRAME_RES_END, 1, TH_END_COMPLETE, 0, 2000);
	mk_process_end(2001);
	mk_finish_process();
}

/* A history that goes out with each turn, and a writer that is killed before it folds: its live
 * file stays, in which the later turns refer to the earlier ones. */
static void resent(const char *path)
{
	static char body[8192];
	size_t n = (size_t)sprintf(body, "{\"model\":\"m-1\",\"messages\":[");
	mk_begin_process(path);
	mk_run(0xee, 0, "");
	mk_process(0xee, 0xe1, 0, 100, 1, 0, "./agent");
	mk_conn(&api, 2);
	for (uint32_t turn = 1; turn <= 4; turn++) {
		uint64_t ms = 100 * (uint64_t)turn;
		n += (size_t)sprintf(body + n, "%s{\"role\":\"user\",\"content\":\"turn %u,",
			turn > 1 ? "," : "", turn);
		for (unsigned word = 0; word < 150; word++) {
			n += (size_t)sprintf(body + n, " %x", word * word * 40503u * turn & 0xffff);
		}
		n += (size_t)sprintf(body + n, "\"}");
		char head[200];
		snprintf(head, sizeof(head),
			"POST /v1/chat HTTP/1.1\r\nHost: api.example.test\r\nContent-Type: "
			"application/json\r\nContent-Length: %zu\r\n\r\n",
			n + 2);
		memcpy(body + n, "]}", 3);
		mk_request(turn, 1, 0, ms, head);
		mk_data(TH_FRAME_REQ_DATA, turn, TH_FRAME_LAST, ms + 1,
			(struct th_slice){(const uint8_t *)body, n + 2});
		mk_response(TH_FRAME_RES_HEAD, turn, 0, ms + 20,
			"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "
			"11\r\n\r\n");
		mk_text(TH_FRAME_RES_DATA, turn, TH_FRAME_LAST, ms + 21, "{\"ok\":true}");
	}
}

static void empty(const char *path)
{
	mk_begin_process(path);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*make)(const char *path);
	} kinds[] = {{"all-kinds", all_kinds}, {"empty", empty}, {"ends", ends}, {"large", large},
		{"many", many}, {"odd", odd}, {"resent", resent}, {"script", mk_script},
		{"two-runs", two_runs}};
	const char *key = getenv("TRACEHOOK_KEY_FILE");
	if (key && th_key_load(key) < 0) {
		return 64;
	}
	for (size_t i = 0; argc == 3 && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(argv[1], kinds[i].name) == 0) {
			kinds[i].make(argv[2]);
			return 0;
		}
	}
	fprintf(stderr, "usage: mkcapture NAME FILE (an absolute path)\n");
	return 64;
}
