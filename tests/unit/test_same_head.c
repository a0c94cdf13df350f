/* player/same_head.c: which heads are the same but for their length. */
#include "player/same_head.h"

#include <criterion/criterion.h>

static struct th_head head_of(const char *text)
{
	return (struct th_head){th_slice_str(text), false};
}

static bool same(const char *a, const char *b)
{
	struct th_head x = head_of(a), y = head_of(b);
	return th_same_head(x.bytes, th_length_line(&x), y.bytes, th_length_line(&y));
}

#define GET "GET / HTTP/1.1\r\nhost: a\r\n"

Test(same_head, a_length_may_differ)
{
	cr_expect(same(GET "content-length: 1\r\nb: c\r\n\r\n",
		GET "Content-Length: 1234\r\nb: c\r\n\r\n"));
	cr_expect(same(GET "\r\n", GET "\r\n"));
	cr_expect(same(GET "content-length: 1", GET "content-length: 22"));
}

Test(same_head, nothing_else_may)
{
	cr_expect_not(same(
		GET "content-length: 1\r\nb: c\r\n\r\n", GET "content-length: 1\r\nb: d\r\n\r\n"));
	cr_expect_not(same(GET "content-length: 1\r\n\r\n", GET "\r\n"));
	cr_expect_not(same(GET "\r\n", GET "content-length: 1\r\n\r\n"));
	cr_expect_not(same(
		GET "b: c\r\ncontent-length: 1\r\n\r\n", GET "content-length: 1\r\nb: c\r\n\r\n"));
	cr_expect_not(same(GET "content-length: 1\r\n\r\n",
		"PUT / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\n\r\n"));
}

Test(same_head, two_lengths_are_compared_as_they_are)
{
	cr_expect_not(same(GET "content-length: 1\r\ncontent-length: 1\r\n\r\n",
		GET "content-length: 2\r\ncontent-length: 2\r\n\r\n"));
	cr_expect(same(GET "content-length: 1\r\ncontent-length: 1\r\n\r\n",
		GET "content-length: 1\r\ncontent-length: 1\r\n\r\n"));
}

/* The line is the whole field, with what continues it, and nothing of its neighbours. */
Test(same_head, the_line_is_the_whole_field)
{
	const char *text = GET "content-length: 1\r\n 2\r\nb: c\r\n\r\n";
	struct th_head head = head_of(text);
	struct th_length_line line = th_length_line(&head);
	cr_expect_eq(line.at, sizeof(GET) - 1);
	cr_expect_eq(line.end, line.at + strlen("content-length: 1\r\n 2\r\n"));
}
