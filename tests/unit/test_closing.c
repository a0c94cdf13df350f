#include "player/closing.h"

#include <criterion/criterion.h>
#include <stdio.h>

#include "made_run.h"

static struct made *m;
static struct th_connection *on;

static void setup(void)
{
	m = made_new();
	on = made_connection(m, made_process(m, "0"), 1);
}

static void teardown(void)
{
	free(m);
}

TestSuite(closing, .init = setup, .fini = teardown);

#define ASK "GET / HTTP/1.1\r\nHost: h\r\n"
#define LONG "Content-Length: 0\r\n"

/* "u": until the connection's end, "s": that is said, "t": a tunnel. */
static const char *of(const char *request, const char *answer)
{
	static char found[4];
	struct th_exchange *x = made_exchange(m, on, 0, request, NULL, answer, NULL);
	x->request.version = strstr(request, "HTTP/1.0") ? 10 : 11;
	x->response.version = strncmp(answer, "HTTP/1.0", 8) == 0 ? 10 : 11;
	struct th_closing c = th_closing_of(x);
	snprintf(found, sizeof(found), "%s%s%s", c.until ? "u" : "", c.said ? "s" : "",
		c.tunnel ? "t" : "");
	return found;
}

Test(closing, an_answer_that_says_how_long_it_is_keeps_the_connection)
{
	cr_expect_str_eq(of(ASK "\r\n", "HTTP/1.1 200 OK\r\n" LONG "\r\n"), "");
	cr_expect_str_eq(
		of(ASK "\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), "");
	cr_expect_str_eq(of(ASK "\r\n", "HTTP/1.1 204 No Content\r\n\r\n"), "");
	cr_expect_str_eq(of(ASK "\r\n", "HTTP/1.1 200 OK\r\n\r\n"), "u");
	cr_expect_str_eq(of(ASK "\r\n",
				 "HTTP/1.1 200 OK\r\n" LONG
				 "Transfer-Encoding: gzip\r\nConnection: keep-alive\r\n\r\n"),
		"u");
	cr_expect_str_eq(of("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n"), "");
}

Test(closing, either_side_may_say_it)
{
	cr_expect_str_eq(
		of(ASK "\r\n", "HTTP/1.1 200 OK\r\n" LONG "Connection: close\r\n\r\n"), "s");
	cr_expect_str_eq(of(ASK "\r\n",
				 "HTTP/1.1 200 OK\r\nConnection: x\r\n" LONG
				 "CONNECTION: a, Close ,b\r\n\r\n"),
		"s");
	cr_expect_str_eq(of(ASK "\r\n",
				 "HTTP/1.1 200 OK\r\n" LONG
				 "X: close\r\nConnection: closed, keep-alive\r\n\r\n"),
		"");
	cr_expect_str_eq(
		of(ASK "connection: close\r\n\r\n", "HTTP/1.1 200 OK\r\n" LONG "\r\n"), "s");
	cr_expect_str_eq(of(ASK "x: close\r\n\r\n", "HTTP/1.1 200 OK\r\n" LONG "\r\n"), "");
}

Test(closing, before_1_1_to_keep_it_has_to_be_said)
{
	cr_expect_str_eq(of(ASK "\r\n", "HTTP/1.0 200 OK\r\n" LONG "\r\n"), "s");
	cr_expect_str_eq(
		of(ASK "\r\n", "HTTP/1.0 200 OK\r\n" LONG "Connection: Keep-Alive\r\n\r\n"), "");
	cr_expect_str_eq(of("GET / HTTP/1.0\r\n\r\n", "HTTP/1.1 200 OK\r\n" LONG "\r\n"), "s");
	cr_expect_str_eq(of("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
				 "HTTP/1.1 200 OK\r\n" LONG "\r\n"),
		"");
}

Test(closing, what_follows_may_be_no_http)
{
	cr_expect_str_eq(
		of("CONNECT h:1 HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n"), "t");
}
