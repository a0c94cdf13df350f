#include "player/h1_in.h"

#include <criterion/criterion.h>

#define HEAD "POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\n"
#define NEXT "GET /2 HTTP/1.1\r\n\r\n"

static struct th_h1_in in;

static void teardown(void)
{
	th_buf_finish(&in.buf);
	in = (struct th_h1_in){0};
}

TestSuite(h1_in, .fini = teardown);

static void expect_slice(struct th_slice got, const char *wanted)
{
	cr_expect(th_slice_eq(got, th_slice_str(wanted)), "%.*s is not %s", (int)got.n,
		(const char *)got.p, wanted);
}

/* Takes until nothing more is taken. */
static void take_all(void)
{
	size_t at;
	do {
		at = in.at;
		cr_assert(th_h1_in_take(&in));
	} while (in.at > at);
}

Test(h1_in, takes_one_request_however_it_comes)
{
	static const char text[] = HEAD "body" NEXT;
	for (size_t cut = 0; cut < sizeof(text); cut++) {
		th_buf_add(&in.buf, text, cut);
		take_all();
		cr_expect_eq(in.whole, cut >= strlen(HEAD "body"));
		th_buf_add(&in.buf, text + cut, sizeof(text) - 1 - cut);
		take_all();
		cr_expect(in.whole);
		expect_slice(th_h1_in_head(&in), HEAD);
		expect_slice(th_h1_in_body(&in), "body");
		expect_slice(th_h1_in_unread(&in), NEXT);
		th_h1_in_next(&in);
		cr_expect_not(in.whole);
		take_all();
		expect_slice(th_h1_in_head(&in), NEXT);
		expect_slice(th_h1_in_body(&in), "");
		teardown();
	}
}

Test(h1_in, takes_the_head_by_itself)
{
	th_buf_str(&in.buf, HEAD "bo");
	cr_assert(th_h1_in_take(&in));
	expect_slice(th_h1_in_head(&in), HEAD);
	expect_slice(th_h1_in_body(&in), "");
	cr_assert(th_h1_in_take(&in));
	expect_slice(th_h1_in_body(&in), "bo");
	cr_expect_not(in.whole);
}

Test(h1_in, refuses_what_is_no_http)
{
	th_buf_str(&in.buf, "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n");
	cr_expect(th_h1_in_take(&in));
	cr_expect_not(th_h1_in_take(&in));
	teardown();
	th_buf_str(&in.buf, "POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n");
	cr_expect_not(th_h1_in_take(&in));
}
