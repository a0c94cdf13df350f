#include "wire/http1.h"

#include <criterion/criterion.h>
#include <stdio.h>

#include "tests/unit/guard.h"

/* One direction, read by a reader that knows how the bodies of its messages are delimited. */
struct reading {
	struct th_h1_parser p;
	bool responses;
	char text[4096]; /* "[head]" "(body)" "!" at an error */
	size_t n;
	char head[1024];
	size_t head_n;
	char open; /* bracket of the part in progress */
};

static void put(struct reading *r, const void *p, size_t n)
{
	memcpy(r->text + r->n, p, n);
	r->n += n;
	r->text[r->n] = 0;
}

static void part(struct reading *r, char bracket, const struct th_h1_event *ev)
{
	if (r->open != bracket) {
		put(r, &bracket, 1);
		r->open = bracket;
	}
	put(r, ev->bytes.p, ev->bytes.n);
	if (ev->last) {
		put(r, bracket == '[' ? "]" : ")", 1);
		r->open = 0;
	}
}

static void head_done(struct reading *r)
{
	struct th_slice head = {(const uint8_t *)r->head, r->head_n};
	uint64_t length = 0;
	enum th_h1_body body = r->responses
		? th_h1_response_body(head, TH_SLICE_LIT("GET"), &length)
		: th_h1_request_body(head, &length);
	r->head_n = 0;
	th_h1_body(&r->p, body, length);
}

/* Reads a piece; false after an error. */
static bool read_piece(struct reading *r, struct th_slice in)
{
	in = th_guard(in);
	while (in.n) {
		struct th_h1_event ev;
		size_t n = th_h1_next(&r->p, in, &ev);
		cr_assert_leq(n, in.n);
		if (ev.kind == TH_H1_ERROR) {
			cr_assert_eq(n, 0);
			put(r, "!", 1);
			return false;
		}
		cr_assert_eq(ev.bytes.n, n, "every byte is given");
		cr_assert_gt(n, 0, "no standing still");
		in.p += n;
		in.n -= n;
		if (ev.kind == TH_H1_HEAD) {
			memcpy(r->head + r->head_n, ev.bytes.p, ev.bytes.n);
			r->head_n += ev.bytes.n;
			part(r, '[', &ev);
			if (ev.last) {
				head_done(r);
			}
		} else {
			part(r, '(', &ev);
		}
	}
	return true;
}

static struct th_slice sub(const char *text, size_t from, size_t to)
{
	return (struct th_slice){(const uint8_t *)text + from, to - from};
}

/* Whole, split at every byte, and byte by byte: always the same. */
static void expect(bool responses, const char *in, const char *wanted)
{
	size_t n = strlen(in);
	for (size_t cut = 0; cut <= n; cut++) {
		struct reading r = {.responses = responses};
		if (read_piece(&r, sub(in, 0, cut))) {
			read_piece(&r, sub(in, cut, n));
		}
		cr_assert_str_eq(r.text, wanted, "cut at %zu", cut);
	}
	struct reading r = {.responses = responses};
	for (size_t i = 0; i < n && read_piece(&r, sub(in, i, i + 1)); i++) {
	}
	cr_assert_str_eq(r.text, wanted);
}

Test(http1, requests_without_body_follow_each_other)
{
	expect(false, "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\n\n",
		"[GET / HTTP/1.1\r\nHost: a\r\n\r\n][GET /2 HTTP/1.1\n\n]");
}

Test(http1, empty_lines_before_a_head_belong_to_it)
{
	expect(false, "\r\n\nGET / HTTP/1.1\r\n\r\n", "[\r\n\nGET / HTTP/1.1\r\n\r\n]");
}

Test(http1, body_by_length)
{
	expect(false, "POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhelloGET / HTTP/1.1\r\n\r\n",
		"[POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\n](hello)[GET / HTTP/1.1\r\n\r\n]");
	expect(true, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 204 N\r\n\r\n",
		"[HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n][HTTP/1.1 204 N\r\n\r\n]");
}

Test(http1, chunked_body_with_extensions_and_trailers)
{
	expect(true,
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\nContent-Length: 3\r\n\r\n"
		"5;a=b\r\nhello\r\n0A\n0123456789\n0 ; x\r\nT: 1\r\nU: 2\r\n\r\nHTTP/1.1 304 "
		"\r\n\r\n",
		"[HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\nContent-Length: 3\r\n\r\n]"
		"(5;a=b\r\nhello\r\n0A\n0123456789\n0 ; x\r\nT: 1\r\nU: 2\r\n\r\n)"
		"[HTTP/1.1 304 \r\n\r\n]");
}

Test(http1, interim_responses_have_no_body)
{
	expect(true,
		"HTTP/1.1 100 \r\n\r\nHTTP/1.1 103 \r\nContent-Length: 9\r\n\r\nHTTP/1.1 200 "
		"\r\n\r\nx",
		"[HTTP/1.1 100 \r\n\r\n][HTTP/1.1 103 \r\nContent-Length: 9\r\n\r\n]"
		"[HTTP/1.1 200 \r\n\r\n](x");
}

Test(http1, without_framing_until_close)
{
	expect(true, "HTTP/1.0 200 OK\r\n\r\nall of HTTP/1.1 200",
		"[HTTP/1.0 200 OK\r\n\r\n](all of HTTP/1.1 200");
	expect(true, "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nxyz",
		"[HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n](xyz");
}

Test(http1, bad_framing_is_an_error_after_what_was_good)
{
#define CHUNKED "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	expect(true, CHUNKED "2\r\nabX", "[" CHUNKED "](2\r\nab!");
	expect(true, CHUNKED "zz", "[" CHUNKED "]!");
	expect(true, CHUNKED "\r\n", "[" CHUNKED "]!");
	expect(true, CHUNKED "1\r\na\rb", "[" CHUNKED "](1\r\na\r!");
	expect(true, CHUNKED "fffffffffffffffff\r\n", "[" CHUNKED "](ffffffffffffffff!");
	expect(false, "POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\nx",
		"[POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n]!");
}

Test(http1, heads_are_bounded)
{
	struct th_h1_parser p = {0};
	struct th_h1_event ev;
	static uint8_t block[1024];
	memset(block, 'x', sizeof(block));
	size_t taken = 0;
	do {
		taken += th_h1_next(&p, (struct th_slice){block, sizeof(block)}, &ev);
	} while (ev.kind == TH_H1_HEAD && taken <= 2 * TH_H1_HEAD_MAX);
	cr_assert_eq(ev.kind, TH_H1_ERROR);
	cr_assert_leq(taken, TH_H1_HEAD_MAX);
}

Test(http1, trailers_are_bounded)
{
	struct th_h1_parser p = {0};
	struct th_h1_event ev;
	static uint8_t block[1024];
	memset(block, 'x', sizeof(block));
	th_h1_body(&p, TH_H1_BODY_CHUNKED, 0);
	th_h1_next(&p, TH_SLICE_LIT("0\r\n"), &ev);
	size_t taken = 0;
	do {
		taken += th_h1_next(&p, (struct th_slice){block, sizeof(block)}, &ev);
	} while (ev.kind == TH_H1_BODY && taken <= 2 * TH_H1_HEAD_MAX);
	cr_assert_eq(ev.kind, TH_H1_ERROR);
}

static enum th_h1_body response(const char *head, const char *method, uint64_t *ret_length)
{
	return th_h1_response_body(th_guard(th_slice_str(head)), th_slice_str(method), ret_length);
}

Test(http1, response_body_by_status_and_method)
{
	uint64_t n = 77;
	const char *ok = "HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n";
	cr_assert_eq(response(ok, "GET", &n), TH_H1_BODY_LENGTH);
	cr_assert_eq(n, 12);
	cr_assert_eq(response(ok, "HEAD", &n), TH_H1_BODY_NONE);
	cr_assert_eq(response(ok, "CONNECT", &n), TH_H1_BODY_TUNNEL);
	cr_assert_eq(response("HTTP/1.1 407 \r\nContent-Length: 1\r\n\r\n", "CONNECT", &n),
		TH_H1_BODY_LENGTH);
	cr_assert_eq(response("HTTP/1.1 101 S\r\n\r\n", "GET", &n), TH_H1_BODY_TUNNEL);
	cr_assert_eq(response("HTTP/1.1 304 N\r\nContent-Length: 1\r\n\r\n", "GET", &n),
		TH_H1_BODY_NONE);
	cr_assert_eq(response("junk\r\n\r\n", "GET", &n), TH_H1_BODY_BAD);
}

static enum th_h1_body lengths(const char *fields, uint64_t *ret_length)
{
	char head[256];
	snprintf(head, sizeof(head), "POST / HTTP/1.1\r\n%s\r\n", fields);
	return th_h1_request_body(th_guard(th_slice_str(head)), ret_length);
}

Test(http1, content_length_must_be_one_number)
{
	uint64_t n = 0;
	cr_assert_eq(
		lengths("Content-Length: 7\r\ncontent-length: 7, 7\r\n", &n), TH_H1_BODY_LENGTH);
	cr_assert_eq(n, 7);
	static const char *const bad[] = {"Content-Length: 7\r\nContent-Length: 8\r\n",
		"Content-Length: 7, 8\r\n", "Content-Length: -1\r\n", "Content-Length: +1\r\n",
		"Content-Length: 1x\r\n", "Content-Length:\r\n",
		"Content-Length: 99999999999999999999\r\n"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		cr_assert_eq(lengths(bad[i], &n), TH_H1_BODY_BAD, "%s", bad[i]);
	}
	cr_assert_eq(lengths("", &n), TH_H1_BODY_NONE);
	cr_assert_eq(lengths("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", &n),
		TH_H1_BODY_CHUNKED);
}
