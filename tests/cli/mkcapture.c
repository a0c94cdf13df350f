/* Makes captures whose every time and id is fixed, for tests of the tool: mkcapture NAME FILE.
 *
 * Written with the writer's own functions, so that the tests see what agents really leave, and not
 * with the recorder, which would stamp the present time. */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include "base/bytes.h"
#include "capture/frame.h"
#include "capture/writer.h"

#define BEGAN 1763762459123456789u /* 2025-11-21 22:00:59.123456789 UTC */
#define MS 1000000u
#define PIECE_BYTES (64u << 10)

static struct th_writer writer;
static uint8_t bytes[TH_FRAME_PAYLOAD_MAX];
static struct th_out out;

static struct th_out *begin(void)
{
	out = (struct th_out){.p = bytes, .cap = sizeof(bytes)};
	return &out;
}

static void put_text(const char *text)
{
	th_out_bytes(&out, text, strlen(text));
}

static void put_zeros(size_t n)
{
	while (n--) {
		th_out_u8(&out, 0);
	}
}

static void put_str16(const char *text)
{
	th_out_str16(&out, th_slice_str(text));
}

/* Writes the frame that was put together since begin(), `ms` after the run's beginning. */
static void frame(uint8_t type, uint8_t flags, uint32_t id, uint64_t ms)
{
	struct iovec part = {bytes, out.n};
	if (out.failed || th_writer_put(&writer, type, flags, id, BEGAN + ms * MS, &part, 1) != 0) {
		fprintf(stderr, "mkcapture: a frame was not written\n");
	}
}

static void put_id(uint8_t digit, size_t n)
{
	while (n--) {
		th_out_u8(&out, digit);
	}
}

static void run(uint8_t digit, uint64_t ms, const char *meta)
{
	begin();
	put_id(digit, TH_TRACE_ID_BYTES);
	put_zeros(TH_SPAN_ID_BYTES);
	th_out_u8(&out, 1);
	put_zeros(7);
	put_str16(meta);
	put_str16("");
	put_str16("");
	put_str16("0.1.0");
	frame(TH_FRAME_RUN, 0, 0, ms);
}

static void process(uint8_t trace, uint8_t span, uint8_t parent, uint32_t pid, uint8_t how,
	uint64_t ms, const char *argv0)
{
	begin();
	put_id(trace, TH_TRACE_ID_BYTES);
	put_id(span, TH_SPAN_ID_BYTES);
	put_id(parent, TH_SPAN_ID_BYTES);
	th_out_u32(&out, pid);
	th_out_u32(&out, parent ? 100 : 1);
	th_out_u8(&out, how);
	put_zeros(7);
	put_str16("/usr/bin/agent");
	put_str16(argv0);
	put_str16("/home/somebody");
	frame(TH_FRAME_PROCESS, 0, 0, ms);
}

static void process_end(uint64_t ms)
{
	begin();
	th_out_u64(&out, writer.next_seq);
	frame(TH_FRAME_PROCESS_END, 0, 0, ms);
}

struct conn {
	uint32_t id;
	uint8_t transport;
	const char *address;
	uint16_t port;
	const char *name, *sni, *alpn;
	int error;
};

static void conn(const struct conn *c, uint64_t ms)
{
	uint8_t address[16] = {0};
	bool v6 = strchr(c->address, ':');
	inet_pton(v6 ? AF_INET6 : AF_INET, c->address, address);
	begin();
	th_out_u8(&out, c->transport);
	th_out_u8(&out, v6 ? 6 : 4);
	th_out_u16(&out, c->port);
	th_out_u32(&out, 1);
	th_out_bytes(&out, address, sizeof(address));
	th_out_u32(&out, (uint32_t)c->error);
	th_out_u32(&out, 0);
	th_out_u64(&out, BEGAN + ms * MS);
	th_out_u64(&out, c->error ? 0 : BEGAN + (ms + 1) * MS);
	put_str16(c->name ? c->name : "");
	put_str16(c->sni ? c->sni : "");
	put_str16(c->alpn ? c->alpn : "");
	frame(TH_FRAME_CONN, 0, c->id, ms + 1);
}

static void conn_end(uint32_t id, uint8_t speaks, uint64_t ms)
{
	begin();
	th_out_u8(&out, TH_END_LOCAL);
	th_out_u8(&out, speaks);
	th_out_u16(&out, 0);
	th_out_u32(&out, 0);
	th_out_u64(&out, 1234);
	th_out_u64(&out, 56789);
	frame(TH_FRAME_CONN_END, 0, id, ms);
}

static void lookup(const char *name, int result, uint64_t ms)
{
	begin();
	th_out_u32(&out, (uint32_t)result);
	th_out_u16(&out, 0);
	th_out_u16(&out, 0);
	put_str16(name);
	frame(TH_FRAME_NAME, 0, 0, ms);
}

static void lost(uint64_t events, uint64_t n, uint64_t ms)
{
	begin();
	th_out_u64(&out, events);
	th_out_u64(&out, n);
	put_str16("no room");
	frame(TH_FRAME_LOST, 0, 0, ms);
}

static void begin_request(uint32_t connection, uint32_t stream, bool h2)
{
	begin();
	th_out_u32(&out, connection);
	th_out_u32(&out, stream);
	th_out_u32(&out, 1);
	th_out_u8(&out, h2 ? 20 : 11);
	th_out_u8(&out, h2 ? TH_HEAD_LIST : TH_HEAD_H1);
	th_out_u16(&out, 0);
}

static void request(uint32_t id, uint32_t connection, uint8_t flags, uint64_t ms, const char *head)
{
	begin_request(connection, 0, false);
	put_text(head);
	frame(TH_FRAME_REQ_HEAD, TH_FRAME_LAST | flags, id, ms);
}

static void response(uint8_t type, uint32_t id, uint8_t flags, uint64_t ms, const char *head)
{
	begin();
	th_out_u8(&out, 11);
	th_out_u8(&out, TH_HEAD_H1);
	th_out_u16(&out, 0);
	put_text(head);
	frame(type, TH_FRAME_LAST | flags, id, ms);
}

static void data(uint8_t type, uint32_t id, uint8_t flags, uint64_t ms, struct th_slice s)
{
	begin();
	th_out_bytes(&out, s.p, s.n);
	frame(type, flags, id, ms);
}

static void text(uint8_t type, uint32_t id, uint8_t flags, uint64_t ms, const char *s)
{
	data(type, id, flags, ms, th_slice_str(s));
}

static void end(uint8_t type, uint32_t id, enum th_end how, uint32_t code, uint64_t ms)
{
	begin();
	th_out_u8(&out, (uint8_t)how);
	put_zeros(3);
	th_out_u32(&out, code);
	frame(type, 0, id, ms);
}

static void field(const char *name, const char *value)
{
	th_out_u16(&out, (uint16_t)strlen(name));
	th_out_u32(&out, (uint32_t)strlen(value));
	put_text(name);
	put_text(value);
}

/* ---- exchanges ---- */

static void json_post(uint32_t id, uint32_t connection, uint64_t ms)
{
	static const char body[] =
		"{\"model\":\"m-1\",\"temperature\":1.0,\"seed\":12345678901234567890,"
		"\"messages\":[{\"role\":\"user\",\"content\":\"caf\\u00e9 \xf0\x9f\x98\x80\"}]}";
	request(id, connection, TH_FRAME_REDACTED, ms,
		"POST /v1/chat?key=th-redacted:0123456789abcdef0123 HTTP/1.1\r\n"
		"Host: api.example.test\r\nAuthorization: th-redacted:00112233445566778899\r\n"
		"X-Twice: one\r\nx-twice: two\r\nContent-Type: application/json\r\n"
		"Content-Length: 117\r\n\r\n");
	text(TH_FRAME_REQ_DATA, id, TH_FRAME_LAST, ms, body);
	response(
		TH_FRAME_RES_INFO, id, 0, ms + 5, "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n");
	response(TH_FRAME_RES_HEAD, id, 0, ms + 10,
		"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
		"Transfer-Encoding: chunked\r\n\r\n");
	text(TH_FRAME_RES_DATA, id, 0, ms + 11, "e\r\n{\"answer\": [1.\r\n");
	text(TH_FRAME_RES_DATA, id, TH_FRAME_LAST, ms + 12, "5\r\n50 ]}\r\n0\r\n\r\n");
}

static void event_stream(uint32_t id, uint32_t connection, uint64_t ms)
{
	request(id, connection, TH_FRAME_BODILESS, ms,
		"GET /v1/stream HTTP/1.1\r\nHost: api.example.test\r\n\r\n");
	response(TH_FRAME_RES_HEAD, id, 0, ms + 20,
		"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n"
		"Transfer-Encoding: chunked\r\n\r\n");
	text(TH_FRAME_RES_DATA, id, 0, ms + 30, "1b\r\nevent: start\ndata: {\"n\":1}\n\r\n");
	text(TH_FRAME_RES_DATA, id, 0, ms + 40, "1\r\n\n\r\n17\r\nid: 7\ndata: a\ndata: b\n\n\r\n");
	text(TH_FRAME_RES_DATA, id, 0, ms + 140, "e\r\ndata: [DONE]\n\n\r\n");
	text(TH_FRAME_RES_DATA, id, TH_FRAME_LAST, ms + 141, "0\r\n\r\n");
}

static void binary(uint32_t id, uint32_t connection, uint64_t ms)
{
	static const char head[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\xff\xfe"
				   "binary";
	request(id, connection, TH_FRAME_BODILESS, ms,
		"GET /image\xff\x1b[31m.png HTTP/1.1\r\nHost: api.example.test\r\n"
		"X-Latin: caf\xe9\r\n\r\n");
	response(TH_FRAME_RES_HEAD, id, 0, ms + 3,
		"HTTP/1.1 404 Not Found\r\nContent-Type: image/png\r\nContent-Length: 25\r\n\r\n");
	data(TH_FRAME_RES_DATA, id, TH_FRAME_LAST, ms + 4,
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
	request(id, connection, TH_FRAME_BODILESS, ms,
		"GET /gz HTTP/1.1\r\nHost: api.example.test\r\n\r\n");
	response(TH_FRAME_RES_HEAD, id, 0, ms + 3,
		"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n"
		"Connection: close\r\n\r\n");
	data(TH_FRAME_RES_DATA, id, 0, ms + 4, (struct th_slice){packed, n / 2});
	data(TH_FRAME_RES_DATA, id, TH_FRAME_LAST, ms + 9,
		(struct th_slice){packed + n / 2, n - n / 2});
}

static void cut_answer(uint32_t id, uint32_t connection, uint64_t ms)
{
	request(id, connection, TH_FRAME_BODILESS, ms,
		"GET /cut HTTP/1.1\r\nHost: api.example.test\r\n\r\n");
	response(TH_FRAME_RES_HEAD, id, 0, ms + 3,
		"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 100\r\n\r\n");
	text(TH_FRAME_RES_DATA, id, 0, ms + 4, "only this\r\nand\x1b[31m this");
	end(TH_FRAME_RES_END, id, TH_END_RESET, ECONNRESET, ms + 8);
}

static void no_answer(uint32_t id, uint32_t connection, uint64_t ms)
{
	request(id, connection, TH_FRAME_BODILESS, ms,
		"GET /silence HTTP/1.1\r\nHost: api.example.test\r\n\r\n");
	end(TH_FRAME_RES_END, id, TH_END_LOCAL, 0, ms + 3000);
}

static void http2(uint32_t id, uint32_t connection, uint64_t ms)
{
	begin_request(connection, 3, true);
	field(":method", "GET");
	field(":scheme", "https");
	field(":authority", "h2.example.test");
	field(":path", "/two?q=1");
	field("accept", "*/*");
	frame(TH_FRAME_REQ_HEAD, TH_FRAME_LAST | TH_FRAME_BODILESS, id, ms);
	begin();
	th_out_u8(&out, 20);
	th_out_u8(&out, TH_HEAD_LIST);
	th_out_u16(&out, 0);
	field(":status", "503");
	field("content-type", "text/plain");
	frame(TH_FRAME_RES_HEAD, TH_FRAME_LAST, id, ms + 7);
	text(TH_FRAME_RES_DATA, id, 0, ms + 8, "overloaded");
	begin();
	th_out_u8(&out, 20);
	th_out_u8(&out, TH_HEAD_LIST);
	th_out_u16(&out, 0);
	field("x-checksum", "abc");
	frame(TH_FRAME_RES_TRAILER, TH_FRAME_LAST, id, ms + 9);
}

/* ---- captures ---- */

static const struct conn api = {.id = 1,
	.transport = TH_TRANSPORT_OPENSSL,
	.address = "192.0.2.1",
	.port = 443,
	.name = "api.example.test",
	.sni = "api.example.test",
	.alpn = "http/1.1"};

static void begin_process(const char *path)
{
	memset(&writer, 0, sizeof(writer));
	if (th_writer_init(&writer, path) != 0) {
		fprintf(stderr, "mkcapture: %s could not be begun\n", path);
	}
}

static void all_kinds(const char *path)
{
	begin_process(path);
	run(0xaa, 0, "commit=abc,row=7");
	process(0xaa, 0xa1, 0, 100, 1, 0, "./agent");
	conn(
		&(struct conn){
			.id = 2, .address = "192.0.2.1", .port = 443, .name = "api.example.test"},
		1);
	conn(&api, 2);
	json_post(1, 1, 10);
	event_stream(2, 1, 100);
	binary(3, 1, 300);
	gzip_text(4, 1, 400);
	lookup("nowhere.example.test", EAI_NONAME, 450);
	conn(&(struct conn){.id = 3, .address = "2001:db8::1", .port = 8080, .error = ECONNREFUSED},
		460);
	conn(&(struct conn){.id = 4, .address = "192.0.2.9", .port = 443, .name = "opaque.example"},
		470);
	conn_end(4, TH_SPEAKS_TLS, 480);
	cut_answer(5, 1, 500);
	no_answer(6, 1, 600);
	conn_end(1, TH_SPEAKS_HTTP1, 3700);
	conn_end(2, TH_SPEAKS_TLS, 3700);
	process_end(4000);
	th_writer_finish(&writer, UINT64_MAX);
	begin_process(path);
	process(0xaa, 0xa2, 0xa1, 101, 3, 700, "./agent");
	conn(&(struct conn){.id = 1,
		     .transport = TH_TRANSPORT_OPENSSL,
		     .address = "2001:db8::2",
		     .port = 443,
		     .sni = "h2.example.test",
		     .alpn = "h2"},
		710);
	http2(1, 1, 720);
	lost(2, 4096, 730);
	th_writer_finish(&writer, UINT64_MAX);
}

static void plain_run(const char *path, uint8_t digit, uint64_t ms, bool ends)
{
	begin_process(path);
	run(digit, ms, "");
	process(digit, (uint8_t)(digit + 1), 0, 100 + digit, 1, ms, "curl");
	conn(&(struct conn){.id = 1, .address = "127.0.0.1", .port = 8000, .name = "localhost"},
		ms);
	json_post(1, 1, ms + 10);
	conn_end(1, TH_SPEAKS_HTTP1, ms + 50);
	if (ends) {
		process_end(ms + 60);
	}
	th_writer_finish(&writer, UINT64_MAX);
}

static void two_runs(const char *path)
{
	plain_run(path, 0xa0, 0, true);
	plain_run(path, 0xb0, 100000, true);
	plain_run(path, 0xb8, 200000, false);
}

/* 64 MB and a little: bodies are streamed, never built up as values. */
static void large(const char *path)
{
	static uint8_t piece[PIECE_BYTES];
	memset(piece, 'x', sizeof(piece));
	begin_process(path);
	run(0xcc, 0, "");
	process(0xcc, 0xc1, 0, 100, 1, 0, "./agent");
	conn(&api, 2);
	request(1, 1, TH_FRAME_BODILESS, 10, "GET /large HTTP/1.0\r\nHost: x\r\n\r\n");
	response(TH_FRAME_RES_HEAD, 1, 0, 20, "HTTP/1.1 200 OK\r\n\r\n");
	for (uint64_t i = 0; i < 1024; i++) {
		data(TH_FRAME_RES_DATA, 1, 0, 21 + i, (struct th_slice){piece, sizeof(piece)});
	}
	end(TH_FRAME_RES_END, 1, TH_END_COMPLETE, 0, 2000);
	process_end(2001);
	th_writer_finish(&writer, UINT64_MAX);
}

static void empty(const char *path)
{
	begin_process(path);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*make)(const char *path);
	} kinds[] = {{"all-kinds", all_kinds}, {"empty", empty}, {"large", large},
		{"two-runs", two_runs}};
	for (size_t i = 0; argc == 3 && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(argv[1], kinds[i].name) == 0) {
			kinds[i].make(argv[2]);
			return 0;
		}
	}
	fprintf(stderr, "usage: mkcapture NAME FILE (an absolute path)\n");
	return 64;
}
