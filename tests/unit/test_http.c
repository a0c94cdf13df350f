#include "trace/http.h"

#include "tests/unit/scratch.h"
#include "trace/tunnel.h"

#include <errno.h>
#include <zlib.h>

/* One exchange made by hand: http.c needs no capture. */
static struct th_connection conn;
static struct th_exchange x;
static struct th_piece pieces[8];

static void set_request(const char *head)
{
	x.request.present = x.request.head_done = true;
	x.request.head.bytes = th_slice_str(head);
}

static void set_response(const char *head)
{
	x.response.present = x.response.head_done = true;
	x.response.head.bytes = th_slice_str(head);
}

static void set_body(struct th_message *m, struct th_slice body, size_t step)
{
	m->pieces = pieces;
	m->n_pieces = 0;
	m->body_bytes = body.n;
	for (size_t at = 0; at < body.n; at += step) {
		size_t n = body.n - at < step ? body.n - at : step;
		pieces[m->n_pieces++].bytes = (struct th_slice){body.p + at, n};
	}
}

static void tls_connection(void)
{
	conn = (struct th_connection){.transport = TH_TRANSPORT_OPENSSL, .family = 4, .port = 443};
	memcpy(conn.address, "\xc0\0\x02\x07", 4);
	x.connection = &conn;
}

static void expect_url(const char *head, const char *url)
{
	set_request(head);
	char *got = th_http_url(&x);
	cr_assert_str_eq(got, url);
	free(got);
}

Test(http, urls)
{
	expect_url("GET /a?b HTTP/1.1\r\nHost: H.example:80\r\n\r\n", "http://h.example/a?b");
	expect_url("GET http://u:p@B.example:8080/a HTTP/1.1\r\nHost: other\r\n\r\n",
		"http://b.example:8080/a");
	expect_url("GET https://b.example HTTP/1.1\r\n\r\n", "https://b.example/");
	expect_url("GET http://b.example?q HTTP/1.1\r\n\r\n", "http://b.example/?q");
	expect_url("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", "http://h/*");
	expect_url(
		"CONNECT h.example:443 HTTP/1.1\r\nHost: h.example:443\r\n\r\n", "h.example:443");
	expect_url("GET / HTTP/1.0\r\n\r\n", "http://unknown/");
	expect_url("garbage", "http://unknown/");
	tls_connection();
	expect_url("GET / HTTP/1.1\r\nHost: h:443\r\n\r\n", "https://h/");
	expect_url("GET / HTTP/1.1\r\nHost: h:80\r\n\r\n", "https://h:80/");
	expect_url("GET / HTTP/1.0\r\n\r\n", "https://192.0.2.7/");
	conn.port = 8443;
	expect_url("GET / HTTP/1.0\r\n\r\n", "https://192.0.2.7:8443/");
	conn.name = TH_SLICE_LIT("looked.up");
	expect_url("GET / HTTP/1.0\r\n\r\n", "https://looked.up:8443/");
	conn.sni = TH_SLICE_LIT("Sni.Example");
	expect_url("GET / HTTP/1.0\r\n\r\n", "https://sni.example:8443/");
	conn = (struct th_connection){.family = 6, .port = 80};
	expect_url("GET / HTTP/1.0\r\n\r\n", "http://[::]/");
	conn = (struct th_connection){.family = 1};
	expect_url("GET / HTTP/1.0\r\n\r\n", "http://localhost/");
	conn.name = TH_SLICE_LIT("/run/a b/D.sock");
	expect_url("GET /x?y HTTP/1.1\r\nHost: docker\r\n\r\n",
		"http+unix://%2Frun%2Fa%20b%2FD.sock/x?y");
	expect_url(
		"GET http://h.example/x HTTP/1.1\r\nHost: h.example\r\n\r\n", "http://h.example/x");
	expect_url("CONNECT h.example:443 HTTP/1.1\r\n\r\n", "h.example:443");
	conn.transport = TH_TRANSPORT_OPENSSL;
	expect_url("GET / HTTP/1.1\r\nHost: h\r\n\r\n", "https+unix://%2Frun%2Fa%20b%2FD.sock/");
}

/* What an altered capture may hold; nothing behind the name is read (ASan sees it). */
Test(http, a_name_with_a_nul)
{
	static const uint8_t name[] = "ab\0cdefghijklmnopqrstu";
	conn = (struct th_connection){.family = 4, .name = {name, sizeof(name) - 1}};
	x.connection = &conn;
	expect_url("GET / HTTP/1.1\r\n\r\n", "http://ab/");
	conn.port = 8080;
	expect_url("GET / HTTP/1.1\r\n\r\n", "http://ab:8080/");
}

Test(http, request_of_http2)
{
	static const uint8_t list[] = "\7\0\3\0\0\0:methodGET"
				      "\7\0\4\0\0\0:schemehttp"
				      "\12\0\7\0\0\0:authorityh2.test"
				      "\5\0\2\0\0\0:path/p";
	x.request.head = (struct th_head){{list, sizeof(list) - 1}, true};
	tls_connection();
	char *url = th_http_url(&x);
	cr_assert_str_eq(url, "http://h2.test/p");
	free(url);
	cr_assert(th_slice_eq(th_http_method(&x), TH_SLICE_LIT("GET")));
}

Test(http, empty_exchange)
{
	const char *why = NULL;
	cr_assert_eq(th_http_method(&x).n, 0);
	cr_assert_eq(th_http_status(&x), 0);
	cr_assert_str_eq(th_http_outcome(&x, &why), "error");
	cr_assert_str_eq(why, "no response came");
	cr_assert_eq(th_http_ttfb(&x), 0);
	uint8_t *p = NULL;
	size_t n = 1;
	cr_assert_eq(th_http_body(&x.response, true, &p, &n), 0);
	cr_assert_eq(n, 0);
	free(p);
}

static void finish(struct th_message *m, enum th_end end)
{
	m->finished = true;
	m->end = end;
}

static const char *why(void)
{
	const char *text = NULL;
	const char *outcome = th_http_outcome(&x, &text);
	cr_assert_str_eq(outcome, text[0] ? "error" : "ok");
	return text;
}

Test(http, outcomes)
{
	set_request("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
	finish(&x.request, TH_END_COMPLETE);
	cr_assert_str_eq(why(), "no response came");
	set_response("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n");
	cr_assert_str_eq(why(), "its end was not recorded", "kill -9");
	finish(&x.response, TH_END_COMPLETE);
	cr_assert_str_eq(why(), "");
	finish(&x.response, TH_END_FIN);
	cr_assert_str_eq(why(), "the peer closed the connection early");
	finish(&x.response, TH_END_RESET);
	cr_assert_str_eq(why(), "the connection was reset");
	finish(&x.response, TH_END_LOCAL);
	cr_assert_str_eq(why(), "the program gave it up");
	set_response("HTTP/1.1 200 OK\r\n\r\n");
	finish(&x.response, TH_END_FIN);
	cr_assert_str_eq(why(), "", "a body until close");
	finish(&x.response, TH_END_RESET);
	cr_assert(th_http_truncated(&x.response));
	set_response("HTTP/1.1 429 Slow down\r\nContent-Length: 0\r\n\r\n");
	finish(&x.response, TH_END_COMPLETE);
	cr_assert_str_eq(why(), "the response is an error");
	cr_assert_eq(th_http_status(&x), 429);
	set_response("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	finish(&x.request, TH_END_LOCAL);
	cr_assert_str_eq(why(), "the request was not sent whole");
}

/* What follows a 101, or a CONNECT, ends when its program likes. */
Test(http, tunnels_are_whole_when_their_program_closes_them)
{
	struct th_piece parts[] = {{0, th_slice_str("\x81\x02")}, {0, th_slice_str("hi\x88")},
		{0, {(const uint8_t *)"\0", 1}}};
	set_request("GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n\r\n");
	finish(&x.request, TH_END_COMPLETE);
	x.request.bodiless = true;
	set_response("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n");
	cr_assert(th_tunnel_is(&x));
	x.response.tunnel = true;
	x.response.pieces = parts;
	x.response.n_pieces = 3;
	finish(&x.response, TH_END_LOCAL);
	cr_assert_str_eq(why(), "", "a Close frame, though in three pieces");
	x.response.n_pieces = 2;
	cr_assert_str_eq(why(), "the program gave it up", "its head is cut");
	set_request("CONNECT h:443 HTTP/1.1\r\n\r\n");
	finish(&x.request, TH_END_COMPLETE);
	set_response("HTTP/1.1 200 OK\r\n\r\n");
	cr_assert(th_tunnel_is(&x));
	x.response.tunnel = true;
	finish(&x.response, TH_END_LOCAL);
	cr_assert_str_eq(why(), "");
}

/* curl closes an HTTP/2 connection once it has the promised length, before END_STREAM came. */
Test(http, http2_with_its_promised_length_is_whole)
{
	static const uint8_t list[] = "\7\0\3\0\0\0:status200"
				      "\16\0\1\0\0\0content-length2";
	x.response.present = x.response.head_done = true;
	x.response.head = (struct th_head){{list, sizeof(list) - 1}, true};
	set_body(&x.response, TH_SLICE_LIT("ab"), 1);
	finish(&x.response, TH_END_LOCAL);
	cr_assert_not(th_http_truncated(&x.response));
	cr_assert_str_eq(why(), "");
	set_body(&x.response, TH_SLICE_LIT("a"), 1);
	cr_assert(th_http_truncated(&x.response), "a byte is missing");
	set_body(&x.response, TH_SLICE_LIT("ab"), 1);
	finish(&x.response, TH_END_STREAM_RESET);
	cr_assert(th_http_truncated(&x.response), "the peer took it back");
}

Test(http, time_to_first_byte)
{
	set_request("GET / HTTP/1.1\r\n\r\n");
	set_response("HTTP/1.1 200 OK\r\n\r\n");
	x.request.began = 100;
	x.response.began = 350;
	cr_assert_eq(th_http_ttfb(&x), 250);
	set_body(&x.request, TH_SLICE_LIT("ab"), 1);
	pieces[1].time = 300;
	cr_assert_eq(th_http_ttfb(&x), 50);
	pieces[1].time = 400;
	cr_assert_eq(th_http_ttfb(&x), 0, "answered early");
}

static void expect_body(bool decode, int r, const char *text)
{
	uint8_t *p = NULL;
	size_t n = 0;
	cr_assert_eq(th_http_body(&x.response, decode, &p, &n), r);
	cr_assert(th_slice_eq((struct th_slice){p, n}, th_slice_str(text)), "%.*s", (int)n, p);
	free(p);
}

Test(http, bodies_in_chunks)
{
	set_response("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
	struct th_slice wire = TH_SLICE_LIT("3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\nT: 1\r\n\r\n");
	for (size_t step = 5; step <= wire.n; step++) {
		set_body(&x.response, wire, step);
		expect_body(true, 0, "abcdefg");
	}
	wire.n = 18;
	set_body(&x.response, wire, 100);
	expect_body(true, -EBADMSG, "abcdef");
	set_response("HTTP/1.1 200 OK\r\n\r\n");
	set_body(&x.response, TH_SLICE_LIT("3\r\nabc\r\n"), 100);
	expect_body(true, 0, "3\r\nabc\r\n");
}

Test(http, bodies_with_codings)
{
	uint8_t packed[100];
	uLongf n = sizeof(packed);
	cr_assert_eq(compress(packed, &n, (const Bytef *)"plain text", 10), Z_OK);
	set_response("HTTP/1.1 200 OK\r\nContent-Encoding: deflate\r\n\r\n");
	set_body(&x.response, (struct th_slice){packed, n}, 3);
	expect_body(true, 0, "plain text");
	uint8_t *raw = NULL;
	size_t raw_n = 0;
	cr_assert_eq(th_http_body(&x.response, false, &raw, &raw_n), 0);
	cr_assert_eq(raw_n, n);
	free(raw);
	set_response("HTTP/1.1 200 OK\r\nContent-Encoding: rot13\r\n\r\n");
	set_body(&x.response, TH_SLICE_LIT("cynva"), 100);
	expect_body(true, -ENOTSUP, "cynva");
	set_response("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n");
	set_body(&x.response, TH_SLICE_LIT(""), 100);
	expect_body(true, 0, "");
}

Test(http, versions)
{
	cr_assert_str_eq(th_http_version(10), "1.0");
	cr_assert_str_eq(th_http_version(11), "1.1");
	cr_assert_str_eq(th_http_version(20), "2");
}
