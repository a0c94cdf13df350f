#include "player/canon_request.h"

#include <criterion/criterion.h>
#include <errno.h>

#include "capture/redact.h"
#include "made_run.h"

static struct th_canon canon_of(const char *head, const char *body)
{
	struct made *m = made_new();
	struct th_connection *c = made_connection(m, made_process(m, "0"), 1);
	struct th_canon canon = {0};
	cr_assert_eq(th_canon_request(made_exchange(m, c, 1, head, body, NULL, NULL), &canon), 0);
	free(m);
	return canon;
}

static bool same(const char *head_a, const char *body_a, const char *head_b, const char *body_b)
{
	struct th_canon a = canon_of(head_a, body_a), b = canon_of(head_b, body_b);
	bool equal = memcmp(&a.full, &b.full, sizeof(a.full)) == 0;
	cr_expect_eq(equal,
		th_slice_eq(th_buf_view(&a.text), th_buf_view(&b.text)) && a.kind == b.kind,
		"the digest says what the text says");
	th_canon_finish(&a);
	th_canon_finish(&b);
	return equal;
}

#define HEAD(line, fields) line " HTTP/1.1\r\nHost: a.example\r\n" fields "\r\n"
#define SAME_HEAD(a, b) same(HEAD("GET /", a), NULL, HEAD("GET /", b), NULL)
#define SAME_LINE(a, b) same(HEAD(a, ""), NULL, HEAD(b, ""), NULL)

Test(canon_request, what_is_asked_decides)
{
	cr_expect(SAME_LINE("GET /x?a=1", "GET /x?a=1"));
	cr_expect_not(SAME_LINE("GET /x", "HEAD /x"));
	cr_expect_not(SAME_LINE("GET /x", "GET /y"));
	cr_expect_not(SAME_LINE("GET /x?a=1&b=2", "GET /x?b=2&a=1"));
}

Test(canon_request, fields_count_but_for_the_block_list)
{
	cr_expect(SAME_HEAD("Accept: a\r\nB: c\r\n", "b:  c \r\nACCEPT: a\r\n"));
	cr_expect_not(SAME_HEAD("Accept: a\r\n", "Accept: b\r\n"));
	cr_expect_not(SAME_HEAD("Accept: a\r\n", ""));
	cr_expect_not(SAME_HEAD("A: 1\r\nA: 2\r\n", "A: 2\r\nA: 1\r\n"));
	cr_expect(SAME_HEAD("Authorization: Bearer x\r\nUser-Agent: p/1\r\nX-Stainless-Lang: py\r\n"
			    "traceparent: 00-1\r\nX-Request-Id: 7\r\nConnection: close\r\n",
		"x-api-key: y\r\nDate: today\r\nX-Amz-Date: 1\r\nExpect: 100-continue\r\n"));
}

Test(canon_request, secret_parameters_take_no_part)
{
	cr_expect(SAME_LINE("GET /x?key=abc&a=1", "GET /x?key=def&a=1"));
	cr_expect(SAME_LINE("GET /x?a=1&key=abc", "GET /x?a=1"));
	cr_expect_not(SAME_LINE("GET /x?key=abc&a=1", "GET /x?key=abc&a=2"));
}

static struct th_fingerprint to_port(const char *head, uint8_t transport, uint16_t port)
{
	struct made *m = made_new();
	struct th_connection *c = made_connection(m, made_process(m, "0"), 1);
	struct th_canon canon = {0};
	c->transport = transport;
	c->port = port;
	cr_assert_eq(th_canon_request(made_exchange(m, c, 1, head, NULL, NULL, NULL), &canon), 0);
	struct th_fingerprint full = canon.full;
	th_canon_finish(&canon);
	free(m);
	return full;
}

/* Two servers on one machine that are asked with one Host field are two all the same. */
Test(canon_request, the_port_counts_where_host_does_not_name_it)
{
	static const struct {
		const char *head;
		uint8_t transport;
		bool told_apart;
	} cases[] = {
		{HEAD("GET /", ""), TH_TRANSPORT_PLAIN, true},
		{"GET / HTTP/1.1\r\nHost: [::1]\r\n\r\n", TH_TRANSPORT_PLAIN, true},
		{HEAD("GET http://a.example/", ""), TH_TRANSPORT_PLAIN, false},
		{HEAD("CONNECT a.example:443", ""), TH_TRANSPORT_PLAIN, false},
		{HEAD("GET /", ""), TH_TRANSPORT_OPENSSL, false},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct th_fingerprint one = to_port(cases[i].head, cases[i].transport, 8001);
		struct th_fingerprint two = to_port(cases[i].head, cases[i].transport, 8002);
		cr_expect_eq(
			memcmp(&one, &two, sizeof(one)) != 0, cases[i].told_apart, "case %zu", i);
	}
}

Test(canon_request, credentials_are_told_apart_beside_the_fingerprint)
{
	static const char *const asked[] = {HEAD("GET /?key=1", ""), HEAD("GET /?key=2", ""),
		HEAD("GET /", "Authorization: 1\r\n"), HEAD("GET /", "Authorization: 2\r\n"),
		HEAD("GET /", "Authorization: 12\r\n"),
		HEAD("GET /?key=1", "Authorization: 2\r\n")};
	struct th_canon canon[6];
	for (int i = 0; i < 6; i++) {
		canon[i] = canon_of(asked[i], NULL);
		cr_expect(canon[i].has_credentials);
		cr_expect_arr_eq(&canon[i].full, &canon[0].full, sizeof(canon[0].full));
		for (int k = 0; k < i; k++) {
			cr_expect_arr_neq(&canon[i].exact, &canon[k].exact, sizeof(canon[k].exact));
		}
	}
	for (int i = 0; i < 6; i++) {
		th_canon_finish(&canon[i]);
	}
	struct th_canon none = canon_of(HEAD("GET /?a=1&&=&key", ""), NULL);
	cr_expect_not(none.has_credentials);
	th_canon_finish(&none);
}

Test(canon_request, tokens_that_choose_an_answer_take_part)
{
	cr_expect_not(SAME_LINE("GET /x?page_token=abc", "GET /x?page_token=def"));
	cr_expect_not(SAME_LINE("GET /x?page_token=abc", "GET /x"));
	cr_expect_not(SAME_LINE("GET /x?a=1&Next_Token=1", "GET /x?a=1&Next_Token=2"));
	cr_expect_not(SAME_LINE("GET /x?session_id=1", "GET /x?session_id=2"));
	cr_expect(SAME_LINE("GET /x?access_token=1", "GET /x?access_token=2"));
}

Test(canon_request, an_empty_query_is_not_no_query)
{
	cr_expect_not(SAME_LINE("GET /x?", "GET /x"));
	cr_expect(SAME_LINE("GET /x?key=abc", "GET /x"));
}

Test(canon_request, cookies_compare_after_redaction)
{
	static const struct th_redaction how = {.key = {1, 2, 3}};
	static const char *const asked[] = {HEAD("GET /", "Cookie: id=1\r\n"),
		HEAD("GET /", "Cookie: id=1\r\n"), HEAD("GET /", "Cookie: id=2\r\n")};
	char redacted[3][512];
	for (int i = 0; i < 3; i++) {
		bool any;
		size_t n = th_redact_h1_head(
			&how, th_slice_str(asked[i]), (uint8_t *)redacted[i], &any);
		redacted[i][n] = 0;
		cr_expect(any);
	}
	cr_expect(same(redacted[0], NULL, redacted[1], NULL));
	cr_expect_not(same(redacted[0], NULL, redacted[2], NULL));
}

#define POST(fields) HEAD("POST /", "Content-Type: application/json\r\n" fields)

Test(canon_request, bodies_compare_by_meaning)
{
	cr_expect(same(POST("Content-Length: 13\r\n"), "{\"a\":1,\"b\":2}",
		POST("Content-Length: 16\r\n"), "{\"b\": 2, \"a\": 1}"));
	cr_expect_not(same(POST("Content-Length: 9\r\n"), "{\"a\":1.0}",
		POST("Content-Length: 7\r\n"), "{\"a\":1}"));
	cr_expect(
		same(POST("Transfer-Encoding: chunked\r\n"), "3\r\n{\"a\r\n4\r\n\":1}\r\n0\r\n\r\n",
			POST("Content-Length: 7\r\n"), "{\"a\":1}"));
	cr_expect_not(same(POST("Content-Length: 2\r\n"), "[]", HEAD("POST /", ""), "[]"));
}

#define CODED(coding) HEAD("POST /", "Content-Encoding: " coding "\r\n")

/* What decodes to nothing, or not to its end, must not be equal to all else that does. */
Test(canon_request, bodies_that_do_not_decode_compare_as_sent)
{
	static const char *const heads[] = {
		CODED("gzip"), CODED("deflate"), CODED("br"), CODED("zstd"), CODED("strange")};
	for (size_t i = 0; i < sizeof(heads) / sizeof(*heads); i++) {
		cr_expect(same(heads[i], "abc", heads[i], "abc"), "%s", heads[i]);
		cr_expect_not(same(heads[i], "abc", heads[i], "abd"), "%s", heads[i]);
		cr_expect_not(same(heads[i], "abc", heads[i], NULL), "%s", heads[i]);
	}
}

#define CHUNKED HEAD("POST /", "Content-Encoding: strange\r\nTransfer-Encoding: chunked\r\n")

Test(canon_request, chunk_edges_mean_nothing_in_a_strange_coding)
{
	cr_expect(
		same(CHUNKED, "2\r\nab\r\n1\r\nc\r\n0\r\n\r\n", CHUNKED, "3\r\nabc\r\n0\r\n\r\n"));
	cr_expect_not(same(CHUNKED, "3\r\nabc\r\n0\r\n\r\n", CHUNKED, "3\r\nabd\r\n0\r\n\r\n"));
	cr_expect_not(same(CHUNKED, "not chunked", CHUNKED, "not chunkeD"));
}

Test(canon_request, a_multipart_boundary_is_neutral_in_body_and_type)
{
	cr_expect(same(
		HEAD("POST /",
			"Content-Type: multipart/form-data; boundary=aa\r\nContent-Length: 12\r\n"),
		"--aa\r\n--aa--",
		HEAD("POST /",
			"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 10\r\n"),
		"--b\r\n--b--"));
}

Test(canon_request, parts_do_not_run_into_each_other)
{
	cr_expect_not(same(HEAD("POST /", "A: 1\r\nContent-Length: 5\r\n"), "b: 2\n",
		HEAD("POST /", "A: 1\r\nB: 2\r\n"), NULL));
	cr_expect_not(SAME_LINE("GET /x", "GET /x%00"));
}

Test(canon_request, both_protocols_ask_alike)
{
	static const uint8_t list[] = "\x07\0\x03\0\0\0:methodGET"
				      "\x07\0\x04\0\0\0:schemehttp"
				      "\x0a\0\x09\0\0\0:authoritya.example"
				      "\x05\0\x02\0\0\0:path/x"
				      "\x06\0\x03\0\0\0acceptx/y";
	struct made *m = made_new();
	struct th_connection *c = made_connection(m, made_process(m, "0"), 1);
	struct th_exchange *x = made_exchange(m, c, 1, "", NULL, NULL, NULL);
	x->request.head = (struct th_head){.bytes = {list, sizeof(list) - 1}, .list = true};
	struct th_canon two = {0}, one = canon_of(HEAD("GET /x", "Accept: x/y\r\n"), NULL);
	cr_assert_eq(th_canon_request(x, &two), 0);
	cr_expect_eq(memcmp(&one.full, &two.full, sizeof(one.full)), 0);
	th_canon_finish(&one);
	th_canon_finish(&two);
	free(m);
}

Test(canon_request, no_head_is_no_request)
{
	struct made *m = made_new();
	struct th_connection *c = made_connection(m, made_process(m, "0"), 1);
	struct th_exchange *x = made_exchange(m, c, 1, "GET / HTTP/1.1\r\n\r\n", NULL, NULL, NULL);
	struct th_canon canon = {0};
	x->request.head_done = false;
	cr_expect_eq(th_canon_request(x, &canon), -EINVAL);
	th_canon_finish(&canon);
	free(m);
}

static void expect_equal(const struct th_canon *a, const struct th_canon *b, const char *head)
{
	cr_expect(th_slice_eq(th_buf_view(&a->text), th_buf_view(&b->text)), "%s", head);
	cr_expect_arr_eq(&a->endpoint, &b->endpoint, sizeof(a->endpoint), "%s", head);
	cr_expect_arr_eq(&a->head, &b->head, sizeof(a->head), "%s", head);
	cr_expect_arr_eq(&a->full, &b->full, sizeof(a->full), "%s", head);
	cr_expect_eq(a->has_credentials, b->has_credentials, "%s", head);
	cr_expect(!a->has_credentials || memcmp(&a->exact, &b->exact, sizeof(a->exact)) == 0, "%s",
		head);
	cr_expect(a->kind == b->kind && a->path_at == b->path_at && a->query_at == b->query_at &&
			a->fields_at == b->fields_at && a->body_at == b->body_at,
		"%s", head);
}

/* What is remembered of the head before never shows: each of these after each other. */
Test(canon_request, the_head_before_changes_nothing)
{
#define LINES "Host: a.example\r\nContent-Type: text/plain\r\n"
	static const char *const heads[] = {
		"POST /a HTTP/1.1\r\n" LINES "Content-Length: 1\r\n\r\n",
		"POST /a HTTP/1.1\r\n" LINES "Content-Length: 12345\r\n\r\n",
		"POST /a HTTP/1.1\r\n" LINES "\r\n",
		"POST /b HTTP/1.1\r\n" LINES "Content-Length: 1\r\n\r\n",
		"POST /a HTTP/1.1\r\n" LINES "Content-Length: 1\r\nAccept: x\r\n\r\n",
		"POST /a HTTP/1.1\r\n" LINES "Content-Length: 1\r\nAccept: y\r\n\r\n",
		"POST /a HTTP/1.1\r\n" LINES "Content-Length: 1\r\nX-Api-Key: x\r\n\r\n",
		"POST /a HTTP/1.1\r\n" LINES "Content-Length: 1\r\nX-Api-Key: y\r\n\r\n",
		"POST /a HTTP/1.1\r\n" LINES "Content-Length: 1\r\nContent-Length: 1\r\n\r\n",
		"POST /a HTTP/1.1\r\n" LINES "Content-Length: 1\r\n 2: 3\r\n\r\n",
		"POST /a?key=1 HTTP/1.1\r\n" LINES "Content-Length: 1\r\n\r\n",
		"POST /a?key=2 HTTP/1.1\r\n" LINES "Content-Length: 1\r\n\r\n",
		"POST /a HTTP/1.1\r\nHost: b.example\r\nContent-Length: 1\r\n\r\n",
		"POST /a HTTP/1.1\r\nContent-Length: 1\r\n\r\n",
		"Content-Length: 1\r\nPOST /a HTTP/1.1\r\n" LINES "\r\n",
	};
	const size_t n = sizeof(heads) / sizeof(*heads);
	struct th_canon used = {0};
	for (size_t i = 0; i < n * n * 2; i++) {
		struct made *m = made_new();
		struct th_process *p = made_process(m, "0");
		struct th_connection *c = made_connection(m, p, 1);
		const char *one = heads[i / 2 % n], *other = heads[i / 2 / n];
		struct th_exchange *x = made_exchange(m, c, 1, one, "body", NULL, NULL);
		struct th_exchange *y = made_exchange(m, c, 1, other, "other", NULL, NULL);
		(void)th_canon_request(x, &used);
		c->port += i % 2; /* the same connection is another one now */
		c->transport = i % 2 ? TH_TRANSPORT_PLAIN : c->transport;
		struct th_canon fresh = {0};
		int r = th_canon_request(y, &used);
		cr_assert_eq(r, th_canon_request(y, &fresh));
		if (r == 0) {
			expect_equal(&used, &fresh, other);
		}
		th_canon_finish(&fresh);
		free(m);
	}
	th_canon_finish(&used);
}
