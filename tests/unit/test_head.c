#include "wire/head.h"

#include <criterion/criterion.h>
#include <stdio.h>

#include "base/text.h"
#include "tests/unit/guard.h"

static struct th_head h1(const char *text)
{
	return (struct th_head){th_guard(th_slice_str(text)), false};
}

static bool is(struct th_slice s, const char *text)
{
	return th_slice_eq(s, th_slice_str(text));
}

/* "name=value|" for each field. */
static const char *fields(const struct th_head *h)
{
	static char text[512];
	struct th_field f;
	size_t pos = 0, n = 0;
	text[0] = 0;
	while (th_head_next(h, &pos, &f)) {
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%.*s=%.*s|", (int)f.name.n,
			f.name.p, (int)f.value.n, f.value.p);
	}
	return text;
}

Test(head, request_line)
{
	struct th_slice m, t, v;
	struct th_slice head = th_guard(th_slice_str("POST /v1/x?y=z HTTP/1.1\r\nHost: a\r\n\r\n"));
	cr_assert(th_h1_request_line(head, &m, &t, &v));
	cr_assert(is(m, "POST") && is(t, "/v1/x?y=z") && is(v, "HTTP/1.1"));
	cr_assert(
		th_h1_request_line(th_guard(th_slice_str("\r\n\nGET / HTTP/1.0\n\n")), &m, &t, &v));
	cr_assert(is(m, "GET") && is(t, "/") && is(v, "HTTP/1.0"));
	cr_assert(th_h1_request_line(th_guard(th_slice_str("GET /a b HTTP/1.1\n\n")), &m, &t, &v));
	cr_assert(is(t, "/a b"), "spaces in a target are kept");
}

Test(head, refuses_other_request_lines)
{
	static const char *const bad[] = {"", "GET", "GET /", "GET  HTTP/1.1", "GET HTTP/1.1",
		" / HTTP/1.1", "G(T / HTTP/1.1", "GET / HTTP/11", "GET / http/1.1", "\r\n\r\n",
		"GET / HTTP/1.1x", "\x16\x03\x01 / HTTP/1.1"};
	struct th_slice m, t, v;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct th_slice head = th_guard(th_slice_str(bad[i]));
		cr_assert_not(th_h1_request_line(head, &m, &t, &v), "%s", bad[i]);
	}
}

Test(head, status_line)
{
	struct th_slice v, reason;
	uint16_t status;
	cr_assert(th_h1_status_line(
		th_guard(th_slice_str("HTTP/1.1 404 Not Found\r\n\r\n")), &v, &status, &reason));
	cr_assert(is(v, "HTTP/1.1") && status == 404 && is(reason, "Not Found"));
	cr_assert(
		th_h1_status_line(th_guard(th_slice_str("HTTP/1.0 200\n")), &v, &status, &reason));
	cr_assert(status == 200 && reason.n == 0);
	cr_assert(th_h1_status_line(th_guard(th_slice_str("HTTP/1.1 200 ")), &v, &status, &reason));
	cr_assert_eq(reason.n, 0);
}

Test(head, refuses_other_status_lines)
{
	static const char *const bad[] = {"", "HTTP/1.1", "HTTP/1.1 ", "HTTP/1.1 20",
		"HTTP/1.1 2x0 ", "HTTP/1.1 099 x", "HTTP/1.1 2000", "ICY 200 OK",
		"HTTP/1.1\r\n200"};
	struct th_slice v, reason;
	uint16_t status;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct th_slice head = th_guard(th_slice_str(bad[i]));
		cr_assert_not(th_h1_status_line(head, &v, &status, &reason), "%s", bad[i]);
	}
}

Test(head, fields_keep_order_case_and_repeats)
{
	struct th_head h = h1("GET / HTTP/1.1\r\nB: 1\r\na:2\r\nB:\t 3 \t\r\nE:\r\n\r\nX: no\r\n");
	cr_assert_str_eq(fields(&h), "B=1|a=2|B=3|E=|");
}

Test(head, fields_of_odd_heads)
{
	struct th_head h = h1("\r\nHTTP/1.1 200 OK\nA: 1\n  folded\nnonsense\nB : 2\n\n");
	cr_assert_str_eq(fields(&h), "A=1\n  folded|B=2|");
	h = h1("GET / HTTP/1.1\r\nCut: off");
	cr_assert_str_eq(fields(&h), "Cut=off|");
	h = h1("");
	cr_assert_str_eq(fields(&h), "");
	h = h1("\r\n");
	cr_assert_str_eq(fields(&h), "");
}

Test(head, get_ignores_case_and_takes_the_first)
{
	struct th_head h = h1("GET / HTTP/1.1\r\nhOsT: a.example\r\nHost: b\r\n\r\n");
	struct th_slice value, method, target;
	cr_assert(th_head_get(&h, "Host", &value));
	cr_assert(is(value, "a.example"));
	cr_assert_not(th_head_get(&h, "Hos", &value));
	cr_assert(is(th_head_authority(&h), "a.example"));
	cr_assert(th_head_request(&h, &method, &target));
	cr_assert(is(method, "GET") && is(target, "/"));
	cr_assert_eq(th_head_status(&h), 0);
}

Test(head, tokens)
{
	struct th_head h = h1("HTTP/1.1 101 X\r\nConnection: keep-alive , Upgrade\r\n"
			      "Connection: close\r\nUpgrade: h2c\r\n\r\n");
	cr_assert(th_head_has_token(&h, "connection", "upgrade"));
	cr_assert(th_head_has_token(&h, "connection", "close"));
	cr_assert_not(th_head_has_token(&h, "connection", "keep"));
	cr_assert(th_head_has_token(&h, "upgrade", "H2C"));
	cr_assert_eq(th_head_status(&h), 101);
}

static struct th_slice list_of(const char *const *pairs)
{
	static uint8_t buf[512];
	struct th_out out = {buf, sizeof(buf), 0, false};
	for (size_t i = 0; pairs[i]; i += 2) {
		th_out_u16(&out, (uint16_t)strlen(pairs[i]));
		th_out_u32(&out, (uint32_t)strlen(pairs[i + 1]));
		th_out_bytes(&out, pairs[i], strlen(pairs[i]));
		th_out_bytes(&out, pairs[i + 1], strlen(pairs[i + 1]));
	}
	return (struct th_slice){buf, out.n};
}

Test(head, list_form)
{
	const char *const req[] = {":method", "POST", ":scheme", "https", ":authority", "api.x",
		":path", "/v1", "te", "trailers", "empty", "", NULL};
	struct th_head h = {th_guard(list_of(req)), true};
	struct th_slice method, target;
	cr_assert_str_eq(fields(&h),
		":method=POST|:scheme=https|:authority=api.x|:path=/v1|te=trailers|empty=|");
	cr_assert(th_head_request(&h, &method, &target));
	cr_assert(is(method, "POST") && is(target, "/v1"));
	cr_assert(is(th_head_authority(&h), "api.x"));
	const char *const res[] = {":status", "204", NULL};
	h = (struct th_head){th_guard(list_of(res)), true};
	cr_assert_eq(th_head_status(&h), 204);
	cr_assert_not(th_head_request(&h, &method, &target));
}

Test(head, cut_list_ends_at_the_last_whole_field)
{
	const char *const req[] = {"a", "1", "bb", "22", NULL};
	struct th_slice whole = list_of(req);
	for (size_t n = 0; n <= whole.n; n++) {
		struct th_head h = {th_guard((struct th_slice){whole.p, n}), true};
		cr_assert_str_eq(fields(&h), n < 8 ? "" : n < whole.n ? "a=1|" : "a=1|bb=22|");
	}
}

/* Every head that is walked past the letters gives the fields that the whole walk gives. */
Test(head, passing_over_loses_no_field)
{
	static const char *const heads[] = {
		"GET / HTTP/1.1\r\nhost: a\r\nContent-Length: 1\r\nx-c: 2\r\n\r\n",
		"GET / HTTP/1.1\r\n content-length: 1\r\nhost: a\r\n c: x\r\ncookie: 3\r\n\r\n",
		"\r\nGET / HTTP/1.1\nhost\ncontent-length : 1\n:c: 2\n\tc: 3\nC:4\n\nconnection: x",
		"GET / HTTP/1.1\r\nhost: a",
		"GET / HTTP/1.1\r\nh",
		"GET",
	};
	for (size_t i = 0; i < sizeof(heads) / sizeof(*heads); i++) {
		struct th_head h = {th_guard(th_slice_str(heads[i])), false};
		struct th_field all, some = {0};
		size_t pos = 0, some_pos = 0;
		while (th_head_next(&h, &pos, &all)) {
			if (all.name.n == 0 || th_lower(all.name.p[0]) != 'c') {
				continue;
			}
			do {
				cr_assert(th_head_next_of(&h, "c", &some_pos, &some), "%zu", i);
			} while (some.name.p != all.name.p);
			cr_assert(th_slice_eq(some.value, all.value), "head %zu", i);
		}
	}
}

Test(head, what_is_coded)
{
	static const struct {
		const char *fields;
		bool coded;
	} cases[] = {{"", false}, {"Content-Encoding: gzip\r\n", true},
		{"Content-Encoding: identity\r\n", false}, {"Content-Encoding:\r\n", false},
		{"Content-Encoding: identity\r\ncontent-encoding: br\r\n", true},
		{"Transfer-Encoding: chunked\r\n", false},
		{"Transfer-Encoding: gzip, chunked\r\n", true},
		{"Content-Type: application/grpc\r\ngrpc-encoding: gzip\r\n", true},
		{"Content-Type: application/vnd.amazon.eventstream\r\n", true},
		{"Content-Type: application/ZIP; a=b\r\n", true},
		{"Content-Type: application/json\r\n", false}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[128];
		snprintf(text, sizeof(text), "HTTP/1.1 200 OK\r\n%s\r\n", cases[i].fields);
		const struct th_head h = {.bytes = th_slice_str(text)};
		cr_expect_eq(th_head_is_coded(&h), cases[i].coded, "%s", cases[i].fields);
	}
}
