#include "relay/connect.h"

#include <criterion/criterion.h>
#include <string.h>

#include "guard.h"

static bool reads(const char *head, struct th_connect *ret_to)
{
	return th_connect_read(
		th_guard((struct th_slice){(const uint8_t *)head, strlen(head)}), ret_to);
}

static void leads_to(const char *head, const char *host, const char *port)
{
	struct th_connect to;
	cr_assert(reads(head, &to), "%s", head);
	cr_assert_str_eq(to.host, host);
	cr_assert_str_eq(to.port, port);
}

Test(connect, tells_where_to)
{
	leads_to("CONNECT api.test:443 HTTP/1.1\r\nHost: api.test:443\r\n\r\n", "api.test", "443");
	leads_to("CONNECT [::1]:8443 HTTP/1.0\r\n\r\n", "::1", "8443");
	leads_to(
		"CONNECT 127.0.0.1:1 HTTP/1.1\r\nProxy-Authorization: x\r\n\r\n", "127.0.0.1", "1");
}

Test(connect, refuses_the_rest)
{
	static const char *const heads[] = {"GET http://a/ HTTP/1.1\r\n\r\n",
		"CONNECT a HTTP/1.1\r\n\r\n", "CONNECT a: HTTP/1.1\r\n\r\n",
		"CONNECT :1 HTTP/1.1\r\n\r\n", "CONNECT a:http HTTP/1.1\r\n\r\n",
		"CONNECT a:123456 HTTP/1.1\r\n\r\n", "CONNECT a:1\r\n\r\n", "CONNECT a:1 HTTP/1.1",
		"", "CONNECT []:1 HTTP/1.1\r\n\r\n"};
	for (size_t i = 0; i < sizeof(heads) / sizeof(*heads); i++) {
		struct th_connect to = {.host = "as before"};
		cr_expect(!reads(heads[i], &to), "%s", heads[i]);
		cr_expect_str_eq(to.host, "as before");
	}
}

Test(connect, refuses_a_name_that_is_too_long)
{
	char head[400];
	struct th_connect to;
	memcpy(head, "CONNECT ", 8);
	memset(head + 8, 'x', 255);
	strcpy(head + 8 + 255, ":1 HTTP/1.1\r\n\r\n");
	cr_assert(reads(head, &to));
	memset(head + 8, 'x', 256);
	strcpy(head + 8 + 256, ":1 HTTP/1.1\r\n\r\n");
	cr_assert(!reads(head, &to));
}
