/* player/same_head.c: which heads are the same but for their length. */
#include "player/same_head.h"

#include <criterion/criterion.h>

#include "guard.h"

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

static bool again(const char *before, const char *now, struct th_head_again *ret)
{
	struct th_head head = head_of(before);
	return th_head_again(head.bytes, th_length_line(&head), th_guard(th_slice_str(now)), ret);
}

#define LONG GET "Content-Length: 17\r\nb: c\r\n\r\n"

Test(same_head, one_comes_again_with_another_length)
{
	struct th_head_again a = {0};
	static const char now[] = GET "Content-Length: 1234\r\nb: c\r\n\r\n";
	cr_assert(again(LONG, now, &a));
	cr_expect_eq(a.n, sizeof(now) - 1);
	cr_expect_eq(a.length, 1234);
	cr_expect_eq(a.line.at, sizeof(GET) - 1);
	cr_expect_eq(a.line.end, a.line.at + strlen("Content-Length: 1234\r\n"));
	cr_assert(again(LONG, GET "Content-Length: 0\r\nb: c\r\n\r\nmore", &a));
	cr_expect_eq(a.length, 0);
	cr_assert(again(GET "\r\n", GET "\r\n" GET, &a));
	cr_expect_eq(a.n, sizeof(GET "\r\n") - 1);
	cr_expect_eq(a.length, 0);
	cr_expect_eq(a.line.end, 0);
}

Test(same_head, it_is_not_again_before_it_is_whole)
{
	struct th_head_again a;
	char part[sizeof(LONG)];
	for (size_t i = 0; i < sizeof(part) - 1; i++) {
		memcpy(part, LONG, i);
		part[i] = 0;
		cr_expect_not(again(LONG, part, &a), "%zu bytes", i);
	}
	cr_expect(again(LONG, LONG, &a));
}

/* What is to be read by the rules of HTTP is not guessed. */
Test(same_head, what_differs_otherwise_is_not_again)
{
	static const char *const others[] = {
		GET "content-length: 17\r\nb: c\r\n\r\n",
		GET "Content-Length: x\r\nb: c\r\n\r\n",
		GET "Content-Length: \r\nb: c\r\n\r\n",
		GET "Content-Length: -1\r\nb: c\r\n\r\n",
		GET "Content-Length: 17 \r\nb: c\r\n\r\n",
		GET "Content-Length: 17, 17\r\nb: c\r\n\r\n",
		GET "Content-Length: 99999999999999999999999\r\nb: c\r\n\r\n",
		GET "Content-Length: 17\r\nb: d\r\n\r\n",
		GET "Content-Length: 17\r\nb: c\r\nd: e\r\n\r\n",
		GET "b: c\r\n\r\n",
		"PUT / HTTP/1.1\r\nhost: a\r\nContent-Length: 17\r\nb: c\r\n\r\n",
	};
	struct th_head_again a;
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		cr_expect_not(again(LONG, others[i], &a), "%s", others[i]);
	}
	cr_expect_not(again(GET "a: b\r\n\r\n", GET "\r\n", &a));
}

/* A line that is more than one number is no model for another. */
Test(same_head, lengths_that_are_not_plain_are_not_again)
{
	static const char *const odd[] = {
		GET "content-length: 5, 5\r\n\r\n",
		GET "content-length: 5\r\n 6\r\n\r\n",
		GET "content-length: x\r\n\r\n",
		GET "content-length: 5\n\n",
	};
	struct th_head_again a;
	for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++) {
		cr_expect_not(again(odd[i], odd[i], &a), "%s", odd[i]);
	}
}
